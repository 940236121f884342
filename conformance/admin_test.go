package conformance_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"
)

// scrape asks for the metrics as Prometheus does and reads them with its parser,
// which refuses names that are there twice or are another's with _sum or _count.
func scrape(t *testing.T, h http.Handler) map[string]*dto.MetricFamily {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8001/metrics", nil)
	r.Header.Set("Accept", "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"+
		"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1")
	return scrapeWith(t, h, r)
}

// scrapeText is scrape by a client that reads the text format only.
func scrapeText(t *testing.T, h http.Handler) map[string]*dto.MetricFamily {
	t.Helper()
	return scrapeWith(t, h, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8001/metrics", nil))
}

func scrapeWith(t *testing.T, h http.Handler, r *http.Request) map[string]*dto.MetricFamily {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, expfmt.TypeTextPlain, expfmt.ResponseFormat(w.Header()).FormatType())
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(w.Body.Bytes()))
	require.NoError(t, err, w.Body)
	return families
}

func TestPrometheusReadsTheMetrics(t *testing.T) {
	registry := metrics.NewRegistry()
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/", tigertonic.Timed(tigertonic.Counted(tigertonic.Version("1"), "requests", registry), "get-version", registry))
	h := tigertonic.CountedByStatus(tigertonic.CountedByStatusXX(mux, "http", registry), "http", registry)
	metrics.GetOrRegisterCounter("open", registry).Inc(3)
	metrics.GetOrRegisterGaugeFloat64("nothing", registry).Update(math.NaN())
	metrics.GetOrRegisterMeter("jobs", registry).Mark(5)
	metrics.GetOrRegisterHistogram("sizes", registry, metrics.NewUniformSample(10)).Update(7)
	require.NoError(t, registry.Register("mail", metrics.NewHealthcheck(func(h metrics.Healthcheck) { h.Unhealthy(errors.New("down")) })))
	a := admin.New(h, admin.Options{Registry: registry})
	for range 3 {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	}
	metrics.GetOrRegisterTimer("get-version", registry).Update(time.Minute)
	families := scrape(t, a)
	for name, want := range map[string]dto.MetricType{
		"requests_total":                dto.MetricType_COUNTER,
		"http_responses_total":          dto.MetricType_COUNTER,
		"http_responses_by_class_total": dto.MetricType_COUNTER,
		"jobs_total":                    dto.MetricType_COUNTER,
		"jobs_per_second":               dto.MetricType_GAUGE,
		"open":                          dto.MetricType_GAUGE,
		"nothing":                       dto.MetricType_GAUGE,
		"mail_healthy":                  dto.MetricType_GAUGE,
		"sizes":                         dto.MetricType_SUMMARY,
		"get_version_seconds":           dto.MetricType_SUMMARY,
		"go_gc_duration_seconds":        dto.MetricType_SUMMARY,
		"go_goroutines":                 dto.MetricType_GAUGE,
		"go_memstats_alloc_bytes_total": dto.MetricType_COUNTER,
		"process_start_time_seconds":    dto.MetricType_GAUGE,
	} {
		require.Contains(t, families, name)
		assert.Equal(t, want, families[name].GetType(), name)
		assert.NotEmpty(t, families[name].GetHelp(), name)
	}
	assert.InDelta(t, 3, families["requests_total"].GetMetric()[0].GetCounter().GetValue(), 0)
	assert.True(t, math.IsNaN(families["nothing"].GetMetric()[0].GetGauge().GetValue()))
	summary := families["get_version_seconds"].GetMetric()[0].GetSummary()
	assert.EqualValues(t, 4, summary.GetSampleCount())
	assert.InDelta(t, 60, summary.GetSampleSum(), 1)
	require.Len(t, summary.GetQuantile(), 5)
	assert.InDelta(t, 0.999, summary.GetQuantile()[4].GetQuantile(), 0)
	assert.InDelta(t, 60, summary.GetQuantile()[4].GetValue(), 0)
	responses := map[string]float64{}
	for _, m := range families["http_responses_total"].GetMetric() {
		responses[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
	}
	assert.InDelta(t, 3, responses["200"], 0)
	assert.Contains(t, responses, "404")
}

// The names of metrics are any text, and this program means no good.
func TestPrometheusReadsMetricsOfAnyName(t *testing.T) {
	parts := []string{
		"a", "b", "_", ".", "-", ":", " ", "\n", `"`, `\`, "{", "}", "=", "#", "0", "é", "日", "\xff", "\x00", "\u202e",
		"_sum", "_count", "_bucket", "_total", "_seconds", "_per_second", "_healthy", "-200", "-5xx", "go_", "go_goroutines", "go_gc_duration_seconds", "# TYPE ",
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		registry := metrics.NewRegistry()
		for i := range 60 {
			var name strings.Builder
			for range random.IntN(4) {
				name.WriteString(parts[random.IntN(len(parts))])
			}
			if registry.Get(name.String()) != nil {
				continue
			}
			var metric any
			switch i % 6 {
			case 0:
				metric = metrics.NewGauge()
			case 1:
				metric = metrics.NewCounter()
			case 2:
				metric = metrics.NewTimer()
				metric.(metrics.Timer).Update(time.Second)
			case 3:
				metric = metrics.NewMeter()
			case 4:
				metric = metrics.NewHealthcheck(func(h metrics.Healthcheck) { h.Healthy() })
			case 5:
				metric = metrics.NewHistogram(metrics.NewUniformSample(10))
			}
			require.NoError(t, registry.Register(name.String(), metric))
		}
		n := 0
		registry.Each(func(string, any) { n++ })
		families := scrape(t, admin.New(tigertonic.NewTrieServeMux(), admin.Options{Registry: registry}))
		got := 0
		for name, family := range families {
			assert.True(t, model.LegacyValidation.IsValidMetricName(name), name)
			if strings.Contains(family.GetHelp(), `"`) && !strings.HasPrefix(family.GetHelp(), "The moving average") {
				got++
			}
		}
		assert.Equal(t, n, got, "each has a family of its own")
		registry.UnregisterAll()
	}
}

