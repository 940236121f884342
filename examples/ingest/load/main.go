// Load offers a service requests at a steady rate, and tells how long they took:
//
//	go -C examples run ./ingest/load -rate 16667 -for 60s
//
// Without further flags the requests are what examples/ingest takes; -url, -method,
// -header and -body make it any other service's. Latency counts from when a request
// was due, so that a service that stalls can't hide it; see package openloop.
//
// It exits with 0 if all requests got a status below 400, with 1 if
// not, and with 2 if it couldn't begin.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/openloop"
)

// payload is what examples/ingest is sent: an event as a telephone would tell it.
const payload = `{"version":"1","token":"{token}","data":[{"id":"{run}-{seq}","event":"screen","name":"checkout",` +
	`"at":"2026-11-27T12:00:00Z","device":"phone-{seq}","battery":0.75,"tags":["beta","de"]}]}`

const (
	tokenMark     = "{token}"
	tokenVariable = "INGEST_TOKEN"
	tokenFile     = "ingest.data/token" //nolint:gosec // where it is, not what
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal kills
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the command.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, acked, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil && acked != "" {
		var f *os.File
		if f, err = os.Create(acked); err == nil { //nolint:gosec // the caller names the file
			defer func() { _ = f.Close() }()
			o.Outcomes = openloop.NewOutcomes(f)
		}
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "load:", err)
		return 2
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	line := newLine(stderr)
	o.Progress = func(p openloop.Progress) {
		line.show(p)
		if p.Refused > 0 && p.Refused == p.Bad && p.Good == 0 {
			cancel()
		}
	}
	r, err := openloop.Run(ctx, o)
	line.end()
	if r.Total > 0 {
		_, _ = io.WriteString(stdout, report(&o, &r))
	}
	switch {
	case err != nil:
		_, _ = fmt.Fprintln(stderr, "load:", err)
		return 2
	case r.Status[401] > 0:
		_, _ = fmt.Fprintf(stderr, "load: the service refused the token of %d requests: give it one that it knows by -token, or in -body or -header\n", r.Status[401])
		return 1
	case r.Bad() > 0:
		return 1
	}
	return 0
}

// parse reads the flags. The second result is the file of the outcomes.
func parse(args []string, stderr io.Writer) (o openloop.Options, acked string, err error) {
	f := flag.NewFlagSet("load", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Float64Var(&o.Rate, "rate", 1000, "requests a `second`")
	f.DurationVar(&o.For, "for", 10*time.Second, "how `long` requests become due")
	f.IntVar(&o.Connections, "connections", 256, "how many connections, and so requests in flight, at `most`")
	f.DurationVar(&o.Timeout, "timeout", 30*time.Second, "how `long` an answer may take")
	f.DurationVar(&o.Grace, "grace", 10*time.Second, "how `long` to go on in the end with what was due before")
	f.BoolVar(&o.Insecure, "insecure", false, "take any TLS certificate")
	f.StringVar(&o.Request.URL, "url", "http://127.0.0.1:8000/1.0/payloads", "where to send requests; {seq} in it, as in headers and the body,\nis the number of the request and {run} that of the run")
	f.StringVar(&o.Request.Method, "method", "", "the `method`; POST if there is a body, else GET")
	f.Func("header", "a `line` of the header, such as 'Accept: text/plain'; may be repeated", func(s string) error {
		o.Request.Header = append(o.Request.Header, s)
		return nil
	})
	body := f.String("body", payload, "the body as `text`, or @FILE")
	token := f.String("token", "", "what {token} stands for in the body; else it is $"+tokenVariable+",\nor what examples/ingest has written to "+tokenFile)
	f.StringVar(&o.Request.Member, "member", "data", "the member of a JSON body of which -acked writes the hash; if there is none,\nit is that of the body")
	f.StringVar(&acked, "acked", "", "the `file` to write what became of each request to, a line of JSON each")
	f.StringVar(&o.Run, "run", fmt.Sprintf("%08x", rand.Uint32()), "what {run} stands for") //nolint:gosec // it needn't be secret
	if err := f.Parse(args); err != nil {
		return o, "", err
	}
	if f.NArg() > 0 {
		return o, "", fmt.Errorf("%q isn't a flag", f.Arg(0))
	}
	if name, ok := strings.CutPrefix(*body, "@"); ok {
		text, err := os.ReadFile(name) //nolint:gosec // the caller names the file
		if err != nil {
			return o, "", err
		}
		*body = string(text)
	}
	if strings.Contains(*body, tokenMark) {
		known, err := findToken(*token)
		if err != nil {
			return o, "", err
		}
		o.Request.Body = strings.ReplaceAll(*body, tokenMark, known)
	} else {
		o.Request.Body = *body
	}
	if *body == payload {
		o.Request.Header = append(o.Request.Header, "Content-Type: application/json")
	}
	return o, acked, nil
}

// findToken returns the token that is given, or else that which the service has made
// up for itself.
func findToken(given string) (string, error) {
	if token := cmp.Or(given, os.Getenv(tokenVariable)); token != "" {
		return token, nil
	}
	text, err := os.ReadFile(tokenFile)
	if token := strings.TrimSpace(string(text)); err == nil && token != "" {
		return token, nil
	}
	return "", fmt.Errorf("there is no token: examples/ingest prints one when it starts, for -token or $%s, and writes it to %s", tokenVariable, tokenFile)
}
