package admin_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
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
# HELP get_stuff_seconds The timer "get-stuff" in seconds. Quantiles are of its sample, and the sum is estimated from it.
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

// Names of metrics are any text.
func TestMetricNamesAreValidAndUnique(t *testing.T) {
	registry := metrics.NewRegistry()
	names := []string{
		"", " ", "a b", "a-b", "a.b", "a_b", "a:b", "a\nb", `a"b`, `a\b`, "größe", "gr??e", "日本", "数", "\xff\xfe", "1st", "_1st", "__name__",
		"a_b\n# TYPE evil counter\nevil 1", `a{b="c"} 1`, "go_goroutines", "go.goroutines", "process_start_time_seconds", strings.Repeat("x", 1000),
		"t", "t_sum", "t_count", "t.sum", "u_seconds_count", "m_total", "m.total", "m_per_second", "c_total", "c", "NaN", "le", "quantile",
	}
	for i, name := range names {
		register(t, registry, name, metrics.NewGauge()).Update(int64(i) + 1000)
	}
	register(t, registry, "T", metrics.NewHistogram(metrics.NewUniformSample(10))).Update(1)
	register(t, registry, "T_sum", metrics.NewGauge()).Update(5)
	register(t, registry, "u", metrics.NewTimer()).Update(time.Second)
	register(t, registry, "u.seconds", metrics.NewTimer()).Update(time.Second)
	register(t, registry, "m", metrics.NewMeter()).Mark(4)
	a := newAdmin(tigertonic.Counted(service, "c!", registry), admin.Options{Registry: registry})
	text := get(t, a, "/metrics")
	got := values(t, a) // fails if one is there twice

	families := map[string]bool{}
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); strings.HasPrefix(line, "# TYPE ") {
			require.Len(t, fields, 4, line)
			assert.Regexp(t, `^[a-zA-Z_][a-zA-Z0-9_]*$`, fields[2])
			assert.False(t, families[fields[2]], fields[2])
			families[fields[2]] = true
			if fields[3] == "summary" {
				families[fields[2]+"_sum"], families[fields[2]+"_count"] = true, true
			}
		} else if !strings.HasPrefix(line, "# HELP ") {
			assert.Regexp(t, `^[a-zA-Z_][a-zA-Z0-9_]*(\{[a-z]+="[^"\\\n]*"(,[a-z]+="[^"\\\n]*")*\})? \S+\n$`, line)
		}
	}
	shown := map[float64]bool{}
	for _, value := range got {
		shown[value] = true
	}
	for i, name := range names {
		assert.True(t, shown[float64(i)+1000], "%q is missing", name)
	}
	at := func(name string) float64 { return float64(slices.Index(names, name)) + 1000 }
	assert.InDelta(t, at("a_b"), got["a_b"], 0, "who has the plain name keeps it")
	assert.InDelta(t, at("t_sum"), got["t_sum"], 0)
	assert.InDelta(t, at("m_total"), got["m_total"], 0)
	assert.InDelta(t, at("c_total"), got["c_total"], 0)
	assert.InDelta(t, at("u_seconds_count"), got["u_seconds_count"], 0)
	assert.NotContains(t, got, "evil")
	assert.Less(t, got["go_goroutines"], 1000.0, "the runtime's is the runtime's")
	assert.Contains(t, text, `# HELP a_b_`)
	assert.Contains(t, text, `The gauge "a_b\\n# TYPE evil counter\\nevil 1".`)
	assert.Equal(t, exposition(t, a), exposition(t, newAdmin(a.Unwrap(), admin.Options{Registry: registry})), "hashes are the same everywhere")
}

func TestNumbersAreAsPrometheusReadsThem(t *testing.T) {
	registry := metrics.NewRegistry()
	for value, want := range map[float64]string{
		math.Inf(1): "+Inf", math.Inf(-1): "-Inf", math.Copysign(0, -1): "-0", 0.1: "0.1", 1e6: "1000000", -1e20: "-100000000000000000000",
		1e21: "1e+21", 1e-6: "0.000001", 1.5e-7: "1.5e-07", math.MaxFloat64: "1.7976931348623157e+308", math.SmallestNonzeroFloat64: "5e-324",
	} {
		register(t, registry, "g", metrics.NewGaugeFloat64()).Update(value)
		assert.Contains(t, exposition(t, newAdmin(service, admin.Options{Registry: registry})), "\ng "+want+"\n")
		registry.Unregister("g")
	}
	register(t, registry, "g", metrics.NewGaugeFloat64()).Update(math.NaN())
	a := newAdmin(service, admin.Options{Registry: registry})
	assert.Contains(t, exposition(t, a), "\ng NaN\n", "it is what the gauge says")
	assert.JSONEq(t, `{"g":{"value":null}}`, get(t, a, "/metrics.json"))
	register(t, registry, "i", metrics.NewGauge()).Update(math.MinInt64)
	assert.Contains(t, exposition(t, a), "\ni -9223372036854776000\n", "the float64 that it is to Prometheus")
}

