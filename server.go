package tigertonic

import (
	"cmp"
	"context"
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
	// maxStreams is as many as other servers allow, and the least that RFC 9113 §6.5.2
	// recommends.
	maxStreams = 100
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

	// BodyTimeout is how long a client may let a handler wait for the body of its
	// request in all, apart from a second for every MinRate bytes that come. Then
	// reading fails with an error that is [os.ErrDeadlineExceeded], for which handlers
	// of this package answer 408, and an HTTP/1 connection is closed. The limit ends
	// with the body, or when the handler begins to answer before that on HTTP/2 or with
	// full duplex, or when it sets a read deadline itself. Zero means 30 seconds; a
	// negative time, that there is no limit.
	BodyTimeout time.Duration
	// ResponseTimeout is how long a client may leave what is written to it unread,
	// apart from a second for every MinRate bytes that the kernel takes for it. Then
	// writing fails, and the connection, or the stream of HTTP/2, is cut off. A response
	// to which nothing is written, such as a stream that is quiet, doesn't wait. Zero
	// means a minute; a negative time, that there is no limit.
	ResponseTimeout time.Duration
	// MinRate is how quick a client must be in the long run, in bytes per second. Zero
	// means 500.
	MinRate int

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

	// OnListen, if it isn't nil, is called when the server listens, before it accepts
	// anything, with the address, whose port is the one that the kernel has chosen if
	// it was 0. The name is "main", or "admin" for AdminAddr.
	OnListen func(name string, addr net.Addr)

	// Admin is served by Run on AdminAddr, or on 127.0.0.1:6060 if that is "", if
	// it isn't nil. It is for handlers that aren't for everybody, such as those of
	// package admin.
	Admin     http.Handler
	AdminAddr string

	certificates certificates

	mu        sync.Mutex
	listeners map[*listener]struct{}
	hooked    bool // ConnState and others are ours
	conns     connections
	unready   atomic.Bool // it is to stop
	draining  atomic.Bool // it doesn't accept any more
	drained   chan struct{}
	hooks     []func()     // of RegisterOnShutdown
	stopping  atomic.Int64 // how many of them run
	err       error        // of Close, once drained is closed
	life      context.Context
	cutOff    context.CancelFunc // ends life, and what is still going on then
}

// NewServer returns a server for this TCP address, such as ":8000", that calls h
// with each request, and answers for it, as by [Recovered], if it panics. Before that
// it sets r.URL.Host, to the host that the client asked for, and r.URL.Scheme.
//
// A request's header must arrive within 10 seconds and have at most 1 MiB, and a
// connection may be idle for two minutes. A client that is slow to send a body or to
// read a response is cut off by BodyTimeout and ResponseTimeout, however long these
// are otherwise. An HTTP/2 connection has at most 100 requests at a time; field HTTP2
// has more such limits.
//
// What has gone wrong where a response with a status of 500 or more doesn't tell it,
// and no logger in h does either, goes to ErrorLog, or to [slog.Default] if that is
// nil.
func NewServer(addr string, h http.Handler) *Server {
	s := &Server{
		Server: http.Server{
			Addr:              addr,
			ReadHeaderTimeout: readHeaderTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    http.DefaultMaxHeaderBytes,
			HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		},
		listeners: map[*listener]struct{}{},
		conns:     connections{began: time.Now(), all: map[*conn]struct{}{}},
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
func (s *Server) Serve(l net.Listener) error {
	s.announce("main", l)
	return s.serve(l, s.Server.Serve)
}

func (s *Server) announce(name string, l net.Listener) {
	if s.OnListen != nil && !s.draining.Load() {
		s.OnListen(name, l.Addr())
	}
}

func (s *Server) serve(l net.Listener, serve func(net.Listener) error) error {
	id := &listener{l}
	if !s.begin(id) {
		_ = l.Close() // it was never served
		<-s.drained
		return s.err
	}
	err := serve(&connListener{l, s})
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
	if !s.hooked {
		s.hooked = true
		s.hook()
	}
	return true
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
	x := h.server.exchange(w, r)
	w, rec := record(w, r)
	rec.tells = true
	defer h.report(rec, r)
	if x == nil {
		rec.observe(h.server)
	} else {
		rec.exchange = x
		rec.observe(x)
		defer x.end()
	}
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
