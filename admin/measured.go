package admin

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
)

// What tigertonic.Measured has counted, in the registry's place for it: a family of
// histograms for the durations, whose _count is that of the requests, one of counters for
// bytes, and one of gauges for what is in flight. A series is there once it has happened.

// measuredIn returns the handlers of tigertonic.Measured in a tree.
func measuredIn(h http.Handler) (all []*tigertonic.MeasuredHandler) {
	for _, rt := range tigertonic.Routes(h) {
		for _, wrapper := range rt.Wrappers {
			if m, ok := wrapper.(*tigertonic.MeasuredHandler); ok && !slices.Contains(all, m) {
				all = append(all, m)
			}
		}
	}
	return all
}

// routeMetrics returns what is measured of each route, by the first that does.
func (a *Admin) routeMetrics() (all []tigertonic.RouteMetrics) {
	type key struct{ method, pattern string }
	seen := map[key]bool{}
	for _, m := range measuredIn(a.handler) {
		for _, rm := range m.Metrics() {
			if k := (key{rm.Method, rm.Pattern}); !seen[k] {
				seen[k] = true
				all = append(all, rm)
			}
		}
	}
	return all
}

func (a *Admin) addRoutes(e *exposition) {
	durations := family{name: "http_request_duration_seconds", kind: histogramKind, help: "Duration of requests, by route and class of the status."}
	bytes := family{name: "http_response_body_bytes_total", kind: counterKind, help: "Size of response bodies, by route and class of the status."}
	inFlight := family{name: "http_requests_in_flight", kind: gaugeKind, help: "Requests in flight, by route."}
	for _, rm := range a.routeMetrics() {
		route := []label{{"method", rm.Method}, {"pattern", rm.Pattern}}
		inFlight.samples = append(inFlight.samples, sample{labels: route, value: float64(rm.InFlight)})
		for i, c := range rm.Classes {
			if c == nil {
				continue
			}
			labels := append(slices.Clip(route), label{"class", classes()[i]})
			durations.samples = appendHistogram(durations.samples, labels, c)
			bytes.samples = append(bytes.samples, sample{labels: labels, value: float64(c.Bytes)})
		}
	}
	if len(inFlight.samples) > 0 {
		e.take([]family{durations, bytes, inFlight})
	}
}

// appendHistogram appends the cumulative buckets of a class, its sum and its count.
func appendHistogram(samples []sample, labels []label, c *tigertonic.ClassMetrics) []sample {
	cumulative := uint64(0)
	for _, bucket := range c.Buckets {
		bound := "+Inf"
		if bucket.UpperBound > 0 {
			bound = string(appendValue(nil, bucket.UpperBound.Seconds()))
			if !strings.Contains(bound, ".") {
				bound += ".0" // as OpenMetrics has it, and both formats alike
			}
		}
		cumulative += bucket.Count
		s := sample{suffix: "_bucket", labels: append(slices.Clip(labels), label{"le", bound}), value: float64(cumulative)}
		if x := bucket.Exemplar; x != nil {
			s.exemplar = &exemplar{x.TraceID, x.Duration.Seconds(), float64(x.Time.UnixMilli()) / 1000}
		}
		samples = append(samples, s)
	}
	return append(samples,
		sample{suffix: "_sum", labels: labels, value: c.Duration.Seconds()},
		sample{suffix: "_count", labels: labels, value: float64(cumulative), native: c.Native})
}

type acceptKey struct{}

// withAccept keeps what the client accepts of metrics, which is in no header any more.
func withAccept(r *http.Request) *http.Request {
	if r.Header["Accept"] == nil || !strings.HasSuffix(r.URL.Path, "/metrics") {
		return r
	}
	return r.WithContext(context.WithValue(r.Context(), acceptKey{}, strings.Join(r.Header["Accept"], ", ")))
}

// A format is one in which metrics are written.
type format struct {
	mediaType  string
	write      func(*exposition) []byte
	parameters map[string]string // that a client may name, with their values
}

// formats are those that show more than the text format, which clients must name.
func formats() []format {
	return []format{
		{protobufType, (*exposition).protobuf, map[string]string{"proto": "io.prometheus.client.MetricFamily", "encoding": "delimited"}},
		{openMetricsType, (*exposition).openMetrics, map[string]string{"version": "1."}},
	}
}

// formatFor returns the format that a client prefers, which is the text format where it
// names no other, or where nothing is measured: only histograms have more to show.
func (a *Admin) formatFor(r *http.Request) format {
	best, highest := format{mediaType: expositionType, write: (*exposition).text}, 0.0
	accept, _ := r.Context().Value(acceptKey{}).(string)
	if accept == "" || len(measuredIn(a.handler)) == 0 {
		return best
	}
	for _, f := range formats() {
		if weight := f.weightIn(accept); weight > highest {
			best, highest = f, weight
		}
	}
	return best
}

// weightIn returns the weight of the format in the value of an Accept header, or 0.
func (f *format) weightIn(accept string) (highest float64) {
	own, _, _ := strings.Cut(f.mediaType, ";")
	for part := range strings.SplitSeq(accept, ",") {
		name, parameters, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(name), own) {
			highest = max(highest, f.weightOf(parameters))
		}
	}
	return highest
}

func (f *format) weightOf(parameters string) float64 {
	weight := 1.0
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.ReplaceAll(parameter, " ", ""), "=")
		if want, ok := f.parameters[strings.ToLower(name)]; ok && !strings.HasPrefix(value, want) {
			return 0
		}
		if strings.EqualFold(name, "q") {
			q, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return 0
			}
			weight = q
		}
	}
	return weight
}

// metricsPage shows the metrics in the format that is asked for.
type metricsPage struct{ a *Admin }

func (m metricsPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := m.a.formatFor(r)
	p := &page{mediaType: f.mediaType, content: func(r *http.Request) ([]byte, string, error) { return f.write(m.a.metrics(r)), "", nil }}
	w.Header().Set("Vary", "Accept")
	p.ServeHTTP(w, r)
}

// Describe adds what the page is.
func (metricsPage) Describe(op *tigertonic.Operation) {
	op.ID, op.Summary = "metrics", "Show the metrics in Prometheus' text format, in its protobuf format or in that of OpenMetrics"
	text := tigertonic.MediaType{Schema: &schema.Schema{Types: []string{"string"}}}
	op.Response(http.StatusOK).Add(expositionType, text)
	op.Response(http.StatusOK).Add(openMetricsType, text)
	op.Response(http.StatusOK).Add(protobufType, tigertonic.MediaType{})
}

// String is how [tigertonic.Explain] shows the handler.
func (metricsPage) String() string { return "admin.metrics" }
