package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
	"github.com/rcrowley/go-tigertonic/examples/internal/postgrestest"
)

// follow opens a WebSocket of a site, behind a comment if after isn't negative.
func (r *rig) follow(t testing.TB, site, token string, after int64) *websocket.Conn {
	t.Helper()
	url := r.server.URL + "/api/v1/live"
	if after >= 0 {
		url += fmt.Sprint("?after=", after)
	}
	o := &websocket.DialOptions{Host: site + ".forum.test", HTTPHeader: http.Header{}}
	if token != "" {
		o.HTTPHeader.Set("Authorization", "Bearer "+token)
	}
	conn, _, err := websocket.Dial(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

// next returns the next comment of a WebSocket, or the error that ends it.
func next(t testing.TB, conn *websocket.Conn, wait time.Duration) (c forumapi.Comment, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	_, text, err := conn.Read(ctx)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	return c, err
}

const (
	patient = 10 * time.Second
	quiet   = 200 * time.Millisecond
)

func TestCommentsAreFollowed(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, db string) {
		r := newRig(t, options{db: db})
		id := r.begin(t, r.ann, "Wheels")
		first := r.say(t, r.ann, id, "one")
		guest, behind := r.follow(t, "one", "", -1), r.follow(t, "one", r.bob, 0)
		other := r.follow(t, "two", r.token(t, "two", "owner"), 0)
		if c, err := next(t, behind, patient); err != nil || c.ID != first {
			t.Fatalf("got %v, %v", c, err)
		}
		second := r.say(t, r.ann, id, "two")
		for _, conn := range []*websocket.Conn{guest, behind} {
			if c, err := next(t, conn, patient); err != nil || c.ID != second || c.HTML != "<p>two</p>\n" {
				t.Errorf("got %v, %v", c, err)
			}
		}
		if c, err := next(t, other, quiet); err == nil {
			t.Errorf("another site is told of %v", c)
		}
		r.do(t, "one", "", "GET /live?after=x", "").want(t, 400, codeRange)
		r.do(t, "one", "", "GET /live", "").want(t, 426, 0)
		r.do(t, "one", "none", "GET /live", "").want(t, 401, codeInvalid)
		// A page of another site can't open one with what its browser has.
		_, rs, err := websocket.Dial(t.Context(), r.server.URL+"/api/v1/live", &websocket.DialOptions{Host: "one.forum.test", HTTPHeader: http.Header{"Origin": {"https://evil.example"}}})
		if err == nil || rs == nil || rs.StatusCode != http.StatusForbidden {
			t.Errorf("got %v", err)
		}
	})
}

// What a listener may not read is left out, from the comment on that follows the change.
func TestFollowersLoseWhatTheyMayNotRead(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	secret := r.id(t, r.do(t, "one", r.owner, "POST /microcosms", `{"title":"Secret","description":"","visibility":"private"}`))
	role := r.give(t, r.ann, fmt.Sprintf(`{"microcosmId":%d,"title":"Insiders","read":true,"readOthers":true}`, secret))
	ann := r.do(t, "one", r.ann, "GET /whoami", "").text("data.id")
	hidden := r.id(t, r.do(t, "one", r.owner, "POST /conversations", fmt.Sprintf(`{"microcosmId":%d,"title":"Whisper"}`, secret)))
	open := r.begin(t, r.ann, "Wheels")
	insider, outsider := r.follow(t, "one", r.ann, 0), r.follow(t, "one", r.bob, 0)
	first := r.say(t, r.owner, hidden, "psst")
	if c, err := next(t, insider, patient); err != nil || c.ID != first {
		t.Fatalf("got %v, %v", c, err)
	}
	r.do(t, "one", r.owner, fmt.Sprintf("DELETE /roles/%d/profiles/%s", role, ann), "").want(t, 200, 0)
	r.say(t, r.owner, hidden, "psst again")
	public := r.say(t, r.owner, open, "hello")
	for _, conn := range []*websocket.Conn{insider, outsider} {
		if c, err := next(t, conn, patient); err != nil || c.ID != public {
			t.Errorf("got %v, %v, want comment %d", c, err, public)
		}
	}
	r.do(t, "one", r.ann, "DELETE /auth", "").want(t, 200, 0)
	r.say(t, r.owner, open, "goodbye")
	if _, err := next(t, insider, patient); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
		t.Errorf("got %v", err)
	}
}

