package tigertonic

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/cors"
	"github.com/rcrowley/go-tigertonic/internal/linelog"
	"github.com/rcrowley/go-tigertonic/internal/record"
	"github.com/rcrowley/go-tigertonic/schema"
)

// An authHandler passes on only authenticated requests.
type authHandler struct {
	handler   http.Handler
	auths     []*Auth
	sources   []credentialSource // of the auths
	anonymous bool
	vary      string
}

// Authenticated returns a handler that calls h only for requests with a credential that
// one of the auths accepts. The first one to accept it decides who the caller is:
//
//	tigertonic.Authenticated(mux, tigertonic.BearerAuth(verify))
//	tigertonic.Authenticated(mux, tigertonic.BearerAuth(verify), tigertonic.APIKeyAuth("cookie", "session", find))
//
// To require both, wrap one Authenticated in the other. It can wrap a mux or a single
// endpoint, and [Scoped] goes inside it.
//
// h gets a copy of the request, whose context holds the principal that the auth's
// function returned: [Principal] finds it by its type.
//
// Other requests get an error through [ResponseErrorWriter], with a challenge (RFC
// 9110 §11.6.1, RFC 6750 §3):
//   - without a credential, 401, or 403 if there is nothing but a [CertificateAuth];
//   - with one that isn't accepted, 401 and the error invalid_token;
//   - with one that is sent twice or malformed, 400 and invalid_request, even if
//     another credential is valid, since proxies may have read it differently.
//
// If the function returns an [HTTPEquivError] with a status under 500, the client gets its
// status and text. For any other error, the client is told only that the credential isn't
// valid; the error itself goes to the request's log line, with the credential masked. If
// the function can't find out whether the credential is valid, return [ServiceUnavailable]
// or another error with a status of 500 or more, or the context's error: clients throw away
// their credential after a 401.
//
// Each response has a Vary header that names the headers checked for credentials, so no
// cache serves one user's response to another.
//
// A preflight that a [CORSHandler] in h allows needs no credentials. A refusal has the CORS
// headers that h's response would have had. Browsers send cookies no matter which site
// makes the request: if a credential is a cookie, protect requests that change something
// with [http.CrossOriginProtection].
//
// It panics if h or an auth is nil, or if there is no auth other than [Anonymous].
func Authenticated(h http.Handler, auths ...*Auth) http.Handler {
	ah := &authHandler{handler: mustHandler("Authenticated", h)}
	var vary []string
	for _, a := range auths {
		if a == nil {
			callsite.Panicf("Authenticated: an auth is nil")
		}
		if a.anonymous {
			ah.anonymous = true
			continue
		}
		if a.check == nil {
			callsite.Panicf("Authenticated: an auth is the zero value, which nothing could be checked by: make it by BearerAuth, APIKeyAuth, CertificateAuth or Anonymous")
		}
		copied := *a
		ah.auths, ah.sources = append(ah.auths, &copied), append(ah.sources, a.source)
		if name := a.source.header(); name != "" && !slices.Contains(vary, name) {
			vary = append(vary, name)
		}
	}
	if len(ah.auths) == 0 {
		callsite.Panicf("Authenticated: nothing to authenticate by: give it a BearerAuth, an APIKeyAuth or a CertificateAuth")
	}
	for _, a := range ah.auths {
		a.beside = ah.sources
	}
	ah.vary = strings.Join(vary, ", ")
	return ah
}

// ServeHTTP calls the handler for a request that one of the auths accepts.
func (ah *authHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if cors.IsPreflight(r) && servePreflight(ah.handler, w, r) {
		return
	}
	addVary(w.Header(), ah.vary)
	c, refused := ah.authenticate(r)
	if refused != nil {
		ah.refuse(w, r, refused)
		return
	}
	by := c.auth()
	by.request = *r.WithContext(c)
	record.NoteRequest(w, &by.request)
	defer handBack(r, &by.request)
	ah.handler.ServeHTTP(w, &by.request)
}

