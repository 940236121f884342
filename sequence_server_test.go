package tigertonic_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// sequences returns an endpoint that streams what f yields.
func sequences[T any](f func(ctx context.Context, yield func(T, error) bool)) *tigertonic.Endpoint {
	return tigertonic.Typed(func(ctx context.Context, _ *struct{}) (iter.Seq2[T, error], error) {
		return func(yield func(T, error) bool) { f(ctx, yield) }, nil
	})
}

// overBoth runs a test over HTTP/1.1 and HTTP/2.
func overBoth(t *testing.T, test func(t *testing.T, http2 bool)) {
	t.Helper()
	t.Run("HTTP/1.1", func(t *testing.T) { test(t, false) })
	t.Run("HTTP/2", func(t *testing.T) { test(t, true) })
}

// open begins a GET that accepts a media type.
func open(t *testing.T, srv *httptest.Server, accept string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL, nil)
	require.NoError(t, err)
	r.Header.Set("Accept", accept)
	response, err := srv.Client().Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { response.Body.Close() })
	return response
}

func TestSequenceSendsEachItemBeforeTheNextIsMade(t *testing.T) {
	for accept, want := range map[string][3]string{
		"application/json":     {`[1`, `,2`, `]` + "\n"},
		"application/jsonl":    {"1\n", "2\n", ""},
		"application/x-ndjson": {"1\n", "2\n", ""},
		"text/event-stream":    {"data: 1\n\n", "data: 2\n\n", "event: end\nid: end\ndata: {}\n\n"},
	} {
		t.Run(accept, func(t *testing.T) {
			overBoth(t, func(t *testing.T, http2 bool) {
				next := make(chan struct{})
				srv := newServer(t, inAll(sequences(func(_ context.Context, yield func(int, error) bool) {
					_ = yield(1, nil)
					<-next
					_ = yield(2, nil)
					<-next
				})), http2)
				r, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL, nil)
				require.NoError(t, err)
				r.Header = authorized(t, "GET").Header
				r.Header.Set("Accept", accept)
				response, err := srv.Client().Do(r)
				require.NoError(t, err)
				defer response.Body.Close()
				assert.Equal(t, accept, response.Header.Get("Content-Type"))
				for _, want := range want {
					got := make([]byte, len(want))
					_, err := io.ReadFull(response.Body, got) // hangs if it isn't flushed
					require.NoError(t, err)
					assert.Equal(t, want, string(got))
					if want != "" && !strings.HasPrefix(want, "]") && !strings.HasPrefix(want, "event: end") {
						next <- struct{}{}
					}
				}
				rest, err := io.ReadAll(response.Body)
				require.NoError(t, err)
				assert.Empty(t, rest)
			})
		})
	}
}

func TestSequenceThatFailsLaterIsCutOff(t *testing.T) {
	for accept, want := range map[string]string{"application/json": `[1`, "application/jsonl": "1\n"} {
		t.Run(accept, func(t *testing.T) {
			overBoth(t, func(t *testing.T, http2 bool) {
				srv := newServer(t, sequences(func(_ context.Context, yield func(int, error) bool) {
					_ = yield(1, nil) && yield(0, errLeak)
				}), http2)
				response := open(t, srv, accept)
				assert.Equal(t, 200, response.StatusCode)
				body, err := io.ReadAll(response.Body)
				assert.Equal(t, want, string(body))
				require.Error(t, err)
				if !http2 {
					assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
				}
			})
		})
	}
}

func TestSequenceThatFailsLaterEndsEventsWithAProblem(t *testing.T) {
	overBoth(t, func(t *testing.T, http2 bool) {
		srv := newServer(t, sequences(func(_ context.Context, yield func(int, error) bool) {
			_ = yield(1, nil) && yield(0, tigertonic.Gone{errors.New("sold out")})
		}), http2)
		body, err := io.ReadAll(open(t, srv, "text/event-stream").Body)
		require.NoError(t, err)
		assert.Equal(t, "data: 1\n\nevent: problem\nid: end\n"+`data: {"title":"Gone","status":410,"detail":"sold out"}`+"\n\n", string(body))
	})
}

