package report

import (
	"fmt"
	"math"
	"strings"

	"golang.org/x/perf/benchmath"
)

// A bar is a promise about speed: an upper or lower limit on a number.
type bar struct {
	what    string
	limit   float64
	atLeast bool
	format  string
	values  func(rs *Results, unit string) []float64 // of the rounds
	unit    string                                   // of the value
	second  string                                   // a unit to tell, too, such as CPU time, or ""
	rival   func(rs *Results) string                 // who it is to, if that isn't said, or nil
}

// reached reports whether the promise is kept.
func (b *bar) reached(value float64) bool {
	if b.atLeast {
		return value >= b.limit
	}
	return value <= b.limit
}

// summary returns the median of all rounds and its uncertainty.
func (b *bar) summary(rs *Results, unit string) benchmath.Summary {
	return summarize(b.values(rs, unit))
}

// must returns the limit in words.
func (b *bar) must() string {
	word := "≤ "
	if b.atLeast {
		word = "≥ "
	}
	return word + fmt.Sprintf(b.format, b.limit)
}

// timeBar limits the ratio of one peer's time to another's.
func timeBar(what string, limit float64, group, task, peer, other string) bar {
	return bar{
		what: what, limit: limit, format: "%.2f", unit: wallTime, second: cpuTime,
		values: func(rs *Results, unit string) []float64 {
			return ratios(rs.values(group, task, peer, unit), rs.values(group, task, other, unit))
		},
	}
}

// fastestBar limits the ratio of our time to that of the fastest other router.
func fastestBar(what string, limit float64, task, ours string) bar {
	return bar{
		what: what, limit: limit, format: "%.2f", unit: wallTime, second: cpuTime,
		values: func(rs *Results, unit string) []float64 {
			return ratios(rs.values("Routing", task, ours, unit), rs.values("Routing", task, rs.fastest(task, unit), unit))
		},
		rival: func(rs *Results) string { return rs.fastest(task, wallTime) },
	}
}

// fastest returns the router that does the task in the least time, not counting ours and
// none.
func (rs *Results) fastest(task, unit string) (peer string) {
	g := rs.group("Routing")
	if g == nil {
		return ""
	}
	least := math.NaN()
	for _, p := range g.Peers {
		if p == "none" || strings.HasPrefix(p, "tigertonic") {
			continue
		}
		if t := g.summary(task, p, unit).Center; math.IsNaN(least) || t < least {
			peer, least = p, t
		}
	}
	return peer
}

// growthBar limits the ratio of the time with 10,000 routes to that with 10.
func growthBar(what, order string) bar {
	return bar{
		what: what, limit: 3, format: "%.2f", unit: wallTime, second: cpuTime,
		values: func(rs *Results, unit string) []float64 {
			return ratios(rs.values("Growth", "routes-10000"+order, "tigertonic", unit), rs.values("Growth", "routes-10"+order, "tigertonic", unit))
		},
	}
}

// countBar limits an absolute number.
func countBar(what string, limit float64, format, group, task, peer, unit string) bar {
	return bar{
		what: what, limit: limit, format: format, unit: unit,
		values: func(rs *Results, unit string) []float64 { return rs.values(group, task, peer, unit) },
	}
}

// moreBar limits how much more of something one peer needs than another.
func moreBar(what string, limit float64, group, task, peer, otherTask, other, unit string) bar {
	b := bar{
		what: what, limit: limit, format: "%.0f", unit: unit,
		values: func(rs *Results, unit string) []float64 {
			return differences(rs.values(group, task, peer, unit), rs.values(group, otherTask, other, unit))
		},
	}
	if unit == wallTime {
		b.format, b.second = "%.0f ns", cpuTime
		seconds := b.values
		b.values = func(rs *Results, unit string) []float64 {
			all := seconds(rs, unit)
			for i := range all {
				all[i] *= 1e9
			}
			return all
		}
	}
	return b
}

// loadBar limits the ratio of our typed endpoint's throughput to another's. In CPU time,
// it is how much more the other needs per request.
func loadBar(what string, limit float64, task, other string) bar {
	return bar{
		what: what, limit: limit, atLeast: true, format: "%.2f", unit: throughput, second: cpuTime,
		values: func(rs *Results, unit string) []float64 {
			ours, theirs := rs.values("Loopback", task, "typed", unit), rs.values("Loopback", task, other, unit)
			if unit == cpuTime {
				return ratios(theirs, ours)
			}
			return ratios(ours, theirs)
		},
	}
}
