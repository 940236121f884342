package moving

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/rcrowley/go-tigertonic"
)

// mixed serves what has moved, and passes the rest to the old router.
func mixed(s *shelf, oldRouter http.Handler) http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/books/{id}", tigertonic.Typed(s.get))
	mux.HandleNamespace("", oldRouter) // whatever the mux doesn't know goes to the old router
	return mux
}

// mixedChi mounts what has moved in a chi router.
func mixedChi(s *shelf, chiRouter chi.Router) http.Handler {
	chiRouter.Method("GET", "/books/{id}", tigertonic.Typed(s.get)) // chi fills r.PathValue
	return chiRouter
}
