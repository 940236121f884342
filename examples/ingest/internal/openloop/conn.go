package openloop

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// A conn is a connection and the goroutine that reads its responses. The generator's
// mutex guards its fields; conn is set once.
type conn struct {
	g    *generator
	conn net.Conn

	busy      bool  // has a request that isn't answered
	late      bool  // cut off for its answer was overdue
	unsent    error // what went wrong with writing
	seq       int64
	due, sent time.Duration
	sum       [sha256.Size]byte // of what Outcomes identify the request by
}

// run opens the connection, sends the request that it was opened for, and reads responses
// until it ends.
func (c *conn) run() {
	if err := c.open(); err != nil {
		c.g.unconnected(c, err)
		return
	}
	defer func() { _ = c.conn.Close() }()
	in := newReader(c.conn, c.g.template.head)
	var scratch []byte
	for again := true; ; {
		if again {
			scratch = c.write(scratch)
		}
		r, err := in.next()
		if err != nil {
			c.g.fail(c, err)
			return
		}
		if in.Buffered() > 0 || hasNews(c.conn) {
			r.close = true // there is an answer that nobody has asked for, or the end
		}
		again = c.g.answer(c, r)
		if r.close {
			return
		}
	}
}

func (c *conn) open() error {
	ctx, cancel := context.WithTimeout(c.g.ctx, c.g.Timeout)
	defer cancel()
	conn, err := c.g.template.dial(ctx, c.g.Insecure)
	if err != nil {
		return err
	}
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	c.g.Dialed++
	c.sent = c.g.now()
	c.conn = conn
	if c.g.ctx.Err() != nil {
		_ = conn.Close()
	}
	return nil
}

// dial connects to the server of a template's requests.
func (t *template) dial(ctx context.Context, insecure bool) (net.Conn, error) {
	var d net.Dialer
	if !t.tls {
		return d.DialContext(ctx, "tcp", t.address)
	}
	host, _, _ := net.SplitHostPort(t.address)
	secure := tls.Dialer{Config: &tls.Config{
		ServerName: host, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: insecure, //nolint:gosec // the caller asks for it
	}}
	return secure.DialContext(ctx, "tcp", t.address)
}

// write sends the connection's request, rendered into scratch. It leaves errors to the
// reader, which may still find a response.
func (c *conn) write(scratch []byte) []byte {
	text, member := c.g.template.render(scratch[:0], c.seq)
	if c.g.Outcomes != nil {
		sum := sha256.Sum256(member)
		c.g.mu.Lock()
		c.sum = sum
		c.g.mu.Unlock()
	}
	if _, err := c.conn.Write(text); err != nil {
		_ = c.conn.SetReadDeadline(time.Now().Add(time.Second))
		c.g.mu.Lock()
		c.unsent = err
		c.g.mu.Unlock()
	}
	return text
}

// answer records a response, and gives the connection its next request if one is due and
// the connection can take it.
func (g *generator) answer(c *conn, r response) (again bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !c.busy { // nobody has asked, so it is about the connection
		r.close = true
	} else {
		now := g.now()
		g.answered(r, c.due, c.sent, now)
		g.Outcomes.answered(c.seq, &c.sum, r)
		if !r.close && g.next < g.dueBy(now) {
			g.take(c)
			return true
		}
	}
	if r.close {
		g.remove(c)
		return false
	}
	c.busy = false
	g.busy--
	g.idle = append(g.idle, c)
	return false
}

// fail records that a connection has ended, and with it the request that it had, if any.
func (g *generator) fail(c *conn, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c.busy {
		kind := kindOf(cmp.Or(c.unsent, err)) // a reset that a write has found reads as an end
		switch {
		case g.ctx.Err() != nil:
			kind = "the run ended before the answer"
		case c.late:
			kind = "timeout"
		}
		g.lost(kind, g.now())
		g.Outcomes.lost(c.seq, &c.sum, kind)
	}
	g.remove(c)
}

// unconnected records that no connection could be opened for a request. The connection
// counts as being opened for a while longer, to slow down further attempts.
func (g *generator) unconnected(c *conn, err error) {
	g.mu.Lock()
	g.Unconnected++
	g.lost("not connected: "+kindOf(err), g.now())
	g.mu.Unlock()
	select {
	case <-time.After(pause):
	case <-g.ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.remove(c)
}

// kindOf classifies errors for the report.
func kindOf(err error) string {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return "unknown host"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection closed before the answer"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset before the answer"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return err.Error()
}
