package tigertonic_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// givesUp waits for the end of the request's context and then goes on.
func givesUp(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		h(w, r)
	}
}

const tookTooLong = "the request took longer than 2s"

func TestWithinAnswersForAHandlerThatGivesUp(t *testing.T) {
	quiet := func(http.ResponseWriter, *http.Request) {}
	for name, h := range map[string]http.Handler{
		"without a word":    givesUp(quiet),
		"after 103":         givesUp(func(w http.ResponseWriter, _ *http.Request) {}),
		"after its headers": givesUp(func(w http.ResponseWriter, _ *http.Request) { forImage(w.Header()); w.Header().Del("Cache-Control") }),
		"with the context's error": givesUp(func(w http.ResponseWriter, r *http.Request) {
			tigertonic.ResponseErrorWriter.WriteError(r, w, r.Context().Err())
		}),
		"with the context's cause": givesUp(func(w http.ResponseWriter, r *http.Request) {
			tigertonic.ResponseErrorWriter.WriteError(r, w, context.Cause(r.Context()))
		}),
		"with that wrapped": givesUp(func(w http.ResponseWriter, r *http.Request) {
			tigertonic.ResponseErrorWriter.WriteError(r, w, fmt.Errorf("%s: %w", secret, r.Context().Err()))
		}),
		"with it as a 500": givesUp(func(w http.ResponseWriter, r *http.Request) {
			tigertonic.ResponseErrorWriter.WriteError(r, w, tigertonic.InternalServerError{r.Context().Err()})
		}),
		"Marshaled": tigertonic.If(func(r *http.Request) (http.Header, error) {
			<-r.Context().Done()
			return nil, nil
		}, tigertonic.Marshaled(func(*url.URL, http.Header) (int, http.Header, any, error) {
			return 0, nil, nil, fmt.Errorf("%s: %w", secret, context.DeadlineExceeded)
		})),
		"a guard": tigertonic.If(func(r *http.Request) (http.Header, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}, hello),
		"in a context of its own": givesUp(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), time.Hour)
			defer cancel()
			r = r.WithContext(ctx)
			tigertonic.ResponseErrorWriter.WriteError(r, w, ctx.Err())
		}),
	} {
		for _, problems := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				captureSlog(t)
				if problems {
					answering(t, tigertonic.ProblemWriter{})
				}
				start := time.Now()
				w := serve(t, tigertonic.Within(h, 2*time.Second), "GET", "/", "")
				assert.Equal(t, 2*time.Second, time.Since(start), name)
				if problems {
					assertSecret(t, w, 503)
				} else {
					requireError(t, w, 503, "tigertonic.ServiceUnavailable", tookTooLong)
				}
			})
		}
	}
}

func TestWithinAnswersForATypedEndpoint(t *testing.T) {
	for name, tt := range map[string]struct {
		f    func(context.Context) error
		want int
	}{
		"this limit":                {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, 503},
		"this limit, wrapped":       {func(ctx context.Context) error { <-ctx.Done(); return fmt.Errorf("query: %w", ctx.Err()) }, 503},
		"an inner one that failed":  {func(ctx context.Context) error { return query(ctx, time.Second) }, 500},
		"an inner one that is long": {func(ctx context.Context) error { return query(ctx, time.Hour) }, 503},
		"an inner one, and waiting": {func(ctx context.Context) error {
			err := query(ctx, time.Second)
			time.Sleep(500 * time.Millisecond)
			return err
		}, 500},
		"another error":              {func(ctx context.Context) error { <-ctx.Done(); return errLeak }, 500},
		"an error with a status":     {func(ctx context.Context) error { <-ctx.Done(); return tigertonic.BadGateway{ctx.Err()} }, 502},
		"cancelled by the function":  {func(context.Context) error { return context.Canceled }, 500},
		"the error without the time": {func(context.Context) error { return context.DeadlineExceeded }, 500},
	} {
		synctest.Test(t, func(t *testing.T) {
			var b bytes.Buffer
			h := tigertonic.Accessed(tigertonic.Within(tigertonic.Typed(func(ctx context.Context, _ *struct{}) (tea, error) {
				return tea{}, tt.f(ctx)
			}), 2*time.Second), &tigertonic.AccessOptions{Logger: slog.New(slog.NewTextHandler(&b, nil))})
			id := assertSecret(t, serve(t, h, "GET", "/", ""), tt.want)
			assert.Contains(t, b.String(), "request_id="+id+" error=", name)
			if name == "this limit, wrapped" {
				assert.Contains(t, b.String(), `error="query: context deadline exceeded"`)
			}
		})
	}
}

