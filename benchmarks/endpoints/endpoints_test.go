package endpoints

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/benchmarks/probe"
)

// A newline behind a body, and what charset JSON is in, may differ.
func answered(p Peer, task Task, checked bool) probe.Answer {
	a := probe.Answered(p.New(checked), task.Request)
	a.Body = strings.TrimSuffix(a.Body, "\n")
	a.Header.Set("Content-Type", strings.TrimSuffix(a.Header.Get("Content-Type"), "; charset=utf-8"))
	return a
}

func TestPeersAnswerTheSame(t *testing.T) {
	for _, task := range append(Tasks(), Batches()...) {
		for _, checked := range []bool{false, true} {
			want := answered(Named("encoding-json"), task, checked)
			require.Equal(t, want.Status, task.Status, task.Name)
			for _, p := range Peers() {
				t.Run(fmt.Sprintf("%s/%s/%t", task.Name, p.Name, checked), func(t *testing.T) {
					got := answered(p, task, checked)
					if task.Status == 422 && (checked || strings.HasPrefix(p.Name, "marshaled")) {
						checkOwnWords(t, p, got)
						return
					}
					assert.Empty(t, want.Same(got, "Content-Type"), "got %q, want %q", got, want)
				})
			}
		}
	}
}

func TestCodecsAnswerTheSame(t *testing.T) {
	for _, task := range Long() {
		want := answered(Named("encoding-json"), task, false)
		require.Equal(t, 200, want.Status, task.Name)
		for _, p := range Codecs() {
			assert.Empty(t, want.Same(answered(p, task, false), "Content-Type"), "%s: %s", task.Name, p.Name)
		}
	}
}

// checkOwnWords checks the body of a 422 that each words in its own way.
func checkOwnWords(t *testing.T, p Peer, got probe.Answer) {
	assert.Equal(t, 422, got.Status)
	if p.Name == "marshaled" || p.Name == "marshaled-by-hand" {
		assert.Equal(t, "application/json", got.Header.Get("Content-Type"))
		assert.Regexp(t, `^\{"description":".*","error":"tigertonic.UnprocessableEntity"\}$`, got.Body)
		return
	}
	assert.Equal(t, "application/problem+json", got.Header.Get("Content-Type"))
	assert.Contains(t, got.Body, `"title":"Unprocessable Entity","status":422,"detail":`)
	for _, field := range []string{"currency", "quantity"} {
		assert.Contains(t, strings.ToLower(got.Body), field)
	}
}

func TestSizes(t *testing.T) {
	body := func(task string) int {
		for _, tk := range Tasks() {
			if tk.Name == task {
				return len(answered(Named("typed"), tk, false).Body)
			}
		}
		return 0
	}
	assert.InDelta(t, 300, len(good), 20)
	assert.InDelta(t, 400, body("post"), 20)
	assert.InDelta(t, 10_000, body("list"), 500)
	assert.InDelta(t, 100_000, len(answered(Named("typed"), Long()[1], false).Body), 20_000)
	batches := Batches()
	assert.InDelta(t, 100_000, len(batches[0].Request.Body), 10_000)
	assert.InDelta(t, 950_000, len(batches[1].Request.Body), 20_000)
}

// measureWarm measures a request once the process has the memory for it: a long one takes
// pages from the system at first, which costs as much again.
func measureWarm(b *testing.B, ask func()) {
	b.Helper()
	for range 4 {
		ask()
	}
	probe.Measure(b, ask)
}

func BenchmarkEndpoints(b *testing.B) {
	batches := Batches()
	for i, task := range append(batches, Tasks()...) {
		for _, checked := range []bool{false, true} {
			name := task.Name
			if checked {
				name += ",validated"
			}
			if checked && (task.Name == "list" || i < len(batches)) {
				continue // it has no input, or nothing to check
			}
			for _, p := range Peers() {
				b.Run(fmt.Sprintf("task=%s/peer=%s", name, p.Name), func(b *testing.B) {
					measureWarm(b, probe.New(p.New(checked), task.Request).Ask)
				})
			}
		}
	}
}

func BenchmarkEncoding(b *testing.B) {
	for _, task := range Long() {
		for _, p := range Codecs() {
			b.Run(fmt.Sprintf("task=%s/peer=%s", task.Name, p.Name), func(b *testing.B) {
				measureWarm(b, probe.New(p.New(false), task.Request).Ask)
			})
		}
	}
}
