package tigertonic_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// A gate lets the requests in it out one by one, and knows how many there are
// and in which order they came.
type gate struct {
	out  chan struct{}
	in   atomic.Int64
	most atomic.Int64
	mu   sync.Mutex
	came []string
}

func newGate() *gate { return &gate{out: make(chan struct{})} }

func (g *gate) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	in := g.in.Add(1)
	defer g.in.Add(-1)
	g.most.Store(max(g.most.Load(), in))
	g.mu.Lock()
	g.came = append(g.came, r.URL.Path)
	g.mu.Unlock()
	<-g.out
}

// An askedAnswer is a response and how long it took.
type askedAnswer struct {
	*httptest.ResponseRecorder
	took time.Duration
}

// askLater has h answer in a goroutine of its own.
func askLater(ctx context.Context, h http.Handler, path string) <-chan askedAnswer {
	answered := make(chan askedAnswer, 1)
	go func() {
		start, w := time.Now(), httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", path, nil))
		answered <- askedAnswer{w, time.Since(start)}
	}()
	return answered
}

func assertBusy(t *testing.T, a askedAnswer) {
	t.Helper()
	requireError(t, a.ResponseRecorder, 503, "tigertonic.ServiceUnavailable", "there are too many requests, try again later")
	assert.Equal(t, []string{"1"}, a.Header()["Retry-After"])
}

func TestLimitedLetsNInAndNWait(t *testing.T) {
	for _, n := range []int{1, 2, 10} {
		synctest.Test(t, func(t *testing.T) {
			g := newGate()
			h := tigertonic.Limited(g, n, nil)
			var admitted, refused []<-chan askedAnswer
			for range 2 * n {
				admitted = append(admitted, askLater(t.Context(), h, "/"))
			}
			synctest.Wait()
			assert.EqualValues(t, n, g.in.Load())
			for range 3 * n {
				refused = append(refused, askLater(t.Context(), h, "/"))
			}
			for _, answered := range refused {
				a := <-answered
				assertBusy(t, a)
				assert.Zero(t, a.took, "there is no room to wait")
			}
			time.Sleep(19 * time.Millisecond)
			for range 2 * n {
				g.out <- struct{}{}
			}
			for _, answered := range admitted {
				assert.Equal(t, 200, (<-answered).Code)
			}
			assert.EqualValues(t, n, g.most.Load())
		})
	}
}

func TestLimitedWaitsForALittleWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		h := tigertonic.Limited(g, 2, nil)
		first, second := askLater(t.Context(), h, "/"), askLater(t.Context(), h, "/")
		synctest.Wait()
		a := <-askLater(t.Context(), h, "/")
		assertBusy(t, a)
		assert.Equal(t, 20*time.Millisecond, a.took)
		for range 2 { // nothing is lost by it
			g.out <- struct{}{}
		}
		assert.Equal(t, 200, (<-first).Code)
		assert.Equal(t, 200, (<-second).Code)
		third := askLater(t.Context(), h, "/")
		g.out <- struct{}{}
		assert.Zero(t, (<-third).took)
	})
}