// What ends because the service stops isn't over: a browser asks the next process.
func TestSequenceOfEventsThatEndsWhileTheServerStopsIsAskedForAgain(t *testing.T) {
	var s *tigertonic.Server
	h := sequences(func(_ context.Context, yield func(int, error) bool) {
		yield(1, nil)
		for !s.Draining() {
			time.Sleep(time.Millisecond)
		}
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s = tigertonic.NewServer("", h)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+l.Addr().String(), nil)
	require.NoError(t, err)
	r.Header.Set("Accept", "text/event-stream")
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	require.NoError(t, s.Close())
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Equal(t, "data: 1\n\n", string(body))
	require.NoError(t, <-served)
}

func TestSequenceEndsWhenTheClientHasGone(t *testing.T) {
	for _, accept := range []string{"application/json", "application/jsonl", "text/event-stream"} {
		t.Run(accept, func(t *testing.T) {
			overBoth(t, func(t *testing.T, http2 bool) {
				ended := make(chan struct{})
				srv := newServer(t, sequences(func(_ context.Context, yield func(int, error) bool) {
					defer close(ended)
					for yield(1, nil) {
					}
				}), http2)
				response := open(t, srv, accept)
				require.NoError(t, response.Body.Close())
				<-ended // hangs if the iterator goes on
			})
		})
	}
}

func TestSequenceThatWaitsSeesTheClientGo(t *testing.T) {
	overBoth(t, func(t *testing.T, http2 bool) {
		ended := make(chan error, 1)
		srv := newServer(t, sequences(func(ctx context.Context, yield func(int, error) bool) {
			_ = yield(1, nil)
			<-ctx.Done()
			if yield(2, nil) {
				t.Error("the client has gone, but yield says go on")
			}
			ended <- ctx.Err()
		}), http2)
		response := open(t, srv, "application/jsonl")
		_, err := bufio.NewReader(response.Body).ReadString('\n')
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.ErrorIs(t, <-ended, context.Canceled)
	})
}

// timedServer serves h with this WriteTimeout.
func timedServer(t *testing.T, h http.Handler, timeout time.Duration, http2 bool) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.WriteTimeout = timeout
	srv.Config.ErrorLog = discard
	if srv.EnableHTTP2 = http2; http2 {
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	return srv
}

func TestSequenceMayLastLongerThanTheWriteTimeout(t *testing.T) {
	for name, pause := range map[string]time.Duration{"items on time": 100 * time.Millisecond, "quiet for longer": 300 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			overBoth(t, func(t *testing.T, http2 bool) {
				t.Parallel()
				srv := timedServer(t, sequences(func(_ context.Context, yield func(int, error) bool) {
					for i := range 5 {
						if !yield(i, nil) {
							return
						}
						time.Sleep(pause)
					}
				}), 200*time.Millisecond, http2)
				body, err := io.ReadAll(open(t, srv, "application/json").Body)
				require.NoError(t, err)
				assert.Equal(t, "[0,1,2,3,4]\n", string(body))
			})
		})
	}
}

func TestSequenceIsCutOffForAClientThatStopsReading(t *testing.T) {
	overBoth(t, func(t *testing.T, http2 bool) {
		ended := make(chan int, 1)
		large := strings.Repeat("x", 1<<20)
		srv := timedServer(t, sequences(func(_ context.Context, yield func(string, error) bool) {
			items := 0
			defer func() { ended <- items }()
			for yield(large, nil) {
				items++
			}
		}), 200*time.Millisecond, http2)
		open(t, srv, "application/jsonl")
		select {
		case items := <-ended:
			assert.Less(t, items, 100)
		case <-time.After(30 * time.Second):
			t.Fatal("still going on")
		}
	})
}

// A deadlineWriter keeps the write deadlines that are set.
type deadlineWriter struct {
	*httptest.ResponseRecorder
	mu        sync.Mutex
	deadlines []time.Time
}

func (w *deadlineWriter) SetWriteDeadline(deadline time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deadlines = append(w.deadlines, deadline)
	return nil
}

// On HTTP/2, a deadline resets the stream even if nothing is being written.
func TestSequenceHasNoDeadlineWhileItWaitsForAnItem(t *testing.T) {
	w := &deadlineWriter{ResponseRecorder: httptest.NewRecorder()}
	sequences(func(_ context.Context, yield func(int, error) bool) {
		for range 3 {
			yield(1, nil)
			assert.Zero(t, w.deadlines[len(w.deadlines)-1])
		}
	}).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	set := 0
	for _, deadline := range w.deadlines {
		if !deadline.IsZero() {
			set++
			assert.InDelta(t, 30, time.Until(deadline).Seconds(), 5)
		}
	}
	assert.GreaterOrEqual(t, set, 4)
}

func TestSequenceLeavesTheConnectionForTheNextRequest(t *testing.T) {
	conns := map[string]bool{}
	handler := sequences(func(_ context.Context, yield func(int, error) bool) { _ = yield(1, nil) && yield(2, nil) })
	srv := timedServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conns[r.RemoteAddr] = true
		handler.ServeHTTP(w, r)
	}), 100*time.Millisecond, false)
	for range 3 {
		_, body := get(t, srv.Client(), srv.URL)
		assert.Equal(t, "[1,2]\n", body)
		time.Sleep(150 * time.Millisecond) // longer than the deadline that the stream had
	}
	assert.Len(t, conns, 1)
}
