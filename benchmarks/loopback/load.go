package loopback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rcrowley/go-tigertonic/benchmarks/probe"
)

// The load is a closed loop: each connection sends the next request when it has
// the answer to the last one, so that there are as many requests at a time as
// there are connections. What is sent is made once, and of what is received no
// more is looked at than has to be, so that the service gets most of the
// machine.

// A Load is how a service is asked.
type Load struct {
	Connections int
	Warm, Take  time.Duration // how long before anything is counted, and after
}

// A Result is what a load has found.
type Result struct {
	Requests int64
	Elapsed  time.Duration
	CPU      time.Duration // of the service
	P50, P99 time.Duration
}

// Run puts the load on a service. Each answer must be 200 and has to have a
// Content-Length.
func (l Load) Run(ctx context.Context, c *Child, rq probe.Request) (Result, error) {
	var (
		raw        = wire(rq)
		histograms = make([]histogram, l.Connections)
		begin      = time.Now().Add(l.Warm)
		end        = begin.Add(l.Take)
		cpu        time.Duration
	)
	group, ctx := errgroup.WithContext(ctx)
	for i := range histograms {
		group.Go(func() error { return ask(ctx, c.Addr, raw, begin, end, &histograms[i]) })
	}
	group.Go(func() error {
		before, err := cpuAt(ctx, c, begin)
		if err != nil {
			return err
		}
		after, err := cpuAt(ctx, c, end)
		cpu = after - before
		return err
	})
	if err := group.Wait(); err != nil {
		return Result{}, err
	}
	all := &histograms[0]
	for i := range histograms[1:] {
		all.merge(&histograms[1+i])
	}
	return Result{int64(all.count), l.Take, cpu, all.quantile(0.5), all.quantile(0.99)}, nil //nolint:gosec // a count
}

func cpuAt(ctx context.Context, c *Child, t time.Time) (time.Duration, error) {
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(time.Until(t)):
		return c.CPUTime()
	}
}

// wire returns the request as it is sent.
func wire(rq probe.Request) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: example.com\r\n", rq.Method, rq.Target)
	_ = rq.Header.Write(&b)
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(rq.Body), rq.Body)
	return b.Bytes()
}

// ask sends requests over a connection of its own until end, and counts those
// that were answered between begin and end.
func ask(ctx context.Context, addr string, raw []byte, begin, end time.Time, h *histogram) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // all has been read
	// A service that hangs fails the run.
	if err := conn.SetDeadline(end.Add(10 * time.Second)); err != nil {
		return err
	}
	buffer := make([]byte, 4<<10)
	for sent := time.Now(); sent.Before(end); {
		if _, err := conn.Write(raw); err != nil {
			return err
		}
		if err := receive(conn, buffer); err != nil {
			return err
		}
		now := time.Now()
		if !now.Before(begin) && now.Before(end) {
			h.add(now.Sub(sent))
		}
		sent = now
	}
	return nil
}

var errTooLong = errors.New("the answer is too long")

// receive reads an answer. Nothing can be behind it.
func receive(conn io.Reader, buffer []byte) error {
	length := -1 // of the answer, as soon as it is known
	for n := 0; n != length; {
		if n == len(buffer) {
			return errTooLong
		}
		more, err := conn.Read(buffer[n:])
		if err != nil {
			return err
		}
		n += more
		if length < 0 {
			if length, err = answerLength(buffer[:n]); err != nil {
				return err
			}
		}
	}
	return nil
}

// answerLength returns the length of the answer that begins with text, or -1 if
// its header isn't complete. A header that net/http writes has its names in this
// case.
func answerLength(text []byte) (int, error) {
	head, _, ok := bytes.Cut(text, []byte("\r\n\r\n"))
	if !ok {
		return -1, nil
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 200 ")) {
		return 0, fmt.Errorf("the answer is %q", text)
	}
	_, value, ok := bytes.Cut(head, []byte("\r\nContent-Length: "))
	if !ok {
		return 0, fmt.Errorf("there is no Content-Length in %q", head)
	}
	value, _, _ = bytes.Cut(value, []byte("\r\n"))
	n, err := strconv.Atoi(string(value))
	return len(head) + len("\r\n\r\n") + n, err
}
