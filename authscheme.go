package tigertonic

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
)

// Auth is one way to authenticate a request, for [Authenticated]. Create one with
// [BearerAuth], [APIKeyAuth], [CertificateAuth] or [Anonymous]; the zero value isn't usable. Its methods
// return it, so calls can be chained. Authenticated copies it, so call them before you pass
// it there.
type Auth struct {
	source      credentialSource
	realm       string // quoted
	scheme      SecurityScheme
	knowsScopes bool
	beside      []credentialSource // those of its Authenticated
	check       func(r *http.Request, a *Auth, credential string) (caller, error)
	anonymous   bool // of Anonymous, which has no check
}

// BearerAuth returns an Auth for the bearer token of the Authorization header (RFC 6750
// §2.1). It ignores tokens in the body and the query: they end up in logs and histories.
//
// The function gets the request's context and the token, and returns the principal, a value
// of your own type, or an error: see [Authenticated]. It must be safe for concurrent use.
// To check scopes, give the principal a method HasScope: see [Scoper].
//
// It panics if the function is nil.
func BearerAuth[P any](f func(ctx context.Context, token string) (P, error)) *Auth {
	a := &Auth{source: credentialSource{in: "bearer", name: "Authorization"}}
	a.scheme = SecurityScheme{Name: "bearer", Scheme: "bearer"}
	return withCheck(a.Realm(defaultRealm), "BearerAuth", ofCredential(f))
}

// APIKeyAuth returns an Auth for a key, such as an API key or a session ID, in a header, a
// query parameter or a cookie of that name: in is "header", "query" or "cookie". The
// function works like that of [BearerAuth].
//
// A key in the query ends up in browser histories and proxy logs: prefer another place.
//
// It panics if the function is nil, if in is something else, or if the name is empty or not
// valid for a header or cookie.
func APIKeyAuth[P any](in, name string, f func(ctx context.Context, key string) (P, error)) *Auth {
	switch {
	case in != "header" && in != "query" && in != "cookie":
		callsite.Panicf("APIKeyAuth: a key in %q, which isn't header, query or cookie", in)
	case name == "" || in != "query" && !httpfield.IsToken(name):
		callsite.Panicf("APIKeyAuth: no %s can have the name %q", in, name)
	}
	if in == "header" {
		name = http.CanonicalHeaderKey(name)
	}
	a := &Auth{source: credentialSource{in: in, name: name}}
	a.scheme = SecurityScheme{Name: name, In: in, Key: name}
	return withCheck(a.Realm(defaultRealm), "APIKeyAuth", ofCredential(f))
}

// CertificateAuth returns an Auth for the certificate of the client, which it proved to have
// when it connected (mutual TLS). The function gets the request's context and the
// certificate, and works like that of [BearerAuth].
//
// Only a certificate that the server has verified counts, the first one of the first chain
// in r.TLS.VerifiedChains: see [Server.ClientCA]. One that a client has merely sent, which
// PeerCertificates has too, is none, and nor is one in a header, which a proxy may add that
// ends TLS itself. A connection may outlive its certificate, so the time is checked for each
// request. That the certificate comes from an authority doesn't say that its holder may use
// this service: the function decides by the names in it.
//
// HTTP has no challenge for a certificate, which belongs to the connection, and a 401 must
// have one (RFC 9110 §11.6.1, §15.5.2). So the refusal is a 403 where there is no other way
// to authenticate, and otherwise the 401 with the challenges of the others.
//
// It panics if the function is nil.
func CertificateAuth[P any](f func(ctx context.Context, cert *x509.Certificate) (P, error)) *Auth {
	a := &Auth{source: credentialSource{in: "certificate"}}
	a.scheme = SecurityScheme{Name: "mutualTLS", MutualTLS: true}
	if f == nil {
		return withCheck[P](a, "CertificateAuth", nil)
	}
	return withCheck(a, "CertificateAuth", func(r *http.Request, _ string) (P, error) {
		cert, now := r.TLS.VerifiedChains[0][0], time.Now()
		if now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
			var none P
			return none, errors.New("the certificate was valid when the client connected, and isn't now")
		}
		return f(r.Context(), cert)
	})
}

// ofCredential returns a function of the context as one of the request, or nil for nil.
func ofCredential[P any](f func(context.Context, string) (P, error)) func(*http.Request, string) (P, error) {
	if f == nil {
		return nil
	}
	return func(r *http.Request, credential string) (P, error) { return f(r.Context(), credential) }
}

// Anonymous returns an Auth that accepts requests without any credential; [Principal] then
// finds none. A request with an invalid credential is still refused.
func Anonymous() *Auth { return &Auth{anonymous: true} }

const defaultRealm = "api"