func TestLimitedIsAsItsOptionsSay(t *testing.T) {
	for name, tt := range map[string]struct {
		opts       tigertonic.LimitOptions
		waits      int // of three requests beside the one that runs
		took       time.Duration
		retryAfter string
	}{
		"the defaults":        {tigertonic.LimitOptions{}, 1, 20 * time.Millisecond, "1"},
		"no queue":            {tigertonic.LimitOptions{Queue: -1, Wait: time.Hour}, 0, 0, "1"},
		"a longer queue":      {tigertonic.LimitOptions{Queue: 2, Wait: time.Second}, 2, time.Second, "1"},
		"a later time":        {tigertonic.LimitOptions{RetryAfter: 90 * time.Second}, 1, 20 * time.Millisecond, "90"},
		"a part of a second":  {tigertonic.LimitOptions{RetryAfter: time.Millisecond}, 1, 20 * time.Millisecond, "1"},
		"a bit over a second": {tigertonic.LimitOptions{RetryAfter: time.Second + 1}, 1, 20 * time.Millisecond, "2"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate()
				opts := tt.opts
				h := tigertonic.Limited(g, 1, &opts)
				opts = tigertonic.LimitOptions{Queue: 99, Wait: time.Hour} // is the caller's
				running := askLater(t.Context(), h, "/")
				synctest.Wait()
				waited := 0
				for _, answered := range []<-chan askedAnswer{askLater(t.Context(), h, "/"), askLater(t.Context(), h, "/"), askLater(t.Context(), h, "/")} {
					a := <-answered
					assert.Equal(t, 503, a.Code)
					assert.Equal(t, []string{tt.retryAfter}, a.Header()["Retry-After"])
					if a.took > 0 {
						waited++
						assert.Equal(t, tt.took, a.took)
					}
				}
				assert.Equal(t, tt.waits, waited)
				g.out <- struct{}{}
				<-running
			})
		})
	}
	for _, opts := range []*tigertonic.LimitOptions{{Wait: -1}, {RetryAfter: -1}} {
		assert.Regexp(t, `^tigertonic: `+regexp.QuoteMeta("Limited: Wait: "+opts.Wait.String()+", RetryAfter: "+opts.RetryAfter.String()+"; to have no request wait, set Queue to -1")+` \(at .*/limited_test.go:\d+\)$`,
			recovered(func() { tigertonic.Limited(newGate(), 1, opts) }))
	}
}

func TestLimitedServesThoseFirstThatCameFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		h := tigertonic.Limited(g, 3, nil)
		paths := []string{"/1", "/2", "/3", "/4", "/5", "/6"}
		var all []<-chan askedAnswer
		for _, path := range paths {
			all = append(all, askLater(t.Context(), h, path))
			synctest.Wait()
		}
		g.out <- struct{}{}
		synctest.Wait()
		late := askLater(t.Context(), h, "/7") // can't pass those who wait
		for range paths {
			synctest.Wait()
			g.out <- struct{}{}
		}
		for _, answered := range append(all, late) {
			assert.Equal(t, 200, (<-answered).Code)
		}
		assert.Equal(t, append(paths, "/7"), g.came)
	})
}

func TestLimitedStopsWaitingWhenTheClientIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		h := tigertonic.Limited(g, 1, nil)
		first := askLater(t.Context(), h, "/")
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		gone := askLater(ctx, h, "/")
		time.Sleep(5 * time.Millisecond)
		cancel()
		a := <-gone
		assertBusy(t, a)
		assert.Equal(t, 5*time.Millisecond, a.took)
		second := askLater(t.Context(), h, "/") // in the place that is free again
		g.out <- struct{}{}
		g.out <- struct{}{}
		assert.Equal(t, 200, (<-first).Code)
		assert.Equal(t, 200, (<-second).Code)
	})
}

func TestLimitedIsFreeAgainHoweverTheHandlerEnds(t *testing.T) {
	for name, end := range map[string]func(){
		"a return": func() {},
		"a panic":  func() { panic(boom) },
		"an abort": func() { panic(http.ErrAbortHandler) },
		"Goexit":   runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			called := 0
			h := tigertonic.Limited(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				called++
				end()
			}), 1, nil)
			for range 3 {
				done := make(chan struct{})
				go func() {
					defer close(done)
					recovered(func() { h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)) })
				}()
				<-done
			}
			assert.Equal(t, 3, called)
		})
	}
}

// A connection that was taken over counts as long as its handler runs.
func TestLimitedCountsWhatATakenOverConnectionIsServedBy(t *testing.T) {
	release := make(chan struct{})
	srv := newServer(t, tigertonic.Limited(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/hijack" {
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if assert.NoError(t, err) {
			_, _ = io.WriteString(conn, "x")
			<-release
			conn.Close()
		}
	}), 1, nil), false)
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "GET /hijack HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	_, err = io.ReadFull(conn, make([]byte, 1))
	require.NoError(t, err)
	ask := func() int {
		res, err := srv.Client().Get(srv.URL)
		require.NoError(t, err)
		res.Body.Close()
		return res.StatusCode
	}
	assert.Equal(t, 503, ask())
	close(release)
	eventually(t, "the handler to have ended", func() bool { return ask() == 200 })
}

