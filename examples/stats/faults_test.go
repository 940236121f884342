package main

import (
	"bytes"
	"context"
	"database/sql"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/internal/postgrestest"
	"github.com/rcrowley/go-tigertonic/examples/internal/processtest"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/alert"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/frame"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

// The whole of it is "go test ./stats -run Fault -full".
var full = flag.Bool("full", false, "have more of each fault")

func times(brief, whole int) int {
	if *full {
		return whole
	}
	return brief
}

// A load is clients that count, and repeat each request with its key until it is
// acknowledged.
type load struct {
	bases  []string
	ezkey  string
	stop   chan struct{}
	wg     sync.WaitGroup
	acked  atomic.Int64
	failed atomic.Int64 // attempts without an acknowledgement
}

const loadStats = 7

func startLoad(ezkey string, clients int, bases ...string) *load {
	l := &load{bases: bases, ezkey: ezkey, stop: make(chan struct{})}
	for n := range clients {
		l.wg.Go(func() { l.client(n) })
	}
	return l
}

func (l *load) client(n int) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: n%4 == 0}, Timeout: patient}
	defer client.CloseIdleConnections()
	for i := 0; ; i++ {
		select {
		case <-l.stop:
			return
		default:
		}
		key := fmt.Sprintf("%d-%d-%s", n, i, tigertonic.RandomBase62String(6))
		body := fmt.Sprintf("ezkey=%s&stat=load %d&count=1", l.ezkey, i%loadStats)
		for !l.post(client, l.bases[(n+i)%len(l.bases)], body, key) {
			l.failed.Add(1)
			time.Sleep(10 * time.Millisecond)
		}
		l.acked.Add(1)
	}
}

func (*load) post(client *http.Client, base, body, key string) (acknowledged bool) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, base+"/ez", strings.NewReader(strings.ReplaceAll(body, " ", "+")))
	if err != nil {
		return false
	}
	r.Host = "api.localhost"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Idempotency-Key", key)
	rs, err := client.Do(r)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, rs.Body)
	_ = rs.Body.Close()
	return rs.StatusCode == http.StatusNoContent
}

// more waits until so many more were acknowledged.
func (l *load) more(t *testing.T, n int64) {
	t.Helper()
	want := l.acked.Load() + n
	until(t, "more is acknowledged", func() bool { return l.acked.Load() >= want })
}

func (l *load) end() int64 {
	close(l.stop)
	l.wg.Wait()
	return l.acked.Load()
}

