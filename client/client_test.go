package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
)

// inProcess returns a client of a function.
func inProcess(h http.HandlerFunc, o client.Options) *client.Client {
	o.Transport = client.InProcess(h)
	return client.New("https://x.test/api/", o)
}

func TestNewRefusesWhatIsNoBase(t *testing.T) {
	for _, tt := range []struct{ base, want string }{
		{"x.test", `client: New: "x.test" is not the http or https URL of a host`},
		{"ftp://x.test", `client: New: "ftp://x.test" is not the http or https URL of a host`},
		{"http:///a", `client: New: "http:///a" is not the http or https URL of a host`},
		{"http://user:secret@x.test", `client: New: the base "http://user:xxxxx@x.test" has more than a path`},
		{"http://x.test?a", `client: New: the base "http://x.test?a" has more than a path`},
		{"http://x.test/%zz", `client: New: parse`},
	} {
		panics(t, tt.want, func() { client.New(tt.base, client.Options{}) })
	}
	panics(t, "negative MaxBytes: -1", func() { client.New("http://x.test", client.Options{MaxBytes: -1}) })
}

func TestRequestsHaveTheBaseAndTheHeaders(t *testing.T) {
	c := inProcess(func(_ http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/api/parts/a%2Fb", r.RequestURI)
		assert.Equal(t, "x.test", r.Host)
		assert.Equal(t, http.Header{"Accept": {"application/json"}, "Authorization": {"Bearer abc"}, "X-Own": {"2"}}, r.Header)
	}, client.Options{Header: http.Header{"Authorization": {"Bearer abc"}, "X-Own": {"1"}}})
	_, err := client.Call(t.Context(), c, dropPart, &onePart{"a/b"}, client.Header("X-Own", "2"), func(r *http.Request) {
		assert.Equal(t, "DELETE", r.Method)
	})
	require.NoError(t, err)
}

// The ID and the trace of a request that is being answered go on with the calls that
// are made for it, unless an edit or a transport says otherwise.
func TestRequestIDAndTraceArePassedOn(t *testing.T) {
	const parent, state = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "a=b"
	var got http.Header
	inner := inProcess(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }, client.Options{})
	outer := tigertonic.Identified(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := client.Call(r.Context(), inner, dropPart, &onePart{"x"})
		assert.NoError(t, err)
	}), nil)
	ask := func(headers ...string) {
		r := httptest.NewRequest("GET", "/", nil)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Add(headers[i], headers[i+1])
		}
		outer.ServeHTTP(httptest.NewRecorder(), r)
	}
	ask("X-Request-Id", "abc", "Traceparent", parent, "Tracestate", state)
	assert.Equal(t, []string{"abc"}, got["X-Request-Id"])
	assert.Equal(t, []string{parent}, got["Traceparent"])
	assert.Equal(t, []string{state}, got["Tracestate"])
	ask("Traceparent", "garbage", "Tracestate", state)
	assert.Len(t, got.Get("X-Request-Id"), 16)
	assert.Empty(t, got["Traceparent"])
	assert.Empty(t, got["Tracestate"])
	_, err := client.Call(t.Context(), inner, dropPart, &onePart{"x"})
	require.NoError(t, err)
	assert.Empty(t, got["X-Request-Id"], "there is no request that it belongs to")
}