// Under overload, refusals go out by the thousand: they are in the access log
// and nowhere else.
func TestLimitedRefusesWithoutALogOfItsOwn(t *testing.T) {
	answering(t, tigertonic.ProblemWriter{})
	var access, server bytes.Buffer
	release, entered := make(chan struct{}), make(chan struct{})
	h := tigertonic.Limited(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-release
	}), 1, nil)
	s := tigertonic.NewServer("", tigertonic.Accessed(h, &tigertonic.AccessOptions{Logger: slog.New(slog.NewTextHandler(&access, nil))}))
	s.ErrorLog = log.New(&server, "", 0)
	b := captureSlog(t)
	first := askLater(t.Context(), h, "/")
	<-entered
	id := assertSecret(t, serve(t, s.Handler, "GET", "/", ""), 503)
	w := serve(t, h, "GET", "/", "")
	assertSecret(t, w, 503)
	assert.Equal(t, "1", w.Header().Get("Retry-After"))
	close(release)
	<-first
	assert.Empty(t, server.String())
	assert.Empty(t, b.String())
	assert.Equal(t, 1, strings.Count(access.String(), "\n"))
	assert.Contains(t, access.String(), "level=ERROR msg=request method=GET")
	assert.Contains(t, access.String(), "request_id="+id+` error="there are too many requests, try again later"`)
}

func TestLimitedUnderLoad(t *testing.T) {
	const n = 4
	var in, most atomic.Int64
	h := tigertonic.Limited(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		now := in.Add(1)
		for old := most.Load(); now > old && !most.CompareAndSwap(old, now); {
			old = most.Load()
		}
		runtime.Gosched()
		in.Add(-1)
	}), n, nil)
	var served, refused atomic.Int64
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for range 200 {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
				if w.Code == 200 {
					served.Add(1)
				} else {
					refused.Add(1)
				}
			}
		})
	}
	wg.Wait()
	assert.LessOrEqual(t, most.Load(), int64(n))
	assert.EqualValues(t, 32*200, served.Load()+refused.Load())
	assert.Equal(t, 200, serve(t, h, "GET", "/", "").Code)
}

func TestLimitedRefusesLimitsUnderOne(t *testing.T) {
	for n, want := range map[int]string{0: "0", -1: "-1"} {
		assert.Regexp(t, `^tigertonic: Limited: a limit of `+want+` requests \(at .*/limited_test.go:\d+\)$`,
			recovered(func() { tigertonic.Limited(hello, n, nil) }))
	}
	assert.Equal(t, 200, serve(t, tigertonic.Limited(hello, 1<<40, nil), "GET", "/", "").Code, "a large one takes no memory")
}

func TestLimitedAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	null := tigertonic.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {})
	assert.Zero(t, testing.AllocsPerRun(100, asker(t, tigertonic.Limited(null, 1, nil), "GET", "/", "")))
}

func TestLimitedDescribesItsRefusal(t *testing.T) {
	op := &tigertonic.Operation{}
	tigertonic.Limited(hello, 1, nil).(tigertonic.Describer).Describe(op)
	rs := op.Responses["503"]
	require.NotNil(t, rs)
	assert.Equal(t, "there are too many requests, try again later", rs.Description)
	assert.Contains(t, rs.Headers, "Retry-After")
	assert.NotEmpty(t, rs.Content)
}

func TestClientKeyIsAnAddressOrANetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1:1234":             "192.0.2.1",
		"192.0.2.1":                  "192.0.2.1",
		"[::ffff:192.0.2.1]:1234":    "192.0.2.1",
		"[2001:db8:1:2:3:4:5:6]:443": "2001:db8:1:2::/64",
		"2001:db8:1:2::7":            "2001:db8:1:2::/64",
		"[fe80::1%eth0]:80":          "fe80::/64",
		"@":                          "@",
		"":                           "",
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.RemoteAddr = address
		got, err := tigertonic.ClientKey(r)
		require.NoError(t, err)
		assert.Equal(t, want, got, address)
	}
}

