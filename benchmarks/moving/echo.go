package moving

import (
	"net/http"

	"github.com/go-playground/validator/v10"
	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"
)

type echoChecks struct{ validator *validator.Validate }

func (v echoChecks) Validate(value any) error { return v.validator.Struct(value) }

func echoService(s *shelf) http.Handler {
	e := echo.New()
	e.Validator = echoChecks{validator.New()}
	e.Use(middleware.RequestLogger(), middleware.Recover())
	e.GET("/books/:id", func(c *echo.Context) error {
		b, err := s.find(c.Param("id"))
		if err != nil {
			return echo.NewHTTPError(http.StatusNotFound, err.Error())
		}
		if c.QueryParam("shout") == "true" {
			b.Title += "!"
		}
		return c.JSON(http.StatusOK, b)
	})
	e.POST("/books", func(c *echo.Context) error {
		var b book
		if err := c.Bind(&b); err != nil {
			return err
		}
		if err := c.Validate(&b); err != nil {
			return echo.NewHTTPError(http.StatusUnprocessableEntity, err.Error())
		}
		s.add(b)
		c.Response().Header().Set("Location", "/books/"+b.ID)
		return c.JSON(http.StatusCreated, b)
	})
	admin := e.Group("/admin", middleware.BasicAuth(func(_ *echo.Context, user, password string) (bool, error) {
		return user == "ann" && password == "secret", nil
	}))
	admin.DELETE("/books/:id", func(c *echo.Context) error {
		s.remove(c.Param("id"))
		return c.NoContent(http.StatusNoContent)
	})
	e.Static("/static", "testdata")
	return e
}
