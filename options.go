package tigertonic

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/rcrowley/go-tigertonic/internal/cors"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
	"github.com/rcrowley/go-tigertonic/internal/trie"
)

// What a mux responds by itself: 404, 405, and to OPTIONS, of which a preflight is one.
// A browser asks by a preflight whether a script may make a request (Fetch §4.8). Who
// responds is the mux that has the path, or a CORSHandler or a guard outside of it, with
// the headers of the CORSHandler of the requested method. Neither the handler of that
// method nor those that guard it are called.
//
// What there is for a path depends on the routes that match it, so a mux works it out
// once for each set of routes.

// An offer is what a mux has for a path, whatever the method. It is also the handler of
// requests with another method.
type offer struct {
	found   []*trie.Route // that match the path, the most specific first
	allow   cors.Methods
	body    []byte // of the response to OPTIONS, in JSON
	refusal error  // of other methods
	// rules are those of the path without CORS from outside of the mux, once they are
	// known, or none if they depend on more than these routes.
	rules atomic.Pointer[cors.Rules]
}

// offered is an offer, or nil if no route matches the path, and the mount that has the
// methods that aren't in it, or nil.
type offered struct {
	offer *offer
	mount *trie.Mount
	left  string // of the path, for the mount
}

// all returns what there is for the path: the routes whose handlers are given it.
func (mux *TrieServeMux) all(path string, escaped bool) offered {
	var matches trie.Matches
	s := trie.Search{Escaped: escaped, Matches: &matches}
	s.Find(&mux.root, path)
	all, matching := offered{nil, matches.Mount, matches.Left}, matches.Routes()
	given := slices.DeleteFunc(matching, func(rt *trie.Route) bool { return refuses(rt, path, escaped) })
	switch {
	case len(given) == 0:
	case len(given) < len(matching): // of a path that can be read in two ways
		all.offer = newOffer(given)
		all.offer.rules.Store(&cors.Rules{})
	default:
		all.offer = mux.offer(given)
	}
	return all
}

// offer returns the offer of these routes.
func (mux *TrieServeMux) offer(found []*trie.Route) *offer {
	if kept, ok := mux.offers.Load(found[0]); ok {
		if o := kept.(*offer); slices.Equal(o.found, found) {
			return o
		}
	}
	o := newOffer(found)
	mux.offers.Store(found[0], o)
	return o
}

func newOffer(found []*trie.Route) *offer {
	o := &offer{found: slices.Clone(found), allow: cors.NewMethods(methodsOf(found))}
	o.refusal = MethodNotAllowed{errors.New("only " + o.allow.Text + " are allowed")}
	o.body = []byte(`{"allow":`)
	separator := byte('[')
	for _, name := range o.allow.Names {
		o.body = jsonscan.AppendHTMLSafeString(append(o.body, separator), name)
		separator = ','
	}
	o.body = append(o.body, "]}\n"...)
	return o
}

// methodsOf returns the methods, sorted, that a path with these routes has.
func methodsOf(routes []*trie.Route) []string {
	methods := make([]string, 0, len(routes)+2)
	for _, rt := range routes {
		methods = append(methods, rt.Method())
	}
	if slices.Contains(methods, http.MethodGet) {
		methods = append(methods, http.MethodHead)
	}
	methods = append(methods, http.MethodOptions)
	slices.Sort(methods)
	return slices.Compact(methods)
}

// methods returns those of the path, none if o is nil.
func (o *offer) methods() cors.Methods {
	if o == nil {
		return cors.Methods{}
	}
	return o.allow
}

// isExplicit reports whether there is a handler for OPTIONS, which then takes over. There
// is none if o is nil.
func (o *offer) isExplicit() bool {
	return o != nil && slices.ContainsFunc(o.found, func(rt *trie.Route) bool { return rt.Method() == http.MethodOptions })
}

// isExplicit reports whether a mux has sent the request to a handler that was
// registered for OPTIONS, which then takes over.
func isExplicit(r *http.Request) bool { return strings.HasPrefix(r.Pattern, http.MethodOptions+" ") }

// NotFoundHandler answers 404 through [ResponseErrorWriter].
type NotFoundHandler struct{}