// checkSums compares what was acknowledged with what is stored.
func checkSums(t *testing.T, db, email string, want int64) {
	t.Helper()
	s, err := store.Open(t.Context(), db, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	account, err := s.AccountByEmail(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	stats, err := s.Stats(t.Context(), account.ID, 0, 100)
	if err != nil || len(stats) != loadStats {
		t.Fatalf("there are %d stats, %v", len(stats), err)
	}
	for _, text := range []string{"2h1m", "1d1h", "1w1d"} {
		f, err := frame.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got := 0.0
		for i := range stats {
			cells, err := s.Series(t.Context(), stats[i].ID, f.At(time.Now().Unix()+60))
			if err != nil {
				t.Fatal(err)
			}
			got += store.Total(cells).Sum
		}
		if int64(got) != want {
			t.Errorf("%s: %v are stored of %d", text, got, want)
		}
	}
}

func TestFaultKilledUnderLoad(t *testing.T) {
	dir := t.TempDir()
	p := processtest.Start(t, binary, "-data", dir, "-ezkey", "k1", "-listen", processtest.FreeAddress(t), "-admin", "")
	l := startLoad("k1", 8, p.Base())
	for range times(2, 10) {
		l.more(t, 100)
		p.Kill(t)
		p = p.Again(t)
	}
	l.more(t, 100)
	acked := l.end()
	p.Stop(t)
	checkSums(t, filepath.Join(dir, "stats.db"), "you@localhost", acked)
	t.Logf("%d were acknowledged, after %d attempts that weren't", acked, l.failed.Load())
}

func TestFaultRestartedUnderLoad(t *testing.T) {
	dir := t.TempDir()
	p := processtest.Start(t, binary, "-data", dir, "-ezkey", "k1", "-listen", processtest.FreeAddress(t), "-admin", "")
	l := startLoad("k1", 8, p.Base())
	for range times(2, 10) {
		l.more(t, 100)
		p.Restart(t)
	}
	l.more(t, 100)
	for range times(1, 5) {
		p.Stop(t)
		p = p.Again(t)
		l.more(t, 100)
	}
	acked := l.end()
	p.Stop(t)
	checkSums(t, filepath.Join(dir, "stats.db"), "you@localhost", acked)
}

func TestFaultTwoProcessesOnOneDatabase(t *testing.T) {
	db := postgrestest.Fresh(t)
	processes := make([]*processtest.Process, 2)
	bases := make([]string, 2)
	for i := range processes {
		processes[i] = processtest.Start(t, binary, "-data", t.TempDir(), "-db", db, "-ezkey", "k1", "-listen", processtest.FreeAddress(t), "-admin", "")
		bases[i] = processes[i].Base()
	}
	l := startLoad("k1", 8, bases...)
	l.more(t, 300)
	processes[0].Kill(t)
	processes[0] = processes[0].Again(t)
	l.more(t, 300)
	acked := l.end()
	for _, p := range processes {
		p.Stop(t)
	}
	checkSums(t, db, "you@localhost", acked)
}

// While another process has the database, clients are told to come back, and nothing is
// stored of what they were refused.
func TestFaultDatabaseLocked(t *testing.T) {
	t.Parallel()
	r := start(t, "-ezkey", "k1")
	r.count(t, "x", 1)
	other, err := sql.Open("sqlite", filepath.Join(r.options.data, "stats.db")+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			got := r.do(t, "api.localhost", "POST /ez", "ezkey=k1&stat=x&count=1", isForm)
			if got.status != 503 || got.header.Get("Retry-After") != "1" || got.body != `{"status":503,"msg":"nothing can be stored at the moment"}` {
				t.Errorf("got %v with %v", got, got.header)
			}
		})
	}
	wg.Wait()
	t.Logf("they were told so in %v", time.Since(began))
	if !r.process.committer.Failing() {
		t.Error("it doesn't know that it fails")
	}
	if got := r.do(t, "www.localhost", "GET /x/"+r.account.token+"/statlist", ""); got.status != 200 {
		t.Errorf("what was counted can't be read: %v", got)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	until(t, "it works again", func() bool {
		return r.do(t, "api.localhost", "POST /ez", "ezkey=k1&stat=x&count=1", isForm, "Idempotency-Key: one").status == 204
	})
	if got := r.total(t, "x"); got.Sum != 2 {
		t.Errorf("got %v, want 2", got)
	}
}

func TestFaultDatabaseGone(t *testing.T) {
	t.Parallel()
	r := start(t, "-ezkey", "k1", "-db", postgrestest.Fresh(t))
	r.count(t, "x", 1)
	r.store.Close()
	if got := r.do(t, "api.localhost", "POST /ez", "ezkey=k1&stat=x&count=1", isForm); got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Errorf("got %v", got)
	}
	for _, path := range []string{"/x/" + r.account.token + "/statlist", "/x/" + r.account.token + "/alerts", "/stats/x"} {
		if got := r.do(t, "www.localhost", "GET "+path, ""); got.status != 503 || got.header.Get("Retry-After") == "" || strings.Contains(got.body, "sql") {
			t.Errorf("%s: got %v", path, got)
		}
	}
}

// A file system that is full is one of a few megabytes, which only root can make.
func TestFaultDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=3m"); err != nil {
		t.Skipf("a tmpfs can't be mounted (%v): run as root on Linux", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	r := start(t, "-data", dir, "-ezkey", "k1")
	r.count(t, "x", 1)
	filler, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer filler.Close()
	for err == nil {
		_, err = filler.Write(make([]byte, 4096))
	}
	acked := 1.0
	until(t, "the disk is full", func() bool {
		got := r.do(t, "api.localhost", "POST /ez", "ezkey=k1&count=1&stat=x&t="+fmt.Sprint(time.Now().Unix()-60*int64(acked)), isForm)
		if got.status == 204 {
			acked++
			return false
		}
		if got.status != 503 || got.header.Get("Retry-After") == "" {
			t.Fatalf("got %v", got)
		}
		return true
	})
	if got := r.do(t, "www.localhost", "GET /x/"+r.account.token+"/stat?name=x", ""); got.status != 200 {
		t.Errorf("what was counted can't be read: %v", got)
	}
	if err := filler.Truncate(0); err != nil {
		t.Fatal(err)
	}
	until(t, "it works again", func() bool {
		return r.do(t, "api.localhost", "POST /ez", "ezkey=k1&stat=x&count=1", isForm).status == 204
	})
	if got := r.total(t, "x"); got.Sum != acked+1 {
		t.Errorf("got %v, want %v", got.Sum, acked+1)
	}
}

