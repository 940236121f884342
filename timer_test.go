package tigertonic_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

func newTimer() metrics.Timer {
	return tigertonic.Timed(http.NotFoundHandler(), "timer", metrics.NewRegistry()).Timer
}

// What sends a registry somewhere sees a timer like any other.
func TestTimedLooksLikeATimerInARegistry(t *testing.T) {
	registry := metrics.NewRegistry()
	tigertonic.Timed(http.NotFoundHandler(), "ours", registry).Update(time.Second)
	histogram := metrics.NewHistogram(metrics.NewUniformSample(10))
	require.NoError(t, registry.Register("theirs", metrics.NewCustomTimer(histogram, &metrics.MeterSnapshot{}))) // without a goroutine
	var b bytes.Buffer
	metrics.WriteJSONOnce(registry, &b)
	var all map[string]map[string]float64
	require.NoError(t, json.Unmarshal(b.Bytes(), &all))
	assert.Equal(t, slices.Sorted(maps.Keys(all["theirs"])), slices.Sorted(maps.Keys(all["ours"])))
	assert.Contains(t, all["ours"], "99%")
	assert.InDelta(t, 1e9, all["ours"]["99%"], 0)
	assert.InDelta(t, 1, all["ours"]["count"], 0)
}

func TestTimedHeedsUseNilMetrics(t *testing.T) {
	metrics.UseNilMetrics = true
	defer func() { metrics.UseNilMetrics = false }()
	timer := newTimer()
	timer.Update(1)
	assert.Zero(t, timer.Count())
}

// A Timer may be given another one, such as one that something else reads.
func TestTimedUpdatesTheTimerThatItIsGiven(t *testing.T) {
	h := tigertonic.Timed(answers(200, ""), "timer", metrics.NewRegistry())
	h.Timer = newTimer()
	serve(t, h, "GET", "/", "")
	assert.EqualValues(t, 1, h.Count())
}

func TestTimedAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	null := tigertonic.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	h := tigertonic.Timed(null, "timer", metrics.NewRegistry())
	for range 1028 { // the sample grows up to there
		h.Update(1)
	}
	assert.Zero(t, testing.AllocsPerRun(1000, func() { h.ServeHTTP(nil, nil) }))
}
