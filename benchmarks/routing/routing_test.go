package routing

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/benchmarks/probe"
)

func TestMain(m *testing.M) {
	tigertonic.ResponseErrorWriter = PlainErrors{tigertonic.ResponseErrorWriter}
	os.Exit(m.Run())
}

func TestRoutersAnswerTheSame(t *testing.T) {
	tasks, err := Tasks()
	require.NoError(t, err)
	for _, task := range append(tasks, Growths()[2]) {
		for _, peer := range Peers() {
			if peer.Name == "none" {
				continue
			}
			t.Run(task.Name+"/"+peer.Name, func(t *testing.T) { checkAnswers(t, task, peer) })
		}
	}
}

func checkAnswers(t *testing.T, task Task, peer Peer) {
	leaves := Leaves(task.Routes, true) // else nothing tells which was reached
	router := peer.New(leaves)
	want := overHTTP(newNetHTTP)(leaves)
	for i, ask := range task.Asks {
		got := router.Answered(ask.Method, ask.Path)
		require.Equal(t, task.Status, got.Status, "%v", ask)
		if task.Status != 200 {
			require.Empty(t, want.Answered(ask.Method, ask.Path).Same(got, "Content-Type", "X-Content-Type-Options"), "%v: got %q", ask, got)
		} else if len(task.Asks) == len(leaves) {
			require.Equal(t, leaves[i].Names, append([]string(nil), leaves[i].Values...), "%v", ask)
		}
		if task.Status == 405 && got.Header.Get("Allow") == "" {
			t.Logf("%s doesn't say what is allowed", peer.Name)
		}
	}
}

func TestTables(t *testing.T) {
	for name, n := range map[string]int{"github": 203, "gplus": 13, "parse": 26, "static": 157} {
		routes, err := Table("../../testdata/routes", name)
		require.NoError(t, err)
		assert.Len(t, routes, n, name)
	}
	assert.Equal(t, "/:a/:b", Wildcards(2).Colon)
	assert.Equal(t, []string{"a", "b"}, Wildcards(2).Names)
	assert.Len(t, Deep(3), 60)
}

func TestShuffledAsksAreTheSame(t *testing.T) {
	asks := asksFor(Grown(100))
	assert.ElementsMatch(t, asks, Shuffled(asks))
	assert.NotEqual(t, asks, Shuffled(asks))
}

func BenchmarkRouting(b *testing.B) {
	tasks, err := Tasks()
	require.NoError(b, err)
	for _, task := range tasks {
		for _, peer := range Peers() {
			b.Run(fmt.Sprintf("task=%s/peer=%s", task.Name, peer.Name), func(b *testing.B) {
				leaves := Leaves(task.Routes, task.Reads)
				router := peer.New(leaves)
				probe.Measure(b, func() {
					for _, ask := range task.Asks {
						router.AskFor(ask.Method, ask.Path)
					}
				})
				if task.Status == 200 && peer.Name != "none" {
					mustHaveReached(b, leaves, b.N*len(task.Asks))
				}
			})
		}
	}
}

func BenchmarkGrowth(b *testing.B) {
	for _, task := range Growths() {
		for _, peer := range Peers() {
			b.Run(fmt.Sprintf("task=%s/peer=%s", task.Name, peer.Name), func(b *testing.B) {
				leaves := Leaves(task.Routes, false)
				router := peer.New(leaves)
				i := 0
				probe.Measure(b, func() {
					ask := task.Asks[i%len(task.Asks)]
					router.AskFor(ask.Method, ask.Path)
					i++
				})
				if peer.Name != "none" {
					mustHaveReached(b, leaves, b.N)
				}
			})
		}
	}
}

// mustHaveReached fails if what was timed isn't what should have been.
func mustHaveReached(b *testing.B, leaves []*Leaf, want int) {
	b.Helper()
	got := 0
	for _, leaf := range leaves {
		got += leaf.Calls
	}
	if got != want {
		b.Fatalf("the handlers were called %d times, want %d", got, want)
	}
}

// BenchmarkRegistration measures what a route costs to register, and to hold in
// memory. The patterns and what the handlers point to aren't counted.
func BenchmarkRegistration(b *testing.B) {
	for _, task := range Growths() {
		if task.Name != "routes-10000" && task.Name != "depth-20" {
			continue
		}
		for _, peer := range Peers() {
			if peer.Name == "none" {
				continue
			}
			b.Run(fmt.Sprintf("task=%s/peer=%s", task.Name, peer.Name), func(b *testing.B) {
				leaves := Leaves(task.Routes, false)
				var (
					bytes int64
					took  time.Duration
				)
				for b.Loop() {
					before, start := heap(), time.Now()
					router := peer.New(leaves)
					took += time.Since(start)
					bytes += heap() - before
					runtime.KeepAlive(router)
				}
				runtime.KeepAlive(leaves)
				routes := float64(b.N * len(leaves))
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(float64(took.Nanoseconds())/routes, "ns/route")
				b.ReportMetric(float64(bytes)/routes, "heapB/route")
			})
		}
	}
}

// heap returns how many bytes of the heap are in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what finalizers and pools have kept
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
