package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/internal/postgrestest"
	"github.com/rcrowley/go-tigertonic/examples/internal/processtest"
)

// A rig is a service on a real socket, with two sites: one and two.
type rig struct {
	*service
	server *httptest.Server
	db     string
	files  string
	// Tokens, of the owner of both sites and of members, by their names.
	owner, ann, bob string
	forum           int64 // a microcosm of site one
}

// databases runs a test with both databases.
func databases(t *testing.T, f func(t *testing.T, db string)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		f(t, filepath.Join(t.TempDir(), "forum.db"))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		f(t, postgrestest.Fresh(t))
	})
}

// newRig starts a service.
func newRig(t testing.TB, o options) *rig {
	t.Helper()
	if o.db == "" {
		o.db = filepath.Join(t.TempDir(), "forum.db")
	}
	if o.domain == "" {
		o.domain = "forum.test"
	}
	if o.files == "" {
		o.files = filepath.Join(t.TempDir(), "files")
	}
	p, err := start(context.WithoutCancel(t.Context()), &o)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{service: p.service, db: o.db, files: o.files}
	r.patience = time.Minute // however busy the machine is
	r.server = httptest.NewServer(r.handler())
	t.Cleanup(func() {
		r.server.Close()
		p.stop()
	})
	for _, name := range []string{"one", "two"} {
		if _, _, err := r.store.makeSite(t.Context(), time.Now(), name, "Site "+name, "owner@example.com", "owner"); err != nil {
			t.Fatal(err)
		}
	}
	r.owner, r.ann, r.bob = r.token(t, "one", "owner"), r.token(t, "one", "ann"), r.token(t, "one", "bob")
	r.forum = r.id(t, r.do(t, "one", r.owner, "POST /microcosms", `{"title":"Wheels","description":"Round things"}`))
	return r
}