// Unwrap returns the wrapped handler.
func (ah *authHandler) Unwrap() http.Handler { return ah.handler }

// String is how [Explain] shows the handler.
func (ah *authHandler) String() string {
	names := make([]string, 0, len(ah.auths)+1)
	for _, a := range ah.auths {
		names = append(names, a.String())
	}
	if ah.anonymous {
		names = append(names, "Anonymous")
	}
	return fmt.Sprintf("Authenticated(%s)", strings.Join(names, " or "))
}

// authenticate returns the caller, or why the request is refused.
func (ah *authHandler) authenticate(r *http.Request) (caller, *authRefusal) {
	var refused *authRefusal
	for _, a := range ah.auths {
		credential, found := a.source.find(r)
		switch found {
		case absent:
			continue
		case malformed:
			return nil, &authRefusal{auth: a, code: invalidRequest, err: BadRequest{errors.New(a.source.malformed())}}
		}
		c, err := a.check(r, a, credential)
		if err == nil {
			return c, nil
		}
		if unsure := isUnsure(err); refused == nil || unsure && !refused.unsure {
			refused = newRefusal(a, err, credential)
		}
	}
	switch {
	case refused != nil:
		return nil, refused
	case !ah.anonymous:
		return nil, &authRefusal{err: Unauthorized{fmt.Errorf("this needs %s", ah.needs())}}
	}
	return &anonymousCaller{authentication{Context: r.Context(), by: ah.asked()}}, nil
}

// asked returns the first auth that a client can be asked for, or just the first.
func (ah *authHandler) asked() *Auth {
	if i := slices.IndexFunc(ah.auths, (*Auth).hasChallenge); i >= 0 {
		return ah.auths[i]
	}
	return ah.auths[0]
}

// needs names the credentials that a request needs.
func (ah *authHandler) needs() string {
	names := make([]string, 0, len(ah.auths))
	for _, a := range ah.auths {
		names = append(names, a.source.what())
	}
	return strings.Join(names, " or ")
}

// Error codes of challenges (RFC 6750 §3.1).
const (
	invalidRequest    = "invalid_request"
	invalidToken      = "invalid_token"
	insufficientScope = "insufficient_scope"
)

// An authRefusal is why a request is refused.
type authRefusal struct {
	auth   *Auth  // whose credential it is, or nil if there was none
	code   string // for the challenge of that auth, or ""
	err    error  // for the client
	cause  error  // for the log, or nil
	unsure bool   // the credential couldn't be checked
}

// newRefusal returns the refusal for an error of the auth's function.
func newRefusal(a *Auth, err error, credential string) *authRefusal {
	err = withoutSecret(err, credential)
	refused := &authRefusal{auth: a, err: err, unsure: isUnsure(err)}
	switch status := statusOf(err); {
	case refused.unsure:
	case status == http.StatusUnauthorized:
		refused.code = invalidToken
	case status == http.StatusBadRequest:
		refused.code = invalidRequest
	case status >= http.StatusInternalServerError: // it has no status of its own
		refused.code, refused.cause = invalidToken, err
		refused.err = Unauthorized{fmt.Errorf("%s isn't valid", a.source.what())}
	}
	return refused
}

// isUnsure reports whether an error means that the credential couldn't be checked.
func isUnsure(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	equiv, ok := errors.AsType[HTTPEquivError](err)
	return ok && !isNil(reflect.ValueOf(equiv)) && statusOf(err) >= http.StatusInternalServerError
}

// refuse answers a refused request.
func (ah *authHandler) refuse(w http.ResponseWriter, r *http.Request, refused *authRefusal) {
	err := refused.err
	if statusOf(err) == http.StatusUnauthorized && !ah.asked().hasChallenge() {
		err = withoutChallenge(err)
	}
	if refused.unsure {
		err = failure(w, r, err)
	} else if refused.cause != nil {
		err = record.Withhold(err, record.NoteRefusal(w, refused.cause, newID))
	}
	if refused.code != "" || refused.auth == nil || statusOf(err) == http.StatusUnauthorized {
		for _, a := range ah.auths {
			if !a.hasChallenge() {
				continue
			}
			code := ""
			if a == refused.auth {
				code = refused.code
			}
			w.Header().Add("WWW-Authenticate", a.challenge(code, err.Error(), nil))
		}
	}
	shareRefusal(ah.handler, w, r)
	writeError(w, r, err)
}

