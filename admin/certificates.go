package admin

import (
	"cmp"
	"crypto/x509"
)

// certified is a handler that knows the certificates of its server.
type certified interface {
	Certificates() []*x509.Certificate
}

// addCertificates adds when the server's certificates expire.
func (a *Admin) addCertificates(e *exposition) {
	if a.certificates == nil {
		return
	}
	f := family{
		name: "tls_certificate_expiry_timestamp_seconds", kind: gaugeKind,
		help: "When a certificate of the server expires, since 1970.",
	}
	type identity struct{ name, serial string }
	seen := map[identity]bool{}
	for _, c := range a.certificates() {
		id := identity{nameOfCertificate(c), c.SerialNumber.Text(16)}
		if seen[id] { // no two samples may have the same labels
			continue
		}
		seen[id] = true
		f.samples = append(f.samples, sample{
			labels: []label{{"name", id.name}, {"serial", id.serial}},
			value:  float64(c.NotAfter.Unix()),
		})
	}
	if len(f.samples) > 0 {
		e.take([]family{f})
	}
}

// nameOfCertificate returns the first name that a certificate is for.
func nameOfCertificate(c *x509.Certificate) string {
	name, address := "", ""
	if len(c.DNSNames) > 0 {
		name = c.DNSNames[0]
	}
	if len(c.IPAddresses) > 0 {
		address = c.IPAddresses[0].String()
	}
	return cmp.Or(name, c.Subject.CommonName, address)
}
