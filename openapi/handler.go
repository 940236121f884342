package openapi

import (
	"bytes"
	"errors"
	"net/http"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

// Handler returns a handler that answers GET and HEAD with the document as
// application/json, with a strong ETag, so that a client that has it already is
// answered 304 (RFC 9110 §13.1.2). Other methods are answered 405 through
// [tigertonic.ResponseErrorWriter]. There is no other format to negotiate, so
// Accept makes no difference (RFC 9110 §12.5.1).
//
// [New] leaves the handler out of its documents.
func (d *Document) Handler() http.Handler { return &documentHandler{d} }

type documentHandler struct{ doc *Document }

func (dh *documentHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		tigertonic.ResponseErrorWriter.WriteError(r, w, tigertonic.MethodNotAllowed{Err: errors.New("only GET, HEAD are allowed")})
		return
	}
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Type", "application/json")
	h.Set("Etag", dh.doc.etag)
	h.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(dh.doc.json))
}

// Describe leaves the handler out of documents.
func (dh *documentHandler) Describe(op *tigertonic.Operation) { op.Hidden = true }

// String is how [tigertonic.Explain] shows the handler.
func (dh *documentHandler) String() string { return "openapi.Document" }
