package client

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/failsafe-go/failsafe-go/failsafehttp"
	"github.com/failsafe-go/failsafe-go/hedgepolicy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/client"
)

// patience is how long anything here may take on a machine that is busy.
const patience = 30 * time.Second

// A hedger asks a second time where the first answer is late, if asking twice does no harm.
type hedger struct{ once, twice http.RoundTripper }

func (h hedger) RoundTrip(r *http.Request) (*http.Response, error) {
	if client.Repeatable(r) {
		return h.twice.RoundTrip(r)
	}
	return h.once.RoundTrip(r)
}

func newHedger(transport http.RoundTripper, delay time.Duration) hedger {
	hedge := hedgepolicy.NewBuilderWithDelay[*http.Response](delay).
		CancelIf(func(_ *http.Response, err error) bool { return err == nil }).Build()
	return hedger{transport, failsafehttp.NewRoundTripper(transport, hedge)}
}

// A slowFirst is a service whose first request isn't answered until its client has gone.
type slowFirst struct {
	mu     sync.Mutex
	asked  []string // the methods and bodies of requests
	left   chan struct{}
	active sync.WaitGroup
	hangs  bool // the first request
}

func (s *slowFirst) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.active.Add(1)
	defer s.active.Done()
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.asked = append(s.asked, r.Method+" "+string(body))
	first := len(s.asked) == 1
	s.mu.Unlock()
	if first && s.hangs {
		<-r.Context().Done()
		close(s.left)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"slug":"`)
	_ = http.NewResponseController(w).Flush()        // so that the body is read after the hedge is over
	_, _ = w.Write(bytes.Repeat([]byte("a"), 1<<16)) // more than is sent with the header
	_, _ = io.WriteString(w, `"}`)
}

func (s *slowFirst) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// The faster answer is the client's, whole; the request that is slower is cancelled, and
// nothing of it is left.
func TestHedgesTakeTheFasterAnswer(t *testing.T) {
	for _, where := range []string{"in process", "loopback"} {
		t.Run(where, func(t *testing.T) {
			before := runtime.NumGoroutine()
			s := &slowFirst{left: make(chan struct{}), hangs: true}
			base, transport, stop := "http://articles.test", client.InProcess(s), func() {}
			if where == "loopback" {
				server, own := httptest.NewServer(s), &http.Transport{}
				base, transport = server.URL, own
				stop = func() { own.CloseIdleConnections(); server.Close() }
			}
			c := client.New(base, client.Options{Transport: newHedger(transport, time.Millisecond), Timeout: patience})
			got, err := client.Do[article](t.Context(), c, "PUT", "/articles", &article{Slug: "b"})
			require.NoError(t, err)
			assert.Len(t, got.Slug, 1<<16)
			select {
			case <-s.left:
			case <-time.After(patience):
				t.Fatal("the slower request wasn't cancelled")
			}
			s.active.Wait()
			asked := s.requests()
			require.GreaterOrEqual(t, len(asked), 2)
			assert.Equal(t, asked[0], asked[1], "both have the whole body")
			assert.Contains(t, asked[0], `"slug":"b"`)
			stop()
			for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
				require.True(t, time.Now().Before(deadline), "goroutines are left")
			}
		})
	}
}

// What may not be repeated is sent once, however late its answer is.
func TestHedgesAskOnceWhereTwiceWouldDoHarm(t *testing.T) {
	upload := &struct{}{}
	for name, tt := range map[string]struct {
		method string
		edits  []func(*http.Request)
		hedged bool
	}{
		"POST":                   {"POST", nil, false},
		"PATCH":                  {"PATCH", nil, false},
		"POST with a key":        {"POST", []func(*http.Request){client.Header("Idempotency-Key", "k")}, true},
		"DELETE":                 {"DELETE", nil, true},
		"PUT of what comes once": {"PUT", []func(*http.Request){client.Body("text/plain", io.LimitReader(bytes.NewReader([]byte("x")), 1))}, false},
	} {
		var sent atomic.Int32
		late := roundTripper(func(r *http.Request) (*http.Response, error) {
			switch n := sent.Add(1); {
			case !tt.hedged:
				time.Sleep(50 * time.Millisecond) // far longer than the hedge waits
			case n == 1:
				<-r.Context().Done()
				return nil, context.Cause(r.Context())
			}
			return client.InProcess(&slowFirst{}).RoundTrip(r)
		})
		c := client.New("http://articles.test", client.Options{Transport: newHedger(late, time.Millisecond), Timeout: patience})
		_, err := client.Do[article](t.Context(), c, tt.method, "/articles", upload, tt.edits...)
		require.NoError(t, err, name)
		if got := sent.Load(); tt.hedged {
			assert.GreaterOrEqual(t, got, int32(2), name)
		} else {
			assert.Equal(t, int32(1), got, name)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
