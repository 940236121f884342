package main

import (
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

// A visit is somebody with a browser, as far as a test needs one.
type visit struct {
	*running
	cookie string
}

// get asks for a page, and form sends a form of one.
func (v *visit) get(t *testing.T, path string, headers ...string) answer {
	t.Helper()
	return v.do(t, "www.localhost", "GET "+path, "", append(headers, "Accept: text/html", "Cookie: "+v.cookie)...)
}

func (v *visit) form(t *testing.T, path, form string, headers ...string) answer {
	t.Helper()
	return v.do(t, "www.localhost", "POST "+path, form, append(headers, isForm, "Sec-Fetch-Site: same-origin", "Cookie: "+v.cookie)...)
}

func (r *running) signedIn(t *testing.T) *visit {
	t.Helper()
	v := &visit{running: r}
	got := v.form(t, "/login", "email=you@localhost&next=/settings&password="+r.account.password)
	if got.status != 303 || got.header.Get("Location") != "/settings" {
		t.Fatalf("got %v", got)
	}
	set := got.header.Get("Set-Cookie")
	v.cookie, _, _ = strings.Cut(set, ";")
	for _, want := range []string{"__Host-stats=", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"} {
		if !strings.Contains(set, want) {
			t.Errorf("%s isn't in %s", want, set)
		}
	}
	return v
}

func TestSigningInAndOut(t *testing.T) {
	t.Parallel()
	r := start(t)
	nobody := &visit{running: r}
	if got := nobody.get(t, "/alerts"); got.status != 303 || got.header.Get("Location") != "/login?next=%2Falerts" {
		t.Errorf("got %v to %s", got, got.header.Get("Location"))
	}
	if got := nobody.form(t, "/login", "email=you@localhost&password=wrong"); got.status != 403 || got.header.Get("Set-Cookie") != "" {
		t.Errorf("got %v", got)
	}
	for next, want := range map[string]string{"//evil.example": "/", "https://evil.example": "/", `/\evil.example`: "/", "javascript:x": "/", "/stats/a?t=1h1m": "/stats/a?t=1h1m", "": "/"} {
		if got := nobody.form(t, "/login", "email=you@localhost&password="+r.account.password+"&next="+next); got.header.Get("Location") != want {
			t.Errorf("%s: got %s", next, got.header.Get("Location"))
		}
	}
	v := r.signedIn(t)
	if got := v.get(t, "/"); got.status != 200 || !strings.Contains(got.header.Get("Content-Security-Policy"), "default-src 'none'") || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %d with %v", got.status, got.header)
	}
	if got := v.form(t, "/logout", ""); got.status != 303 || !strings.Contains(got.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("got %v", got)
	}
	if got := v.get(t, "/"); got.status != 303 {
		t.Errorf("the session hasn't ended: %v", got)
	}
}

func TestBasicAuthentication(t *testing.T) {
	t.Parallel()
	o, err := parseOptions("", []string{"-data", t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	o.now = func() time.Time { return began } // no attempt is given back, however slow the machine
	r := startWith(t, o)
	credentials := func(password string) string {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("you@localhost:"+password))
	}
	if got := r.do(t, "www.localhost", "GET /", "", credentials(r.account.password)); got.status != 200 {
		t.Errorf("got %v", got)
	}
	for _, headers := range [][]string{nil, {credentials("wrong")}, {credentials("")}} {
		got := r.do(t, "www.localhost", "GET /settings", "", headers...)
		if got.status != 401 || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Basic ") || strings.Contains(got.body, "Tokens") {
			t.Errorf("got %v", got)
		}
	}
	last := answer{}
	for range 40 { // passwords can't be tried as fast as one likes
		if last = r.do(t, "www.localhost", "GET /", "", "Authorization: Basic eDp5"); last.status == 429 {
			break
		}
	}
	if last.status != 429 || last.header.Get("Retry-After") == "" {
		t.Errorf("got %v", last)
	}
	if got := r.do(t, "www.localhost", "GET /", "", credentials(r.account.password)); got.status != 200 {
		t.Errorf("who was signed in is locked out: %v", got)
	}
}

func TestPagesOfOthersChangeNothing(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.count(t, "x", 1)
	v := r.signedIn(t)
	id := regexp.MustCompile(`/stats/(\w+)`).FindStringSubmatch(v.get(t, "/").body)[1]
	for _, path := range []string{"/stats/" + id, "/stats/" + id + "/delete", "/settings/tokens", "/settings/ez", "/alerts", "/login", "/logout"} {
		for _, headers := range [][]string{{"Sec-Fetch-Site: cross-site"}, {"Sec-Fetch-Site: same-site"}, {"Origin: https://evil.example"}} {
			got := r.do(t, "www.localhost", "POST "+path, "name=x", append(headers, isForm, "Cookie: "+v.cookie)...)
			if got.status != 403 || !strings.Contains(got.body, "another site") {
				t.Errorf("%s from %s: got %v", path, headers[0], got)
			}
		}
	}
	if got := v.get(t, "/stats/"+id); got.status != 200 {
		t.Errorf("got %v", got)
	}
}

