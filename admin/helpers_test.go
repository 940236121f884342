package admin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"
)

// TestMain fails if the tests have left a goroutine behind.
func TestMain(m *testing.M) {
	metrics.NewMeter().Stop() // whose goroutine would else be in a bubble of synctest
	code := m.Run()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		left := unknownGoroutines()
		if left == "" || code != 0 {
			break
		}
		if time.Now().After(deadline) {
			fmt.Fprintf(os.Stderr, "FAIL: goroutines left by the tests:\n\n%s\n", left)
			code = 1
		}
	}
	os.Exit(code)
}

// unknownGoroutines returns the stacks of the goroutines that aren't expected to
// be there.
func unknownGoroutines() string {
	buf := make([]byte, 4<<20)
	var unknown []string
	for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if !strings.Contains(stack, "admin_test.unknownGoroutines(") && !strings.Contains(stack, "go-metrics.(*meterArbiter).tick(") {
			unknown = append(unknown, stack)
		}
	}
	return strings.Join(unknown, "\n\n")
}

// service is a handler with nothing in it.
var service = tigertonic.NewTrieServeMux()

// newAdmin returns one with an empty registry.
func newAdmin(h http.Handler, o admin.Options) *admin.Admin {
	if o.Registry == nil {
		o.Registry = metrics.NewRegistry()
	}
	return admin.New(h, o)
}

// ask returns the answer to a request with these headers.
func ask(t testing.TB, h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	r.Host = "127.0.0.1:8001"
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// get returns the body of what must be a 200.
func get(t testing.TB, h http.Handler, target string) string {
	t.Helper()
	w := ask(t, h, "GET", target, "")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	return w.Body.String()
}

type readiness struct {
	Ready    bool
	Draining bool
	Checks   []struct {
		Name, Took, Error string
		OK                bool
	}
}

// ready returns what /ready says, and its status.
func ready(t testing.TB, h http.Handler) (rd readiness, status int) {
	t.Helper()
	w := ask(t, h, "GET", "/ready", "")
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &rd))
	require.Equal(t, rd.Ready, w.Code == http.StatusOK)
	return rd, w.Code
}

// passes is a check that does.
func passes(context.Context) error { return nil }

// newServer serves h on a loopback address until the test ends.
func newServer(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv
}

func fetch(t *testing.T, srv *httptest.Server, path string) (status int, body []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+path, nil)
	require.NoError(t, err)
	rs, err := srv.Client().Do(r)
	require.NoError(t, err)
	defer rs.Body.Close()
	body, err = io.ReadAll(rs.Body)
	require.NoError(t, err)
	return rs.StatusCode, body
}

// askContext asks with a context and returns the status.
func askContext(ctx context.Context, h http.Handler, path string) int {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1"+path, nil))
	return w.Code
}
