package conns

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0) //nolint:gochecknoglobals // a constant

// An Exchange is a request whose body may come slowly, or whose response may be read
// slowly in a way that the connection doesn't show: on HTTP/2, where each stream has its
// own flow, and beneath TLS that isn't the server's.
//
// It is the request's body, as handlers see it in a copy of the request. net/http's own
// request keeps the body that net/http has made, for it looks at what kind of a body that
// is: when it reads what a handler leaves of it on HTTP/1, before it sends the header or
// after the handler has returned, and when it asks the client to go on with a body
// (Expect: 100-continue). The time that this takes counts as well. Neither request is
// changed while the handler runs, so that its goroutines may read theirs.
//
// The sweep finds the exchanges of a connection in a list, under its lock, and never
// touches one that has been removed.
type Exchange struct {
	conn *Conn
	w    http.ResponseWriter // net/http's own
	body io.ReadCloser       // as net/http has made it, or nil if there is none

	in      flow // the handler reads the body
	rest    flow // net/http may read what is left of it, a quarter of a megabyte at most
	out     flow // the response is written
	http2   bool
	outward bool        // out is watched
	duplex  bool        // the body may be read while the response is written
	paced   atomic.Bool // the handler sets write deadlines of its own
	free    atomic.Bool // there is no limit on the body, or no longer
	atEnd   atomic.Bool // nothing more is to be read
	late    atomic.Bool // it has been cut off

	next, previous *Exchange // in the list of the connection
}

// A bodyExchange is allocated together with the request that handlers see.
type bodyExchange struct {
	Exchange
	request http.Request
}

// Watch returns an exchange for a request of net/http's, or nil if it needn't be watched,
// and the request for the handlers. The exchange must be the response's Watcher (package
// record), and the caller must call End.
func Watch(w http.ResponseWriter, r *http.Request) (*Exchange, *http.Request) {
	http2, hasBody := r.ProtoMajor >= 2, r.ContentLength != 0 && r.Body != nil
	if !hasBody && r.TLS == nil && !http2 {
		return nil, r
	}
	c, ok := r.Context().Value(connKey{}).(*Conn)
	if !ok {
		return nil, r // it is a test that serves it
	}
	outward := http2 || c.isAlien()
	switch {
	case hasBody:
		b := &bodyExchange{Exchange{conn: c, w: w, body: r.Body, http2: http2, duplex: http2, outward: outward}, *r}
		b.request.Body = &b.Exchange
		c.add(&b.Exchange)
		return &b.Exchange, &b.request
	case outward:
		x := &Exchange{conn: c, w: w, http2: http2, duplex: http2, outward: true}
		x.atEnd.Store(true)
		c.add(x)
		return x, r
	}
	return nil, r
}

// Read reads the body.
func (x *Exchange) Read(p []byte) (int, error) {
	x.in.begin()
	n, err := x.body.Read(p)
	x.in.end(n)
	if err != nil {
		x.atEnd.Store(true)
		if x.late.Load() && err != io.EOF {
			err = errSlowBody
		}
	}
	return n, err
}

var errSlowBody = fmt.Errorf("tigertonic: the body comes too slowly: %w", os.ErrDeadlineExceeded)

// Close closes the body, for which net/http reads some of the rest.
func (x *Exchange) Close() error {
	x.in.begin()
	err := x.body.Close()
	x.in.end(0)
	x.atEnd.Store(true)
	return err
}

// Answer ends the limit on the body if client and handler now talk to each other.
// Otherwise the server is about to answer, and reads the rest of the body.
func (x *Exchange) Answer() {
	if x.duplex {
		x.free.Store(true)
	}
}

// Rests reports whether net/http may read the rest of the body when the response is
// written.
func (x *Exchange) Rests() bool { return !x.duplex && !x.atEnd.Load() }

// Piece returns how much to write at a time, so that the sweep sees progress.
func (x *Exchange) Piece() int {
	if x.outward {
		return piece
	}
	return math.MaxInt
}

// OwnReadDeadline ends the limit on the body, because the handler sets its own.
func (x *Exchange) OwnReadDeadline() { x.free.Store(true) }

// OwnWriteDeadline ends the limit on the last of the response.
func (x *Exchange) OwnWriteDeadline() { x.paced.Store(true) }

// FullDuplex allows the body to be read while the response is written.
func (x *Exchange) FullDuplex() { x.duplex = true }

// Enter is called before a write to net/http. Its result, for Leave, reports whether
// net/http may read the rest of the body.
func (x *Exchange) Enter() (rests bool) {
	if x.outward {
		x.out.begin()
	}
	if rests = x.Rests(); rests {
		x.rest.begin()
	}
	return rests
}

// Leave is called after a write to net/http.
func (x *Exchange) Leave(rests bool, n int) {
	if x.outward {
		x.out.end(n)
	}
	if rests {
		x.rest.end(0)
	}
}

// End is called when the handler has returned. What is left to do is net/http's.
func (x *Exchange) End() {
	rests := x.Enter()
	if !x.http2 && (rests || x.outward) {
		return // it is removed when net/http says that the connection is idle
	}
	x.conn.remove(x)
	limits := x.conn.tracker.limits
	if x.http2 && !x.paced.Load() && limits.Response > 0 && !limits.HasWriteTimeout {
		// For the last few kilobytes. They can't be watched, for net/http gives the
		// writer to the next stream once they are through.
		x.setDeadline(time.Now().Add(limits.Response))
	}
}

// look cuts off a client that is too slow. It is called under the connection's lock.
func (x *Exchange) look(p Limits, elapsed time.Duration) {
	slow := x.in.look(elapsed, p.Body, p.Rate) && !x.free.Load()
	if x.rest.look(elapsed, p.Body, p.Rate) || slow {
		x.late.Store(slow)
		if w, ok := x.w.(interface{ SetReadDeadline(t time.Time) error }); ok {
			_ = w.SetReadDeadline(longAgo) // or the connection is closed
		}
	}
	if x.outward && x.out.look(elapsed, p.Response, p.Rate) {
		x.setDeadline(longAgo)
	}
}

func (x *Exchange) setDeadline(t time.Time) {
	if w, ok := x.w.(interface{ SetWriteDeadline(t time.Time) error }); ok {
		_ = w.SetWriteDeadline(t) // or the connection is closed
	}
}
