package tigertonic

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/record"
	"github.com/rcrowley/go-tigertonic/internal/trie"
)

// Functions of the classic API find the wildcards of their pattern in the query.
// Where the query of the request itself would be changed for them, it would be for
// everybody whom the request is given to, and leave the service with those who send
// it on. So each of these functions is shown a query of its own.

// A queryHandler puts wildcards into the query.
type queryHandler struct{ handler http.Handler }

// WildcardsInQuery returns a handler that writes the wildcards of the request's
// pattern into r.URL.RawQuery for h, and has every [TrieServeMux] in h do the same
// for the handlers in it, as Tiger Tonic did for every handler until 2017: they are
// found by r.URL.Query().Get("name") and Get("{name}"), where they take the place of
// what the client sent under these names, and by r.FormValue, which puts the
// parameters of a form in the body first. The functions given to [Marshaled], [If]
// and [PostProcessed] need none of it.
//
// It is for handlers that were written for that. Round a whole service one is
// enough:
//
//	tigertonic.NewServer(":8000", tigertonic.WildcardsInQuery(mux))
//
// A handler that sends the URL on, such as [net/http/httputil.ReverseProxy] or
// [http.FileServer], then sends the wildcards with it. A [HandlerFunc], a
// [ParamsFunc] and a [Typed] endpoint see the query as it was sent. The request is
// changed, as a mux changes it.
func WildcardsInQuery(h http.Handler) http.Handler {
	return &queryHandler{mustHandler("WildcardsInQuery", h)}
}

// ServeHTTP calls the handler.
func (qh *queryHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.SetPathValue(queryMark, "1")
	fillQuery(r)
	qh.handler.ServeHTTP(w, r)
}

// Unwrap returns the handler without the wildcards in its query.
func (qh *queryHandler) Unwrap() http.Handler { return qh.handler }

// String is how [Explain] shows the handler.
func (qh *queryHandler) String() string { return "WildcardsInQuery" }

// queryMark is a name that no wildcard can have. Its value says that a queryHandler is
// round the mux: it costs less to look up than a value of the context.
const queryMark = "..."

func inQueryHandler(r *http.Request) bool { return r.PathValue(queryMark) != "" }

// fillQuery puts the wildcards of the request's pattern into its query, and its
// form if that has been parsed. It does nothing if they are there already.
func fillQuery(r *http.Request) {
	var kept [8]string
	names := appendWildcards(kept[:0], r.Pattern)
	if len(names) == 0 {
		return
	}
	r.URL.RawQuery = queryWith(names, r)
	if r.Form == nil {
		return
	}
	for _, name := range names {
		value := PathValue(r, name)
		r.Form.Set("{"+name+"}", value)
		for ok := true; ok; name, ok = trie.WithoutBraces(name) {
			r.Form.Set(name, value)
		}
	}
}

// classicURL returns the request's URL with the wildcards in its query, which is a
// copy if they aren't in it.
func classicURL(r *http.Request) *url.URL {
	var kept [8]string
	names := appendWildcards(kept[:0], r.Pattern)
	if len(names) == 0 {
		return r.URL
	}
	query := queryWith(names, r)
	if query == r.URL.RawQuery {
		return r.URL
	}
	u := *r.URL
	u.RawQuery = query
	return &u
}

// A lentQuery is what a function of the classic API is shown in a request that
// others get after it.
type lentQuery struct {
	sent, shown string
	parsed      bool // the form, before
}

// lendQuery fills the query for a function that is called before takeBack is.
func lendQuery(r *http.Request) lentQuery {
	lent := lentQuery{sent: r.URL.RawQuery, parsed: r.Form != nil}
	fillQuery(r)
	lent.shown = r.URL.RawQuery
	return lent
}

// takeBack makes the query what it was, unless the function has changed it. A form
// that the function has parsed can be parsed again, from the body's that r.PostForm
// keeps.
func (lent lentQuery) takeBack(r *http.Request) {
	if lent.shown == lent.sent {
		return
	}
	if r.URL != nil && r.URL.RawQuery == lent.shown {
		r.URL.RawQuery = lent.sent
		if !lent.parsed {
			r.Form = nil
		}
	}
}

