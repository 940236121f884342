package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/rcrowley/go-tigertonic/examples/internal/postgrestest"
)

var (
	loadFor  = flag.Duration("load", 0, "measure the service with 100,000 comments, each kind of load for this long")
	loadOnPG = flag.Bool("load.postgres", false, "measure it with PostgreSQL")
)

// cpu is how long the process has computed, client and all.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestLoad measures with -load 8s -v. Without that, it only shows that each kind of load gets
// what it asks for.
func TestLoad(t *testing.T) {
	seeded, listeners := 100_000, 1000
	if *loadFor == 0 {
		*loadFor, seeded, listeners = 50*time.Millisecond, 500, 20
	}
	db := ""
	if *loadOnPG {
		db = postgrestest.Fresh(t)
	}
	r := &rig{}
	o := options{db: db, domain: "forum.test", files: t.TempDir()}
	if db == "" {
		o.db = t.TempDir() + "/forum.db"
	}
	p, err := start(t.Context(), &o)
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	begin := time.Now()
	if _, err := p.service.store.seed(t.Context(), seeded); err != nil {
		t.Fatal(err)
	}
	t.Logf("seeded %d comments in %v", seeded, time.Since(begin).Round(time.Second))
	r.service = p.service
	if seeded < 100_000 {
		r.patience = time.Minute // however busy the machine is
	}
	r.server = newSocket(r.handler())
	defer r.server.Close()
	owner := r.token(t, "demo", "ann")
	topics, err := list(t.Context(), r.store.read, func(id *int64) []any { return []any{id} }, "SELECT id FROM items WHERE kind = 'conversation'")
	if err != nil {
		t.Fatal(err)
	}
	comments, err := list(t.Context(), r.store.read, func(id *int64) []any { return []any{id} }, "SELECT id FROM items WHERE kind = 'comment' ORDER BY id LIMIT 2000")
	if err != nil {
		t.Fatal(err)
	}
	pick := func(ids []int64) int64 { return ids[rand.IntN(len(ids))] }
	item := func() (string, string) { return fmt.Sprintf("GET /comments/%d", pick(comments)), "" }
	r.measure(t, "comments, cache cold", 16, 0, "", item)
	r.measure(t, "comments, cache warm", 16, 0, "", item)
	r.measure(t, "pages of 25 comments", 16, 0, "", func() (string, string) { return fmt.Sprintf("GET /conversations/%d", pick(topics)), "" })
	n := atomic.Int64{}
	mixed := func() (string, string) {
		if rand.IntN(10) == 0 {
			return "POST /comments", fmt.Sprintf(`{"itemType":"conversation","itemId":%d,"markdown":"Comment *%d*"}`, pick(topics), n.Add(1))
		}
		return item()
	}
	r.measure(t, "90 reads, 10 writes", 16, 0, owner, mixed)
	r.measure(t, "the same at 500/s", 64, 500, owner, mixed)
	r.measure(t, "searches", mostSearches, 0, "", func() (string, string) { return "GET /search?q=wheel+brake+rain", "" })
	r.listeners(t, listeners, owner, pick(topics))
}

// measure makes requests for as long as -load says, by so many clients: as fast as they go,
// or at a rate per second, where times count from when a request was due.
func (r *rig) measure(t *testing.T, name string, clients, rate int, token string, next func() (request, body string)) {
	t.Helper()
	var mu sync.Mutex
	var took []time.Duration
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	begin, before := time.Now(), cpu(t)
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			var mine []time.Duration
			for n := i; ; n += clients {
				at := time.Now()
				if rate > 0 {
					at = begin.Add(time.Duration(n) * time.Second / time.Duration(rate))
					time.Sleep(time.Until(at))
				}
				if at.Sub(begin) >= *loadFor {
					break
				}
				request, body := next()
				method, path, _ := strings.Cut(request, " ")
				rq, _ := http.NewRequestWithContext(t.Context(), method, r.server.URL+"/api/v1"+path, strings.NewReader(body))
				rq.Host = "demo.forum.test"
				if body != "" {
					rq.Header.Set("Content-Type", "application/json")
				}
				if token != "" {
					rq.Header.Set("Authorization", "Bearer "+token)
				}
				rs, err := client.Do(rq)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, rs.Body)
				_ = rs.Body.Close()
				if rs.StatusCode >= 300 {
					t.Errorf("%s: got %d", request, rs.StatusCode)
					return
				}
				mine = append(mine, time.Since(at))
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
		})
	}
	all.Wait()
	if len(took) == 0 {
		return
	}
	slices.Sort(took)
	elapsed := time.Since(begin)
	t.Logf("%-22s %6.0f/s  p50 %6v  p99 %6v  %4d µs of CPU each, client included", name, float64(len(took))/elapsed.Seconds(),
		took[len(took)/2].Round(100*time.Microsecond), took[len(took)*99/100].Round(100*time.Microsecond), (cpu(t)-before).Microseconds()/int64(len(took)))
}

// resident is the memory of the process.
func resident() int64 {
	text, _ := os.ReadFile("/proc/self/statm")
	var size, pages int64
	_, _ = fmt.Sscan(string(text), &size, &pages)
	return pages * int64(os.Getpagesize())
}

// listeners opens so many WebSockets, both ends of which are in this process, and has all of
// them hear of a comment.
func (r *rig) listeners(t *testing.T, count int, token string, topic int64) {
	t.Helper()
	runtime.GC()
	before := resident()
	heard := make(chan time.Time, count)
	for range count {
		conn, _, err := websocket.Dial(t.Context(), r.server.URL+"/api/v1/live", &websocket.DialOptions{Host: "demo.forum.test"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.CloseNow() })
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if _, _, err := conn.Read(ctx); err == nil {
				heard <- time.Now()
			}
		}()
	}
	time.Sleep(time.Second)
	runtime.GC()
	t.Logf("%d WebSockets, with their clients, take %d MB", count, (resident()-before)>>20)
	begin := time.Now()
	if got := r.do(t, "demo", token, "POST /comments", fmt.Sprintf(`{"itemType":"conversation","itemId":%d,"markdown":"Hear me"}`, topic)); got.status != 201 {
		t.Fatal(got)
	}
	last := begin
	for range count {
		last = <-heard
	}
	t.Logf("a comment reached the last of %d after %v", count, last.Sub(begin).Round(time.Millisecond))
}
