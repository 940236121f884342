package rpc

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/hedgepolicy"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/go-json-experiment/json"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/trace"
)

// A caller sends the requests of one service.
type caller struct {
	node   *Node
	from   string
	tracer oteltrace.Tracer // the name of its scope is from
	spans  []oteltrace.SpanStartOption
}

// An endpoint is one that this process calls, with its policies.
type endpoint struct {
	target           string
	breaker          circuitbreaker.CircuitBreaker[*http.Response]
	again, once      failsafe.Executor[*http.Response] // for what may be repeated, and for what may be if it wasn't delivered
	never            failsafe.Executor[*http.Response]
	hedged           bool
	calls, failures  atomic.Int64
	retries, refused atomic.Int64
	opened           atomic.Int32 // in a row
	rate             rate
}

const (
	maxRetries   = 2
	firstPause   = 5 * time.Millisecond
	longestPause = 100 * time.Millisecond
	jitter       = 0.5

	breakAt        = 0.95 // failures
	breakFrom      = 100  // calls
	breakWithin    = 10 * time.Second
	firstProbe     = 100 * time.Millisecond
	rarestProbe    = time.Minute
	hedgeQuantile  = 0.95
	hedgeAge       = 100
	hedgeThreshold = 20
)

//nolint:bodyclose // what is made here are policies
func (n *Node) newEndpoint(of names) *endpoint {
	e := &endpoint{target: of.service + "." + of.part}
	e.hedged = n.hedged[e.target]
	e.breaker = circuitbreaker.NewBuilder[*http.Response]().
		HandleIf(isFault).WithFailureRateThreshold(breakAt, breakFrom, breakWithin).WithSuccessThreshold(1).
		WithDelayFunc(func(failsafe.ExecutionAttempt[*http.Response]) time.Duration {
			return min(firstProbe<<min(e.opened.Add(1)-1, 16), rarestProbe)
		}).
		OnClose(func(circuitbreaker.StateChangedEvent) { e.opened.Store(0) }).Build()
	retries := retrypolicy.NewBuilder[*http.Response]().
		HandleIf(func(_ *http.Response, err error) bool { return err != nil }).
		AbortOnErrors(circuitbreaker.ErrOpen, context.Canceled).
		WithMaxRetries(maxRetries).WithBackoff(firstPause, longestPause).WithJitterFactor(jitter).
		OnRetry(func(failsafe.ExecutionEvent[*http.Response]) { e.retries.Add(1) }).
		ReturnLastFailure().Build()
	undelivered := retrypolicy.NewBuilder[*http.Response]().
		HandleIf(func(_ *http.Response, err error) bool {
			_, is := errors.AsType[*UnavailableError](err)
			return is
		}).
		WithMaxRetries(maxRetries).WithBackoff(firstPause, longestPause).WithJitterFactor(jitter).
		OnRetry(func(failsafe.ExecutionEvent[*http.Response]) { e.retries.Add(1) }).
		ReturnLastFailure().Build()
	e.never = failsafe.With[*http.Response](e.breaker)
	e.once = failsafe.With[*http.Response](undelivered, e.breaker)
	e.again = failsafe.With[*http.Response](retries, e.breaker)
	if e.hedged {
		hedge := hedgepolicy.NewBuilderWithDelayQuantile[*http.Response](hedgeQuantile, hedgeAge, hedgeThreshold).
			CancelIf(func(_ *http.Response, err error) bool { return err == nil }).Build()
		e.again = failsafe.With[*http.Response](retries, hedge, e.breaker)
	}
	return e
}

