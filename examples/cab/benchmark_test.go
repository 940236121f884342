package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic/client"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/raziel"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/sim"
)

// A request through twelve services in one process, with 20,000 drivers on the road and
// without a socket. CPU counts what the machine has computed, whatever else it does.
func BenchmarkNearDrivers(b *testing.B) {
	for _, traced := range []bool{true, false} {
		b.Run(fmt.Sprintf("traced=%v", traced), func(b *testing.B) {
			p := newBenchmark(b, fmt.Sprintf("-trace=%v", traced))
			b.ReportAllocs()
			began, n := cpu(b), 0
			for b.Loop() {
				n++
				r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "http://cab.test/v1/customer/neardrivers?lat=53.34&lng=-6.26&n=10", http.NoBody)
				w := httptest.NewRecorder()
				p.front.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
			b.ReportMetric(float64((cpu(b)-began).Microseconds())/float64(n), "CPU-µs/op")
		})
	}
}

// newBenchmark starts a process with drivers that don't move any more.
func newBenchmark(b *testing.B, args ...string) *process {
	b.Helper()
	o, err := parseOptions(append([]string{"-db", b.TempDir() + "/cab.db", "-drivers", "0", "-jobs", "0"}, args...))
	if err != nil {
		b.Fatal(err)
	}
	p, err := newProcess(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(p.stop)
	c := p.node.Client(simulated, raziel.Name)
	for r := range sim.New(city(), 20_000, 1, time.Now().Add(-8*time.Second)).Until(time.Now()) {
		body := raziel.NewPlaces{Lat: r.At.Lat, Lng: r.At.Lng, Heading: r.Heading, Seen: r.Seen}
		if _, err := client.Call(b.Context(), c, raziel.Position, &raziel.PositionIn{ID: r.ID, Body: body}); err != nil {
			b.Fatal(err)
		}
	}
	return p
}

// cpu returns the time that this process has computed for.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		t.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
