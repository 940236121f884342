package tigertonic

import (
	"context"
	"crypto/tls"
	"io"
	"io/fs"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// piece is how much is written to a connection at a time, so that the sweep can see
// it go through.
const piece = 64 << 10

// A conn is a connection that a server has accepted. It is beneath TLS. Users get to
// see the one in it.
type conn struct {
	net.Conn
	out  flow
	idle atomic.Int64 // since when it is, by the clock of its server, or 0

	mu        sync.Mutex
	exchanges *exchange // those that are watched, a list
}

// connections are those of a server.
type connections struct {
	began time.Time // when their clock showed 0
	mu    sync.Mutex
	all   map[*conn]struct{}
	swept bool // a sweep is to come
	// alien has those that a listener of the user's has put TLS on, by net.Conn.
	// They can't be wrapped: net/http has to see the *tls.Conn.
	alien sync.Map
}

// clock returns the nanoseconds since the server was made, and never 0. Nobody sets it,
// unlike the clock on the wall, which takes longer to read, too.
func (c *connections) clock() int64 { return max(1, int64(time.Since(c.began))) }

// A connListener makes conns of what a listener accepts.
type connListener struct {
	net.Listener
	server *Server
}

func (l *connListener) Accept() (net.Conn, error) {
	inner, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: inner}
	if _, ok := inner.(*tls.Conn); ok {
		l.server.conns.alien.Store(inner, c)
		return inner, nil
	}
	return c, nil
}

// connOf returns what is known of a connection that net/http calls c.
func (s *Server) connOf(c net.Conn) *conn {
	inner := c
	if overTLS, ok := c.(*tls.Conn); ok {
		inner = overTLS.NetConn()
	}
	if known, ok := inner.(*conn); ok {
		return known
	}
	// It is there, unless somebody serves by the http.Server in s.
	known, _ := s.conns.alien.LoadOrStore(c, &conn{Conn: c})
	return known.(*conn)
}

// isAlien tells whether what goes through it can't be seen.
func (c *conn) isAlien() bool {
	_, overTLS := c.Conn.(*tls.Conn)
	return overTLS
}

// bareConn returns the connection that the listener has accepted, or TLS on it.
func bareConn(c net.Conn) net.Conn {
	if known, ok := c.(*conn); ok {
		return known.Conn
	}
	return c
}

// NetConn returns the connection that the listener has accepted, for those who ask
// a [tls.Conn] for what is beneath.
func (c *conn) NetConn() net.Conn { return c.Conn }

func (c *conn) Write(p []byte) (n int, err error) {
	for first := true; err == nil && (first || n < len(p)); first = false {
		c.out.begin()
		var m int
		m, err = c.Conn.Write(p[n:min(len(p), n+piece)])
		c.out.end(m)
		n += m
	}
	return n, err
}

// ReadFrom lets the kernel send a file. From all else it copies, for while it waits
// for the source the client isn't to blame.
func (c *conn) ReadFrom(src io.Reader) (n int64, err error) {
	inner, ok := c.Conn.(io.ReaderFrom)
	limited, _ := src.(*io.LimitedReader)
	if limited == nil {
		limited = &io.LimitedReader{R: src, N: 1<<63 - 1}
	}
	if !ok || !isFile(limited.R) {
		return io.Copy(struct{ io.Writer }{c}, src)
	}
	for err == nil && limited.N > 0 {
		part := io.LimitedReader{R: limited.R, N: min(limited.N, piece)}
		c.out.begin()
		var m int64
		m, err = inner.ReadFrom(&part)
		c.out.end(int(m))
		n += m
		limited.N -= m
		if part.N > 0 {
			break // the end of the file
		}
	}
	return n, err
}

// isFile tells whether src is a file on a disk, by what package net looks for, too.
func isFile(src io.Reader) bool {
	f, ok := src.(interface {
		fs.File
		io.Seeker
		syscall.Conn
	})
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular()
}

// CloseWrite is called by net/http.
func (c *conn) CloseWrite() error {
	if inner, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return inner.CloseWrite()
	}
	return nil
}

// cut closes the connection, and has the kernel forget what the client hasn't read.
func (c *conn) cut() {
	if inner, ok := c.Conn.(interface{ SetLinger(sec int) error }); ok {
		_ = inner.SetLinger(0)
	}
	_ = c.Close()
}

// look cuts off what is too slow.
func (c *conn) look(p pace, elapsed time.Duration) {
	if c.out.look(elapsed, p.response, p.rate) {
		c.cut()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for x := c.exchanges; x != nil; x = x.next {
		x.look(p, elapsed)
	}
}

// add has an exchange watched.
func (c *conn) add(x *exchange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x.next = c.exchanges; x.next != nil {
		x.next.previous = x
	}
	c.exchanges = x
}

// remove ends that, if it hasn't ended.
func (c *conn) remove(x *exchange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case x.previous != nil:
		x.previous.next = x.next
	case c.exchanges == x:
		c.exchanges = x.next
	default:
		return
	}
	if x.next != nil {
		x.next.previous = x.previous
	}
	x.previous, x.next = nil, nil
}

// endHTTP1 removes the exchange of HTTP/1, of which there is one at a time.
func (c *conn) endHTTP1() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.exchanges != nil && !c.exchanges.http2 {
		c.exchanges = nil
	}
}

// hook has net/http tell what becomes of its connections, and that it stops, besides
// the user.
func (s *Server) hook() {
	s.Server.RegisterOnShutdown(s.tellHooks)
	state, connContext, baseContext := s.ConnState, s.ConnContext, s.BaseContext
	s.ConnState = func(c net.Conn, now http.ConnState) {
		s.track(c, now)
		if state != nil {
			state(bareConn(c), now)
		}
	}
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if connContext != nil {
			ctx = connContext(ctx, bareConn(c))
		}
		return context.WithValue(ctx, connKey{}, s.connOf(c))
	}
	if baseContext != nil {
		s.BaseContext = func(l net.Listener) context.Context {
			if ours, ok := l.(*connListener); ok {
				l = ours.Listener
			}
			return baseContext(l)
		}
	}
}

type connKey struct{}

// track keeps since when the server's connections are idle.
func (s *Server) track(nc net.Conn, state http.ConnState) {
	c := s.connOf(nc)
	switch state {
	case http.StateNew:
		c.idle.Store(s.conns.clock())
		s.conns.mu.Lock()
		s.conns.all[c] = struct{}{}
		s.conns.mu.Unlock()
		s.watch()
	case http.StateActive:
		c.idle.Store(0)
	case http.StateIdle:
		c.endHTTP1()
		c.idle.Store(s.conns.clock())
	case http.StateHijacked, http.StateClosed:
		c.endHTTP1()
		s.conns.alien.Delete(nc)
		s.conns.mu.Lock()
		delete(s.conns.all, c)
		s.conns.mu.Unlock()
	}
}
