package conformance

import (
	"testing"

	"github.com/rcrowley/go-tigertonic/conformance/conform"
	"github.com/rcrowley/go-tigertonic/openapi"
)

func TestRedoclyHasNothingAgainstTheDocument(t *testing.T) {
	conform.Redocly(t, serviceDocument(newService()))
}

func TestRedoclyHasNothingAgainstTheSchemas(t *testing.T) {
	conform.Redocly(t, openapi.New(newWorld().mux, openapi.Info{Title: "Oracle", Version: "1"}).JSON())
}
