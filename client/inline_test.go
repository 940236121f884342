package client_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/client"
)

func TestInlineRunsInTheGoroutineOfTheCaller(t *testing.T) {
	var stack string
	transport := client.Inline(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stack = string(debug.Stack()) }))
	_, err := transport.RoundTrip(newRequest(t, "GET", "http://x.test/", nil))
	require.NoError(t, err)
	assert.Contains(t, stack, t.Name())
	panics(t, "tigertonic: client: Inline: the handler is nil", func() { client.Inline(nil) })
}

// The handler's context has the deadline of the caller's, none of its values, and ends with
// it, or when the handler has returned.
func TestInlineEndsTheHandlersContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, 1), time.Minute)
		defer cancel()
		var given context.Context
		waits := false
		transport := client.Inline(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			given = r.Context()
			assert.Nil(t, given.Value(key{}), "a value of the caller's")
			want, _ := ctx.Deadline()
			got, has := given.Deadline()
			assert.True(t, has && got.Equal(want), "%v, want %v", got, want)
			if waits {
				<-given.Done()
			}
		}))
		r := newRequest(t, "GET", "http://x.test/", nil).WithContext(ctx)
		_, err := transport.RoundTrip(r)
		require.NoError(t, err)
		assert.ErrorIs(t, given.Err(), context.Canceled)
		waits = true
		_, err = transport.RoundTrip(r)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		given = nil
		_, err = transport.RoundTrip(r)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Nil(t, given, "the handler is called though nobody waits")
	})
}

// A flush leaves the response whole, however long it is.
func TestInlineReturnsTheWholeResponse(t *testing.T) {
	rs, err := client.Inline(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 100 {
			_, err := io.WriteString(w, strings.Repeat("a", 1000))
			assert.NoError(t, err)
			assert.NoError(t, http.NewResponseController(w).Flush())
		}
	})).RoundTrip(newRequest(t, "GET", "http://x.test/", nil))
	require.NoError(t, err)
	body, err := io.ReadAll(rs.Body)
	require.NoError(t, err)
	assert.Len(t, body, 100_000)
	assert.EqualValues(t, 100_000, rs.ContentLength)
}

// The header is as it was when the status was written, whatever the handler does later, and its
// values are nobody else's.
func TestInlineReturnsTheHeaderAsItWas(t *testing.T) {
	for _, n := range []int{0, 1, 4, 5} {
		shared := []string{"1"}
		for what, change := range map[string]func(h http.Header){
			"nothing":          func(http.Header) {},
			"an added value":   func(h http.Header) { h.Add("X-0", "late") },
			"another value":    func(h http.Header) { h.Set("X-0", "late") },
			"an added field":   func(h http.Header) { h.Set("X-Late", "late") },
			"a missing field":  func(h http.Header) { h.Del("X-0") },
			"an exchanged one": func(h http.Header) { h.Del("X-0"); h.Set("X-Late", "1") },
			"no field":         func(h http.Header) { clear(h) },
		} {
			want := http.Header{}
			rs, err := client.Inline(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for i := range n {
					name := "X-" + strconv.Itoa(i)
					w.Header()[name], want[name] = shared, []string{"1"}
				}
				w.WriteHeader(http.StatusOK)
				change(w.Header())
			})).RoundTrip(newRequest(t, "GET", "http://x.test/", nil))
			require.NoError(t, err)
			assert.Equal(t, want, rs.Header, "%d fields and %s", n, what)
			for name := range rs.Header {
				rs.Header[name][0] = "the client's"
				_ = append(rs.Header[name], "one more")
			}
			assert.Equal(t, []string{"1"}, shared)
		}
	}
}

// The URL is the one that a server reads from the request's target.
func TestInlineReadsTheURLAsAServer(t *testing.T) {
	for _, path := range []string{"", "/", "/a/b", "//a", "/a//b/", "/a:b", "/%2F", "/a%20b", "/ä", "/a;b", "/~a_b-c.d", "/a+b,c=d&e"} {
		for _, query := range []string{"", "?", "?a=1&b=2", "?a=%20", "?a=b+c,d", "?a?b/c", "?a=ä", "?a;b", "?a=b#c"} {
			var got *url.URL
			_, err := client.Inline(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got = r.URL
				want, err := url.ParseRequestURI(r.RequestURI)
				assert.NoError(t, err)
				assert.Equal(t, want, r.URL)
			})).RoundTrip(newRequest(t, "GET", "http://x.test"+path+query, nil))
			require.NoError(t, err)
			assert.NotNil(t, got)
		}
	}
}

func TestInlineCutsOff(t *testing.T) {
	before := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	defer slog.SetDefault(before)
	for _, leave := range []func(){func() { panic("oh no") }, func() { panic(http.ErrAbortHandler) }} {
		transport := client.Inline(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "a")
			_ = http.NewResponseController(w).Flush()
			leave()
		}))
		_, err := transport.RoundTrip(newRequest(t, "GET", "http://x.test/", nil))
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	}
	ended, r := make(chan bool), newRequest(t, "GET", "http://x.test/", nil)
	go func() {
		defer close(ended)
		_, _ = client.Inline(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runtime.Goexit() })).RoundTrip(r)
		t.Error("the caller goes on")
	}()
	<-ended
}
