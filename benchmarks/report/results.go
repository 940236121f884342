// Package report turns the output of benchmarks into a report.
package report

import (
	"errors"
	"io"
	"math"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"
)

// The units of what is measured, as benchfmt has them.
const (
	wallTime    = "sec/op"
	cpuTime     = "cpu-sec/op"
	allocations = "allocs/op"
	throughput  = "req/s"
	ownCPUTime  = "own-cpu-sec/op" // of the load generator
	p50         = "p50-sec"
	p99         = "p99-sec"
	heapBytes   = "heapB/route"
	registering = "sec/route"

	documentBytes = "documentB"
	pageBytes     = "pageB"
	heapBesides   = "heapB/endpoint"
	heapOfStream  = "heapB/stream"
)

// Results holds all measurements of a run.
type Results struct {
	// Config describes the run, such as its processor.
	Config map[string]string
	// Groups are the benchmarks in the order of the run.
	Groups []*Group
}

// A Group is a benchmark: its tasks, and the peers that do them.
type Group struct {
	Name         string
	Tasks, Peers []string
	samples      map[cell][]float64
}

type cell struct{ task, peer, unit string }

// Read reads the output of benchmarks with names such as Name/task=TASK/peer=PEER.
func Read(r io.Reader) (*Results, error) {
	results := &Results{Config: map[string]string{}}
	reader := benchfmt.NewReader(r, "")
	var errs []error
	for reader.Scan() {
		switch record := reader.Result().(type) {
		case *benchfmt.SyntaxError:
			errs = append(errs, record)
		case *benchfmt.Result:
			for _, c := range record.Config {
				results.Config[c.Key] = string(c.Value)
			}
			results.add(record)
		}
	}
	return results, errors.Join(append(errs, reader.Err())...)
}

func (rs *Results) add(record *benchfmt.Result) {
	base, parts := record.Name.Parts()
	var task, peer string
	for _, part := range parts {
		switch key, value, _ := strings.Cut(string(part), "="); key {
		case "/task":
			task = value
		case "/peer":
			peer = value
		}
	}
	if task == "" || peer == "" {
		return
	}
	g := rs.group(string(base))
	if g == nil {
		g = &Group{Name: string(base), samples: map[cell][]float64{}}
		rs.Groups = append(rs.Groups, g)
	}
	g.Tasks, g.Peers = appendNew(g.Tasks, task), appendNew(g.Peers, peer)
	for _, v := range record.Values {
		c := cell{task, peer, v.Unit}
		g.samples[c] = append(g.samples[c], v.Value)
	}
}

func appendNew(all []string, s string) []string {
	if slices.Contains(all, s) {
		return all
	}
	return append(all, s)
}

// group returns the benchmark of this name, or nil.
func (rs *Results) group(name string) *Group {
	for _, g := range rs.Groups {
		if g.Name == name {
			return g
		}
	}
	return nil
}

// summarize returns benchstat's median and confidence interval, or one of NaNs
// for no values.
func summarize(values []float64) benchmath.Summary {
	if len(values) == 0 {
		return benchmath.Summary{Center: math.NaN(), Lo: math.NaN(), Hi: math.NaN()}
	}
	sample := benchmath.NewSample(values, &benchmath.DefaultThresholds)
	return benchmath.AssumeNothing.Summary(sample, 0.95)
}

func (g *Group) summary(task, peer, unit string) benchmath.Summary {
	return summarize(g.samples[cell{task, peer, unit}])
}

// values returns what was measured, a round after the other.
func (rs *Results) values(group, task, peer, unit string) []float64 {
	if g := rs.group(group); g != nil {
		return g.samples[cell{task, peer, unit}]
	}
	return nil
}

// ratios returns the ratio of a to b in each round. Both see the same state of the
// machine in a round, so the ratio varies less than they do.
func ratios(a, b []float64) []float64 {
	return pairwise(a, b, func(a, b float64) float64 { return a / b })
}

func differences(a, b []float64) []float64 {
	return pairwise(a, b, func(a, b float64) float64 { return a - b })
}

func pairwise(a, b []float64, f func(a, b float64) float64) []float64 {
	values := make([]float64, min(len(a), len(b)))
	for i := range values {
		values[i] = f(a[i], b[i])
	}
	return values
}
