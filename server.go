package tigertonic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Limits of a server that NewServer has made. They stop clients that are slow to
// ask without cutting off responses that are long.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	drainTimeout      = 30 * time.Second
	// quiet is how long a connection must have been idle, while the server
	// stops, to be closed. A client that had sent a request by then would lose
	// it, but for the time that the request takes to arrive.
	quiet = 500 * time.Millisecond
)

// Server is an [http.Server] that lets the requests on its connections end before
// it stops. It is made by [NewServer] or [NewTLSServer]; the zero value isn't
// usable. Its fields, but for Handler, which NewServer has wrapped, may be set
// before it serves. Stop it with Close: Shutdown is http.Server's own.
type Server struct {
	http.Server

	// DrainTimeout is how long Close, or Run when it stops, waits for requests to
	// end before it cuts them off. Zero means 30 seconds.
	DrainTimeout time.Duration
	// DrainDelay is how long Run still accepts connections when it is to stop,
	// while it says that it isn't ready. It is a part of DrainTimeout, for load
	// balancers that need time to see it. Zero means not at all.
	DrainDelay time.Duration
	// RestartTimeout is how long a new process may take until it serves, when Run
	// is to hand over to it. Zero means 30 seconds.
	RestartTimeout time.Duration

	// Admin is served by Run on AdminAddr, or on 127.0.0.1:6060 if that is "", if
	// it isn't nil. It is for handlers that aren't for everybody, such as those of
	// package admin.
	Admin     http.Handler
	AdminAddr string

	certificates certificates

	mu        sync.Mutex
	listeners map[*listener]struct{}
	tracks    bool        // ConnState is ours
	idle      sync.Map    // of the time since which it is, or 0, by net.Conn: *atomic.Int64
	unready   atomic.Bool // it is to stop
	draining  atomic.Bool // it doesn't accept any more
	drained   chan struct{}
	err       error // of Close, once drained is closed
	life      context.Context
	cutOff    context.CancelFunc // ends life, and what is still going on then
}

// NewServer returns a server for this TCP address, such as ":8000", that calls h
// with each request, and answers for it, as by [Recovered], if it panics. Before that it sets r.URL.Host, to the host that the client
// asked for, and r.URL.Scheme. A request's header must arrive within 10 seconds,
// and a connection may be idle for two minutes; there is no limit on the time
// that a body or a response takes. What has gone wrong where a response with a
// status of 500 or more doesn't tell it, and no logger in h does either, goes to
// ErrorLog, or to [slog.Default] if that is nil.
func NewServer(addr string, h http.Handler) *Server {
	s := &Server{
		Server: http.Server{
			Addr:              addr,
			ReadHeaderTimeout: readHeaderTimeout,
			IdleTimeout:       idleTimeout,
		},
		listeners: map[*listener]struct{}{},
		drained:   make(chan struct{}),
	}
	s.life, s.cutOff = context.WithCancel(context.Background())
	s.Handler = &serverHandler{s, Recovered(mustHandler("NewServer", h))}
	return s
}

// ListenAndServe listens on the server's address and serves. It speaks TLS if
// TLSConfig has a certificate, as it has after [Server.TLS]. Like [Server.Serve],
// it returns what Close does once that has been called.
func (s *Server) ListenAndServe() error {
	usesTLS, port := s.usesTLS(), ":http"
	if usesTLS {
		port = ":https"
		if err := s.addTLS("", ""); err != nil {
			return err
		}
	}
	l, err := net.Listen("tcp", cmp.Or(s.Addr, port))
	if err != nil {
		return err
	}
	if usesTLS {
		return s.ServeTLS(l, "", "")
	}
	return s.Serve(l)
}

// Serve serves the connections that l accepts, without TLS, and closes it. It
// returns an error if accepting fails. Once Close has been called, it waits for
// Close and returns the same: nil, or [context.DeadlineExceeded]. A program may
// end then.
func (s *Server) Serve(l net.Listener) error { return s.serve(l, s.Server.Serve) }

func (s *Server) serve(l net.Listener, serve func(net.Listener) error) error {
	id := &listener{l}
	if !s.begin(id) {
		_ = l.Close() // it was never served
		<-s.drained
		return s.err
	}
	err := serve(l)
	s.mu.Lock()
	delete(s.listeners, id)
	s.mu.Unlock()
	if s.draining.Load() {
		<-s.drained
		return s.err
	}
	return err
}

// A listener is one that is served, for maps: it may not be comparable.
type listener struct{ net.Listener }

// begin adds a listener, unless the server is stopping.
func (s *Server) begin(l *listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() {
		return false
	}
	s.listeners[l] = struct{}{}
	if !s.tracks {
		s.tracks = true
		users := s.ConnState
		s.ConnState = func(c net.Conn, state http.ConnState) {
			s.track(c, state)
			if users != nil {
				users(c, state)
			}
		}
	}
	return true
}

