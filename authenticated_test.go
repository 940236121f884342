package tigertonic_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// A holder is a principal of a test, who has scopes.
type holder struct {
	name   string
	scopes []string
}

func (m *holder) HasScope(scope string) bool { return slices.Contains(m.scopes, scope) }

type device string

func findHolder(_ context.Context, token string) (*holder, error) {
	switch token {
	case "ada", "ada==":
		return &holder{"ada", []string{"read", "write"}}, nil
	case "bob":
		return &holder{"bob", []string{"read"}}, nil
	case "nobody":
		return nil, nil
	case "revoked":
		return nil, tigertonic.Unauthorized{Err: errors.New(`the token "` + token + "\" was\nrevoked")}
	case "blocked":
		return nil, tigertonic.Forbidden{Err: errors.New("you are blocked")}
	case "down":
		return nil, tigertonic.ServiceUnavailable{Err: errors.New("10.0.0.1 is down")}
	case "late":
		return nil, context.DeadlineExceeded
	}
	return nil, errors.New("no row for " + token)
}

func findDevice(_ context.Context, key string) (device, error) {
	if key != "k1" {
		return "", errors.New("no such device")
	}
	return "thermometer", nil
}

var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	who := []string{"nobody"}
	if m, ok := tigertonic.Principal[*holder](r.Context()); ok {
		who = []string{m.name}
	}
	if d, ok := tigertonic.Principal[device](r.Context()); ok {
		who = append(who, string(d))
	}
	_, _ = w.Write([]byte(strings.Join(who, " ")))
})

func TestBearerAuth(t *testing.T) {
	captureSlog(t)
	h := tigertonic.Authenticated(whoami, tigertonic.BearerAuth(findHolder).Realm(`a "b"`))
	const plain = `Bearer realm="a \"b\""`
	failed := func(code, description string) string {
		return plain + `, error="` + code + `", error_description="` + description + `"`
	}
	malformed := failed("invalid_request", "the Authorization header isn't one with one bearer token")
	unknown := failed("invalid_token", "the bearer token isn't valid")
	for _, tt := range []struct {
		name      string
		headers   []string
		status    int
		challenge string
	}{
		{"right", []string{"Bearer ada"}, 200, ""},
		{"padded", []string{"Bearer ada=="}, 200, ""},
		{"scheme in other case", []string{"bEARER ada"}, 200, ""},
		{"more spaces", []string{"Bearer   ada"}, 200, ""},
		{"none", nil, 401, plain},
		{"another scheme", []string{basic("ada:x")}, 401, plain},
		{"scheme with a longer name", []string{"Bearers ada"}, 401, plain},
		{"empty header", []string{""}, 401, plain},
		{"unknown", []string{"Bearer eve"}, 401, unknown},
		{"no token", []string{"Bearer"}, 400, malformed},
		{"no token after the space", []string{"Bearer "}, 400, malformed},
		{"padding alone", []string{"Bearer =="}, 400, malformed},
		{"two words", []string{"Bearer ada bob"}, 400, malformed},
		{"a list", []string{"Bearer ada, Bearer bob"}, 400, malformed},
		{"a tab", []string{"Bearer ada\t"}, 400, malformed},
		{"not ASCII", []string{"Bearer \u00e4da"}, 400, malformed},
		{"twice", []string{"Bearer ada", "Bearer ada"}, 400, malformed},
		{"beside another scheme", []string{basic("a:b"), "Bearer ada"}, 400, malformed},
		{"refused in the function's words", []string{"Bearer revoked"}, 401, failed("invalid_token", "the token '** redacted **' was?** redacted **")},
		{"forbidden", []string{"Bearer blocked"}, 403, ""},
		{"neither a principal nor an error", []string{"Bearer nobody"}, 500, ""},
		{"unsure", []string{"Bearer down"}, 503, ""},
		{"late", []string{"Bearer late"}, 500, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var headers []string
			for _, value := range tt.headers {
				headers = append(headers, "Authorization", value)
			}
			w := serve(t, h, "GET", "/", "", headers...)
			assert.Equal(t, tt.status, w.Code, w.Body)
			assert.Equal(t, tt.challenge, w.Header().Get("WWW-Authenticate"))
			assert.Contains(t, w.Header()["Vary"], "Authorization")
			assert.NotContains(t, w.Body.String(), "10.0.0.1")
			assert.NotContains(t, w.Body.String(), "no row")
			if tt.status == 200 {
				assert.Equal(t, "ada", w.Body.String())
			}
		})
	}
	assert.Equal(t, 401, serve(t, h, "GET", "/?access_token=ada", "").Code, "a token in the query is none")
}

