package tigertonic_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// memoryOfStreams returns how many bytes of heap and stacks an open stream of events takes,
// on both ends, once its first event has come.
func memoryOfStreams(t *testing.T, h http.Handler) float64 {
	t.Helper()
	const warm, n = 50, 400
	srv := httptest.NewServer(h)
	defer srv.Close()
	var open []net.Conn
	defer func() {
		for _, conn := range open {
			conn.Close()
		}
	}()
	begin := func(n int) {
		for range n {
			conn, err := net.Dial("tcp", srv.Listener.Addr().String()) //nolint:noctx // it is closed below
			require.NoError(t, err)
			open = append(open, conn)
			_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n")
			require.NoError(t, err)
			lines := bufio.NewReaderSize(conn, 512)
			for line := ""; !strings.HasPrefix(line, "data:"); {
				line, err = lines.ReadString('\n')
				require.NoError(t, err)
			}
		}
	}
	taken := func() float64 {
		for range 3 { // each of which halves stacks that are too large
			runtime.GC()
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc + m.StackInuse)
	}
	begin(warm)
	before := taken()
	begin(n)
	return (taken() - before) / n
}

// An open stream of Events takes no more than 1.1 of what bare net/http does: 1.02 to 1.07
// here, 25 KiB. The limit has room for what else is going on.
func TestOpenStreamsOfEventsAreNoLargerThanThoseOfNetHTTP(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector has memory of its own")
	}
	bare := memoryOfStreams(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"name\":\"sencha\",\"grams\":100}\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	typed := memoryOfStreams(t, tigertonic.Typed(func(ctx context.Context, _ *struct{}) (iter.Seq2[tigertonic.Event[tea], error], error) {
		return func(yield func(tigertonic.Event[tea], error) bool) {
			if yield(tigertonic.Event[tea]{Data: sencha}, nil) {
				<-ctx.Done()
			}
		}, nil
	}))
	t.Logf("%.1f KiB, %.2f of bare net/http", typed/1024, typed/bare)
	assert.Less(t, typed/bare, 1.25)
}
