package loopback

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/benchmarks/middleware"
	"github.com/rcrowley/go-tigertonic/benchmarks/probe"
)

// The test's binary is the services', too.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "serve" {
		if err := Serve(os.Args[2], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func serve(name string) []string { return []string{"serve", name} }

func TestServicesAnswerTheSame(t *testing.T) {
	var want probe.Answer
	for i, p := range Peers() {
		var lines bytes.Buffer
		log := middleware.NewLog(&lines)
		got := probe.Answered(p.New(log), Request())
		require.NoError(t, log.Close())
		got.Body = strings.TrimSuffix(got.Body, "\n")
		got.Header.Set("Content-Type", strings.TrimSuffix(got.Header.Get("Content-Type"), "; charset=utf-8"))
		if i == 0 {
			want = got
		}
		assert.Equal(t, 200, got.Status, p.Name)
		assert.Empty(t, want.Same(got, "Content-Type"), "%s: got %q, want %q", p.Name, got, want)
		if strings.HasSuffix(p.Name, "whole-stack") {
			assert.Equal(t, 1, bytes.Count(lines.Bytes(), []byte("\n")), p.Name)
			unauthorized := Request()
			unauthorized.Header.Del("Authorization")
			assert.Equal(t, 401, probe.Answered(p.New(middleware.NewLog(io.Discard)), unauthorized).Status, p.Name)
		}
	}
}

func TestLoadCountsWhatServicesAnswer(t *testing.T) {
	services, err := StartAll(t.Context(), serve)
	require.NoError(t, err)
	var out bytes.Buffer
	err = services.Round(t.Context(), Load{4, 10 * time.Millisecond, 100 * time.Millisecond}, &out)
	assert.NoError(t, err)
	require.NoError(t, services.Stop())
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	require.Len(t, lines, len(Peers()))
	for i, line := range lines {
		var requests, perSecond, cpu, p50, p99 int64
		_, err := fmt.Sscanf(line, "BenchmarkLoopback/task=connections-4/peer="+Peers()[i].Name+" %d %d req/s %d cpu-ns/op %d p50-ns %d p99-ns",
			&requests, &perSecond, &cpu, &p50, &p99)
		require.NoError(t, err, line)
		assert.Positive(t, requests, line)
		assert.Positive(t, cpu, line)
		assert.Positive(t, p50, line)
		assert.GreaterOrEqual(t, p99, p50, line)
	}
}

func TestServiceThatDoesNotExist(t *testing.T) {
	assert.ErrorContains(t, Serve("nothing", nil, io.Discard), `there is no service "nothing"`)
}

func TestReceiveReadsOneAnswer(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n"
	for _, c := range []struct{ text, err string }{
		{head + "hello", ""},
		{head + "hell", "EOF"},
		{head[:20], "EOF"},
		{"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\nhello", "500"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n", "no Content-Length"},
		{head + strings.Repeat("x", 5000), errTooLong.Error()},
	} {
		for name, r := range map[string]io.Reader{
			"whole":           strings.NewReader(c.text),
			"a byte a packet": iotest.OneByteReader(strings.NewReader(c.text)),
		} {
			if c.err == errTooLong.Error() && name != "whole" {
				continue // it stops where the answer ends
			}
			err := receive(r, make([]byte, 4096))
			if c.err == "" {
				assert.NoError(t, err, "%q %s", c.text, name)
			} else {
				assert.ErrorContains(t, err, c.err, "%q %s", c.text, name)
			}
		}
	}
}

func TestWireIsARequest(t *testing.T) {
	rq := probe.Request{Method: "POST", Target: "/x?y=1", Header: http.Header{"Accept": {"*/*"}}, Body: []byte("hello")}
	assert.Equal(t, "POST /x?y=1 HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\nContent-Length: 5\r\n\r\nhello", string(wire(rq)))
}

// The oracle is the sorted list of what was counted.
func TestHistogramKnowsQuantiles(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var h, other histogram
	var all []time.Duration
	for i := range 20_000 {
		d := time.Duration(random.Int64N(1 << random.IntN(40)))
		all = append(all, d)
		if i%2 == 0 {
			h.add(d)
		} else {
			other.add(d)
		}
	}
	h.merge(&other)
	slices.Sort(all)
	for _, q := range []float64{0, 0.01, 0.5, 0.9, 0.99, 0.9999} {
		want := all[int(q*float64(len(all)))]
		got := h.quantile(q)
		assert.LessOrEqual(t, got, want, q)
		assert.GreaterOrEqual(t, got, want-want/32-1, q)
	}
	assert.Equal(t, time.Duration(lowest(bucket(uint64(all[len(all)-1])))), h.quantile(1))
	assert.Zero(t, new(histogram).quantile(0.5))
}

func TestHistogramHasABucketForEachDuration(t *testing.T) {
	before := -1
	for _, n := range []uint64{0, 1, 31, 32, 63, 64, 65, 66, 127, 128, 1 << 20, 1<<63 - 1} {
		i := bucket(n)
		assert.GreaterOrEqual(t, i, before, n)
		assert.Less(t, i, len(histogram{}.buckets), n)
		assert.LessOrEqual(t, lowest(i), n)
		if n < 1<<63-1 {
			assert.Greater(t, lowest(i+1), n)
		}
		before = i
	}
	new(histogram).add(-1)
}
