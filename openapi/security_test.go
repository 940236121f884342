package openapi_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
)

type person struct{}

func (person) HasScope(string) bool { return true }

func anybody(context.Context, string) (person, error)  { return person{}, nil }
func anything(context.Context, string) (string, error) { return "", nil }

func secured(schemes ...tigertonic.SecurityScheme) func(string) object {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/", described(func(op *tigertonic.Operation) { op.Security = schemes }))
	doc := parse(openapi.New(mux, info))
	return func(name string) object {
		o, _ := at(doc, "components", "securitySchemes", name).(object)
		return o
	}
}

func TestAllKindsOfSecuritySchemesAreDescribed(t *testing.T) {
	scheme := secured(
		tigertonic.SecurityScheme{Scheme: "basic"},
		tigertonic.SecurityScheme{Name: "jwt", Scheme: "bearer", BearerFormat: "JWT", Description: "D"},
		tigertonic.SecurityScheme{Scheme: "digest"},
		tigertonic.SecurityScheme{Name: "key", In: "cookie", Key: "session"},
		tigertonic.SecurityScheme{OpenIDConnectURL: "https://id.example.com/.well-known/openid-configuration"},
		tigertonic.SecurityScheme{MutualTLS: true, Description: "A certificate of ours."},
		tigertonic.SecurityScheme{Name: "oauth", Flows: []tigertonic.OAuthFlow{
			{Grant: "authorizationCode", AuthorizationURL: "https://id.example.com/a", TokenURL: "https://id.example.com/t", RefreshURL: "https://id.example.com/r", Scopes: map[string]string{"b": "B", "a": "A"}},
			{Grant: "clientCredentials", TokenURL: "https://id.example.com/t"},
		}},
	)
	assert.Equal(t, object{"type": "http", "scheme": "basic"}, scheme("basic"))
	assert.Equal(t, object{"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "D"}, scheme("jwt"))
	assert.Equal(t, object{"type": "http", "scheme": "digest"}, scheme("digest"))
	assert.Equal(t, object{"type": "apiKey", "in": "cookie", "name": "session"}, scheme("key"))
	assert.Equal(t, object{"type": "openIdConnect", "openIdConnectUrl": "https://id.example.com/.well-known/openid-configuration"}, scheme("openIdConnect"))
	assert.Equal(t, object{"type": "mutualTLS", "description": "A certificate of ours."}, scheme("mutualTLS"))
	assert.Equal(t, object{"type": "oauth2", "flows": object{
		"authorizationCode": object{
			"authorizationUrl": "https://id.example.com/a", "tokenUrl": "https://id.example.com/t", "refreshUrl": "https://id.example.com/r",
			"scopes": object{"a": "A", "b": "B"},
		},
		"clientCredentials": object{"tokenUrl": "https://id.example.com/t", "scopes": object{}},
	}}, scheme("oauth"))
}

func TestFlowsAreOnesThatExist(t *testing.T) {
	for want, flows := range map[string][]tigertonic.OAuthFlow{
		"has Flows, but none in them": {},
		`has a flow with the Grant "code", which isn't authorizationCode, clientCredentials, implicit or password`: {{Grant: "code", TokenURL: "t"}},
		`has two flows with the Grant "password"`:                             {{Grant: "password", TokenURL: "t"}, {Grant: "password", TokenURL: "t"}},
		"an AuthorizationURL belongs to authorizationCode and implicit":       {{Grant: "clientCredentials", TokenURL: "t", AuthorizationURL: "a"}},
		"has the flow authorizationCode: an AuthorizationURL belongs":         {{Grant: "authorizationCode", TokenURL: "t"}},
		"has the flow implicit: a TokenURL belongs to all flows but implicit": {{Grant: "implicit", AuthorizationURL: "a", TokenURL: "t"}},
	} {
		refused := func() (refused any) {
			defer func() { refused = recover() }()
			secured(tigertonic.SecurityScheme{Name: "o", Flows: flows})
			return nil
		}()
		assert.Contains(t, refused, `the security scheme "o" `)
		assert.Contains(t, refused, want)
	}
}

func TestAlternativesAndScopesInTheDocument(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/open", named("open"))
	mux.Handle("POST", "/open", tigertonic.Scoped(named("write"), "b", "a"))
	bearer, session, device := tigertonic.BearerAuth(anybody), tigertonic.APIKeyAuth("cookie", "session", anybody), tigertonic.APIKeyAuth("header", "key", anything)
	security := func(h http.Handler, method string) any {
		return at(parse(openapi.New(h, info)), "paths", "/open", method, "security")
	}
	either := tigertonic.Authenticated(mux, bearer, session)
	assert.Equal(t, []any{object{"bearer": []any{}}, object{"session": []any{}}}, security(either, "get"))
	assert.Equal(t, []any{object{"bearer": []any{"b", "a"}}, object{"session": []any{"b", "a"}}}, security(either, "post"))
	assert.Equal(t, []any{
		object{"bearer": []any{"b", "a"}, "Key": []any{}},
		object{"session": []any{"b", "a"}, "Key": []any{}},
	}, security(tigertonic.Authenticated(either, device), "post"))
	assert.Equal(t, []any{object{"bearer": []any{}}, object{}}, security(tigertonic.Authenticated(mux, bearer, tigertonic.Anonymous()), "get"))
	twice := security(tigertonic.Authenticated(tigertonic.Authenticated(mux, bearer), bearer), "get")
	assert.Equal(t, []any{object{"bearer": []any{}}}, twice)

	responses := at(parse(openapi.New(either, info)), "paths", "/open", "post", "responses")
	for _, status := range []string{"400", "401", "403"} {
		assert.NotNil(t, at(responses, status, "content"), status)
	}
	assert.NotNil(t, at(responses, "401", "headers", "Www-Authenticate"))

	for _, h := range []http.Handler{mux, tigertonic.Authenticated(mux, device), tigertonic.Authenticated(mux, bearer, device)} {
		refused := func() (refused any) {
			defer func() { refused = recover() }()
			openapi.New(h, info)
			return nil
		}()
		require.NotNil(t, refused)
		assert.Contains(t, refused, `it needs the scopes ["b" "a"], but no Authenticated around it has principals with scopes`)
	}
}
