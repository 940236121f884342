package tigertonic

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/certs"
	"github.com/rcrowley/go-tigertonic/internal/conns"
	"github.com/rcrowley/go-tigertonic/internal/record"

	"github.com/rcrowley/go-tigertonic/internal/linelog"
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

// Server is an [http.Server] that lets requests in flight end before it stops. Create
// one with [NewServer] or [NewTLSServer], which set limits. The zero value, or one
// with fields of http.Server set, works too, with http.Server's limits. Set its fields
// before it serves; NewServer wraps Handler. Stop it with Close or Shutdown.
type Server struct {
	http.Server

	// BodyTimeout is how long a handler may wait for a request's body in total, plus a
	// second for every MinRate bytes that arrive. After that, reading fails with an error
	// that is [os.ErrDeadlineExceeded], which handlers of this package turn into a 408,
	// and an HTTP/1 connection is closed. The limit ends with the body, when the handler
	// responds before the end of the body on HTTP/2 or with full duplex, or when it sets a
	// read deadline itself. Zero means 30 seconds; a negative value means no limit.
	BodyTimeout time.Duration
	// ResponseTimeout is how long a client may leave a written response unread, plus a
	// second for every MinRate bytes that the kernel takes. After that, writing fails, and
	// the connection, or the HTTP/2 stream, is cut off. A quiet stream, to which nothing
	// is written, doesn't count as waiting. Zero means a minute; a negative value means no
	// limit.
	ResponseTimeout time.Duration
	// MinRate is how fast a client must be in the long run, in bytes per second. Zero
	// means 500.
	MinRate int

	// DrainTimeout is how long Close and Run wait for requests to end before they cut them
	// off. Zero means 30 seconds.
	DrainTimeout time.Duration
	// DrainDelay is how long Run keeps accepting connections after it is told to stop,
	// while it reports that it isn't ready, so that load balancers have time to notice. It
	// is a part of DrainTimeout. Zero means no delay.
	DrainDelay time.Duration
	// RestartTimeout is how long a new process may take to serve when Run hands over to
	// it. Zero means 30 seconds.
	RestartTimeout time.Duration

	// OnListen, if it isn't nil, is called when the server listens and before it accepts
	// connections. If the port was 0, the address has the one that the kernel chose. The
	// name is "main", or "admin" for AdminAddr.
	OnListen func(name string, addr net.Addr)

	// Admin, if it isn't nil, is served by Run on AdminAddr, or on 127.0.0.1:6060 if that
	// is "". It is for handlers that aren't public, such as package admin's.
	Admin     http.Handler
	AdminAddr string

	// Log is where Run logs, at level Info, the addresses that it listens on, why it
	// drains, how long that took, and the process that it handed over to. It also gets
	// errors, unless there is an ErrorLog. Nil means [slog.Default]; use a logger with
	// [slog.DiscardHandler] for silence.
	Log *slog.Logger

	certificates certs.Reloader
	lastConfig   atomic.Pointer[tls.Config] // what clients have got, while there is a ClientCA
	given        []tls.Certificate          // those of TLSConfig when the server began

	once      sync.Once // of prepare
	wrapped   bool      // Handler is ours, or has it in it
	mu        sync.Mutex
	listeners map[*listener]struct{}
	hooked    bool // ConnState and others are ours
	conns     *conns.Tracker
	unready   atomic.Bool             // it is to stop
	draining  atomic.Bool             // it doesn't accept any more
	began     chan struct{}           // closed when it begins to drain
	drained   chan struct{}           // closed when that has ended
	hooks     []func(context.Context) // of RegisterOnShutdown
	deadline  time.Time               // of who stopped it, or zero
	stopping  atomic.Int64            // how many of them run
	ends      error                   // what Serve is to return, or nil if that is err
	err       error                   // of Close, once drained is closed
	cut       int                     // connections with a request that it has cut off, likewise
	restarts  atomic.Int64
	life      context.Context
	cutOff    context.CancelCauseFunc // ends life, and what is still going on then
}

