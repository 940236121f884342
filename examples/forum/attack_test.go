package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Whatever is asked of one site about what is another's, it isn't there.
func TestAnotherSitesIDsAreNotFound(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, db string) {
		r := newRig(t, options{db: db})
		conversation := r.begin(t, r.ann, "Tubeless")
		comment := r.say(t, r.ann, conversation, "sealant")
		ann := r.do(t, "one", r.ann, "GET /whoami", "").text("data.id")
		role := r.do(t, "one", r.owner, "GET /roles", "").text("data.roles.items.0.id")
		watcher := r.do(t, "one", r.ann, "GET /watchers", "").text("data.watchers.items.0.id")
		other := r.token(t, "two", "owner") // whom both sites belong to
		for range 2 {                       // the second time from the cache
			r.do(t, "one", "", fmt.Sprintf("GET /conversations/%d", conversation), "").want(t, 200, 0)
			for _, path := range []string{
				fmt.Sprintf("/microcosms/%d", r.forum), fmt.Sprintf("/conversations/%d", conversation), fmt.Sprintf("/comments/%d", comment),
				fmt.Sprintf("/comments/%d/incontext", comment), fmt.Sprintf("/conversations/%d/lastcomment", conversation), fmt.Sprintf("/conversations/%d/newcomment", conversation),
				"/profiles/" + ann, "/roles/" + role, "/roles/" + role + "/profiles", "/roles/" + role + "/members", fmt.Sprintf("/microcosms/%d/roles", r.forum),
			} {
				if got := r.do(t, "two", other, "GET "+path, "").want(t, 404, 0); strings.Contains(got.body, "ubeless") || strings.Contains(got.body, "sealant") {
					t.Errorf("%s leaks %s", path, got.body)
				}
			}
		}
		flag := `[{"op":"replace","path":"/meta/flags/deleted","value":true}]`
		for request, body := range map[string]string{
			fmt.Sprintf("PATCH /conversations/%d", conversation):  flag,
			fmt.Sprintf("PATCH /comments/%d", comment):            flag,
			fmt.Sprintf("PATCH /microcosms/%d", r.forum):          flag,
			fmt.Sprintf("DELETE /conversations/%d", conversation): "",
			fmt.Sprintf("DELETE /comments/%d", comment):           "",
			fmt.Sprintf("DELETE /microcosms/%d", r.forum):         "",
			fmt.Sprintf("PUT /comments/%d", comment):              `{"markdown":"x","meta":{"editReason":"x"}}`,
			"DELETE /profiles/" + ann:                             "",
			"POST /comments":                                      fmt.Sprintf(`{"itemType":"conversation","itemId":%d,"markdown":"x"}`, conversation),
			"POST /conversations":                                 fmt.Sprintf(`{"microcosmId":%d,"title":"x"}`, r.forum),
			"POST /watchers":                                      fmt.Sprintf(`{"itemType":"conversation","itemId":%d}`, conversation),
			"POST /microcosms":                                    fmt.Sprintf(`{"title":"x","description":"","parentId":%d}`, r.forum),
			"POST /roles":                                         fmt.Sprintf(`{"title":"x","microcosmId":%d,"moderator":true}`, r.forum),
			"PUT /roles/" + role + "/profiles/" + ann:             "",
			"PATCH /watchers/" + watcher:                          `[{"op":"replace","path":"/sendEmail","value":true}]`,
			"POST /profiles/read":                                 fmt.Sprintf(`{"itemType":"comment","itemId":%d}`, comment),
		} {
			r.do(t, "two", other, request, body).want(t, 404, 0)
		}
		for _, path := range []string{"/conversations", "/search?q=sealant", "/search?q=tubeless&type=conversation", fmt.Sprintf("/search?q=sealant&forumId=%d", r.forum), "/microcosms/tree", "/updates"} {
			if got := r.do(t, "two", other, "GET "+path, "").want(t, 200, 0); strings.Contains(got.body, `"title":"Tubeless"`) || strings.Contains(got.body, `"items":[{`) {
				t.Errorf("%s leaks %s", path, got.body)
			}
		}
		r.do(t, "two", r.ann, "GET /site", "").want(t, 401, codeInvalid) // a token of site one
		r.do(t, "one", "", fmt.Sprintf("GET /comments/%d", comment), "").want(t, 200, 0)
	})
}

