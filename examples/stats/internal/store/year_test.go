package store_test

import (
	"flag"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/frame"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

// full measures what the README tells: go test ./stats/internal/store -run Year -v -full.
var full = flag.Bool("full", false, "measure reads over a million rows")

// TestYearIsReadFast reads windows of two stats with a minute each for a year, which are
// 1,051,200 rows.
func TestYearIsReadFast(t *testing.T) {
	if !*full {
		t.Skip("takes minutes: run go test ./stats/internal/store -run Year -v -full")
	}
	onEach(t, func(t *testing.T, db string) {
		s := open(t, db)
		a := account(t, s, "ann")
		began := time.Now()
		for day := range int64(365) {
			w := &store.Write{Account: a.ID}
			for minute := range int64(frame.Day) {
				at := noon/60 - day*frame.Day - minute
				w.Samples = append(w.Samples, count("x", at, float64(minute%100)), count("y", at, 1))
			}
			apply(t, s, w)
			if _, err := s.RollUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("a million rows were written in %v", time.Since(began))
		x := named(t, s, a, "x")
		for _, text := range []string{"1h1m", "1w3h", "1M1h", "1y1d", "1y1w"} {
			var took []time.Duration
			began := cpu(t)
			for i := range int64(200) {
				start := time.Now()
				cells := series(t, s, x.ID, text, noon-i*60)
				took = append(took, time.Since(start))
				if store.Total(cells).N == 0 {
					t.Error("there is nothing")
				}
			}
			slices.Sort(took)
			t.Logf("%s: p50 %v, p99 %v, and %v of this process's CPU each", text, took[100], took[198], (cpu(t)-began)/200)
		}
	})
}

// cpu returns the CPU time that this process has used, which other load on the machine
// changes little.
func cpu(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
