package tigertonic_test

import (
	"encoding/binary"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// startHTTP2 serves h by TLS.
func startHTTP2(t *testing.T, s *tigertonic.Server) (addr string) {
	t.Helper()
	cert, key, _ := certificate(t)
	require.NoError(t, s.TLS(cert, key))
	return startTLS(t, s)
}

func TestHTTP2StreamsAreLimited(t *testing.T) {
	s := tigertonic.NewServer("", hello)
	assert.Equal(t, 100, s.HTTP2.MaxConcurrentStreams)
	f := dialFrames(t, startHTTP2(t, s))
	settings := f.until(t, frameSettings, 0)
	got := map[uint16]uint32{}
	for p := settings.payload; len(p) >= 6; p = p[6:] {
		got[binary.BigEndian.Uint16(p)] = binary.BigEndian.Uint32(p[2:])
	}
	assert.EqualValues(t, 100, got[maxConcurrentStreams])
}

// A client that cancels each request as soon as it is sent has no stream open, but
// the handlers run (CVE-2023-44487).
func TestRapidResetRunsNoMoreHandlersThanStreams(t *testing.T) {
	var running, most, all atomic.Int64
	release := make(chan struct{})
	s := tigertonic.NewServer("", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			all.Add(1)
			now := running.Add(1)
			for old := most.Load(); now > old && !most.CompareAndSwap(old, now); {
				old = most.Load()
			}
			<-release // whatever the client does
			running.Add(-1)
		}
	}))
	addr := startHTTP2(t, s)
	f := dialFrames(t, addr)
	ended := make(chan frame, 1)
	go func() {
		defer close(ended)
		for {
			got, err := f.read()
			if err != nil {
				return
			}
			if got.kind == frameGoAway {
				ended <- got
				return
			}
		}
	}()
	for i := range 5000 {
		stream := uint32(2*i + 1)
		if f.send(requestFrame(stream, false), resetFrame(stream)) != nil {
			break // it has had enough
		}
	}
	got := receiveFrom(t, "the connection to be ended", ended)
	if got.payload != nil { // else it has been reset
		assert.EqualValues(t, 11, binary.BigEndian.Uint32(got.payload[4:]), "ENHANCE_YOUR_CALM")
	}
	response, err := tlsClient(t, insecure("h2")).Get("https://" + addr + "/other")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, 200, response.StatusCode, "others are served")
	close(release)
	t.Log(all.Load(), "handlers,", most.Load(), "at a time")
	assert.LessOrEqual(t, most.Load(), int64(100))
	assert.Positive(t, most.Load())
}
