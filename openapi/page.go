package openapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // of the template, the style and the script
	"encoding/base64"
	"fmt"
	htmltemplate "html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

var (
	//go:embed page.html.tmpl
	pageTemplate string
	//go:embed page.css
	pageStyle string
	//go:embed page.js
	pageScript string
)

// Page returns a handler that shows a document to people: every operation with
// its parameters, schemas and examples, a curl line to copy and a form that sends
// the request. It is one HTML page, rendered once and the same for everybody,
// with an ETag, which can be mounted anywhere, and which openapi.New leaves out
// of its documents. Without a script it can be read; the script adds the forms,
// the search and the choice between light and dark.
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
		panic("tigertonic: openapi.Page: the document is nil")
	}
	var b bytes.Buffer
	t := htmltemplate.Must(htmltemplate.New("page").Parse(pageTemplate))
	if err := t.Execute(&b, newPageView(doc)); err != nil {
		panic(fmt.Sprintf("tigertonic: openapi.Page: %v", err)) // the template doesn't fit its data
	}
	return newFile(fmt.Sprintf("openapi.Page(%q)", doc.info.Title), b.Bytes(), map[string]string{
		"Content-Security-Policy": contentSecurityPolicy(doc),
		"Content-Type":            "text/html; charset=utf-8",
		"Referrer-Policy":         "no-referrer",
	})
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
	for _, op := range doc.operations {
		if host := bracketed(op.host); isSourceHost(host) {
			add(host + ":*")
		}
	}
	return sources
}

// isSourceHost tells whether a host can stand in a policy (CSP Level 3 §2.3.1),
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
	s := strings.TrimRight(doc.info.Servers[0], "/")
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
