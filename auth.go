package tigertonic

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// HTTPBasicAuth returns a handler that calls h only for a user with the right
// password (RFC 7617). Others are answered 401 with a challenge for the realm.
// The credentials are passwords by user; they are copied. How long it
// takes to compare them doesn't tell whether the user or the password is wrong,
// and neither does the answer.
//
// A preflight that a [CORSHandler] in h allows is answered without credentials,
// since browsers send none with it.
//
// It panics if there are no credentials or one of them is empty, if a user has a
// colon, which no request can name, if the realm has a character that can't be
// quoted, or if the handler is nil.
func HTTPBasicAuth(credentials map[string]string, realm string, h http.Handler) FirstHandler {
	if len(credentials) == 0 {
		misuse("basic auth for realm %q: no credentials", realm)
	}
	for user, password := range credentials {
		switch {
		case user == "":
			misuse("basic auth for realm %q: a user without a name", realm)
		case password == "":
			misuse("basic auth for realm %q: user %q has no password", realm, user)
		case strings.Contains(user, ":"):
			misuse("basic auth for realm %q: user %q has a colon (RFC 7617 §2)", realm, user)
		}
	}
	return newBasicAuth(&basicAuth{known: newKnownCredentials(credentials), next: mustHandler("HTTPBasicAuth", h)}, realm)
}

// HTTPBasicAuthFunc is [HTTPBasicAuth] with a function that returns an error for
// a user that isn't known or a password that isn't right. The response is a 401
// with the error's text, or has the status of the error if it is an
// [HTTPEquivError]. The function may be called by many goroutines at a time.
//
// It panics if the function or the handler is nil, or if the realm has a character
// that can't be quoted.
func HTTPBasicAuthFunc(f func(user, password string) error, realm string, h http.Handler) FirstHandler {
	if f == nil {
		misuse("basic auth for realm %q: the function is nil", realm)
	}
	return newBasicAuth(&basicAuth{check: f, next: mustHandler("HTTPBasicAuthFunc", h)}, realm)
}

var errUnauthorized error = Unauthorized{errors.New("unauthorized")}

type basicAuth struct {
	known     *knownCredentials // or nil, for a function
	check     func(user, password string) error
	challenge string
	realm     string
	next      http.Handler
}

func newBasicAuth(ba *basicAuth, realm string) FirstHandler {
	if strings.ContainsFunc(realm, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		misuse("basic auth for realm %q: a control character in the realm", realm)
	}
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(realm)
	ba.challenge, ba.realm = `Basic realm="`+quoted+`"`, realm
	return First(ba, ba.next)
}

func (ba *basicAuth) ServeHTTP(w http.ResponseWriter, r *http.Request) { ba.passes(w, r) }

func (ba *basicAuth) passes(w http.ResponseWriter, r *http.Request) bool {
	if isPreflight(r) && servePreflight(ba.next, w, r) {
		return false
	}
	err := ba.authenticate(r)
	if err == nil {
		return true
	}
	if _, ok := errors.AsType[HTTPEquivError](err); !ok {
		err = Unauthorized{err}
	}
	if statusOf(err) == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", ba.challenge)
	}
	ResponseErrorWriter.WriteError(r, w, err)
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
	case !ba.known.has(credentials):
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

// KnownCredentials are those that are right, as digests under a random key. Without
// it nobody can tell what the digest of theirs is, or have it begin as another one
// does. So how long it takes to look for it tells nothing of those that are known.
// Nor does the digesting, which takes as long for a user who isn't known.
type knownCredentials struct {
	key     [16]byte // with the credentials, mostly, a block of the hash
	digests map[[sha256.Size]byte]bool
}

func newKnownCredentials(passwords map[string]string) *knownCredentials {
	known := &knownCredentials{digests: make(map[[sha256.Size]byte]bool, len(passwords))}
	_, _ = rand.Read(known.key[:]) // never fails
	for user, password := range passwords {
		known.digests[known.digest([]byte(user+":"+password))] = true
	}
	return known
}

func (known *knownCredentials) has(credentials []byte) bool {
	return known.digests[known.digest(credentials)]
}

func (known *knownCredentials) digest(credentials []byte) [sha256.Size]byte {
	var few [128]byte
	return sha256.Sum256(append(append(few[:0], known.key[:]...), credentials...))
}

// Describe adds that requests are authenticated.
func (ba *basicAuth) Describe(op *Operation) {
	op.Security = append(op.Security, SecurityScheme{
		Name: "basic", Scheme: "basic", Description: fmt.Sprintf("A user and a password for %q.", ba.realm),
	})
	op.AddError(http.StatusUnauthorized, "the user or the password isn't right")
	op.Response("401").SetHeader("WWW-Authenticate", "How to authenticate.", &Schema{Types: []string{"string"}})
}

func (ba *basicAuth) String() string { return fmt.Sprintf("HTTPBasicAuth(%q)", ba.realm) }
