package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/rcrowley/go-metrics"
	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi/contract"
	"go.uber.org/goleak"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/verify"
	"github.com/rcrowley/go-tigertonic/examples/internal/objects"
)

const (
	secret = "s3cret"
	// patient is how long something may take on a busy machine.
	patient = 60 * time.Second
)

func TestMain(m *testing.M) {
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{}
	slog.SetDefault(slog.New(slog.NewJSONHandler(io.Discard, nil)))
	goleak.VerifyTestMain(contract.Covered(m, promised()))
}

// flags returns the options of a service with a directory of its own, and these flags.
func flags(t *testing.T, args ...string) *options {
	t.Helper()
	o, err := parseOptions("", append([]string{"-data", t.TempDir(), "-token", secret, "-sync", "none", "-backoff", "1ms", "-backoff-max", "20ms"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// A running is a service that is served in this process.
type running struct {
	*httptest.Server
	options  *options
	service  *service
	pipeline *pipeline
	live     *live
	tree     http.Handler
	posted   atomic.Int64
}

// start starts a service with a spool and a store.
func start(t *testing.T, o *options) *running {
	t.Helper()
	to, err := objects.Open(o.store)
	if err != nil {
		t.Fatal(err)
	}
	return startWith(t, o, to)
}

// startWith starts a service with this store.
func startWith(t *testing.T, o *options, to objects.Store) *running {
	t.Helper()
	known, err := o.tokens()
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPipeline(o, to, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &service{tokens: known, sink: p.spool, spool: p.spool, ready: p.spool.Ready, stopping: func() bool { return false }}
	r := &running{options: o, service: s, pipeline: p, live: newLive(s)}
	r.tree = s.handler(r.live, metrics.NewRegistry())
	r.Server = httptest.NewUnstartedServer(promised().Handler(t, r.tree))
	r.Config.ConnState = (&connections{most: int64(o.connections)}).track
	r.Start()
	ctx, cancel := context.WithCancel(t.Context())
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		r.live.run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-watched
		r.Close()
		p.close(0)
	})
	return r
}

// objects ends the service and returns what is in its store, by segment.
func (r *running) objects(t *testing.T) map[string]string {
	t.Helper()
	r.Close()
	r.pipeline.close(patient)
	return objectsIn(t, r.options.store)
}

func objectsIn(t *testing.T, where string) map[string]string {
	t.Helper()
	objects, err := openObjects(where)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for name, err := range objects.Names(t.Context()) {
		id, ok := strings.CutSuffix(name, verify.Suffix)
		if err != nil || !ok {
			t.Fatalf("there is an object %q, %v", name, err)
		}
		found[id] = readObject(t, objects, name)
	}
	return found
}

func readObject(t *testing.T, objects verify.Objects, name string) string {
	t.Helper()
	packed, err := objects.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	d, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	text, err := io.ReadAll(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// An answer is a response that has been read.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request. What is behind the body are names and values of headers.
func (r *running) do(t *testing.T, method, path string, body io.Reader, headers ...string) answer {
	t.Helper()
	rq, err := http.NewRequestWithContext(t.Context(), method, r.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		rq.Header.Set(headers[i], headers[i+1])
	}
	rs, err := r.Client().Do(rq)
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	text, err := io.ReadAll(rs.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{rs.StatusCode, rs.Header, string(text)}
}

// post posts a payload.
func (r *running) post(t *testing.T, text string, headers ...string) answer {
	t.Helper()
	return r.do(t, "POST", "/1.0/payloads", strings.NewReader(text), append([]string{"Content-Type", "application/json"}, headers...)...)
}

// accepted posts data, which must be accepted.
func (r *running) accepted(t *testing.T, data string) receipt {
	t.Helper()
	a := r.post(t, `{"version":"1","token":"`+secret+`","data":`+data+`}`)
	if a.status != http.StatusAccepted {
		t.Fatalf("got %+v", a)
	}
	return decode[receipt](t, a.body)
}

func decode[T any](t *testing.T, text string) (v T) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return v
}

// decodeStatus returns the status now.
func decodeStatus(t *testing.T, r *running) status {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	rq, err := http.NewRequestWithContext(ctx, "GET", r.URL+"/1.0/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	rq.Header.Set("Accept", "application/jsonl")
	rs, err := r.Client().Do(rq)
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	line, err := bufio.NewReader(rs.Body).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return decode[status](t, line)
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patient); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %v it isn't so that %s", patient, what)
		}
	}
}

// write writes a file, and returns its path.
func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
