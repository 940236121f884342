package routing

import (
	"net/http"

	"github.com/rcrowley/go-tigertonic/benchmarks/probe"
)

// A Peer is a router to compare.
type Peer struct {
	Name string
	New  func([]*Leaf) Router
}

// A Router has its routes registered. It isn't safe for concurrent use.
type Router interface {
	// AskFor sends the router a request without a body, and drops the response.
	AskFor(method, path string)
	// Answered returns the router's response.
	Answered(method, path string) probe.Answer
}

// Peers returns all routers, ours first.
func Peers() []Peer {
	return []Peer{
		{"tigertonic", overHTTP(newTigerTonic)},
		{"tigertonic-params", overHTTP(newTigerTonicParams)},
		{"tigertonic-foreign", overHTTP(newTigerTonicForeign)},
		{"net-http", overHTTP(newNetHTTP)},
		{"chi", overHTTP(newChi)},
		{"httprouter", overHTTP(newHTTPRouter)},
		{"bunrouter", overHTTP(newBunRouter)},
		{"gorilla", overHTTP(newGorilla)},
		{"gin", overHTTP(newGin)},
		{"echo", overHTTP(newEcho)},
		{"fiber", newFiber},
		{"none", overHTTP(newNone)},
	}
}

// newNone finds no handler: its cost is that of the request itself.
func newNone([]*Leaf) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
}

// httpRouter is a router that is an http.Handler.
type httpRouter struct {
	*probe.Prober
	handler http.Handler
}

func overHTTP(build func([]*Leaf) http.Handler) func([]*Leaf) Router {
	return func(leaves []*Leaf) Router {
		h := build(leaves)
		return httpRouter{probe.New(h, probe.Request{Method: "GET", Target: "/"}), h}
	}
}

func (r httpRouter) Answered(method, path string) probe.Answer {
	return probe.Answered(r.handler, probe.Request{Method: method, Target: path})
}

// The responses of all routers where they have no handler: those of net/http, which can't
// be changed.

func notFound(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }

func notAllowed(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
}
