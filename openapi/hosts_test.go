package openapi_test

import (
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

	of.Servers = []string{"https://a.example.com/api"}
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

func TestHostsMustBeKnown(t *testing.T) {
	of := info
	of.Host = "c.example.com"
	hosts := tigertonic.HostServeMux{"b.example.com": newMux("GET /"), "a.example.com": newMux("GET /")}
	assert.Contains(t, message(func() { openapi.New(hosts, of) }),
		`Info.Host is "c.example.com", but handlers are registered for ["a.example.com" "b.example.com"]`)
	assert.Contains(t, message(func() { openapi.New(newMux("GET /"), of) }),
		`Info.Host is "c.example.com", but no handler is registered for a host`)
}
