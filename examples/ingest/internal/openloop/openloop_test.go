package openloop

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A service counts the requests that it gets, by their numbers.
type service struct {
	*httptest.Server
	mu   sync.Mutex
	seen map[int64]int
}

func newService(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, seq int64)) *service {
	t.Helper()
	s := &service{seen: map[int64]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var got struct{ Data []int64 }
		if err == nil {
			err = json.Unmarshal(body, &got)
		}
		if err != nil {
			t.Errorf("the service got %q, %v", body, err)
			return
		}
		s.mu.Lock()
		s.seen[got.Data[0]]++
		s.mu.Unlock()
		answer(w, r, got.Data[0])
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) options(rate float64, d time.Duration) Options {
	return Options{Request: Request{URL: s.URL, Body: `{"data":[{seq}]}`, Member: "data"}, Rate: rate, For: d}
}

func accept(w http.ResponseWriter, _ *http.Request, seq int64) {
	w.WriteHeader(http.StatusAccepted)
	fmt.Fprintf(w, `{"accepted":%d}`, seq)
}

func mustRun(t *testing.T, o Options) Result {
	t.Helper()
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEachRequestIsSentOnce(t *testing.T) {
	s := newService(t, accept)
	r := mustRun(t, s.options(1000, 500*time.Millisecond))
	if r.Total != 500 || r.Sent != 500 || r.Good != 500 || r.Bad() != 0 || r.Status[202] != 500 || len(r.Errors) != 0 {
		t.Errorf("got %d sent, %d good, %v, %v, want 500", r.Sent, r.Good, r.Status, r.Errors)
	}
	if len(s.seen) != 500 {
		t.Errorf("the service saw %d, want 500", len(s.seen))
	}
	for seq := range int64(500) {
		if s.seen[seq] != 1 {
			t.Errorf("the service saw request %d %d times", seq, s.seen[seq])
		}
	}
	if r.Elapsed < 490*time.Millisecond {
		t.Errorf("it took %v: requests were sent before they were due", r.Elapsed)
	}
	if r.FromDue.Count() != 500 || r.FromSent.Count() != 500 || r.FromDue.Mean() < r.FromSent.Mean() {
		t.Errorf("got %d and %d latencies, of %v and %v on average", r.FromDue.Count(), r.FromSent.Count(), r.FromDue.Mean(), r.FromSent.Mean())
	}
}

// While a service stalls, requests become due all the same.
func TestStallShowsInTheLatencyOfAllThatWasDue(t *testing.T) {
	const stall = 300 * time.Millisecond
	var mu sync.RWMutex
	s := newService(t, func(w http.ResponseWriter, r *http.Request, seq int64) {
		if seq == 100 {
			mu.Lock()
			time.Sleep(stall) // the stall, not a wait
			mu.Unlock()
		}
		mu.RLock()
		defer mu.RUnlock()
		accept(w, r, seq)
	})
	o := s.options(1000, 600*time.Millisecond)
	o.Connections = 4
	r := mustRun(t, o)
	late := r.FromDue.Count() - r.FromDue.Between(-1, stall/2)
	if r.Good != 600 || late < 140 {
		t.Errorf("%d of %d good requests took more than %v, want 140", late, r.Good, stall/2)
	}
	if sent := r.FromSent.Count() - r.FromSent.Between(-1, stall/2); sent > late {
		t.Errorf("%d are late from when they were sent and %d from when they were due", sent, late)
	}
}

func TestInFlightIsBoundedAndNothingIsPipelined(t *testing.T) {
	var now atomic.Int64
	var mu sync.Mutex
	most := int64(0)
	s := newService(t, func(w http.ResponseWriter, r *http.Request, seq int64) {
		n := now.Add(1)
		defer now.Add(-1)
		mu.Lock()
		most = max(most, n)
		mu.Unlock()
		time.Sleep(5 * time.Millisecond) // a slow service
		accept(w, r, seq)
	})
	o := s.options(2000, 200*time.Millisecond)
	o.Connections = 3
	r := mustRun(t, o)
	if most > 3 || r.Dialed > 3 || r.Good != 400 {
		t.Errorf("%d were in flight on %d connections, and %d of 400 good; want 3", most, r.Dialed, r.Good)
	}
}

func TestOutcomesTellWhatBecameOfEachRequest(t *testing.T) {
	s := newService(t, func(w http.ResponseWriter, r *http.Request, seq int64) {
		switch seq % 10 {
		case 3:
			http.Error(w, "not now", http.StatusServiceUnavailable)
		case 7:
			panic(http.ErrAbortHandler)
		default:
			accept(w, r, seq)
		}
	})
	var lines bytes.Buffer
	o := s.options(1000, 200*time.Millisecond)
	o.Outcomes = NewOutcomes(&lines)
	r := mustRun(t, o)
	if r.Good != 160 || r.Status[503] != 20 || r.Said[503] != "not now\n" || r.Bad() != 40 || r.Errors["connection closed before the answer"] != 20 {
		t.Errorf("got %d good, %v, %q, %v", r.Good, r.Status, r.Said[503], r.Errors)
	}
	seen := map[int64]bool{}
	for line := range strings.Lines(lines.String()) {
		var got struct {
			Seq      int64
			SHA256   string
			Status   int
			Response any
			Error    string
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		sum := sha256.Sum256([]byte("[" + strconv.FormatInt(got.Seq, 10) + "]"))
		if got.SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("got %q, want hash %x", line, sum)
		}
		seen[got.Seq] = true
		want := fmt.Sprint(202, map[string]any{"accepted": float64(got.Seq)}, "")
		switch got.Seq % 10 {
		case 3:
			want = fmt.Sprint(503, "not now", "")
		case 7:
			want = fmt.Sprint(0, nil, "connection closed before the answer")
		}
		if got := fmt.Sprint(got.Status, got.Response, got.Error); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if len(seen) != 200 {
		t.Errorf("%d requests have an outcome, want 200", len(seen))
	}
}

func TestServiceThatClosesConnectionsCostsNoRequest(t *testing.T) {
	s := newService(t, func(w http.ResponseWriter, r *http.Request, seq int64) {
		if seq%2 == 0 {
			w.Header().Set("Connection", "close")
		}
		accept(w, r, seq)
	})
	r := mustRun(t, s.options(500, 200*time.Millisecond))
	if r.Dialed < 50 || r.Good != 100 {
		t.Errorf("got %d good of 100 on %d connections, %v", r.Good, r.Dialed, r.Errors)
	}
}

func TestNobodyListeningIsAnErrorPerRequest(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	var lines bytes.Buffer
	r := mustRun(t, Options{
		Request: Request{URL: "http://" + l.Addr().String()}, Rate: 100, For: 100 * time.Millisecond, Outcomes: NewOutcomes(&lines),
	})
	if r.Errors["not connected: connection refused"] != 10 || r.Sent != 0 || r.Unconnected != 10 || r.Bad() != 10 || lines.Len() > 0 {
		t.Errorf("got %d sent, %v, %q", r.Sent, r.Errors, lines.String())
	}
}

func TestRunEndsThoughTheServiceNeverAnswers(t *testing.T) {
	held := make(chan struct{})
	s := newService(t, func(http.ResponseWriter, *http.Request, int64) { <-held })
	defer close(held)
	o := s.options(100, 100*time.Millisecond)
	o.Grace, o.Connections = time.Second, 4
	r := mustRun(t, o)
	if r.Errors["the run ended before the answer"] != 4 || r.Unsent != 6 || r.Sent != 4 || r.Bad() != 10 {
		t.Errorf("got %d sent, %d unsent, %v", r.Sent, r.Unsent, r.Errors)
	}
}

func TestOverdueAnswersAreCutOff(t *testing.T) {
	held := make(chan struct{})
	s := newService(t, func(w http.ResponseWriter, r *http.Request, seq int64) {
		if seq == 0 {
			<-held
		}
		accept(w, r, seq)
	})
	defer close(held)
	o := s.options(10, time.Second)
	o.Timeout = time.Second
	if r := mustRun(t, o); r.Errors["timeout"] != 1 || r.Good != 9 {
		t.Errorf("got %d good, %v", r.Good, r.Errors)
	}
}

func TestEndOfTheContextEndsTheSending(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := newService(t, func(w http.ResponseWriter, r *http.Request, seq int64) {
		if seq == 20 {
			cancel()
		}
		accept(w, r, seq)
	})
	r, err := Run(ctx, s.options(100, time.Hour))
	if err != nil || r.Good < 21 || r.Good != r.Total || r.Total > 10_000 {
		t.Errorf("got %d good of %d, %v, %v", r.Good, r.Total, r.Errors, err)
	}
}

func TestLargeBodiesAndTLS(t *testing.T) {
	var bytesSeen atomic.Int64
	s := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		bytesSeen.Add(n)
	}))
	defer s.Close()
	s.TLS.MinVersion = tls.VersionTLS12
	o := Options{Request: Request{URL: s.URL, Body: strings.Repeat("x", 1<<20)}, Rate: 50, For: 200 * time.Millisecond, Insecure: true}
	if r := mustRun(t, o); r.Good != 10 || bytesSeen.Load() != 10<<20 {
		t.Errorf("got %d good, %v, and %d bytes", r.Good, r.Errors, bytesSeen.Load())
	}
	o.Insecure = false
	if r := mustRun(t, o); r.Good != 0 || r.Unconnected != 10 {
		t.Errorf("with a certificate that isn't trusted: %d good, %v", r.Good, r.Errors)
	}
}

