package loopback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
	"time"

	"github.com/rcrowley/go-tigertonic/benchmarks/probe"
)

// A client sends requests over its own connection. It makes the system calls itself,
// because net.Conn tries to read before it waits: the response is never there at once, so
// that would cost one more system call per request.
type client struct {
	conn    net.Conn
	raw     syscall.RawConn
	step    func(fd uintptr) (done bool)
	request []byte
	sent    bool
	buffer  [4 << 10]byte
	length  int // of what is in buffer
	err     error
	took    []time.Duration // each answer that counts
}

// patience is how long a response may take. A service that hangs fails the run.
const patience = 10 * time.Second

// dialAll returns connected clients. If it fails, it returns those that it has so far.
func dialAll(ctx context.Context, addr string, n int, rq probe.Request) (clients []*client, err error) {
	request := wire(rq)
	for len(clients) < n {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err != nil {
			return clients, err
		}
		c := &client{conn: conn, request: request, took: make([]time.Duration, 0, 1<<10)}
		c.step = c.sendOrReceive
		clients = append(clients, c)
		if c.raw, err = conn.(*net.TCPConn).SyscallConn(); err != nil {
			return clients, err
		}
	}
	return clients, nil
}

func closeAll(clients []*client) error {
	var errs []error
	for _, c := range clients {
		errs = append(errs, c.conn.Close())
	}
	return errors.Join(errs...)
}

// ask sends requests until the end of the window, and records the times of those that are
// answered within it.
func (c *client) ask(ctx context.Context, w window) error {
	if err := c.conn.SetDeadline(w.start.Add(w.end + patience)); err != nil {
		return err
	}
	for due := w.first; due < w.end && ctx.Err() == nil; {
		if w.every > 0 {
			time.Sleep(time.Until(w.start.Add(due)))
		}
		if err := c.once(); err != nil {
			return err
		}
		now := time.Since(w.start)
		if now >= w.begin && now < w.end {
			c.took = append(c.took, now-due)
		}
		if due += w.every; w.every == 0 {
			due = now
		}
	}
	return nil
}

// once sends a request and receives the response.
func (c *client) once() error {
	c.sent, c.length, c.err = false, 0, nil
	if err := c.raw.Read(c.step); err != nil {
		return err
	}
	return c.err
}

// sendOrReceive is called by RawConn.Read, first at once and then whenever there is
// something to read, until it reports that it is done.
func (c *client) sendOrReceive(fd uintptr) (done bool) {
	if !c.sent {
		c.sent = true
		c.err = c.send(int(fd))
		return c.err != nil
	}
	done, c.err = c.receive(int(fd))
	return done
}

// send writes a request. There is always room for it, because all earlier requests have
// been answered.
func (c *client) send(fd int) error {
	n, err := again(syscall.Write, fd, c.request)
	if err == nil && n < len(c.request) {
		err = fmt.Errorf("of %d bytes, %d were sent", len(c.request), n)
	}
	return err
}

var (
	errTooLong = errors.New("the answer is too long")
	errEnded   = errors.New("the connection has ended within the answer")
)

// receive reads what has arrived, and reports whether the response is complete or can't
// become valid. Nothing can follow a response.
func (c *client) receive(fd int) (done bool, err error) {
	for {
		n, err := again(syscall.Read, fd, c.buffer[c.length:])
		switch {
		case errors.Is(err, syscall.EAGAIN):
			return false, nil
		case err != nil:
			return true, err
		case n == 0:
			return true, errEnded
		}
		c.length += n
		length, err := answerLength(c.buffer[:c.length])
		switch {
		case err != nil || length == c.length:
			return true, err
		case length > len(c.buffer) || length >= 0 && length < c.length || c.length == len(c.buffer):
			return true, errTooLong
		}
	}
}

// again repeats a system call while signals interrupt it.
func again(call func(fd int, p []byte) (int, error), fd int, p []byte) (n int, err error) {
	for {
		if n, err = call(fd, p); !errors.Is(err, syscall.EINTR) {
			return n, err
		}
	}
}

// answerLength returns the length of the response that begins with text, or -1 if its
// header isn't complete. net/http writes header names in this case.
func answerLength(text []byte) (int, error) {
	end := bytes.Index(text, []byte("\r\n\r\n"))
	if end < 0 {
		return -1, nil
	}
	head := text[:end]
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 200 ")) {
		return 0, fmt.Errorf("the answer is %q", text)
	}
	_, value, ok := bytes.Cut(head, []byte("\r\nContent-Length: "))
	if !ok {
		return 0, fmt.Errorf("there is no Content-Length in %q", head)
	}
	value, _, _ = bytes.Cut(value, []byte("\r\n"))
	n, err := strconv.Atoi(string(value))
	return end + len("\r\n\r\n") + n, err
}
