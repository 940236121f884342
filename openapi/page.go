package openapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // of the style and the script
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/internal/callsite"
)

var (
	//go:embed page.css
	pageStyle string
	//go:embed page.js
	pageScript string
)

// Page returns a handler that shows a document to people: every operation with
// its parameters, schemas and examples, a curl line to copy and a form that sends
// the request. It can be mounted anywhere, and openapi.New leaves it out of its
// documents.
//
// A small document is one HTML page, made for the first request. One that would be
// longer than 300 KB opens with a list of its groups, and has a page for each group,
// operation and schema, which are asked for by a query of the same address and made
// when they are. They are the same for everybody, and have an ETag. All of it can be
// read without a script; the script adds the forms, the search over everything, and the
// choice between light and dark. With the queries ?openapi.json and ?openapi.yaml it is the
// document itself, to which it has links.
//
// A strict Content-Security-Policy lets the browser run nothing but the page's
// own style and script, and lets it connect to nothing but the page's origin, the
// hosts of the operations and the first of [Info.Servers]. Requests go to that
// server, which is the page's origin by default. They carry cookies only if the
// operation is described as having one.
//
// It panics if doc is nil.
func Page(doc *Document) http.Handler {
	if doc == nil {
		callsite.Panicf("openapi.Page: the document is nil")
	}
	return &page{
		doc:    doc,
		name:   fmt.Sprintf("openapi.Page(%q)", doc.info.Title),
		policy: contentSecurityPolicy(doc),
		site:   sync.OnceValue(func() *site { return newSite(doc) }),
	}
}

// The queries with which a page answers with its document, to which it has links: it
// doesn't know where else the document is served, if it is.
const (
	documentQuery = "openapi.json"
	yamlQuery     = "openapi.yaml"
)

// indexQuery is the query for what the search of a page that isn't whole looks through.
const indexQuery = "search.json"

// A page is a document for people, and as it is.
type page struct {
	doc    *Document
	name   string // that Explain shows
	policy string
	site   func() *site
}

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if refusesMethod(w, r) {
		return
	}
	switch r.URL.RawQuery {
	case documentQuery:
		p.doc.serveJSON(w, r)
		return
	case yamlQuery:
		p.doc.serveYAML(w, r)
		return
	case indexQuery:
		index := p.site().index()
		serveText(w, r, "application/json", index, etag(index))
		return
	}
	text := p.site().page(r.URL.Query())
	if text == nil {
		tigertonic.ResponseErrorWriter.WriteError(r, w, tigertonic.NotFound{Err: errors.New("the document has nothing with that name")})
		return
	}
	w.Header().Set("Content-Security-Policy", p.policy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	serveText(w, r, "text/html; charset=utf-8", text, etag(text))
}

// Describe leaves the handler out of documents.
func (p *page) Describe(op *tigertonic.Operation) { op.Hidden = true }

// String is how [tigertonic.Explain] shows the handler.
func (p *page) String() string { return p.name }

// refusesMethod reports whether a request isn't GET or HEAD, and answers it then.
func refusesMethod(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return false
	}
	w.Header().Set("Allow", "GET, HEAD")
	tigertonic.ResponseErrorWriter.WriteError(r, w, tigertonic.MethodNotAllowed{Err: errors.New("only GET, HEAD are allowed")})
	return true
}

// serveText answers with a text, or with 304 if the client has it.
func serveText(w http.ResponseWriter, r *http.Request, contentType string, text []byte, etag string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Etag", etag)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
}

func etag(text []byte) string {
	sum := sha256.Sum256(text)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

// contentSecurityPolicy returns the policy of a document's page.
func contentSecurityPolicy(doc *Document) string {
	return strings.Join([]string{
		"default-src 'none'",
		"style-src " + hashSource(pageStyle),
		"script-src " + hashSource(pageScript),
		"connect-src " + strings.Join(connectSources(doc), " "),
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
	}, "; ")
}

// hashSource returns what allows an inline text (CSP Level 3 §2.3.1).
func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// connectSources returns where requests may go. The names of hosts have no port,
// which is then the page's, or any other behind which the service is reached.
func connectSources(doc *Document) []string {
	sources := []string{"'self'"}
	add := func(source string) {
		if !slices.Contains(sources, source) {
			sources = append(sources, source)
		}
	}
	if u, err := url.Parse(server(doc)); err == nil && isSourceHost(u.Host) {
		add(u.Scheme + "://" + u.Host)
	}
	for i := range doc.operations {
		if host := bracketed(doc.operations[i].host); isSourceHost(host) {
			add(host + ":*")
		}
	}
	return sources
}

// isSourceHost reports whether a host can stand in a policy (CSP Level 3 §2.3.1),
// which addresses of IPv6 can't.
func isSourceHost(host string) bool {
	return host != "" && strings.IndexFunc(host, func(c rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:", c)
	}) < 0
}

// bracketed returns a host as it is written in a URL (RFC 3986 §3.2.2).
func bracketed(host string) string {
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		return "[" + host + "]"
	}
	return host
}

// server returns the URL that paths are appended to: of a server, or "" for the
// origin of the page, or a path on it.
func server(doc *Document) string {
	if len(doc.info.Servers) == 0 {
		return ""
	}
	s := strings.TrimRight(doc.info.Servers[0].address(), "/")
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return ""
	case u.Host == "":
		return u.EscapedPath()
	case u.Scheme == "http" || u.Scheme == "https":
		return u.Scheme + "://" + u.Host + u.EscapedPath()
	}
	return ""
}