// withCheck sets the function of an Auth.
func withCheck[P any](a *Auth, constructor string, f func(*http.Request, string) (P, error)) *Auth {
	if f == nil {
		callsite.Panicf("%s: the function is nil", constructor)
	}
	t := reflect.TypeFor[P]()
	a.knowsScopes = t.Implements(reflect.TypeFor[Scoper]())
	nilable := t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface || t.Kind() == reflect.Map
	a.check = func(r *http.Request, a *Auth, credential string) (caller, error) {
		p, err := f(r, credential)
		if err != nil {
			return nil, err
		}
		if nilable && isNil(reflect.ValueOf(&p).Elem()) {
			return nil, InternalServerError{errors.New(constructor + ": the function has returned neither a principal nor an error")}
		}
		return &callerOf[P]{authentication: authentication{Context: r.Context(), by: a}, principal: p}, nil
	}
	return a
}

// Realm sets the realm that challenges name (RFC 9110 §11.5). The default is "api". It
// panics if the text has a character that can't be quoted.
func (a *Auth) Realm(text string) *Auth {
	a.realm = quoteRealm(a.String(), text)
	return a
}

// Scheme sets how the document describes the Auth, if it is more than a plain key or
// bearer token: as oauth2 or openIdConnect, for example, or as a bearer token with a
// format.
//
//	tigertonic.BearerAuth(verify).Scheme(tigertonic.SecurityScheme{
//		Name: "oidc", OpenIDConnectURL: "https://id.example.com/.well-known/openid-configuration",
//	})
func (a *Auth) Scheme(s SecurityScheme) *Auth {
	a.scheme = s
	return a
}

// String is how [Explain] shows the auth.
func (a *Auth) String() string {
	switch a.source.in {
	case "bearer":
		return "BearerAuth"
	case "certificate":
		return "CertificateAuth"
	}
	return "APIKeyAuth(" + a.source.in + " " + a.source.name + ")"
}

// hasChallenge reports whether a client can be asked for the credential.
func (a *Auth) hasChallenge() bool { return a.source.in != "certificate" }

// challenge returns the auth's challenge for WWW-Authenticate, with an error code if there
// is one, or "" if it has none. A Bearer challenge has at least one parameter (RFC 6750 §3).
func (a *Auth) challenge(code, description string, scopes []string) string {
	var b strings.Builder
	switch a.source.in {
	case "certificate":
		return ""
	case "bearer":
		b.WriteString(`Bearer realm="` + a.realm + `"`)
	default: // no scheme of keys is registered, but a 401 has a challenge
		b.WriteString(`APIKey realm="` + a.realm + `", in="` + a.source.in + `", name="` + describable(a.source.name) + `"`)
	}
	if code != "" {
		b.WriteString(`, error="` + code + `", error_description="` + describable(description) + `"`)
	}
	if len(scopes) > 0 {
		b.WriteString(`, scope="` + strings.Join(scopes, " ") + `"`)
	}
	return b.String()
}

// describable returns a text reduced to the characters that error_description allows (RFC
// 6750 §3).
func describable(text string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '"' || c == '\\':
			return '\''
		case c < ' ' || c > '~':
			return '?'
		}
		return c
	}, text)
}

// A credentialSource is a place in a request where a credential can be.
type credentialSource struct{ in, name string }

type found int

const (
	absent found = iota
	present
	malformed
)

// find returns the request's credential, if it has exactly one.
func (s credentialSource) find(r *http.Request) (credential string, _ found) {
	switch s.in {
	case "bearer":
		return bearerToken(r.Header["Authorization"])
	case "header":
		return only(r.Header[s.name])
	case "query":
		if !strings.Contains(r.URL.RawQuery, "=") {
			return "", absent
		}
		return only(r.URL.Query()[s.name])
	case "certificate":
		if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 || len(r.TLS.VerifiedChains[0]) == 0 {
			return "", absent
		}
		return "", present
	}
	if r.Header["Cookie"] == nil {
		return "", absent
	}
	var few [2]string
	values := few[:0]
	for _, c := range r.CookiesNamed(s.name) {
		values = append(values, c.Value)
	}
	return only(values)
}

// only returns the only value. An empty value counts as none.
func only(values []string) (value string, _ found) {
	switch {
	case len(values) > 1:
		return "", malformed
	case len(values) == 0 || values[0] == "":
		return "", absent
	}
	return values[0], present
}

