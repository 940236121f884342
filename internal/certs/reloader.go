package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
)

// A Reloader holds the certificates of a server, and those of the authorities that it
// trusts clients by, as they are in their files now. Reload reads files that have
// changed, at most twice a second. If one doesn't load, what was loaded before stays in
// use. A certificate that isn't valid yet, or no longer, still replaces the one before,
// because the files are the operator's decision; Refused reports it.
//
// The zero value has no certificates. Once AddKeyPair and AddClientCA won't be called
// any more, the other methods may be called at any time.
type Reloader struct {
	// Fallback, if it isn't nil, is called by Certificate when no certificate suits a
	// client.
	Fallback func(*tls.ClientHelloInfo) (*tls.Certificate, error)

	pairs   []*keyPair
	clients *authorities // or nil
}

// AddKeyPair loads a certificate and its key from these PEM files, and adds them.
func (r *Reloader) AddKeyPair(cert, key string) error {
	p, err := newKeyPair(cert, key)
	if err != nil {
		return err
	}
	r.pairs = append(r.pairs, p)
	return nil
}

// Len returns how many certificates have been added by AddKeyPair.
func (r *Reloader) Len() int { return len(r.pairs) }

// AddClientCA loads the certificates in this PEM file, and adds them to ClientCAs. The
// first time, it adds those in base, too, which may be nil and stays as it is.
func (r *Reloader) AddClientCA(base *x509.CertPool, file string) error {
	clients, err := r.clients.with(base, file)
	if err != nil {
		return err
	}
	r.clients = clients
	return nil
}

// ClientCAs returns the certificates that clients are trusted by, or nil before
// AddClientCA. The pool is another one once they have changed.
func (r *Reloader) ClientCAs() *x509.CertPool {
	if r.clients == nil {
		return nil
	}
	return r.clients.pool.Load()
}

// Reload loads what has changed, if it hasn't looked at the files for half a second. With
// force, it loads everything now. It returns an error once for each change that can't be
// loaded, or every time with force.
func (r *Reloader) Reload(force bool) error {
	var errs []error
	for _, p := range r.pairs {
		errs = append(errs, p.reload(force))
	}
	if r.clients != nil {
		errs = append(errs, r.clients.reload(force))
	}
	return errors.Join(errs...)
}

// Refused returns an error for each certificate in use that clients refuse because it
// isn't valid yet, or no longer. It returns each error once.
func (r *Reloader) Refused() (errs []error) {
	for _, p := range r.pairs {
		if err := p.check(); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// Certificate returns the first certificate that suits a client. If there is none, it
// returns what Fallback does, or the first certificate, so it needs one of the two.
func (r *Reloader) Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	for _, p := range r.pairs {
		if pair := p.current.Load(); hello.SupportsCertificate(pair) == nil {
			return pair, nil
		}
	}
	if r.Fallback != nil {
		return r.Fallback(hello)
	}
	return r.pairs[0].current.Load(), nil
}

// Leaves returns the certificates in the order of AddKeyPair, without those of their
// authorities.
func (r *Reloader) Leaves() (all []*x509.Certificate) {
	for _, p := range r.pairs {
		if c := Leaf(p.current.Load()); c != nil {
			all = append(all, c)
		}
	}
	return all
}
