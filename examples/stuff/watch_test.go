package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

// watch returns the response to a client that watches. It begins with the first
// change, so the stuff called beat is changed until then.
func (p *process) watch(t *testing.T, accept string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", p.base+"/2.0/changes?for=1h", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	responses := make(chan *http.Response, 1)
	go func() {
		defer close(responses)
		rs, err := p.client.Do(r)
		if err != nil {
			t.Error(err)
			return
		}
		responses <- rs
	}()
	for i := 0; ; i++ {
		select {
		case rs, ok := <-responses:
			if !ok {
				t.FailNow()
			}
			return rs
		default:
			p.send(t, "PUT", "/2.0/stuff/beat", fmt.Sprintf(`{"stuff":"%d"}`, i))
		}
	}
}

// withoutBeat returns what was sent but for changes of the beat.
func withoutBeat(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.Contains(line, `{"id":"beat"`) {
			b.WriteString(line)
		}
	}
	return b.String()
}

func TestChangesAreStreamedToAllWhoWatch(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.send(t, "POST", "/2.0/stuff", `{"id":"beat","stuff":""}`)
	accepts := []string{"application/jsonl", "text/event-stream", "application/json", "application/x-ndjson"}
	var watching []*http.Response
	for _, accept := range accepts {
		rs := p.watch(t, accept)
		t.Cleanup(func() { rs.Body.Close() })
		if rs.StatusCode != http.StatusOK || rs.Header.Get("Content-Type") != accept {
			t.Fatalf("got %d and Content-Type %q, want 200 and %q", rs.StatusCode, rs.Header.Get("Content-Type"), accept)
		}
		watching = append(watching, rs)
	}
	p.send(t, "POST", "/1.0/stuff", `{"id":"tea","stuff":"Assam"}`)
	p.send(t, "POST", "/2.0/stuff", `{"id":"tea","stuff":"Ceylon"}`) // is refused, and no change
	p.send(t, "PATCH", "/2.0/stuff/tea", `{"stuff":"Darjeeling"}`, mergePatch)
	p.send(t, "DELETE", "/2.0/stuff/tea", "")
	changes := []string{`{"id":"tea","stuff":"Assam"}`, `{"id":"tea","stuff":"Darjeeling"}`, `{"id":"tea","stuff":null}`}

	first := bufio.NewScanner(watching[0].Body) // each change arrives before the next
	var got []string
	for len(got) < len(changes) && first.Scan() {
		if line := first.Text(); withoutBeat(line) != "" {
			got = append(got, line)
		}
	}
	if !slices.Equal(got, changes) {
		t.Errorf("got %q, want %q", got, changes)
	}

	if code := p.stop(t); code != 0 { // which ends the streams
		t.Errorf("got exit code %d, want 0; it printed:\n%s", code, p.output.String())
	}
	for i, want := range map[int]string{
		0: "",
		1: "data: " + strings.Join(changes, "\n\ndata: ") + "\n\n",
		2: strings.Join(changes, "\n"),
		3: strings.Join(changes, "\n") + "\n",
	} {
		text, err := io.ReadAll(watching[i].Body)
		got := string(text)
		switch accepts[i] {
		case "text/event-stream":
			got = strings.ReplaceAll(withoutBeat(strings.ReplaceAll(got, "\n\n", "\f\n")), "\f\n", "\n\n")
		case "application/json":
			p.checker.Check(t, "", watching[i].Request, 200, watching[i].Header, text)
			if !strings.HasPrefix(got, "[") || !strings.HasSuffix(got, "]\n") {
				t.Errorf("%s: got %q, want an array", accepts[i], got)
			}
			got = withoutBeat(strings.ReplaceAll(strings.Trim(got, "[]\n"), "},{", "}\n{"))
		default:
			got = withoutBeat(got)
		}
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", accepts[i], got, err, want)
		}
	}
}

func TestWatchersGoWithTheirClients(t *testing.T) {
	t.Parallel()
	s := newStore(nil)
	tree, ended := service(testConfig, s), make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { ended <- true }()
		tree.ServeHTTP(w, r)
	}))
	defer server.Close()
	const clients = 3
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	begun := make(chan error)
	for range clients {
		r, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/2.0/changes?for=1h", nil)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			rs, err := server.Client().Do(r)
			begun <- err
			if err == nil {
				<-ctx.Done()
				rs.Body.Close()
			}
		}()
	}
	watchers := func() int {
		s.mu.RLock()
		defer s.mu.RUnlock()
		return len(s.watchers)
	}
	for watchers() < clients {
		runtime.Gosched()
	}
	if _, err := s.add(ctx, &stuff{"ID", "STUFF"}); err != nil {
		t.Fatal(err)
	}
	for range clients {
		if err := <-begun; err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	for range clients {
		<-ended
	}
	if n := watchers(); n > 0 {
		t.Errorf("got %d watchers after all clients have gone", n)
	}
}

// A follower calls watch and keeps what that yields.
type follower struct {
	changes []change
	err     error
	next    chan struct{} // lets it take one, if it isn't nil
	done    chan struct{} // closed at the end
}

func (f *follower) follow(ctx context.Context, t *testing.T, s *store, d time.Duration) {
	defer close(f.done)
	changes, err := s.watch(ctx, &watch{For: d})
	if err != nil {
		t.Error(err)
		return
	}
	for c, err := range changes {
		if f.next != nil {
			<-f.next
		}
		if f.err = err; err == nil {
			f.changes = append(f.changes, c)
		}
	}
}

func (f *follower) ended() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

func TestWatchingEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(cancel context.CancelFunc, stopping chan struct{}){
		"when the time is over":  func(context.CancelFunc, chan struct{}) { time.Sleep(time.Minute) },
		"when the client goes":   func(cancel context.CancelFunc, _ chan struct{}) { cancel() },
		"when the service stops": func(_ context.CancelFunc, stopping chan struct{}) { close(stopping) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				stopping := make(chan struct{})
				s := newStore(stopping)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				f := &follower{done: make(chan struct{})}
				go f.follow(ctx, t, s, time.Minute)
				synctest.Wait()
				if _, err := s.add(ctx, &stuff{"ID", "STUFF"}); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if f.ended() {
					t.Fatal("it has ended too early")
				}
				end(cancel, stopping)
				<-f.done
				want := []change{{"ID", tigertonic.Some("STUFF")}}
				if f.err != nil || !slices.Equal(f.changes, want) || len(s.watchers) > 0 {
					t.Errorf("got %v, %v and %d watchers, want %v", f.changes, f.err, len(s.watchers), want)
				}
			})
		})
	}
}

func TestWhoDoesNotKeepUpIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStore(nil)
		slow, fast := &follower{next: make(chan struct{}), done: make(chan struct{})}, &follower{done: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go slow.follow(ctx, t, s, time.Hour)
		go fast.follow(ctx, t, s, time.Hour)
		synctest.Wait()
		const many = backlog + 5
		for i := range many {
			if _, err := s.add(ctx, &stuff{ID: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		close(slow.next)
		<-slow.done
		if len(slow.changes) != backlog+1 || !errors.As(slow.err, new(tigertonic.Problem)) {
			t.Errorf("the slow one got %d changes and %v, want %d and a problem", len(slow.changes), slow.err, backlog+1)
		}
		if fast.ended() {
			t.Error("the fast one has ended")
		}
		cancel()
		<-fast.done
		if len(fast.changes) != many || fast.err != nil {
			t.Errorf("the fast one got %d changes and %v, want %d", len(fast.changes), fast.err, many)
		}
	})
}
