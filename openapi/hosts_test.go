package openapi_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
)

func TestOperationsOfHostsHaveServers(t *testing.T) {
	hosts := tigertonic.NewHostServeMux()
	hosts.Handle("a.example.com", newMux("GET /a"))
	hosts.Handle("::1", newMux("GET /b"))
	mux := newMux("GET /c")
	mux.HandleNamespace("", hosts)
	doc := parse(openapi.New(mux, info))
	assert.Equal(t, []any{object{"url": "//a.example.com"}}, at(doc, "paths", "/a", "get", "servers"))
	assert.Equal(t, []any{object{"url": "//[::1]"}}, at(doc, "paths", "/b", "get", "servers"))
	assert.Nil(t, at(doc, "paths", "/c", "get", "servers"))
	assert.Equal(t, []any{object{"url": "/"}}, at(doc, "servers"))
}

func TestDocumentOfOneHost(t *testing.T) {
	hosts := tigertonic.NewHostServeMux()
	hosts.Handle("a.example.com", newMux("GET /stuff", "GET /a", "GET /shared/x"))
	hosts.Handle("b.example.com", newMux("GET /stuff", "GET /b"))
	mux := newMux("GET /shared/x")
	mux.HandleNamespace("", hosts)

	of := info
	of.Host = "A.example.com."
	doc := openapi.New(mux, of)
	assert.Equal(t, []string{"/a", "/shared/x", "/stuff"}, paths(doc))
	assert.Equal(t, []any{object{"url": "//a.example.com"}}, at(parse(doc), "paths", "/stuff", "get", "servers"))
	assert.Nil(t, at(parse(doc), "paths", "/shared/x", "get", "servers"), "the mux round the hosts answers")

	of.Servers = []openapi.Server{{URL: "https://a.example.com/api"}}
	doc = openapi.New(mux, of)
	assert.Equal(t, []any{object{"url": "https://a.example.com/api"}}, at(parse(doc), "servers"))
	assert.Nil(t, at(parse(doc), "paths", "/stuff", "get", "servers"))
}

func TestHostsWithTheSameOperationNeedAChoice(t *testing.T) {
	hosts := tigertonic.NewHostServeMux()
	hosts.Handle("a.example.com", newMux("GET /stuff/{x}"))
	hosts.Handle("b.example.com", newMux("GET /stuff/{y}"))
	assert.Contains(t, message(func() { openapi.New(hosts, info) }),
		`"a.example.com GET /stuff/{x}" and "b.example.com GET /stuff/{y}" have the same method and path, which a document can say of one host only: set Info.Host`)
}

// Names of one host are servers of one operation, but not if what is round them differs.
func TestHostsOfOneHandlerAreServersOfItsOperations(t *testing.T) {
	mux := newMux("GET /stuff/{x}", "GET /stuff/{x...}")
	hosts := tigertonic.NewHostServeMux()
	for _, host := range []string{"www.example.com", "example.com", "b.example.com"} {
		hosts.Handle(host, mux)
	}
	doc := openapi.New(tigertonic.Recovered(hosts), info)
	assert.Equal(t, []any{object{"url": "//b.example.com"}, object{"url": "//example.com"}, object{"url": "//www.example.com"}},
		at(parse(doc), "paths", "/stuff/{x}", "get", "servers"))

	of := info
	of.Host = "example.com"
	assert.Equal(t, []any{object{"url": "//example.com"}}, at(parse(openapi.New(hosts, of)), "paths", "/stuff/{x}", "get", "servers"))

	hosts = tigertonic.NewHostServeMux()
	hosts.Handle("a.example.com", mux)
	hosts.Handle("b.example.com", tigertonic.Recovered(mux))
	assert.Contains(t, message(func() { openapi.New(hosts, info) }), "set Info.Host")
}

func TestHostsMustBeKnown(t *testing.T) {
	of := info
	of.Host = "c.example.com"
	hosts := tigertonic.HostServeMux{"b.example.com": newMux("GET /"), "a.example.com": newMux("GET /")}
	assert.Contains(t, message(func() { openapi.New(hosts, of) }),
		`Info.Host is "c.example.com", but handlers are registered for ["a.example.com" "b.example.com"]`)
	assert.Contains(t, message(func() { openapi.New(newMux("GET /"), of) }),
		`Info.Host is "c.example.com", but no handler is registered for a host`)
}

func TestWildcardsOfHostsAreVariablesOfServers(t *testing.T) {
	type in struct {
		Site string `path:"site,namespace"`
		ID   int    `path:"id"`
	}
	mux := newMux("GET /a")
	mux.Handle("GET", "/b/{id}", tigertonic.Typed(func(context.Context, *in) (string, error) { return "", nil }))
	hosts := tigertonic.NewHostServeMux()
	hosts.Handle("{site}.example.com", mux)
	hosts.Handle("example.example.com", newMux("GET /c"))
	hosts.Handle("api.{domain...}", newMux("GET /d"))
	doc := parse(openapi.New(hosts, info))
	variable := func(name, value string) object { return object{name: object{"default": value}} }
	ofSite := []any{object{"url": "//{site}.example.com", "variables": variable("site", "example")}}
	assert.Equal(t, ofSite, at(doc, "paths", "/a", "get", "servers"))
	assert.Equal(t, ofSite, at(doc, "paths", "/b/{id}", "get", "servers"))
	parameters := at(doc, "paths", "/b/{id}", "get", "parameters").([]any)
	assert.Len(t, parameters, 1)
	assert.Equal(t, "id", at(parameters[0], "name"))
	assert.Equal(t, []any{object{"url": "//example.example.com"}}, at(doc, "paths", "/c", "get", "servers"))
	assert.Equal(t, []any{object{"url": "//api.{domain}", "variables": variable("domain", "example.com")}}, at(doc, "paths", "/d", "get", "servers"))

	of := info
	of.Host = "{site}.Example.com."
	assert.Equal(t, []string{"/a", "/b/{id}"}, paths(openapi.New(hosts, of)))
}
