package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"
)

// samples are the measurements of each benchmark and unit.
type samples map[key][]float64

type key struct{ benchmark, unit string }

// read reads the output of benchmarks.
func read(text string) (samples, error) {
	all := samples{}
	var errs []error
	reader := benchfmt.NewReader(strings.NewReader(text), "")
	for reader.Scan() {
		switch record := reader.Result().(type) {
		case *benchfmt.SyntaxError:
			errs = append(errs, record)
		case *benchfmt.Result:
			for _, v := range record.Values {
				k := key{record.Name.String(), v.Unit}
				all[k] = append(all[k], v.Value)
			}
		}
	}
	return all, errors.Join(append(errs, reader.Err())...)
}

// A regression is a benchmark that allocates more than before.
type regression struct {
	key
	before, now float64
}

func (r regression) String() string {
	return fmt.Sprintf("%s: %.0f %s, was %.0f", r.benchmark, r.now, r.unit, r.before)
}

// A rule says how much more of a unit is a regression. A benchmark that shares pools with
// others doesn't allocate the same number of bytes each time; the number of allocations
// is exact, except those that are spread over many operations.
type rule struct {
	unit            string
	least, fraction float64
}

func rules() []rule { return []rule{{"allocs/op", 1, 0.005}, {"B/op", 16, 0.05}} }

// regressions returns what has become worse by the rules, if benchstat's test says that
// it isn't chance, and how many benchmarks are in both.
func regressions(before, now samples) (found []regression, compared int) {
	order := func(a, b key) int { return strings.Compare(a.benchmark+" "+a.unit, b.benchmark+" "+b.unit) }
	for _, k := range slices.SortedFunc(maps.Keys(now), order) {
		for _, rule := range rules() {
			if rule.unit != k.unit || before[k] == nil {
				continue
			}
			if k.unit == "allocs/op" {
				compared++
			}
			if r, more := rule.broken(k, before[k], now[k]); more {
				found = append(found, r)
			}
		}
	}
	return found, compared
}

func (ru rule) broken(k key, before, now []float64) (regression, bool) {
	test := benchmath.AssumeNothing
	old := benchmath.NewSample(before, &benchmath.DefaultThresholds)
	recent := benchmath.NewSample(now, &benchmath.DefaultThresholds)
	r := regression{k, test.Summary(old, 0.95).Center, test.Summary(recent, 0.95).Center}
	more := r.now - r.before
	if more < ru.least || more < ru.fraction*r.before {
		return r, false
	}
	c := test.Compare(old, recent)
	return r, c.P < c.Alpha
}
