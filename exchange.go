package tigertonic

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0) //nolint:gochecknoglobals // a constant

// An exchange is a request whose body may come slowly, or whose response may be read
// slowly where that doesn't show on the connection: on HTTP/2, where each stream has
// a flow of its own, and beneath TLS that isn't the server's.
//
// It is the request's body, as handlers see it. net/http itself reads what a handler
// leaves of it on HTTP/1, before it sends the header or after the handler has
// returned. So that time counts as well, and net/http finds the body that it has
// made, for it looks at what kind of a body that is.
//
// The sweep finds the exchanges of a connection in a list, under its lock: what has
// been removed from there, it doesn't touch any more.
type exchange struct {
	server *Server
	conn   *conn
	w      http.ResponseWriter // net/http's own
	r      *http.Request       // the one that net/http looks at
	body   io.ReadCloser       // as net/http has made it, or nil if there is none
	seen   io.ReadCloser       // what handlers have made of it, meanwhile

	in      flow // the handler reads the body
	rest    flow // net/http may read what is left of it, a quarter of a megabyte at most
	out     flow // the response is written
	http2   bool
	outward bool        // out is watched
	duplex  bool        // the body may be read while the response is written
	paced   bool        // the handler sets write deadlines of its own
	free    atomic.Bool // there is no limit on the body, or no longer
	atEnd   atomic.Bool // nothing more is to be read
	late    atomic.Bool // it has been cut off

	next, previous *exchange // in the list of the connection
}

// exchange returns one for a request that is to be watched, or nil.
func (s *Server) exchange(w http.ResponseWriter, r *http.Request) *exchange {
	http2, hasBody := r.ProtoMajor >= 2, r.ContentLength != 0 && r.Body != nil
	if !hasBody && r.TLS == nil && !http2 {
		return nil
	}
	c, ok := r.Context().Value(connKey{}).(*conn)
	if !ok {
		return nil // it is a test that serves it
	}
	outward := http2 || c.isAlien()
	if !hasBody && !outward {
		return nil
	}
	x := &exchange{server: s, conn: c, w: w, r: r, http2: http2, duplex: http2, outward: outward}
	if hasBody {
		x.body, r.Body = r.Body, x
	} else {
		x.atEnd.Store(true)
	}
	c.add(x)
	return x
}

// Read reads the body.
func (x *exchange) Read(p []byte) (int, error) {
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
func (x *exchange) Close() error {
	x.in.begin()
	err := x.body.Close()
	x.in.end(0)
	x.atEnd.Store(true)
	return err
}

// onHeader is the server's, and ends the limit on the body where the client and the
// handler now talk to each other. Else the server is about to answer, and the rest of
// the body is read.
func (x *exchange) onHeader(status int, h http.Header) {
	x.server.onHeader(status, h)
	if !x.duplex {
		return
	}
	x.free.Store(true)
	if !x.http2 && x.r.Header["Expect"] != nil {
		x.r.Body = x.body // of which net/http may not have asked for anything yet
	}
}

// rests tells whether net/http may read the rest of the body when it is written to.
func (x *exchange) rests() bool { return x != nil && !x.duplex && !x.atEnd.Load() }

// enter is called before net/http is written to, and tells leave, which is called
// afterwards, whether it may read the rest of the body.
func (x *exchange) enter() (rests bool) {
	if x.outward {
		x.out.begin()
	}
	if rests = x.rests(); rests {
		x.rest.begin()
	}
	if !x.duplex && x.body != nil {
		x.seen, x.r.Body = x.r.Body, x.body
	}
	return rests
}

func (x *exchange) leave(rests bool, n int) {
	if x.outward {
		x.out.end(n)
	}
	if rests {
		x.rest.end(0)
	}
	if !x.duplex && x.body != nil {
		x.r.Body = x.seen
	}
}

// writeWatched writes what x, which may be nil, is to watch.
func writeWatched[T string | []byte](x *exchange, p T, write func(T) (int, error)) (n int, err error) {
	if x == nil {
		return write(p)
	}
	for first := true; err == nil && (first || n < len(p)); first = false {
		part := p[n:]
		if x.outward {
			part = part[:min(len(part), piece)]
		}
		rests := x.enter()
		var m int
		m, err = write(part)
		x.leave(rests, m)
		n += m
	}
	return n, err
}

// end is called when the handler has returned. What is left to do is net/http's.
func (x *exchange) end() {
	rests := x.enter()
	if !x.http2 && (rests || x.outward) {
		return // it is removed when net/http says that the connection is idle
	}
	x.conn.remove(x)
	if limit := x.server.pace().response; x.http2 && !x.paced && limit > 0 && x.server.WriteTimeout <= 0 {
		// For the last few kilobytes. They can't be watched, for net/http gives the
		// writer to the next stream once they are through.
		x.setDeadline(time.Now().Add(limit))
	}
}

// look cuts off what is too slow. It is called under the connection's lock.
func (x *exchange) look(p pace, elapsed time.Duration) {
	slow := x.in.look(elapsed, p.body, p.rate) && !x.free.Load()
	if x.rest.look(elapsed, p.body, p.rate) || slow {
		x.late.Store(slow)
		if w, ok := x.w.(interface{ SetReadDeadline(t time.Time) error }); ok {
			_ = w.SetReadDeadline(longAgo) // or the connection is closed
		}
	}
	if x.outward && x.out.look(elapsed, p.response, p.rate) {
		x.setDeadline(longAgo)
	}
}

func (x *exchange) setDeadline(t time.Time) {
	if w, ok := x.w.(interface{ SetWriteDeadline(t time.Time) error }); ok {
		_ = w.SetWriteDeadline(t) // or the connection is closed
	}
}
