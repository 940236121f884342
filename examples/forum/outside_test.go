package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// newProvider is an OpenID Connect provider that signs whatever it is asked to.
func newProvider(t *testing.T) (provider *httptest.Server, sign func(key *rsa.PrivateKey, claims map[string]any) string, key *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	answer := func(value any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(value)
		}
	}
	mux.Handle("/.well-known/openid-configuration", answer(map[string]any{
		"issuer": server.URL, "jwks_uri": server.URL + "/keys", "authorization_endpoint": server.URL + "/auth", "token_endpoint": server.URL + "/token",
		"id_token_signing_alg_values_supported": []string{"RS256"},
	}))
	mux.Handle("/keys", answer(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "RS256", Use: "sig"}}}))
	return server, func(key *rsa.PrivateKey, claims map[string]any) string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		token, err := jwt.Signed(signer).Claims(claims).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return token
	}, key
}

func TestPeopleSignInByOpenIDConnect(t *testing.T) {
	t.Parallel()
	provider, sign, key := newProvider(t)
	issuer := provider.URL
	r := newRig(t, options{configuration: configuration{Issuer: issuer, Client: "forum"}})
	signIn := func(assertion string) reply {
		return r.do(t, "one", "", "POST /auth", fmt.Sprintf(`{"provider":"oidc","assertion":%q}`, assertion))
	}
	claims := func(changes map[string]any) map[string]any {
		all := map[string]any{
			"iss": issuer, "aud": "forum", "sub": "1", "email": "Zoe@Example.com", "email_verified": true, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
		}
		maps.Copy(all, changes)
		return all
	}
	token := signIn(sign(key, claims(nil))).want(t, 200, 0).text("data.accessToken")
	r.do(t, "one", token, "GET /whoami", "").want(t, 200, 0).has(t, "data.profileName", "zoe")
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, assertion := range map[string]string{
		"another audience": sign(key, claims(map[string]any{"aud": "other"})), "another issuer": sign(key, claims(map[string]any{"iss": "https://evil.example"})),
		"expired": sign(key, claims(map[string]any{"exp": time.Now().Add(-time.Minute).Unix()})), "not verified": sign(key, claims(map[string]any{"email_verified": false})),
		"no address": sign(key, claims(map[string]any{"email": ""})), "another key": sign(other, claims(nil)), "no token": "x",
		"alg none": "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
	} {
		if got := signIn(assertion); got.status != 401 {
			t.Errorf("%s: got %d %s", name, got.status, got.body)
		}
	}
	provider.Close()
	if got := signIn(sign(other, claims(nil))); got.status != 503 {
		t.Errorf("while the provider can't be asked for a key, as nobody knows: got %d %s", got.status, got.body)
	}
}

// startMemcached starts memcached on a port. Without it, the test is skipped, or fails if the
// environment has TIGERTONIC_REQUIRE_MEMCACHED.
func startMemcached(t *testing.T, port string) (stop func()) {
	t.Helper()
	program, err := exec.LookPath("memcached")
	if err != nil && os.Getenv("TIGERTONIC_REQUIRE_MEMCACHED") != "" {
		t.Fatal("memcached is not installed, and TIGERTONIC_REQUIRE_MEMCACHED is set")
	}
	if err != nil {
		t.Skip("memcached is not installed: apt-get install memcached")
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, "-u", "nobody", "-l", "127.0.0.1", "-p", port, "-m", "64")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patient); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = conn.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	return func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	}
}

// Whatever becomes of memcached, readers get the last write, soon.
func TestMemcachedMayDieAndComeBack(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	stop := startMemcached(t, port)
	r := newRig(t, options{})
	c, err := openCache("memcached://127.0.0.1:" + port)
	if err != nil {
		t.Fatal(err)
	}
	cached := c.(*memcached)
	cached.client.Timeout = patient // however busy the machine is
	useCache(r, c)
	path := fmt.Sprintf("/comments/%d", r.say(t, r.ann, r.begin(t, r.ann, "Wheels"), "0"))
	n, slowestRead := 0, time.Duration(0)
	read := func() {
		for range 20 {
			n++
			r.do(t, "one", r.ann, "PUT "+path, fmt.Sprintf(`{"markdown":"%d","meta":{"editReason":"x"}}`, n)).want(t, 200, 0)
			for range 3 {
				begin := time.Now()
				r.do(t, "one", "", "GET "+path, "").want(t, 200, 0).has(t, "data.markdown", n)
				slowestRead = max(slowestRead, time.Since(begin))
			}
		}
	}
	read()
	if cached.failures.Load() != 0 {
		t.Errorf("%d failures", cached.failures.Load())
	}
	stop()
	read()
	if cached.failures.Load() == 0 {
		t.Error("the failures aren't counted")
	}
	stop = startMemcached(t, port)
	defer stop()
	time.Sleep(memcachedPause + 100*time.Millisecond)
	read()
	if slowestRead > patience {
		t.Errorf("a read took %v", slowestRead)
	}
	// One that accepts connections and says nothing is left alone, too.
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	c, err = openCache("memcached://" + silent.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	useCache(r, c)
	read()
	if got := c.(*memcached).failures.Load(); got == 0 || got > 40 {
		t.Errorf("asked a dead server %d times", got)
	}
}
