package client_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/client"
)

// newRequest returns a request as a client sends it.
func newRequest(t testing.TB, method, url string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	require.NoError(t, err)
	return r
}

// What a handler gets and what its client gets is the same in process and by a server.
func TestInProcessIsLikeAServer(t *testing.T) {
	type seen struct {
		Method, Host, RequestURI, Path, RawPath, Query, Proto, Body string
		Length                                                      int64
		Header                                                      string
	}
	type got struct {
		Seen   seen
		Status int
		Header string
		Body   string
		Length int64
		Err    bool
	}
	for _, tt := range []struct {
		name string
		send func() *http.Request
		h    http.HandlerFunc
	}{
		{"GET", func() *http.Request { return newRequest(t, "GET", "http://x.test/a%2Fb/c%20d?q=1&r=%zz", nil) }, nil},
		{"POST", func() *http.Request { return newRequest(t, "POST", "http://x.test/", strings.NewReader("abc")) }, nil},
		{"chunked", func() *http.Request {
			return newRequest(t, "POST", "http://x.test/", io.MultiReader(strings.NewReader("abc")))
		}, nil},
		{"a header", func() *http.Request {
			r := newRequest(t, "PUT", "http://x.test", nil)
			r.Header["X-Many"], r.Host = []string{"a", "b"}, "other.test"
			return r
		}, nil},
		{"HEAD", func() *http.Request { return newRequest(t, "HEAD", "http://x.test/", nil) }, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5")
			_, _ = io.WriteString(w, "hello")
		}},
		{"HEAD without a length", func() *http.Request { return newRequest(t, "HEAD", "http://x.test/", nil) }, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "hello")
		}},
		{"HEAD of nothing", func() *http.Request { return newRequest(t, "HEAD", "http://x.test/", nil) }, nil},
		{"nothing", nil, func(http.ResponseWriter, *http.Request) {}},
		{"a status", nil, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			w.WriteHeader(http.StatusOK)
			w.Header().Set("X-Late", "1")
		}},
		{"204", nil, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
			_, _ = io.WriteString(w, "hello")
		}},
		{"304", nil, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }},
		{"a type that is guessed", nil, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }},
		{"a type that isn't", nil, func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			_, _ = io.WriteString(w, "<html>")
		}},
		{"flushed", nil, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "a")
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, "b")
		}},
		{"long", nil, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte("a"), 20_000)) }},
		{"in parts", nil, func(w http.ResponseWriter, _ *http.Request) {
			for range 200 {
				_, _ = io.WriteString(w, strings.Repeat("a", 100))
			}
		}},
		{"less than declared", nil, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5")
			_, _ = io.WriteString(w, "hell")
		}},
		{"more than declared", nil, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "3")
			_, err := io.WriteString(w, "hell")
			assert.ErrorIs(t, err, http.ErrContentLength)
		}},
		{"aborted", nil, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		{"aborted later", nil, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "hell")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}},
	} {
		ask := func(rt http.RoundTripper, rewrite func(*http.Request), saw *atomic.Pointer[seen]) (g got) {
			r := newRequest(t, "GET", "http://x.test/", nil)
			if tt.send != nil {
				r = tt.send()
			}
			if rewrite != nil {
				rewrite(r)
			}
			rs, err := rt.RoundTrip(r)
			if err != nil {
				return got{Seen: *saw.Load(), Err: true}
			}
			body, err := io.ReadAll(rs.Body)
			require.NoError(t, rs.Body.Close())
			g = got{*saw.Load(), rs.StatusCode, "", fmt.Sprintf("%.10q, %d bytes", body, len(body)), rs.ContentLength, err != nil}
			for _, name := range []string{"Content-Type", "X-Late"} {
				g.Header += strings.Join(rs.Header[name], ",") + ";"
			}
			return g
		}
		h := func(saw *atomic.Pointer[seen]) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				assert.NoError(t, err)
				saw.Store(&seen{r.Method, r.Host, r.RequestURI, r.URL.Path, r.URL.RawPath, r.URL.RawQuery, r.Proto, string(body), r.ContentLength, strings.Join(r.Header["X-Many"], ",")})
				if tt.h != nil {
					tt.h(w, r)
				}
			})
		}
		var one, two, three atomic.Pointer[seen]
		inProcess := ask(client.InProcess(h(&one)), nil, &one)
		inline := ask(client.Inline(h(&three)), nil, &three)
		server := httptest.NewServer(h(&two))
		transport := &http.Transport{DisableCompression: true}
		served := ask(transport, func(r *http.Request) {
			if r.Host == "" {
				r.Host = r.URL.Host
			}
			r.URL.Host = strings.TrimPrefix(server.URL, "http://")
		}, &two)
		transport.CloseIdleConnections()
		server.Close()
		if served.Length != inProcess.Length && served.Length == -1 { // how much a server keeps back is its own
			served.Length = inProcess.Length
		}
		assert.Equal(t, served, inProcess, tt.name)
		if served.Err { // inline, nothing of a response that is cut off is returned
			served = got{Seen: served.Seen, Err: true}
		} else if served.Length == -1 { // and what was flushed has a length
			served.Length = inline.Length
		}
		assert.Equal(t, served, inline, tt.name)
	}
}