// track keeps since when the server's connections are idle.
func (s *Server) track(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		since := &atomic.Int64{}
		since.Store(time.Now().UnixNano())
		s.idle.Store(c, since)
	case http.StateActive, http.StateIdle:
		if since, ok := s.idle.Load(c); ok {
			now := int64(0)
			if state == http.StateIdle {
				now = time.Now().UnixNano()
			}
			since.(*atomic.Int64).Store(now)
		}
	case http.StateHijacked, http.StateClosed:
		s.idle.Delete(c)
	}
}

// Close lets the requests on the server's connections end: it stops accepting
// connections, tells the clients of those that there are to close them, and
// waits until they have, or have been quiet, before it closes the rest. After
// DrainTimeout it cuts off what is still going on and returns
// [context.DeadlineExceeded]. All calls return when the first one does, and the
// same. Connections that a handler has taken over are left to it.
//
// No request is lost on a connection that the server has accepted, but for one
// that comes just when a connection is closed that has long been idle. What the
// kernel has queued for Accept by then, it resets.
func (s *Server) Close() error {
	return s.close(time.Now().Add(cmp.Or(s.DrainTimeout, drainTimeout)))
}

// Draining tells whether the server is to stop, and so isn't ready for more.
func (s *Server) Draining() bool { return s.unready.Load() }

// close is Close with a deadline.
func (s *Server) close(deadline time.Time) error {
	s.unready.Store(true)
	s.mu.Lock()
	first := !s.draining.Swap(true)
	for l := range s.listeners {
		_ = l.Close() // whoever serves it gets the error
	}
	s.mu.Unlock()
	if first {
		s.err = s.drain(deadline)
		close(s.drained)
	}
	<-s.drained
	return s.err
}

func (s *Server) drain(deadline time.Time) error {
	ctx, cancel := context.WithDeadline(s.life, deadline)
	defer cancel()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for (s.accepting() || s.busy()) && ctx.Err() == nil {
		select {
		case <-poll.C:
		case <-ctx.Done():
		}
	}
	err := s.Shutdown(ctx)
	if errors.Is(err, net.ErrClosed) {
		return nil // the listeners were closed already
	}
	if err != nil {
		_ = s.Server.Close() // the deadline is what went wrong
	}
	return err
}

// accepting tells whether a listener that is closed may still return a connection.
func (s *Server) accepting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.listeners) > 0
}

// busy tells whether a connection has a request, or may soon.
func (s *Server) busy() (busy bool) {
	quietSince := time.Now().Add(-quiet).UnixNano()
	s.idle.Range(func(_, since any) bool {
		idle := since.(*atomic.Int64).Load()
		busy = idle == 0 || idle > quietSince
		return !busy
	})
	return busy
}

// onHeader tells the client to close the connection if the server is to stop. On
// HTTP/2, the header makes net/http send GOAWAY.
func (s *Server) onHeader(status int, h http.Header) {
	if s.draining.Load() && status != http.StatusSwitchingProtocols {
		h.Set("Connection", "close")
	}
}

// A serverHandler is what a server calls.
type serverHandler struct {
	server  *Server
	handler http.Handler
}

func (h *serverHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.URL.Scheme, r.URL.Host = "http", r.Host
	if r.TLS != nil {
		r.URL.Scheme = "https"
	}
	w, rec := record(w, r)
	rec.observe(h.server)
	rec.tells = true
	defer h.report(rec, r)
	h.handler.ServeHTTP(w, r)
	rec.finish(h.server)
}

// report logs what has gone wrong if nobody else has.
func (h *serverHandler) report(rec *recorder, r *http.Request) {
	if rec.cause == nil || rec.cause.told {
		return
	}
	if l := h.server.ErrorLog; l != nil {
		l.Print(escape(fmt.Sprintf("tigertonic: %s %s: request %s: %s", r.Method, sentPath(r), rec.id, rec.report()), ""))
		for line := range strings.Lines(rec.cause.stack()) {
			l.Print(escape(strings.TrimSuffix(line, "\n"), ""))
		}
		return
	}
	args := []any{"method", r.Method, "path", sentPath(r), "request_id", string(rec.id), "error", rec.report()}
	if stack := rec.cause.stack(); stack != "" {
		args = append(args, "stack", stack)
	}
	slog.Error("tigertonic: a request has failed", args...)
}

// logError logs what has gone wrong to ErrorLog, or by slog if there is none.
func (s *Server) logError(what string, err error) {
	if s.ErrorLog == nil {
		slog.Error("tigertonic: "+what, "error", err)
		return
	}
	s.ErrorLog.Print(escape("tigertonic: "+what+": "+err.Error(), ""))
}

// Draining tells whether the server is to stop.
func (h *serverHandler) Draining() bool { return h.server.Draining() }

// Unwrap returns the handler that the server was made with.
func (h *serverHandler) Unwrap() http.Handler { return h.handler }

// String is how [Explain] shows the handler.
func (h *serverHandler) String() string { return "Server" }