// token signs a person in without a password.
func (r *rig) token(t testing.TB, site, name string) string {
	t.Helper()
	row, err := r.store.site(t.Context(), site)
	if err != nil {
		t.Fatal(err)
	}
	token, err := r.store.signIn(t.Context(), time.Now(), row.ID, name+"@example.com", name, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// A reply is a response and its body.
type reply struct {
	status int
	header http.Header
	body   string
}

// do makes a request to a site, as "POST /comments".
func (r *rig) do(t testing.TB, site, token, request, body string, headers ...string) reply {
	t.Helper()
	method, target, _ := strings.Cut(request, " ")
	if !strings.HasPrefix(target, "/api/") && !strings.HasPrefix(target, "/!") {
		target = "/api/v1" + target
	}
	rq, err := http.NewRequestWithContext(t.Context(), method, r.server.URL+strings.TrimPrefix(target, "/!"), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	rq.Host = site + "." + r.domain
	if body != "" {
		rq.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		rq.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		rq.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	rs, err := client.Do(rq)
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	text, err := io.ReadAll(rs.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{rs.StatusCode, rs.Header, string(text)}
}

// at returns what is at a path in a reply's JSON, such as "data.comments.items.0.html".
func (rp reply) at(path string) any {
	d := json.NewDecoder(bytes.NewReader([]byte(rp.body)))
	d.UseNumber()
	var value any
	if d.Decode(&value) != nil {
		return nil
	}
	for name := range strings.SplitSeq(path, ".") {
		switch x := value.(type) {
		case map[string]any:
			value = x[name]
		case []any:
			i := -1
			if _, err := fmt.Sscan(name, &i); err != nil || i < 0 || i >= len(x) {
				return nil
			}
			value = x[i]
		default:
			return nil
		}
	}
	return value
}

// text is what is at a path, as text.
func (rp reply) text(path string) string { return fmt.Sprint(rp.at(path)) }

// id returns the ID of what a reply has made.
func (r *rig) id(t testing.TB, rp reply) (id int64) {
	t.Helper()
	if rp.status != http.StatusCreated {
		t.Fatalf("got %d %s, want 201", rp.status, rp.body)
	}
	if _, err := fmt.Sscan(rp.text("data.id"), &id); err != nil {
		t.Fatal(err)
	}
	return id
}

// want fails unless a reply has a status and, if it isn't 0, the code of an error.
func (rp reply) want(t testing.TB, status, code int) reply {
	t.Helper()
	if rp.status != status || code != 0 && rp.text("data.errorCode") != fmt.Sprint(code) {
		t.Errorf("got %d %.400s, want %d with code %d", rp.status, rp.body, status, code)
	}
	return rp
}

// has fails unless a reply has values at paths, which come in pairs.
func (rp reply) has(t testing.TB, pairs ...any) reply {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := rp.text(pairs[i].(string)); got != fmt.Sprint(pairs[i+1]) {
			t.Errorf("%s: got %s, want %v in %.600s", pairs[i], got, pairs[i+1], rp.body)
		}
	}
	return rp
}

func (r *rig) begin(t testing.TB, token, title string) int64 {
	t.Helper()
	return r.id(t, r.do(t, "one", token, "POST /conversations", fmt.Sprintf(`{"microcosmId":%d,"title":%q}`, r.forum, title)))
}

func (r *rig) say(t testing.TB, token string, conversation int64, markdown string) int64 {
	t.Helper()
	text, err := json.Marshal(markdown)
	if err != nil {
		t.Fatal(err)
	}
	return r.id(t, r.do(t, "one", token, "POST /comments", fmt.Sprintf(`{"itemType":"conversation","itemId":%d,"markdown":%s}`, conversation, text)))
}

// give gives a role that is made for it to a profile, and returns the role.
func (r *rig) give(t testing.TB, token, role string) int64 {
	t.Helper()
	me := r.do(t, "one", token, "GET /whoami", "").text("data.id")
	id := r.id(t, r.do(t, "one", r.owner, "POST /roles", role))
	r.do(t, "one", r.owner, fmt.Sprintf("PUT /roles/%d/profiles/%s", id, me), "").want(t, 200, 0)
	return id
}

func TestMain(m *testing.M) {
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{}
	slog.SetDefault(slog.New(slog.DiscardHandler))
	m.Run()
}

// newSocket serves a handler on a socket.
func newSocket(h http.Handler) *httptest.Server { return httptest.NewServer(h) }

// A process hands its WebSockets over: each is closed with 1001 and comes again to the next
// process, with what it has seen last, until SIGTERM ends it.
func TestFollowersAreHandedOver(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "forum")
	if err := processtest.Build(binary, "."); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p := processtest.Start(t, binary, "-listen", processtest.FreeAddress(t), "-admin", "", "-db", filepath.Join(dir, "forum.db"), "-files", filepath.Join(dir, "files"), "-seed", "150")
	seen, last := 0, int64(0)
	dial := func() *websocket.Conn {
		conn, _, err := websocket.Dial(t.Context(), fmt.Sprintf("%s/api/v1/live?after=%d", p.Base(), last), &websocket.DialOptions{Host: "demo.localhost"})
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	read := func(conn *websocket.Conn, n int) error {
		for ; seen < n; seen++ {
			c, err := next(t, conn, patient)
			if err != nil {
				return err
			}
			if c.ID <= last {
				t.Errorf("got %d after %d", c.ID, last)
			}
			last = c.ID
		}
		return nil
	}
	conn := dial()
	if err := read(conn, 70); err != nil {
		t.Fatal(err)
	}
	p.Restart(t)
	if err := read(conn, 1000); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("got %v after a restart", err)
	}
	conn = dial()
	if err := read(conn, 150); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, _, err := conn.Read(context.WithoutCancel(t.Context()))
		ended <- err
	}()
	p.Stop(t)
	if err := <-ended; websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("got %v after SIGTERM", err)
	}
}
