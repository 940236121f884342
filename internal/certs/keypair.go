package certs

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"sync/atomic"
	"time"
)

// A keyPair is a certificate and its key.
type keyPair struct {
	source
	current atomic.Pointer[tls.Certificate]
	checked atomic.Pointer[tls.Certificate] // the one whose time has been looked at
}

func newKeyPair(cert, key string) (*keyPair, error) {
	p := &keyPair{}
	p.files = []string{cert, key}
	p.load = func() error {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return fmt.Errorf("tigertonic: certificate %q with key %q: %w", cert, key, err)
		}
		p.current.Store(&pair)
		return nil
	}
	err := p.first()
	return p, err
}

// check returns, once for each certificate, that it isn't valid yet, or no longer.
func (p *keyPair) check() error {
	pair := p.current.Load()
	if p.checked.Load() == pair || p.checked.Swap(pair) == pair {
		return nil
	}
	c, now := Leaf(pair), time.Now()
	switch {
	case c == nil:
	case now.After(c.NotAfter):
		return fmt.Errorf("%q has expired on %s", p.files[0], c.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(c.NotBefore):
		return fmt.Errorf("%q is not valid before %s", p.files[0], c.NotBefore.UTC().Format(time.RFC3339))
	}
	return nil
}

// Leaf returns the certificate itself, without those of its authorities, or nil if
// there is none that can be parsed.
func Leaf(pair *tls.Certificate) *x509.Certificate {
	if pair.Leaf != nil || len(pair.Certificate) == 0 {
		return pair.Leaf
	}
	c, _ := x509.ParseCertificate(pair.Certificate[0]) // or handshakes fail
	return c
}
