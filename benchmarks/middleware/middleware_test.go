package middleware

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/benchmarks/endpoints"
	"github.com/rcrowley/go-tigertonic/benchmarks/probe"
)

func TestPeersAnswerTheSame(t *testing.T) {
	for _, task := range Tasks() {
		var first probe.Answer
		for i, p := range task.Peers {
			t.Run(task.Name+"/"+p.Name, func(t *testing.T) {
				var lines bytes.Buffer
				log := NewLog(&lines)
				got := probe.Answered(p.Wrap(Answer(), log), task.Request)
				require.NoError(t, log.Close())
				require.Equal(t, 200, got.Status)
				if task.OwnBody {
					got.Body = ""
				}
				if i == 0 {
					first = got
				}
				assert.Empty(t, first.Same(got, task.Same...), "got %q, the first %q", got, first)
				for _, name := range task.Sets {
					assert.NotEmpty(t, got.Header.Get(name), name)
				}
				if task.Logs {
					assert.True(t, task.IsLogLine(lines.String()), "logged %q", lines.String())
				} else {
					assert.Empty(t, lines.String())
				}
			})
		}
	}
}

func TestStacksAnswerTheSame(t *testing.T) {
	var first probe.Answer
	for i, s := range stacks() {
		var lines bytes.Buffer
		log := NewLog(&lines)
		got := probe.Answered(s.Wrap(nil, log), stackRequest())
		require.NoError(t, log.Close())
		got.Body = strings.TrimSuffix(got.Body, "\n")
		if i == 0 {
			first = got
			continue
		}
		assert.Empty(t, first.Same(got, "Content-Type"), "%s: got %q, want %q", s.Name, got, first)
		assert.Equal(t, "https://example.com", got.Header.Get("Access-Control-Allow-Origin"), s.Name)
		assert.NotEmpty(t, got.Header.Get("X-Request-Id"), s.Name)
		assert.Equal(t, 1, bytes.Count(lines.Bytes(), []byte("\n")), s.Name)
	}
}

// nowhere returns a log that nobody reads, and that has no effect on later benchmarks.
func nowhere(b *testing.B) *Log {
	b.Helper()
	log := NewLog(io.Discard)
	b.Cleanup(func() { assert.NoError(b, log.Close()) })
	return log
}

func BenchmarkMiddleware(b *testing.B) {
	tasks := Tasks()
	for i := range tasks {
		task := &tasks[i]
		for _, p := range task.Peers {
			b.Run(fmt.Sprintf("task=%s/peer=%s", task.Name, p.Name), func(b *testing.B) {
				probe.Measure(b, probe.New(p.Wrap(Answer(), nowhere(b)), task.Request).Ask)
			})
		}
	}
}

// BenchmarkTimed runs as many requests at a time as there are processors.
func BenchmarkTimed(b *testing.B) {
	none := Tasks()[0]
	for _, cpus := range []int{1, min(2, runtime.NumCPU())} {
		for _, p := range slices.Concat(none.Peers, timers()) {
			b.Run(fmt.Sprintf("task=cpus-%d/peer=%s", cpus, p.Name), func(b *testing.B) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cpus))
				h := p.Wrap(Answer(), nowhere(b))
				probe.MeasureParallel(b, func() func() { return probe.New(h, none.Request).Ask })
			})
		}
	}
}

// stacks returns endpoints with and without all the middleware of a service in
// production.
func stacks() []Peer {
	typed, byHand := endpoints.Named("typed").New(false), endpoints.Named("encoding-json").New(false)
	return []Peer{
		{"typed-bare", func(http.Handler, *Log) http.Handler { return typed }},
		{"tigertonic", func(_ http.Handler, log *Log) http.Handler { return Ours(typed, log) }},
		{"parts", func(_ http.Handler, log *Log) http.Handler { return Parts(byHand, log) }},
	}
}

func stackRequest() probe.Request {
	rq := endpoints.Post()
	rq.Header.Set("Origin", "https://example.com")
	return rq
}

func BenchmarkStack(b *testing.B) {
	for _, s := range stacks() {
		b.Run("task=post/peer="+s.Name, func(b *testing.B) {
			probe.Measure(b, probe.New(s.Wrap(nil, nowhere(b)), stackRequest()).Ask)
		})
	}
}