// bearerToken returns the token of an Authorization header (RFC 6750 §2.1). A header
// with another scheme has none.
func bearerToken(headers []string) (token string, _ found) {
	const scheme = "Bearer"
	if len(headers) == 0 {
		return "", absent
	}
	h := headers[0]
	isBearer := len(h) >= len(scheme) && strings.EqualFold(h[:len(scheme)], scheme) && (len(h) == len(scheme) || h[len(scheme)] == ' ')
	switch {
	case len(headers) > 1:
		return "", malformed
	case !isBearer:
		return "", absent
	}
	token = strings.TrimLeft(h[len(scheme):], " ")
	body := strings.TrimRight(token, "=")
	if body == "" || strings.ContainsFunc(body, func(c rune) bool {
		return (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("-._~+/", c)
	}) {
		return "", malformed
	}
	return token, present
}

// header returns the header that the credential is in, or "".
func (s credentialSource) header() string {
	switch s.in {
	case "query", "certificate": // which caches don't see, or can't
		return ""
	case "cookie":
		return "Cookie"
	}
	return s.name
}

// what returns what to call the credential.
func (s credentialSource) what() string {
	switch s.in {
	case "bearer":
		return "the bearer token"
	case "certificate":
		return "the client's certificate"
	}
	return "the key in the " + s.in + " " + describable(s.name)
}

func (s credentialSource) malformed() string {
	if s.in == "bearer" {
		return "the Authorization header isn't one with one bearer token"
	}
	return s.what() + " is there more than once"
}

// Principal returns the principal of the request with this context: the P returned by
// the function of the innermost [Authenticated] that yields one. It returns false if
// there is none.
func Principal[P any](ctx context.Context) (P, bool) {
	if p, ok := ctx.Value(principalKey[P]{}).(*P); ok {
		return *p, true
	}
	var none P
	return none, false
}

type (
	principalKey[P any] struct{}
	callerKey           struct{} // for who knows scopes
	authKey             struct{} // for any
)

// A caller is the authenticated caller of a request, and its context.
type caller interface {
	context.Context
	auth() *authentication
	hasScope(scope string) bool
}

// An authentication is the part that all callers share. It includes the request, so that
// both are one allocation.
type authentication struct {
	context.Context
	by      *Auth
	request http.Request
}

func (a *authentication) auth() *authentication { return a }

// An anonymousCaller makes a request without a credential.
type anonymousCaller struct{ authentication }

func (c *anonymousCaller) Value(key any) any {
	value := c.Context.Value(key)
	switch key.(type) {
	case authKey:
		return &c.authentication
	case callerKey:
		if value == nil {
			return c
		}
	}
	return value
}

func (c *anonymousCaller) hasScope(string) bool { return false }

type callerOf[P any] struct {
	authentication
	principal P
}

func (c *callerOf[P]) Value(key any) any {
	switch key.(type) {
	case principalKey[P]:
		return &c.principal
	case authKey:
		return &c.authentication
	case callerKey:
		if c.by.knowsScopes {
			return c
		}
	}
	return c.Context.Value(key)
}

func (c *callerOf[P]) hasScope(scope string) bool {
	s, ok := any(c.principal).(Scoper)
	return ok && s.HasScope(scope)
}

// KnownTokens returns a function for [BearerAuth] or [APIKeyAuth] that maps these tokens to
// their principals. The map is copied. The time that a lookup takes reveals nothing about
// the known tokens. It panics if there are none or one is empty.
func KnownTokens[P any](principals map[string]P) func(ctx context.Context, token string) (P, error) {
	if len(principals) == 0 {
		callsite.Panicf("KnownTokens: no tokens")
	}
	known := newKnownSecrets[P]()
	for token, p := range principals {
		if token == "" {
			callsite.Panicf("KnownTokens: an empty token")
		}
		known.add(token, p)
	}
	return func(_ context.Context, token string) (P, error) {
		p, ok := known.find([]byte(token))
		if !ok {
			return p, errUnknownToken
		}
		return p, nil
	}
}

var errUnknownToken = errors.New("the token isn't known")

// KnownSecrets maps secrets to values. It stores digests under a random key: without the
// key, an attacker can't predict the digest of a guess, or make it share a prefix with
// another. So the time of a lookup reveals nothing about the known secrets. Nor does the
// hashing, which takes just as long for an unknown secret.
type knownSecrets[V any] struct {
	key    [16]byte // with the secret, mostly, a block of the hash
	values map[[sha256.Size]byte]V
}

func newKnownSecrets[V any]() *knownSecrets[V] {
	known := &knownSecrets[V]{values: map[[sha256.Size]byte]V{}}
	_, _ = rand.Read(known.key[:]) // never fails
	return known
}

func (known *knownSecrets[V]) add(secret string, value V) {
	known.values[known.digest([]byte(secret))] = value
}

func (known *knownSecrets[V]) find(secret []byte) (value V, ok bool) {
	value, ok = known.values[known.digest(secret)]
	return value, ok
}

func (known *knownSecrets[V]) digest(secret []byte) [sha256.Size]byte {
	var few [128]byte
	return sha256.Sum256(append(append(few[:0], known.key[:]...), secret...))
}
