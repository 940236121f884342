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

// Serve is the process of the service of this name. It writes its address to out
// in a line. What it reads from in are orders, a line each, and it answers each with
// what it has taken so far. At the end of in it ends.
func Serve(name string, in io.Reader, out io.Writer) (err error) {
	i := slices.IndexFunc(Peers(), func(p Peer) bool { return p.Name == name })
	if i < 0 {
		return fmt.Errorf("there is no service %q", name)
	}
	// The log is to nowhere, but by a system call for each block.
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

// connections are how many there are.
type connections struct{ atomic.Int64 }

func (c *connections) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		c.Add(1)
	case http.StateClosed:
		c.Add(-1)
	}
}

// obey does what an order says.
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

// rest waits until the connections have ended, and collects all garbage: neither is
// to take time from the service that is asked next.
func (c *connections) rest() {
	for range 1000 {
		if c.Load() == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	debug.FreeOSMemory()
}
