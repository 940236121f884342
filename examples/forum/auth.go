package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/time/rate"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
	"github.com/rcrowley/go-tigertonic/examples/internal/idtoken"
)

// An Authenticator finds the e-mail address that an assertion proves, and a name for its
// owner. It returns errAssertion for an invalid one.
type Authenticator interface {
	Authenticate(ctx context.Context, assertion string) (email, name string, err error)
}

var (
	errAssertion = errors.New("the assertion isn't valid")
	errTooMany   = errors.New("too many attempts to sign in")
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

// hashPassword returns the hash that is stored for a password.
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

// checkPassword reports whether a password matches the stored hash. It takes just as long
// if there is none.
func checkPassword(kept, password string) bool {
	salt := make([]byte, argonSalt)
	if fields := strings.Split(kept, "$"); len(fields) == 6 {
		if decoded, err := base64.RawStdEncoding.DecodeString(fields[4]); err == nil {
			salt = decoded
		}
	}
	return subtle.ConstantTimeCompare([]byte(encodePassword(salt, password)), []byte(kept)) == 1
}

// tries limits how often something may be tried for a name.
type tries struct {
	most  int
	every time.Duration

	mu     sync.Mutex
	limits map[string]*rate.Limiter
	swept  time.Time
}

func newTries(most int, every time.Duration) *tries {
	return &tries{most: most, every: every, limits: map[string]*rate.Limiter{}}
}

// allow reports whether there may be another try.
func (t *tries) allow(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	limit := t.limits[name]
	if limit == nil {
		if len(t.limits) >= mostNames && !t.sweep() {
			return false
		}
		limit = rate.NewLimiter(rate.Every(t.every), t.most)
		t.limits[name] = limit
	}
	return limit.Allow()
}

// sweep forgets names without a recent try, at most once a second, and reports whether
// there is room. Trying many names wins no more tries for one of them.
func (t *tries) sweep() bool {
	if now := time.Now(); now.Sub(t.swept) >= time.Second {
		t.swept = now
		maps.DeleteFunc(t.limits, func(_ string, l *rate.Limiter) bool { return l.Tokens() >= float64(t.most) })
	}
	return len(t.limits) < mostNames
}

// passwords authenticate by an address and a password, "ann@example.com:secret".
type passwords struct {
	store  *store
	checks chan struct{}
	tries  *tries
}

func newPasswords(s *store) *passwords {
	return &passwords{store: s, checks: make(chan struct{}, checksAtATime), tries: newTries(triesPerName, tryEvery)}
}

// begin waits until a hash may be computed.
func (p *passwords) begin(ctx context.Context) error {
	select {
	case p.checks <- struct{}{}:
		return nil
	case <-time.After(time.Second):
		return errTooMany
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hash returns the hash that is stored for a password.
func (p *passwords) hash(ctx context.Context, password string) (string, error) {
	if err := p.begin(ctx); err != nil {
		return "", err
	}
	defer func() { <-p.checks }()
	return hashPassword(password), nil
}

// Authenticate returns the address and what stands before its @.
func (p *passwords) Authenticate(ctx context.Context, assertion string) (email, name string, err error) {
	email, password, _ := strings.Cut(assertion, ":")
	email = strings.ToLower(strings.TrimSpace(email))
	if !p.tries.allow(email) {
		return "", "", errTooMany
	}
	kept, err := values[string](ctx, p.store.read, "SELECT password FROM users WHERE email = $1", email)
	if err != nil {
		return "", "", err
	}
	if err := p.begin(ctx); err != nil {
		return "", "", err
	}
	ok := checkPassword(strings.Join(kept, ""), password)
	<-p.checks
	if !ok {
		return "", "", errAssertion
	}
	return email, nameOf(email), nil
}

// nameOf returns the first name of a profile with this address.
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

const lengthOfName = 20 // with room for a suffix that tells two apart

// openIDConnect authenticates by a provider's ID tokens whose e-mail address is verified.
type openIDConnect func(ctx context.Context, token string) (*emailClaims, error)

// emailClaims are what is read of an ID token.
type emailClaims struct {
	Email    string `json:"email"`
	Verified bool   `json:"email_verified"`
}

// newOpenIDConnect fetches the keys and the configuration of an issuer.
func newOpenIDConnect(ctx context.Context, issuer, clientID string) (openIDConnect, error) {
	return idtoken.Verifier[emailClaims](ctx, issuer, clientID)
}

// Authenticate returns the address in an ID token.
func (verify openIDConnect) Authenticate(ctx context.Context, assertion string) (email, name string, err error) {
	claims, err := verify(ctx, assertion)
	switch {
	case isUnavailable(err):
		return "", "", err
	case err != nil:
		return "", "", fmt.Errorf("%w: %w", errAssertion, err)
	case !claims.Verified || !strings.Contains(claims.Email, "@"):
		return "", "", errAssertion
	}
	email = strings.ToLower(claims.Email)
	return email, nameOf(email), nil
}

// isUnavailable reports whether the provider's keys can't be fetched, so that nobody can
// tell whether a token is good.
func isUnavailable(err error) bool {
	_, ok := errors.AsType[tigertonic.ServiceUnavailable](err)
	return ok
}

// tokenFor is how long a token is valid.
const tokenFor = 365 * 24 * time.Hour

func (s *service) signIn(ctx context.Context, v *visit, in *forumapi.Assertion) (t forumapi.Token, err error) {
	provider := s.settings.Load().authenticators[in.Body.Provider]
	if provider == nil {
		return t, v.refuse(http.StatusBadRequest, codeContent, "there is no signing in here by "+in.Body.Provider)
	}
	email, name, err := provider.Authenticate(ctx, in.Body.Assertion)
	switch {
	case errors.Is(err, errAssertion):
		return t, v.refuse(http.StatusUnauthorized, codeLogin, "the assertion isn't valid")
	case errors.Is(err, errTooMany):
		return t, v.refuse(http.StatusTooManyRequests, codeQuota, "too many attempts to sign in")
	case err != nil:
		return t, err
	}
	return s.newToken(ctx, v, email, name)
}

// newToken makes a token for somebody whose address has been verified.
func (s *service) newToken(ctx context.Context, v *visit, email, name string) (t forumapi.Token, err error) {
	expires := s.now().Add(tokenFor)
	token, err := s.store.signIn(ctx, s.now(), v.site.ID, email, name, expires)
	return forumapi.Token{AccessToken: token, Expires: expires}, err
}

func (s *service) signOut(ctx context.Context, v *visit, _ *forumapi.Echo) (forumapi.Nothing, error) {
	if v.profile == nil {
		return nil, v.refuse(http.StatusUnauthorized, codeLogin, "there is no token to revoke")
	}
	return nil, s.store.signOut(ctx, v.token)
}
