package rpc

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
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
	node  *Node
	from  string
	spans []oteltrace.SpanStartOption
}

// An endpoint is one that this process calls, with its policies.
type endpoint struct {
	target           string
	breaker          circuitbreaker.CircuitBreaker[*http.Response]
	again, once      failsafe.Executor[*http.Response]
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
func (n *Node) endpoint(target string) *endpoint {
	if e, known := n.endpoints.Load(target); known {
		return e.(*endpoint) //nolint:forcetypeassert // nothing else is in there
	}
	e := &endpoint{target: target}
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
	e.once = failsafe.With[*http.Response](undelivered, e.breaker)
	e.again = failsafe.With[*http.Response](retries, e.breaker)
	if n.hedged[target] {
		hedge := hedgepolicy.NewBuilderWithDelayQuantile[*http.Response](hedgeQuantile, hedgeAge, hedgeThreshold).
			CancelIf(func(_ *http.Response, err error) bool { return err == nil }).Build()
		e.again = failsafe.With[*http.Response](retries, hedge, e.breaker)
	}
	known, _ := n.endpoints.LoadOrStore(target, e)
	return known.(*endpoint) //nolint:forcetypeassert // nothing else is in there
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
	e := c.node.endpoint(to + "." + name)
	e.calls.Add(1)
	ctx, span := c.node.span(r.Context(), e.target, c.spans)
	defer func() { endSpan(span, rs, err) }()
	policy := e.once
	if isIdempotent(r) {
		policy = e.again
	}
	x := &exchange{caller: c, endpoint: e, request: r, span: span.SpanContext(), started: time.Now()}
	rs, err = policy.WithContext(ctx).GetWithExecution(x.attempt)
	if isFault(rs, err) {
		e.failures.Add(1)
	}
	unavailable, is := errors.AsType[*UnavailableError](err)
	switch {
	case errors.Is(err, circuitbreaker.ErrOpen):
		e.refused.Add(1)
		return refusal(r, "com.hailocab.kernel.circuitbroken", e.target+" has failed too often, and is given a rest"), nil
	case is && r.Context().Err() == nil:
		return refusal(r, "com.hailocab.kernel.unavailable", unavailable.Error()), nil
	case err != nil && r.Context().Err() != nil:
		return nil, context.Cause(r.Context())
	}
	return rs, err
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
	started  time.Time
}

var errSlow = fmt.Errorf("no response within the time that the SLA allows: %w", context.DeadlineExceeded)

// attempt sends the request once. The first attempt is what the call's span shows, so it
// has one of its own only if it has failed; each further one has.
func (x *exchange) attempt(execution failsafe.Execution[*http.Response]) (rs *http.Response, err error) {
	n, node := execution.Attempts(), x.caller.node
	limit := node.options.Settings().timeout(x.endpoint.target, n)
	ctx, cancel := context.WithTimeoutCause(execution.Context(), limit, errSlow)
	defer cancel()
	began, parent := time.Now(), x.span
	var span oteltrace.Span
	if n > 1 || execution.IsHedge() {
		ctx, span = x.startAttempt(ctx, n, began, execution.IsHedge())
		parent = span.SpanContext()
	}
	defer func() {
		if span == nil && err != nil {
			_, span = x.startAttempt(oteltrace.ContextWithSpanContext(ctx, x.span), n, began, false)
		}
		if span != nil {
			endSpan(span, rs, err)
		}
	}()
	r, err := x.copy(ctx, parent)
	if err != nil {
		return nil, err
	}
	rs, err = node.options.Network.RoundTrip(r)
	if err == nil {
		err = buffer(rs)
	}
	if x.hasRunOut(ctx, rs, err) && execution.Context().Err() == nil {
		err = errSlow
	}
	if err != nil {
		return nil, err
	}
	return rs, nil
}

// hasRunOut reports whether an attempt has failed because its time was up. The service
// knows the deadline to the millisecond, so it may give up a little early.
func (*exchange) hasRunOut(ctx context.Context, rs *http.Response, err error) bool {
	deadline, _ := ctx.Deadline()
	return (err != nil || isFault(rs, nil)) && time.Until(deadline) < 2*time.Millisecond
}

func (x *exchange) startAttempt(ctx context.Context, n int, at time.Time, hedge bool) (context.Context, oteltrace.Span) {
	if !x.span.IsValid() {
		return ctx, oteltrace.SpanFromContext(ctx)
	}
	return x.caller.node.options.Tracer.Start(ctx, x.endpoint.target, oteltrace.WithTimestamp(at), oteltrace.WithSpanKind(oteltrace.SpanKindClient),
		oteltrace.WithAttributes(trace.From.String(x.caller.from), trace.Attempt.Int(n), attribute.Bool("hedge", hedge)))
}

// copy returns the request as one attempt sends it.
func (x *exchange) copy(ctx context.Context, span oteltrace.SpanContext) (*http.Request, error) {
	r := x.request.WithContext(ctx)
	if x.request.GetBody != nil {
		body, err := x.request.GetBody()
		if err != nil {
			return nil, err
		}
		r.Body = body
	}
	r.Header = make(http.Header, len(x.request.Header)+3)
	maps.Copy(r.Header, x.request.Header)
	r.Header[fromHeader] = []string{x.caller.from}
	if deadline, has := ctx.Deadline(); has {
		r.Header[timeoutHeader] = []string{strconv.FormatInt(max(1, time.Until(deadline).Milliseconds()), 10)}
	}
	if span.IsValid() {
		r.Header[traceHeader] = []string{traceparent(span)}
	}
	return r, nil
}

// traceparent returns the header value that makes a span the parent (W3C Trace Context
// §3.2).
func traceparent(span oteltrace.SpanContext) string {
	var text [55]byte
	whole, part := span.TraceID(), span.SpanID()
	b := append(hex.AppendEncode(append(text[:0], "00-"...), whole[:]), '-')
	b = append(hex.AppendEncode(b, part[:]), "-0"...)
	return string(append(b, '0'+byte(span.TraceFlags()&oteltrace.FlagsSampled)))
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
			fail(span, codeOf(rs), detailOf(rs))
		}
	}
	span.End()
}

func fail(span oteltrace.Span, code, detail string) {
	span.SetAttributes(trace.Code.String(code))
	span.SetStatus(codes.Error, detail)
}

// codeOf returns the code of a response that is a problem, and leaves its body as it was.
func codeOf(rs *http.Response) string {
	_, code := problemOf(rs)
	return code
}

func detailOf(rs *http.Response) string {
	detail, _ := problemOf(rs)
	return detail
}

func problemOf(rs *http.Response) (detail, code string) {
	text, err := io.ReadAll(rs.Body)
	rs.Body = bodyOf(text)
	var problem struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Code   string `json:"code"`
	}
	if err != nil || json.Unmarshal(text, &problem) != nil {
		return rs.Status, "http." + strconv.Itoa(rs.StatusCode)
	}
	if problem.Code == "" {
		problem.Code = "http." + strconv.Itoa(rs.StatusCode)
	}
	if problem.Detail == "" {
		problem.Detail = problem.Title
	}
	return problem.Detail, problem.Code
}
