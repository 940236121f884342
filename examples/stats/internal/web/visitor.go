package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"golang.org/x/time/rate"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/secret"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

// cookieName has a prefix that makes browsers accept the cookie only over TLS or from
// this machine, and for this host alone.
const cookieName = "__Host-stats"

const sessionFor = 30 * 24 * time.Hour

// A visitor is the person who asks for a page. Each request has its own.
type visitor struct{ account *store.Account }

func visitorOf(r *http.Request) *visitor { return tigertonic.ContextOf[visitor](r) }

// refuseForeign refuses requests from other sites' pages that change something.
func (s *Site) refuseForeign(w http.ResponseWriter, r *http.Request) {
	if s.foreign.Check(r) != nil {
		tigertonic.ResponseErrorWriter.WriteError(r, w, tigertonic.Forbidden{Err: errors.New("the request comes from a page of another site")})
	}
}

// recognize identifies the visitor, by a session or a password.
func (s *Site) recognize(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(cookieName); err == nil {
		account, err := s.Store.AccountBySession(r.Context(), s.Now().Unix(), cookie.Value)
		switch {
		case err == nil:
			visitorOf(r).account = &account
			return
		case !errors.Is(err, store.ErrNotFound):
			s.fail(w, r, err)
			return
		}
	}
	email, password, ok := r.BasicAuth()
	if !ok {
		return
	}
	account, err := s.verify(r.Context(), email, password)
	switch {
	case err == nil:
		visitorOf(r).account = &account
	case errors.Is(err, store.ErrNotFound):
		s.ask(w, r)
	default:
		s.fail(w, r, err)
	}
}

// require refuses visitors who aren't signed in. It redirects browsers to the page to
// sign in.
func (s *Site) require(w http.ResponseWriter, r *http.Request) {
	switch {
	case visitorOf(r).account != nil:
	case r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html"):
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
	default:
		s.ask(w, r)
	}
}

func (*Site) ask(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("WWW-Authenticate", `Basic realm="stats", charset="UTF-8"`)
	tigertonic.ResponseErrorWriter.WriteError(r, w, tigertonic.Unauthorized{Err: errors.New("sign in with the address of an account and its password")})
}

// errSlow is for clients that try passwords.
func errSlow() error {
	return tigertonic.Problem{Status: http.StatusTooManyRequests, Detail: "Too many attempts to sign in. Try again later.", Header: http.Header{"Retry-After": {"5"}}}
}

// verify returns the account with this address and password. Passwords are checked one at
// a time, with a limit on attempts, because a check takes long.
func (s *Site) verify(ctx context.Context, email, password string) (store.Account, error) {
	account, err := s.Store.AccountByEmail(ctx, email)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return account, err
	}
	key := string(secret.Digest(account.Password + "\x00" + password))
	if err == nil && s.verified.has(key, s.Now()) {
		return account, nil
	}
	if !s.attempts.allow(email, s.Now()) {
		return account, errSlow()
	}
	select {
	case s.checks <- struct{}{}:
	case <-ctx.Done():
		return account, ctx.Err()
	}
	ok := secret.CheckPassword(account.Password, password, s.Rounds)
	<-s.checks
	if !ok {
		return account, store.ErrNotFound
	}
	s.verified.add(key, s.Now())
	return account, nil
}

// attempts limits the attempts for each address. There is a limit on the addresses, too,
// because clients can make up any number.
type attempts struct {
	mu      sync.Mutex
	byEmail map[string]*rate.Limiter
}

const (
	attemptEvery = 5 * time.Second
	attemptBurst = 10
)

func (a *attempts) allow(email string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	limit := a.byEmail[email]
	if limit == nil {
		if a.byEmail == nil || len(a.byEmail) >= 10_000 {
			a.byEmail = map[string]*rate.Limiter{}
		}
		limit = rate.NewLimiter(rate.Every(attemptEvery), attemptBurst)
		a.byEmail[email] = limit
	}
	return limit.AllowN(now, 1)
}

// verified caches digests of passwords that were checked recently.
type verified struct {
	mu    sync.Mutex
	until map[string]time.Time
}

const verifiedFor = 5 * time.Minute

func (v *verified) has(key string, now time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return now.Before(v.until[key])
}

func (v *verified) add(key string, now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.until == nil || len(v.until) >= 1000 {
		v.until = map[string]time.Time{}
	}
	v.until[key] = now.Add(verifiedFor)
}

// signIn is what the page to sign in shows.
type signIn struct{ Next, Email string }

func (s *Site) loginPage(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "login", layout{Title: "Sign in", Data: signIn{Next: local(r.URL.Query().Get("next"))}})
}

func (s *Site) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	email, next := r.PostFormValue("email"), local(r.PostFormValue("next"))
	account, err := s.verify(r.Context(), email, r.PostFormValue("password"))
	if errors.Is(err, store.ErrNotFound) {
		s.show(w, r, http.StatusForbidden, "login", layout{Title: "Sign in", Message: "There is no account with this address and password.", Data: signIn{next, email}})
		return
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	session, err := s.Store.MakeSession(r.Context(), account.ID, s.Now().Add(sessionFor).Unix())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	setCookie(w, session, int(sessionFor.Seconds()))
	http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // it is one of this site
}

func (s *Site) logout(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(cookieName); err == nil {
		if err := s.Store.EndSession(r.Context(), cookie.Value); err != nil {
			s.fail(w, r, err)
			return
		}
	}
	setCookie(w, "", -1)
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

func setCookie(w http.ResponseWriter, value string, age int) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: age, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	w.Header().Set("Cache-Control", "no-store")
}

// local returns next if it is a path of this site, or else "/".
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.Contains(next, `\`) {
		return "/"
	}
	return next
}
