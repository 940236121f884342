package streams

import (
	"bufio"
	"io"
	"net"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// opened is a server with open streams.
type opened struct {
	srv   *httptest.Server
	conns []net.Conn
}

// open returns a server of a peer, which is closed when the test ends.
func open(t testing.TB, p Peer) *opened {
	t.Helper()
	o := &opened{srv: httptest.NewServer(p.New())}
	t.Cleanup(o.close)
	return o
}

// close closes the streams and the server. It may be called again.
func (o *opened) close() {
	for _, conn := range o.conns {
		conn.Close()
	}
	o.conns = nil
	o.srv.Close()
}

// more opens n more streams, and returns the lines of the last one up to its first event.
func (o *opened) more(t testing.TB, n int) (lines []string) {
	t.Helper()
	for range n {
		conn, err := net.Dial("tcp", o.srv.Listener.Addr().String()) //nolint:noctx // it is closed in the end
		require.NoError(t, err)
		o.conns = append(o.conns, conn)
		_, err = io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n")
		require.NoError(t, err)
		rd := bufio.NewReaderSize(conn, 512)
		for lines = nil; len(lines) == 0 || !strings.HasPrefix(lines[len(lines)-1], "data:"); {
			line, err := rd.ReadString('\n')
			require.NoError(t, err, "after %q", lines)
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// memory returns what heap and stacks take.
func memory() float64 {
	for range 3 { // each of which halves stacks that are too large
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}

func TestPeersSendTheSame(t *testing.T) {
	for _, p := range Peers() {
		t.Run(p.Name, func(t *testing.T) {
			lines := open(t, p).more(t, 1)
			assert.Equal(t, "HTTP/1.1 200 OK", lines[0])
			assert.Contains(t, lines, "Content-Type: text/event-stream")
			assert.Equal(t, `data: {"article":"tea","cents":350}`, lines[len(lines)-1])
		})
	}
}

// BenchmarkStreams measures what one more open stream takes on both ends, once its first
// event has come.
func BenchmarkStreams(b *testing.B) {
	const warm, n = 20, 200
	for _, p := range Peers() {
		b.Run("task=open/peer="+p.Name, func(b *testing.B) {
			var taken float64
			for b.Loop() {
				o := open(b, p)
				o.more(b, warm)
				before := memory()
				o.more(b, n)
				taken += memory() - before
				o.close()
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(taken/float64(b.N)/n, "heapB/stream")
		})
	}
}
