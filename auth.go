package tigertonic

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/schema"
)

// HTTPBasicAuth returns a handler that calls h only for a user with the right password
// (RFC 7617). Others get a 401 with a challenge for the realm. The credentials are
// passwords by user; they are copied. Neither the response nor its timing reveals
// whether the user or the password was wrong.
//
// A preflight that a [CORSHandler] in h allows needs no credentials, since browsers
// send none with it; the response says no more than that it is allowed. A 401 has the
// CORS headers that the request would have had from h, so that scripts can see it.
//
// It panics if there are no credentials or one of them is empty, if a user contains a
// colon, which no request can send, if the realm has a character that can't be quoted,
// or if the handler is nil.
func HTTPBasicAuth(credentials map[string]string, realm string, h http.Handler) FirstHandler {
	if len(credentials) == 0 {
		callsite.Panicf("basic auth for realm %q: no credentials", realm)
	}
	for user, password := range credentials {
		switch {
		case user == "":
			callsite.Panicf("basic auth for realm %q: a user without a name", realm)
		case password == "":
			callsite.Panicf("basic auth for realm %q: user %q has no password", realm, user)
		case strings.Contains(user, ":"):
			callsite.Panicf("basic auth for realm %q: user %q has a colon (RFC 7617 §2)", realm, user)
		}
	}
	known := newKnownSecrets[struct{}]()
	for user, password := range credentials {
		known.add(user+":"+password, struct{}{})
	}
	return newBasicAuth(&basicAuth{known: known, next: mustHandler("HTTPBasicAuth", h)}, realm)
}

// HTTPBasicAuthFunc is [HTTPBasicAuth] with a function that returns an error for
// a user that isn't known or a password that isn't right. The response is a 401
// with the error's text and name, also if the error has another status. The function may be called by many goroutines at a time.
//
// It panics if the function or the handler is nil, or if the realm has a character
// that can't be quoted.
func HTTPBasicAuthFunc(f func(user, password string) error, realm string, h http.Handler) FirstHandler {
	if f == nil {
		callsite.Panicf("basic auth for realm %q: the function is nil", realm)
	}
	return newBasicAuth(&basicAuth{check: f, next: mustHandler("HTTPBasicAuthFunc", h)}, realm)
}

var errUnauthorized = errors.New("unauthorized")

type basicAuth struct {
	known     *knownSecrets[struct{}] // or nil, for a function
	check     func(user, password string) error
	challenge string
	realm     string
	next      http.Handler
}

func newBasicAuth(ba *basicAuth, realm string) FirstHandler {
	ba.challenge, ba.realm = `Basic realm="`+quoteRealm("basic auth", realm)+`"`, realm
	return First(ba, ba.next)
}

// quoteRealm returns a realm as it stands between quotes, or panics if it can't be
// quoted.
func quoteRealm(whose, realm string) string {
	if strings.ContainsFunc(realm, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		callsite.Panicf("%s for realm %q: a control character in the realm", whose, realm)
	}
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(realm)
}

func (ba *basicAuth) ServeHTTP(w http.ResponseWriter, r *http.Request) { ba.passes(w, r) }

func (ba *basicAuth) passes(w http.ResponseWriter, r *http.Request) bool {
	err := ba.authenticate(r)
	if err == nil {
		return true
	}
	w.Header().Set("WWW-Authenticate", ba.challenge)
	shareRefusal(ba.next, w, r)
	writeError(w, r, Unauthorized{err})
	return false
}

// authenticate returns an error unless the request says who is known.
func (ba *basicAuth) authenticate(r *http.Request) error {
	var few [64]byte
	credentials, ok := appendCredentials(few[:0], r.Header["Authorization"])
	switch {
	case !ok:
		return errUnauthorized
	case ba.known == nil:
		user, password, ok := strings.Cut(string(credentials), ":")
		if !ok {
			return errUnauthorized
		}
		return ba.check(user, password)
	}
	if _, ok := ba.known.find(credentials); !ok {
		return errUnauthorized
	}
	return nil
}

// appendCredentials appends what an Authorization header says that is the only
// one (RFC 7617 §2).
func appendCredentials(b []byte, headers []string) (_ []byte, ok bool) {
	const scheme = "Basic "
	if len(headers) != 1 || len(headers[0]) < len(scheme) || !strings.EqualFold(headers[0][:len(scheme)], scheme) {
		return b, false
	}
	b, err := base64.StdEncoding.AppendDecode(b, []byte(headers[0][len(scheme):]))
	return b, err == nil
}

// Describe adds that requests are authenticated.
func (ba *basicAuth) Describe(op *Operation) {
	op.Security = append(op.Security, SecurityScheme{
		Name: "basic", Scheme: "basic", Description: fmt.Sprintf("A user and a password for %q.", ba.realm),
	})
	op.AddError(http.StatusUnauthorized, "the user or the password isn't right")
	op.Response(http.StatusUnauthorized).SetHeader("WWW-Authenticate", "How to authenticate.", &schema.Schema{Types: []string{"string"}})
}

func (ba *basicAuth) String() string { return fmt.Sprintf("HTTPBasicAuth(%q)", ba.realm) }
