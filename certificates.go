package tigertonic

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Certificates follow their files: where one has changed since it was read, the
// next handshake reads it, at most twice a second. What doesn't load is logged
// once, and what was loaded before stays.

const lookAgain = 500 * time.Millisecond

// A followed is something that is loaded from files.
type followed struct {
	files []string
	load  func() error

	mu     sync.Mutex
	looked atomic.Int64 // when, in Unix nanoseconds
	stamps []string     // of the files when they were loaded last, or failed to
}

// follow loads what is in the files for the first time.
func (f *followed) follow() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.looked.Store(time.Now().UnixNano())
	f.stamps = stampsOf(f.files)
	return f.load()
}

// refresh loads the files anew if one has changed, or whatever they are if force
// is set. An error is returned once for each change.
func (f *followed) refresh(force bool) error {
	now := time.Now().UnixNano()
	if looked := f.looked.Load(); !force && (now-looked < int64(lookAgain) || !f.looked.CompareAndSwap(looked, now)) {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	stamps := stampsOf(f.files)
	changed := force
	for i := range stamps {
		changed = changed || stamps[i] != f.stamps[i]
	}
	if !changed {
		return nil
	}
	f.stamps = stamps
	return f.load()
}

// stampsOf returns what changes when files do.
func stampsOf(files []string) []string {
	stamps := make([]string, len(files))
	for i, file := range files {
		if info, err := os.Stat(file); err == nil {
			stamps[i] = fmt.Sprint(info.ModTime().UnixNano(), info.Size(), fileID(info))
		}
	}
	return stamps
}

// A keyPair is a certificate and its key.
type keyPair struct {
	followed
	pair atomic.Pointer[tls.Certificate]
}

func newKeyPair(cert, key string) (*keyPair, error) {
	p := &keyPair{}
	p.files = []string{cert, key}
	p.load = func() error {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return fmt.Errorf("tigertonic: certificate %q with key %q: %w", cert, key, err)
		}
		p.pair.Store(&pair)
		return nil
	}
	err := p.follow()
	return p, err
}

// A clientCA is the certificates that clients are trusted by.
type clientCA struct {
	followed
	base   *x509.CertPool // the user's, or nil
	pool   atomic.Pointer[x509.CertPool]
	config atomic.Pointer[tls.Config] // with the pool
}

// configOf returns a server's configuration with the certificates as they are
// now.
func (ca *clientCA) configOf(server *tls.Config) *tls.Config {
	pool := ca.pool.Load()
	if c := ca.config.Load(); c != nil && c.ClientCAs == pool {
		return c
	}
	c := server.Clone()
	c.GetConfigForClient, c.ClientCAs = nil, pool
	if len(c.NextProtos) == 0 {
		c.NextProtos = []string{"http/1.1"} // which net/http adds to a copy, for it adds h2 to the server's
	}
	ca.config.Store(c)
	return c
}

// certificates are those of a server.
type certificates struct {
	pairs []*keyPair
	other func(*tls.ClientHelloInfo) (*tls.Certificate, error) // the user's, or nil
	cas   *clientCA
}

// refresh loads what has changed.
func (c *certificates) refresh(force bool) error {
	var errs []error
	for _, p := range c.pairs {
		errs = append(errs, p.refresh(force))
	}
	if c.cas != nil {
		errs = append(errs, c.cas.refresh(force))
	}
	return errors.Join(errs...)
}

// certificate returns the first certificate that suits a client, or the first
// one.
func (c *certificates) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	for _, p := range c.pairs {
		if pair := p.pair.Load(); hello.SupportsCertificate(pair) == nil {
			return pair, nil
		}
	}
	if c.other != nil {
		return c.other(hello)
	}
	return c.pairs[0].pair.Load(), nil
}

// addPair has the server use a certificate.
func (s *Server) addPair(cert, key string) error {
	p, err := newKeyPair(cert, key)
	if err != nil {
		return err
	}
	c := s.tlsConfig()
	if len(s.certificates.pairs) == 0 {
		s.certificates.other = c.GetCertificate
		c.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			s.refreshCertificates(false)
			return s.certificates.certificate(hello)
		}
	}
	s.certificates.pairs = append(s.certificates.pairs, p)
	return nil
}

// addClientCA has the server ask clients for certificates.
func (s *Server) addClientCA(file string) error {
	c, old := s.tlsConfig(), s.certificates.cas
	ca := &clientCA{}
	base := c.ClientCAs
	if old != nil {
		ca.files, base = old.files, old.base
	}
	ca.files, ca.base = append(slices.Clip(ca.files), file), base
	ca.load = func() error {
		pool := x509.NewCertPool()
		if base != nil {
			pool = base.Clone()
		}
		for _, file := range ca.files {
			if _, err := loadPool(pool, file); err != nil {
				return err
			}
		}
		ca.pool.Store(pool)
		return nil
	}
	if err := ca.follow(); err != nil {
		return err
	}
	s.certificates.cas = ca
	c.ClientCAs, c.ClientAuth = ca.pool.Load(), tls.RequireAndVerifyClientCert
	c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		s.refreshCertificates(false)
		return s.certificates.cas.configOf(s.TLSConfig), nil
	}
	return nil
}

// refreshCertificates loads those that have changed.
func (s *Server) refreshCertificates(force bool) {
	if err := s.certificates.refresh(force); err != nil {
		s.logError("certificates that were loaded before stay in use", err)
	}
}
