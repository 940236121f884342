package main

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/internal/smtptest"
)

// withMail returns the options of a service that sends its mails to a server.
func withMail(server *smtptest.Server, db string) options {
	return options{db: db, configuration: configuration{SMTP: server.Addr, From: "forum@example.com", Public: "https://{site}.forum.test"}}
}

var codeInMail = regexp.MustCompile(`https://one\.forum\.test/password\?code=3D([A-Za-z0-9=\r\n]+?)\r\n\r\n`)

// code returns the code in a mail, which is quoted-printable.
func code(t *testing.T, m smtptest.Mail) string {
	t.Helper()
	found := codeInMail.FindStringSubmatch(m.Text)
	if found == nil {
		t.Fatalf("there is no code in %s", m.Text)
	}
	return strings.ReplaceAll(found[1], "=\r\n", "")
}

func TestPeopleSignUpByAMail(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, db string) {
		server := smtptest.Start(t)
		r := newRig(t, withMail(server, db))
		send := func(email string) reply {
			return r.do(t, "one", "", "POST /users", fmt.Sprintf(`{"email":%q}`, email))
		}
		choose := func(code, password string) reply {
			return r.do(t, "one", "", "PUT /users", fmt.Sprintf(`{"code":%q,"password":%q}`, code, password))
		}
		unknown, known := send("Zoe@Example.com").want(t, 200, 0), send("ann@example.com").want(t, 200, 0)
		if unknown.body != known.body {
			t.Errorf("%s tells %s from it", unknown.body, known.body)
		}
		mail := server.Next(t)
		if mail.To != "zoe@example.com" || mail.From != "forum@example.com" {
			t.Errorf("got %+v", mail)
		}
		first, annsCode := code(t, mail), code(t, server.Next(t))
		choose(first, "short").want(t, 422, 0)
		choose("x"+first, "correct horse").want(t, 401, codeLogin)
		token := choose(first, "correct horse").want(t, 200, 0).text("data.accessToken")
		choose(first, "battery staple").want(t, 401, codeLogin)
		r.do(t, "one", token, "GET /whoami", "").want(t, 200, 0).has(t, "data.profileName", "zoe")
		r.do(t, "one", "", "POST /auth", `{"provider":"password","assertion":"zoe@example.com:correct horse"}`).want(t, 200, 0)
		r.do(t, "one", r.owner, "GET /updates", "").has(t, "data.updates.items.0.updateType", "new_user", "data.updates.items.0.createdBy.profileName", "zoe",
			"data.updates.items.0.itemType", "profile", "data.updates.items.0.unread", false)

		// Who chooses another password ends what was signed in by the old one.
		choose(annsCode, "correct horse").want(t, 200, 0)
		r.do(t, "one", r.ann, "GET /whoami", "").want(t, 401, codeInvalid)

		// An address has one code at a time, for an hour.
		send("zoe@example.com").want(t, 200, 0)
		old := code(t, server.Next(t))
		send("zoe@example.com").want(t, 200, 0)
		late := code(t, server.Next(t))
		choose(old, "correct horse").want(t, 401, codeLogin)
		if err := execute(t.Context(), r.store.write, "UPDATE codes SET expires = $1", micros(time.Now())); err != nil {
			t.Fatal(err)
		}
		choose(late, "correct horse").want(t, 401, codeLogin)
		if got := send("zoe@example.com").want(t, 429, codeQuota); got.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		for _, email := range []string{"", "zoe", "a@b\r\nBcc: c@d", "a@b, c@d", strings.Repeat("a", 300) + "@b.example"} {
			send(email).want(t, 422, 0)
		}
		server.None(t)
	})
	silent := newRig(t, options{})
	silent.do(t, "one", "", "POST /users", `{"email":"zoe@example.com"}`).want(t, 501, 0)
}

// Whoever watches a place can have mails of what is new there, as long as they may read it.
func TestUpdatesAreMailedToThoseWhoWantThem(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, db string) {
		server := smtptest.Start(t)
		r := newRig(t, withMail(server, db))
		id := r.begin(t, r.ann, "Wheels")
		r.do(t, "one", r.bob, "POST /watchers", fmt.Sprintf(`{"itemType":"conversation","itemId":%d,"sendEmail":true}`, id)).want(t, 201, 0)
		run := func() {
			t.Helper()
			if err := r.sendNotices(t.Context(), time.Now()); err != nil {
				t.Error(err)
			}
		}
		comment := r.say(t, r.ann, id, "They are round")
		run()
		got := server.Next(t)
		if got.To != "bob@example.com" || !strings.Contains(got.Text, "Subject: ann wrote on Site one") || !strings.Contains(got.Text, "They are round") ||
			!strings.Contains(got.Text, fmt.Sprintf("https://one.forum.test/comments/%d", comment)) {
			t.Errorf("got %+v", got)
		}
		run()
		r.say(t, r.ann, id, "Really")
		r.do(t, "one", r.owner, fmt.Sprintf("PATCH /conversations/%d", id), `[{"op":"replace","path":"/meta/flags/deleted","value":true}]`).want(t, 200, 0)
		run()
		server.None(t)
	})
}

func TestPeopleJoinByPages(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t)
	o := withMail(server, "")
	o.domain, o.Public = "localhost", "https://{site}.forum.test"
	r := newRig(t, o)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &person{&http.Client{Jar: secureJar{jar}, Transport: toServer(r)}, "http://one.localhost" + r.server.URL[strings.LastIndexByte(r.server.URL, ':'):]}
	want := func(status, wanted int, text, has string) {
		t.Helper()
		if status != wanted || !strings.Contains(text, has) {
			t.Errorf("got %d, want %q in %.1500s", status, has, text)
		}
	}
	status, text := p.get(t, "/join")
	want(status, 200, text, "Send me a link")
	status, text = p.send(t, http.MethodPost, "/join", url.Values{"email": {"nobody"}})
	want(status, 422, text, `role="alert"`)
	status, text = p.send(t, http.MethodPost, "/join", url.Values{"email": {"zoe@example.com"}})
	want(status, 200, text, "Look into your mail")
	code := code(t, server.Next(t))
	status, text = p.get(t, "/password?code="+code)
	want(status, 200, text, code)
	status, text = p.send(t, http.MethodPost, "/password", url.Values{"code": {code}, "password": {"short"}})
	want(status, 422, text, `role="alert"`)
	status, text = p.send(t, http.MethodPost, "/password", url.Values{"code": {code}, "password": {"correct horse"}})
	want(status, 200, text, "Sign out")
	status, text = p.send(t, http.MethodPost, "/password", url.Values{"code": {code}, "password": {"correct horse"}})
	want(status, 401, text, "the code is wrong")
}
