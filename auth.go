package tigertonic

import (
	"crypto/sha256"
	"crypto/subtle"
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
	passwords := make(map[[sha256.Size]byte][sha256.Size]byte, len(credentials))
	for user, password := range credentials {
		switch {
		case user == "":
			misuse("basic auth for realm %q: a user without a name", realm)
		case password == "":
			misuse("basic auth for realm %q: user %q has no password", realm, user)
		case strings.Contains(user, ":"):
			misuse("basic auth for realm %q: user %q has a colon (RFC 7617 §2)", realm, user)
		}
		passwords[sha256.Sum256([]byte(user))] = sha256.Sum256([]byte(password))
	}
	return HTTPBasicAuthFunc(func(user, password string) error {
		want, known := passwords[sha256.Sum256([]byte(user))] // the zero array, which no password has, if it isn't
		got := sha256.Sum256([]byte(password))
		if subtle.ConstantTimeCompare(want[:], got[:]) != 1 || !known {
			return errUnauthorized
		}
		return nil
	}, realm, h)
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
	if strings.ContainsFunc(realm, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		misuse("basic auth for realm %q: a control character in the realm", realm)
	}
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(realm)
	return First(&basicAuth{f, `Basic realm="` + quoted + `"`, realm, mustHandler("HTTPBasicAuthFunc", h)}, h)
}

var errUnauthorized = Unauthorized{errors.New("unauthorized")}

type basicAuth struct {
	check     func(user, password string) error
	challenge string
	realm     string
	next      http.Handler
}

func (ba *basicAuth) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isPreflight(r) && servePreflight(ba.next, w, r) {
		return
	}
	var err error = errUnauthorized
	if user, password, ok := r.BasicAuth(); ok && len(r.Header["Authorization"]) == 1 {
		err = ba.check(user, password)
	}
	if err == nil {
		return
	}
	if _, ok := errors.AsType[HTTPEquivError](err); !ok {
		err = Unauthorized{err}
	}
	if statusOf(err) == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", ba.challenge)
	}
	ResponseErrorWriter.WriteError(r, w, err)
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