// query is like a database with a time limit of its own.
func query(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	<-ctx.Done()
	return fmt.Errorf("query: %w", ctx.Err())
}

func TestWithinLogsWhatItDoesntTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, answer := range map[string]func(w http.ResponseWriter, r *http.Request){
			tookTooLong: func(http.ResponseWriter, *http.Request) {},
			secret + ": context deadline exceeded": func(w http.ResponseWriter, r *http.Request) {
				tigertonic.ResponseErrorWriter.WriteError(r, w, fmt.Errorf("%s: %w", secret, r.Context().Err()))
			},
		} {
			b := captureSlog(t)
			answering(t, tigertonic.ProblemWriter{})
			id := assertSecret(t, serve(t, tigertonic.Within(givesUp(answer), time.Second*2), "GET", "/", ""), 503)
			assert.Contains(t, b.String(), fmt.Sprintf("request_id=%s error=%q", id, name))
			assert.Equal(t, 1, bytes.Count(b.Bytes(), []byte("\n")), b)
		}
	})
}

func TestWithinLeavesAResponseThatHasBegunAlone(t *testing.T) {
	for name, tt := range map[string]struct {
		h    http.HandlerFunc
		code int
		body string
	}{
		"a header":  {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusAccepted); <-r.Context().Done() }, 202, ""},
		"a body":    {func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "half"); <-r.Context().Done() }, 200, "half"},
		"an answer": {givesUp(answers(418, "late")), 418, "late"},
		"a flush":   {func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush(); <-r.Context().Done() }, 200, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := serve(t, tigertonic.Within(tt.h, time.Second), "GET", "/", "")
			assert.Equal(t, tt.code, w.Code, name)
			assert.Equal(t, tt.body, w.Body.String(), name)
		})
	}
}

func TestWithinLeavesFastHandlersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ctx context.Context
		w := serve(t, tigertonic.Within(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			ctx = r.Context()
			deadline, ok := ctx.Deadline()
			assert.True(t, ok)
			assert.Equal(t, 2*time.Second, time.Until(deadline))
			time.Sleep(time.Second)
			assert.NoError(t, ctx.Err())
		}), 2*time.Second), "GET", "/", "")
		assert.Equal(t, 200, w.Code)
		assert.ErrorIs(t, ctx.Err(), context.Canceled, "nothing is left behind")
		time.Sleep(time.Hour)
	})
}

// A client that goes away, or a caller's own limit, isn't this limit.
func TestWithinKnowsItsOwnDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		captureSlog(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		w := httptest.NewRecorder()
		tigertonic.Within(failsWithItsContext(), 2*time.Second).ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/", nil))
		assert.Equal(t, 500, w.Code)

		w = serve(t, tigertonic.Within(tigertonic.Within(failsWithItsContext(), time.Hour), 2*time.Second), "GET", "/", "")
		requireError(t, w, 503, "tigertonic.ServiceUnavailable", tookTooLong)
		w = serve(t, tigertonic.Within(tigertonic.Within(failsWithItsContext(), 2*time.Second), time.Hour), "GET", "/", "")
		requireError(t, w, 503, "tigertonic.ServiceUnavailable", tookTooLong)
		w = serve(t, tigertonic.Within(tigertonic.Within(givesUp(func(http.ResponseWriter, *http.Request) {}), time.Hour), 2*time.Second), "GET", "/", "")
		requireError(t, w, 503, "tigertonic.ServiceUnavailable", tookTooLong)
	})
}

func failsWithItsContext() http.Handler {
	return givesUp(func(w http.ResponseWriter, r *http.Request) {
		tigertonic.ResponseErrorWriter.WriteError(r, w, r.Context().Err())
	})
}

func TestWithinPassesPanicsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := httptest.NewRecorder()
		h := tigertonic.Within(givesUp(panics(boom)), time.Second)
		assert.Equal(t, boom, recovered(func() { h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil)) }))
		assert.Empty(t, w.Body.String())
	})
}

func TestWithinOverASocket(t *testing.T) {
	overBoth(t, func(t *testing.T, http2 bool) {
		captureSlog(t)
		srv := newServer(t, tigertonic.Within(givesUp(func(http.ResponseWriter, *http.Request) {}), time.Millisecond), http2)
		res, err := srv.Client().Get(srv.URL)
		require.NoError(t, err)
		defer res.Body.Close()
		assert.Equal(t, 503, res.StatusCode)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		assert.Contains(t, string(body), "the request took longer than 1ms")
	})
}

