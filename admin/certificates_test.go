package admin_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"
)

type certifiedHandler struct {
	http.Handler
	certificates []*x509.Certificate
}

func (h *certifiedHandler) Certificates() []*x509.Certificate { return h.certificates }

func TestMetricsTellWhenCertificatesExpire(t *testing.T) {
	expiry := time.Unix(1800000000, 0)
	at := func(serial int64, change func(*x509.Certificate)) *x509.Certificate {
		c := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: expiry}
		change(c)
		return c
	}
	inner := &certifiedHandler{Handler: service}
	a := newAdmin(tigertonic.Logged(tigertonic.Sized(inner, 5), nil), admin.Options{})
	assert.NotContains(t, get(t, a, "/metrics"), "tls_certificate")
	inner.certificates = []*x509.Certificate{
		at(255, func(c *x509.Certificate) { c.DNSNames = []string{"a.example", "b.example"} }),
		at(255, func(c *x509.Certificate) { c.DNSNames = []string{"a.example"} }), // twice the same
		at(2, func(c *x509.Certificate) { c.Subject = pkix.Name{CommonName: "c \"d\""} }),
		at(3, func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)} }),
		at(4, func(*x509.Certificate) {}),
	}
	text := get(t, a, "/metrics")
	for _, want := range []string{
		"# TYPE tls_certificate_expiry_timestamp_seconds gauge\n",
		`tls_certificate_expiry_timestamp_seconds{name="a.example",serial="ff"} 1800000000`,
		`tls_certificate_expiry_timestamp_seconds{name="c \"d\"",serial="2"} 1800000000`,
		`tls_certificate_expiry_timestamp_seconds{name="127.0.0.1",serial="3"} 1800000000`,
		`tls_certificate_expiry_timestamp_seconds{name="",serial="4"} 1800000000`,
	} {
		assert.Contains(t, text, want)
	}
	assert.Equal(t, 4, strings.Count(text, "\ntls_certificate"))
	assert.NotContains(t, get(t, newAdmin(tigertonic.NewServer("", service).Handler, admin.Options{}), "/metrics"), "tls_certificate")
}
