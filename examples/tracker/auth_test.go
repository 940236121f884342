package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// A provider is one of OpenID, with a key that it can change.
type provider struct {
	*httptest.Server
	t *testing.T

	mu   sync.Mutex
	key  *ecdsa.PrivateKey
	id   string
	down bool
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{t: t}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		p.write(w, map[string]any{"issuer": p.URL, "jwks_uri": p.URL + "/keys", "authorization_endpoint": p.URL, "id_token_signing_alg_values_supported": []string{"ES256"}})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.down {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		p.write(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: p.id, Algorithm: "ES256", Use: "sig"}}})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	p.rotate("first")
	return p
}

func (p *provider) write(w http.ResponseWriter, v any) {
	if err := json.NewEncoder(w).Encode(v); err != nil {
		p.t.Error(err)
	}
}

func (p *provider) rotate(id string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key, p.id = key, id
}

func (p *provider) setDown(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

// claims returns those of a good token, but for what is changed.
func (p *provider) claims(change func(map[string]any)) map[string]any {
	c := map[string]any{"iss": p.URL, "aud": "tracker", "sub": "1", "name": "eve", "scope": "issues:write", "exp": time.Now().Add(time.Hour).Unix()}
	if change != nil {
		change(c)
	}
	return c
}

// sign returns a token, signed by the provider's key unless there is another.
func (p *provider) sign(claims map[string]any, with ...jose.SigningKey) string {
	key := jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: p.key, KeyID: p.id}}
	if len(with) > 0 {
		key = with[0]
	}
	signer, err := jose.NewSigner(key, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		p.t.Fatal(err)
	}
	return token
}

// unsigned returns a token that says it needs no signature.
func unsigned(claims map[string]any) string {
	body, _ := json.Marshal(claims) //nolint:errchkjson // only strings and numbers
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + encode(body) + "."
}

func TestTokensOfTheProviderAreAccepted(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	s := start(t, options{db: filepath.Join(t.TempDir(), "tracker.db"), files: t.TempDir(), issuer: p.URL, audience: "tracker", perMinute: 100_000})
	status := func(token string) int {
		return s.ask(t, "POST", "/projects", `{"id":"x"}`, "Authorization", "Bearer "+token).StatusCode
	}
	const passes = http.StatusUnprocessableEntity // for the project has no name
	der, err := x509.MarshalPKIXPublicKey(p.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		token string
		want  int
	}{
		"good":                       {p.sign(p.claims(nil)), passes},
		"expired within the skew":    {p.sign(p.claims(func(c map[string]any) { c["exp"] = time.Now().Add(-10 * time.Second).Unix() })), passes},
		"expired":                    {p.sign(p.claims(func(c map[string]any) { c["exp"] = time.Now().Add(-time.Minute).Unix() })), 401},
		"without an end":             {p.sign(p.claims(func(c map[string]any) { delete(c, "exp") })), 401},
		"for others":                 {p.sign(p.claims(func(c map[string]any) { c["aud"] = "mail" })), 401},
		"of another provider":        {p.sign(p.claims(func(c map[string]any) { c["iss"] = "https://evil.example" })), 401},
		"of another key":             {p.sign(p.claims(nil), jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: other, KeyID: "first"}}), 401},
		"signed with the public key": {p.sign(p.claims(nil), jose.SigningKey{Algorithm: jose.HS256, Key: der}), 401},
		"unsigned":                   {unsigned(p.claims(nil)), 401},
		"without the scope":          {p.sign(p.claims(func(c map[string]any) { c["scope"] = "issues:read" })), 403},
		"no token at all":            {"x", 401},
	} {
		if got := status(tt.token); got != tt.want {
			t.Errorf("%s: got %d, want %d", name, got, tt.want)
		}
	}

	// settles asks again, for go-oidc answers from the last fetch of the keys for a moment after it.
	settles := func(what, token string, want int) {
		t.Helper()
		got := status(token)
		for deadline := time.Now().Add(10 * time.Second); got != want && time.Now().Before(deadline); got = status(token) {
			time.Sleep(time.Millisecond)
		}
		if got != want {
			t.Errorf("%s: got %d, want %d", what, got, want)
		}
	}
	old := p.sign(p.claims(nil))
	p.rotate("second")
	settles("after the key has changed", p.sign(p.claims(nil)), passes)
	settles("the old key", old, http.StatusUnauthorized)
	p.rotate("third")
	p.setDown(true)
	settles("while the provider is down, as nobody knows", p.sign(p.claims(nil)), http.StatusServiceUnavailable)
	p.setDown(false)
	settles("once it is back", p.sign(p.claims(nil)), passes)
}

func TestReadingNeedsATokenAndWritingAScope(t *testing.T) {
	t.Parallel()
	s := start(t, options{db: filepath.Join(t.TempDir(), "tracker.db"), files: t.TempDir(), audience: "tracker", origin: "https://tracker.example", perMinute: 100_000})
	rs := s.ask(t, "GET", "/projects/kettle/issues", "", "Authorization", "")
	if got := rs.Header.Get("WWW-Authenticate"); rs.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(got, `Bearer realm="tracker"`) {
		t.Errorf("got %s and %q", rs.Status, got)
	}
	rs = s.ask(t, "GET", "/projects/kettle/issues", "", "Authorization", "", "Origin", "https://tracker.example")
	if rs.Header.Get("Access-Control-Allow-Origin") != "https://tracker.example" {
		t.Errorf("a page can't read why it was refused: %v", rs.Header)
	}
}
