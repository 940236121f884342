package admin_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"
)

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

func TestTenThousandMetrics(t *testing.T) {
	registry := metrics.NewRegistry()
	for i := range 10_000 {
		register(t, registry, strings.Repeat("?", i%7)+fmt.Sprintf("gauge.%d", i/2)+"!-"[i%2:i%2+1], metrics.NewGauge()).Update(int64(i))
	}
	a := newAdmin(service, admin.Options{Registry: registry})
	assert.Greater(t, len(values(t, a)), 10_000)
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
