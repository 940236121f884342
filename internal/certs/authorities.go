package certs

import (
	"crypto/x509"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
)

// authorities are the certificates of the authorities that clients are trusted by.
type authorities struct {
	source
	base *x509.CertPool // the user's, or nil
	pool atomic.Pointer[x509.CertPool]
}

// with returns a's certificates and those in another file, loaded; a, which may be
// nil, stays as it is. Base is what to begin with if it is.
func (a *authorities) with(base *x509.CertPool, file string) (*authorities, error) {
	next := &authorities{base: base}
	if a != nil {
		next.files, next.base = a.files, a.base
	}
	next.files = append(slices.Clip(next.files), file)
	next.load = func() error {
		pool := clone(next.base)
		for _, file := range next.files {
			if err := appendFile(pool, file); err != nil {
				return err
			}
		}
		next.pool.Store(pool)
		return nil
	}
	err := next.first()
	return next, err
}

// WithFile returns a pool with the certificates of another pool, which may be nil and
// isn't changed, and those of a PEM file, which must have at least one.
func WithFile(pool *x509.CertPool, file string) (*x509.CertPool, error) {
	pool = clone(pool)
	if err := appendFile(pool, file); err != nil {
		return nil, err
	}
	return pool, nil
}

// clone returns a copy of a pool, which is empty if that is nil.
func clone(pool *x509.CertPool) *x509.CertPool {
	if pool == nil {
		return x509.NewCertPool()
	}
	return pool.Clone()
}

// appendFile adds the certificates in a PEM file to the pool.
func appendFile(pool *x509.CertPool, file string) error {
	pem, err := os.ReadFile(file) //nolint:gosec // the user chooses the file
	if err != nil {
		return fmt.Errorf("tigertonic: certificate authority: %w", err)
	}
	if !pool.AppendCertsFromPEM(pem) {
		return fmt.Errorf("tigertonic: certificate authority %q: no certificate in PEM", file)
	}
	return nil
}