func TestHostsThatAreNoSites(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	for host, want := range map[string][2]int{
		"one.forum.test": {200}, "ONE.Forum.Test.:8080": {200}, "one.forum.test:1": {200},
		"www.forum.test": {404, codeSite}, "root.forum.test": {404, codeSite}, "three.forum.test": {404, codeSite}, "xn--ne-5ja.forum.test": {404, codeSite},
		"a.one.forum.test": {404}, "forum.test": {404}, "one.forum.test.evil.example": {404}, "127.0.0.1": {404}, "[::1]": {404}, "": {404},
		"one.forum.test:x": {400}, "one..forum.test": {404}, "one%2eforum.test": {400}, "one'--.forum.test": {400}, "one.forum.test,two.forum.test": {400},
	} {
		rq := httptest.NewRequestWithContext(t.Context(), "GET", "/api/v1/site", nil)
		rq.Host = host
		w := httptest.NewRecorder()
		r.server.Config.Handler.ServeHTTP(w, rq)
		reply{status: w.Code, body: w.Body.String()}.want(t, want[0], want[1])
	}
	for name, ok := range map[string]bool{
		"lfgss": true, "a": true, "a-1": true, "www": false, "root": false, "api": false, "admin": false, "xn--ne-5ja": false, "a.b": false, "": false, "-a": false, "a-": false,
		"A": false, "é": false, "a_b": false, "a/b": false, strings.Repeat("a", 64): false,
	} {
		if err := checkSubdomain(name); (err == nil) != ok {
			t.Errorf("%q: got %v", name, err)
		}
	}
	if _, err := r.store.write.ExecContext(t.Context(), "UPDATE sites SET deleted = 1 WHERE subdomain = 'two'"); err != nil {
		t.Fatal(err)
	}
	r.do(t, "two", "", "GET /site", "").want(t, 404, codeSite)
}

// Members that a client mustn't set aren't known, so a request that has them fails.
func TestNobodySetsWhatIsNotTheirs(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	id := r.begin(t, r.ann, "Wheels")
	for request, body := range map[string]string{
		"POST /conversations":                    fmt.Sprintf(`{"microcosmId":%d,"title":"x","createdBy":1}`, r.forum),
		"POST /comments":                         fmt.Sprintf(`{"itemType":"conversation","itemId":%d,"markdown":"x","html":"<script>"}`, id),
		fmt.Sprintf("PUT /conversations/%d", id): fmt.Sprintf(`{"microcosmId":%d,"title":"x","meta":{"editReason":"x","flags":{"sticky":true}}}`, r.forum),
		"POST /microcosms":                       `{"title":"x","description":"","siteId":2}`,
		"PUT /site":                              `{"title":"x","description":"","ownedBy":3,"meta":{"editReason":"x"}}`,
		"POST /roles":                            `{"title":"x","id":1}`,
		"POST /auth":                             `{"provider":"password","assertion":"a:b","profileId":1}`,
		"PUT /profiles/3":                        `{"profileName":"x","avatar":"","member":true,"meta":{"editReason":"x"}}`,
	} {
		got := r.do(t, "one", r.owner, request, body)
		if got.status != 422 || !strings.Contains(got.body, "pointer") {
			t.Errorf("%s: got %d %s", request, got.status, got.body)
		}
	}
}

func TestMarkdownIsSanitized(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	id := r.begin(t, r.ann, `<script>alert(1)</script>`)
	for _, markdown := range []string{
		`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `[x](javascript:alert(1))`, `[x](JaVaScRiPt&colon;alert(1))`, `[x](data:text/html;base64,PHNjcmlwdD4=)`,
		`<svg/onload=alert(1)>`, `<iframe src="javascript:alert(1)"></iframe>`, "```<script>\nalert(1)\n```", `![x](x "onerror=alert(1)")`, `<a href="vbscript:x">x</a>`,
		`<style>*{background:url(javascript:alert(1))}</style>`, `<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>`, `"><svg onload=alert(1)>`,
		`<p style="position:fixed">x</p>`, `<base href="//evil.example/">`, `<meta http-equiv=refresh content=0;url=//evil.example>`, `<form action=//evil.example><input name=password></form>`,
		`<a href="https://x.example/" onclick="x">x</a>`, `[a]: javascript:alert(1)` + "\n\n[a]", `<noscript><p title="</noscript><img src=x onerror=alert(1)>">`,
	} {
		comment := r.say(t, r.ann, id, markdown)
		got := r.do(t, "one", "", fmt.Sprintf("GET /comments/%d", comment), "").want(t, 200, 0)
		html := strings.ToLower(got.text("data.html"))
		for _, bad := range []string{"<script", " onerror=", " onload=", " onclick=", `="javascript`, `="data:`, `="vbscript`, "<iframe", "<style", " style=", "<svg", "<base", "<meta", "<form", "<input"} {
			if strings.Contains(html, bad) {
				t.Errorf("%s was rendered as %s", markdown, html)
			}
		}
		if !strings.HasPrefix(got.header.Get("Content-Type"), "application/json") || got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("a browser could take %v for HTML", got.header)
		}
	}
	if html, first, err := render("A **bold** [link](https://example.com/)\n\nNext <b>line</b>"); err != nil || first != "A bold link" || !strings.Contains(html, `rel="nofollow noreferrer noopener"`) {
		t.Errorf("got %s, %q, %v", html, first, err)
	}
}