// withoutChallenge returns a 401 as a 403 with the same text: there is nothing that it could
// ask for (RFC 9110 §15.5.2).
func withoutChallenge(err error) error {
	if p, ok := asProblem(err); ok {
		p.Status, p.Title = http.StatusForbidden, ""
		return p
	}
	if equiv, ok := errors.AsType[Unauthorized](err); ok && equiv.Err != nil {
		err = equiv.Err
	}
	return Forbidden{err}
}

// failure returns the error for the client where a request couldn't be authenticated:
// only its status, unless it is a [Problem].
func failure(w http.ResponseWriter, r *http.Request, err error) error {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return clientGone{}
	}
	if _, ok := asProblem(err); ok {
		return err
	}
	if late := inTime(r, w, err); late != err { //nolint:errorlint // whether it is the same one
		return late
	}
	return record.Withhold(NewHTTPEquivError(nil, statusOf(err)), record.Note(w, err, newID))
}

// Describe adds the ways to authenticate, and the refusals.
func (ah *authHandler) Describe(op *Operation) {
	schemes := make([]SecurityScheme, 0, len(ah.auths)+1)
	knowScopes := true
	for _, a := range ah.auths {
		schemes = append(schemes, a.scheme)
		knowScopes = knowScopes && a.knowsScopes
	}
	if knowScopes {
		for i := range schemes {
			schemes[i].Scopes = op.Scopes
		}
		op.Scopes = nil
	}
	if ah.anonymous {
		schemes = append(schemes, SecurityScheme{})
	}
	first := schemes[0]
	first.Or = schemes[1:]
	op.Security = append(op.Security, first)
	if !ah.asked().hasChallenge() {
		op.AddError(http.StatusForbidden, "the client has no valid certificate")
		return
	}
	op.AddError(http.StatusBadRequest, "a credential is repeated or malformed")
	op.AddError(http.StatusUnauthorized, "the request has no valid credential")
	op.Response(http.StatusUnauthorized).SetHeader("WWW-Authenticate", "How to authenticate.", &schema.Schema{Types: []string{"string"}})
}

// withoutSecret returns an error with the same status, and the secret masked in its text.
func withoutSecret(err error, secret string) error {
	if secret == "" || !strings.Contains(err.Error(), secret) {
		return err
	}
	masked := errors.New(strings.ReplaceAll(err.Error(), secret, linelog.Redacted))
	if _, ok := errors.AsType[HTTPEquivError](err); !ok {
		return masked
	}
	return NewHTTPEquivError(masked, statusOf(err))
}

// A Scoper is a principal that knows its scopes, names such as "issues:write".
type Scoper interface {
	HasScope(scope string) bool
}

// A scopedHandler passes on requests whose principal has the scopes.
type scopedHandler struct {
	handler http.Handler
	scopes  []string
}

