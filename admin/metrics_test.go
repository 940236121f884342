package admin_test

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"
)

// register adds a metric to a registry.
func register[T any](t testing.TB, registry metrics.Registry, name string, metric T) T {
	t.Helper()
	require.NoError(t, registry.Register(name, metric))
	return metric
}

// exposition returns what /metrics says of the registry, without the runtime.
func exposition(t testing.TB, h http.Handler) string {
	t.Helper()
	var b strings.Builder
	ofRuntime := regexp.MustCompile(`^(# (HELP|TYPE) )?(go_|process_)`)
	for line := range strings.Lines(get(t, h, "/metrics")) {
		if !ofRuntime.MatchString(line) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// values returns the samples of an exposition.
func values(t testing.TB, h http.Handler) map[string]float64 {
	t.Helper()
	values := map[string]float64{}
	for line := range strings.Lines(get(t, h, "/metrics")) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		i := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(strings.TrimSuffix(line[i+1:], "\n"), 64)
		require.NoError(t, err)
		if _, ok := values[line[:i]]; ok {
			t.Errorf("%s is there twice", line[:i])
		}
		values[line[:i]] = value
	}
	return values
}

func TestMetricsAreInPrometheusFormat(t *testing.T) {
	registry := metrics.NewRegistry()
	register(t, registry, "orders.open", metrics.NewCounter()).Inc(7)
	register(t, registry, "queue", metrics.NewGauge()).Update(-3)
	register(t, registry, "load", metrics.NewGaugeFloat64()).Update(0.25)
	register(t, registry, "no load", metrics.NewGaugeFloat64())
	register(t, registry, "database", metrics.NewHealthcheck(func(h metrics.Healthcheck) { h.Healthy() }))
	register(t, registry, "mail", metrics.NewHealthcheck(func(h metrics.Healthcheck) { h.Unhealthy(errors.New("down")) }))
	sizes := register(t, registry, "sizes", metrics.NewHistogram(metrics.NewUniformSample(100)))
	for i := range int64(99) {
		sizes.Update(i + 1)
	}
	register(t, registry, "empty", metrics.NewHistogram(metrics.NewUniformSample(100)))
	register(t, registry, "jobs", metrics.NewMeter()).Mark(5)
	timer := register(t, registry, "get-stuff", metrics.NewTimer())
	for _, d := range []time.Duration{time.Second, 2 * time.Second, 3500 * time.Millisecond} {
		timer.Update(d)
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/", tigertonic.Counted(tigertonic.Version("1"), "requests", registry))
	a := newAdmin(tigertonic.CountedByStatusXX(mux, "http", registry), admin.Options{Registry: registry})
	ask(t, mux, "GET", "/", "")
	const want = `# HELP database_healthy 1 if the health check "database" passes, else 0.
# TYPE database_healthy gauge
database_healthy 1
# HELP empty The histogram "empty". Quantiles are of its sample, and the sum is estimated from it.
# TYPE empty summary
empty_sum 0
empty_count 0
# HELP get_stuff_seconds The timer "get-stuff" in seconds. Quantiles are of its sample, and so is the sum, unless it is kept exactly.
# TYPE get_stuff_seconds summary
get_stuff_seconds{quantile="0.5"} 2
get_stuff_seconds{quantile="0.9"} 3.5
get_stuff_seconds{quantile="0.95"} 3.5
get_stuff_seconds{quantile="0.99"} 3.5
get_stuff_seconds{quantile="0.999"} 3.5
get_stuff_seconds_sum 6.5
get_stuff_seconds_count 3
# HELP http_responses_by_class_total The responses that "http" counts by the class of their status.
# TYPE http_responses_by_class_total counter
http_responses_by_class_total{class="1xx"} 0
http_responses_by_class_total{class="2xx"} 0
http_responses_by_class_total{class="3xx"} 0
http_responses_by_class_total{class="4xx"} 0
http_responses_by_class_total{class="5xx"} 0
# HELP jobs_per_second The moving average of the meter "jobs".
# TYPE jobs_per_second gauge
jobs_per_second{window="1m"} 0
jobs_per_second{window="5m"} 0
jobs_per_second{window="15m"} 0
# HELP jobs_total The events that the meter "jobs" counts.
# TYPE jobs_total counter
jobs_total 5
# HELP load The gauge "load".
# TYPE load gauge
load 0.25
# HELP mail_healthy 1 if the health check "mail" passes, else 0.
# TYPE mail_healthy gauge
mail_healthy 0
# HELP no_load The gauge "no load".
# TYPE no_load gauge
no_load 0
# HELP orders_open The counter "orders.open", which may be decremented.
# TYPE orders_open gauge
orders_open 7
# HELP queue The gauge "queue".
# TYPE queue gauge
queue -3
# HELP requests_total The requests that "requests" counts.
# TYPE requests_total counter
requests_total 1
# HELP sizes The histogram "sizes". Quantiles are of its sample, and the sum is estimated from it.
# TYPE sizes summary
sizes{quantile="0.5"} 50
sizes{quantile="0.9"} 90
sizes{quantile="0.95"} 95
sizes{quantile="0.99"} 99
sizes{quantile="0.999"} 99
sizes_sum 4950
sizes_count 99
`
	assert.Equal(t, want, exposition(t, a))
	assert.Equal(t, want, exposition(t, a), "the order is the same")
}

func TestMetricsOfTheRuntimeHaveTheirUsualNames(t *testing.T) {
	began := time.Now()
	a := newAdmin(service, admin.Options{Version: `v1 "quoted\` + "\n\xff"})
	got := values(t, a)
	for _, name := range []string{
		"go_gc_duration_seconds_count", "go_gc_duration_seconds_sum", "go_gc_gogc_percent", "go_gc_gomemlimit_bytes", "go_goroutines",
		"go_memstats_alloc_bytes", "go_memstats_alloc_bytes_total", "go_memstats_heap_alloc_bytes", "go_memstats_heap_idle_bytes",
		"go_memstats_heap_inuse_bytes", "go_memstats_heap_objects", "go_memstats_heap_released_bytes", "go_memstats_heap_sys_bytes",
		"go_memstats_frees_total", "go_memstats_mallocs_total", "go_memstats_next_gc_bytes", "go_memstats_stack_inuse_bytes",
		"go_memstats_sys_bytes", "go_sched_gomaxprocs_threads", "go_sync_mutex_wait_total_seconds_total", "go_threads",
	} {
		assert.Contains(t, got, name)
	}
	assert.Positive(t, got["go_goroutines"])
	assert.Positive(t, got["go_threads"])
	assert.Greater(t, got["go_memstats_sys_bytes"], got["go_memstats_heap_inuse_bytes"])
	assert.InDelta(t, float64(began.UnixMilli())/1000, got["process_start_time_seconds"], 60)
	assert.Regexp(t, `(?m)^go_info\{version="go1\.[^"]*"\} 1$`, get(t, a, "/metrics"))
	assert.Regexp(t, `(?m)^go_build_info\{path="[^"]*",version="v1 \\"quoted\\\\\\n\x{FFFD}",checksum="",revision=""\} 1$`, get(t, a, "/metrics"))
}

func TestResponsesByStatusAreOneFamily(t *testing.T) {
	registry := metrics.NewRegistry()
	statuses := []int{}
	h := tigertonic.CountedByStatus(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(statuses[0])
		statuses = statuses[1:]
	}), "api-status", registry)
	tigertonic.CountedByStatus(service, "site.responses", registry)
	both := tigertonic.CountedByStatus(tigertonic.CountedByStatusXX(http.NotFoundHandler(), "both", registry), "both", registry)
	for name, count := range map[string]int64{"port-443": 443, "api-2xx": 2, "some-1xx": 1, "-200": 8, "api-status": 9} {
		register(t, registry, name, metrics.NewCounter()).Inc(count)
	}
	a := newAdmin(h, admin.Options{Registry: registry})
	for _, status := range []int{200, 200, 404, 599, 299, 999} {
		statuses = append(statuses, status)
		ask(t, h, "GET", "/", "")
	}
	ask(t, both, "GET", "/", "")
	got := values(t, a)
	for name, want := range map[string]float64{
		`api_status_responses_total{code="200"}`:     2,
		`api_status_responses_total{code="404"}`:     1,
		`api_status_responses_total{code="500"}`:     0,
		`api_status_responses_total{code="599"}`:     1,
		`api_status_responses_total{code="299"}`:     1,
		`api_status_responses_total{code="5xx"}`:     1, // which isn't a status
		`site_responses_total{code="200"}`:           0,
		`both_responses_total{code="404"}`:           1,
		`both_responses_by_class_total{class="4xx"}`: 1,
		`both_responses_by_class_total{class="5xx"}`: 0,
		`api_status`: 9,
		`port_443`:   443, // not a status
		`api_2xx`:    2,
		`some_1xx`:   1,
		`_200`:       8,
	} {
		value, ok := got[name]
		assert.True(t, ok, name)
		assert.InDelta(t, want, value, 0, name)
	}
	assert.NotContains(t, got, `both_responses_total{code="5xx"}`)
	assert.NotContains(t, got, "api_status_200")
}

func BenchmarkMetrics(b *testing.B) {
	registry := metrics.NewRegistry()
	for i := range 50 {
		tigertonic.Timed(service, fmt.Sprintf("timer-%d", i), registry).Update(time.Second)
	}
	a := newAdmin(tigertonic.CountedByStatus(service, "http", registry), admin.Options{Registry: registry})
	for b.Loop() {
		get(b, a, "/metrics")
	}
	registry.UnregisterAll()
}
