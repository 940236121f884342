// Package loopback compares services that run as separate processes under a load
// generator over TCP.
package loopback

import (
	"net"
	"net/http"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/benchmarks/endpoints"
	"github.com/rcrowley/go-tigertonic/benchmarks/middleware"
	"github.com/rcrowley/go-tigertonic/benchmarks/probe"
)

// A Peer is a service that handles [Request].
type Peer struct {
	Name string
	New  func(log *middleware.Log) http.Handler
	ours bool // the server is that of tigertonic.NewServer
}

// Peers returns all services; the first responds with a constant, as fast as
// net/http can.
func Peers() []Peer {
	endpoint := func(name string) Peer {
		return Peer{Name: name, New: func(*middleware.Log) http.Handler { return endpoints.Named(name).New(false) }}
	}
	typed := endpoint("typed")
	return []Peer{
		{Name: "constant", New: constant},
		typed,
		{Name: "typed-new-server", New: typed.New, ours: true},
		{Name: "typed-whole-stack", New: func(log *middleware.Log) http.Handler {
			return middleware.OurWhole(endpoints.Named("typed").New(false), log)
		}},
		endpoint("encoding-json"),
		{Name: "parts-whole-stack", New: func(log *middleware.Log) http.Handler {
			return middleware.PartsWhole(endpoints.Named("encoding-json").New(false), log)
		}},
		endpoint("gin"),
		endpoint("echo"),
		endpoint("huma"),
	}
}

// Request is the request to all services: the order of package endpoints, as a browser
// with a password sends it.
func Request() probe.Request {
	rq := endpoints.Post()
	rq.Header.Set("Authorization", "Basic dXNlcjpwYXNzd29yZA==")
	rq.Header.Set("Origin", "https://example.com")
	return rq
}

// constant sends the same response as the others, without looking at the request.
func constant(*middleware.Log) http.Handler {
	answer := []byte(probe.Answered(endpoints.Named("encoding-json").New(false), endpoints.Post()).Body)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write(answer)
	})
}

type server interface {
	Serve(l net.Listener) error
	Close() error
}

func (p Peer) server(log *middleware.Log, state func(net.Conn, http.ConnState)) server {
	if p.ours {
		s := tigertonic.NewServer("", p.New(log))
		s.ConnState = state
		return s
	}
	// Deadlines have a cost, so all services have those of tigertonic.NewServer.
	return &http.Server{Handler: p.New(log), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, ConnState: state}
}
