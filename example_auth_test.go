package tigertonic_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

// A keyHolder is who makes requests, in the examples of authentication.
type keyHolder struct {
	Name   string
	scopes []string
}

func (a *keyHolder) HasScope(scope string) bool { return slices.Contains(a.scopes, scope) }

func ExampleAuthenticated() {
	tokens := tigertonic.KnownTokens(map[string]*keyHolder{
		"t0ken": {Name: "Ada", scopes: []string{"issues:read", "issues:write"}},
		"0ther": {Name: "Bob", scopes: []string{"issues:read"}},
	})
	sessions := func(_ context.Context, session string) (*keyHolder, error) {
		if session != "s1" {
			return nil, errors.New("no such session") // for the log; the client is told less
		}
		return &keyHolder{Name: "Eve", scopes: []string{"issues:read"}}, nil
	}
	show := func(ctx context.Context, _ *struct{}) (string, error) {
		who, _ := tigertonic.Principal[*keyHolder](ctx)
		return "for " + who.Name, nil
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/issues", tigertonic.Typed(show))
	mux.Handle("POST", "/issues", tigertonic.Scoped(tigertonic.Typed(show), "issues:write"))
	service := tigertonic.Authenticated(mux, tigertonic.BearerAuth(tokens).Realm("tracker"), tigertonic.APIKeyAuth("cookie", "session", sessions))

	for _, header := range [][2]string{{"Authorization", "Bearer t0ken"}, {"Authorization", "Bearer 0ther"}, {"Cookie", "session=s1"}, {"Cookie", "session=s2"}} {
		for _, method := range []string{"GET", "POST"} {
			w := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(context.Background(), method, "/issues", http.NoBody)
			r.Header.Set(header[0], header[1])
			service.ServeHTTP(w, r)
			fmt.Println(header[1], method, w.Code)
			for _, challenge := range w.Header()["Www-Authenticate"] {
				fmt.Println("\t" + challenge)
			}
		}
	}
	// Output:
	// Bearer t0ken GET 200
	// Bearer t0ken POST 200
	// Bearer 0ther GET 200
	// Bearer 0ther POST 403
	// 	Bearer realm="tracker", error="insufficient_scope", error_description="this needs the scope issues:write", scope="issues:write"
	// session=s1 GET 200
	// session=s1 POST 403
	// 	APIKey realm="api", in="cookie", name="session", error="insufficient_scope", error_description="this needs the scope issues:write", scope="issues:write"
	// session=s2 GET 401
	// 	Bearer realm="tracker"
	// 	APIKey realm="api", in="cookie", name="session", error="invalid_token", error_description="the key in the cookie session isn't valid"
	// session=s2 POST 401
	// 	Bearer realm="tracker"
	// 	APIKey realm="api", in="cookie", name="session", error="invalid_token", error_description="the key in the cookie session isn't valid"
}

// A request by a client whose certificate the server has verified, which is here what a
// test can make of it.
func ExampleCertificateAuth() {
	find := func(_ context.Context, cert *x509.Certificate) (string, error) {
		if cert.Subject.CommonName != "deploy" {
			return "", errors.New("unknown")
		}
		return cert.Subject.CommonName, nil
	}
	whoami := func(ctx context.Context, _ *struct{}) (string, error) {
		who, _ := tigertonic.Principal[string](ctx)
		return who, nil
	}
	h := tigertonic.Authenticated(tigertonic.Typed(whoami), tigertonic.CertificateAuth(find))
	for _, name := range []string{"deploy", "other"} {
		cert := &x509.Certificate{Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
		r := httptest.NewRequest("GET", "/", nil)
		r.TLS = &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{cert}}}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Print(w.Code, " ", w.Body.String())
	}
	// Output:
	// 200 "deploy"
	// 403 {"description":"the client's certificate isn't valid","error":"tigertonic.Forbidden"}
}
