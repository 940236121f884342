package tigertonic_test

import (
	"fmt"
	"io"
	"log"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// recovered returns what f panics with.
func recovered(f func()) (cause any) {
	defer func() { cause = recover() }()
	f()
	return nil
}

func TestCountedCountsRequests(t *testing.T) {
	registry := metrics.NewRegistry()
	c := tigertonic.Counted(answers(404, "body"), "name", registry)
	for range 3 {
		assert.Equal(t, 404, serve(t, c, "GET", "/", "").Code)
	}
	assert.EqualValues(t, 3, c.Count())
	assert.Equal(t, map[string]int64{"name": 3}, counts(registry))
}

func TestTimedMeasuresInNanoseconds(t *testing.T) {
	const atLeast = 2 * time.Millisecond
	registry := metrics.NewRegistry()
	timer := tigertonic.Timed(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(atLeast) }), "name", registry)
	start := time.Now()
	for range 2 {
		serve(t, timer, "GET", "/", "")
	}
	elapsed := time.Since(start)
	assert.EqualValues(t, 2, timer.Count())
	assert.GreaterOrEqual(t, timer.Min(), int64(atLeast))
	assert.LessOrEqual(t, timer.Sum(), int64(elapsed))
	assert.Same(t, timer.Timer, registry.Get("name"))
	registry.UnregisterAll()
}

func TestMetricsCountAPanickingHandler(t *testing.T) {
	registry := metrics.NewRegistry()
	for i, write := range []http.HandlerFunc{func(http.ResponseWriter, *http.Request) {}, answers(201, "half")} {
		registry.UnregisterAll()
		h := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			write(w, r)
			panic(http.ErrAbortHandler)
		}))
		timer := tigertonic.Timed(h, "timed", registry)
		h = tigertonic.Counted(timer, "counted", registry)
		h = tigertonic.CountedByStatus(h, "status", registry)
		h = tigertonic.CountedByStatusXX(h, "xx", registry)
		assert.Same(t, http.ErrAbortHandler, recovered(func() { serve(t, h, "GET", "/", "") }))
		assert.Equal(t, []map[string]int64{
			{"counted": 1, "status-500": 1, "xx-5xx": 1},
			{"counted": 1, "status-201": 1, "xx-2xx": 1},
		}[i], counts(registry))
		assert.EqualValues(t, 1, timer.Count())
	}
}

func TestNilRegistryIsTheDefault(t *testing.T) {
	h := http.Handler(answers(200, ""))
	h = tigertonic.Counted(h, "nil-counted", nil)
	h = tigertonic.Timed(h, "nil-timed", nil)
	h = tigertonic.CountedByStatus(h, "nil-status", nil)
	h = tigertonic.CountedByStatusXX(h, "nil-xx", nil)
	registered := func() (names []string) {
		metrics.DefaultRegistry.Each(func(name string, _ any) { names = append(names, name) })
		return names
	}
	defer func() {
		for _, name := range registered() {
			metrics.DefaultRegistry.Unregister(name)
		}
	}()
	serve(t, h, "GET", "/", "")
	assert.Subset(t, counts(metrics.DefaultRegistry), map[string]int64{"nil-counted": 1, "nil-status-200": 1, "nil-xx-2xx": 1})
	assert.Contains(t, registered(), "nil-timed")
}

// here returns the place that it is called from.
func here() string {
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprintf("%s:%d", file, line)
}

func TestMetricWithATakenNamePanicsWithItsPlace(t *testing.T) {
	h := answers(200, "")
	var place string
	for _, tt := range []struct {
		name     string
		taken    string
		register func(metrics.Registry)
	}{
		{"Counted", "name", func(m metrics.Registry) { place = here(); tigertonic.Counted(h, "name", m) }},
		{"Timed", "name", func(m metrics.Registry) { place = here(); tigertonic.Timed(h, "name", m) }},
		{"CountedByStatus", "name-404", func(m metrics.Registry) { place = here(); tigertonic.CountedByStatus(h, "name", m) }},
		{"CountedByStatusXX", "name-5xx", func(m metrics.Registry) { place = here(); tigertonic.CountedByStatusXX(h, "name", m) }},
	} {
		registry := metrics.NewRegistry()
		require.NoError(t, registry.Register(tt.taken, metrics.NewGauge()))
		got := recovered(func() { tt.register(registry) })
		assert.Equal(t, fmt.Sprintf("tigertonic: metric %q: duplicate metric: %s (registered at %s): give each service that is built, as by each test, its own metrics.NewRegistry()", tt.taken, tt.taken, place), got, tt.name)
	}
}

