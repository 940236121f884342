package admin_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/admin"
)

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
		assert.JSONEq(t, `{"hanging":{"error":"no response within 1s"},"panics":{"error":"panic: no"},"well":{"error":null}}`, get(t, a, "/metrics.json"))
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
	first := get(t, a, "/metrics.json")
	assert.Equal(t, first, get(t, a, "/metrics.json"), "the order is the same")
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