// go-metrics adds int64s, so that a few timestamps in nanoseconds are a negative
// sum.
func TestSumOfAHistogramIsNoInt64(t *testing.T) {
	registry := metrics.NewRegistry()
	h := register(t, registry, "when", metrics.NewHistogram(metrics.NewUniformSample(100)))
	for range 50 {
		h.Update(math.MaxInt64)
	}
	assert.InEpsilon(t, 50*float64(math.MaxInt64), values(t, newAdmin(service, admin.Options{Registry: registry}))["when_sum"], 1e-12)
}

// A timer's sum is that of its sample, of 1,028 values. Prometheus divides what
// _sum has risen by through what _count has, and takes a fall for a restart.
func TestSumOfATimerRisesAsItsCountDoes(t *testing.T) {
	registry := metrics.NewRegistry()
	timer := register(t, registry, "t", metrics.NewTimer())
	a := newAdmin(service, admin.Options{Registry: registry})
	last, total := values(t, a), 0.0
	for i := range 50 {
		for range 1000 {
			d := time.Duration(i%5+1) * 100 * time.Millisecond
			timer.Update(d)
			total += d.Seconds()
		}
		got := values(t, a)
		assert.InDelta(t, 1000, got["t_seconds_count"]-last["t_seconds_count"], 0)
		assert.GreaterOrEqual(t, got["t_seconds_sum"], last["t_seconds_sum"])
		last = got
	}
	assert.InEpsilon(t, total, last["t_seconds_sum"], 0.1)
	again := values(t, a)
	assert.InDelta(t, last["t_seconds_sum"], again["t_seconds_sum"], 0, "nothing has come")
}

func TestSumOfAHistogramThatWasClearedBeginsAnew(t *testing.T) {
	registry := metrics.NewRegistry()
	h := register(t, registry, "h", metrics.NewHistogram(metrics.NewUniformSample(10)))
	a := newAdmin(service, admin.Options{Registry: registry})
	for range 1000 {
		h.Update(5)
	}
	assert.InDelta(t, 5000, values(t, a)["h_sum"], 1e-9)
	h.Clear()
	assert.Zero(t, values(t, a)["h_sum"])
	for range 20 {
		h.Update(2)
	}
	assert.InDelta(t, 40, values(t, a)["h_sum"], 1e-9)
}

// brokenGauge is somebody's own.
type brokenGauge struct{ metrics.Gauge }

func (brokenGauge) Value() int64 { panic("no\nvalue") }

func TestMetricThatPanicsTakesNoOtherWithIt(t *testing.T) {
	registry := metrics.NewRegistry()
	register(t, registry, "broken\n", metrics.Gauge(brokenGauge{}))
	register(t, registry, "nil sample", metrics.NewHistogram(metrics.NilSample{})) // whose Snapshot panics
	register(t, registry, "well", metrics.NewGauge())
	a := newAdmin(service, admin.Options{Registry: registry})
	text := get(t, a, "/metrics")
	assert.Contains(t, text, "\nwell 0\n")
	assert.Contains(t, text, `# The metric "broken\n" can't be read: "no\nvalue"`+"\n")
	assert.Contains(t, text, `# The metric "nil sample" can't be read: `)
	var all map[string]map[string]any
	require.NoError(t, json.Unmarshal([]byte(get(t, a, "/metrics.json")), &all))
	assert.Equal(t, map[string]any{"value": 0.0}, all["well"])
	assert.Contains(t, all["broken\n"]["error"], "can't be read")
}

func TestHealthCheckOfTheRegistryThatHangsIsUnhealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := metrics.NewRegistry()
		release := make(chan struct{})
		var runs atomic.Int32
		hanging := metrics.NewHealthcheck(func(h metrics.Healthcheck) { runs.Add(1); <-release; h.Healthy() })
		register(t, registry, "hanging", hanging)
		register(t, registry, "panics", metrics.NewHealthcheck(func(metrics.Healthcheck) { panic("no") }))
		register(t, registry, "well", metrics.NewHealthcheck(func(h metrics.Healthcheck) { h.Healthy() }))
		a := newAdmin(service, admin.Options{Registry: registry})
		began := time.Now()
		for range 10 {
			got := values(t, a)
			assert.Zero(t, got["hanging_healthy"])
			assert.Zero(t, got["panics_healthy"])
			assert.InDelta(t, 1, got["well_healthy"], 0)
		}
		assert.Equal(t, time.Second, time.Since(began))
		assert.EqualValues(t, 1, runs.Load())
		assert.JSONEq(t, `{"hanging":{"error":"no answer within 1s"},"panics":{"error":"panic: no"},"well":{"error":null}}`, get(t, a, "/metrics.json"))
		close(release)
		time.Sleep(2 * time.Second)
		assert.InDelta(t, 1, values(t, a)["hanging_healthy"], 0)
	})
}

