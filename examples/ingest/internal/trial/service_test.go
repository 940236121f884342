package trial

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/openloop"
	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/verify"
	"github.com/rcrowley/go-tigertonic/examples/internal/processtest"
)

const (
	token   = "trial"
	patient = 30 * time.Second
	payload = `{"version":"1","token":"` + token + `","data":[{"id":"{run}-{seq}","event":"screen","name":"checkout",` +
		`"at":"2026-11-27T12:00:00Z","device":"phone-{seq}","battery":0.75,"tags":["beta","de"]}]}`
)

// A service is the process under test, its store, and what was sent to it.
type service struct {
	*processtest.Process
	store    string
	outcomes *os.File
}

// start starts the service with directories of its own.
func start(t *testing.T, args ...string) *service {
	t.Helper()
	dir := t.TempDir()
	outcomes, err := os.Create(filepath.Join(dir, "outcomes"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { outcomes.Close() })
	args = append([]string{"-listen", processtest.FreeAddress(t), "-admin", "", "-data", filepath.Join(dir, "data"), "-token", token}, args...)
	return &service{processtest.Start(t, binary, args...), filepath.Join(dir, "data", "store"), outcomes}
}

func (s *service) options(rate float64, d time.Duration) openloop.Options {
	return openloop.Options{
		Request: openloop.Request{
			URL: s.Base() + "/1.0/payloads", Header: []string{"Content-Type: application/json"}, Body: payload, Member: "data",
		},
		Run: "r", Rate: rate, For: d, Grace: patient, Timeout: patient, Outcomes: openloop.NewOutcomes(s.outcomes),
	}
}

// verify compares what was acknowledged with what is in the store.
func (s *service) verify(t *testing.T) *verify.Report {
	t.Helper()
	if _, err := s.outcomes.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	r, err := verify.Verify(t.Context(), []io.Reader{s.outcomes}, verify.Dir(s.store), 10)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A load is what is sent meanwhile.
type load struct {
	good, bad atomic.Int64
	cancel    context.CancelFunc
	done      chan struct{}
	result    openloop.Result
	err       error
}

// begin sends requests until the load is ended.
func (s *service) begin(t *testing.T, rate float64) *load {
	t.Helper()
	l := &load{done: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	o := s.options(rate, time.Hour)
	o.Connections = max(16, int(rate/20)) // so that each is used 20 times a second
	o.Progress = func(p openloop.Progress) {
		l.good.Store(p.Good)
		l.bad.Store(p.Bad)
	}
	go func() {
		defer close(l.done)
		l.result, l.err = openloop.Run(ctx, o)
	}()
	t.Cleanup(func() { l.end(t) })
	return l
}

// more waits until more requests have been answered well. It is told once a second.
func (l *load) more(t *testing.T) {
	t.Helper()
	before := l.good.Load()
	if !soon(patient, func() bool { return l.good.Load() > before }) {
		t.Fatalf("no request has been answered for %v; %d were, and %d weren't", patient, before, l.bad.Load())
	}
}

// end ends the load, when all requests are answered or lost.
func (l *load) end(t *testing.T) openloop.Result {
	t.Helper()
	l.cancel()
	<-l.done
	if l.err != nil {
		t.Error(l.err)
	}
	return l.result
}

// told writes what became of a load in a line.
func told(r *openloop.Result) string {
	return fmt.Sprintf("%d sent, %d good, %v, %v, not connected %d, unsent %d; from when due p50 %v, p99 %v, p99.9 %v, max %v",
		r.Sent, r.Good, r.Status, r.Errors, r.Unconnected, r.Unsent,
		r.FromDue.Quantile(0.5), r.FromDue.Quantile(0.99), r.FromDue.Quantile(0.999), r.FromDue.Max())
}

// peak returns the most memory that a process has had, in KiB, or 0 if that isn't
// known.
func peak(t *testing.T, pid int) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Logf("its memory isn't known: %v", err)
		return 0
	}
	_, after, _ := bytes.Cut(status, []byte("VmHWM:"))
	text, _, _ := strings.Cut(strings.TrimSpace(string(after)), " ")
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatalf("VmHWM: %v", err)
	}
	return n
}

// mustBeSmall holds a process to 64 MiB.
func mustBeSmall(t *testing.T, pid int) {
	t.Helper()
	kib := peak(t, pid)
	t.Logf("at most %d KiB resident", kib)
	if kib > 64<<10 && !processtest.Race() { // whose shadow memory is several times as large
		t.Errorf("got %d KiB resident, want at most 64 MiB", kib)
	}
}
