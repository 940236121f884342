package rpc

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/trace"
)

// A broken network fails, and keeps what it was to deliver.
type brokenNetwork struct {
	err    error
	bodies []string
	last   *http.Request
}

func (n *brokenNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	n.bodies, n.last = append(n.bodies, string(text)), r
	return nil, n.err
}

// A stream is a body that can be read once.
type stream struct {
	io.Reader
	closed int
}

func (s *stream) Close() error {
	s.closed++
	return nil
}

// A body that can be read once is sent once, whatever the method and the error, and is closed.
// One that can be had again is sent again as a whole.
func TestBodyThatIsGoneIsNotSentAgain(t *testing.T) {
	for _, failure := range []error{errors.New("broken"), &UnavailableError{"it", errors.New("gone")}} {
		network := &brokenNetwork{err: failure}
		c := NewNode(Options{Network: network}).Transport("test")
		for _, again := range []bool{false, true} {
			network.bodies = nil
			body := &stream{Reader: strings.NewReader("text")}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://bus/it/write", body)
			if err != nil {
				t.Fatal(err)
			}
			want := 1
			if again {
				r.GetBody, want = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("text")), nil }, 1+maxRetries
			}
			if rs, err := c.RoundTrip(r); err == nil {
				_ = rs.Body.Close()
			}
			if got := strings.Join(network.bodies, " "); len(network.bodies) != want || got != strings.TrimSpace(strings.Repeat("text ", want)) {
				t.Errorf("%v: %q was sent, want it %d times", failure, network.bodies, want)
			}
			if body.closed == 0 {
				t.Error("the body wasn't closed")
			}
		}
	}
}

// The state of a trace goes with its calls (W3C Trace Context §3.3).
func TestStateOfTraceIsPassedOn(t *testing.T) {
	ring := trace.NewRing(trace.NewStore(trace.StoreOptions{}), 100, 100, time.Hour)
	tracers := trace.NewTracers(trace.NewResource("one", "", "zone-a"), ring)
	defer tracers.Shutdown(context.Background()) //nolint:errcheck // nothing is lost
	network := &brokenNetwork{err: errors.New("broken")}
	n := NewNode(Options{Network: network, Tracers: tracers})
	state, err := oteltrace.ParseTraceState("a=1,b=2")
	if err != nil {
		t.Fatal(err)
	}
	parent := oteltrace.NewSpanContext(oteltrace.SpanContextConfig{TraceID: oteltrace.TraceID{1}, SpanID: oteltrace.SpanID{1}, TraceState: state})
	ctx, span := n.Open(oteltrace.ContextWithRemoteSpanContext(t.Context(), parent), "test", "it", false)
	defer span.End()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://bus/it/write", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if rs, err := n.Transport("test").RoundTrip(r); err == nil {
		_ = rs.Body.Close()
	}
	got := parentIn(network.last.Header)
	if got.TraceID() != parent.TraceID() || !got.IsSampled() || got.TraceState().String() != "a=1,b=2" {
		t.Errorf("got %v", network.last.Header)
	}
	if len(r.Header) > 0 {
		t.Errorf("the caller's request has %v", r.Header)
	}
}
