// Package rpc is how the services call each other: HTTP requests whose path begins with the
// name of the service, through an [http.RoundTripper] that knows where it is. That may be
// in this process ([Local]), behind a bus ([Bus]) or at URLs ([Peers]); neither the caller
// nor the service knows which.
//
// Around each call are a span, a bulkhead, retries, hedging, a breaker and a timeout for
// each attempt. The time that the caller has left travels with the request, so nobody works
// for a caller that has given up.
package rpc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	oteltrace "go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
)

const (
	fromHeader    = "Cab-From"
	timeoutHeader = "Cab-Timeout-Ms"
	traceHeader   = "Traceparent"
	stateHeader   = "Tracestate"
)

// An SLA is how long an endpoint takes, on average and at the 95th percentile.
type SLA struct {
	Mean    time.Duration `json:"mean"`
	Upper95 time.Duration `json:"upper95"`
}

// Settings can be changed while calls are in progress.
type Settings struct {
	// Multiplier times the Upper95 of an endpoint, times the number of the attempt, is how
	// long an attempt may take.
	Multiplier float64
	// Tokens is how many requests a service serves at a time for each service that calls
	// it.
	Tokens uint
	// SLAs are by service and endpoint, "com.hailocab.service.fare.basefare".
	SLAs map[string]SLA
}

const (
	shortestAttempt = 10 * time.Millisecond
	longestAttempt  = time.Minute
	unknownAttempt  = 2 * time.Second
)

// timeout returns how long an attempt may take; the first is 1.
func (s *Settings) timeout(target string, attempt int) time.Duration {
	sla, known := s.SLAs[target]
	if !known || sla.Upper95 <= 0 {
		return unknownAttempt
	}
	d := time.Duration(float64(sla.Upper95) * s.Multiplier * float64(attempt))
	return min(max(d, shortestAttempt), longestAttempt)
}

// mean returns how long a request may wait for its turn.
func (s *Settings) mean(target string) time.Duration {
	if sla := s.SLAs[target]; sla.Mean > 0 {
		return sla.Mean
	}
	return unknownMean
}

const unknownMean = 20 * time.Millisecond

// Options are the options of a [Node].
type Options struct {
	// Instance identifies the process, which is on a host in a zone.
	Instance, Host, Zone string
	// Network delivers requests.
	Network http.RoundTripper
	// Tracers make the spans of each service, whose name is that of the tracer. By
	// default, there are none.
	Tracers oteltrace.TracerProvider
	// Settings returns the settings. By default, there are no SLAs.
	Settings func() *Settings
	// Hedged are the endpoints that get a second request if they don't respond soon.
	Hedged []string
}

// A Node is a process that calls services, and serves some. Create one with [NewNode].
type Node struct {
	options   Options
	endpoints table[endpoint] // what is called
	served    table[served]
	limits    table[limit] // who calls what
	hedged    map[string]bool
}

// NewNode returns a node.
func NewNode(o Options) *Node {
	if o.Tracers == nil {
		o.Tracers = noop.NewTracerProvider()
	}
	if o.Settings == nil {
		plain := &Settings{Multiplier: 1, Tokens: defaultTokens}
		o.Settings = func() *Settings { return plain }
	}
	if o.Host == "" {
		o.Host, _ = os.Hostname() // it is for people
	}
	n := &Node{options: o, hedged: map[string]bool{}}
	for _, target := range o.Hedged {
		n.hedged[target] = true
	}
	return n
}

// Instance returns the name of the process.
func (n *Node) Instance() string { return n.options.Instance }

// Host returns the machine that it runs on.
func (n *Node) Host() string { return n.options.Host }

// Zone returns where that is.
func (n *Node) Zone() string { return n.options.Zone }

const defaultTokens = 1000

// Client returns a client of a service for the service from.
func (n *Node) Client(from, to string) *client.Client {
	return client.New("http://bus/"+to, client.Options{Transport: n.Transport(from), Timeout: unknownAttempt})
}

// Transport returns what sends requests for the service from. Their paths are
// /SERVICE/ENDPOINT, and the rest of the path is the endpoint's.
func (n *Node) Transport(from string) http.RoundTripper {
	return &caller{n, from, n.options.Tracers.Tracer(from), []oteltrace.SpanStartOption{oteltrace.WithSpanKind(oteltrace.SpanKindClient)}}
}

// target returns the service and the endpoint of a path.
func target(path string) (service, endpoint string) {
	service, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	endpoint, _, _ = strings.Cut(rest, "/")
	return service, endpoint
}

// An UnavailableError means that a request wasn't delivered, so that any may be repeated.
type UnavailableError struct {
	Service string
	Err     error
}

// Error returns what can't be reached, and why.
func (e *UnavailableError) Error() string {
	return fmt.Sprintf("%s can't be reached: %v", e.Service, e.Err)
}

// Unwrap returns the reason.
func (e *UnavailableError) Unwrap() error { return e.Err }

// Fail returns an error with a dotted code, as all services have them.
func Fail(status int, code, format string, args ...any) error {
	return tigertonic.Problem{Status: status, Detail: fmt.Sprintf(format, args...), Extensions: map[string]any{"code": code}}
}

// Busy returns an error that says to come back.
func Busy(code, format string, args ...any) error {
	p := Fail(http.StatusServiceUnavailable, code, format, args...).(tigertonic.Problem) //nolint:errorlint,forcetypeassert // it is one
	p.Header = http.Header{"Retry-After": {"1"}}
	return p
}

// Pass returns the error of a call as an error of the calling service: a refusal stays a
// refusal, and what is unavailable now may be available later. Anything else is only for
// the log.
func Pass(err error) error {
	failed, is := errors.AsType[*client.Error](err)
	if !is {
		return err
	}
	problem, is := errors.AsType[tigertonic.Problem](err)
	if !is {
		problem = tigertonic.Problem{Status: failed.Status, Detail: http.StatusText(failed.Status)}
	}
	switch failed.Status {
	case http.StatusServiceUnavailable:
		code, _ := problem.Extensions["code"].(string)
		return Busy(code, "%s", problem.Detail)
	case http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity:
		return problem
	}
	return err
}

// Code returns the dotted code of a failed call, or a substitute for it.
func Code(err error) string {
	if problem, is := errors.AsType[tigertonic.Problem](err); is {
		if code, is := problem.Extensions["code"].(string); is {
			return code
		}
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "canceled"
	}
	return "internal"
}
