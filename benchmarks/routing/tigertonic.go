package routing

import (
	"net/http"

	"github.com/rcrowley/go-tigertonic"
)

func newTigerTonic(leaves []*Leaf) http.Handler {
	mux := tigertonic.NewTrieServeMux()
	for _, leaf := range leaves {
		mux.Handle(leaf.Method, leaf.Pattern, tigertonic.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			reached(leaf, r, tigertonic.PathValue)
		}))
	}
	return mux
}

// newTigerTonicParams has handlers that get their wildcards as an argument.
func newTigerTonicParams(leaves []*Leaf) http.Handler {
	mux := tigertonic.NewTrieServeMux()
	for _, leaf := range leaves {
		mux.Handle(leaf.Method, leaf.Pattern, tigertonic.ParamsFunc(func(_ http.ResponseWriter, _ *http.Request, p tigertonic.Params) {
			reached(leaf, p, tigertonic.Params.Get)
		}))
	}
	return mux
}

// newTigerTonicForeign has handlers that know nothing of Tiger Tonic, for which
// the mux fills in PathValue and the query.
func newTigerTonicForeign(leaves []*Leaf) http.Handler {
	mux := tigertonic.NewTrieServeMux()
	for _, leaf := range leaves {
		mux.HandleFunc(leaf.Method, leaf.Pattern, func(_ http.ResponseWriter, r *http.Request) {
			reached(leaf, r, (*http.Request).PathValue)
		})
	}
	return mux
}

// PlainErrors is a [tigertonic.ErrorWriter] that responds like net/http.
type PlainErrors struct{ tigertonic.ErrorWriter }

// WriteError writes the text of the error's status.
func (PlainErrors) WriteError(r *http.Request, w http.ResponseWriter, err error) {
	if _, ok := err.(tigertonic.NotFound); ok { //nolint:errorlint // the mux doesn't wrap it
		notFound(w, r)
		return
	}
	notAllowed(w, r)
}
