package admin

import (
	"fmt"
	"math"
	"net/http"
	"sync"

	"github.com/rcrowley/go-metrics"

	"github.com/rcrowley/go-tigertonic"
)

// metrics returns the registry's metrics, the runtime's, the server's and the routes'.
func (a *Admin) metrics(r *http.Request) *exposition {
	e := &exposition{}
	a.addRuntime(e)
	a.addCertificates(e)
	a.addServer(e)
	a.addRoutes(e)
	entries, readings := takeResponses(a.read(r.Context()))
	t := translation{counted: countedIn(a.handler), sums: a.sumsOf(readings)}
	for _, rd := range readings {
		en := entry{name: rd.name}
		if failure := safely(rd.name, func() { en.families = t.families(rd) }); failure != "" {
			e.failures = append(e.failures, failure)
			continue
		}
		entries = append(entries, en)
	}
	e.add(entries)
	return e
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// countedIn returns the counters of tigertonic.Counted in a tree, which are known
// to do nothing but rise.
func countedIn(h http.Handler) map[*metrics.StandardCounter]bool {
	counted := map[*metrics.StandardCounter]bool{}
	for _, rt := range tigertonic.Routes(h) {
		for _, wrapper := range rt.Wrappers {
			if c, ok := wrapper.(*tigertonic.Counter); ok {
				if counter, ok := c.Counter.(*metrics.StandardCounter); ok {
					counted[counter] = true
				}
			}
		}
	}
	return counted
}

// A translation makes families of metrics.
type translation struct {
	counted map[*metrics.StandardCounter]bool
	sums    map[string]*runningSum
}

func (t translation) families(rd reading) []family {
	switch metric := rd.metric.(type) {
	case metrics.Counter:
		return t.counter(rd.name, metric)
	case metrics.Gauge:
		return one(gaugeKind, "", fmt.Sprintf("The gauge %q.", rd.name), float64(metric.Value()))
	case metrics.GaugeFloat64:
		return one(gaugeKind, "", fmt.Sprintf("The gauge %q.", rd.name), metric.Value())
	case metrics.Healthcheck:
		return one(gaugeKind, "_healthy", fmt.Sprintf("1 if the health check %q passes, else 0.", rd.name), float64(btoi(rd.health.OK)))
	case metrics.Histogram:
		return t.histogram(rd.name, metric)
	case metrics.Meter:
		return meter(rd.name, metric)
	case metrics.Timer:
		return t.timer(rd.name, metric)
	}
	return nil
}

func one(kind, unit, help string, value float64) []family {
	return []family{{unit: unit, kind: kind, help: help, samples: []sample{{value: value}}}}
}

// counter returns a gauge, for go-metrics' counters may be decremented, which
// Prometheus takes for a restart of the process when it sees it in a counter: the
// rate would shoot up. Those of tigertonic.Counted never are.
func (t translation) counter(name string, metric metrics.Counter) []family {
	if counter, ok := metric.(*metrics.StandardCounter); ok && t.counted[counter] {
		return one(counterKind, "_total", fmt.Sprintf("The requests that %q counts.", name), float64(counter.Count()))
	}
	return one(gaugeKind, "", fmt.Sprintf("The counter %q, which may be decremented.", name), float64(metric.Count()))
}

func meter(name string, metric metrics.Meter) []family {
	snapshot := metric.Snapshot()
	rates := family{unit: "_per_second", kind: gaugeKind, help: fmt.Sprintf("The moving average of the meter %q.", name)}
	for _, rate := range []struct {
		window string
		value  float64
	}{{"1m", snapshot.Rate1()}, {"5m", snapshot.Rate5()}, {"15m", snapshot.Rate15()}} {
		if isFinite(rate.value) {
			rates.samples = append(rates.samples, sample{labels: []label{{"window", rate.window}}, value: rate.value})
		}
	}
	total := one(counterKind, "_total", fmt.Sprintf("The events that the meter %q counts.", name), float64(snapshot.Count()))
	return append(total, rates)
}

// quantiles are those that summaries have.
func quantiles() []float64 { return []float64{0.5, 0.9, 0.95, 0.99, 0.999} }

func (t translation) histogram(name string, metric metrics.Histogram) []family {
	var values []int64
	count, sum := t.sums[name].add(func() observed {
		snapshot := metric.Snapshot()
		values = snapshot.Sample().Values()
		sum := sumOf(values)
		return observed{
			count: snapshot.Count(),
			mean:  sum / float64(max(len(values), 1)),
			sum:   sum,
			all:   snapshot.Count() == int64(len(values)),
		}
	})
	help := fmt.Sprintf("The histogram %q. Quantiles are of its sample, and the sum is estimated from it.", name)
	var of []float64
	if len(values) > 0 {
		of = metrics.SamplePercentiles(values, quantiles())
	}
	return summary("", help, of, count, sum)
}

func (t translation) timer(name string, metric metrics.Timer) []family {
	const second = 1e9 // of the nanoseconds that timers are in
	var of []float64
	count, sum := t.sums[name].add(func() observed {
		snapshot := metric.Snapshot()
		if snapshot.Count() > 0 {
			of = snapshot.Percentiles(quantiles())
		}
		o := observed{count: snapshot.Count(), mean: snapshot.Mean() / second, sum: float64(snapshot.Sum()) / second}
		o.all = math.Abs(o.mean*float64(o.count)-o.sum) <= 1e-9*math.Abs(o.sum)
		return o
	})
	for i := range of {
		of[i] /= second
	}
	help := fmt.Sprintf("The timer %q in seconds. Quantiles are of its sample, and so is the sum, unless it is kept exactly.", name)
	return summary("_seconds", help, of, count, sum)
}

// summary returns a summary, without quantiles if there are none: nothing has no
// median, and 0 would be a lie.
func summary(unit, help string, of []float64, count int64, sum float64) []family {
	f := family{unit: unit, kind: summaryKind, help: help}
	for i, value := range of {
		quantile := string(appendValue(nil, quantiles()[i]))
		f.samples = append(f.samples, sample{labels: []label{{"quantile", quantile}}, value: value})
	}
	f.samples = append(f.samples, sample{suffix: "_sum", value: sum}, sample{suffix: "_count", value: float64(count)})
	return []family{f}
}

// sumOf returns the sum of values, which may be more than an int64 holds.
func sumOf(values []int64) (sum float64) {
	for _, value := range values {
		sum += float64(value)
	}
	return sum
}

func isFinite(value float64) bool { return !math.IsNaN(value) && !math.IsInf(value, 0) }

// A runningSum is the sum of all that a timer or histogram has seen. These know
// the sum of their samples only, which falls when a large value leaves it, and
// Prometheus divides what _sum has risen by through what _count has. So what was
// added since the last time is taken to be like the sample's mean, which it is
// close to, for recent values are the most in it.
type runningSum struct {
	mu    sync.Mutex
	count int64
	sum   float64
}

// observed is what a timer or histogram knows: how many values there have been,
// the mean and the sum of its sample, and whether all of them are in that.
type observed struct {
	count     int64
	mean, sum float64
	all       bool
}

// add takes a snapshot and returns the count and the sum. Snapshots are taken one
// after another, so that the count never falls unless the metric was cleared.
func (s *runningSum) add(snapshot func() observed) (count int64, sum float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := snapshot()
	switch {
	case o.all:
		s.sum = o.sum
	case o.count < s.count:
		s.sum = o.mean * float64(o.count)
	default:
		s.sum += o.mean * float64(o.count-s.count)
	}
	s.count = o.count
	return s.count, s.sum
}

// sumsOf returns the sums of the timers and histograms among the readings, by
// name, and forgets the others.
func (a *Admin) sumsOf(readings []reading) map[string]*runningSum {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := map[string]*runningSum{}
	for _, rd := range readings {
		switch rd.metric.(type) {
		case metrics.Histogram, metrics.Timer:
			if known[rd.name] = a.sums[rd.name]; known[rd.name] == nil {
				known[rd.name] = &runningSum{}
			}
		}
	}
	a.sums = known
	return known
}
