package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/internal/postgrestest"
	"github.com/rcrowley/go-tigertonic/examples/internal/processtest"
	"github.com/rcrowley/go-tigertonic/examples/internal/s3test"
	"github.com/rcrowley/go-tigertonic/examples/internal/smtptest"
)

func TestFilesAreKeptInS3(t *testing.T) {
	server := s3test.Start(t)
	r := newRig(t, options{files: server.Store})
	content := picture(t, 80, 40)
	hash := r.upload(t, r.ann, "", "x.png", "image/png", content).want(t, 201, 0).text("data.fileHash")
	if got := r.do(t, "one", r.ann, "GET /files/"+hash, "").want(t, 200, 0); got.body != string(content) || got.header.Get("Content-Type") != "image/png" {
		t.Errorf("got %d bytes, %v", len(got.body), got.header)
	}
	if got := r.do(t, "one", r.ann, "GET /files/"+hash, "", "Range", "bytes=1-3").want(t, 206, 0); got.body != "PNG" {
		t.Errorf("got %q", got.body)
	}
	r.do(t, "two", r.token(t, "two", "ann"), "GET /files/"+hash, "").want(t, 404, 0)
	server.Fail(true)
	for _, got := range []reply{r.upload(t, r.ann, "", "y.png", "image/png", picture(t, 9, 9)), r.do(t, "one", r.ann, "GET /files/"+hash, "")} {
		if got.want(t, 503, 0).header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	server.Fail(false)
	r.upload(t, r.ann, "", "y.png", "image/png", picture(t, 9, 9)).want(t, 201, 0)

	// What no row knows is swept once it is old, and of another site, too.
	for _, name := range []string{nameOfFile(1, strings.Repeat("a", 64)), nameOfFile(2, hash)} {
		if err := r.service.files.Put(t.Context(), name, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	count := func() (n int) {
		for _, err := range r.service.files.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	for after, want := range map[time.Duration]int{0: 4, 2 * orphanFor: 2} {
		if err := r.sweep(t.Context(), time.Now().Add(after)); err != nil {
			t.Fatal(err)
		}
		if after > 0 && count() != want {
			t.Errorf("%d files are left after %v, want %d", count(), after, want)
		}
	}
	r.do(t, "one", r.ann, "GET /files/"+hash, "").want(t, 200, 0)
}

// A load reads and writes one comment. What a writer was told is done, each read that
// begins after that sees.
type load struct {
	t       *testing.T
	r       *rig
	path    string
	acked   atomic.Int64
	reads   atomic.Int64 // that were answered
	refused atomic.Int64
	ended   atomic.Bool
	clients sync.WaitGroup
}

const loadReaders = 6

// startLoad starts a load. A server that fails answers 503, or not at all if it mustn't.
func startLoad(t *testing.T, r *rig, mayRefuse bool) *load {
	t.Helper()
	l := &load{t: t, r: r, path: fmt.Sprintf("/comments/%d", r.say(t, r.ann, r.begin(t, r.ann, "Wheels"), "0"))}
	check := func(got reply) bool {
		if got.status == http.StatusOK {
			return true
		}
		l.refused.Add(1)
		if !mayRefuse || got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
			t.Errorf("got %d %.200s", got.status, got.body)
		}
		return false
	}
	for range loadReaders {
		l.clients.Go(func() {
			for !l.ended.Load() {
				least := l.acked.Load()
				got, err := l.send("GET", "", "")
				if err != nil {
					t.Error(err)
					return
				}
				var n int64
				if !check(got) {
					continue
				}
				if _, err := fmt.Sscan(got.text("data.markdown"), &n); err != nil || n < least {
					t.Errorf("got %.300s after %d was written", got.body, least)
				}
				l.reads.Add(1)
			}
		})
	}
	l.clients.Go(func() {
		for n := int64(1); !l.ended.Load(); n++ {
			got, err := l.send("PUT", r.ann, fmt.Sprintf(`{"markdown":"%d","meta":{"editReason":"x"}}`, n))
			if err != nil {
				t.Error(err)
				return
			}
			if check(got) {
				l.acked.Store(n)
			}
		}
	})
	return l
}

// send sends a request of a client that isn't the test's goroutine.
func (l *load) send(method, token, body string) (rp reply, err error) {
	rq, err := http.NewRequestWithContext(context.WithoutCancel(l.t.Context()), method, l.r.server.URL+"/api/v1"+l.path, strings.NewReader(body))
	if err != nil {
		return rp, err
	}
	rq.Host = "one." + l.r.domain
	if body != "" {
		rq.Header.Set("Content-Type", "application/json")
		rq.Header.Set("Authorization", "Bearer "+token)
	}
	rs, err := http.DefaultClient.Do(rq)
	if err != nil {
		return rp, err
	}
	defer rs.Body.Close()
	text, err := io.ReadAll(rs.Body)
	return reply{rs.StatusCode, rs.Header, string(text)}, err
}

// more waits until so many reads and writes more were answered.
func (l *load) more(reads, writes int64) {
	l.t.Helper()
	reads, writes = l.reads.Load()+reads, l.acked.Load()+writes
	for deadline := time.Now().Add(standstill); l.reads.Load() < reads || l.acked.Load() < writes; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			l.t.Fatalf("got %d reads of %d, and write %d of %d", l.reads.Load(), reads, l.acked.Load(), writes)
		}
	}
}

func (l *load) end() {
	l.ended.Store(true)
	l.clients.Wait()
}

// standstill is how long a load may stand still on a busy machine.
const standstill = 60 * time.Second

// PostgreSQL is killed and comes back, twice. Until it is back requests get a 503, then all
// goes on by itself, and what was acknowledged is there.
func TestPostgresIsKilledUnderLoad(t *testing.T) {
	t.Parallel()
	server := postgrestest.Own(t)
	r := newRig(t, options{db: server.URL})
	conn := r.follow(t, "one", "", -1)
	l := startLoad(t, r, true)
	defer l.end()
	for range 2 {
		l.more(50, 10)
		server.Kill(t)
		for before, deadline := l.refused.Load(), time.Now().Add(standstill); l.refused.Load() < before+20; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("nobody is refused")
			}
		}
		if err := r.store.ping(t.Context()); err == nil {
			t.Error("it is healthy without its database")
		}
		server.Restart(t)
		l.more(50, 10)
	}
	// The one who follows comments has waited, too.
	said := r.say(t, r.bob, r.begin(t, r.bob, "Afterwards"), "still here")
	for {
		c, err := next(t, conn, standstill)
		if err != nil {
			t.Fatal(err)
		}
		if c.ID == said {
			break
		}
	}
}