func TestPrometheusReadsTenThousandMetrics(t *testing.T) {
	registry := metrics.NewRegistry()
	for i := range 10_000 {
		require.NoError(t, registry.Register(fmt.Sprintf("%d.%c", i/3, "!?-"[i%3]), metrics.NewGauge()))
	}
	families := scrape(t, admin.New(tigertonic.NewTrieServeMux(), admin.Options{Registry: registry}))
	assert.Greater(t, len(families), 10_000)
}

// Prometheus asks for the protobuf format where it scrapes native histograms.
func TestPrometheusReadsNativeHistograms(t *testing.T) {
	registry := metrics.NewRegistry()
	metrics.GetOrRegisterTimer("get-version", registry).Update(time.Minute)
	metrics.GetOrRegisterMeter("jobs", registry).Mark(5)
	mux := tigertonic.NewTrieServeMux()
	mux.HandleFunc("GET", "/wait", func(_ http.ResponseWriter, r *http.Request) {
		d, err := time.ParseDuration(r.URL.RawQuery)
		assert.NoError(t, err)
		time.Sleep(d)
	})
	h := tigertonic.Measured(mux, nil)
	a := admin.New(h, admin.Options{Registry: registry})
	for _, d := range []string{"0s", "0s", "0s", "2ms", "30ms", "120ms"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/wait?"+d, nil)
		r.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
		h.ServeHTTP(httptest.NewRecorder(), r)
	}

	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8001/metrics", nil)
	r.Header.Set("Accept", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"+
		"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1")
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)
	format := expfmt.ResponseFormat(w.Header())
	require.Equal(t, expfmt.TypeProtoDelim, format.FormatType())
	families, decoder := map[string]*dto.MetricFamily{}, expfmt.NewDecoder(w.Body, format)
	for {
		f := &dto.MetricFamily{}
		err := decoder.Decode(f)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		families[f.GetName()] = f
	}

	m := families["http_request_duration_seconds"].GetMetric()
	require.Len(t, m, 1)
	labels := map[string]string{}
	for _, l := range m[0].GetLabel() {
		labels[l.GetName()] = l.GetValue()
	}
	assert.Equal(t, map[string]string{"method": "GET", "pattern": "/wait", "class": "2xx"}, labels)
	hist := m[0].GetHistogram()
	assert.EqualValues(t, 6, hist.GetSampleCount())
	assert.Greater(t, hist.GetSampleSum(), 0.152)
	assert.EqualValues(t, 3, hist.GetSchema())
	require.NotEmpty(t, hist.GetPositiveSpan())
	index, count, sum := 0, int64(0), int64(0)
	deltas := hist.GetPositiveDelta()
	for _, span := range hist.GetPositiveSpan() {
		index += int(span.GetOffset())
		for range span.GetLength() {
			count += deltas[0]
			assert.Positive(t, count)
			sum, deltas = sum+count, deltas[1:]
			index++
		}
	}
	assert.Empty(t, deltas)
	assert.EqualValues(t, 6, sum)
	assert.GreaterOrEqual(t, math.Exp2(float64(index-1)/8), 0.12, "where the last bucket ends")

	buckets := hist.GetBucket()
	require.Len(t, buckets, 14)
	assert.True(t, math.IsInf(buckets[13].GetUpperBound(), 1))
	assert.EqualValues(t, 6, buckets[13].GetCumulativeCount())
	var traces int
	for _, b := range buckets {
		if x := b.GetExemplar(); x != nil {
			traces++
			assert.Equal(t, "4bf92f3577b34da6a3ce929d0e0e4736", x.GetLabel()[0].GetValue())
			assert.WithinDuration(t, time.Now(), x.GetTimestamp().AsTime(), time.Minute)
		}
	}
	assert.Positive(t, traces)

	// Everything else is as the text format has it.
	for name, text := range scrapeText(t, a) {
		f := families[name]
		require.NotNil(t, f, name)
		assert.Equal(t, text.GetType(), f.GetType(), name)
		assert.Equal(t, text.GetHelp(), f.GetHelp(), name)
		assert.Len(t, f.GetMetric(), len(text.GetMetric()), name)
	}
	timer := families["get_version_seconds"].GetMetric()[0].GetSummary()
	assert.EqualValues(t, 1, timer.GetSampleCount())
	assert.InDelta(t, 60, timer.GetSampleSum(), 1e-9)
	require.Len(t, timer.GetQuantile(), 5)
	assert.InDelta(t, 0.5, timer.GetQuantile()[0].GetQuantile(), 1e-9)
	assert.InDelta(t, 60, timer.GetQuantile()[0].GetValue(), 1e-9)
	assert.InDelta(t, 5, families["jobs_total"].GetMetric()[0].GetCounter().GetValue(), 1e-9)
	assert.Len(t, families["jobs_per_second"].GetMetric(), 3)
}