func TestCountedByStatusAndByFirstDigitMayShareAName(t *testing.T) {
	for status, want := range map[int]map[string]int64{
		404: {"http-404": 1, "http-4xx": 1},
		500: {"http-500": 1, "http-5xx": 1},
		600: {"http-5xx": 1}, // which isn't counted twice
	} {
		registry := metrics.NewRegistry()
		h := tigertonic.CountedByStatus(answers(status, ""), "http", registry)
		require.NotPanics(t, func() { serve(t, tigertonic.CountedByStatusXX(h, "http", registry), "GET", "/", "") })
		assert.Equal(t, want, counts(registry))
	}
}

func TestCountedByStatusRegistersListedStatusesAtOnceAndOthersOnDemand(t *testing.T) {
	registry := metrics.NewRegistry()
	status := 0
	h := tigertonic.CountedByStatus(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) }), "name", registry)
	for _, listed := range []int{100, 103, 200, 308, 404, 418, 429, 451, 511} {
		assert.NotNil(t, registry.Get("name-"+strconv.Itoa(listed)), listed)
	}
	require.NoError(t, registry.Register("name-298", metrics.NewGauge()))
	counter := metrics.NewCounter()
	require.NoError(t, registry.Register("name-297", counter))

	for _, status = range []int{299, 298, 297, 299, 298, 297, 600} {
		serve(t, h, "GET", "/", "")
	}
	assert.Equal(t, map[string]int64{"name-299": 2, "name-5xx": 1}, counts(registry))
	assert.IsType(t, metrics.NewGauge(), registry.Get("name-298"), "another kind of metric is left alone")
}

func TestCountedByStatusCountsUnlistedStatusesOfConcurrentRequests(t *testing.T) {
	const clients = 8
	for round := range 200 { // for the counters are made once
		for status, name := range map[int]string{299: "name-299", 700: "name-5xx"} {
			registry := metrics.NewRegistry()
			h := tigertonic.CountedByStatus(answers(status, ""), "name", registry)
			start := make(chan struct{})
			var wg sync.WaitGroup
			for range clients {
				wg.Go(func() {
					<-start
					serve(t, h, "GET", "/", "")
				})
			}
			close(start)
			wg.Wait()
			require.Equal(t, map[string]int64{name: clients}, counts(registry), round)
		}
	}
}

func TestEveryStatusIsCountedAsTheClientSeesIt(t *testing.T) {
	registry, want := metrics.NewRegistry(), map[string]int64{}
	h := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, err := strconv.Atoi(r.URL.Query().Get("status"))
		assert.NoError(t, err)
		w.WriteHeader(status)
	}))
	h = tigertonic.CountedByStatus(h, "status", registry)
	srv := newServer(t, tigertonic.CountedByStatusXX(h, "xx", registry), false)
	for status := 100; status < 1000; status++ {
		res, err := srv.Client().Get(srv.URL + "?status=" + strconv.Itoa(status))
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if status < 200 && status != 101 {
			require.Equal(t, 200, res.StatusCode, "%d is informational", status)
		} else {
			require.Equal(t, status, res.StatusCode)
		}
		switch seen := res.StatusCode; {
		case seen < 600:
			want[fmt.Sprintf("status-%d", seen)]++
			want[fmt.Sprintf("xx-%dxx", seen/100)]++
		default:
			want["status-5xx"]++
			want["xx-5xx"]++
		}
	}
	srv.Close() // waits for the handlers
	assert.Equal(t, want, counts(registry))
}

