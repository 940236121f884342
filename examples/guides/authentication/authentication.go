// Package authentication is the code of the guide docs/authentication.md.
package authentication

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"slices"

	"github.com/rcrowley/go-tigertonic"
)

// A User is who makes a request.
type User struct {
	Name   string
	Scopes map[string]bool
}

// HasScope reports whether the user may do something.
func (u *User) HasScope(scope string) bool { return u.Scopes[scope] }

var errUnknown = errors.New("nobody has this token")

func find(_ context.Context, token string) (*User, error) {
	if token != "s3cret" {
		return nil, errUnknown
	}
	return &User{Name: "ann", Scopes: map[string]bool{"issues:write": true}}, nil
}

func findSession(_ context.Context, session string) (*User, error) {
	if session != "ann's" {
		return nil, errUnknown
	}
	return &User{Name: "ann"}, nil
}

// An App is a program that calls for its users.
type App struct{ Name string }

func findApp(_ context.Context, key string) (*App, error) {
	if key != "app's" {
		return nil, errUnknown
	}
	return &App{Name: "tracker"}, nil
}

// NewIssue is what clients send.
type NewIssue struct {
	Title string `json:"title"`
}

// Issue is what they get.
type Issue struct {
	Title string `json:"title"`
	By    string `json:"by"`
}

func create(ctx context.Context, in *NewIssue) (*Issue, error) {
	user, _ := tigertonic.Principal[*User](ctx)
	return &Issue{Title: in.Title, By: user.Name}, nil
}

func service() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/issues", tigertonic.Scoped(tigertonic.Typed(create), "issues:write"))
	h := tigertonic.Authenticated(mux, tigertonic.BearerAuth(find).Realm("tracker"))
	return h
}

func combinations(h http.Handler) []http.Handler {
	return []http.Handler{
		// One of them,
		tigertonic.Authenticated(h, tigertonic.BearerAuth(find), tigertonic.APIKeyAuth("cookie", "session", findSession)),
		// both,
		tigertonic.Authenticated(tigertonic.Authenticated(h, tigertonic.BearerAuth(find)), tigertonic.APIKeyAuth("header", "App", findApp)),
		// or nobody.
		tigertonic.Authenticated(h, tigertonic.BearerAuth(find), tigertonic.Anonymous()),
	}
}

// withPasswords asks for a user and a password, which browsers do in a dialog.
func withPasswords(h http.Handler, check func(user, password string) error) http.Handler {
	return tigertonic.HTTPBasicAuthFunc(check, "tracker", h)
}

func described() []*tigertonic.Auth {
	return []*tigertonic.Auth{
		tigertonic.BearerAuth(find).Scheme(tigertonic.SecurityScheme{Name: "jwt", Scheme: "bearer", BearerFormat: "JWT"}),
		tigertonic.BearerAuth(find).Scheme(tigertonic.SecurityScheme{Name: "oidc", OpenIDConnectURL: "https://id.example.com/.well-known/openid-configuration"}),
	}
}

// byCertificate serves programs that have a certificate from the authority in the file.
func byCertificate(h http.Handler, authority string) (*tigertonic.Server, error) {
	s := tigertonic.NewServer(":8443", tigertonic.Authenticated(h, tigertonic.CertificateAuth(findProgram)))
	err := s.ClientCA(authority)
	return s, err
}

func findProgram(_ context.Context, cert *x509.Certificate) (*App, error) {
	if !slices.Contains(cert.DNSNames, "deploy.example.com") {
		return nil, errUnknown
	}
	return &App{Name: "deploy"}, nil
}
