package rpc

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/bulkhead"
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
		mux.HandleNamespace("/"+s.Name, &serving{n, s.Name, n.options.Tracers.Tracer(s.Name), tigertonic.Recovered(s.Handler)})
	}
	return tigertonic.Measured(mux, nil)
}

// serving is around the handlers of a service.
type serving struct {
	node    *Node
	name    string
	tracer  oteltrace.Tracer
	handler http.Handler
}

// served is the state of an endpoint that this process serves.
type served struct {
	target           string
	spans            []oteltrace.SpanStartOption
	requests, errors atomic.Int64
	nanoseconds      atomic.Int64
	rate             rate
}

func newServed(of names) *served {
	return &served{target: of.service + "." + of.part, spans: []oteltrace.SpanStartOption{oteltrace.WithSpanKind(oteltrace.SpanKindServer)}}
}

func (s *serving) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/") // the namespace has been taken off
	stats, from := s.node.served.get(s.name, name, newServed), first(r.Header[fromHeader])
	began, seen := time.Now(), &watched{ResponseWriter: w}
	ctx, cancel := withDeadline(r, began)
	defer cancel()
	ctx, span := s.startSpan(ctx, parentIn(r.Header), began, stats)
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
	entered := s.node.enter(ctx, names{s.name, from}, stats.target)
	if entered == nil {
		tigertonic.ProblemWriter{}.WriteError(r, seen, Busy(s.name+".capacity", "%q has too many requests in progress here", from))
		return
	}
	defer entered.ReleasePermit()
	if ctx != r.Context() {
		r = r.WithContext(ctx)
	}
	s.handler.ServeHTTP(seen, r)
}

// Unwrap returns what is inside.
func (s *serving) Unwrap() http.Handler { return s.handler }

// String is how Explain shows it.
func (s *serving) String() string { return "serving(" + s.name + ")" }

// A lowerTracer is a tracer that needs no context and no look at the clock for a span below one
// of another process.
type lowerTracer interface {
	StartBelow(ctx context.Context, parent oteltrace.SpanContext, began time.Time, name string, o ...oteltrace.SpanStartOption) (context.Context, oteltrace.Span)
}

// startSpan starts a span below that of the caller, if it has one: services open no traces by
// themselves.
func (s *serving) startSpan(ctx context.Context, parent oteltrace.SpanContext, began time.Time, of *served) (context.Context, oteltrace.Span) {
	if !parent.IsValid() {
		return ctx, oteltrace.SpanFromContext(ctx)
	}
	if t, is := s.tracer.(lowerTracer); is {
		return t.StartBelow(ctx, parent, began, of.target, of.spans...)
	}
	return s.tracer.Start(oteltrace.ContextWithRemoteSpanContext(ctx, parent), of.target, of.spans...)
}

// startSpan starts a span in a trace, if there is one, for a call.
func startSpan(ctx context.Context, t oteltrace.Tracer, name string, o []oteltrace.SpanStartOption) (context.Context, oteltrace.Span) {
	if !oteltrace.SpanContextFromContext(ctx).IsValid() {
		return ctx, oteltrace.SpanFromContext(ctx)
	}
	return t.Start(ctx, name, o...)
}

// Open opens a trace for the service from, or continues one from outside. One that is to be
// kept is kept whatever happens in it.
func (n *Node) Open(ctx context.Context, from, name string, keep bool) (context.Context, oteltrace.Span) {
	return n.options.Tracers.Tracer(from).Start(ctx, from+"."+name, oteltrace.WithSpanKind(oteltrace.SpanKindServer),
		oteltrace.WithAttributes(trace.Start.Bool(true), trace.Keep.Bool(keep)))
}

// withDeadline returns the context of a request, which ends when its caller gives up.
// Within a process, it does so anyway.
func withDeadline(r *http.Request, now time.Time) (context.Context, context.CancelFunc) {
	ms, err := strconv.ParseInt(first(r.Header[timeoutHeader]), 10, 64)
	if err != nil || ms <= 0 || ms > longestAttempt.Milliseconds() {
		return r.Context(), func() {}
	}
	end := now.Add(time.Duration(ms) * time.Millisecond)
	if known, has := r.Context().Deadline(); has && known.Before(end.Add(time.Millisecond)) {
		return r.Context(), func() {}
	}
	return context.WithDeadline(r.Context(), end)
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

// enter takes one of the caller's tokens and returns the bulkhead to release it to, or nil if
// none is free in time.
func (n *Node) enter(ctx context.Context, who names, target string) bulkhead.Bulkhead[any] {
	settings := n.options.Settings()
	b := n.limits.get(who.service, who.part, func(names) *limit { return new(limit) }).of(max(1, settings.Tokens))
	if !b.TryAcquirePermit() && b.AcquirePermitWithMaxWait(ctx, settings.mean(target)) != nil {
		return nil
	}
	return b
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

// problem returns the code of an error, and what it says.
func (w *watched) problem() (code, detail string) {
	code, detail = readProblem(w.body)
	return cmp.Or(code, "http."+strconv.Itoa(w.status)), cmp.Or(detail, http.StatusText(w.status))
}
