package routing

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

func newGin(leaves []*Leaf) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.RedirectTrailingSlash, engine.HandleMethodNotAllowed = false, true
	engine.NoRoute(gin.WrapF(notFound))
	engine.NoMethod(gin.WrapF(notAllowed))
	for _, leaf := range leaves {
		engine.Handle(leaf.Method, leaf.Colon, func(c *gin.Context) {
			reached(leaf, c, (*gin.Context).Param)
		})
	}
	return engine
}
