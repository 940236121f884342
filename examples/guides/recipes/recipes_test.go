package recipes

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/internal/postgrestest"
)

func TestMain(m *testing.M) {
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{}
	m.Run()
}

func send(t *testing.T, h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// tokens are the claims that have to be refused, and one that hasn't.
func tokens(issuer string) map[string]struct {
	claims jwt.MapClaims
	want   int
} {
	valid := func(change ...any) jwt.MapClaims {
		c := jwt.MapClaims{"iss": issuer, "aud": "stuff", "sub": "ann", "scope": "profile", "exp": time.Now().Add(time.Hour).Unix()}
		for i := 0; i < len(change); i += 2 {
			c[change[i].(string)] = change[i+1]
		}
		return c
	}
	return map[string]struct {
		claims jwt.MapClaims
		want   int
	}{
		"valid":            {valid(), 200},
		"without a scope":  {valid("scope", "email"), 403},
		"expired":          {valid("exp", time.Now().Add(-time.Minute).Unix()), 401},
		"another audience": {valid("aud", "other"), 401},
		"another issuer":   {valid("iss", "https://evil.example.com"), 401},
	}
}

func TestJWT(t *testing.T) {
	t.Parallel()
	key := []byte("a key of 32 bytes, which is 256b")
	h := protected(byJWT(key))
	sign := func(method jwt.SigningMethod, claims jwt.MapClaims, key any) string {
		token, err := jwt.NewWithClaims(method, claims).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + token
	}
	for name, tt := range tokens("https://id.example.com") {
		if w := send(t, h, "GET", "/me", "", "Authorization", sign(jwt.SigningMethodHS256, tt.claims, key)); w.Code != tt.want {
			t.Errorf("%s: got %d %s, want %d", name, w.Code, w.Body, tt.want)
		}
	}
	valid := tokens("https://id.example.com")["valid"].claims
	for name, token := range map[string]string{
		"another key": sign(jwt.SigningMethodHS256, valid, []byte("another key")),
		"none":        sign(jwt.SigningMethodNone, valid, jwt.UnsafeAllowNoneSignatureType),
		"garbage":     "Bearer garbage",
	} {
		if w := send(t, h, "GET", "/me", "", "Authorization", token); w.Code != 401 || strings.Contains(w.Body.String(), "signature") {
			t.Errorf("%s: got %d %s, want a 401 that says no more", name, w.Code, w.Body)
		}
	}
}

// A provider has its configuration and its key where OpenID Connect Discovery says.
func TestOIDC(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	provider := httptest.NewServer(mux)
	t.Cleanup(provider.Close)
	serve := func(path string, v any) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(v) // the client would fail
		})
	}
	serve("/.well-known/openid-configuration", map[string]any{"issuer": provider.URL, "jwks_uri": provider.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}})
	serve("/keys", jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	find, err := byOIDC(context.WithoutCancel(t.Context()), provider.URL, "stuff")
	if err != nil {
		t.Fatal(err)
	}
	h := protected(find)
	for name, tt := range tokens(provider.URL) {
		token := jwt.NewWithClaims(jwt.SigningMethodRS256, tt.claims)
		token.Header["kid"] = "1"
		signed, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		if w := send(t, h, "GET", "/me", "", "Authorization", "Bearer "+signed); w.Code != tt.want {
			t.Errorf("%s: got %d %s, want %d", name, w.Code, w.Body, tt.want)
		}
	}
}

func TestForBrowsers(t *testing.T) {
	t.Parallel()
	h := forBrowsers()
	for _, tt := range []struct {
		method  string
		headers []string
		want    int
	}{
		{"GET", []string{"Sec-Fetch-Site", "cross-site"}, 200},
		{"POST", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"POST", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"POST", []string{"Origin", "https://evil.example.com"}, 403},
		{"POST", nil, 200}, // not a browser
	} {
		w := send(t, h, tt.method, "https://example.com/greeting", "", tt.headers...)
		if w.Code != tt.want {
			t.Errorf("%s %v: got %d %s, want %d", tt.method, tt.headers, w.Code, w.Body, tt.want)
		}
		for name, want := range map[string]string{"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s %v: got %s: %q, want %q", tt.method, tt.headers, name, got, want)
			}
		}
	}
	if w := send(t, h, "GET", "http://example.com/greeting", "", "X-Forwarded-Proto", "https"); w.Header().Get("Strict-Transport-Security") == "" {
		t.Error("got no Strict-Transport-Security behind a proxy that speaks TLS")
	}
}

func TestPagesAndTransactions(t *testing.T) {
	t.Parallel()
	pool, err := pgxpool.New(context.WithoutCancel(t.Context()), postgrestest.Fresh(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if _, err := pool.Exec(t.Context(), "CREATE TABLE teas (id bigserial PRIMARY KEY, name text UNIQUE NOT NULL)"); err != nil {
		t.Fatal(err)
	}
	h := teas(pool)
	for body, want := range map[string]int{`{"name":"green"}`: 201, `{"name":"black"}`: 201, `{"name":"white"}`: 201, `{"name":""}`: 422} {
		if w := send(t, h, "POST", "/teas", body); w.Code != want {
			t.Errorf("%s: got %d %s, want %d", body, w.Code, w.Body, want)
		}
	}
	if w := send(t, h, "POST", "/teas", `{"name":"green"}`); w.Code != 500 {
		t.Errorf("got %d for a name that is taken, want a 500 after a rollback", w.Code)
	}
	var names []string
	target, pages := "/teas?limit=2", 0
	for ; target != ""; pages++ {
		w := send(t, h, "GET", target, "")
		var page []Tea
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || w.Code != 200 {
			t.Fatalf("%s: got %d %s, %v", target, w.Code, w.Body, err)
		}
		for _, tea := range page {
			names = append(names, tea.Name)
		}
		target, _, _ = strings.Cut(strings.TrimPrefix(w.Header().Get("Link"), "<"), ">")
	}
	if pages != 2 || len(names) != 3 {
		t.Errorf("got %q on %d pages, want three on two", names, pages)
	}
}

func TestSite(t *testing.T) {
	t.Parallel()
	api := tigertonic.NewTrieServeMux()
	api.Handle("POST", "/sessions", tigertonic.Typed(signIn))
	h := site(api, fstest.MapFS{
		"index.html": {Data: []byte("<title>tea</title>")}, "app.js": {Data: []byte("start()")},
	})
	for path, want := range map[string]string{
		"/": "200 <title>tea</title>", "/app.js": "200 start()", "/teas/1": "200 <title>tea</title>",
		"/api/none": `404 {"title":"Not Found","status":404`, "/../secrets": "404 {",
	} {
		if w := send(t, h, "GET", path, ""); !strings.HasPrefix(fmt.Sprint(w.Code, " ", w.Body), want) {
			t.Errorf("%s: got %d %s, want %s", path, w.Code, w.Body, want)
		}
	}
	for form, want := range map[string]int{"user=ann&password=secret": 303, "user=ann&password=guess": 403, "user=ann": 422} {
		w := send(t, h, "POST", "/api/sessions", form, "Content-Type", "application/x-www-form-urlencoded")
		if w.Code != want {
			t.Errorf("%s: got %d %s, want %d", form, w.Code, w.Body, want)
		}
		set := w.Header().Get("Set-Cookie")
		if want == http.StatusSeeOther && (w.Header().Get("Location") != "/" || !strings.HasPrefix(set, "__Host-session=") || !strings.Contains(set, "; HttpOnly; Secure; SameSite=Lax")) {
			t.Errorf("got %v", w.Header())
		}
	}
}
