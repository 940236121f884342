package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/crypto/argon2"
	"golang.org/x/time/rate"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

// An Authenticator finds out whose e-mail address an assertion is of, and what to call
// them. It returns errAssertion for one that isn't right.
type Authenticator interface {
	Authenticate(ctx context.Context, assertion string) (email, name string, err error)
}

var (
	errAssertion = errors.New("the assertion isn't right")
	errTooMany   = errors.New("too many have tried to sign in")
)

// The cost of a password, as OWASP has it for argon2id.
const (
	argonTime, argonMemory, argonThreads = 2, 19 << 10, 1
	argonKey, argonSalt                  = 32, 16
	// checksAtATime bounds the memory and the processors that passwords take.
	checksAtATime = 2
	triesPerName  = 10
	tryEvery      = 6 * time.Second
	mostNames     = 10_000
)

// hashPassword returns a password as it is kept.
func hashPassword(password string) string {
	salt := make([]byte, argonSalt)
	_, _ = rand.Read(salt) // it never fails
	return encodePassword(salt, password)
}

func encodePassword(salt []byte, password string) string {
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKey)
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads, encode(salt), encode(key))
}

// checkPassword reports whether a password is the one that was kept. It takes as long if
// nothing was kept.
func checkPassword(kept, password string) bool {
	salt := make([]byte, argonSalt)
	if fields := strings.Split(kept, "$"); len(fields) == 6 {
		if decoded, err := base64.RawStdEncoding.DecodeString(fields[4]); err == nil {
			salt = decoded
		}
	}
	return subtle.ConstantTimeCompare([]byte(encodePassword(salt, password)), []byte(kept)) == 1
}

// passwords authenticate by an address and a password, "ann@example.com:secret".
type passwords struct {
	store  *store
	checks chan struct{}

	mu    sync.Mutex
	tries map[string]*rate.Limiter
}

func newPasswords(s *store) *passwords {
	return &passwords{store: s, checks: make(chan struct{}, checksAtATime), tries: map[string]*rate.Limiter{}}
}

// allow reports whether a password may be tried for a name.
func (p *passwords) allow(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	limit := p.tries[name]
	if limit == nil {
		if len(p.tries) >= mostNames {
			clear(p.tries)
		}
		limit = rate.NewLimiter(rate.Every(tryEvery), triesPerName)
		p.tries[name] = limit
	}
	return limit.Allow()
}

// Authenticate returns the address and what stands before its @.
func (p *passwords) Authenticate(ctx context.Context, assertion string) (email, name string, err error) {
	email, password, _ := strings.Cut(assertion, ":")
	email = strings.ToLower(strings.TrimSpace(email))
	if !p.allow(email) {
		return "", "", errTooMany
	}
	kept, err := one(ctx, p.store.read, func(s *string) []any { return []any{s} }, "SELECT password FROM users WHERE email = $1", email)
	switch {
	case errors.Is(err, errMissing):
		kept = new(string)
	case err != nil:
		return "", "", err
	}
	select {
	case p.checks <- struct{}{}:
	case <-time.After(time.Second):
		return "", "", errTooMany
	case <-ctx.Done():
		return "", "", ctx.Err()
	}
	ok := checkPassword(*kept, password)
	<-p.checks
	if !ok {
		return "", "", errAssertion
	}
	return email, nameOf(email), nil
}

// nameOf returns the name that somebody with an address begins with.
func nameOf(email string) string {
	local, _, _ := strings.Cut(email, "@")
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, strings.ToLower(local))
	if len(name) > lengthOfName {
		name = name[:lengthOfName]
	}
	return name
}

const lengthOfName = 20 // with room for what tells two apart

// openIDConnect authenticates by ID tokens of a provider, whose e-mail address it has
// verified.
type openIDConnect struct{ verifier *oidc.IDTokenVerifier }

// newOpenIDConnect asks an issuer how its tokens are verified.
func newOpenIDConnect(ctx context.Context, issuer, clientID string) (*openIDConnect, error) {
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return nil, err
	}
	return &openIDConnect{provider.Verifier(&oidc.Config{ClientID: clientID})}, nil
}

// Authenticate returns the address in an ID token.
func (o *openIDConnect) Authenticate(ctx context.Context, assertion string) (email, name string, err error) {
	token, err := o.verifier.Verify(ctx, assertion)
	if err != nil {
		return "", "", fmt.Errorf("%w: %w", errAssertion, err)
	}
	var claims struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
	}
	if err := token.Claims(&claims); err != nil || !claims.Verified || !strings.Contains(claims.Email, "@") {
		return "", "", errAssertion
	}
	email = strings.ToLower(claims.Email)
	return email, nameOf(email), nil
}

// tokenFor is how long a token is good for.
const tokenFor = 365 * 24 * time.Hour

func (s *service) signIn(ctx context.Context, in *forumapi.Assertion) (a forumapi.Answer[forumapi.Token], err error) {
	v := visitOf(ctx)
	provider := s.authenticators[in.Body.Provider]
	if provider == nil {
		return a, v.refuse(http.StatusBadRequest, codeContent, "nobody signs in here by "+in.Body.Provider)
	}
	email, name, err := provider.Authenticate(ctx, in.Body.Assertion)
	switch {
	case errors.Is(err, errAssertion):
		return a, v.refuse(http.StatusUnauthorized, codeLogin, "the assertion isn't right")
	case errors.Is(err, errTooMany):
		return a, v.refuse(http.StatusTooManyRequests, codeQuota, "too many have tried to sign in")
	case err != nil:
		return a, unavailable(err)
	}
	expires := s.now().Add(tokenFor)
	token, err := s.store.signIn(ctx, s.now(), v.site.ID, email, name, expires)
	if err != nil {
		return a, unavailable(err)
	}
	a, err = answer(in.Echo, forumapi.Token{AccessToken: token, Expires: expires})
	a.CacheControl, a.ETag = "no-store", ""
	return a, err
}

func (s *service) signOut(ctx context.Context, in *forumapi.Echo) (a forumapi.Answer[forumapi.Nothing], err error) {
	v := visitOf(ctx)
	if v.profile == nil {
		return a, v.refuse(http.StatusUnauthorized, codeLogin, "there is no token to revoke")
	}
	if err := s.store.signOut(ctx, v.token); err != nil {
		return a, unavailable(err)
	}
	return nothing(*in)
}
