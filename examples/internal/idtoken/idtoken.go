// Package idtoken checks the tokens of an OpenID Connect provider.
package idtoken

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/rcrowley/go-tigertonic"
)

// skew is how far clocks may be apart.
const skew = 30 * time.Second

// Verifier returns a function that checks a provider's ID tokens for an audience, by the
// keys that it publishes, now or after it has changed them, and returns their claims, as
// JSON decodes them into a T. The error is a [tigertonic.ServiceUnavailable] while the keys
// can't be fetched: nobody can tell then whether a token is good.
//
// The context is that of asking for the provider's configuration, and may end afterwards.
func Verifier[T any](ctx context.Context, issuer, audience string) (func(ctx context.Context, token string) (*T, error), error) {
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return nil, err
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: audience, Now: func() time.Time { return time.Now().Add(-skew) }})
	return func(ctx context.Context, token string) (*T, error) {
		verified, err := verifier.Verify(ctx, token)
		if err != nil && strings.Contains(err.Error(), "fetching keys") { // which go-oidc has no type for
			return nil, tigertonic.ServiceUnavailable{Err: err}
		}
		if err != nil {
			return nil, err
		}
		claims := new(T)
		if err := verified.Claims(claims); err != nil {
			return nil, fmt.Errorf("its claims: %w", err)
		}
		return claims, nil
	}, nil
}