// Thirty-two clients read what is cached while the role is taken away: the first read that
// begins after that is refused.
func TestRevokedRolesEndAtOnce(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, db string) {
		r := newRig(t, options{db: db})
		secret := r.id(t, r.do(t, "one", r.owner, "POST /microcosms", `{"title":"Secret","description":"","visibility":"private"}`))
		role := r.give(t, r.ann, fmt.Sprintf(`{"microcosmId":%d,"title":"Insiders","read":true,"readOthers":true}`, secret))
		ann := r.do(t, "one", r.ann, "GET /whoami", "").text("data.id")
		conversation := r.id(t, r.do(t, "one", r.owner, "POST /conversations", fmt.Sprintf(`{"microcosmId":%d,"title":"Whisper"}`, secret)))
		path := fmt.Sprintf("GET /comments/%d", r.say(t, r.owner, conversation, "psst"))
		var revoked atomic.Bool
		var reads atomic.Int64
		ctx, cancel := context.WithCancel(t.Context())
		var clients sync.WaitGroup
		for range 32 {
			clients.Go(func() {
				for ctx.Err() == nil {
					after := revoked.Load()
					got := r.do(t, "one", r.ann, path, "")
					if after && got.status != 403 || !after && got.status != 200 && got.status != 403 {
						t.Errorf("got %d, revoked: %t", got.status, after)
					}
					reads.Add(1)
				}
			})
		}
		for reads.Load() < 100 {
			time.Sleep(time.Millisecond)
		}
		r.do(t, "one", r.owner, fmt.Sprintf("DELETE /roles/%d/profiles/%s", role, ann), "").want(t, 200, 0)
		revoked.Store(true)
		for n := reads.Load(); reads.Load() < n+100; {
			time.Sleep(time.Millisecond)
		}
		cancel()
		clients.Wait()
		r.do(t, "one", r.ann, path, "").want(t, 403, codeRead)
	})
}

// A lateCache fills long after others have read and written.
type lateCache struct {
	cache
	fills sync.WaitGroup
}

func (c *lateCache) set(ctx context.Context, key string, value []byte) {
	c.fills.Go(func() {
		time.Sleep(20 * time.Millisecond)
		c.cache.set(ctx, key, value)
	})
}

// useCache has a service use another cache.
func useCache(r *rig, c cache) { r.store.cache.Store(&c) }

func TestLateFillsBringNothingBack(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, db string) {
		r := newRig(t, options{db: db})
		late := &lateCache{cache: *r.store.cache.Load()}
		useCache(r, late)
		comment := r.say(t, r.ann, r.begin(t, r.ann, "Wheels"), "0")
		path := fmt.Sprintf("/comments/%d", comment)
		for i := 1; i <= 30; i++ {
			var readers sync.WaitGroup
			for range 4 {
				readers.Go(func() { r.do(t, "one", "", "GET "+path, "") })
			}
			r.do(t, "one", r.ann, "PUT "+path, fmt.Sprintf(`{"markdown":"%d","meta":{"editReason":"x"}}`, i)).want(t, 200, 0)
			r.do(t, "one", "", "GET "+path, "").has(t, "data.markdown", i, "data.revisions", i+1)
			readers.Wait()
		}
		late.fills.Wait()
		r.do(t, "one", "", "GET "+path, "").has(t, "data.markdown", 30)
	})
}

