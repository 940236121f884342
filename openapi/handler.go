package openapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
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
func (d *Document) Handler() http.Handler {
	return newFile("openapi.Document", d.json, map[string]string{"Content-Type": "application/json"})
}

// A file is a text that never changes, as a handler.
type file struct {
	name   string // that Explain shows
	text   []byte
	header map[string]string
}

func newFile(name string, text []byte, header map[string]string) *file {
	sum := sha256.Sum256(text)
	header["Cache-Control"] = "no-cache"
	header["Etag"] = `"` + hex.EncodeToString(sum[:16]) + `"`
	header["X-Content-Type-Options"] = "nosniff"
	return &file{name, text, header}
}

func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		tigertonic.ResponseErrorWriter.WriteError(r, w, tigertonic.MethodNotAllowed{Err: errors.New("only GET, HEAD are allowed")})
		return
	}
	for name, value := range f.header {
		w.Header().Set(name, value)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.text))
}

// Describe leaves the handler out of documents.
func (f *file) Describe(op *tigertonic.Operation) { op.Hidden = true }

// String is how [tigertonic.Explain] shows the handler.
func (f *file) String() string { return f.name }
