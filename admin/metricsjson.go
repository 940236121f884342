package admin

import (
	"context"

	"github.com/rcrowley/go-metrics"
)

// metricsJSON shows the registry's metrics with the members that go-metrics' own
// MarshalJSON gives them. What isn't a number of JSON's, as NaN, is null.
func (a *Admin) metricsJSON(ctx context.Context, _ *struct{}) (map[string]map[string]any, error) {
	all := map[string]map[string]any{}
	for _, rd := range a.read(ctx) {
		values := map[string]any{}
		if failure := safely(rd.name, func() { setValues(values, rd) }); failure != "" {
			values = map[string]any{"error": valid(failure)}
		}
		for key, value := range values {
			if f, ok := value.(float64); ok && !isFinite(f) {
				values[key] = nil
			}
		}
		all[valid(rd.name)] = values
	}
	return all, nil
}

// setValues sets what StandardRegistry.GetAll does, which can't be asked for one
// metric and waits for health checks.
func setValues(values map[string]any, rd reading) {
	switch metric := rd.metric.(type) {
	case metrics.Counter:
		values["count"] = metric.Count()
	case metrics.Gauge:
		values["value"] = metric.Value()
	case metrics.GaugeFloat64:
		values["value"] = metric.Value()
	case metrics.Healthcheck:
		values["error"] = nil
		if !rd.health.OK {
			values["error"] = rd.health.Error
		}
	case metrics.Histogram:
		setDistribution(values, metric.Snapshot())
	case metrics.Meter:
		setRates(values, metric.Snapshot())
	case metrics.Timer:
		snapshot := metric.Snapshot()
		setDistribution(values, snapshot)
		setRates(values, snapshot)
	}
}

// A distribution is a histogram or a timer.
type distribution interface {
	Count() int64
	Max() int64
	Mean() float64
	Min() int64
	Percentiles(of []float64) []float64
	StdDev() float64
}

func setDistribution(values map[string]any, d distribution) {
	of := d.Percentiles([]float64{0.5, 0.75, 0.95, 0.99, 0.999})
	values["count"] = d.Count()
	values["min"] = d.Min()
	values["max"] = d.Max()
	values["mean"] = d.Mean()
	values["stddev"] = d.StdDev()
	values["median"] = of[0]
	values["75%"] = of[1]
	values["95%"] = of[2]
	values["99%"] = of[3]
	values["99.9%"] = of[4]
}

// Rates are those of a meter or a timer.
type rates interface {
	Count() int64
	Rate1() float64
	Rate5() float64
	Rate15() float64
	RateMean() float64
}

func setRates(values map[string]any, r rates) {
	values["count"] = r.Count()
	values["1m.rate"] = r.Rate1()
	values["5m.rate"] = r.Rate5()
	values["15m.rate"] = r.Rate15()
	values["mean.rate"] = r.RateMean()
}
