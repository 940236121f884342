package moving

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/rcrowley/go-tigertonic"
)

// mixed has what is moved in front of what isn't yet.
func mixed(s *shelf, oldRouter http.Handler) http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/books/{id}", tigertonic.Typed(s.get))
	mux.HandleNamespace("", oldRouter) // whatever the mux doesn't know goes to the old router
	return mux
}

// mixedChi has what is moved in a router of chi's.
func mixedChi(s *shelf, chiRouter chi.Router) http.Handler {
	chiRouter.Method("GET", "/books/{id}", tigertonic.Typed(s.get)) // chi fills r.PathValue
	return chiRouter
}
