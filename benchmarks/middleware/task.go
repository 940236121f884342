// Package middleware compares our middleware with others', one at a time and nested.
package middleware

import (
	"net/http"
	"strings"

	"github.com/rcrowley/go-tigertonic/benchmarks/probe"
)

// A Peer is a middleware, or several.
type Peer struct {
	Name string
	// Wrap returns h wrapped in the middleware. What it logs is written when log is
	// closed.
	Wrap func(h http.Handler, log *Log) http.Handler
}

// A Task is a request for middlewares of the same purpose.
type Task struct {
	Name    string
	Request probe.Request
	Same    []string // headers of the response that are the same
	Sets    []string // headers that are in the response
	OwnBody bool     // the bodies differ
	Logs    bool     // it writes a line
	Peers   []Peer
}

// Answer is the handler inside the middlewares, which does next to nothing.
func Answer() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
}

// Tasks returns all tasks; the first has no middleware.
func Tasks() []Task {
	plain := probe.Request{Method: "GET", Target: "/stuff"}
	secret := probe.Request{Method: "GET", Target: "/stuff", Header: http.Header{"Authorization": {"Basic dXNlcjpwYXNzd29yZA=="}}}
	across := probe.Request{Method: "GET", Target: "/stuff", Header: http.Header{"Origin": {"https://example.com"}}}
	preflight := probe.Request{Method: "OPTIONS", Target: "/stuff", Header: http.Header{
		"Origin": {"https://example.com"}, "Access-Control-Request-Method": {"PUT"},
	}}
	return []Task{
		{Name: "none", Request: plain, Peers: []Peer{{"none", func(h http.Handler, _ *Log) http.Handler { return h }}}},
		{Name: "recorder", Request: plain, Peers: recorders()},
		{Name: "recover", Request: plain, Peers: recoverers()},
		{Name: "recover-recorded", Request: plain, Peers: recordedRecoverers()},
		{Name: "request-id", Request: plain, Peers: identifiers()},
		{Name: "access-log", Request: plain, Logs: true, Peers: loggers()},
		{Name: "cors", Request: across, Same: []string{"Access-Control-Allow-Origin", "Vary"}, Peers: cors()},
		{
			Name: "cors-preflight", Request: preflight, Same: []string{"Access-Control-Allow-Origin"},
			Sets: []string{"Access-Control-Allow-Methods", "Vary"}, OwnBody: true, Peers: cors(),
		},
		{Name: "basic-auth", Request: secret, Peers: authenticators()},
		{Name: "count-by-status", Request: plain, Peers: counters()},
		{Name: "timed", Request: plain, Peers: timers()},
		{Name: "deadline", Request: plain, Peers: deadlines()},
		{Name: "limit", Request: plain, Peers: limiters()},
		{Name: "body-size", Request: plain, Peers: sizers()},
		{
			Name: "nested", Request: across, Same: []string{"Access-Control-Allow-Origin"},
			Sets: []string{"X-Request-Id"}, Logs: true, Peers: []Peer{{"tigertonic", Ours}, {"parts", Parts}},
		},
	}
}

// plainly returns a Peer's Wrap for a middleware that doesn't log.
func plainly(wrap func(http.Handler) http.Handler) func(http.Handler, *Log) http.Handler {
	return func(h http.Handler, _ *Log) http.Handler { return wrap(h) }
}

// IsLogLine reports whether a line of the log says what it should about a request.
func (t *Task) IsLogLine(line string) bool {
	return strings.HasSuffix(line, "\n") && strings.Count(line, "\n") == 1 &&
		strings.Contains(line, t.Request.Method) && strings.Contains(line, t.Request.Target) && strings.Contains(line, "200")
}
