package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/config"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/customer"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/jobs"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/raziel"
)

// thinAPI is the public's service. It knows which endpoint of which service a path belongs
// to, opens the trace, and passes the response on unchanged.
const thinAPI = "com.hailocab.hailo-2-api"

const (
	// patience is how long a request may take.
	patience = 5 * time.Second
	// mostBody is the maximum length of a request's body.
	mostBody = 64 << 10
	// mostRequests is how many requests of one kind may run at a time.
	mostRequests = 512
)

// A forward forwards requests to an endpoint.
type forward struct {
	process           *process
	service, endpoint string
	described         *tigertonic.Endpoint // what it is there
	traced            bool                 // also if nobody has asked for it
}

// handleAPI registers the paths of the public API.
func (p *process) handleAPI(mux *tigertonic.TrieServeMux) {
	public := map[string]bool{}
	handle := func(method, path, service, endpoint string, e *tigertonic.Endpoint) {
		public[service+"."+endpoint] = true
		h := tigertonic.Described(&forward{p, service, endpoint, e, service != raziel.Name}, // there are too many positions
			func(op *tigertonic.Operation) {
				op.AddError(http.StatusBadGateway, "A service has failed.")
				op.AddError(http.StatusGatewayTimeout, "A service has taken too long.")
				traced(op)
			})
		mux.Handle(method, path, &edge{p, p.limited(h)})
	}
	handle("GET", "/v1/customer/neardrivers", customer.Name, "neardrivers", customer.New(p.node).Endpoint())
	all := jobs.New(p.node, nil, nil, nil).Endpoints()
	handle("POST", "/v1/jobs", jobs.Name, "create", all["create"])
	handle("GET", "/v1/jobs/{id}", jobs.Name, "show", all["show"])
	for _, endpoint := range []string{"accept", "decline", "arrive", "board", "complete", "cancel"} {
		handle("POST", "/v1/jobs/{id}/"+endpoint, jobs.Name, endpoint, all[endpoint])
	}
	handle("GET", "/v1/offers", jobs.Name, "offers", all["offers"])
	handle("PUT", "/v1/drivers/{id}/position", raziel.Name, "position", new(raziel.Service).PositionEndpoint())
	handle("GET", "/config/compile", config.Name, "compile", new(config.Service).CompileEndpoint())
	handle("GET", "/config/explain", config.Name, "explain", new(config.Service).ExplainEndpoint())
	p.handleAnyCall(mux, public)
}

// traced describes the header by which the trace of a response can be found.
func traced(op *tigertonic.Operation) {
	for _, rs := range op.Responses {
		rs.SetHeader("Trace-Id", "The ID of the request at /traces, if it was traced.", nil)
	}
}

// limited returns a handler that limits how many requests it serves at a time, and the size
// of their bodies.
func (p *process) limited(h http.Handler) http.Handler {
	return tigertonic.Limited(tigertonic.Sized(h, mostBody), mostRequests, nil)
}

// Describe describes the endpoint.
func (f *forward) Describe(op *tigertonic.Operation) { f.described.Describe(op) }

// String is how Explain shows it.
func (f *forward) String() string { return "forward(" + f.service + "." + f.endpoint + ")" }

func (f *forward) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	ctx, span := f.start(ctx, r)
	rs, err := f.send(ctx, r)
	defer func() {
		switch {
		case err != nil:
			span.SetStatus(codes.Error, err.Error())
		case rs.StatusCode >= http.StatusInternalServerError:
			span.SetStatus(codes.Error, rs.Status)
		}
		span.End()
	}()
	if c := span.SpanContext(); c.IsSampled() {
		w.Header().Set("Trace-Id", c.TraceID().String())
	}
	if err != nil {
		tigertonic.ProblemWriter{}.WriteError(r, w, gatewayError(err))
		return
	}
	defer rs.Body.Close() //nolint:errcheck // it is in memory
	for _, name := range []string{"Content-Type", "Location", "Retry-After"} {
		if values := rs.Header[name]; len(values) > 0 {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(rs.StatusCode)
	_, _ = io.Copy(w, rs.Body) // the client may have gone
}

// start opens a trace, or continues the client's. One that the client samples is kept.
func (f *forward) start(ctx context.Context, r *http.Request) (context.Context, oteltrace.Span) {
	from := propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
	remote := oteltrace.SpanContextFromContext(from)
	if !f.traced && !remote.IsSampled() {
		return ctx, oteltrace.SpanFromContext(ctx)
	}
	return f.process.node.Open(from, thinAPI, f.endpoint, remote.IsSampled())
}

// send forwards the request. It reads the client's body to its end first, because it may
// have to be sent more than once.
func (f *forward) send(ctx context.Context, r *http.Request) (*http.Response, error) {
	u := &url.URL{Scheme: "http", Host: "bus", Path: "/" + f.service + "/" + f.endpoint, RawQuery: r.URL.RawQuery}
	if id := tigertonic.PathValue(r, "id"); id != "" {
		u.RawPath = u.Path + "/" + url.PathEscape(id)
		u.Path += "/" + id
	}
	rq := (&http.Request{Method: r.Method, URL: u, Header: http.Header{}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	for _, name := range []string{"Accept", "Accept-Language", "Content-Type", "Idempotency-Key"} {
		if values := r.Header[name]; len(values) > 0 {
			rq.Header[name] = values
		}
	}
	if r.Body != nil && r.Body != http.NoBody {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		rq.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		rq.Body, _ = rq.GetBody()
		rq.ContentLength = int64(len(body))
	}
	return f.process.public.RoundTrip(rq)
}

// gatewayError returns the error that a gateway sends for err.
func gatewayError(err error) error {
	if status, is := errors.AsType[tigertonic.HTTPEquivError](err); is {
		return status // such as that the body is too long
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return tigertonic.GatewayTimeout{Err: err}
	}
	return tigertonic.BadGateway{Err: err}
}
