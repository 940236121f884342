package tigertonic_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

func ExampleBearerAuth() {
	find := tigertonic.KnownTokens(map[string]*keyHolder{"t0ken": {Name: "Ada"}})
	whoami := func(ctx context.Context, _ *struct{}) (string, error) {
		who, _ := tigertonic.Principal[*keyHolder](ctx)
		return who.Name, nil
	}
	h := tigertonic.Authenticated(tigertonic.Typed(whoami), tigertonic.BearerAuth(find).
		Scheme(tigertonic.SecurityScheme{Name: "tokens", Scheme: "bearer", BearerFormat: "opaque"}))
	request(h, "GET", "/", "", "Authorization", "Bearer t0ken")
	// Output: 200 "Ada"
}

func ExampleAPIKeyAuth() {
	find := tigertonic.KnownTokens(map[string]*keyHolder{"k3y": {Name: "Ada"}})
	h := tigertonic.Authenticated(text("hello"), tigertonic.APIKeyAuth("header", "X-Api-Key", find))
	request(h, "GET", "/", "", "X-Api-Key", "k3y")
	// Output: 200 hello
}

func ExampleAnonymous() {
	find := tigertonic.KnownTokens(map[string]*keyHolder{"t0ken": {Name: "Ada"}})
	greet := func(ctx context.Context, _ *struct{}) (string, error) {
		if who, ok := tigertonic.Principal[*keyHolder](ctx); ok {
			return "hello " + who.Name, nil
		}
		return "hello stranger", nil
	}
	h := tigertonic.Authenticated(tigertonic.Typed(greet), tigertonic.BearerAuth(find), tigertonic.Anonymous())
	request(h, "GET", "/", "")
	request(h, "GET", "/", "", "Authorization", "Bearer t0ken")
	// Output:
	// 200 "hello stranger"
	// 200 "hello Ada"
}

func ExampleKnownTokens() {
	find := tigertonic.KnownTokens(map[string]string{"t0ken": "Ada"})
	fmt.Println(find(context.Background(), "t0ken"))
	// Output: Ada <nil>
}

func ExamplePrincipal() {
	find := tigertonic.KnownTokens(map[string]string{"t0ken": "Ada"})
	h := tigertonic.Authenticated(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, ok := tigertonic.Principal[string](r.Context())
		fmt.Fprint(w, who, " ", ok)
	}), tigertonic.BearerAuth(find))
	request(h, "GET", "/", "", "Authorization", "Bearer t0ken")
	// Output: 200 Ada true
}

func ExampleScoped() {
	find := tigertonic.KnownTokens(map[string]*keyHolder{"t0ken": {Name: "Ada", scopes: []string{"teas:read"}}})
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/teas", tigertonic.Scoped(text("green"), "teas:read"))
	mux.Handle("DELETE", "/teas", tigertonic.Scoped(text("gone"), "teas:write"))
	h := tigertonic.Authenticated(mux, tigertonic.BearerAuth(find))
	for _, method := range []string{"GET", "DELETE"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(context.Background(), method, "/teas", http.NoBody)
		r.Header.Set("Authorization", "Bearer t0ken")
		h.ServeHTTP(w, r)
		fmt.Println(method, w.Code)
	}
	// Output:
	// GET 200
	// DELETE 403
}

func ExampleRequireScopes() {
	find := tigertonic.KnownTokens(map[string]*keyHolder{"t0ken": {Name: "Ada", scopes: []string{"project:7"}}})
	show := func(ctx context.Context, in *struct {
		Project string `path:"project"`
	},
	) (string, error) {
		return in.Project, tigertonic.RequireScopes(ctx, "project:"+in.Project)
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/projects/{project}", tigertonic.Typed(show))
	h := tigertonic.Authenticated(mux, tigertonic.BearerAuth(find))
	for _, path := range []string{"/projects/7", "/projects/8"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(context.Background(), "GET", path, http.NoBody)
		r.Header.Set("Authorization", "Bearer t0ken")
		h.ServeHTTP(w, r)
		fmt.Println(path, w.Code)
	}
	// Output:
	// /projects/7 200
	// /projects/8 403
}

func ExampleContextOf() {
	type session struct{ user string }
	h := tigertonic.WithContext(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := tigertonic.ContextOf[session](r) // its own per request
		s.user = "Ada"
		fmt.Fprint(w, tigertonic.ContextFrom[session](r.Context()).user)
	}), session{})
	request(h, "GET", "/", "")
	// Output: 200 Ada
}

func ExampleHook() {
	audited := func(ctx context.Context, call *tigertonic.Call, next func(context.Context) error) error {
		err := next(ctx)
		fmt.Println(call.Pattern(), err)
		return err
	}
	put := func(context.Context, *struct{}) (string, error) { return "green", nil }
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("PUT", "/tea", tigertonic.Typed(put).Around(audited))
	request(mux, "PUT", "/tea", "")
	// Output:
	// PUT /tea <nil>
	// 200 "green"
}

func ExampleMiddleware() {
	recovered := tigertonic.Middleware(tigertonic.Recovered) // as chi's Use takes it
	request(recovered(text("hello")), "GET", "/", "")
	// Output: 200 hello
}

func ExampleMiddlewareWith() {
	h := tigertonic.Stack(text("hello"),
		tigertonic.Middleware(tigertonic.Recovered),
		tigertonic.MiddlewareWith(tigertonic.Within, 2*time.Second),
	)
	request(h, "GET", "/", "")
	// Output: 200 hello
}

func ExamplePathValue() {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/teas/{id}", tigertonic.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, tigertonic.PathValue(r, "id")) // without an allocation
	}))
	request(mux, "GET", "/teas/a%2Fb", "")
	// Output: 200 a/b
}

func ExampleProxyOptions() {
	proxies := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} // httptest's client is in it
	h := tigertonic.Proxied(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.RemoteAddr, " ", r.Host)
	}), proxies, &tigertonic.ProxyOptions{TrustHost: true})
	request(h, "GET", "/", "", "X-Forwarded-For", "198.51.100.7", "X-Forwarded-Host", "shop.example.com")
	// Output: 200 198.51.100.7:0 shop.example.com
}