// Two processes write to one database, which a SQLite file isn't for, and clients that
// follow either of them miss nothing.
func TestProcessesHearEachOther(t *testing.T) {
	t.Parallel()
	db := postgrestest.Fresh(t)
	r := newRig(t, options{db: db})
	o := options{db: db, domain: "forum.test", files: t.TempDir()}
	p, err := start(context.WithoutCancel(t.Context()), &o)
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	id := r.begin(t, r.ann, "Wheels")
	conn := r.follow(t, "one", "", 0)
	site, err := p.service.store.site(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	// Writers on both sides: the IDs that are seen rise without a gap.
	var writers sync.WaitGroup
	for w, s := range []*store{r.store, p.service.store, r.store, p.service.store} {
		writers.Go(func() {
			for i := range 25 {
				_, err := s.add(context.WithoutCancel(t.Context()), time.Now(), &newItem{
					Kind: kindComment, Visibility: "public", Site: site.ID, Author: site.Owner, Parent: id, Forum: r.forum, content: content{Markdown: fmt.Sprint(w, " ", i)},
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	last := int64(0)
	for range 100 {
		c, err := next(t, conn, patient)
		if err != nil || c.ID <= last {
			t.Fatalf("got %d after %d, %v", c.ID, last, err)
		}
		last = c.ID
	}
	writers.Wait()
}

// A server that stops closes its WebSockets with 1001, and who comes again with the last ID
// gets each comment once.
func TestFollowersComeAgainWithoutGapOrRepeat(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	id := r.begin(t, r.ann, "Wheels")
	var writing sync.WaitGroup
	const comments = 60
	writing.Go(func() {
		for i := range comments {
			r.say(t, r.ann, id, fmt.Sprint(i))
			time.Sleep(5 * time.Millisecond)
		}
	})
	seen, last := map[int64]int{}, int64(0)
	for restart := 0; len(seen) < comments; restart++ {
		hub := newHub()
		again := newService(r.store, "forum.test")
		again.live = hub
		s := tigertonic.NewServer("", again.handler())
		s.RegisterOnShutdown(hub.drain)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- s.Serve(l) }()
		conn, _, err := websocket.Dial(t.Context(), fmt.Sprintf("http://%s/api/v1/live?after=%d", l.Addr(), last), &websocket.DialOptions{Host: "one.forum.test"})
		if err != nil {
			t.Fatal(err)
		}
		stop := time.AfterFunc(50*time.Millisecond, func() { _ = s.Close() })
		poke := time.NewTicker(10 * time.Millisecond) // another process writes
		go func() {
			for range poke.C {
				hub.wake(0)
			}
		}()
		for {
			c, err := next(t, conn, patient)
			if err != nil {
				if websocket.CloseStatus(err) != websocket.StatusGoingAway {
					t.Fatalf("closed with %v", err)
				}
				break
			}
			seen[c.ID]++
			if c.ID <= last {
				t.Errorf("got %d after %d", c.ID, last)
			}
			last = c.ID
		}
		poke.Stop()
		stop.Stop()
		if err := <-served; err != nil && !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		if restart > 200 {
			t.Fatalf("got %d comments of %d", len(seen), comments)
		}
	}
	writing.Wait()
}

// A client that doesn't read is dropped, and others aren't kept waiting by it.
func TestSlowFollowersAreDropped(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits as long as a client may take: run go test without -short")
	}
	t.Parallel()
	r := newRig(t, options{})
	id := r.begin(t, r.ann, "Wheels")
	long := strings.Repeat("word ", 9_000)
	site, err := r.store.site(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 150 { // more than the buffers of the system have
		_, err := r.store.add(t.Context(), time.Now(), &newItem{
			Kind: kindComment, Visibility: "public", Site: site.ID, Author: site.Owner, Parent: id, Forum: r.forum, content: content{Markdown: fmt.Sprint(i, long), HTML: long},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	dialer := &net.Dialer{}
	slow := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, addr)
		if err == nil {
			err = conn.(*net.TCPConn).SetReadBuffer(4096)
		}
		return conn, err
	}}}
	conn, _, err := websocket.Dial(t.Context(), r.server.URL+"/api/v1/live?after=0", &websocket.DialOptions{Host: "one.forum.test", HTTPClient: slow})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	fast := r.follow(t, "one", "", -1)
	said := r.say(t, r.bob, id, "quick")
	if c, err := next(t, fast, slowest-time.Second); err != nil || c.ID != said {
		t.Errorf("got %v, %v", c.ID, err)
	}
	for deadline := time.Now().Add(12 * slowest); r.service.dropped.Load() == 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the client is still there")
		}
	}
}

func TestJobsAreRunOnceAtATimeAndOutliveAPanic(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, db string) {
		r := newRig(t, options{db: db})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var running, most, runs atomic.Int64
		work := job{"work", "* * * * *", time.Minute, 0, func(context.Context, time.Time) error {
			most.Store(max(most.Load(), running.Add(1)))
			defer running.Add(-1)
			runs.Add(1)
			time.Sleep(50 * time.Millisecond)
			return nil
		}}
		runners := []*runner{r.newRunner(ctx), r.newRunner(ctx), r.newRunner(ctx)}
		var processes sync.WaitGroup
		for _, of := range runners {
			processes.Go(func() {
				for range 3 {
					of.run(work)
				}
			})
		}
		processes.Wait()
		if most.Load() != 1 || runs.Load() == 0 {
			t.Errorf("%d ran at a time, %d in all", most.Load(), runs.Load())
		}
		n := runs.Load()
		held := work
		held.name, held.hold = "held", time.Hour
		runners[0].run(held)
		runners[1].run(held)
		if runs.Load() != n+1 {
			t.Errorf("got %d runs within a period", runs.Load()-n)
		}
		fails := job{"fails", "* * * * *", time.Minute, 0, func(context.Context, time.Time) error { panic("oops") }}
		runners[0].run(fails)
		runners[0].run(fails)
		if got := runners[0].panics.Count(); got != 2 {
			t.Errorf("got %d panics", got)
		}
		ended := job{"ended", "* * * * *", time.Minute, 0, func(ctx context.Context, _ time.Time) error {
			cancel()
			<-ctx.Done()
			return ctx.Err()
		}}
		runners[0].run(ended)
		for _, j := range r.jobs() {
			if err := j.run(t.Context(), time.Now()); err != nil {
				t.Errorf("%s: %v", j.name, err)
			}
		}
		r.do(t, "one", r.ann, "GET /whoami", "").want(t, 200, 0)
	})
}