// NewServer returns a server for a TCP address, such as ":8000", that calls h with
// each request, and recovers from its panics as [Recovered] does. It sets r.URL.Host
// to the host that the client asked for, and r.URL.Scheme.
//
// A request's header must arrive within 10 seconds and may have 1 MiB; a connection
// may be idle for two minutes. BodyTimeout and ResponseTimeout cut off clients that
// are slow to send a body or to read a response, but not long bodies and responses. An
// HTTP/2 connection has at most 100 concurrent requests; the field HTTP2 has more such
// limits.
//
// If a response with a status of 500 or more hides its cause and no logger in h logs
// it, the cause goes to ErrorLog, or to Log if that is nil.
func NewServer(addr string, h http.Handler) *Server {
	s := &Server{
		Server: http.Server{
			Addr:              addr,
			ReadHeaderTimeout: readHeaderTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    http.DefaultMaxHeaderBytes,
			HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		},
	}
	s.wrap(mustHandler("NewServer", h))
	s.prepare()
	return s
}

func (s *Server) wrap(h http.Handler) {
	s.wrapped = true
	s.Handler = &serverHandler{s, Recovered(h)}
}

// prepare makes what the zero value lacks.
func (s *Server) prepare() {
	s.once.Do(func() {
		s.listeners = map[*listener]struct{}{}
		s.conns = conns.NewTracker()
		s.began, s.drained = make(chan struct{}), make(chan struct{})
		s.life, s.cutOff = context.WithCancelCause(context.Background())
	})
}

// ListenAndServe listens on the server's address and serves. It speaks TLS if
// TLSConfig has a certificate, as it has after [Server.TLS]. It returns what
// [Server.Serve] does.
func (s *Server) ListenAndServe() error {
	if s.draining.Load() {
		return s.stopped()
	}
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
// Close and returns the same: nil, or [context.DeadlineExceeded]. Once Shutdown has
// been called, it waits for that and returns [http.ErrServerClosed]. A program may
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
		return s.stopped()
	}
	err := serve(s.conns.Listener(l))
	s.mu.Lock()
	delete(s.listeners, id)
	s.mu.Unlock()
	if s.draining.Load() {
		return s.stopped()
	}
	return err
}

// stopped waits until the server has ended, and returns what Serve does then.
func (s *Server) stopped() error {
	<-s.drained
	return cmp.Or(s.ends, s.err)
}

// A listener is one that is served, for maps: it may not be comparable.
type listener struct{ net.Listener }

// begin adds a listener, unless the server is stopping.
func (s *Server) begin(l *listener) bool {
	s.prepare()
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

// hook has net/http report the state of its connections, and that it stops, to the
// server as well as the user.
func (s *Server) hook() {
	if !s.wrapped {
		h := s.Handler
		if h == nil {
			h = http.DefaultServeMux //nolint:forbidigo // as of any http.Server
		}
		s.wrap(h)
	}
	if s.TLSConfig != nil { // which net/http may set when it begins to serve
		s.given = s.TLSConfig.Certificates
	}
	s.conns.Limit(conns.Limits{Body: s.BodyTimeout, Response: s.ResponseTimeout, Rate: s.MinRate, HasWriteTimeout: s.WriteTimeout > 0})
	s.Server.RegisterOnShutdown(s.tellHooks)
	state, connContext, baseContext := s.ConnState, s.ConnContext, s.BaseContext
	s.ConnState = func(c net.Conn, now http.ConnState) {
		s.conns.ConnState(c, now)
		if state != nil {
			state(conns.Bare(c), now)
		}
	}
	s.ConnContext = s.conns.ConnContext
	if connContext != nil {
		s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
			return s.conns.ConnContext(connContext(ctx, conns.Bare(c)), c)
		}
	}
	if baseContext != nil {
		s.BaseContext = func(l net.Listener) context.Context { return baseContext(conns.BareListener(l)) }
	}
}

// ConnectionCounts are the client connections of a [Server] by their state.
type ConnectionCounts struct {
	// New have been accepted but haven't sent a request yet.
	New int
	// Active have at least one request that hasn't ended.
	Active int
	// Idle wait for their next request.
	Idle int
	// Accepted is how many connections there have been since the server began.
	Accepted uint64
}