func TestAnswerThatNobodyAskedForEndsTheConnection(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				_, _ = io.WriteString(c, strings.Repeat("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 2))
			}
			c.Close()
		}
	}()
	for _, o := range []Options{
		{Rate: 20, For: 250 * time.Millisecond},
		{Rate: 1e4, For: 5 * time.Millisecond, Connections: 1}, // which is behind its schedule
	} {
		o.Request.URL = "http://" + l.Addr().String()
		if r := mustRun(t, o); r.Good != o.Total() || r.Dialed != o.Total() {
			t.Errorf("got %d of %d good on %d connections, %v", r.Good, o.Total(), r.Dialed, r.Errors)
		}
	}
}

// What has come counts before the connection's goroutine has read it, for that may
// have to wait for a processor.
func TestConnectionWithSomethingToReadGetsNoRequest(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, end := range map[string]func(net.Conn) error{
		"an answer": func(c net.Conn) error { _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\n"); return err },
		"the end":   net.Conn.Close,
	} {
		g := newGenerator(Options{Rate: 1e6, For: time.Second, Connections: 2}, nil)
		g.start = time.Now()
		conns := make([]*conn, 2)
		var server net.Conn
		for i := range conns {
			client, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = client.Close() })
			accepted, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = accepted.Close() })
			if i == 0 {
				server = accepted
			}
			conns[i] = &conn{g: g, conn: client}
			g.all[conns[i]] = true
			g.idle = append(g.idle, conns[i])
		}
		if err := end(server); err != nil {
			t.Fatal(err)
		}
		for !hasNews(conns[0].conn) {
			time.Sleep(time.Millisecond)
		}
		if c, opened := g.assign(time.Second); c != conns[1] || opened {
			t.Errorf("%s: the connection has the next request", name)
		}
		if c, opened := g.assign(time.Second); c == nil || !opened || len(g.all) != 2 {
			t.Errorf("%s: no connection was opened for the one after, of %d", name, len(g.all))
		}
	}
}

func TestProgressTellsHowItGoes(t *testing.T) {
	s := newService(t, accept)
	var seen []Progress
	o := s.options(100, 1100*time.Millisecond)
	o.Progress = func(p Progress) { seen = append(seen, p) }
	mustRun(t, o)
	if len(seen) == 0 || seen[0].Good == 0 || seen[0].Total != 110 || seen[0].Rate <= 0 || seen[0].Recent.Count() != seen[0].Good {
		t.Errorf("got %d reports, want one after a second", len(seen))
	}
}

func TestWrongOptionsAreRefused(t *testing.T) {
	request := Request{URL: "http://127.0.0.1"}
	for _, o := range []Options{
		{},
		{Request: request},
		{Request: request, Rate: 1},
		{Request: request, For: time.Second},
		{Request: request, Rate: 0.1, For: time.Second},
		{Request: request, Rate: -1, For: time.Second},
		{Request: request, Rate: 1, For: time.Second, Connections: -1},
		{Rate: 1, For: time.Second},
	} {
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("%+v are taken", o)
		}
	}
}