func TestInProcessStreamsBothWays(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lines := bufio.NewScanner(r.Body)
		for lines.Scan() {
			_, _ = io.WriteString(w, "got "+lines.Text()+"\n")
			_ = http.NewResponseController(w).Flush()
		}
	})
	body, send := io.Pipe()
	r := newRequest(t, "POST", "http://x.test/", body)
	go func() { _, _ = io.WriteString(send, "a\n") }()
	rs, err := client.InProcess(h).RoundTrip(r)
	require.NoError(t, err)
	answers := bufio.NewScanner(rs.Body)
	require.True(t, answers.Scan())
	assert.Equal(t, "got a", answers.Text())
	go func() {
		_, _ = io.WriteString(send, "b\n")
		_ = send.Close()
	}()
	require.True(t, answers.Scan())
	assert.Equal(t, "got b", answers.Text())
	assert.False(t, answers.Scan())
	require.NoError(t, rs.Body.Close())
}

func TestInProcessKeepsBackWhatIsNotFlushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		rs, r := make(chan *http.Response), newRequest(t, "GET", "http://x.test/", nil)
		go func() {
			got, err := client.InProcess(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, "a")
				<-release
			})).RoundTrip(r)
			assert.NoError(t, err)
			rs <- got
		}()
		synctest.Wait()
		select {
		case <-rs:
			t.Fatal("there is a response")
		default:
		}
		close(release)
		body, err := io.ReadAll((<-rs).Body)
		require.NoError(t, err)
		assert.Equal(t, "a", string(body))
	})
}

func TestInProcessEndsTheHandlersContext(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(cancel func(), rs *http.Response)
	}{
		{"by the caller's", func(cancel func(), _ *http.Response) { cancel() }},
		{"by closing the body", func(_ func(), rs *http.Response) { _ = rs.Body.Close() }},
	} {
		ended := make(chan error, 1)
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			assert.Nil(t, r.Context().Value(key{}), "a value of the caller's")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			_, err := io.WriteString(w, strings.Repeat("a", 10_000))
			ended <- err
		})
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, 1))
		rs, err := client.InProcess(h).RoundTrip(newRequest(t, "GET", "http://x.test/", nil).WithContext(ctx))
		require.NoError(t, err)
		tt.end(cancel, rs)
		assert.Error(t, <-ended, tt.name)
		_, err = io.ReadAll(rs.Body)
		assert.Error(t, err, tt.name)
		cancel()
	}
}

type key struct{}

func TestInProcessDoesNotWaitLongerThanItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		release := make(chan struct{})
		h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release })
		_, err := client.InProcess(h).RoundTrip(newRequest(t, "GET", "http://x.test/", nil).WithContext(ctx))
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		close(release)
		_, err = client.InProcess(h).RoundTrip(newRequest(t, "GET", "http://x.test/", nil).WithContext(ctx))
		assert.ErrorIs(t, err, context.DeadlineExceeded, "the handler isn't called")
	})
}

func TestInProcessLogsPanicsAndCutsOff(t *testing.T) {
	var logged bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&logged, nil)))
	defer slog.SetDefault(before)
	for _, leave := range []func(){func() { panic("oh no") }, func() { panic(http.ErrAbortHandler) }, runtime.Goexit} {
		_, err := client.InProcess(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { leave() })).
			RoundTrip(newRequest(t, "GET", "http://x.test/a", nil))
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
		rs, err := client.InProcess(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, "a")
			leave()
		})).RoundTrip(newRequest(t, "GET", "http://x.test/a", nil))
		require.NoError(t, err)
		body, err := io.ReadAll(rs.Body)
		assert.Equal(t, "a", string(body))
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	}
	assert.Equal(t, 2, strings.Count(logged.String(), "oh no"))
	assert.Equal(t, 2, strings.Count(logged.String(), "level=ERROR"))
}

func TestInProcessRefusesWhatIsNotSent(t *testing.T) {
	transport := client.InProcess(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was sent") }))
	for _, tt := range []struct {
		edit func(*http.Request)
		want string
	}{
		{func(r *http.Request) { r.URL.Host = "" }, "client: no host in the request's URL"},
		{func(r *http.Request) { r.Method = "A B" }, `client: invalid method "A B"`},
		{func(r *http.Request) { r.Header["A B"] = []string{""} }, `client: invalid name of a header "A B"`},
		{func(r *http.Request) { r.Header["X"] = []string{"a\nb"} }, "client: invalid value of the header X"},
	} {
		body := &closed{Reader: strings.NewReader("a")}
		r := newRequest(t, "POST", "http://x.test/", body)
		tt.edit(r)
		_, err := transport.RoundTrip(r)
		assert.EqualError(t, err, tt.want)
		assert.True(t, body.closed)
	}
	panics(t, "tigertonic: client: InProcess: the handler is nil", func() { client.InProcess(nil) })
}

// A closed knows whether it was closed.
type closed struct {
	io.Reader
	closed bool
}

func (c *closed) Close() error {
	c.closed = true
	return nil
}

var errTest = errors.New("a test's")
