package main

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/rcrowley/go-tigertonic"
)

// user is who makes a request.
type user struct{ Name, Scope string }

// HasScope is asked by tigertonic.Scoped.
func (u *user) HasScope(scope string) bool { return slices.Contains(strings.Fields(u.Scope), scope) }

// skew is how far clocks may be apart.
const skew = 30 * time.Second

func scheme() tigertonic.SecurityScheme {
	return tigertonic.SecurityScheme{Name: "token", Scheme: "bearer", BearerFormat: "JWT"}
}

// newVerifier accepts the provider's tokens, whose keys may change at any time, or those of
// a key made up for this process, with one to try.
func newVerifier(ctx context.Context, o options) (who *tigertonic.Auth, token string, err error) {
	config := &oidc.Config{ClientID: o.audience, Now: func() time.Time { return time.Now().Add(-skew) }}
	var verifier *oidc.IDTokenVerifier
	if o.issuer != "" {
		provider, err := oidc.NewProvider(ctx, o.issuer)
		if err != nil {
			return who, "", err
		}
		verifier, token = provider.Verifier(config), "…"
	} else {
		public, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			return who, "", err
		}
		config.SupportedSigningAlgs = []string{oidc.EdDSA}
		verifier = oidc.NewVerifier("tracker", &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{public}}, config)
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: private}, nil)
		if err != nil {
			return who, "", err
		}
		claims := map[string]any{"iss": "tracker", "aud": o.audience, "sub": "1", "name": "ann", "scope": "issues:write", "exp": time.Now().Add(24 * time.Hour).Unix()}
		if token, err = jwt.Signed(signer).Claims(claims).Serialize(); err != nil {
			return who, "", err
		}
	}
	find := func(ctx context.Context, token string) (*user, error) {
		t, err := verifier.Verify(ctx, token)
		if err != nil && strings.Contains(err.Error(), "fetching keys") { // of the provider, so nobody can tell
			return nil, tigertonic.ServiceUnavailable{Err: err}
		}
		if err != nil {
			return nil, err
		}
		var u user
		if err := t.Claims(&u); err != nil {
			return nil, fmt.Errorf("its claims: %w", err)
		}
		return &u, nil
	}
	return tigertonic.BearerAuth(find).Realm("tracker").Scheme(scheme()), token, nil
}
