package endpoints

import (
	"errors"
	"net/http"

	"github.com/go-playground/validator/v10"
	"github.com/labstack/echo/v5"
)

type echoParams struct {
	Customer string `param:"customer" validate:"min=1,max=64"`
	Limit    int    `query:"limit" validate:"min=1,max=100"`
}

// echoValidator is written as in echo's guide.
type echoValidator struct{ validator *validator.Validate }

func (v echoValidator) Validate(value any) error { return v.validator.Struct(value) }

func newEcho[O any, P orders[O]](checked bool) http.Handler {
	all := summaries()
	e := echo.New()
	e.Validator = echoValidator{validator.New(validator.WithRequiredStructEnabled())}
	if checked {
		e.GET("/customers/:customer", echoCheckedGet)
	} else {
		e.GET("/customers/:customer", echoGet)
	}
	e.GET("/orders", func(c *echo.Context) error { return c.JSON(http.StatusOK, all) })
	e.POST("/orders", func(c *echo.Context) error {
		o := new(O)
		if err := c.Bind(o); err != nil {
			return err
		}
		if checked {
			if err := c.Validate(o); err != nil {
				return echoInvalid(c, err)
			}
		}
		rs, err := receive[O](P(o))
		if err != nil {
			return echoProblem(c, unprocessable(err))
		}
		return c.JSON(http.StatusOK, rs)
	})
	e.POST("/readings", echoTaking(take))
	e.POST("/events", echoTaking(note))
	return e
}

func echoTaking[In any](take func(*In) *taken) echo.HandlerFunc {
	return func(c *echo.Context) error {
		in := new(In)
		if err := c.Bind(in); err != nil {
			return err
		}
		return c.JSON(http.StatusOK, take(in))
	}
}

func echoGet(c *echo.Context) error {
	limit, err := echo.QueryParam[int](c, "limit")
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, lookUp(c.Param("customer"), limit))
}

func echoCheckedGet(c *echo.Context) error {
	var params echoParams
	if err := c.Bind(&params); err != nil {
		return err
	}
	if err := c.Validate(&params); err != nil {
		return echoInvalid(c, err)
	}
	return c.JSON(http.StatusOK, lookUp(params.Customer, params.Limit))
}

func echoInvalid(c *echo.Context, err error) error {
	errs, ok := errors.AsType[validator.ValidationErrors](err)
	if !ok {
		return err
	}
	return echoProblem(c, invalid(validatorProblems(errs)))
}

func echoProblem(c *echo.Context, p problem) error {
	c.Response().Header().Set("Content-Type", "application/problem+json")
	return c.JSON(p.Status, p)
}
