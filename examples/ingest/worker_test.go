package main

import (
	"context"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/rcrowley/go-metrics"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/natstest"
	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/queue"
)

// What clients post to a service with a queue is put into the store by a worker.
func TestPayloadsGoThroughAQueue(t *testing.T) {
	t.Parallel()
	nats := natstest.Start(t, t.TempDir(), -1)
	o := flags(t, "-queue", nats.ClientURL())
	known, err := o.tokens()
	if err != nil {
		t.Fatal(err)
	}
	publisher, err := queue.Dial(t.Context(), o.stream())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(publisher.Close)
	s := &service{tokens: known, sink: publisher, ready: publisher.Ready, stopping: func() bool { return false }}
	r := &running{options: o, service: s}
	r.Server = httptest.NewServer(s.handler(newLive(s), metrics.NewRegistry()))
	t.Cleanup(r.Close)

	first := r.accepted(t, `[{"n":1}]`)
	if first.Segment != "INGEST" || first.Offset != 1 {
		t.Errorf("got %+v, want the first of the stream", first)
	}
	lines, refusal := r.posts(t, 30)
	if refusal != nil {
		t.Fatalf("got %+v", refusal)
	}
	lines = append(lines, `{"version":"1","tenant":"default","data":[{"n":1}]}`+"\n")
	for path, want := range map[string]answer{
		"/1.0/segments":        {status: 200, body: "[]\n"},
		"/1.0/segments/INGEST": {status: 404},
	} {
		if got := r.do(t, "GET", path, nil); got.status != want.status || want.body != "" && got.body != want.body {
			t.Errorf("%s: got %+v, want %+v", path, got, want)
		}
	}

	w, err := parseOptions("worker", []string{"-queue", nats.ClientURL(), "-data", o.data, "-segment-age", "20ms"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	worked := make(chan error, 1)
	go func() { worked <- work(ctx, w) }()
	until(t, "the stream is empty", func() bool { return nats.Left(t) == 0 })
	cancel()
	if err := <-worked; err != nil {
		t.Error(err)
	}
	holdsLines(t, w.store, lines)

	nats.Stop()
	until(t, "it isn't ready", func() bool { return s.ready() != nil })
	if a := r.post(t, good); a.status != 503 || a.header.Get("Retry-After") != "1" {
		t.Errorf("without a queue: got %+v", a)
	}
}

func TestWorkerNeedsAQueue(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"-queue", "nats://127.0.0.1:1"}} {
		o, err := parseOptions("worker", append(args, "-data", filepath.Join(t.TempDir(), "data")))
		if err != nil {
			t.Fatal(err)
		}
		if err := work(t.Context(), o); err == nil {
			t.Errorf("%q: it has worked", args)
		}
	}
}