func TestRandomRequestsLeaveTheNumberOfMetrics(t *testing.T) {
	registry := metrics.NewRegistry()
	inAllMetrics := func(h http.Handler, name string) http.Handler {
		h = tigertonic.Counted(h, name+"-counted", registry)
		h = tigertonic.Timed(h, name+"-timed", registry)
		h = tigertonic.CountedByStatus(h, name+"-status", registry)
		return tigertonic.CountedByStatusXX(h, name+"-xx", registry)
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/stuff/{id}", inAllMetrics(answers(200, "body"), "inside"))
	mux.HandleNamespace("/tenants/{tenant}", inAllMetrics(mux, "namespace"))
	h := inAllMetrics(mux, "outside")
	names := func() []string { return slices.Sorted(maps.Keys(registry.GetAll())) }
	before := names()

	random := rand.New(rand.NewPCG(1, 2))
	word := func() string { return strconv.FormatUint(random.Uint64(), 36) }
	statuses := map[int]int{}
	for range 10_000 {
		r := httptest.NewRequestWithContext(t.Context(), []string{"GET", word()}[random.IntN(2)], "/stuff/"+word(), nil)
		if random.IntN(2) == 0 {
			r.URL.Path = "/tenants/" + word() + "/stuff/" + word()[:1+random.IntN(3)] + []string{"", "/"}[random.IntN(2)]
		}
		r.Header.Set("User-Agent", word())
		r.Host = word()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		statuses[w.Code]++
	}
	assert.Len(t, statuses, 3, "200, 404 and 405 are all met")
	assert.Equal(t, before, names())
	registry.UnregisterAll()
}

func TestPanicsAbortTheResponseAndAreLoggedAndCounted(t *testing.T) {
	for _, tt := range []struct {
		name   string
		write  http.HandlerFunc
		status int
		body   string
	}{
		{"before the first byte", func(http.ResponseWriter, *http.Request) {}, 500, ""},
		{"after it", func(w http.ResponseWriter, r *http.Request) {
			answers(201, "half")(w, r)
			w.(http.Flusher).Flush()
		}, 201, "half"},
	} {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/http2=%t", tt.name, http2), func(t *testing.T) {
				var a audit
				srv := newServer(t, a.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					tt.write(w, r)
					panic("the handler")
				}), true), http2)
				res, err := srv.Client().Post(srv.URL, "text/plain", nil)
				if tt.body != "" {
					require.NoError(t, err)
					defer res.Body.Close()
					assert.Equal(t, tt.status, res.StatusCode)
					var got []byte
					got, err = io.ReadAll(res.Body)
					assert.Equal(t, tt.body, string(got))
				}
				require.Error(t, err, "the client is to know that it isn't whole")
				a.assert(t, tt.status, len(tt.body))
			})
		}
	}
}

func TestPanicWithinACopyIsCountedWithTheStatusOnTheWire(t *testing.T) {
	for _, observed := range []bool{false, true} {
		var a audit
		srv := newServer(t, a.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body := io.MultiReader(strings.NewReader(strings.Repeat("more than is kept back", 5000)), panicReader{})
			_, _ = io.Copy(w, struct{ io.Reader }{body}) // by ReadFrom
		}), observed), false)
		res, err := srv.Client().Get(srv.URL)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, res.Body)
		require.Error(t, err)
		res.Body.Close()
		<-a.done
		assert.Equal(t, 200, res.StatusCode)
		assert.Contains(t, a.apache.String(), `" 200 `)
		assert.Equal(t, map[string]int64{"status-200": 1, "xx-2xx": 1}, counts(a.registry))
	}
}

// A panicReader panics as a handler does.
type panicReader struct{}

func (panicReader) Read([]byte) (int, error) { panic("the handler") }

func TestMiddlewaresPassPanicsOn(t *testing.T) {
	for _, cause := range []error{io.ErrClosedPipe, http.ErrAbortHandler} {
		for _, write := range []http.HandlerFunc{func(http.ResponseWriter, *http.Request) {}, answers(200, "half")} {
			for _, wrapper := range append(wrappers(), wrapper{"all", inAllThatPanic}) {
				if wrapper.name == "Recovered" {
					continue
				}
				h := wrapper.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					write(w, r)
					panic(cause)
				}))
				got := recovered(func() { h.ServeHTTP(httptest.NewRecorder(), authorized(t, "GET")) })
				assert.Same(t, cause, got, wrapper.name)
			}
		}
	}
}

func TestAbortedRequestsLeaveNoStackInTheServersLog(t *testing.T) {
	for _, tt := range []struct {
		cause any
		want  bool
	}{{http.ErrAbortHandler, false}, {"the handler", true}} {
		logged := make(chan []byte, 16)
		srv := httptest.NewUnstartedServer(inAllThatPanic(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(tt.cause) })))
		srv.Config.ErrorLog = log.New(writerFunc(func(p []byte) (int, error) {
			logged <- slices.Clone(p)
			return len(p), nil
		}), "", 0)
		srv.Start()
		_, err := askAuthorized(t, srv, "POST", nil)
		require.Error(t, err)
		srv.Close() // waits for the handler
		close(logged)
		assert.Equal(t, tt.want, len(logged) > 0, "%v: %s", tt.cause, <-logged)
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
