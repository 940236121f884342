package rpc

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/bulkhead"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/trace"
)

// A Service is a tree of handlers with a name.
type Service struct {
	Name    string
	Handler http.Handler
}

// Mount returns the handler of all services of a process, each below its name.
func (n *Node) Mount(services ...Service) http.Handler {
	mux := tigertonic.NewTrieServeMux()
	for _, s := range services {
		mux.HandleNamespace("/"+s.Name, &serving{n, s.Name, tigertonic.Recovered(s.Handler)})
	}
	return tigertonic.Measured(mux, nil)
}

// serving is around the handlers of a service.
type serving struct {
	node    *Node
	name    string
	handler http.Handler
}

// served is the state of an endpoint that this process serves.
type served struct {
	requests, errors atomic.Int64
	nanoseconds      atomic.Int64
	rate             rate
}

func (s *serving) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/") // the namespace has been taken off
	whole := s.name + "." + name
	ctx, cancel := withDeadline(r)
	defer cancel()
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
	ctx, span := s.node.span(ctx, whole, s.node.here)
	began, seen := time.Now(), &watched{ResponseWriter: w}
	stats := s.node.stats(whole)
	defer func() {
		stats.requests.Add(1)
		stats.nanoseconds.Add(int64(time.Since(began)))
		if seen.status >= http.StatusInternalServerError {
			stats.errors.Add(1)
		}
		if seen.status >= http.StatusBadRequest && span.IsRecording() {
			code, detail := seen.problem()
			fail(span, code, detail)
		}
		span.End()
	}()
	r = r.WithContext(ctx)
	release, ok := s.node.enter(ctx, s.name, r.Header.Get(fromHeader), whole)
	if !ok {
		tigertonic.ProblemWriter{}.WriteError(r, seen, Busy(s.name+".capacity", "%q has too many requests in progress here", r.Header.Get(fromHeader)))
		return
	}
	defer release()
	s.handler.ServeHTTP(seen, r)
}

// Unwrap returns what is inside.
func (s *serving) Unwrap() http.Handler { return s.handler }

// String is how Explain shows it.
func (s *serving) String() string { return "serving(" + s.name + ")" }

// span starts a span in a trace, if there is one: services open none by themselves.
func (n *Node) span(ctx context.Context, name string, o []oteltrace.SpanStartOption) (context.Context, oteltrace.Span) {
	if !oteltrace.SpanContextFromContext(ctx).IsValid() {
		return ctx, oteltrace.SpanFromContext(ctx)
	}
	return n.options.Tracer.Start(ctx, name, o...)
}

// spanOptions are those of a kind of spans, which are made once.
func spanOptions(kind oteltrace.SpanKind, attributes ...attribute.KeyValue) []oteltrace.SpanStartOption {
	return []oteltrace.SpanStartOption{oteltrace.WithSpanKind(kind), oteltrace.WithAttributes(attributes...)}
}

// Open opens a trace, or continues one from outside. One that is to be kept is kept
// whatever happens in it.
func (n *Node) Open(ctx context.Context, name string, keep bool) (context.Context, oteltrace.Span) {
	return n.options.Tracer.Start(ctx, name, append(n.here, oteltrace.WithAttributes(trace.Start.Bool(true), trace.Keep.Bool(keep)))...)
}

// withDeadline returns the context of a request, which ends when its caller gives up.
// Within a process, it does so anyway.
func withDeadline(r *http.Request) (context.Context, context.CancelFunc) {
	ms, err := strconv.ParseInt(r.Header.Get(timeoutHeader), 10, 64)
	if err != nil || ms <= 0 || ms > longestAttempt.Milliseconds() {
		return r.Context(), func() {}
	}
	end := time.Now().Add(time.Duration(ms) * time.Millisecond)
	if known, has := r.Context().Deadline(); has && known.Before(end.Add(time.Millisecond)) {
		return r.Context(), func() {}
	}
	return context.WithDeadline(r.Context(), end)
}

func (n *Node) stats(target string) *served {
	if s, known := n.served.Load(target); known {
		return s.(*served) //nolint:forcetypeassert // nothing else is in there
	}
	s, _ := n.served.LoadOrStore(target, new(served))
	return s.(*served) //nolint:forcetypeassert // nothing else is in there
}

// A limit is how many requests one service serves another at a time.
type limit struct {
	mu       sync.Mutex
	tokens   uint
	bulkhead bulkhead.Bulkhead[any]
}

// of returns the bulkhead with this many tokens, a new one if the setting has changed.
func (l *limit) of(tokens uint) bulkhead.Bulkhead[any] {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bulkhead == nil || l.tokens != tokens {
		l.tokens, l.bulkhead = tokens, bulkhead.New[any](tokens)
	}
	return l.bulkhead
}

// enter takes one of the caller's tokens, which has to be released.
func (n *Node) enter(ctx context.Context, service, from, target string) (release func(), ok bool) {
	type key struct{ service, from string }
	l, known := n.limits.Load(key{service, from})
	if !known {
		l, _ = n.limits.LoadOrStore(key{service, from}, new(limit))
	}
	settings := n.options.Settings()
	b := l.(*limit).of(max(1, settings.Tokens)) //nolint:forcetypeassert // nothing else is in there
	if !b.TryAcquirePermit() && b.AcquirePermitWithMaxWait(ctx, settings.mean(target)) != nil {
		return nil, false
	}
	return b.ReleasePermit, true
}

// watched keeps the status of a response, and its body if it is an error.
type watched struct {
	http.ResponseWriter
	status int
	body   []byte
}

func (w *watched) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

const keptOfError = 4 << 10

func (w *watched) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if w.status >= http.StatusBadRequest && len(w.body) < keptOfError {
		w.body = append(w.body, p[:min(len(p), keptOfError-len(w.body))]...)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap returns the writer that is watched.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *watched) problem() (code, detail string) {
	rs := &http.Response{StatusCode: w.status, Status: http.StatusText(w.status), Body: bodyOf(w.body)}
	detail, code = problemOf(rs)
	return code, detail
}
