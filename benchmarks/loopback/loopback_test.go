package loopback

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
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
	for _, isReturn := range []bool{false, true} {
		var lines []string
		for take := 100 * time.Millisecond; take < 10*time.Second; take *= 3 { // as long as the machine is too busy to answer by then
			var out bytes.Buffer
			err = services.Round(t.Context(), Load{Connections: 4, Warm: 10 * time.Millisecond, Take: take}, isReturn, &out)
			require.NoError(t, err)
			lines = strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
			require.Len(t, lines, len(Peers()))
			if !strings.Contains(out.String(), " 0 0 req/s") {
				break
			}
		}
		if isReturn {
			slices.Reverse(lines)
		}
		for i, line := range lines {
			checkLine(t, Peers()[i].Name, line)
		}
	}
	require.NoError(t, services.Stop())
}

func checkLine(t *testing.T, peer, line string) {
	t.Helper()
	var requests, perSecond, cpu, own, p50, p99, size, objects int64
	_, err := fmt.Sscanf(line, "BenchmarkLoopback/task=connections-4/peer="+peer+" %d %d req/s %d cpu-ns/op %d own-cpu-ns/op %d p50-ns %d p99-ns %d B/op %d allocs/op",
		&requests, &perSecond, &cpu, &own, &p50, &p99, &size, &objects)
	require.NoError(t, err, line)
	assert.Positive(t, requests, line)
	assert.Positive(t, cpu, line)
	assert.Positive(t, own, line)
	assert.Positive(t, p50, line)
	assert.Positive(t, objects, line)
	assert.Greater(t, size, objects, line)
	assert.GreaterOrEqual(t, p99, p50, line)
}

func TestServiceComesToRest(t *testing.T) {
	c, err := Start(t.Context(), "serve", "constant")
	require.NoError(t, err)
	clients, err := dialAll(t.Context(), c.Addr, 3, Request())
	require.NoError(t, err)
	for _, client := range clients {
		require.NoError(t, client.once())
	}
	require.NoError(t, closeAll(clients))
	before, err := c.order("tell")
	require.NoError(t, err)
	require.NoError(t, c.rest())
	after, err := c.order("tell")
	assert.NoError(t, err)
	assert.Positive(t, after.since(before).cpu)
	assert.NoError(t, Services{c}.Stop())
}

func TestServiceThatDoesNotExist(t *testing.T) {
	assert.ErrorContains(t, Serve("nothing", nil, io.Discard), `there is no service "nothing"`)
}

// The service here writes given bytes, whatever the request.
func TestClientReceivesOneAnswer(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n"
	for _, c := range []struct{ text, err string }{
		{head + "hello", ""},
		{head + "hell", errEnded.Error()},
		{head[:20], errEnded.Error()},
		{"", errEnded.Error()},
		{"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\nhello", "500"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n", "no Content-Length"},
		{head + "hello, it goes on", errTooLong.Error()},
		{strings.Replace(head, "5", "5000", 1) + strings.Repeat("x", 5000), errTooLong.Error()},
		{"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 5000), errTooLong.Error()},
	} {
		for _, size := range []int{len(c.text), 50, 1} {
			err := askedOnce(t, c.text, max(size, 1))
			if strings.Contains(c.text, "it goes on") && size == 1 {
				continue // it stops where the answer ends
			}
			if c.err == "" {
				assert.NoError(t, err, "%q by %d bytes", c.text, size)
			} else {
				assert.ErrorContains(t, err, c.err, "%q by %d bytes", c.text, size)
			}
		}
	}
}

// askedOnce asks a service for two answers, the second of which is text, sent by so
// many bytes at a time.
func askedOnce(t *testing.T, text string, size int) error {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	rq := probe.Request{Method: "GET", Target: "/"}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = serveTexts(l, len(wire(rq)), size, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", text) // which may not be read to its end
	}()
	clients, err := dialAll(t.Context(), l.Addr().String(), 1, rq)
	require.NoError(t, err)
	require.NoError(t, clients[0].conn.SetDeadline(time.Now().Add(patience)))
	require.NoError(t, clients[0].once())
	err = clients[0].once()
	require.NoError(t, closeAll(clients))
	<-served
	return err
}

// serveTexts answers the requests of a connection, of so many bytes each, with texts.
func serveTexts(l net.Listener, request, size int, texts ...string) error {
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, text := range texts {
		if _, err := io.ReadFull(conn, make([]byte, request)); err != nil {
			return err
		}
		for part := range slices.Chunk([]byte(text), size) {
			if _, err := conn.Write(part); err != nil {
				return err
			}
		}
	}
	return nil
}

func TestClientGivesUpOnAServiceThatHangs(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	clients, err := dialAll(t.Context(), l.Addr().String(), 1, Request())
	require.NoError(t, err)
	require.NoError(t, clients[0].conn.SetDeadline(time.Now().Add(50*time.Millisecond)))
	assert.ErrorIs(t, clients[0].once(), os.ErrDeadlineExceeded)
	assert.NoError(t, closeAll(clients))
}

func TestOpenLoopKeepsItsRate(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	const answer, pause = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 50 * time.Millisecond
	rq := probe.Request{Method: "GET", Target: "/"}
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for i := 0; ; i++ {
			if _, err := io.ReadFull(conn, make([]byte, len(wire(rq)))); err != nil {
				return
			}
			if i == 0 { // so that those which are due meanwhile have to wait
				time.Sleep(pause)
			}
			if _, err := io.WriteString(conn, answer); err != nil {
				return
			}
		}
	}()
	clients, err := dialAll(t.Context(), l.Addr().String(), 1, rq)
	require.NoError(t, err)
	const every = 10 * time.Millisecond
	require.NoError(t, clients[0].ask(t.Context(), window{start: time.Now(), end: 50 * every, every: every}))
	require.NoError(t, closeAll(clients))
	took := clients[0].took
	assert.LessOrEqual(t, len(took), 50)
	require.Greater(t, len(took), 10)
	assert.GreaterOrEqual(t, took[0], pause)
	assert.GreaterOrEqual(t, took[1], pause-every, "it was due while the first was answered")
	assert.Equal(t, "rate-100", Load{Connections: 1, Rate: 100}.name())
}

func TestWireIsARequest(t *testing.T) {
	rq := probe.Request{Method: "POST", Target: "/x?y=1", Header: http.Header{"Accept": {"*/*"}}, Body: []byte("hello")}
	assert.Equal(t, "POST /x?y=1 HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\nContent-Length: 5\r\n\r\nhello", string(wire(rq)))
}

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		n    time.Duration
		q    float64
		want time.Duration
	}{{0, 0.5, 0}, {1, 0, 0}, {1, 0.99, 0}, {2, 0.5, 1}, {100, 0.5, 50}, {100, 0.99, 99}, {1000, 0.99, 990}, {10, 1, 9}} {
		sorted := make([]time.Duration, c.n)
		for i := range sorted {
			sorted[i] = time.Duration(i)
		}
		assert.Equal(t, c.want, quantile(sorted, c.q), "%g of %d", c.q, c.n)
	}
}