func TestCallsEndInTime(t *testing.T) {
	for _, tt := range []struct {
		name     string
		deadline time.Duration // of the context, or none
		timeout  time.Duration
		want     time.Duration
	}{
		{"by default", 0, 0, 30 * time.Second},
		{"as the options say", 0, time.Second, time.Second},
		{"as the context says", time.Minute, time.Second, time.Minute},
		{"as the context alone says", time.Hour, -1, time.Hour},
	} {
		for _, call := range []func(context.Context, *client.Client) error{
			func(ctx context.Context, c *client.Client) error {
				_, err := client.Call(ctx, c, getPart, &onePart{"x"})
				return err
			},
			func(ctx context.Context, c *client.Client) error {
				_, err := client.Call(ctx, c, rawPart, &onePart{"x"})
				return err
			},
			func(ctx context.Context, c *client.Client) error {
				_, err := collect(client.Stream(ctx, c, eachPart, &onePart{"x"}, client.StreamOptions{}))
				return err
			},
		} {
			synctest.Test(t, func(t *testing.T) {
				c := inProcess(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, client.Options{Timeout: tt.timeout})
				ctx := t.Context()
				if tt.deadline != 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.deadline)
					defer cancel()
				}
				start := time.Now()
				err := call(ctx, c)
				require.ErrorIs(t, err, context.DeadlineExceeded, tt.name)
				assert.Equal(t, tt.want, time.Since(start), tt.name)
				failure, ok := errors.AsType[*client.Error](err)
				require.True(t, ok)
				assert.Equal(t, http.StatusGatewayTimeout, failure.StatusCode())
			})
		}
	}
}

// The timeout is for the begin of what is read later.
func TestDownloadsMayTakeLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := inProcess(func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).Flush()
			time.Sleep(time.Hour)
			_, _ = io.WriteString(w, "at last")
		}, client.Options{})
		stream, err := client.Call(t.Context(), c, rawPart, &onePart{"x"})
		require.NoError(t, err)
		text, err := io.ReadAll(stream)
		require.NoError(t, err)
		assert.Equal(t, "at last", string(text))
		require.NoError(t, stream.Close())
	})
}

func TestRedirectsStayWithTheOrigin(t *testing.T) {
	for _, tt := range []struct {
		name, method, location string
		status                 int
		want                   string // what is asked for next, or an error
	}{
		{"a path", "GET", "/api/there?q=1#x", 302, "GET /api/there?q=1"},
		{"a relative one", "GET", "there", 301, "GET /api/parts/there"},
		{"the same origin", "GET", "HTTPS://X.test:443/there", 307, "GET /there"},
		{"308", "GET", "/there", 308, "GET /there"},
		{"see other", "POST", "/there", 303, "GET /there"},
		{"another host", "GET", "https://evil.test/there?secret", 302, "302 Found: it redirects to another origin, https://evil.test/there, which isn't followed"},
		{"another port", "GET", "https://x.test:8443/", 302, "302 Found: it redirects to another origin, https://x.test:8443/, which isn't followed"},
		{"another scheme", "GET", "http://x.test/", 302, "302 Found: it redirects to another origin, http://x.test/, which isn't followed"},
		{"a host without a scheme", "GET", "//evil.test/", 302, "302 Found: it redirects to another origin, https://evil.test/, which isn't followed"},
		{"credentials", "GET", "https://a:b@x.test/", 302, "302 Found: it redirects to https://x.test/ with credentials, which isn't followed"},
		{"a POST", "POST", "/there", 302, "302 Found: it redirects to /there, which isn't followed for POST"},
		{"a POST, kept", "POST", "/there", 307, "307 Temporary Redirect: it redirects to /there, which isn't followed for POST"},
		{"nowhere", "GET", "", 302, "302 Found"},
		{"no URL", "GET", "https://[", 302, "302 Found: it redirects to an invalid URL"},
		{"many choices", "GET", "/there", 300, "300 Multiple Choices: it redirects to /there with 300, which isn't followed"},
		{"for ever", "GET", "/api/parts/x", 302, "302 Found: it redirects more than 10 times"},
	} {
		next := ""
		c := inProcess(func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, "Bearer abc", r.Header.Get("Authorization"))
			if r.RequestURI == "/api/parts/x" || r.RequestURI == "/api/parts" {
				w.Header().Set("Location", tt.location)
				w.WriteHeader(tt.status)
				return
			}
			next = r.Method + " " + r.RequestURI
			if r.Header.Get("Content-Type") != "" || r.ContentLength != 0 {
				t.Errorf("%s: a body is sent on", tt.name)
			}
			_, _ = io.WriteString(w, `{}`)
		}, client.Options{Header: http.Header{"Authorization": {"Bearer abc"}}})
		var err error
		if tt.method == "GET" {
			_, err = client.Call(t.Context(), c, getPart, &onePart{"x"}, func(r *http.Request) { r.Header.Set("Accept", "*/*") })
		} else {
			_, err = client.Call(t.Context(), c, createPart, &newPart{Key: "abc"})
		}
		if next == "" {
			assert.ErrorContains(t, err, strings.Replace(tt.want, " /there", " https://x.test/there", 1), tt.name)
			continue
		}
		assert.Equal(t, tt.want, next, tt.name)
	}
}