// Sixteen clicks on two machines make one conversation and one comment.
func TestRepeatedPostsMakeOneItem(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, db string) {
		r := newRig(t, options{db: db})
		o := options{db: db, domain: "forum.test", files: t.TempDir()}
		p, err := start(context.WithoutCancel(t.Context()), &o)
		if err != nil {
			t.Fatal(err)
		}
		second := httptest.NewServer(p.service.handler())
		defer p.stop()
		defer second.Close()
		nodes := []*rig{r, {service: p.service, server: second}}
		once := func(request, body string) string {
			var mu sync.Mutex
			ids := map[string]bool{}
			var clicks sync.WaitGroup
			for i := range 16 {
				clicks.Go(func() {
					got := nodes[i%2].do(t, "one", r.ann, request, body).want(t, 201, 0)
					mu.Lock()
					defer mu.Unlock()
					ids[got.text("data.id")] = true
				})
			}
			clicks.Wait()
			if len(ids) != 1 {
				t.Errorf("%s: got the IDs %v", request, ids)
			}
			for id := range ids {
				return id
			}
			return ""
		}
		id := once("POST /conversations", fmt.Sprintf(`{"microcosmId":%d,"title":"Twice"}`, r.forum))
		once("POST /comments", fmt.Sprintf(`{"itemType":"conversation","itemId":%s,"markdown":"Twice"}`, id))
		r.do(t, "one", "", "GET /conversations/"+id, "").has(t, "data.comments.total", 1, "data.commentCount", 1)
	})
}

func TestTokensAreKeptHashedExpireAndAreRevoked(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, db string) {
		r := newRig(t, options{db: db})
		if err := r.store.setPassword(t.Context(), "eve@example.com", "correct horse"); err != nil {
			t.Fatal(err)
		}
		signIn := func(assertion, token string) reply {
			text, _ := json.Marshal(assertion)
			return r.do(t, "one", token, "POST /auth", `{"provider":"password","assertion":`+string(text)+`}`)
		}
		signIn("eve@example.com:wrong", "").want(t, 401, codeLogin)
		signIn("nobody@example.com:correct horse", "").want(t, 401, codeLogin)
		signIn("owner@example.com:", "").want(t, 401, codeLogin) // who has no password
		got := signIn("Eve@example.com:correct horse", "").want(t, 200, 0)
		token := got.text("data.accessToken")
		if len(token) != tokenLength || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("got %s with %v", got.body, got.header)
		}
		// Whatever token a client comes with, it gets one of its own.
		if other := signIn("eve@example.com:correct horse", token).want(t, 200, 0).text("data.accessToken"); other == token {
			t.Error("the token was fixed by the client")
		}
		r.do(t, "one", token, "GET /whoami", "").has(t, "data.profileName", "eve")
		kept, err := number(t.Context(), r.store.read, "SELECT COUNT(*) FROM tokens WHERE digest = $1", []byte(token))
		if err != nil || kept != 0 {
			t.Errorf("the token is kept as it is: %v", err)
		}
		for _, authorization := range []string{"Bearer", "Bearer ", "Bearer x", "Basic YTpi", "Bearer " + token + "x", token, "Bearer " + token[1:]} {
			if got := r.do(t, "one", "", "GET /whoami", "", "Authorization", authorization); got.status != 401 && got.status != 400 && got.status != 403 || strings.Contains(got.body, "eve") {
				t.Errorf("%s: got %d %s", authorization, got.status, got.body)
			}
		}
		r.do(t, "one", "", "GET /whoami?access_token="+token, "").want(t, 403, codeLogin)
		r.do(t, "one", token, "POST /whoami", "", "X-HTTP-Method-Override", "GET").want(t, 405, 0)
		r.do(t, "one", "", "DELETE /auth", "").want(t, 401, codeLogin)
		r.do(t, "one", token, "DELETE /auth", "").want(t, 200, 0)
		r.do(t, "one", token, "GET /whoami", "").want(t, 401, codeInvalid)

		site, err := r.store.site(t.Context(), "one")
		if err != nil {
			t.Fatal(err)
		}
		expired, err := r.store.signIn(t.Context(), time.Now(), site.ID, "eve@example.com", "eve", time.Now().Add(-time.Second))
		if err != nil {
			t.Fatal(err)
		}
		r.do(t, "one", expired, "GET /whoami", "").want(t, 403, codeExpired)
	})
}

