package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/queue"
	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/spool"
	"github.com/rcrowley/go-tigertonic/examples/internal/serving"
)

// tokenVariable has the token if no flag has one. After a restart, the new process finds
// there the token that its predecessor generated.
const tokenVariable = "INGEST_TOKEN"

// options are the flags.
type options struct {
	example                                        *serving.Example // without one for workers
	data, spool, store, queue, queueName           string
	sync                                           string
	spoolMax, segmentBytes                         size
	segmentAge, uploadTimeout, backoff, backoffMax time.Duration
	stopTimeout                                    time.Duration
	workers, connections                           int
	token, tokensFile                              string
	tokenMade                                      bool
}

// parseOptions reads the flags of a command, "worker" or, to serve, "".
func parseOptions(command string, args []string) (*options, error) {
	o := &options{spoolMax: 1 << 30, segmentBytes: 16 << 20}
	f := flag.NewFlagSet("ingest "+command, flag.ContinueOnError)
	if command == "" {
		o.serveFlags(f)
	}
	o.pipelineFlags(f)
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	o.spool = cmp.Or(o.spool, filepath.Join(o.data, "spool"+command)) // workers have one of their own
	o.store = cmp.Or(o.store, filepath.Join(o.data, "store"))
	err := o.check(command)
	return o, err
}

// serveFlags adds the flags of the service alone.
func (o *options) serveFlags(f *flag.FlagSet) {
	o.example = serving.Flags(f, "ingest")
	f.StringVar(&o.sync, "sync", string(spool.SyncGroup), "`what` an acknowledged payload survives: none (the process's death), or group or each (the machine's, with an fsync per group or per payload)")
	f.IntVar(&o.connections, "connections", 1024, "connections at a time")
	f.StringVar(&o.token, "token", "", "a `token` to accept; by default $"+tokenVariable+", or a random one")
	f.StringVar(&o.tokensFile, "tokens", "", "`file` with a line \"name token\" for each owner of one")
}

// pipelineFlags adds the flags of what puts payloads into the store.
func (o *options) pipelineFlags(f *flag.FlagSet) {
	f.StringVar(&o.data, "data", "ingest.data", "`directory` for the spool and the store, unless -spool or -store name others")
	f.StringVar(&o.spool, "spool", "", "`directory` that keeps payloads until the store has them")
	f.StringVar(&o.store, "store", "", "`where` the objects go: a directory, or s3://bucket/prefix")
	f.StringVar(&o.queue, "queue", "", "`URL` of a NATS server, nats://…, whose JetStream keeps payloads for workers")
	f.StringVar(&o.queueName, "queue-stream", "INGEST", "`name` of the stream there")
	f.Var(&o.spoolMax, "spool-max", "`size` at which the spool is full, and of a stream that is created")
	f.Var(&o.segmentBytes, "segment-bytes", "`size` at which a segment is closed and uploaded")
	f.DurationVar(&o.segmentAge, "segment-age", 10*time.Second, "age at which a segment is closed")
	f.IntVar(&o.workers, "workers", 2, "uploads at a time")
	f.DurationVar(&o.uploadTimeout, "upload-timeout", time.Minute, "how long an upload may take")
	f.DurationVar(&o.backoff, "backoff", 200*time.Millisecond, "how long to wait after a failed upload; doubled after each further failure")
	f.DurationVar(&o.backoffMax, "backoff-max", 30*time.Second, "the longest wait")
	f.DurationVar(&o.stopTimeout, "stop-timeout", 10*time.Second, "how long uploads may continue after the service stops")
}

// stream returns the options of the queue.
func (o *options) stream() queue.Options {
	return queue.Options{URL: o.queue, Stream: o.queueName, MaxBytes: int64(o.spoolMax)}
}

// check returns everything that is wrong with the numbers.
func (o *options) check(command string) error {
	var errs []error
	positive := func(name string, ok bool) {
		if !ok {
			errs = append(errs, fmt.Errorf("-%s must be positive", name))
		}
	}
	positive("segment-age", o.segmentAge > 0)
	positive("workers", o.workers > 0)
	positive("connections", o.connections > 0 || command != "")
	positive("upload-timeout", o.uploadTimeout > 0)
	positive("backoff", o.backoff > 0)
	positive("backoff-max", o.backoffMax > 0)
	return errors.Join(errs...)
}

// tokens returns the known tokens, and generates one if there are none.
func (o *options) tokens() (tokens, error) {
	known := tokens{}
	if o.tokensFile != "" {
		f, err := os.Open(o.tokensFile) //nolint:gosec // who starts the service names the file
		if err != nil {
			return nil, err
		}
		defer f.Close() //nolint:errcheck // nothing was written
		if err := known.read(f); err != nil {
			return nil, fmt.Errorf("%s: %w", o.tokensFile, err)
		}
	}
	o.token = cmp.Or(o.token, os.Getenv(tokenVariable))
	if o.token == "" && o.tokensFile == "" {
		o.token, o.tokenMade = tigertonic.RandomBase62String(24), true
		if err := o.keepToken(); err != nil {
			return nil, err
		}
	}
	if o.token != "" {
		return known, known.add("default", o.token)
	}
	return known, nil
}

// keepToken leaves a generated token to the process after this one, and in a file to
// programs that try the service.
func (o *options) keepToken() error {
	if err := os.MkdirAll(o.data, 0o750); err != nil { //nolint:gosec // the operator chooses it
		return err
	}
	return errors.Join(
		os.Setenv(tokenVariable, o.token),
		os.WriteFile(filepath.Join(o.data, "token"), []byte(o.token+"\n"), 0o600), //nolint:gosec // likewise
	)
}

// read adds the lines of a file, except empty ones and those that begin with #.
func (t tokens) read(r io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(r, 16<<20))
	if err != nil {
		return err
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 2 {
			return fmt.Errorf("line %d isn't a name and a token", n)
		}
		if err := t.add(fields[0], fields[1]); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return nil
}
