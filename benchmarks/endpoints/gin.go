package endpoints

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/go-playground/validator/v10"
)

type ginPath struct {
	Customer string `uri:"customer" binding:"min=1,max=64"`
}

type ginQuery struct {
	Limit int `form:"limit" binding:"min=1,max=100"`
}

func newGin[O any, P orders[O]](checked bool) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	all := summaries()
	engine := gin.New()
	if checked {
		engine.GET("/customers/:customer", ginCheckedGet)
	} else {
		engine.GET("/customers/:customer", ginGet)
	}
	engine.GET("/orders", func(c *gin.Context) { c.JSON(http.StatusOK, all) })
	engine.POST("/orders", func(c *gin.Context) {
		o := new(O)
		if err := c.ShouldBindJSON(o); err != nil {
			ginError(c, err)
			return
		}
		rs, err := receive[O](P(o))
		if err != nil {
			c.Header("Content-Type", "application/problem+json")
			c.JSON(http.StatusUnprocessableEntity, unprocessable(err))
			return
		}
		c.JSON(http.StatusOK, rs)
	})
	engine.POST("/readings", ginTaking(take))
	engine.POST("/events", ginTaking(note))
	return engine
}

func ginTaking[In any](take func(*In) *taken) gin.HandlerFunc {
	return func(c *gin.Context) {
		in := new(In)
		if err := c.ShouldBindJSON(in); err != nil {
			ginError(c, err)
			return
		}
		c.JSON(http.StatusOK, take(in))
	}
}

func ginGet(c *gin.Context) {
	limit, err := strconv.Atoi(c.Query("limit"))
	if err != nil {
		ginError(c, err)
		return
	}
	c.JSON(http.StatusOK, lookUp(c.Param("customer"), limit))
}

func ginCheckedGet(c *gin.Context) {
	var (
		path  ginPath
		query ginQuery
	)
	if err := errors.Join(c.ShouldBindUri(&path), c.ShouldBindQuery(&query)); err != nil {
		ginError(c, err)
		return
	}
	c.JSON(http.StatusOK, lookUp(path.Customer, query.Limit))
}

func ginError(c *gin.Context, err error) {
	errs, ok := errors.AsType[validator.ValidationErrors](err)
	if !ok {
		c.String(http.StatusBadRequest, err.Error())
		return
	}
	c.Header("Content-Type", "application/problem+json")
	c.JSON(http.StatusUnprocessableEntity, invalid(validatorProblems(errs)))
}

// validatorProblems lists the errors of go-playground/validator, which gin and echo use
// to validate.
func validatorProblems(errs validator.ValidationErrors) []fieldProblem {
	problems := make([]fieldProblem, len(errs))
	for i, err := range errs {
		problems[i] = fieldProblem{err.Namespace(), "must be " + err.Tag() + " " + err.Param()}
	}
	return problems
}