// Memcached is killed and comes back, twice, and nobody notices: each read sees the last
// write.
func TestMemcachedIsKilledUnderLoad(t *testing.T) {
	t.Parallel()
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(probe.Addr().String())
	_ = probe.Close()
	stop := startMemcached(t, port)
	r := newRig(t, options{configuration: configuration{Cache: "memcached://127.0.0.1:" + port}})
	l := startLoad(t, r, false)
	defer l.end()
	for range 2 {
		l.more(100, 20)
		stop()
		l.more(100, 20)
		stop = startMemcached(t, port)
		time.Sleep(memcachedPause)
	}
	l.more(100, 20)
	stop()
	if (*r.store.cache.Load()).(*memcached).failures.Load() == 0 {
		t.Error("the failures aren't counted")
	}
}

// SIGHUP reads the configuration again. One that isn't right changes nothing.
func TestConfigurationIsReadAgain(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t)
	binary := filepath.Join(t.TempDir(), "forum")
	if err := processtest.Build(binary, "."); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "forum.json")
	write := func(config map[string]any) {
		t.Helper()
		text, err := json.Marshal(config)
		if err == nil {
			err = os.WriteFile(file, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	write(map[string]any{"log-level": "INFO"})
	p := processtest.Start(t, binary, "-listen", processtest.FreeAddress(t), "-admin", "", "-config", file,
		"-db", filepath.Join(dir, "forum.db"), "-files", filepath.Join(dir, "files"), "-seed", "5")
	ask := func(email string) int {
		t.Helper()
		rq, err := http.NewRequestWithContext(t.Context(), "POST", p.Base()+"/api/v1/users", strings.NewReader(fmt.Sprintf(`{"email":%q}`, email)))
		if err != nil {
			t.Fatal(err)
		}
		rq.Host = "demo.localhost"
		rq.Header.Set("Content-Type", "application/json")
		rs, err := http.DefaultClient.Do(rq)
		if err != nil {
			t.Fatal(err)
		}
		_ = rs.Body.Close()
		return rs.StatusCode
	}
	hangUp := func(line string) {
		t.Helper()
		before := strings.Count(p.Output(), line)
		p.Signal(t, syscall.SIGHUP)
		p.WaitFor(t, line, func(text string) bool { return strings.Count(text, line) > before })
	}
	if got := ask("a@example.com"); got != 501 {
		t.Errorf("got %d without a server of mails", got)
	}
	good := map[string]any{"smtp": server.Addr, "from": "forum@example.com", "public": "https://{site}.example.com"}
	write(good)
	hangUp("the configuration was read again")
	if got := ask("b@example.com"); got != 200 {
		t.Errorf("got %d", got)
	}
	if got := server.Next(t); got.To != "b@example.com" || !strings.Contains(got.Text, "https://demo.example.com/password") {
		t.Errorf("got %+v", got)
	}
	for _, bad := range []map[string]any{{"smpt": server.Addr}, {"smtp": "nowhere"}, {"cache": "memcached://nowhere"}, {"oidc-issuer": "http://127.0.0.1:1"}, {"log-level": "loud"}} {
		write(bad)
		hangUp("the configuration is invalid and stays as it was")
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	hangUp("the configuration is invalid and stays as it was")
	if got := ask("c@example.com"); got != 200 {
		t.Errorf("got %d after a bad configuration", got)
	}
	if got := server.Next(t); got.To != "c@example.com" {
		t.Errorf("got %+v", got)
	}
	write(good)
	p.Restart(t)
	if got := ask("d@example.com"); got != 200 {
		t.Errorf("got %d of the next process", got)
	}
	p.Stop(t)
}
