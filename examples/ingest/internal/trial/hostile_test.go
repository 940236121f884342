package trial

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Clients that stop half-way are cut off, the first to come when their time is up and
// those beyond the limit on connections at once, and cost little until then.
func TestClientsThatStopHalfWayAreCutOffAndMemoryStaysFlat(t *testing.T) {
	parallel(t)
	clients := 200
	if *full {
		clients = 5000
	}
	s := start(t, "-segment-age", "500ms")
	l := s.begin(t, 200)
	l.more(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var wg sync.WaitGroup
	var stopped, cut atomic.Int64
	for i := range clients {
		wg.Go(func() {
			if stopsHalfWay(ctx, s.Base(), i, &stopped) {
				cut.Add(1)
			}
		})
	}
	if !soon(2*patient, func() bool { return stopped.Load() == int64(clients) }) {
		t.Fatalf("only %d of %d clients have come half-way", stopped.Load(), clients)
	}
	began := time.Now()
	l.more(t)
	l.more(t)
	if *full {
		soon(2*patient, func() bool { return cut.Load() == int64(clients) })
	}
	t.Logf("%d of %d clients that have stopped half-way were cut off after %v", cut.Load(), clients, time.Since(began).Round(100*time.Millisecond))
	if *full && cut.Load() < int64(clients) {
		t.Errorf("%d were left alone", int64(clients)-cut.Load())
	}
	cancel()
	wg.Wait()
	l.more(t)
	r := l.end(t)
	mustBeSmall(t, s.PID(t))
	s.Stop(t)
	t.Log(told(&r))
	if report := s.verify(t); !report.Exact() || report.Acked != r.Good {
		t.Errorf("the store doesn't hold exactly the %d payloads that were acknowledged:\n%v", r.Good, report)
	}
}

// soon waits for what is to be true within a time, and reports whether it is.
func soon(d time.Duration, ok func() bool) bool {
	for deadline := time.Now().Add(d); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// stopsHalfWay is a client that sends a part of a request, and reports whether it was
// cut off before the end of the context.
func stopsHalfWay(ctx context.Context, base string, i int, stopped *atomic.Int64) (cut bool) {
	const head = "POST /1.0/payloads HTTP/1.1\r\nHost: ingest\r\nContent-Type: application/json\r\n"
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		stopped.Add(1)
		return true
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	half := []string{
		head,
		head + "Content-Length: 900\r\n\r\n" + payload,
		head + "Transfer-Encoding: chunked\r\n\r\n1000\r\n" + payload,
		head + fmt.Sprintf("Content-Length: %d\r\n\r\n", 1<<20) + `{"version":"1","data":["` + strings.Repeat("x", 15_000),
		"",
	}
	_, err = io.WriteString(conn, half[i%len(half)])
	stopped.Add(1)
	if err == nil {
		_, _ = io.Copy(io.Discard, conn) // until it is closed
	}
	return ctx.Err() == nil
}

// Whatever is too much is refused, or its connection closed, at a bounded cost.
func TestBodiesWithoutEndAndBombsAreRefused(t *testing.T) {
	parallel(t)
	s := start(t)
	client := &http.Client{Transport: &http.Transport{}, Timeout: patient}
	defer client.CloseIdleConnections()
	bomb := gzipped(t, 32<<20)
	times := 4
	if *full {
		times = 64
	}
	var wg sync.WaitGroup
	for i := range times {
		for name, body := range map[string]func() io.Reader{
			"endless chunks":     func() io.Reader { return endless{} },
			"gzip bomb":          func() io.Reader { return bytes.NewReader(bomb) },
			"1 MiB of brackets":  func() io.Reader { return strings.NewReader(strings.Repeat("[", 1<<20)) },
			"nested to 1 MiB":    func() io.Reader { return strings.NewReader(nested(1<<20 - 100)) },
			"2 MiB":              func() io.Reader { return strings.NewReader(strings.Repeat(" ", 2<<20)) },
			"brackets in chunks": func() io.Reader { return io.LimitReader(endless{}, 1<<20) },
		} {
			wg.Go(func() {
				status, err := post(t.Context(), client, s.Base(), name, body())
				if err == nil && (status < 400 || status >= 500 && status != http.StatusServiceUnavailable) {
					t.Errorf("%s, %d: got %d, want it refused", name, i, status)
				}
			})
		}
	}
	wg.Wait()
	r := mustRun(t, s.options(100, 500*time.Millisecond))
	if r.Bad() > 0 {
		t.Errorf("afterwards: %s", told(&r))
	}
	mustBeSmall(t, s.PID(t))
	s.Stop(t)
	if report := s.verify(t); !report.Exact() || report.Acked != r.Total {
		t.Errorf("the store doesn't hold exactly the %d payloads:\n%v", r.Total, report)
	}
}

func post(ctx context.Context, client *http.Client, base, name string, body io.Reader) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/1.0/payloads", body)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	if strings.HasPrefix(name, "gzip") {
		r.Header.Set("Content-Encoding", "gzip")
	}
	rs, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer rs.Body.Close()
	_, err = io.Copy(io.Discard, rs.Body)
	return rs.StatusCode, err
}

// endless is the same bracket for ever.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '['
	}
	return len(p), nil
}

// nested is a payload with arrays in arrays, of this length.
func nested(n int) string {
	return `{"version":"1","token":"` + token + `","data":[{"x":` + strings.Repeat("[", n/2) + strings.Repeat("]", n/2) + `}]}`
}

// gzipped packs so many spaces.
func gzipped(t *testing.T, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	spaces := bytes.Repeat([]byte(" "), 64<<10)
	for range n / len(spaces) {
		if _, err := w.Write(spaces); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
