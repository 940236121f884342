package tigertonic_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain fails if the tests have left a goroutine behind.
func TestMain(m *testing.M) {
	code := m.Run()
	if left := goroutinesLeft(5 * time.Second); code == 0 && left != "" {
		fmt.Fprintf(os.Stderr, "FAIL: goroutines left by the tests:\n\n%s\n", left)
		code = 1
	}
	os.Exit(code)
}

// goroutinesLeft waits until only known goroutines are left, and returns the
// stacks of the others if there are any after the timeout.
func goroutinesLeft(timeout time.Duration) (stacks string) {
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	for deadline := time.Now().Add(timeout); ; time.Sleep(10 * time.Millisecond) {
		if stacks = unknownGoroutines(); stacks == "" || time.Now().After(deadline) {
			return stacks
		}
	}
}

// unknownGoroutines returns the stacks of the goroutines that aren't expected to
// be there.
func unknownGoroutines() string {
	buf := make([]byte, 4<<20)
	var unknown []string
	for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		switch {
		case strings.Contains(stack, "tigertonic_test.unknownGoroutines("): // this one
		case strings.Contains(stack, "os/signal.loop("): // nor does this
		default:
			unknown = append(unknown, stack)
		}
	}
	return strings.Join(unknown, "\n\n")
}

// newServer serves h on a loopback address until the test ends.
func newServer(t *testing.T, h http.Handler, http2 bool) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	if srv.EnableHTTP2 = http2; http2 {
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	srv.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return srv
}