// refusingBy is a middleware as others write it, that refuses every request.
func refusingBy(refusal http.Handler) func(http.Handler) http.Handler {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("RateLimit-Remaining", "0")
			refusal.ServeHTTP(w, r)
		})
	}
}

func TestRefusalAnswersAndDescribes(t *testing.T) {
	refusal := tigertonic.NewRefusal(tigertonic.TooManyRequests{Err: errors.New("slow down")}, "RateLimit-Limit", "X-RateLimit-Remaining", "RateLimit-Reset", "RateLimit")
	h := tigertonic.Wrapped(hello, refusingBy(refusal), refusal.Describe)
	w := serve(t, h, "GET", "/", "")
	assert.Equal(t, 429, w.Code)
	assert.Equal(t, `{"description":"slow down","error":"tigertonic.TooManyRequests"}`+"\n", w.Body.String())
	assert.Equal(t, "0", w.Header().Get("RateLimit-Remaining"))
	op := &tigertonic.Operation{}
	op.Response(200)
	h.Describe(op)
	assert.Equal(t, "slow down", op.Responses["429"].Description)
	assert.Contains(t, op.Responses["429"].Headers, "Retry-After")
	assert.NotContains(t, op.Responses["200"].Headers, "Retry-After")
	for name, want := range map[string]string{"Ratelimit-Limit": "integer", "X-Ratelimit-Remaining": "integer", "Ratelimit-Reset": "integer", "Ratelimit": "string"} {
		for status, rs := range op.Responses {
			assert.Equal(t, []string{want}, rs.Headers[name].Schema.Types, status+" "+name)
		}
	}
	assert.Equal(t, "Refusal(429)", refusal.String())
	assert.Equal(t, "METHOD  PATTERN  HANDLER\n*                Refusal(429)\n", tigertonic.Explain(refusal))
}

// Its cause is in the request's own line, and nowhere else.
func TestRefusalThatIsAFailureTellsTheLogWhy(t *testing.T) {
	var b bytes.Buffer
	refusal := tigertonic.NewRefusal(tigertonic.ServiceUnavailable{Err: errors.New("the cellar is flooded")})
	h := tigertonic.Accessed(tigertonic.Wrapped(hello, refusingBy(refusal)), &tigertonic.AccessOptions{Logger: slog.New(slog.NewTextHandler(&b, nil))})
	w := serve(t, h, "GET", "/", "")
	assert.Equal(t, 503, w.Code)
	assert.Contains(t, b.String(), `error="the cellar is flooded"`)
	assert.Equal(t, 1, strings.Count(b.String(), "\n"))
	op := &tigertonic.Operation{}
	refusal.Describe(op)
	assert.Contains(t, op.Responses["503"].Headers, "Retry-After")
}

func TestRefusalNeedsAStatus(t *testing.T) {
	assert.Regexp(t, `^tigertonic: NewRefusal: \*errors.errorString has no status that a response can have .*limited_test.go`,
		panicOf(t, func() { tigertonic.NewRefusal(errors.New("no")) }))
}

func ExampleNewRefusal() {
	refusal := tigertonic.NewRefusal(tigertonic.Forbidden{Err: errors.New("this is for pages of the same site")})
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(refusal)
	h := tigertonic.Wrapped(text("hello"), protection.Handler, refusal.Describe)
	request(h, "POST", "/", "", "Sec-Fetch-Site", "cross-site")
	// Output: 403 {"description":"this is for pages of the same site","error":"tigertonic.Forbidden"}
}

func ExampleClientKey() {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, r.RemoteAddr = range []string{"192.0.2.1:1234", "[2001:db8::7]:1234"} {
		fmt.Println(tigertonic.ClientKey(r)) // httprate takes the function as it is
	}
	// Output:
	// 192.0.2.1 <nil>
	// 2001:db8::/64 <nil>
}