// ServeHTTP writes a [NotFound].
func (NotFoundHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	writeError(w, r, NotFound{(*missing)(r)})
}

// missing is a request that there is no handler for, as an error. Not every ErrorWriter
// wants its text.
type missing http.Request

func (m *missing) Error() string {
	return m.Method + " " + sentPath((*http.Request)(m)) + " not found"
}

// sentPath returns the path that the client sent, of which namespaces may have
// been taken off since.
func sentPath(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		path, _, _ := strings.Cut(r.RequestURI, "?")
		return path
	}
	return r.URL.EscapedPath()
}

// ServeHTTP writes a [MethodNotAllowed].
func (o *offer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	values := valuesFor(w.Header())
	values.set("Allow", o.allow.Text)
	values.done()
	writeErrorIn(w, r, o.refusal)
}

// MethodNotAllowedHandler answers 405 through [ResponseErrorWriter]. The Allow
// header names the methods of the mux that returned the handler for this
// request, and is empty if there was none (RFC 9110 §10.2.1).
type MethodNotAllowedHandler struct{}

// ServeHTTP writes a [MethodNotAllowed].
func (MethodNotAllowedHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if known, ok := r.Context().Value(allowKey{}).(*allowed); ok {
		known.offer.ServeHTTP(w, r)
		return
	}
	w.Header()["Allow"] = []string{""}
	writeError(w, r, MethodNotAllowed{errors.New("no method is allowed")})
}

// An allowed is the context of a request whose path has other methods. They can't be in
// the handler that [TrieServeMux.Handler] returns, which users compare with its zero value.
type allowed struct {
	context.Context //nolint:containedctx // it is the context
	offer           *offer
}

// allowKey is the context's key for it.
type allowKey struct{}

func (a *allowed) Value(key any) any {
	if key == (allowKey{}) {
		return a
	}
	return a.Context.Value(key)
}

// An optionsHandler answers OPTIONS for a path, and so a preflight.
type optionsHandler struct {
	mux *TrieServeMux
	all offered
}

func (oh *optionsHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := survey{r: r}
	s.found(oh.mux, oh.all, spotOf(r), "", nil)
	switch {
	case cors.IsPreflight(r):
		oh.preflight(w, &s)
	case r.Header[CORSRequestMethod] != nil:
		addVary(w.Header(), varyPreflight)
	case !s.rules.HavePolicy():
	default:
		if p := s.rules.Sharer(r); p != nil {
			shareWith(p, w.Header(), r)
		} else {
			addVary(w.Header(), varyOrigin)
		}
	}
	oh.all.offer.writeOptions(w, r)
}

// preflight adds what the CORSHandler of the requested method says. If no handler of
// the path has one, it lists the methods without allowing anybody to use them:
// middleware outside that isn't a CORSHandler may do that. If other methods have a
// CORSHandler, browsers mustn't cache what that middleware allows, since they would
// remember its headers for these, too.
func (oh *optionsHandler) preflight(w http.ResponseWriter, s *survey) {
	if s.answer(w, false) {
		return
	}
	h := w.Header()
	_, known := s.rules.For(s.r, s.r.Header[CORSRequestMethod][0])
	switch {
	case s.rules.HavePolicy():
		if h[CORSAllowOrigin] != nil {
			h.Set(corsMaxAge, "0")
		}
	case known && h[CORSAllowMethods] == nil:
		h.Set(CORSAllowMethods, oh.all.offer.allow.Text)
	}
}

// writeOptions writes {"allow":["GET",…]}, or the methods in plain text if the client
// doesn't accept JSON. Nobody keeps it (RFC 9110 §9.3.7), so it says no Vary.
func (o *offer) writeOptions(w http.ResponseWriter, r *http.Request) {
	contentType := httpfield.JSON
	if !httpfield.Accepts(r, httpfield.JSON) {
		contentType = httpfield.PlainText
	}
	values := valuesFor(w.Header())
	values.set("Allow", o.allow.Text)
	values.set("Content-Type", contentType)
	values.done()
	if contentType == httpfield.PlainText {
		_, _ = io.WriteString(w, o.allow.Text) // a client that is gone is no error
		return
	}
	answerBytes(o.body, w, http.StatusOK)
}
