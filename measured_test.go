package tigertonic_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// measuredCounts returns the counts of what happened, "GET /stuff/{id} 2xx".
func measuredCounts(m *tigertonic.MeasuredHandler) map[string]int {
	counts := map[string]int{}
	for _, rm := range m.Metrics() {
		for i, c := range rm.Classes {
			if c != nil {
				counts[fmt.Sprintf("%s %s %dxx", rm.Method, rm.Pattern, i+1)] = int(c.Count)
			}
		}
	}
	return counts
}

func measuredTree() *tigertonic.TrieServeMux {
	inner, mux := tigertonic.NewTrieServeMux(), tigertonic.NewTrieServeMux()
	inner.Handle("GET", "/stuff/{id}", tigertonic.Typed(oneStuff))
	inner.Handle("POST", "/stuff/{id}", panics("the kettle bursts"))
	inner.Handle("PROPFIND", "/stuff/{id}", hello)
	mux.HandleNamespace("/1.0", inner)
	mux.HandleNamespace("/files", tigertonic.Described(http.NotFoundHandler(), func(op *tigertonic.Operation) { op.Hidden = true }))
	return mux
}

func TestMeasuredCountsByRoute(t *testing.T) {
	captureSlog(t)
	m := tigertonic.Measured(tigertonic.Recovered(measuredTree()), nil)
	for _, request := range []string{
		"GET /1.0/stuff/1", "GET /1.0/stuff/2", "HEAD /1.0/stuff/1", "GET /1.0/stuff/leak", "POST /1.0/stuff/1",
		"PROPFIND /1.0/stuff/1", "PUT /1.0/stuff/1", "GET /1.0/nothing", "GET /nothing", "GET /files/x", "OPTIONS /1.0/stuff/1",
	} {
		ask(t, m, request)
	}
	assert.Equal(t, map[string]int{
		"GET /1.0/stuff/{id} 2xx":   2,
		"GET /1.0/stuff/{id} 5xx":   1,
		"HEAD /1.0/stuff/{id} 2xx":  1,
		"POST /1.0/stuff/{id} 5xx":  1,
		"other /1.0/stuff/{id} 2xx": 1,
		"PUT /1.0/{...} 4xx":        1,
		"GET /1.0/{...} 4xx":        1,
		"OPTIONS /1.0/{...} 2xx":    1,
		"GET (none) 4xx":            1,
		"GET /files/{...} 4xx":      1,
	}, measuredCounts(m))
	for _, rm := range m.Metrics() {
		assert.Zero(t, rm.InFlight, rm.Pattern)
	}
}

// Whatever clients send, there are no more series than routes.
func TestClientsMakeUpNoSeries(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/a", hello)
	mux.HandleNamespace("/x", mux)
	mux.HandleNamespace("/y", mux)
	mux.Handle("GET", "/free/{any...}", tigertonic.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		r.Pattern = "GET /" + tigertonic.PathValue(r, "any") // as another router might
	}))
	m := tigertonic.Measured(mux, nil)
	for i := range 1 << 10 {
		path := ""
		for bit := range 10 {
			path += []string{"/x", "/y"}[i>>bit&1]
		}
		ask(t, m, "GET "+path+"/a")
		ask(t, m, fmt.Sprintf("M%d /a", i))
		ask(t, m, fmt.Sprintf("GET /nothing/%d", i))
		ask(t, m, fmt.Sprintf("GET /free/%d", i))
	}
	assert.Less(t, len(m.Metrics()), 130)
	assert.Contains(t, measuredCounts(m), "GET (other) 2xx")
	total := 0
	for _, count := range measuredCounts(m) {
		total += count
	}
	assert.Equal(t, 4<<10, total, "none is lost")
}

func TestMeasuredKnowsWhatIsInFlight(t *testing.T) {
	entered, leave, left := make(chan bool), make(chan bool), make(chan bool)
	mux := tigertonic.NewTrieServeMux()
	mux.HandleFunc("GET", "/slow", func(w http.ResponseWriter, _ *http.Request) {
		entered <- true
		<-leave
		_, _ = io.WriteString(w, "12345")
	})
	m := tigertonic.Measured(tigertonic.Measured(mux, nil), nil)
	for range 2 {
		go func() {
			m.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/slow", nil))
			left <- true
		}()
		<-entered
	}
	require.Len(t, m.Metrics(), 1)
	assert.EqualValues(t, 2, m.Metrics()[0].InFlight)
	close(leave)
	<-left
	<-left
	assert.Zero(t, m.Metrics()[0].InFlight)
	assert.EqualValues(t, 10, m.Metrics()[0].Classes[1].Bytes)
	assert.Empty(t, m.Unwrap().(*tigertonic.MeasuredHandler).Metrics(), "one is enough")
}

