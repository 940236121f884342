package loopback

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"runtime/pprof"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rcrowley/go-tigertonic/benchmarks/middleware"
	"github.com/rcrowley/go-tigertonic/benchmarks/probe"
)

// Serve runs the service with this name. It writes a line with its address to out. It
// reads orders from in, one per line, and answers each with its usage so far. It ends at
// the end of in.
func Serve(name string, in io.Reader, out io.Writer) (err error) {
	i := slices.IndexFunc(Peers(), func(p Peer) bool { return p.Name == name })
	if i < 0 {
		return fmt.Errorf("there is no service %q", name)
	}
	// The log goes nowhere, but with a system call for each block.
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	log := middleware.NewLog(null)
	defer func() { err = errors.Join(err, log.Close(), null.Close()) }()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it lasts as long as the process
	if err != nil {
		return err
	}
	var open connections
	server := Peers()[i].server(log, open.count)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	_, err = fmt.Fprintln(out, listener.Addr())
	for lines := bufio.NewScanner(in); err == nil && lines.Scan(); {
		if err = open.obey(lines.Text()); err == nil {
			_, err = fmt.Fprintln(out, used()...)
		}
	}
	return errors.Join(err, server.Close(), ignoreClosed(<-served))
}

// used returns the CPU time, in nanoseconds, and the bytes and the objects that have
// been allocated.
func used() []any {
	samples := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/allocs:objects"}}
	metrics.Read(samples)
	return []any{probe.CPUTime(), samples[0].Value.Uint64(), samples[1].Value.Uint64()}
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// connections counts the open connections.
type connections struct{ atomic.Int64 }

func (c *connections) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		c.Add(1)
	case http.StateClosed:
		c.Add(-1)
	}
}

// obey executes an order.
func (c *connections) obey(order string) error {
	switch what, path, _ := strings.Cut(order, " "); what {
	case "tell":
		return nil
	case "rest":
		c.rest()
		return nil
	case "profile":
		f, err := os.Create(path) //nolint:gosec // whoever runs this process says where
		if err != nil {
			return err
		}
		return pprof.StartCPUProfile(f)
	case "stop":
		pprof.StopCPUProfile()
		return nil
	}
	return fmt.Errorf("there is no order %q", order)
}

// rest waits until the connections have ended, and collects all garbage, so that neither
// takes time from the next service.
func (c *connections) rest() {
	for range 1000 {
		if c.Load() == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	debug.FreeOSMemory()
}
