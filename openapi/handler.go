package openapi

import (
	"net/http"
	"strings"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
)

// Handler returns a handler that serves the document for GET and HEAD, with a strong
// ETag, so that a client that has it gets a 304 (RFC 9110 §13.1.2). It is
// application/json, or application/yaml (RFC 9512) if the path ends in .yaml or .yml
// or the Accept header prefers that. A client that accepts neither gets JSON (RFC 9110
// §12.5.1). Other methods get a 405 through [tigertonic.ResponseErrorWriter].
//
// [New] leaves the handler out of its documents.
func (d *Document) Handler() http.Handler { return documentHandler{d} }

type documentHandler struct{ doc *Document }

func (h documentHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if refusesMethod(w, r) {
		return
	}
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, ".yaml"), strings.HasSuffix(path, ".yml"):
		h.doc.serveYAML(w, r)
	case strings.HasSuffix(path, ".json"):
		h.doc.serveJSON(w, r)
	default:
		w.Header().Add("Vary", "Accept")
		if httpfield.Preferred(r, []string{httpfield.JSON, yamlType}) == yamlType {
			h.doc.serveYAML(w, r)
		} else {
			h.doc.serveJSON(w, r)
		}
	}
}

const yamlType = "application/yaml"

func (d *Document) serveJSON(w http.ResponseWriter, r *http.Request) {
	serveText(w, r, httpfield.JSON, d.json(), d.etag())
}

func (d *Document) serveYAML(w http.ResponseWriter, r *http.Request) {
	serveText(w, r, yamlType, d.yaml(), d.yamlETag())
}

// Describe leaves the handler out of documents.
func (h documentHandler) Describe(op *tigertonic.Operation) { op.Hidden = true }

// String is how [tigertonic.Explain] shows the handler.
func (h documentHandler) String() string { return "openapi.Document" }
