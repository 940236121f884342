package conns

import (
	"crypto/tls"
	"io"
	"io/fs"
	"net"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// piece is how much is written to a connection at a time, so that the sweep sees
// progress.
const piece = 64 << 10

// A Conn is a connection that a server has accepted, beneath TLS. Users see the
// connection that it wraps.
type Conn struct {
	net.Conn
	tracker *Tracker
	out     flow
	idle    atomic.Int64 // when it last was heard of while it had no request, by the clock of its server, or 0 if it has one
	fresh   atomic.Bool  // it hasn't had a request
	refused atomic.Bool  // it was closed for that, so that it is idle though net/http calls what has come of a header active

	mu        sync.Mutex
	exchanges *Exchange // those that are watched, a list
	file      io.Seeker // that the kernel sends, or nil,
	from      int64     // from this offset on
}

// isAlien reports whether the connection's traffic can't be observed.
func (c *Conn) isAlien() bool {
	_, overTLS := c.Conn.(*tls.Conn)
	return overTLS
}

// Bare returns the connection that the listener of a server has accepted, or TLS on
// it, for users to see. The Conn is as net/http knows it.
func Bare(c net.Conn) net.Conn {
	if known, ok := c.(*Conn); ok {
		return known.Conn
	}
	return c
}

// Bare returns the connection that the listener has accepted.
func (c *Conn) Bare() net.Conn { return c.Conn }

// NetConn returns the connection that the listener has accepted, for those who ask
// a [tls.Conn] for what is beneath.
func (c *Conn) NetConn() net.Conn { return c.Conn }

// Read notes that the client isn't quiet though the connection has no request: a
// header may come in pieces, as the messages of a TLS handshake do.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if idle := c.idle.Load(); n > 0 && idle != 0 {
		c.idle.CompareAndSwap(idle, c.tracker.clock()) // unless it has got one meanwhile
	}
	return n, err
}

// Write writes a piece at a time.
func (c *Conn) Write(p []byte) (n int, err error) {
	for first := true; err == nil && (first || n < len(p)); first = false {
		c.out.begin()
		var m int
		m, err = c.Conn.Write(p[n:min(len(p), n+piece)])
		c.out.end(m)
		n += m
	}
	return n, err
}

// ReadFrom lets the kernel send a file. It copies from any other source, because the
// client isn't to blame for a slow source.
func (c *Conn) ReadFrom(src io.Reader) (n int64, err error) {
	inner, ok := c.Conn.(io.ReaderFrom)
	limited, _ := src.(*io.LimitedReader)
	if limited == nil {
		limited = &io.LimitedReader{R: src, N: 1<<63 - 1}
	}
	if !ok || !isFile(limited.R) {
		return io.Copy(struct{ io.Writer }{c}, src)
	}
	most := int64(piece)
	if limited.N > piece && c.show(limited.R) {
		most = limited.N
		defer c.hide()
	}
	for err == nil && limited.N > 0 {
		part := io.LimitedReader{R: limited.R, N: min(limited.N, most)}
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

// show lets the sweep see how much of a file the kernel has sent, and reports whether it
// can: Linux moves the file's offset as it sends.
func (c *Conn) show(src io.Reader) bool {
	t := reflect.TypeOf(src)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	f, ok := src.(io.Seeker)
	if runtime.GOOS != "linux" || !ok || t.PkgPath() != "os" { // whose Seek may be called meanwhile
		return false
	}
	from, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.file, c.from = f, from
	return true
}

// hide undoes show.
func (c *Conn) hide() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.file = nil
}

// sent returns the state of what is written, including how much of a file the kernel has
// sent. It is called with mu locked.
func (c *Conn) sent() uint64 {
	state := c.out.state.Load()
	if c.file == nil || state%2 == 0 {
		return state
	}
	at, err := c.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return state
	}
	return state + 2*uint64(max(0, at-c.from))
}

// isFile reports whether src is a file on a disk, by what package net looks for, too.
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
func (c *Conn) CloseWrite() error {
	if inner, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return inner.CloseWrite()
	}
	return nil
}

// cut closes the connection, and drops what the client hasn't read from the kernel's
// buffers.
func (c *Conn) cut() {
	if inner, ok := c.Conn.(interface{ SetLinger(sec int) error }); ok {
		_ = inner.SetLinger(0)
	}
	_ = c.Close()
}

// look cuts off exchanges that are too slow.
func (c *Conn) look(p Limits, elapsed time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out.lookAt(c.sent(), elapsed, p.Response, p.Rate) {
		c.cut()
	}
	for x := c.exchanges; x != nil; x = x.next {
		x.look(p, elapsed)
	}
}

// add starts watching an exchange.
func (c *Conn) add(x *Exchange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x.next = c.exchanges; x.next != nil {
		x.next.previous = x
	}
	c.exchanges = x
}

// remove stops watching an exchange, if it is still watched.
func (c *Conn) remove(x *Exchange) {
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
func (c *Conn) endHTTP1() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.exchanges != nil && !c.exchanges.http2 {
		c.exchanges = nil
	}
}