// A function that chooses its status may choose a redirect.
func TestAResponseMayBeARedirect(t *testing.T) {
	c := inProcess(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://elsewhere.test/", http.StatusFound)
	}, client.Options{})
	got, err := client.Call(t.Context(), c, choosePart, &onePart{"x"})
	require.NoError(t, err)
	assert.Equal(t, http.StatusFound, got.Status)
	assert.Equal(t, "https://elsewhere.test/", got.Header.Get("Location"))
}

func TestUploadsAreStreamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte("hello, file"), 0o600))
	opened, err := os.Open(file)
	require.NoError(t, err)
	_, err = opened.Seek(7, io.SeekStart)
	require.NoError(t, err)
	type got struct {
		body, contentType string
		length            int64
	}
	for _, tt := range []struct {
		name   string
		body   io.Reader
		want   string
		length int64
		twice  bool
	}{
		{"a string", strings.NewReader("hello"), "hello", 5, true},
		{"bytes", bytes.NewReader([]byte("hello")), "hello", 5, true},
		{"a buffer", bytes.NewBufferString("hello"), "hello", 5, true},
		{"a file from where it is", opened, "file", 4, true},
		{"any reader", io.MultiReader(strings.NewReader("hello")), "hello", -1, false},
		{"nothing", strings.NewReader(""), "", 0, true},
	} {
		var all []got
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			assert.NoError(t, err)
			all = append(all, got{string(body), r.Header.Get("Content-Type"), r.ContentLength})
			if len(all) == 1 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		c := client.New("http://x.test", client.Options{Transport: client.Retried(client.InProcess(h), client.RetryOptions{Wait: 1})})
		_, err := client.Do[struct{}](t.Context(), c, "PUT", "/files/{id}", &onePart{"x"}, client.Body("text/plain", tt.body))
		assert.Equal(t, got{tt.want, "text/plain", tt.length}, all[0], tt.name)
		if tt.twice {
			require.NoError(t, err, tt.name)
			assert.Equal(t, all[0], all[1], tt.name)
		} else {
			assert.Len(t, all, 1, tt.name)
		}
	}
	require.NoError(t, opened.Close(), "it is the caller's")
}

// Neither end has more of an upload than it needs.
func TestUploadsAndDownloadsGoHandInHand(t *testing.T) {
	eachTransport(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_ = http.NewResponseController(w).EnableFullDuplex()
		buf := make([]byte, 10)
		for {
			n, err := r.Body.Read(buf)
			_, _ = w.Write(buf[:n])
			_ = http.NewResponseController(w).Flush()
			if err != nil {
				return
			}
		}
	}), func(t *testing.T, c *client.Client) {
		body, send := io.Pipe()
		go func() { _, _ = io.WriteString(send, "one") }()
		stream, err := client.Do[tigertonic.Stream](t.Context(), c, "POST", "/echo", &struct{}{}, client.Body("text/plain", body))
		require.NoError(t, err)
		buf := make([]byte, 3)
		_, err = io.ReadFull(stream, buf)
		require.NoError(t, err)
		assert.Equal(t, "one", string(buf))
		go func() {
			_, _ = io.WriteString(send, "two")
			_ = send.Close()
		}()
		rest, err := io.ReadAll(stream)
		require.NoError(t, err)
		assert.Equal(t, "two", string(rest))
		require.NoError(t, stream.Close())
	})
}