// A hook that hangs holds up nobody who counts.
func TestFaultHookHangs(t *testing.T) {
	t.Parallel()
	began, release := make(chan struct{}, 10), make(chan struct{})
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		began <- struct{}{}
		<-release
	}))
	defer hook.Close()
	defer close(release)
	r := start(t, "-ezkey", "k1", "-hooks-to-private")
	r.count(t, "x", 10)
	account, _ := r.store.AccountByEmail(t.Context(), r.account.email)
	stat, _ := r.store.StatByName(t.Context(), account.ID, "x")
	alone := r.slowest(t)
	form := "stat_id=" + stat.PublicID + "&kind=value&operator=gt&threshold=5&time_window=5m&hook=" + hook.URL
	if got := r.do(t, "www.localhost", "POST /x/"+r.account.token+"/alerts", form, isForm); got.status != 200 || !strings.Contains(got.body, `"operator":"greater than"`) {
		t.Fatalf("got %v", got)
	}
	if err := alert.Evaluate(t.Context(), r.store, time.Now(), r.process.hooks.Send); err != nil {
		t.Fatal(err)
	}
	<-began
	t.Logf("99%% of requests that count took %v, and %v beside a hook that hangs", alone, r.slowest(t))
}

// slowest counts many times, and returns the 99th percentile of how long that took.
func (r *running) slowest(t *testing.T) time.Duration {
	t.Helper()
	took := make([]time.Duration, times(100, 5000))
	for i := range took {
		began := time.Now()
		r.count(t, "x", 1)
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}

func TestFaultBodiesThatAreTooLong(t *testing.T) {
	t.Parallel()
	r := start(t, "-ezkey", "k1")
	many := `{"ezkey":"k1","data":[` + strings.Repeat(`{"stat":"a","count":1},`, 20_000) + `{"stat":"a","count":1}]}`
	million := `{"ezkey":"k1","data":[` + strings.Repeat(`{"stat":"a","count":1},`, 1_000_000) + `{"stat":"a","count":1}]}`
	for name, body := range map[string]io.Reader{
		"20,001 elements": strings.NewReader(many), "a million": strings.NewReader(million), "10 MB": bytes.NewReader(make([]byte, 10<<20)),
		"a million, of no known length": io.MultiReader(strings.NewReader(million)),
		"a fan-out":                     strings.NewReader(`{"ezkey":"k1","data":[{"count":1,"stat":"a~` + strings.Repeat("b,", 10_001) + `"}]}`),
	} {
		rq, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL+"/ez", body)
		if err != nil {
			t.Fatal(err)
		}
		rq.Host = "api.localhost"
		rq.Header.Set("Content-Type", "application/json")
		rs, err := r.Client().Do(rq)
		if err != nil {
			continue // the connection is closed while the body is still sent
		}
		_ = rs.Body.Close()
		if rs.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: got %s", name, rs.Status)
		}
	}
	if got := r.process.committer.Samples.Load(); got != 0 {
		t.Errorf("%d are stored", got)
	}
}

// Clients that stop half-way are many, and others are served meanwhile.
func TestFaultSlowBodies(t *testing.T) {
	p := processtest.Start(t, binary, "-data", t.TempDir(), "-ezkey", "k1", "-listen", "127.0.0.1:0", "-admin", "")
	address := strings.TrimPrefix(p.Base(), "http://")
	for i := range times(300, 2000) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		text := "POST /ez HTTP/1.1\r\nHost: api.localhost\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n" + `{"ezkey":"k1","data":[`
		if i%2 == 0 {
			text = "POST /ez HTTP/1.1\r\nHost: api."
		}
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	l := startLoad("k1", 4, p.Base())
	l.more(t, 100)
	l.end()
	if l.failed.Load() > 0 {
		t.Errorf("%d attempts of others have failed", l.failed.Load())
	}
	memory, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID(t)))
	if err == nil && !processtest.Race() {
		var peak int
		for line := range strings.Lines(string(memory)) {
			_, _ = fmt.Sscanf(line, "VmHWM: %d kB", &peak)
		}
		t.Logf("it has had %d MiB", peak>>10)
	}
	p.Kill(t)
}

// When the clock steps back, what comes is counted in the minutes that it says, and
// nothing is doubled or missing.
func TestFaultClockStepsBack(t *testing.T) {
	t.Parallel()
	o, err := parseOptions("", []string{"-data", t.TempDir(), "-ezkey", "k1"})
	if err != nil {
		t.Fatal(err)
	}
	var now atomic.Int64
	at := time.Now().Unix()/60*60 + 30
	now.Store(at)
	o.now = func() time.Time { return time.Unix(now.Load(), 0) }
	r := startWith(t, o)
	for i, step := range []int64{0, 60, -120, 60, 3600, -3600} {
		now.Add(step)
		r.count(t, "x", float64(int(1)<<i))
	}
	account, _ := r.store.AccountByEmail(t.Context(), r.account.email)
	stat, _ := r.store.StatByName(t.Context(), account.ID, "x")
	cells, err := r.store.Series(t.Context(), stat.ID, frame.Axis{Start: at/60 - 1, Step: 1, N: 62})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range cells {
		want := map[int]float64{0: 4, 1: 1 + 8 + 32, 2: 2, 61: 16}[i]
		if c.Sum != want {
			t.Errorf("minute %d has %v, want %v", i, c.Sum, want)
		}
	}
}
