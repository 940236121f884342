package routing

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

func newChi(leaves []*Leaf) http.Handler {
	mux := chi.NewRouter()
	mux.NotFound(notFound)
	mux.MethodNotAllowed(notAllowed)
	for _, leaf := range leaves {
		mux.MethodFunc(leaf.Method, leaf.Pattern, func(_ http.ResponseWriter, r *http.Request) {
			reached(leaf, r, chi.URLParam)
		})
	}
	return mux
}
