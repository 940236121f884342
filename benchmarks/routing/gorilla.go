package routing

import (
	"net/http"

	"github.com/gorilla/mux"
)

func newGorilla(leaves []*Leaf) http.Handler {
	router := mux.NewRouter()
	router.NotFoundHandler = http.HandlerFunc(notFound)
	router.MethodNotAllowedHandler = http.HandlerFunc(notAllowed)
	for _, leaf := range leaves {
		router.HandleFunc(leaf.Pattern, func(_ http.ResponseWriter, r *http.Request) {
			var vars map[string]string
			if leaf.Reads {
				vars = mux.Vars(r)
			}
			reached(leaf, vars, func(vars map[string]string, name string) string { return vars[name] })
		}).Methods(leaf.Method)
	}
	return router
}
