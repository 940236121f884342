package tigertonic_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// A machine is the principal of a certificate.
type machine struct {
	name   string
	scopes []string
}

func (m *machine) HasScope(scope string) bool { return slices.Contains(m.scopes, scope) }

// machineOf knows the machine a, and c, which may do nothing.
func machineOf(_ context.Context, cert *x509.Certificate) (*machine, error) {
	switch cert.Subject.CommonName {
	case "a":
		return &machine{"a", []string{"deploy"}}, nil
	case "c":
		return &machine{"c", nil}, nil
	case "down":
		return nil, tigertonic.ServiceUnavailable{Err: errors.New("secret host")}
	case "banned":
		return nil, tigertonic.Problem{Status: 401, Detail: "banned"}
	}
	return nil, errors.New("secret reason")
}

// An authority issues certificates to clients.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return authority{cert, key, file}
}

// issue returns a certificate for a client that is valid until then.
func (a authority) issue(t *testing.T, name string, until time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func sayMachine(w http.ResponseWriter, r *http.Request) {
	m, ok := tigertonic.Principal[*machine](r.Context())
	if !ok {
		m = &machine{name: "nobody"}
	}
	_, _ = fmt.Fprint(w, m.name)
}

// secured is a service that knows machines by certificate, alone, or people by token as well.
func secured() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	say := http.HandlerFunc(sayMachine)
	byCertificate := tigertonic.CertificateAuth(machineOf)
	byToken := tigertonic.BearerAuth(tigertonic.KnownTokens(map[string]*machine{"s3cret": {"token", nil}}))
	mux.Handle("GET", "/only", tigertonic.Authenticated(say, byCertificate))
	mux.Handle("GET", "/deploy", tigertonic.Authenticated(tigertonic.Scoped(say, "deploy"), byCertificate))
	mux.Handle("GET", "/either", tigertonic.Authenticated(say, byCertificate, byToken))
	mux.Handle("GET", "/either/deploy", tigertonic.Authenticated(tigertonic.Scoped(say, "deploy"), byCertificate, byToken))
	mux.Handle("GET", "/any", tigertonic.Authenticated(say, byCertificate, tigertonic.Anonymous()))
	mux.Handle("GET", "/any/deploy", tigertonic.Authenticated(tigertonic.Scoped(say, "deploy"), byCertificate, tigertonic.Anonymous()))
	return mux
}