func TestAPIKeyAuth(t *testing.T) {
	for _, tt := range []struct {
		in, name, target string
		headers          []string
		status           int
	}{
		{"header", "x-api-key", "/", []string{"X-Api-Key", "k1"}, 200},
		{"header", "X-API-Key", "/", []string{"X-Api-Key", ""}, 401},
		{"header", "X-API-Key", "/", []string{"X-Api-Key", "k2"}, 401},
		{"header", "X-API-Key", "/", []string{"X-Api-Key", "k1", "X-Api-Key", "k1"}, 400},
		{"header", "X-API-Key", "/?X-API-Key=k1", []string{"Cookie", "X-API-Key=k1"}, 401},
		{"query", "key", "/?a=b&key=k1", nil, 200},
		{"query", "key", "/?key", nil, 401},
		{"query", "key", "/?key=k1&key=k1", nil, 400},
		{"query", "key", "/", []string{"Key", "k1"}, 401},
		{"cookie", "session", "/", []string{"Cookie", "a=b; session=k1"}, 200},
		{"cookie", "session", "/", []string{"Cookie", "session="}, 401},
		{"cookie", "session", "/", []string{"Cookie", "session=k1; session=k1"}, 400},
		{"cookie", "session", "/", []string{"Cookie", "session=k1", "Cookie", "session=k2"}, 400},
		{"cookie", "session", "/", []string{"Cookie", "Session=k1"}, 401},
	} {
		h := tigertonic.Authenticated(whoami, tigertonic.APIKeyAuth(tt.in, tt.name, findDevice))
		w := serve(t, h, "GET", tt.target, "", tt.headers...)
		assert.Equal(t, tt.status, w.Code, "%+v", tt)
		if tt.status == 200 {
			assert.Equal(t, "nobody thermometer", w.Body.String())
		} else {
			assert.True(t, strings.HasPrefix(w.Header().Get("WWW-Authenticate"), `APIKey realm="api", in="`+tt.in+`", name="`), "%+v", tt)
		}
	}
}

func TestAlternativesOfAuthentication(t *testing.T) {
	h := tigertonic.Authenticated(whoami, tigertonic.APIKeyAuth("cookie", "session", findDevice), tigertonic.BearerAuth(findHolder))
	open := tigertonic.Authenticated(whoami, tigertonic.BearerAuth(findHolder), tigertonic.Anonymous())
	both := tigertonic.Authenticated(tigertonic.Authenticated(whoami, tigertonic.BearerAuth(findHolder)), tigertonic.APIKeyAuth("header", "Key", findDevice))
	for _, tt := range []struct {
		h       http.Handler
		headers []string
		status  int
		body    string
	}{
		{h, []string{"Cookie", "session=k1"}, 200, "nobody thermometer"},
		{h, []string{"Authorization", "Bearer ada"}, 200, "ada"},
		{h, []string{"Authorization", "Bearer ada", "Cookie", "session=k1"}, 200, "nobody thermometer"},
		{h, []string{"Authorization", "Bearer ada", "Cookie", "session=old"}, 200, "ada"},
		{h, []string{"Authorization", "Bearer eve", "Cookie", "session=k1"}, 200, "nobody thermometer"},
		{h, []string{"Authorization", "Bearer ada bob", "Cookie", "session=old"}, 400, ""},
		{h, []string{"Authorization", "Bearer down", "Cookie", "session=old"}, 503, ""},
		{h, nil, 401, ""},
		{open, nil, 200, "nobody"},
		{open, []string{"Authorization", "Bearer bob"}, 200, "bob"},
		{open, []string{"Authorization", "Bearer eve"}, 401, ""},
		{both, []string{"Authorization", "Bearer ada"}, 401, ""},
		{both, []string{"Key", "k1"}, 401, ""},
		{both, []string{"Authorization", "Bearer ada", "Key", "k1"}, 200, "ada thermometer"},
	} {
		w := serve(t, tt.h, "GET", "/", "", tt.headers...)
		assert.Equal(t, tt.status, w.Code, "%v: %s", tt.headers, w.Body)
		if tt.body != "" {
			assert.Equal(t, tt.body, w.Body.String(), "%v", tt.headers)
		}
	}
	w := serve(t, h, "GET", "/", "", "Authorization", "Bearer eve")
	assert.Equal(t, []string{
		`APIKey realm="api", in="cookie", name="session"`,
		`Bearer realm="api", error="invalid_token", error_description="the bearer token isn't valid"`,
	}, w.Header()["Www-Authenticate"], "a challenge for each, and the error at the one that has failed")
	assert.Equal(t, "Cookie, Authorization", w.Header().Get("Vary"))
}

