package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

// The front end is a client of the API like any other: it calls the API with package
// client, in the same process, with the token from a cookie. Its pages work without a
// script.

//go:embed page
var pageFiles embed.FS

//nolint:gochecknoglobals // parsed once
var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"safe": func(html string) template.HTML { return template.HTML(html) }, //nolint:gosec // bluemonday has made it
	"query": func(href string) string {
		_, query, _ := strings.Cut(href, "?")
		return "?" + query
	},
}).ParseFS(pageFiles, "page/*.html"))

// cookieName has the prefix that makes browsers accept the cookie for this host only, and
// only over TLS or from this machine.
const cookieName = "__Host-forum"

// mostForm is the maximum length of a form, in bytes.
const mostForm = 256 << 10

// A web is the front end.
type web struct {
	api     http.RoundTripper
	foreign http.CrossOriginProtection
}

// A view is what a page shows.
type view struct {
	Title, Error, Q, Next string
	Site                  forumapi.Site
	Self                  *forumapi.Self
	Data                  any
}

// A browser is a browser's request.
type browser struct {
	w      http.ResponseWriter
	r      *http.Request
	client *client.Client
	token  string
	view   view
}

// handleWeb registers the pages.
func (s *service) handleWeb(mux *tigertonic.TrieServeMux, api http.Handler) {
	front := &web{api: client.InProcess(api)}
	handle := func(method, pattern string, f func(*browser) error) {
		h := tigertonic.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { front.serve(w, r, f) })
		mux.Handle(method, pattern, tigertonic.Limited(tigertonic.Described(h, func(op *tigertonic.Operation) { op.Hidden = true }), most, nil))
	}
	handle("GET", "/", front.home)
	handle("GET", "/microcosms/{id}", front.microcosm)
	handle("POST", "/microcosms/{id}", front.begin)
	handle("GET", "/conversations/{id}", front.conversation)
	handle("POST", "/conversations/{id}", front.reply)
	handle("GET", "/comments/{id}", front.comment)
	handle("GET", "/search", front.search)
	handle("GET", "/login", front.login)
	handle("POST", "/login", front.signIn)
	handle("POST", "/logout", front.signOut)
	handle("GET", "/join", front.join)
	handle("POST", "/join", front.sendCode)
	handle("GET", "/password", front.password)
	handle("POST", "/password", front.choosePassword)
	for name, contentType := range map[string]string{"style.css": "text/css; charset=utf-8", "live.js": "text/javascript; charset=utf-8"} {
		text, _ := pageFiles.ReadFile("page/" + name) // it is there
		mux.Handle("GET", "/static/"+name, tigertonic.Described(tigertonic.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("Cache-Control", "no-cache")
			_, _ = w.Write(text) // the client may have gone
		}), func(op *tigertonic.Operation) { op.Hidden = true }))
	}
}

// serve serves a browser's request.
func (front *web) serve(w http.ResponseWriter, r *http.Request, f func(*browser) error) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' https:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	b := &browser{w: w, r: r, client: client.New("http://"+r.Host, client.Options{Transport: front.api})}
	if cookie, err := r.Cookie(cookieName); err == nil {
		b.token = cookie.Value
	}
	err := front.foreign.Check(r)
	if err != nil {
		err = tigertonic.Forbidden{Err: errors.New("the form was sent by a page of another site")}
	}
	if err == nil && r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, mostForm)
		err = r.ParseForm()
	}
	if err == nil {
		err = b.enter()
	}
	if err == nil {
		err = f(b)
	}
	if err != nil {
		b.fail(err)
	}
}

// call calls the API with the token of the browser.
func call[In, Out any](b *browser, d *tigertonic.Declaration[In, Out], in *In) (Out, error) {
	var options []func(*http.Request)
	if b.token != "" {
		options = append(options, client.Header("Authorization", "Bearer "+b.token))
	}
	return client.Call(b.r.Context(), b.client, d, in, options...)
}

// enter finds the site, and who is signed in.
func (b *browser) enter() error {
	if b.token != "" {
		self, err := call(b, forumapi.WhoAmI, &forumapi.Echo{})
		if err != nil {
			b.token = "" // it was revoked
		} else {
			b.view.Self = &self.Body.Data
		}
	}
	site, err := call(b, forumapi.GetSite, &forumapi.Echo{})
	b.view.Site = site.Body.Data
	return err
}