func TestCertificatesAuthenticateOverTLS(t *testing.T) {
	cert, key, servers := certificate(t)
	ours, foreign := newAuthority(t), newAuthority(t)
	s := tigertonic.NewServer("", secured())
	s.ErrorLog = log.New(io.Discard, "", 0)
	require.NoError(t, s.TLS(cert, key))
	require.NoError(t, s.ClientCA(ours.file))
	s.TLSConfig.ClientAuth = tls.VerifyClientCertIfGiven // for those who come with a token
	addr := startTLS(t, s)
	soon := time.Now().Add(time.Hour)
	ask := func(path, token string, certs ...tls.Certificate) (string, http.Header) {
		t.Helper()
		config := &tls.Config{RootCAs: servers, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { // whoever the server asks for
			if len(certs) == 0 {
				return &tls.Certificate{}, nil
			}
			return &certs[0], nil
		}}
		r, err := http.NewRequestWithContext(t.Context(), "GET", "https://"+addr+path, nil)
		require.NoError(t, err)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		res, err := tlsClient(t, config).Do(r)
		if err != nil {
			return "no connection", nil
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return fmt.Sprint(res.StatusCode, " ", string(body)), res.Header
	}
	a, b, c := ours.issue(t, "a", soon), ours.issue(t, "b", soon), ours.issue(t, "c", soon)
	for _, tt := range []struct {
		path, token string
		certs       []tls.Certificate
		want        string // part of the response
		challenged  bool
	}{
		{"/only", "", []tls.Certificate{a}, "200 a", false},
		{"/only", "s3cret", nil, "403 ", false},
		{"/only", "", nil, "this needs the client's certificate", false},
		{"/only", "", []tls.Certificate{b}, "403 ", false},
		{"/only", "", []tls.Certificate{b}, "the client's certificate isn't valid", false},
		{"/only", "", []tls.Certificate{ours.issue(t, "down", soon)}, "503 ", false},
		{"/only", "", []tls.Certificate{ours.issue(t, "banned", soon)}, "403 ", false},
		{"/only", "", []tls.Certificate{foreign.issue(t, "a", soon)}, "no connection", false},
		{"/only", "", []tls.Certificate{ours.issue(t, "a", time.Now().Add(-time.Minute))}, "no connection", false},
		{"/deploy", "", []tls.Certificate{a}, "200 a", false},
		{"/deploy", "", []tls.Certificate{c}, "403 ", false},
		{"/deploy", "", []tls.Certificate{c}, "this needs the scope deploy", false},
		{"/either", "", []tls.Certificate{a}, "200 a", false},
		{"/either", "s3cret", nil, "200 token", false},
		{"/either", "s3cret", []tls.Certificate{b}, "200 token", false},
		{"/either", "", nil, "401 ", true},
		{"/either", "", nil, "this needs the client's certificate or the bearer token", true},
		{"/either", "", []tls.Certificate{b}, "401 ", true},
		{"/either/deploy", "s3cret", nil, "403 ", true},
		{"/either/deploy", "", []tls.Certificate{c}, "403 ", false},
		{"/any", "", nil, "200 nobody", false},
		{"/any", "", []tls.Certificate{b}, "403 ", false},
		{"/any/deploy", "", nil, "403 ", false},
	} {
		got, header := ask(tt.path, tt.token, tt.certs...)
		assert.Contains(t, got, tt.want, tt.path)
		assert.NotContains(t, got, "secret", tt.path)
		assert.Equal(t, tt.challenged, header.Get("WWW-Authenticate") != "", "%s: %v", tt.path, header)
	}
}

// Where a server asks for certificates without verifying them, there is none.
func TestCertificatesThatNobodyVerifiedAreNone(t *testing.T) {
	srv := httptest.NewUnstartedServer(secured())
	srv.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	client := srv.Client()
	client.Transport.(*http.Transport).TLSClientConfig.Certificates = []tls.Certificate{newAuthority(t).issue(t, "a", time.Now().Add(time.Hour))}
	res, err := client.Get(srv.URL + "/only")
	require.NoError(t, err)
	defer res.Body.Close()
	assert.Equal(t, 403, res.StatusCode)
	assert.Equal(t, 403, serve(t, secured(), "GET", "/only", "").Code, "without TLS")
}

// A connection may outlive its certificate.
func TestCertificatesThatExpireOnAConnectionAreRefused(t *testing.T) {
	ask := func(from, until time.Time) int {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/only", nil)
		cert := &x509.Certificate{Subject: pkix.Name{CommonName: "a"}, NotBefore: from, NotAfter: until}
		r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}, VerifiedChains: [][]*x509.Certificate{{cert}}}
		w := httptest.NewRecorder()
		secured().ServeHTTP(w, r)
		return w.Code
	}
	now := time.Now()
	assert.Equal(t, 200, ask(now.Add(-time.Hour), now.Add(time.Hour)))
	assert.Equal(t, 403, ask(now.Add(-time.Hour), now.Add(-time.Minute)))
	assert.Equal(t, 403, ask(now.Add(time.Minute), now.Add(time.Hour)))
}

func TestCertificatesAreDescribed(t *testing.T) {
	byToken := tigertonic.BearerAuth(tigertonic.KnownTokens(map[string]*machine{"s3cret": {}}))
	alone := describedBy(tigertonic.Authenticated(tigertonic.Scoped(hello, "deploy"), tigertonic.CertificateAuth(machineOf)))
	require.Len(t, alone.Security, 1)
	assert.Equal(t, "mutualTLS true [deploy]", fmt.Sprint(alone.Security[0].Name, " ", alone.Security[0].MutualTLS, alone.Security[0].Scopes))
	assert.Contains(t, alone.Responses, "403")
	assert.NotContains(t, alone.Responses, "401")
	either := describedBy(tigertonic.Authenticated(hello, tigertonic.CertificateAuth(machineOf), byToken))
	assert.Equal(t, "bearer", either.Security[0].Or[0].Name)
	assert.Contains(t, either.Responses, "401")
	assert.Contains(t, tigertonic.Explain(tigertonic.Authenticated(hello, tigertonic.CertificateAuth(machineOf), byToken)), "Authenticated(CertificateAuth or BearerAuth) > ")
	assert.Contains(t, panicOf(t, func() { tigertonic.CertificateAuth[*machine](nil) }), "CertificateAuth: the function is nil")
}
