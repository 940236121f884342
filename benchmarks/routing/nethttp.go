package routing

import (
	"net/http"
	"strings"
)

func newNetHTTP(leaves []*Leaf) http.Handler {
	mux := http.NewServeMux()
	for _, leaf := range leaves {
		pattern := leaf.Method + " " + leaf.Pattern
		if strings.HasSuffix(pattern, "/") {
			pattern += "{$}" // else it would match what is below, too
		}
		mux.HandleFunc(pattern, func(_ http.ResponseWriter, r *http.Request) {
			reached(leaf, r, (*http.Request).PathValue)
		})
	}
	return mux
}
