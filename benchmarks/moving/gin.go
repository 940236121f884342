package moving

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

func ginService(s *shelf) http.Handler {
	r := gin.New()
	r.Use(gin.Logger(), gin.Recovery())
	r.GET("/books/:id", func(c *gin.Context) {
		b, err := s.find(c.Param("id"))
		if err != nil {
			c.JSON(http.StatusNotFound, gin.H{"detail": err.Error()})
			return
		}
		if c.Query("shout") == "true" {
			b.Title += "!"
		}
		c.JSON(http.StatusOK, b)
	})
	r.POST("/books", func(c *gin.Context) {
		var b book
		if err := c.ShouldBindJSON(&b); err != nil {
			c.JSON(http.StatusUnprocessableEntity, gin.H{"detail": err.Error()})
			return
		}
		s.add(b)
		c.Header("Location", "/books/"+b.ID)
		c.JSON(http.StatusCreated, b)
	})
	admin := r.Group("/admin", gin.BasicAuth(gin.Accounts{"ann": "secret"}))
	admin.DELETE("/books/:id", func(c *gin.Context) {
		s.remove(c.Param("id"))
		c.Status(http.StatusNoContent)
	})
	r.Static("/static", "testdata")
	return r
}
