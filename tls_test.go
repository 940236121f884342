package tigertonic_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// certificate makes a certificate that is its own authority, for 127.0.0.1, and
// returns the names of its files and itself in a pool.
func certificate(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "test"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	folder := t.TempDir()
	cert, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool = x509.NewCertPool()
	pool.AddCert(parsed)
	return cert, key, pool
}

// startTLS serves on a free port of loopback by TLS until the test ends.
func startTLS(t *testing.T, s *tigertonic.Server) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- s.ServeTLS(l, "", "") }()
	t.Cleanup(func() {
		_ = s.Close()
		t.Log("served:", <-served)
	})
	return l.Addr().String()
}

func tlsClient(t *testing.T, config *tls.Config) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: time.Minute}
}

func TestTLSServerSpeaksHTTP2AndSetsScheme(t *testing.T) {
	cert, key, pool := certificate(t)
	s, err := tigertonic.NewTLSServer("127.0.0.1:0", cert, key, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.Scheme+"://"+r.URL.Host)
	}))
	require.NoError(t, err)
	addr := startTLS(t, s)
	response, body := get(t, tlsClient(t, &tls.Config{RootCAs: pool}), "https://"+addr)
	assert.Equal(t, 2, response.ProtoMajor)
	assert.Equal(t, "https://"+addr, body)
}

func TestTLSUnder12IsRefused(t *testing.T) {
	cert, key, pool := certificate(t)
	s, err := tigertonic.NewTLSServer("127.0.0.1:0", cert, key, hello)
	require.NoError(t, err)
	addr := startTLS(t, s)
	old := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	_, err = tls.Dial("tcp", addr, old)
	require.ErrorContains(t, err, "protocol version")
}

func TestClientCARequiresCertificates(t *testing.T) {
	cert, key, pool := certificate(t)
	s, err := tigertonic.NewTLSServer("127.0.0.1:0", cert, key, hello)
	require.NoError(t, err)
	require.NoError(t, s.CA(cert))
	require.NoError(t, s.ClientCA(cert))
	addr := startTLS(t, s)
	conn, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: pool})
	if err == nil { // TLS 1.3 tells after the handshake
		defer conn.Close()
		_, err = conn.Read(make([]byte, 1))
	}
	require.ErrorContains(t, err, "certificate required")
	pair, err := tls.LoadX509KeyPair(cert, key)
	require.NoError(t, err)
	_, body := get(t, tlsClient(t, &tls.Config{RootCAs: s.TLSConfig.RootCAs, Certificates: []tls.Certificate{pair}}), "https://"+addr)
	assert.Equal(t, "hello", body)
}

func TestTLSFailsAtTheStart(t *testing.T) {
	cert, key, _ := certificate(t)
	empty := filepath.Join(t.TempDir(), "empty.pem")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	missing := empty + ".missing"
	withClientCA := tigertonic.NewServer("127.0.0.1:0", hello)
	require.NoError(t, withClientCA.ClientCA(cert))
	fresh := func() *tigertonic.Server { return tigertonic.NewServer("127.0.0.1:0", hello) }
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		return l
	}
	newTLS := func(cert, key string) error {
		_, err := tigertonic.NewTLSServer("127.0.0.1:0", cert, key, hello)
		return err
	}
	for _, tt := range []struct {
		name string
		err  error
		want []string
	}{
		{"missing certificate", newTLS(missing, key), []string{missing, key, "no such file"}},
		{"empty certificate", newTLS(empty, key), []string{empty, key, "PEM"}},
		{"listening with an empty key", fresh().ListenAndServeTLS(cert, empty), []string{cert, empty, "PEM"}},
		{"serving with an empty key", fresh().ServeTLS(listen(), cert, empty), []string{cert, empty, "PEM"}},
		{"missing authority", fresh().CA(missing), []string{missing, "no such file"}},
		{"empty authority", fresh().CA(empty), []string{empty, "no certificate in PEM"}},
		{"missing authority of clients", fresh().ClientCA(missing), []string{missing}},
		{"authority of clients without a certificate", withClientCA.ListenAndServe(), []string{`"127.0.0.1:0"`, "has no certificate"}},
		{"no certificate", fresh().ServeTLS(listen(), "", ""), []string{"has no certificate"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Error(t, tt.err)
			for _, want := range tt.want {
				assert.ErrorContains(t, tt.err, want)
			}
		})
	}
}

func TestListenAndServeSpeaksTLSOnceToldTo(t *testing.T) {
	cert, key, _ := certificate(t)
	s := tigertonic.NewServer("127.0.0.1:0", hello)
	served := make(chan error)
	go func() { served <- s.ListenAndServeTLS(cert, key) }()
	require.NoError(t, s.Close())
	require.NoError(t, <-served)
}

// net/http makes a TLSConfig for itself when it first serves.
func TestListenAndServeSpeaksPlainlyAfterServe(t *testing.T) {
	s := tigertonic.NewServer("127.0.0.1:0", hello)
	addr, served := start(t, s)
	get(t, newClient(t), "http://"+addr)
	listened := make(chan error)
	go func() { listened <- s.ListenAndServe() }()
	require.NoError(t, s.Close())
	require.NoError(t, <-served)
	require.NoError(t, <-listened)
}

func TestListenAndServeTLSTakesTheCertificateInTheConfiguration(t *testing.T) {
	cert, key, _ := certificate(t)
	s := tigertonic.NewServer("127.0.0.1:0", hello)
	require.ErrorContains(t, s.ListenAndServeTLS("", ""), "has no certificate")
	require.NoError(t, s.TLS(cert, key))
	served := make(chan error)
	go func() { served <- s.ListenAndServeTLS("", "") }()
	require.NoError(t, s.Close())
	require.NoError(t, <-served)
}

func TestCloseEndsHTTP2Connections(t *testing.T) {
	cert, key, pool := certificate(t)
	s, err := tigertonic.NewTLSServer("127.0.0.1:0", cert, key, hello)
	require.NoError(t, err)
	addr := startTLS(t, s)
	client := tlsClient(t, &tls.Config{RootCAs: pool})
	get(t, client, "https://"+addr)
	begin := time.Now()
	require.NoError(t, s.Close())
	assert.Less(t, time.Since(begin), 10*time.Second)
}