// While passwords are guessed, few are checked at a time, and members are served.
func TestLoginFloodIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	statuses := map[int]int{}
	var mu sync.Mutex
	var clients sync.WaitGroup
	begin := time.Now()
	for i := range 8 {
		clients.Go(func() {
			for j := range 40 {
				status := r.do(t, "one", "", "POST /auth", fmt.Sprintf(`{"provider":"password","assertion":"victim%d@example.com:guess %d"}`, i%2, j)).status
				mu.Lock()
				statuses[status]++
				mu.Unlock()
			}
		})
	}
	r.do(t, "one", r.ann, "GET /conversations", "").want(t, 200, 0)
	clients.Wait()
	most := 2*triesPerName + 2*int(time.Since(begin)/tryEvery) + 2
	if statuses[401] > most || statuses[401] == 0 || statuses[401]+statuses[429] != 320 {
		t.Errorf("got %v, want at most %d checks", statuses, most)
	}
	got := r.do(t, "one", "", "POST /auth", `{"provider":"password","assertion":"victim0@example.com:x"}`).want(t, 429, codeQuota)
	if got.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// Whoever tries many names gets no more tries for one of them.
func TestManyNamesBringNoTriesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limits := newTries(triesPerName, tryEvery)
		for range triesPerName {
			if !limits.allow("victim") {
				t.Error("a try is refused too early")
			}
		}
		for i := range 2 * mostNames {
			limits.allow(fmt.Sprint(i))
		}
		if limits.allow("victim") || limits.allow("another") || len(limits.limits) > mostNames {
			t.Errorf("more is allowed, with %d names", len(limits.limits))
		}
		time.Sleep(tryEvery)
		if !limits.allow("victim") || limits.allow("victim") || !limits.allow("another") {
			t.Error("there isn't one try more after a while")
		}
	})
}

// A page that is far behind the end costs no more than the first.
func TestPagesFarAwayAreEmpty(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{})
	id := r.begin(t, r.ann, "Wheels")
	for _, path := range []string{"/conversations?", fmt.Sprintf("/conversations/%d?", id), "/profiles?", "/microcosms?", fmt.Sprintf("/microcosms/%d?", r.forum), "/search?q=wheels&", "/updates?", "/watchers?", "/roles?"} {
		for _, offset := range []int64{2_500_000, 1_000_000_000_000} {
			got := r.do(t, "one", r.owner, fmt.Sprintf("GET %slimit=250&offset=%d", path, offset), "").want(t, 200, 0)
			if !strings.Contains(got.body, `"items":[]`) {
				t.Errorf("%s: got %s", path, got.body)
			}
		}
	}
}

func TestDatabaseThatIsGone(t *testing.T) {
	t.Parallel()
	r := newRig(t, options{db: filepath.Join(t.TempDir(), "x.db")})
	read := r.store.read
	gone := &store{}
	if err := gone.openPostgres("postgres://nobody@127.0.0.1:1/none?connect_timeout=1"); err != nil {
		t.Fatal(err)
	}
	defer gone.close()
	r.store.read = gone.read
	got := r.do(t, "one", r.ann, "GET /conversations", "").want(t, 503, 0)
	if got.header.Get("Retry-After") == "" || strings.Contains(got.body, "127.0.0.1") {
		t.Errorf("got %v %s", got.header, got.body)
	}
	r.store.read = read
	r.do(t, "one", r.ann, "GET /conversations", "").want(t, 200, 0)
}

func TestCommandsMakeSitesAndUsers(t *testing.T) {
	t.Parallel()
	db := filepath.Join(t.TempDir(), "forum.db")
	for args, want := range map[string]string{
		"site -subdomain www -title T -email a@example.com": "reserved for", "site -subdomain a.b -title T -email a@example.com": "isn't a label",
		"site -subdomain new -title T -email none": "an address", "frob": "no command", "site x": "unexpected argument",
	} {
		if err := run(t.Context(), append(strings.Fields(args), "-db", db), nil); err == nil || !strings.Contains(err.Error(), want) && !strings.Contains(err.Error(), "unexpected argument") {
			t.Errorf("%s: got %v", args, err)
		}
	}
	for _, args := range []string{"site -subdomain new -title T -email a@example.com", "user -email a@example.com"} {
		if err := run(t.Context(), append(strings.Fields(args), "-db", db), nil); err != nil {
			t.Errorf("%s: %v", args, err)
		}
	}
	if err := run(t.Context(), append(strings.Fields("site -subdomain new -title T -email a@example.com"), "-db", db), nil); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("got %v", err)
	}
}