// isFault reports whether a call has failed through the fault of the service and not of its
// caller.
func isFault(rs *http.Response, err error) bool {
	if err != nil {
		return !errors.Is(err, context.Canceled)
	}
	switch rs.StatusCode {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// RoundTrip sends a request, maybe more than once, and returns the complete response.
func (c *caller) RoundTrip(r *http.Request) (rs *http.Response, err error) {
	to, name := target(r.URL.Path)
	e := c.node.endpoints.get(to, name, c.node.newEndpoint)
	e.calls.Add(1)
	if r.Body != nil {
		defer r.Body.Close() //nolint:errcheck // it was read, or nobody wants it
	}
	ctx, span := startSpan(r.Context(), c.tracer, e.target, c.spans)
	x := &exchange{caller: c, endpoint: e, request: r, span: span.SpanContext()}
	defer func() { endSpan(span, rs, err) }()
	rs, err = x.send(ctx)
	if isFault(rs, err) {
		e.failures.Add(1)
	}
	if err == nil {
		return rs, nil
	}
	unavailable, is := errors.AsType[*UnavailableError](err)
	switch {
	case errors.Is(err, circuitbreaker.ErrOpen):
		e.refused.Add(1)
		return refusal(r, "com.hailocab.kernel.circuitbroken", e.target+" has failed too often, and is given a rest"), nil
	case is && r.Context().Err() == nil:
		return refusal(r, "com.hailocab.kernel.unavailable", unavailable.Error()), nil
	case r.Context().Err() != nil:
		return nil, context.Cause(r.Context())
	}
	return nil, err
}

func isIdempotent(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete:
		return true
	}
	return r.Header.Get("Idempotency-Key") != ""
}

// refusal returns the response for a service that can't be reached.
func refusal(r *http.Request, code, detail string) *http.Response {
	body, _ := json.Marshal(Busy(code, "%s", detail)) // it can be
	h := http.Header{"Content-Type": {"application/problem+json"}, "Retry-After": {"1"}}
	return &http.Response{
		Status: "503 Service Unavailable", StatusCode: http.StatusServiceUnavailable, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: bodyOf(body), ContentLength: int64(len(body)), Request: r,
	}
}

// An exchange is a call, with its attempts.
type exchange struct {
	caller   *caller
	endpoint *endpoint
	request  *http.Request
	span     oteltrace.SpanContext
	failed   *outcome // of the first attempt, for the policies
	first    try      // of which nearly all have one
}

// A try is what an attempt has of its own.
type try struct {
	limited lapse
	note    note
}

// An outcome is how an attempt has ended.
type outcome struct {
	response *http.Response
	err      error
}

var errSlow = fmt.Errorf("no response within the time that the SLA allows: %w", context.DeadlineExceeded)

// send has the policies send the request. Nearly always, the breaker is closed and the first
// attempt goes well, which is all that the policies would be told: so it is made without
// them, and they are given its outcome if it has failed.
func (x *exchange) send(ctx context.Context) (*http.Response, error) {
	e := x.endpoint
	if !e.hedged && e.breaker.IsClosed() {
		rs, err := x.attempt(ctx, 1, false)
		if !isFault(rs, err) && err == nil {
			e.breaker.RecordSuccess()
			return rs, nil
		}
		x.failed = &outcome{rs, err}
	}
	policy := e.once
	switch r := x.request; {
	case r.Body != nil && r.Body != http.NoBody && r.GetBody == nil:
		policy = e.never // the body is gone
	case isIdempotent(r):
		policy = e.again
	}
	return policy.WithContext(ctx).GetWithExecution(func(execution failsafe.Execution[*http.Response]) (*http.Response, error) {
		if first := x.failed; first != nil {
			x.failed = nil
			return first.response, first.err
		}
		return x.attempt(execution.Context(), execution.Attempts(), execution.IsHedge())
	})
}

// attempt sends the request once, for the nth time. The first attempt is what the call's span
// shows, so it has one of its own only if it has failed; each further one has.
func (x *exchange) attempt(outer context.Context, n int, hedge bool) (rs *http.Response, err error) {
	node, began := x.caller.node, time.Now()
	one := &x.first
	if n > 1 || hedge {
		one = new(try)
	}
	limited := &one.limited
	limited.begin(outer, began, node.options.Settings().timeout(x.endpoint.target, n))
	defer limited.stop()
	ctx, parent := context.Context(limited), x.span
	var span oteltrace.Span
	if n > 1 || hedge {
		ctx, span = x.startAttempt(ctx, n, began, hedge)
		parent = span.SpanContext()
	}
	one.note.fill(x.caller.from, limited.end.Sub(began), parent)
	rs, err = x.deliver(ctx, &one.note)
	if x.hasRunOut(limited, rs, err) && outer.Err() == nil {
		err = errSlow
	}
	if span == nil && err != nil {
		_, span = x.startAttempt(oteltrace.ContextWithSpanContext(ctx, x.span), n, began, false)
	}
	if span != nil {
		endSpan(span, rs, err)
	}
	if err != nil {
		return nil, err
	}
	return rs, nil
}

// deliver delivers the request with a note, and returns the whole response.
func (x *exchange) deliver(ctx context.Context, n *note) (*http.Response, error) {
	r := x.request.WithContext(ctx)
	if x.request.GetBody != nil {
		body, err := x.request.GetBody()
		if err != nil {
			return nil, err
		}
		r.Body = body
	}
	rs, err := deliver(x.caller.node.options.Network, r, n)
	if err == nil {
		err = buffer(rs)
	}
	return rs, err
}

// hasRunOut reports whether an attempt has failed because its time was up. The service
// knows the deadline to the millisecond, so it may give up a little early.
func (*exchange) hasRunOut(l *lapse, rs *http.Response, err error) bool {
	return isFault(rs, err) && time.Until(l.end) < 2*time.Millisecond
}

func (x *exchange) startAttempt(ctx context.Context, n int, at time.Time, hedge bool) (context.Context, oteltrace.Span) {
	if !x.span.IsValid() {
		return ctx, oteltrace.SpanFromContext(ctx)
	}
	return x.caller.tracer.Start(ctx, x.endpoint.target, oteltrace.WithTimestamp(at), oteltrace.WithSpanKind(oteltrace.SpanKindClient),
		oteltrace.WithAttributes(trace.Attempt.Int(n), attribute.Bool("hedge", hedge)))
}

// mostBytes is the maximum length of a response.
const mostBytes = 8 << 20

// buffer reads the whole response, so that its body is a part of the attempt like its
// header.
func buffer(rs *http.Response) error {
	if held, is := rs.Body.(interface{ Len() int }); is && held.Len() <= mostBytes {
		rs.ContentLength = int64(held.Len()) // it is in memory, and there is nothing to close
		return nil
	}
	defer rs.Body.Close() //nolint:errcheck // it has been read
	var text bytes.Buffer
	if n := rs.ContentLength; n > 0 && n < mostBytes {
		text.Grow(int(n) + bytes.MinRead)
	}
	if _, err := text.ReadFrom(io.LimitReader(rs.Body, mostBytes+1)); err != nil {
		return err
	}
	if text.Len() > mostBytes {
		return fmt.Errorf("the response is longer than %d bytes", mostBytes)
	}
	rs.Body, rs.ContentLength = bodyOf(text.Bytes()), int64(text.Len())
	return nil
}

// endSpan ends the span of a call or an attempt, however that went.
func endSpan(span oteltrace.Span, rs *http.Response, err error) {
	if span.IsRecording() {
		switch {
		case err != nil:
			fail(span, Code(err), err.Error())
		case rs.StatusCode >= http.StatusBadRequest:
			code, detail := problemOf(rs)
			fail(span, code, detail)
		}
	}
	span.End()
}

func fail(span oteltrace.Span, code, detail string) {
	span.SetAttributes(trace.Code.String(code))
	span.SetStatus(codes.Error, detail)
}

// problemOf returns the code of a response that is a problem, and what it says, and leaves its
// body as it was.
func problemOf(rs *http.Response) (code, detail string) {
	text, err := io.ReadAll(rs.Body)
	rs.Body = bodyOf(text)
	code, detail = readProblem(text)
	if err != nil || detail == "" {
		detail = rs.Status
	}
	return cmp.Or(code, "http."+strconv.Itoa(rs.StatusCode)), detail
}

// readProblem returns what a problem says, as far as it does.
func readProblem(text []byte) (code, detail string) {
	var problem struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Code   string `json:"code"`
	}
	if json.Unmarshal(text, &problem) != nil {
		return "", ""
	}
	return problem.Code, cmp.Or(problem.Detail, problem.Title)
}