// Scoped returns a handler that calls h only if the principal of the request has all of
// these scopes (RFC 6749 §3.3). Put it inside an [Authenticated], usually round one
// endpoint of a mux that the Authenticated wraps:
//
//	mux.Handle("POST", "/issues", tigertonic.Scoped(tigertonic.Typed(create), "issues:write"))
//	tigertonic.Authenticated(mux, tigertonic.BearerAuth(verify))
//
// The principal is that of the innermost Authenticated whose type is a [Scoper]. If it
// lacks one of the scopes, the response is a 403 with a challenge that has the error
// insufficient_scope and names all of the scopes (RFC 6750 §3.1). An anonymous request gets
// a 401. If no principal is a Scoper, every request gets a 500. The document names the
// scopes.
//
// It panics if there is no scope or a scope has an invalid character, if h is nil, or if h
// contains an Authenticated, which belongs outside.
func Scoped(h http.Handler, scopes ...string) http.Handler {
	if len(scopes) == 0 {
		callsite.Panicf("Scoped: no scope")
	}
	for _, scope := range scopes {
		if err := checkScope(scope); err != nil {
			callsite.Panicf("Scoped: %v", err)
		}
	}
	mustHandler("Scoped", h)
	for inner, i := h, 0; inner != nil && i < maxWrappers; inner, i = unwrap(inner), i+1 {
		if ah, ok := inner.(*authHandler); ok {
			callsite.Panicf("Scoped: it is outside of %v, which has to be outside of it: write Authenticated(Scoped(h, %q), …)", ah, scopes[0])
		}
	}
	return &scopedHandler{h, slices.Clone(scopes)}
}

// checkScope returns what is wrong with a scope (RFC 6749 §3.3).
func checkScope(scope string) error {
	if scope == "" || strings.ContainsFunc(scope, func(c rune) bool { return c <= ' ' || c == '"' || c == '\\' || c >= 0x7f }) {
		return fmt.Errorf("%q isn't a scope", scope)
	}
	return nil
}

// ServeHTTP calls the handler if the request's principal has the scopes.
func (sh *scopedHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := RequireScopes(r.Context(), sh.scopes...)
	if err == nil {
		sh.handler.ServeHTTP(w, r)
		return
	}
	switch p, _ := asProblem(err); p.Status {
	case http.StatusForbidden:
		setHeaders(w.Header(), p.Header, "")
		err = Forbidden{errors.New(p.Detail)}
	case http.StatusUnauthorized:
		setHeaders(w.Header(), p.Header, "")
		err = Unauthorized{errors.New(p.Detail)}
	default:
		err = failure(w, r, err)
	}
	shareRefusal(sh.handler, w, r)
	writeError(w, r, err)
}

// Unwrap returns the handler that is called for requests that pass.
func (sh *scopedHandler) Unwrap() http.Handler { return sh.handler }

// String is how [Explain] shows the handler.
func (sh *scopedHandler) String() string {
	return fmt.Sprintf("Scoped(%s)", strings.Join(sh.scopes, " "))
}

// Describe adds the scopes and the refusal.
func (sh *scopedHandler) Describe(op *Operation) {
	for _, scope := range sh.scopes {
		if !slices.Contains(op.Scopes, scope) {
			op.Scopes = append(slices.Clip(op.Scopes), scope)
		}
	}
	op.AddError(http.StatusForbidden, "the caller lacks a scope")
	op.Response(http.StatusForbidden).SetHeader("WWW-Authenticate", "Which scopes it needs.", &schema.Schema{Types: []string{"string"}})
}

// RequireScopes returns nil if the principal of the request with this context has all of
// the scopes, and otherwise a [Problem] with the response that [Scoped] would send. Use it
// in a [Typed] function for scopes that depend on the input.
func RequireScopes(ctx context.Context, scopes ...string) error {
	c, ok := ctx.Value(callerKey{}).(caller)
	if !ok {
		return errNoScoper
	}
	lacks := slices.ContainsFunc(scopes, func(scope string) bool { return !c.hasScope(scope) })
	if !lacks {
		return nil
	}
	p := Problem{Status: http.StatusForbidden, Detail: "this needs the scope " + strings.Join(scopes, " ")}
	code := insufficientScope
	if _, ok := c.(*anonymousCaller); ok {
		p.Status, code = http.StatusUnauthorized, ""
	}
	switch challenge := c.auth().by.challenge(code, p.Detail, scopes); {
	case challenge != "":
		p.Header = http.Header{"Www-Authenticate": {challenge}}
	case p.Status == http.StatusUnauthorized: // which would need one
		p.Status = http.StatusForbidden
	}
	return p
}

var errNoScoper = errors.New("tigertonic: scopes are required, but there is no Authenticated round it whose principal has the method HasScope")