// appendWildcards appends the names of a pattern's wildcards, each once.
func appendWildcards(names []string, pattern string) []string {
	if strings.IndexByte(pattern, '{') < 0 {
		return names
	}
	pattern = pattern[max(strings.IndexByte(pattern, '/'), 0):] // the method, or another router's host, comes before
	for pattern != "" {
		text := ""
		text, pattern = trie.CutSegment(pattern)
		name, kind := trie.ParseWildcard(text)
		if kind == trie.Literal || name == "$" {
			continue // as that is in net/http
		}
		name, _, _ = strings.Cut(name, ":") // in another router, {name:expression}
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// queryWith returns the request's query with these wildcards in it. The query's own
// parameters of these names are left out, in whatever way they are spelled.
func queryWith(names []string, r *http.Request) string {
	var buf [256]byte
	query := buf[:0]
	for _, name := range names {
		query = appendParameters(query, name, PathValue(r, name))
	}
	query = appendOthers(query, r.URL.RawQuery, names)
	if string(query) == r.URL.RawQuery {
		return r.URL.RawQuery
	}
	return string(query)
}

// appendParameters appends the parameters of a wildcard: its name in braces, and
// its name, from which braces are taken off one by one.
func appendParameters(query []byte, name, value string) []byte {
	if len(query) > 0 {
		query = append(query, '&')
	}
	query = append(query, "%7B"...)
	query = appendEscaped(query, name)
	query = append(query, "%7D="...)
	valueStart := len(query)
	query = appendEscaped(query, value)
	valueEnd := len(query)
	for ok := true; ok; name, ok = trie.WithoutBraces(name) {
		query = append(query, '&')
		query = appendEscaped(query, name)
		query = append(query, '=')
		query = append(query, query[valueStart:valueEnd]...)
	}
	return query
}

// appendEscaped appends what url.QueryEscape returns.
func appendEscaped(query []byte, s string) []byte {
	plain := 0
	for plain < len(s) && isUnreserved(s[plain]) {
		plain++
	}
	query = append(query, s[:plain]...)
	for i := plain; i < len(s); i++ {
		switch c := s[i]; {
		case isUnreserved(c):
			query = append(query, c)
		case c == ' ':
			query = append(query, '+')
		default:
			query = append(query, '%', upperHex[c>>4], upperHex[c&0xf])
		}
	}
	return query
}

// isUnreserved reports whether c stands for itself in a URL (RFC 3986 §2.3).
func isUnreserved(c byte) bool {
	return c|0x20-'a' < 26 || c-'0' < 10 || c == '-' || c == '.' || c == '_' || c == '~'
}

const upperHex = "0123456789ABCDEF"

// appendOthers appends the parameters of rawQuery that aren't those of these
// wildcards.
func appendOthers(query []byte, rawQuery string, names []string) []byte {
	for rawQuery != "" {
		var parameter string
		parameter, rawQuery, _ = strings.Cut(rawQuery, "&")
		key, _, _ := strings.Cut(parameter, "=")
		if unescaped, err := url.QueryUnescape(key); err == nil {
			key = unescaped
		}
		if parameter != "" && !slices.ContainsFunc(names, func(name string) bool { return isParameterOf(name, key) }) {
			query = append(query, '&')
			query = append(query, parameter...)
		}
	}
	return query
}

// isParameterOf reports whether a parameter is one of those of a wildcard.
func isParameterOf(name, key string) bool {
	if inner, ok := trie.WithoutBraces(key); ok && inner == name {
		return true
	}
	for ok := true; ok; name, ok = trie.WithoutBraces(name) {
		if key == name {
			return true
		}
	}
	return false
}

// isWildcardInQuery reports whether a queryHandler has put the parameter into the query.
func isWildcardInQuery(r *http.Request, name string) bool {
	return inQueryHandler(r) && slices.ContainsFunc(appendWildcards(nil, r.Pattern), func(wildcard string) bool { return isParameterOf(wildcard, name) })
}

// A strictQueryHandler makes the endpoints in a handler strict.
type strictQueryHandler struct{ handler http.Handler }

// StrictQuery returns a handler that makes all endpoints in h strict, as by
// [Endpoint.StrictQuery]: a request with unknown query parameters gets a 400 that names
// them. Put it round a mux, a part of a service or all of it, where a mistyped ?limt=5
// should be an error rather than nothing. An endpoint that takes any parameters says so with
// [Endpoint.AnyQuery]. Handlers that aren't endpoints read the query themselves, and it
// changes nothing for them.
//
// If there is a query, h gets a copy of the request. StrictQuery panics if h is nil.
func StrictQuery(h http.Handler) http.Handler {
	return &strictQueryHandler{mustHandler("StrictQuery", h)}
}

// ServeHTTP calls the handler.
func (sh *strictQueryHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawQuery == "" || isStrictQuery(r.Context()) {
		sh.handler.ServeHTTP(w, r)
		return
	}
	strict := &strictQuery{Context: r.Context()}
	strict.request = *r.WithContext(strict)
	record.NoteRequest(w, &strict.request)
	defer handBack(r, &strict.request)
	sh.handler.ServeHTTP(w, &strict.request)
}

// Unwrap returns the handler with the endpoints.
func (sh *strictQueryHandler) Unwrap() http.Handler { return sh.handler }

// Describe adds the 400, if the operation is an endpoint's that it makes strict.
func (sh *strictQueryHandler) Describe(op *Operation) {
	if op.strictable {
		op.addUnreadable()
	}
}

// String is how [Explain] shows the handler.
func (sh *strictQueryHandler) String() string { return "StrictQuery" }

// strictQuery is the context of a request to endpoints that are strict by default.
type strictQuery struct {
	context.Context //nolint:containedctx // it is the context
	request         http.Request
}

type strictQueryKey struct{}

// Value returns the context itself, or what the outer one has.
func (strict *strictQuery) Value(key any) any {
	if key == (strictQueryKey{}) {
		return strict
	}
	return strict.Context.Value(key)
}

// isStrictQuery reports whether a strictQueryHandler is round an endpoint.
func isStrictQuery(ctx context.Context) bool {
	_, ok := ctx.Value(strictQueryKey{}).(*strictQuery)
	return ok
}