func scopedMux() *tigertonic.TrieServeMux {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/stuff", whoami)
	mux.Handle("PUT", "/stuff", tigertonic.Scoped(whoami, "read", "write"))
	return mux
}

func TestScopedWhereverAuthenticatedStands(t *testing.T) {
	auth := tigertonic.BearerAuth(findHolder)
	one := tigertonic.NewTrieServeMux()
	one.Handle("PUT", "/stuff", tigertonic.Authenticated(tigertonic.Scoped(whoami, "read", "write"), auth))
	device := tigertonic.APIKeyAuth("header", "Key", findDevice)
	for name, h := range map[string]http.Handler{
		"round a mux":         tigertonic.Authenticated(scopedMux(), auth),
		"round an endpoint":   one,
		"round another one":   tigertonic.Authenticated(tigertonic.Authenticated(scopedMux(), device), auth),
		"in another one":      tigertonic.Authenticated(tigertonic.Authenticated(scopedMux(), auth), device),
		"beside a namespace":  namespaced(tigertonic.Authenticated(scopedMux(), auth)),
		"under other wrapper": tigertonic.Recovered(tigertonic.Authenticated(tigertonic.Cached(scopedMux(), tigertonic.CacheOptions{}), auth)),
	} {
		target := "/stuff"
		if name == "beside a namespace" {
			target = "/1.0/stuff"
		}
		w := serve(t, h, "PUT", target, "", "Authorization", "Bearer ada", "Key", "k1")
		assert.Equal(t, 200, w.Code, name)
		w = serve(t, h, "PUT", target, "", "Authorization", "Bearer bob", "Key", "k1")
		requireError(t, w, 403, "tigertonic.Forbidden", "this needs the scope read write")
		assert.Equal(t, `Bearer realm="api", error="insufficient_scope", error_description="this needs the scope read write", scope="read write"`,
			w.Header().Get("WWW-Authenticate"), name)
		assert.Equal(t, 401, serve(t, h, "PUT", target, "", "Key", "k1").Code, name)
	}
}

func namespaced(h http.Handler) http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.HandleNamespace("/1.0", h)
	return mux
}

func TestScopedLetsNobodyPassWithoutScopes(t *testing.T) {
	captured := captureSlog(t)
	w := serve(t, scopedMux(), "PUT", "/stuff", "", "Authorization", "Bearer ada")
	assert.Equal(t, 500, w.Code)
	w = serve(t, tigertonic.Authenticated(scopedMux(), tigertonic.APIKeyAuth("header", "Key", findDevice)), "PUT", "/stuff", "", "Key", "k1")
	assert.Equal(t, 500, w.Code)
	assert.NotContains(t, w.Body.String(), "HasScope")
	assert.Equal(t, 2, strings.Count(captured.String(), "no Authenticated round it whose principal has the method HasScope"))

	w = serve(t, tigertonic.Authenticated(scopedMux(), tigertonic.BearerAuth(findHolder), tigertonic.Anonymous()), "PUT", "/stuff", "")
	assert.Equal(t, 401, w.Code)
	assert.Equal(t, `Bearer realm="api", scope="read write"`, w.Header().Get("WWW-Authenticate"))
}

