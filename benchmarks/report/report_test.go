package report

import (
	"encoding/xml"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A run of two rounds, in which ours is three times as fast as chi and half as
// fast as gin, but for what chi takes by CPU time.
const run = `date: 2026-11-27
module-00: github.com/go-chi/chi/v5 v5.5.0
goos: linux
cpu: A Processor
BenchmarkRouting/task=github/peer=tigertonic-2 10 100 ns/op 100 cpu-ns/op 0 B/op 0 allocs/op
BenchmarkRouting/task=github/peer=chi-2 10 330 ns/op 600 cpu-ns/op 8 B/op 1 allocs/op
BenchmarkRouting/task=github/peer=gin-2 10 50 ns/op 50 cpu-ns/op 0 B/op 0 allocs/op
BenchmarkRouting/task=github/peer=none-2 10 1 ns/op 1 cpu-ns/op 0 B/op 0 allocs/op
BenchmarkRouting/task=404/peer=tigertonic-2 10 2000 ns/op 1 cpu-ns/op 0 B/op 0 allocs/op
PASS
BenchmarkRouting/task=github/peer=tigertonic-2 10 120 ns/op 100 cpu-ns/op 0 B/op 0 allocs/op
BenchmarkRouting/task=github/peer=chi-2 10 330 ns/op 600 cpu-ns/op 8 B/op 1 allocs/op
BenchmarkLoopback/task=connections-64/peer=typed 10 900 req/s 1000 cpu-ns/op 1000 p50-ns 2000 p99-ns
BenchmarkLoopback/task=connections-64/peer=constant 10 1000 req/s 800 cpu-ns/op 1000 p50-ns 2000 p99-ns
`

func results(t *testing.T) *Results {
	t.Helper()
	rs, err := Read(strings.NewReader(run))
	require.NoError(t, err)
	return rs
}

func TestReadKnowsMedians(t *testing.T) {
	rs := results(t)
	median := func(group, task, peer, unit string) float64 {
		return summarize(rs.values(group, task, peer, unit)).Center
	}
	assert.InDelta(t, 110e-9, median("Routing", "github", "tigertonic", wallTime), 1e-12)
	assert.InDelta(t, 600e-9, median("Routing", "github", "chi", cpuTime), 1e-12)
	assert.InDelta(t, 2e-6, median("Loopback", "connections-64", "typed", p99), 1e-12)
	assert.True(t, math.IsNaN(median("Routing", "github", "httprouter", wallTime)))
	assert.True(t, math.IsNaN(median("Nothing", "github", "chi", wallTime)))
	assert.Equal(t, "A Processor", rs.Config["cpu"])
	_, err := Read(strings.NewReader("BenchmarkX 1 nonsense ns/op\n"))
	assert.Error(t, err)
}

func TestFastestLeavesOursOut(t *testing.T) {
	assert.Equal(t, "gin", results(t).fastest("github", wallTime))
}

func TestPromises(t *testing.T) {
	rs := results(t)
	value := func(b bar) string {
		v := b.summary(rs, b.unit).Center
		return fmt.Sprintf(b.format+" %t", v, b.reached(v))
	}
	assert.Equal(t, "2.00 false", value(fastestBar("", 0.75, "github", "tigertonic")))
	assert.Equal(t, "0.33 true", value(timeBar("", 0.4, "Routing", "github", "tigertonic", "chi")))
	assert.Equal(t, "0 true", value(countBar("", 0, "%.0f", "Routing", "github", "tigertonic", allocations)))
	assert.Equal(t, "1 false", value(moreBar("", 0, "Routing", "github", "chi", "github", "gin", allocations)))
	assert.Equal(t, "280 ns true", value(moreBar("", 300, "Routing", "github", "chi", "github", "gin", wallTime)))
	load := loadBar("", 0.74, "connections-64", "constant")
	assert.Equal(t, "0.90 true", value(load))
	assert.InDelta(t, 0.8, load.summary(rs, cpuTime).Center, 1e-9)
}

func TestPromisesSayWhatTheyMean(t *testing.T) {
	said := meanings()
	for _, b := range promises(167) {
		assert.NotEmpty(t, said[b.what], b.what)
		delete(said, b.what)
	}
	assert.Empty(t, said, "of what isn't promised")
}

func TestPicturesHaveABarForEachPeer(t *testing.T) {
	raw, err := os.ReadFile("testdata/round.txt")
	require.NoError(t, err)
	rs, err := Read(strings.NewReader(string(raw)))
	require.NoError(t, err)
	r := &Report{rs, 167}
	drawn, text := r.Pictures(), r.Markdown()
	for _, p := range pictures() {
		svg := drawn[p.file]
		require.NoError(t, xml.Unmarshal([]byte(svg), new(struct{})), p.file)
		assert.Equal(t, 1+len(p.peers), strings.Count(svg, "<rect "), p.file)
		assert.Contains(t, svg, `font-weight="bold">`+p.first+"</text>")
		assert.Contains(t, text, "](benchmarks/"+p.file+")")
	}
	assert.Empty(t, (&Report{&Results{}, 167}).Pictures(), "nothing was measured")
}

// testdata/round.txt is what one short round of all benchmarks has written.
func TestRoundHoldsAllThatIsReported(t *testing.T) {
	raw, err := os.ReadFile("testdata/round.txt")
	require.NoError(t, err)
	rs, err := Read(strings.NewReader(string(raw)))
	require.NoError(t, err)
	assert.Empty(t, (&Report{rs, 167}).Unmeasured())
	for _, s := range sections() {
		g := rs.group(s.group)
		require.NotNil(t, g, s.group)
		assert.Contains(t, g.Peers, s.ours)
		for _, c := range s.columns {
			assert.Contains(t, g.samples, cell{g.Tasks[0], g.Peers[0], c.unit})
		}
	}
	assert.NotEmpty(t, (&Report{results(t), 167}).Unmeasured())
}

func TestReportSaysWhatIsLost(t *testing.T) {
	text := (&Report{results(t), 167}).Markdown()
	for _, want := range []string{
		"| date ", "| 2026-11-27", "| A Processor", "| github.com/go-chi/chi/v5 ", "| v5.5.0 ",
		"2 of 3 are reached",
		"| GitHub's API, to the fastest router ",
		"| ≤ 0.75  | 2.00 (gin) | ∞   | 2.00        | **no**  | no other router finds",
		"| github | 110 ns     | 3.02 | 0.50 | 0.01 |",
		"| 404    | 2.00 µs    |      |      |      |",
		"| github | chi        | 330 ns ± ∞  | 600 ns ± ∞  | 8     | 1 ",
		"## What isn't compared",
	} {
		assert.Contains(t, text, want)
	}
	assert.NotContains(t, text, "Typed POST, to gin", "which wasn't measured")
}

func TestReportSaysThatTheMachineWasBusy(t *testing.T) {
	rs := results(t)
	assert.InDelta(t, 1, rs.share(), 0.001)
	assert.NotContains(t, (&Report{rs, 167}).Markdown(), "wasn't idle")
	busy, err := Read(strings.NewReader("BenchmarkRouting/task=404/peer=chi-2 10 200 ns/op 100 cpu-ns/op\n"))
	require.NoError(t, err)
	assert.InDelta(t, 0.5, busy.share(), 0.001)
	assert.Contains(t, (&Report{busy, 167}).Markdown(), "wasn't idle")
}

func TestAmountsHaveThreeDigits(t *testing.T) {
	for _, c := range []struct {
		value float64
		unit  string
		want  string
	}{
		{1.5, wallTime, "1.50 s"},
		{0.0123, wallTime, "12.3 ms"},
		{123e-6, wallTime, "123 µs"},
		{9.87e-9, cpuTime, "9.87 ns"},
		{12345, throughput, "12345"},
		{449.6, heapBytes, "450 B"},
		{3, allocations, "3"},
		{math.NaN(), wallTime, ""},
	} {
		assert.Equal(t, c.want, amount(c.value, c.unit))
	}
}

// What the command writes, whatever it has measured, is what was written last.
func TestReportInTheTreeHasTheTextsOfTheCommand(t *testing.T) {
	text, err := os.ReadFile("../../docs/BENCHMARKS.md")
	require.NoError(t, err)
	for _, want := range []string{opening, promised, newerGo, notCompared} {
		assert.Contains(t, string(text), want)
	}
}
