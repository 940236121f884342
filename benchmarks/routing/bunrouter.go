package routing

import (
	"net/http"

	"github.com/uptrace/bunrouter"
)

func newBunRouter(leaves []*Leaf) http.Handler {
	mux := bunrouter.New(
		bunrouter.WithNotFoundHandler(bunrouter.HTTPHandlerFunc(notFound)),
		bunrouter.WithMethodNotAllowedHandler(bunrouter.HTTPHandlerFunc(notAllowed)),
	)
	for _, leaf := range leaves {
		mux.Handle(leaf.Method, leaf.Colon, func(_ http.ResponseWriter, r bunrouter.Request) error {
			reached(leaf, r, bunrouter.Request.Param)
			return nil
		})
	}
	return mux
}