func TestRequireScopesInAFunction(t *testing.T) {
	f := func(ctx context.Context, in *struct {
		ID string `path:"id"`
	},
	) (struct{}, error) {
		return struct{}{}, tigertonic.RequireScopes(ctx, in.ID)
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("DELETE", "/{id}", tigertonic.Typed(f))
	h := tigertonic.Authenticated(mux, tigertonic.BearerAuth(findHolder))
	assert.Equal(t, 204, serve(t, h, "DELETE", "/read", "", "Authorization", "Bearer bob").Code)
	w := serve(t, h, "DELETE", "/write", "", "Authorization", "Bearer bob")
	assert.Equal(t, 403, w.Code)
	assert.JSONEq(t, `{"title":"Forbidden","status":403,"detail":"this needs the scope write"}`, w.Body.String())
	assert.Contains(t, w.Header().Get("WWW-Authenticate"), `error="insufficient_scope"`)
}

func TestAuthenticationWithCORS(t *testing.T) {
	cors := tigertonic.NewCORSBuilder().AddAllowedOrigins("https://example.com").AddAllowedHeaders("Authorization")
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("PUT", "/stuff", cors.Build(tigertonic.Scoped(whoami, "write")))
	mux.Handle("GET", "/other", whoami)
	for name, h := range map[string]http.Handler{
		"inside":  tigertonic.Authenticated(mux, tigertonic.BearerAuth(findHolder)),
		"outside": cors.Build(tigertonic.Authenticated(scopedMux(), tigertonic.BearerAuth(findHolder))),
	} {
		w := serve(t, h, "OPTIONS", "/stuff", "", "Origin", "https://example.com", "Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "authorization")
		assert.Equal(t, 204, w.Code, name)
		assert.Equal(t, "https://example.com", w.Header().Get("Access-Control-Allow-Origin"), name)
		for _, token := range []string{"", "Bearer eve", "Bearer bob", "Bearer a b"} {
			w = serve(t, h, "PUT", "/stuff", "", "Origin", "https://example.com", "Authorization", token)
			assert.GreaterOrEqual(t, w.Code, 400, name)
			assert.Equal(t, "https://example.com", w.Header().Get("Access-Control-Allow-Origin"), "%s %q", name, token)
		}
		w = serve(t, h, "PUT", "/stuff", "", "Origin", "https://evil.example", "Authorization", "Bearer bob")
		assert.Empty(t, w.Header().Get("Access-Control-Allow-Origin"), name)
	}
	h := tigertonic.Authenticated(mux, tigertonic.BearerAuth(findHolder))
	w := serve(t, h, "OPTIONS", "/stuff", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "PUT")
	assert.Equal(t, 401, w.Code)
	w = serve(t, h, "OPTIONS", "/other", "", "Origin", "https://example.com", "Access-Control-Request-Method", "GET")
	assert.Equal(t, 401, w.Code)
}

func TestCauseOfARefusalIsLoggedWithoutTheToken(t *testing.T) {
	var b bytes.Buffer
	h := tigertonic.Accessed(tigertonic.Authenticated(whoami, tigertonic.BearerAuth(findHolder)), &tigertonic.AccessOptions{Logger: slog.New(slog.NewTextHandler(&b, nil))})
	w := serve(t, h, "GET", "/", "", "Authorization", "Bearer S3CRET")
	assert.Equal(t, 401, w.Code)
	assert.NotContains(t, w.Body.String(), "S3CRET")
	assert.Contains(t, b.String(), "no row for ** redacted **")
	assert.NotContains(t, b.String(), "S3CRET")
	assert.Equal(t, 1, strings.Count(b.String(), "\n"))
}

func TestKnownTokens(t *testing.T) {
	tokens := map[string]device{"t1": "one", "t2": "two"}
	find := tigertonic.KnownTokens(tokens)
	tokens["t3"] = "three"
	for token, want := range map[string]device{"t1": "one", "t2": "two", "t3": "", "": "", "t": "", strings.Repeat("t1", 1000): ""} {
		d, err := find(t.Context(), token)
		assert.Equal(t, want, d)
		assert.Equal(t, want == "", err != nil, token)
	}
}

func TestAuthenticationThatCantBe(t *testing.T) {
	bearer := tigertonic.BearerAuth(findHolder)
	for want, f := range map[string]func(){
		"Authenticated: the handler is nil":                func() { tigertonic.Authenticated(nil, bearer) },
		"nothing to authenticate by":                       func() { tigertonic.Authenticated(hello) },
		"nothing to authenticate by: give it a BearerAuth": func() { tigertonic.Authenticated(hello, tigertonic.Anonymous()) },
		"an auth is nil":                                   func() { tigertonic.Authenticated(hello, nil) },
		"Authenticated: an auth is the zero value, which nothing could be checked by": func() { tigertonic.Authenticated(hello, bearer, new(tigertonic.Auth)) },
		"BearerAuth: the function is nil":                                             func() { tigertonic.BearerAuth[int](nil) },
		"APIKeyAuth: the function is nil":                                             func() { tigertonic.APIKeyAuth[int]("header", "Key", nil) },
		`a key in "body", which isn't header, query or cookie`:                        func() { tigertonic.APIKeyAuth("body", "k", findDevice) },
		`no header can have the name "a b"`:                                           func() { tigertonic.APIKeyAuth("header", "a b", findDevice) },
		`no cookie can have the name "a;b"`:                                           func() { tigertonic.APIKeyAuth("cookie", "a;b", findDevice) },
		`no query can have the name ""`:                                               func() { tigertonic.APIKeyAuth("query", "", findDevice) },
		"a control character in the realm":                                            func() { tigertonic.BearerAuth(findHolder).Realm("a\nb") },
		"Scoped: no scope":                                                            func() { tigertonic.Scoped(hello) },
		`"a b" isn't a scope`:                                                         func() { tigertonic.Scoped(hello, "a b") },
		"Scoped: the handler is nil":                                                  func() { tigertonic.Scoped(nil, "a") },
		"KnownTokens: no tokens":                                                      func() { tigertonic.KnownTokens[int](nil) },
		"KnownTokens: an empty token":                                                 func() { tigertonic.KnownTokens(map[string]int{"": 1}) },
		"it is outside of Authenticated(BearerAuth), which has to":                    func() { tigertonic.Scoped(tigertonic.Recovered(tigertonic.Authenticated(hello, bearer)), "a") },
	} {
		refused := func() (refused any) {
			defer func() { refused = recover() }()
			f()
			return nil
		}()
		require.NotNil(t, refused, want)
		assert.Contains(t, refused, want)
		assert.Contains(t, refused, "authenticated_test.go:")
	}
	bearer.Realm("before")
	h := tigertonic.Authenticated(hello, bearer)
	bearer.Realm("after") // it was copied
	assert.Equal(t, `Bearer realm="before"`, serve(t, h, "GET", "/", "").Header().Get("WWW-Authenticate"))
}

func TestAuthenticatedInTheTree(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/{id}", tigertonic.Authenticated(tigertonic.Scoped(tigertonic.Typed(func(ctx context.Context, in *struct {
		ID string `path:"id"`
	},
	) (string, error) {
		m, _ := tigertonic.Principal[*holder](ctx)
		return in.ID + " of " + m.name, nil
	}), "read"), tigertonic.BearerAuth(findHolder), tigertonic.APIKeyAuth("query", "key", findHolder)))
	w := serve(t, mux, "GET", "/7?key=bob", "")
	assert.Equal(t, "\"7 of bob\"\n", w.Body.String())
	assert.Contains(t, tigertonic.Explain(mux), "Authenticated(BearerAuth or APIKeyAuth(query key)) > Scoped(read) > Typed")
	var pattern string
	outer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tigertonic.Authenticated(scopedMux(), tigertonic.BearerAuth(findHolder)).ServeHTTP(w, r)
		pattern = r.Pattern
	})
	serve(t, outer, "GET", "/stuff", "", "Authorization", "Bearer bob")
	assert.Equal(t, "GET /stuff", pattern, "the pattern is handed back")
}
