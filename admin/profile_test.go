package admin_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/admin"
)

// tool runs one of Go's on a file with these contents.
func tool(t *testing.T, content []byte, args ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "profile")
	require.NoError(t, os.WriteFile(file, content, 0o600))
	out, err := exec.CommandContext(t.Context(), "go", append(append([]string{"tool"}, args...), file)...).CombinedOutput()
	require.NoError(t, err, string(out))
	return string(out)
}

func TestProfilesAreReadByPprof(t *testing.T) {
	srv := newServer(t, newAdmin(service, admin.Options{}))
	for _, name := range []string{"allocs", "block", "goroutine", "heap", "heap?gc=1", "mutex", "threadcreate", "profile?seconds=0.2"} {
		status, body := fetch(t, srv, "/debug/pprof/"+name)
		assert.Equal(t, http.StatusOK, status, name)
		assert.Contains(t, tool(t, body, "pprof", "-raw"), "PeriodType", name)
	}
}

func TestTraceIsReadByItsTool(t *testing.T) {
	srv := newServer(t, newAdmin(service, admin.Options{}))
	status, body := fetch(t, srv, "/debug/pprof/trace?seconds=0.1")
	assert.Equal(t, http.StatusOK, status)
	assert.True(t, bytes.HasPrefix(body, []byte("go 1.")))
	assert.NotEmpty(t, tool(t, body, "trace", "-d=footprint"))
}

func TestProfilesAsText(t *testing.T) {
	a := newAdmin(service, admin.Options{})
	assert.Contains(t, get(t, a, "/debug/pprof/goroutine?debug=1"), "goroutine profile: total")
	assert.Contains(t, get(t, a, "/debug/pprof/goroutine?debug=2"), "goroutine 1 [")
	w := ask(t, a, "GET", "/debug/pprof/heap?debug=1", "")
	assert.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
	assert.Empty(t, w.Header().Get("Content-Disposition"))
	assert.Equal(t, `attachment; filename="heap"`, ask(t, a, "GET", "/debug/pprof/heap", "").Header().Get("Content-Disposition"))
}

func TestProfilesOfTheProgramsOwnAreThere(t *testing.T) {
	const name = `my/"profile"`
	if pprof.Lookup(name) == nil { // it can't be taken away
		pprof.NewProfile(name)
	}
	a := newAdmin(service, admin.Options{})
	assert.Contains(t, get(t, a, "/debug/pprof/"), `href="my%2F%22profile%22"`)
	assert.Contains(t, get(t, a, "/debug/pprof/my%2F%22profile%22?debug=1"), "profile: total 0")
}

func TestProfilesRefuseWhatIsNotOne(t *testing.T) {
	a := newAdmin(service, admin.Options{})
	for target, want := range map[string]int{
		"/debug/pprof/nothing":               404,
		"/debug/pprof/heap/":                 404,
		"/debug/pprof/heap?seconds=1":        422,
		"/debug/pprof/heap?debug=x":          422,
		"/debug/pprof/heap?debug=-1":         422,
		"/debug/pprof/heap?debug=3":          422,
		"/debug/pprof/heap?debug=256":        422,
		"/debug/pprof/profile?seconds=0":     422,
		"/debug/pprof/profile?seconds=-1":    422,
		"/debug/pprof/profile?seconds=61":    422,
		"/debug/pprof/profile?seconds=1e300": 422,
		"/debug/pprof/profile?seconds=NaN":   422,
		"/debug/pprof/profile?seconds=Inf":   422,
		"/debug/pprof/profile?seconds=x":     422,
		"/debug/pprof/trace?seconds=61":      422,
	} {
		w := ask(t, a, "GET", target, "")
		assert.Equal(t, want, w.Code, target)
		assert.Equal(t, "application/json", w.Header().Get("Content-Type"), target)
	}
}

// Only one can be recorded at a time, and one whose client is gone ends.
func TestRecordingEndsWithItsRequest(t *testing.T) {
	a := newAdmin(service, admin.Options{})
	for _, path := range []string{"/debug/pprof/profile?seconds=60", "/debug/pprof/trace?seconds=60"} {
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			status := http.StatusConflict // with one of those below
			for status == http.StatusConflict {
				status = askContext(ctx, a, path)
			}
		})
		require.Eventually(t, func() bool {
			w := ask(t, a, "GET", strings.Replace(path, "60", "0.01", 1), "")
			return w.Code == http.StatusConflict && w.Header().Get("Content-Disposition") == "" && w.Header().Get("Content-Type") == "application/json"
		}, 10*time.Second, 5*time.Millisecond)
		cancel()
		wg.Wait()
		assert.Less(t, time.Since(began), 20*time.Second)
		assert.Equal(t, http.StatusOK, ask(t, a, "GET", strings.Replace(path, "60", "0.01", 1), "").Code)
	}
}

// A deadlineWriter notes the deadline that a server's own would keep.
type deadlineWriter struct {
	*httptest.ResponseRecorder
	deadline time.Time
}

func (w *deadlineWriter) SetWriteDeadline(deadline time.Time) error {
	w.deadline = deadline
	return nil
}

func TestRecordingHasTheTimeItTakesBesidesTheServersTimeout(t *testing.T) {
	a := newAdmin(service, admin.Options{})
	for _, timeout := range []time.Duration{0, time.Hour} {
		ctx := context.WithValue(t.Context(), http.ServerContextKey, &http.Server{WriteTimeout: timeout})
		w := &deadlineWriter{ResponseRecorder: httptest.NewRecorder()}
		began := time.Now()
		a.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/debug/pprof/trace?seconds=0.5", nil))
		assert.Equal(t, http.StatusOK, w.Code)
		if timeout == 0 {
			assert.Zero(t, w.deadline, "there is none to extend")
			continue
		}
		assert.GreaterOrEqual(t, w.deadline.Sub(began), timeout+500*time.Millisecond)
		assert.Less(t, w.deadline.Sub(began), timeout+time.Minute)
	}
}

func TestSymbolsAreNamed(t *testing.T) {
	a := newAdmin(service, admin.Options{})
	pc := reflect.ValueOf(strings.Contains).Pointer()
	want := fmt.Sprintf("num_symbols: 1\n%#x strings.Contains\n", pc)
	addresses := fmt.Sprintf("%#x+0x0+x+%#x", pc, uint64(1)<<63)
	assert.Equal(t, want, get(t, a, "/debug/pprof/symbol?"+addresses))
	assert.Equal(t, "num_symbols: 1\n", get(t, a, "/debug/pprof/symbol"))
	w := ask(t, a, "POST", "/debug/pprof/symbol", addresses)
	assert.Equal(t, want, w.Body.String())
	assert.Equal(t, http.StatusRequestEntityTooLarge, ask(t, a, "POST", "/debug/pprof/symbol", strings.Repeat("0", 1<<20+1)).Code)
	r := httptest.NewRequestWithContext(t.Context(), "POST", "http://127.0.0.1/debug/pprof/symbol", strings.NewReader(strings.Repeat("0", 1<<20+1)))
	r.ContentLength = -1
	chunked := httptest.NewRecorder()
	a.ServeHTTP(chunked, r)
	assert.Equal(t, http.StatusRequestEntityTooLarge, chunked.Code)
}

func TestCommandLineIsShown(t *testing.T) {
	assert.Equal(t, strings.Join(os.Args, "\x00"), get(t, newAdmin(service, admin.Options{}), "/debug/pprof/cmdline"))
}
