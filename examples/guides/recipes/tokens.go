// Package recipes is the code of the guide docs/recipes.md.
package recipes

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"github.com/rcrowley/go-tigertonic"
)

// A Caller is who makes a request, as its token says.
type Caller struct {
	Subject string
	Scopes  []string
}

// HasScope reports whether the token grants a scope.
func (c *Caller) HasScope(scope string) bool { return slices.Contains(c.Scopes, scope) }

// claims are what this service reads of a token.
type claims struct {
	jwt.RegisteredClaims
	Scope string `json:"scope"`
}

// byJWT checks tokens that were signed with a key that the service knows.
func byJWT(key []byte) func(context.Context, string) (*Caller, error) {
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired(),
		jwt.WithIssuer("https://id.example.com"), jwt.WithAudience("stuff"),
	)
	return func(_ context.Context, token string) (*Caller, error) {
		var c claims
		_, err := parser.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return key, nil })
		if err != nil {
			return nil, err // a 401; the text is only in the log
		}
		return &Caller{Subject: c.Subject, Scopes: strings.Fields(c.Scope)}, nil
	}
}

// byOIDC checks tokens of an OpenID Connect provider. It fetches the provider's keys,
// and again when they rotate.
func byOIDC(ctx context.Context, issuer, clientID string) (func(context.Context, string) (*Caller, error), error) {
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return nil, err
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: clientID})
	return func(ctx context.Context, token string) (*Caller, error) {
		verified, err := verifier.Verify(ctx, token)
		if err != nil {
			return nil, err
		}
		var c claims
		if err := verified.Claims(&c); err != nil {
			return nil, err
		}
		return &Caller{Subject: c.Subject, Scopes: strings.Fields(c.Scope)}, nil
	}, nil
}

func whoami(ctx context.Context, _ *struct{}) (string, error) {
	caller, _ := tigertonic.Principal[*Caller](ctx)
	return caller.Subject, nil
}

// protected lets in who has a token.
func protected(find func(context.Context, string) (*Caller, error)) http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/me", tigertonic.Scoped(tigertonic.Typed(whoami), "profile"))
	return tigertonic.Authenticated(mux, tigertonic.BearerAuth(find).
		Scheme(tigertonic.SecurityScheme{Name: "jwt", Scheme: "bearer", BearerFormat: "JWT"}))
}
