package routing

import (
	"net/http"

	"github.com/labstack/echo/v5"
)

func newEcho(leaves []*Leaf) http.Handler {
	e := echo.NewWithConfig(echo.Config{Router: echo.NewRouter(echo.RouterConfig{
		NotFoundHandler:         echo.WrapHandler(http.HandlerFunc(notFound)),
		MethodNotAllowedHandler: echo.WrapHandler(http.HandlerFunc(notAllowed)),
	})})
	for _, leaf := range leaves {
		e.Add(leaf.Method, leaf.Colon, func(c *echo.Context) error {
			reached(leaf, c, (*echo.Context).Param)
			return nil
		})
	}
	return e
}
