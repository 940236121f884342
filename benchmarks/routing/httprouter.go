package routing

import (
	"net/http"

	"github.com/julienschmidt/httprouter"
)

func newHTTPRouter(leaves []*Leaf) http.Handler {
	mux := httprouter.New()
	mux.RedirectTrailingSlash, mux.RedirectFixedPath, mux.HandleOPTIONS = false, false, false
	mux.NotFound, mux.MethodNotAllowed = http.HandlerFunc(notFound), http.HandlerFunc(notAllowed)
	for _, leaf := range leaves {
		mux.Handle(leaf.Method, leaf.Colon, func(_ http.ResponseWriter, _ *http.Request, ps httprouter.Params) {
			reached(leaf, ps, httprouter.Params.ByName)
		})
	}
	return mux
}
