package recipes

import (
	"io"
	"net/http"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
	"github.com/swaggest/swgui/v5emb"
)

// viewed is a service with three pages for its document.
func viewed() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/greeting", tigertonic.Typed(hello))
	doc := openapi.New(mux, openapi.Info{Title: "Greetings", Version: "1.0"})

	hide := func(op *tigertonic.Operation) { op.Hidden = true }
	mux.Handle("GET", "/openapi.json", doc.Handler())
	mux.Handle("GET", "/docs", openapi.Page(doc))
	mux.Handle("GET", "/swagger/{file...}", tigertonic.Described(v5emb.New("Greetings", "/openapi.json", "/swagger/"), hide))
	mux.Handle("GET", "/redoc", tigertonic.Described(http.HandlerFunc(redoc), hide))
	return mux
}

// redoc sends a page that shows the document by Redoc.
func redoc(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, `<!doctype html>
<title>Greetings</title>
<redoc spec-url="/openapi.json"></redoc>
<script type="module" src="https://cdn.jsdelivr.net/npm/redoc@3.0.1/bundles/redoc.standalone.js"></script>
`)
}