// Connections returns how many client connections the server has. Connections that a
// handler has hijacked, such as WebSockets, are only in Accepted. It may be called at any
// time. Package admin shows the counts.
func (s *Server) Connections() ConnectionCounts {
	s.prepare()
	n := s.conns.Counts()
	return ConnectionCounts{New: n.Fresh, Active: n.Active, Idle: n.Idle, Accepted: n.Accepted}
}

// Restarts returns how many times in a row the program has been restarted by SIGUSR2, as
// [Server.Run] does: 0 in a process that has no predecessor. It may be called at any time.
func (s *Server) Restarts() int { return int(s.restarts.Load()) }

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
	x, seen := conns.Watch(w, r)
	if seen != r {
		defer giveBack(r, seen)
		r = seen
	}
	if r.ProtoMajor == 2 {
		defer removeFiles(r)
	}
	w, rec := record.Wrap(w, r)
	rec.HasLogger = true
	defer h.report(rec, r)
	rec.Observe(h)
	if x != nil {
		rec.Watcher = x
		defer x.End()
	}
	h.handler.ServeHTTP(w, r)
	rec.Finish(h)
}

// giveBack lets r, which net/http or a handler outside of the server's has, know what
// has become of the copy that the handlers were given.
func giveBack(r, seen *http.Request) {
	r.Pattern, r.MultipartForm = seen.Pattern, seen.MultipartForm // whose files net/http removes
}

// removeFiles removes the files of a multipart form. net/http does so too, except in Go
// 1.27 on HTTP/2.
func removeFiles(r *http.Request) {
	if r.MultipartForm != nil {
		_ = r.MultipartForm.RemoveAll() // as net/http: there is nobody to tell
	}
}

// report logs what has gone wrong if nobody else has.
func (h *serverHandler) report(rec *record.Recorder, r *http.Request) {
	if !rec.IsUnreported() {
		return
	}
	if l := h.server.ErrorLog; l != nil {
		l.Print(linelog.Escape(fmt.Sprintf("tigertonic: %s %s: request %s: %s", r.Method, sentPath(r), rec.ID, rec.Report()), ""))
		for line := range strings.Lines(rec.Stack()) {
			l.Print(linelog.Escape(strings.TrimSuffix(line, "\n"), ""))
		}
		return
	}
	args := []any{"method", r.Method, "path", sentPath(r), "request_id", rec.ID, "error", rec.Report()}
	if stack := rec.Stack(); stack != "" {
		args = append(args, "stack", stack)
	}
	h.server.logger().Error("tigertonic: a request has failed", args...)
}

// logger returns where what isn't for ErrorLog goes.
func (s *Server) logger() *slog.Logger {
	if s.Log != nil {
		return s.Log
	}
	return slog.Default()
}

// logError logs what has gone wrong to ErrorLog, or to Log if there is none.
func (s *Server) logError(what string, err error) { s.logProblem(slog.LevelError, what, err) }

func (s *Server) logProblem(level slog.Level, what string, err error) {
	if s.ErrorLog == nil {
		s.logger().Log(context.Background(), level, "tigertonic: "+what, "error", err)
		return
	}
	s.ErrorLog.Print(linelog.Escape("tigertonic: "+what+": "+err.Error(), ""))
}

// OnHeader tells the client to close the connection if the server is stopping. On
// HTTP/2, the header makes net/http send GOAWAY.
func (h *serverHandler) OnHeader(status int, header http.Header) {
	if h.server.draining.Load() && status != http.StatusSwitchingProtocols {
		header.Set("Connection", "close")
	}
}

// Draining reports whether the server is stopping.
func (h *serverHandler) Draining() bool { return h.server.Draining() }

// Certificates returns those of the server.
func (h *serverHandler) Certificates() []*x509.Certificate { return h.server.Certificates() }

// Connections returns those of the server.
func (h *serverHandler) Connections() ConnectionCounts { return h.server.Connections() }

// Restarts returns those of the server.
func (h *serverHandler) Restarts() int { return h.server.Restarts() }

// Unwrap returns the handler that the server was made with.
func (h *serverHandler) Unwrap() http.Handler { return h.handler }

// String is how [Explain] shows the handler.
func (h *serverHandler) String() string { return "Server" }