func TestFormsOfThePages(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.count(t, "cups", 1)
	v := r.signedIn(t)
	id := regexp.MustCompile(`/stats/(\w+)`).FindStringSubmatch(v.get(t, "/").body)[1]
	nobody := &visit{running: r}

	if got := nobody.get(t, "/stats/"+id); got.status != 404 {
		t.Errorf("a stranger sees it: %v", got)
	}
	if got := v.form(t, "/stats/"+id, "unit=cup&public=1"); got.status != 303 {
		t.Errorf("got %v", got)
	}
	if got := nobody.get(t, "/stats/"+id); got.status != 200 || strings.Contains(got.body, "classic") || strings.Contains(got.body, "delete") {
		t.Errorf("a stranger sees %v", got)
	}
	if got := nobody.form(t, "/stats/"+id+"/delete", ""); got.status != 401 {
		t.Errorf("a stranger removes it: %v", got)
	}
	if got := v.get(t, "/stats/"+id+"?t=9y1m"); got.status != 400 {
		t.Errorf("got %d", got.status)
	}

	made := v.form(t, "/settings/tokens", "name=laptop")
	token := regexp.MustCompile(`The token is <code>(\w{24})</code>`).FindStringSubmatch(made.body)
	if token == nil {
		t.Fatalf("got %v", made)
	}
	if got := r.do(t, "www.localhost", "GET /x/"+token[1]+"/statlist", ""); got.status != 200 {
		t.Errorf("got %v", got)
	}
	revoke := regexp.MustCompile(`action="(/settings/tokens/\w+/revoke)"><button class="danger" aria-label="Revoke laptop"`).FindStringSubmatch(v.get(t, "/settings").body)
	if got := v.form(t, revoke[1], ""); got.status != 303 {
		t.Errorf("got %v", got)
	}
	if got := r.do(t, "www.localhost", "GET /x/"+token[1]+"/statlist", ""); got.status != 403 {
		t.Errorf("a token that was revoked is good: %v", got)
	}

	if got := v.form(t, "/alerts", "stat_id="+id+"&kind=value&operator=gt&threshold=5&time_window=5m"); got.status != 303 {
		t.Errorf("got %v", got)
	}
	if got := v.form(t, "/alerts", "stat_id="+id+"&kind=value&operator=gt&threshold=five&time_window=5m"); got.status != 400 {
		t.Errorf("got %v", got)
	}
	remove := regexp.MustCompile(`/alerts/\w+/delete`).FindString(v.get(t, "/alerts").body)
	if got := v.form(t, remove, ""); got.status != 303 || !strings.Contains(v.get(t, "/alerts").body, "There are no alerts") {
		t.Errorf("got %v", got)
	}

	if got := v.form(t, "/stats/"+id+"/delete", ""); got.status != 303 || v.get(t, "/stats/"+id).status != 404 || !strings.Contains(v.get(t, "/trash").body, "cups") {
		t.Errorf("got %v", got)
	}
	if got := v.form(t, "/trash/"+id+"/restore", ""); got.status != 303 || v.get(t, "/stats/"+id).status != 200 {
		t.Errorf("got %v", got)
	}
	if got := v.form(t, "/trash/"+id+"/restore", ""); got.status != 409 {
		t.Errorf("got %v", got)
	}

	if got := v.form(t, "/settings/ez", ""); got.status != 303 {
		t.Errorf("got %v", got)
	}
	if account, _ := r.store.AccountByEmail(t.Context(), "you@localhost"); account.EZ {
		t.Error("the ezkey is still good")
	}
}

// Names come from programs, and may be anything.
func TestNamesAreEscaped(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.count(t, "%3Cscript%3Ealert(1)%3C/script%3E%22%27%26", 1)
	v := r.signedIn(t)
	list := v.get(t, "/").body
	id := regexp.MustCompile(`/stats/(\w+)`).FindStringSubmatch(list)[1]
	if got := v.form(t, "/stats/"+id, "public=1&unit=%3Cb%3E"); got.status != 303 {
		t.Fatalf("got %v", got)
	}
	for _, path := range []string{"/", "/stats/" + id, "/compare?s=" + id, "/alerts", "/embed/" + id + ".svg", "/embed/graph/" + id, "/embed/table/" + id, "/embed/text/" + id} {
		got := v.get(t, path)
		if got.status != 200 || strings.Contains(got.body, "<script>alert") || strings.Contains(got.body, "<b>") {
			t.Errorf("%s: got %v", path, got)
		}
	}
}

func TestStatIsDestroyedByItsLink(t *testing.T) {
	t.Parallel()
	r := start(t)
	account, _ := r.store.AccountByEmail(t.Context(), "you@localhost")
	key := r.made(t, account.ID, "mistake")
	nobody := &visit{running: r}
	if got := nobody.get(t, "/destroy/"+key); got.status != 200 || !strings.Contains(got.body, "mistake") {
		t.Errorf("got %v", got)
	}
	if _, err := r.store.StatByName(t.Context(), account.ID, "mistake"); err != nil {
		t.Error("a GET, as by those who look at links in mails, has removed it")
	}
	if got := nobody.form(t, "/destroy/"+key, ""); got.status != 200 {
		t.Errorf("got %v", got)
	}
	if _, err := r.store.StatByName(t.Context(), account.ID, "mistake"); err == nil {
		t.Error("it is still there")
	}
	if got := nobody.form(t, "/destroy/"+key, ""); got.status != 404 {
		t.Errorf("got %v", got)
	}
}

// made makes a stat, and returns the key that its owner is sent.
func (r *running) made(t *testing.T, account int64, name string) string {
	t.Helper()
	w := &store.Write{Account: account, Samples: []store.Sample{{Name: name, Counter: true, Minute: time.Now().Unix() / 60, Value: 1}}}
	if err := r.store.Apply(t.Context(), time.Now().Unix(), []*store.Write{w}); err != nil {
		t.Fatal(err)
	}
	return w.Made[0].DestroyKey
}