func TestMetricsJSONIsWhatTheRegistryMarshals(t *testing.T) {
	registry := metrics.NewRegistry()
	register(t, registry, "counter <&>", metrics.NewCounter()).Inc(7)
	register(t, registry, "gauge", metrics.NewGauge()).Update(math.MaxInt64)
	register(t, registry, "float", metrics.NewGaugeFloat64()).Update(1e-9)
	register(t, registry, "healthy", metrics.NewHealthcheck(func(h metrics.Healthcheck) { h.Healthy() }))
	register(t, registry, "ill", metrics.NewHealthcheck(func(h metrics.Healthcheck) { h.Unhealthy(errors.New("<ill>")) }))
	h := register(t, registry, "histogram", metrics.NewHistogram(metrics.NewUniformSample(100)))
	for i := range int64(80) {
		h.Update(i * i)
	}
	register(t, registry, "meter", metrics.NewMeter()).Mark(2)
	timer := register(t, registry, "timer", metrics.NewTimer())
	timer.Update(time.Second)
	timer.Update(time.Millisecond)
	timer.Stop() // lest it ticks in between
	want, err := json.Marshal(registry)
	require.NoError(t, err)
	a := newAdmin(service, admin.Options{Registry: registry})
	assert.JSONEq(t, string(want), get(t, a, "/metrics.json"))
	assert.Equal(t, get(t, a, "/metrics.json"), get(t, a, "/metrics.json"), "the order is the same")
}

func TestMetricsAreOfTheRegistryThatIsNamed(t *testing.T) {
	name := t.Name()
	metrics.GetOrRegisterGauge(name, nil).Update(1)
	t.Cleanup(func() { metrics.Unregister(name) })
	assert.Contains(t, get(t, admin.New(service, admin.Options{}), "/metrics"), name)
	assert.NotContains(t, get(t, newAdmin(service, admin.Options{}), "/metrics"), name)
	prefixed := metrics.NewPrefixedRegistry("pre.")
	register(t, prefixed, "fixed", metrics.NewGauge())
	register(t, prefixed, "health", metrics.NewHealthcheck(func(h metrics.Healthcheck) { h.Healthy() }))
	assert.Contains(t, get(t, newAdmin(service, admin.Options{Registry: prefixed}), "/metrics"), "\npre_fixed 0\n")
	assert.Contains(t, get(t, newAdmin(service, admin.Options{Registry: prefixed}), "/metrics"), "\npre_health_healthy 1\n")
}

func TestMetricsAreReadWhileTheyChange(t *testing.T) {
	registry := metrics.NewRegistry()
	register(t, registry, "health", metrics.NewHealthcheck(func(h metrics.Healthcheck) { h.Unhealthy(errors.New("no")) }))
	a := newAdmin(service, admin.Options{Registry: registry})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				name := fmt.Sprint(j)
				metrics.GetOrRegisterTimer(name, registry).Update(time.Second)
				if i == 0 {
					registry.Unregister(name)
				}
				switch i % 4 {
				case 0:
					values(t, a)
				case 1:
					get(t, a, "/metrics.json")
				}
			}
		})
	}
	wg.Wait()
	registry.UnregisterAll()
}

func TestTenThousandMetrics(t *testing.T) {
	registry := metrics.NewRegistry()
	for i := range 10_000 {
		register(t, registry, strings.Repeat("?", i%7)+fmt.Sprintf("gauge.%d", i/2)+"!-"[i%2:i%2+1], metrics.NewGauge()).Update(int64(i))
	}
	a := newAdmin(service, admin.Options{Registry: registry})
	assert.Greater(t, len(values(t, a)), 10_000)
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

func BenchmarkTenThousandMetrics(b *testing.B) {
	registry := metrics.NewRegistry()
	for i := range 10_000 {
		register(b, registry, fmt.Sprintf("gauge.%d", i), metrics.NewGauge())
	}
	a := newAdmin(service, admin.Options{Registry: registry})
	for b.Loop() {
		get(b, a, "/metrics")
	}
}