// fail shows a page with the error.
func (b *browser) fail(err error) {
	status, detail := http.StatusInternalServerError, "Something went wrong."
	if failed, ok := errors.AsType[*client.Error](err); ok {
		status = failed.Status
	} else if known, ok := errors.AsType[tigertonic.HTTPEquivError](err); ok {
		status = known.StatusCode()
	}
	if p, ok := errors.AsType[*tigertonic.Problem](err); ok && status < http.StatusInternalServerError {
		detail = p.Detail
	}
	if status == http.StatusUnauthorized && b.r.Method == http.MethodGet {
		http.Redirect(b.w, b.r, "/login?next="+url.QueryEscape(b.r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	if status < http.StatusBadRequest || status == http.StatusBadGateway {
		status = http.StatusInternalServerError
	}
	b.view.Title, b.view.Error = http.StatusText(status), detail
	_ = b.show(status, "failed", nil) // the error is shown, or nothing can be
}

// show writes a page.
func (b *browser) show(status int, name string, data any) error {
	b.view.Data = data
	var text bytes.Buffer
	if err := pages.ExecuteTemplate(&text, name+".html", &b.view); err != nil {
		return err
	}
	b.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	b.w.WriteHeader(status)
	_, _ = b.w.Write(text.Bytes()) // the client may have gone
	return nil
}

// paging returns the page that the request asks for.
func (b *browser) paging() forumapi.Paging {
	q := b.r.URL.Query()
	limit, _ := strconv.ParseInt(q.Get("limit"), 10, 64)
	offset, _ := strconv.ParseInt(q.Get("offset"), 10, 64)
	if limit == 0 {
		limit = defaultItems
	}
	return forumapi.Paging{Limit: limit, Offset: offset}
}

// id returns the item that the request asks for.
func (b *browser) id() (int64, error) {
	id, err := strconv.ParseInt(tigertonic.PathValue(b.r, "id"), 10, 64)
	if err != nil || id < 1 {
		return 0, tigertonic.NotFound{Err: errors.New("there is no such page")}
	}
	return id, nil
}

func (*web) home(b *browser) error {
	microcosms, err := call(b, forumapi.ListMicrocosms, &forumapi.Paging{Limit: mostItems})
	if err != nil {
		return err
	}
	page := b.paging()
	latest, err := call(b, forumapi.ListConversations, &page)
	if err != nil {
		return err
	}
	b.view.Title = b.view.Site.Title
	return b.show(http.StatusOK, "home", map[string]any{"Microcosms": microcosms.Body.Data.Microcosms.Items, "Conversations": latest.Body.Data.Conversations})
}

func (*web) microcosm(b *browser) error {
	id, err := b.id()
	if err != nil {
		return err
	}
	m, err := call(b, forumapi.GetMicrocosm, &forumapi.PageOf{Paging: b.paging(), ID: id})
	if err != nil {
		return err
	}
	b.view.Title = m.Body.Data.Title
	return b.show(http.StatusOK, "microcosm", m.Body.Data)
}

func (*web) begin(b *browser) error {
	id, err := b.id()
	if err != nil {
		return err
	}
	c, err := call(b, forumapi.AddConversation, &forumapi.Change[forumapi.ConversationInput]{Body: forumapi.ConversationInput{MicrocosmID: id, Title: b.r.PostForm.Get("title")}})
	if err != nil {
		return err
	}
	if text := b.r.PostForm.Get("markdown"); strings.TrimSpace(text) != "" {
		if _, err := b.say(c.Body.Data.ID, text); err != nil {
			return err
		}
	}
	b.to(fmt.Sprintf("/conversations/%d", c.Body.Data.ID))
	return nil
}

func (b *browser) say(conversation int64, markdown string) (int64, error) {
	c, err := call(b, forumapi.AddComment, &forumapi.Change[forumapi.CommentInput]{Body: forumapi.CommentInput{
		ItemType: kindConversation, ItemID: conversation, Markdown: markdown,
	}})
	return c.Body.Data.ID, err
}

func (*web) conversation(b *browser) error {
	id, err := b.id()
	if err != nil {
		return err
	}
	c, err := call(b, forumapi.GetConversation, &forumapi.PageOf{Paging: b.paging(), ID: id})
	if err != nil {
		return err
	}
	b.view.Title = c.Body.Data.Title
	return b.show(http.StatusOK, "conversation", c.Body.Data)
}

func (*web) reply(b *browser) error {
	id, err := b.id()
	if err != nil {
		return err
	}
	comment, err := b.say(id, b.r.PostForm.Get("markdown"))
	if err != nil {
		return err
	}
	b.to(fmt.Sprintf("/comments/%d", comment))
	return nil
}

// comment leads to the page that has a comment.
func (*web) comment(b *browser) error {
	id, err := b.id()
	if err != nil {
		return err
	}
	to, err := call(b, forumapi.InContext, &forumapi.PageOf{Paging: forumapi.Paging{Limit: defaultItems}, ID: id})
	if err != nil {
		return err
	}
	b.to(strings.TrimPrefix(to.Location, forumapi.Base) + fmt.Sprintf("#c%d", id))
	return nil
}

func (*web) search(b *browser) error {
	b.view.Title, b.view.Q = "Search", b.r.URL.Query().Get("q")
	if strings.TrimSpace(b.view.Q) == "" {
		return b.show(http.StatusOK, "search", nil)
	}
	found, err := call(b, forumapi.Search, &forumapi.Query{Paging: b.paging(), Q: b.view.Q, Sort: "newest"})
	if err != nil {
		return err
	}
	return b.show(http.StatusOK, "search", found.Body.Data.Results)
}

func (*web) login(b *browser) error {
	b.view.Title, b.view.Next = "Sign in", local(b.r.URL.Query().Get("next"))
	return b.show(http.StatusOK, "login", nil)
}

func (*web) signIn(b *browser) error {
	b.view.Title, b.view.Next = "Sign in", local(b.r.PostForm.Get("next"))
	b.token = "" // whatever the browser comes with, it gets a token of its own
	token, err := call(b, forumapi.SignIn, &forumapi.Assertion{Body: forumapi.AssertionBody{
		Provider: "password", Assertion: b.r.PostForm.Get("email") + ":" + b.r.PostForm.Get("password"),
	}})
	if failed, ok := errors.AsType[*client.Error](err); ok && (failed.Status == http.StatusUnauthorized || failed.Status == http.StatusTooManyRequests) {
		b.view.Error = "There is no account with this address and password."
		if failed.Status == http.StatusTooManyRequests {
			b.view.Error = "Too many attempts to sign in. Try again in a minute."
		}
		return b.show(failed.Status, "login", nil)
	}
	if err != nil {
		return err
	}
	b.setCookie(token.Body.Data.AccessToken, int(tokenFor.Seconds()))
	b.to(b.view.Next)
	return nil
}

func (*web) join(b *browser) error {
	b.view.Title = "Join, or choose a new password"
	return b.show(http.StatusOK, "join", false)
}

func (*web) sendCode(b *browser) error {
	b.view.Title = "Join, or choose a new password"
	_, err := call(b, forumapi.SendCode, &forumapi.Change[forumapi.Address]{Body: forumapi.Address{Email: strings.TrimSpace(b.r.PostForm.Get("email"))}})
	if status, refused := b.refused(err); refused {
		return b.show(status, "join", false)
	}
	if err != nil {
		return err
	}
	return b.show(http.StatusOK, "join", true)
}

func (*web) password(b *browser) error {
	b.view.Title = "Choose a password"
	return b.show(http.StatusOK, "password", b.r.URL.Query().Get("code"))
}

func (*web) choosePassword(b *browser) error {
	b.view.Title, b.token = "Choose a password", ""
	code := b.r.PostForm.Get("code")
	token, err := call(b, forumapi.ChoosePassword, &forumapi.Change[forumapi.NewPassword]{Body: forumapi.NewPassword{Code: code, Password: b.r.PostForm.Get("password")}})
	if status, refused := b.refused(err); refused {
		return b.show(status, "password", code)
	}
	if err != nil {
		return err
	}
	b.setCookie(token.Body.Data.AccessToken, int(tokenFor.Seconds()))
	b.to("/")
	return nil
}

// refused reports whether the API has refused a form, and makes the page say why.
func (b *browser) refused(err error) (status int, refused bool) {
	failed, ok := errors.AsType[*client.Error](err)
	if !ok || failed.Status >= http.StatusInternalServerError && failed.Status != http.StatusNotImplemented {
		return 0, false
	}
	b.view.Error = http.StatusText(failed.Status)
	if p, ok := errors.AsType[*tigertonic.Problem](err); ok && p.Detail != "" {
		b.view.Error = p.Detail
	}
	if invalid, ok := errors.AsType[*tigertonic.FieldErrors](err); ok {
		b.view.Error = invalid.Error()
	}
	return failed.Status, true
}

func (*web) signOut(b *browser) error {
	if b.token != "" {
		if _, err := call(b, forumapi.SignOut, &forumapi.Echo{}); err != nil {
			return err
		}
	}
	b.setCookie("", -1)
	b.to("/")
	return nil
}

func (b *browser) setCookie(value string, age int) {
	http.SetCookie(b.w, &http.Cookie{Name: cookieName, Value: value, Path: "/", MaxAge: age, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// to sends the browser to a page of the site.
func (b *browser) to(path string) { http.Redirect(b.w, b.r, path, http.StatusSeeOther) }

// local returns a path of this site, whatever a link says.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.Contains(next, `\`) {
		return "/"
	}
	return next
}
