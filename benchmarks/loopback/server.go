// Package loopback compares services as processes of their own, which a load
// generator asks over TCP.
package loopback

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/benchmarks/endpoints"
	"github.com/rcrowley/go-tigertonic/benchmarks/middleware"
	"github.com/rcrowley/go-tigertonic/benchmarks/probe"
)

// A Peer is a service that answers [Request].
type Peer struct {
	Name string
	New  func(log *middleware.Log) http.Handler
	ours bool // the server is that of tigertonic.NewServer
}

// Peers returns all services, of which the first answers a constant, as fast as
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

// Request is what all services are asked: the order of package endpoints, as a
// browser with a password sends it.
func Request() probe.Request {
	rq := endpoints.Post()
	rq.Header.Set("Authorization", "Basic dXNlcjpwYXNzd29yZA==")
	rq.Header.Set("Origin", "https://example.com")
	return rq
}

// constant answers what the others do without looking at the request.
func constant(*middleware.Log) http.Handler {
	answer := []byte(probe.Answered(endpoints.Named("encoding-json").New(false), endpoints.Post()).Body)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write(answer)
	})
}

// Serve is the process of the service of this name. It writes its address to out
// in a line. To each line that it reads from in it answers with the CPU time, in
// nanoseconds, that it has taken so far: at once, or after it has come to rest if
// the line says so. At the end of in it ends.
func Serve(name string, in io.Reader, out io.Writer) (err error) {
	i := slices.IndexFunc(Peers(), func(p Peer) bool { return p.Name == name })
	if i < 0 {
		return fmt.Errorf("there is no service %q", name)
	}
	// The log is to nowhere, but by a system call for each block.
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	log := middleware.NewLog(null)
	defer func() { err = errors.Join(err, log.Close(), null.Close()) }()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it lasts as long as the process
	if err != nil {
		return err
	}
	var open connections
	server := Peers()[i].server(log, open.count)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	_, err = fmt.Fprintln(out, listener.Addr())
	for lines := bufio.NewScanner(in); err == nil && lines.Scan(); {
		if lines.Text() == "rest" {
			open.rest()
		}
		_, err = fmt.Fprintln(out, probe.CPUTime())
	}
	return errors.Join(err, server.Close(), ignoreClosed(<-served))
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
	// Deadlines cost, so they are the same for all: those of tigertonic.NewServer.
	return &http.Server{Handler: p.New(log), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, ConnState: state}
}

// connections are how many there are.
type connections struct{ atomic.Int64 }

func (c *connections) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		c.Add(1)
	case http.StateClosed:
		c.Add(-1)
	}
}

// rest waits until the connections have ended, and collects all garbage: neither is
// to take time from the service that is asked next.
func (c *connections) rest() {
	for range 1000 {
		if c.Load() == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	debug.FreeOSMemory()
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
