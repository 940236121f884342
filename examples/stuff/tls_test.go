package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// newCertificate returns the files of a fresh certificate for 127.0.0.1 and its
// key, and a pool that trusts it.
func newCertificate(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	certDER, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certDER})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(certPEM)
	return write(t, "cert.pem", string(certPEM)), write(t, "key.pem", string(keyPEM)), pool
}

func TestServiceSpeaksTLS(t *testing.T) {
	t.Parallel()
	cert, key, pool := newCertificate(t)
	p := start(t, "-cert", cert, "-key", key)
	if !strings.HasPrefix(p.base, "https://") {
		t.Errorf("it says that it listens on %s", p.base)
	}
	for protocol, transport := range map[string]*http.Transport{
		"HTTP/1.1": {TLSClientConfig: &tls.Config{RootCAs: pool}},
		"HTTP/2.0": {TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true},
	} {
		p.client = &http.Client{Transport: transport}
		rs, got := p.send(t, "POST", "/1.0/stuff", `{"id":"`+protocol[len("HTTP/"):len("HTTP/1")]+`","stuff":"STUFF"}`)
		if rs.StatusCode != http.StatusCreated || rs.Proto != protocol {
			t.Errorf("got %d %q by %s, want 201 by %s", rs.StatusCode, got, rs.Proto, protocol)
		}
		p.client.CloseIdleConnections()
	}
	conn, err := (&tls.Dialer{Config: &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS11}}).DialContext(t.Context(), "tcp", p.address)
	if err == nil {
		conn.Close()
		t.Error("got a connection with TLS 1.1")
	}
}
