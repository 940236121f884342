package admin

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/internal/tally"
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
	durations := family{name: "http_request_duration_seconds", kind: histogramKind, help: "How long requests took, by route and class of the status."}
	bytes := family{name: "http_response_body_bytes_total", kind: counterKind, help: "The bytes of the bodies of responses, by route and class of the status."}
	inFlight := family{name: "http_requests_in_flight", kind: gaugeKind, help: "The requests that are in their handlers, by route."}
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
func appendHistogram(samples []sample, labels []label, c *tally.Class) []sample {
	cumulative := uint64(0)
	for i, n := range c.Classic {
		bound := "+Inf"
		if i < len(tally.Bounds()) {
			bound = string(appendValue(nil, tally.Bounds()[i]))
			if !strings.Contains(bound, ".") {
				bound += ".0" // as OpenMetrics has it, and both formats alike
			}
		}
		cumulative += n
		s := sample{suffix: "_bucket", labels: append(slices.Clip(labels), label{"le", bound}), value: float64(cumulative)}
		if x, ok := c.Exemplars[i]; ok {
			s.exemplar = &exemplar{x.TraceID, x.Duration.Seconds(), float64(x.Time.UnixMilli()) / 1000}
		}
		samples = append(samples, s)
	}
	return append(samples,
		sample{suffix: "_sum", labels: labels, value: c.Sum.Seconds()},
		sample{suffix: "_count", labels: labels, value: float64(cumulative)})
}

type acceptKey struct{}

// withAccept keeps what the client accepts of metrics, which is in no header any more.
func withAccept(r *http.Request) *http.Request {
	if r.Header["Accept"] == nil || !strings.HasSuffix(r.URL.Path, "/metrics") {
		return r
	}
	return r.WithContext(context.WithValue(r.Context(), acceptKey{}, strings.Join(r.Header["Accept"], ", ")))
}

// wantsOpenMetrics reports whether a client, such as Prometheus, names the format, and
// there may be exemplars, which the other format hasn't.
func (a *Admin) wantsOpenMetrics(r *http.Request) bool {
	return acceptsOpenMetrics(r) && len(measuredIn(a.handler)) > 0
}

func acceptsOpenMetrics(r *http.Request) bool {
	accept, _ := r.Context().Value(acceptKey{}).(string)
	for part := range strings.SplitSeq(accept, ",") {
		mediaType, parameters, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(mediaType), "application/openmetrics-text") {
			continue
		}
		parameters = strings.ReplaceAll(parameters, " ", "")
		_, q, ok := strings.Cut(parameters, "q=")
		q, _, _ = strings.Cut(q, ";")
		weight, err := strconv.ParseFloat(q, 64)
		version := !strings.Contains(parameters, "version=") || strings.Contains(parameters, "version=1.")
		return version && (!ok || err == nil && weight > 0)
	}
	return false
}

// metricsPage shows the metrics in the format that is asked for.
type metricsPage struct{ a *Admin }

func (m metricsPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p := &page{mediaType: expositionType, content: m.a.metrics}
	if m.a.wantsOpenMetrics(r) {
		p.mediaType = openMetricsType
	}
	w.Header().Set("Vary", "Accept")
	p.ServeHTTP(w, r)
}

// Describe adds what the page is.
func (metricsPage) Describe(op *tigertonic.Operation) {
	op.ID, op.Summary = "metrics", "Show the metrics in Prometheus' text format or in that of OpenMetrics"
	text := tigertonic.MediaType{Schema: &schema.Schema{Types: []string{"string"}}}
	op.Response(http.StatusOK).Add(expositionType, text)
	op.Response(http.StatusOK).Add(openMetricsType, text)
}

// String is how [tigertonic.Explain] shows the handler.
func (metricsPage) String() string { return "admin.metrics" }