func TestMeasuredKeepsTheLastErrors(t *testing.T) {
	captureSlog(t)
	redactor := func(s string) string { return strings.ReplaceAll(s, "kettle", "*") }
	m := tigertonic.Measured(tigertonic.Identified(measuredTree(), nil), &tigertonic.MeasureOptions{Redactor: redactor})
	for i := range 40 {
		serve(t, m, "GET", "/1.0/stuff/leak", "", "X-Request-Id", fmt.Sprintf("id-%d", i))
	}
	errs := m.Errors()
	require.Len(t, errs, 32)
	assert.Equal(t, "id-39", errs[0].RequestID)
	assert.Equal(t, "id-8", errs[31].RequestID)
	assert.Equal(t, "the * leaks", errs[0].Cause)
	assert.Equal(t, "GET /1.0/stuff/{id} 500", fmt.Sprint(errs[0].Method, " ", errs[0].Pattern, " ", errs[0].Status))
}

func TestMeasuredKeepsTheTraceOfAnExample(t *testing.T) {
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	m := tigertonic.Measured(measuredTree(), nil)
	serve(t, m, "GET", "/1.0/stuff/1", "", "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-00") // isn't sampled
	assert.Empty(t, tracesIn(m))
	serve(t, m, "GET", "/1.0/stuff/1", "", "Traceparent", "00-"+trace+"-00f067aa0ba902b7-01")
	assert.Equal(t, []string{trace}, tracesIn(m))
	own := tigertonic.Measured(measuredTree(), &tigertonic.MeasureOptions{TraceID: func(r *http.Request) string { return r.Host }})
	serve(t, own, "GET", "/1.0/stuff/1", "")
	assert.Equal(t, []string{"example.com"}, tracesIn(own))
}

// tracesIn returns the traces of the exemplars of the first route's successes.
func tracesIn(m *tigertonic.MeasuredHandler) (traces []string) {
	for _, b := range m.Metrics()[0].Classes[1].Buckets {
		if b.Exemplar != nil {
			traces = append(traces, b.Exemplar.TraceID)
		}
	}
	return traces
}

func TestMeasuredHasHistograms(t *testing.T) {
	m := tigertonic.Measured(measuredTree(), nil)
	for range 3 {
		serve(t, m, "GET", "/1.0/stuff/1", "")
	}
	class := m.Metrics()[0].Classes[1]
	assert.EqualValues(t, 3, class.Count)
	assert.Positive(t, class.Duration)
	require.Len(t, class.Buckets, 14)
	var classic, native uint64
	for i, b := range class.Buckets {
		classic += b.Count
		if i > 0 && i < 13 {
			assert.Greater(t, b.UpperBound, class.Buckets[i-1].UpperBound)
		}
	}
	assert.Zero(t, class.Buckets[13].UpperBound)
	for _, n := range class.Native {
		native += n
	}
	assert.EqualValues(t, 3, classic)
	assert.EqualValues(t, 3, native)
}

// The pattern is found behind a writer that can't be unwrapped, too.
func TestMeasuredRoundTheMiddlewareOfOthers(t *testing.T) {
	m := tigertonic.Measured(tigertonic.Wrapped(measuredTree(), closing), nil)
	ask(t, m, "GET /1.0/stuff/1")
	assert.Equal(t, map[string]int{"GET /1.0/stuff/{id} 2xx": 1}, measuredCounts(m))
}

func TestMeasuredCostsNoAllocationInARecorder(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/a", hello404)
	allocs := func(h http.Handler) float64 {
		h = tigertonic.Recovered(h) // as a server has
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/a", nil)
		w := httptest.NewRecorder()
		return testing.AllocsPerRun(100, func() {
			r.Pattern = ""
			h.ServeHTTP(w, r)
		})
	}
	assert.InDelta(t, allocs(mux), allocs(tigertonic.Measured(mux, nil)), 0)
}

func BenchmarkMeasuredBesideTimed(b *testing.B) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/1.0/stuff/{id}", tigertonic.HandlerFunc(hello404))
	for _, bb := range []struct {
		name string
		h    http.Handler
	}{
		{"neither", mux},
		{"Timed", tigertonic.Timed(mux, "all", metrics.NewRegistry())},
		{"Measured", tigertonic.Measured(mux, nil)},
	} {
		h := tigertonic.Recovered(bb.h)
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				r := httptest.NewRequest("GET", "/1.0/stuff/1", nil)
				w := httptest.NewRecorder()
				for pb.Next() {
					r.Pattern = ""
					h.ServeHTTP(w, r)
				}
			})
		})
	}
}
