package main

import (
	"embed"
	"net/http"

	"github.com/rcrowley/go-tigertonic"
)

// page has the live page, its style and its script.
//
//go:embed page
var page embed.FS

// policy lets the page load its own files and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// file returns a handler for a file of the page. It isn't in the document, because it isn't
// for programs.
func file(name, mediaType string) http.Handler {
	text, err := page.ReadFile("page/" + name)
	if err != nil {
		panic(err) // it is embedded
	}
	return tigertonic.Described(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", mediaType)
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		_, _ = w.Write(text) // the client may have gone
	}), func(op *tigertonic.Operation) { op.Hidden = true })
}