func TestErrorWritersTakeNoRequest(t *testing.T) {
	captureSlog(t)
	w := httptest.NewRecorder()
	tigertonic.ProblemWriter{}.WriteError(nil, w, context.DeadlineExceeded)
	assertSecret(t, w, 500)
}

func TestWithinRefusesNoTime(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0s", -time.Second: "-1s"} {
		assert.Regexp(t, `^tigertonic: Within: a limit of `+want+` \(at .*/within_test.go:\d+\)$`,
			recovered(func() { tigertonic.Within(hello, d) }))
	}
}

func TestWithinCostsTwoAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	null := tigertonic.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {})
	assert.LessOrEqual(t, testing.AllocsPerRun(100, asker(t, tigertonic.Within(null, time.Hour), "GET", "/", "")), 2.0,
		"the recorder, and the request's copy with its context; there is a timer once a handler waits")
}

// The context starts its timer late, and nobody can tell.
func TestWithinGivesAContextLikeAnyOther(t *testing.T) {
	type key struct{}
	for name, tt := range map[string]func(t *testing.T, ctx context.Context){
		"nobody waits": func(t *testing.T, ctx context.Context) {
			time.Sleep(3 * time.Second)
			assert.Equal(t, context.DeadlineExceeded, ctx.Err())
			<-ctx.Done()
		},
		"the cause": func(t *testing.T, ctx context.Context) {
			assert.NoError(t, context.Cause(ctx))
			time.Sleep(3 * time.Second)
			assert.EqualError(t, context.Cause(ctx), tookTooLong)
		},
		"a function": func(t *testing.T, ctx context.Context) {
			called := make(chan time.Time, 1)
			context.AfterFunc(ctx, func() { called <- time.Now() })
			start := time.Now()
			assert.Equal(t, 2*time.Second, (<-called).Sub(start))
		},
		"a child": func(t *testing.T, ctx context.Context) {
			child, cancel := context.WithCancel(context.WithValue(ctx, key{}, "kept"))
			defer cancel()
			<-child.Done()
			assert.Equal(t, context.DeadlineExceeded, child.Err())
			assert.EqualError(t, context.Cause(child), tookTooLong)
			assert.Equal(t, "kept", child.Value(key{}))
			assert.Nil(t, ctx.Value(key{}))
		},
		"many that wait": func(t *testing.T, ctx context.Context) {
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					assert.NoError(t, ctx.Err())
					<-ctx.Done()
					assert.Equal(t, context.DeadlineExceeded, ctx.Err())
				})
			}
			all.Wait()
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := tigertonic.Within(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusNoContent)
				tt(t, r.Context())
			}), 2*time.Second)
			assert.Equal(t, 204, serve(t, h, "GET", "/", "").Code, name)
		})
	}
}

// A context that outlives its request has ended, whether or not anybody had waited for it.
func TestWithinEndsTheContextWithTheRequest(t *testing.T) {
	for name, use := range map[string]func(context.Context){
		"unused": func(context.Context) {},
		"used":   func(ctx context.Context) { ctx.Done() },
	} {
		synctest.Test(t, func(t *testing.T) {
			var ctx context.Context
			serve(t, tigertonic.Within(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				ctx = r.Context()
				use(ctx)
			}), time.Hour), "GET", "/", "")
			<-ctx.Done()
			assert.Equal(t, context.Canceled, ctx.Err(), name)
			assert.Equal(t, context.Canceled, context.Cause(ctx), name)
		})
	}
}

func TestWithinPassesTheEndOfTheOuterContextOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outer, cancel := context.WithCancelCause(t.Context())
		deadline, stop := context.WithTimeout(outer, time.Hour)
		defer stop()
		h := tigertonic.Within(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			until, ok := r.Context().Deadline()
			assert.True(t, ok)
			assert.Equal(t, time.Hour, time.Until(until))
			cancel(errLeak)
			assert.Equal(t, context.Canceled, r.Context().Err())
			assert.Equal(t, errLeak, context.Cause(r.Context()))
		}), 2*time.Hour)
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(deadline, "GET", "/", nil))
	})
}

func TestWithinDescribesItsAnswer(t *testing.T) {
	op := &tigertonic.Operation{}
	tigertonic.Within(hello, 2*time.Second).(tigertonic.Describer).Describe(op)
	require.Contains(t, op.Responses, "503")
	assert.Equal(t, tookTooLong, op.Responses["503"].Description)
}
