package tigertonic

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
)

// NewTLSServer is [NewServer] with the certificate and the key in these PEM
// files. Its ListenAndServe speaks TLS.
func NewTLSServer(addr, cert, key string, h http.Handler) (*Server, error) {
	s := NewServer(addr, h)
	if err := s.TLS(cert, key); err != nil {
		return nil, err
	}
	return s, nil
}

// TLS adds the certificate and the key in these PEM files, of version 1.2 of the
// protocol at least, with HTTP/2. Of several certificates, a client gets the
// first one that suits it. When the files change, they are loaded anew; if that
// fails, what was loaded before stays in use, and the error is logged. A
// GetCertificate of TLSConfig that is set before, such as autocert's, is asked
// where none of the certificates suits.
func (s *Server) TLS(cert, key string) error { return s.addPair(cert, key) }

// CA adds the certificates in this PEM file to those that TLSConfig trusts
// servers by. It is for handlers that call others with the same configuration.
func (s *Server) CA(file string) error {
	pool, err := loadPool(s.tlsConfig().RootCAs, file)
	if err == nil {
		s.tlsConfig().RootCAs = pool
	}
	return err
}

// ClientCA adds the certificates in this PEM file to those that clients are
// trusted by. Every client then needs a certificate. The file is loaded anew when
// it changes, as those of [Server.TLS] are.
func (s *Server) ClientCA(file string) error { return s.addClientCA(file) }

// ListenAndServeTLS is [Server.ListenAndServe] with TLS, by [Server.TLS] unless
// the names of the files are empty.
func (s *Server) ListenAndServeTLS(cert, key string) error {
	if err := s.addTLS(cert, key); err != nil {
		return err
	}
	return s.ListenAndServe()
}

// ServeTLS is [Server.Serve] with TLS, by [Server.TLS] unless the names of the
// files are empty.
func (s *Server) ServeTLS(l net.Listener, cert, key string) error {
	if err := s.addTLS(cert, key); err != nil {
		return errors.Join(err, l.Close())
	}
	s.announce("main", l)
	return s.serveTLS(l)
}

func (s *Server) serveTLS(l net.Listener) error {
	return s.serve(l, func(l net.Listener) error { return s.Server.ServeTLS(l, "", "") })
}

// tlsConfig returns the configuration, made if there is none.
func (s *Server) tlsConfig() *tls.Config {
	if s.TLSConfig == nil {
		s.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return s.TLSConfig
}

// addTLS calls TLS unless the names are empty, and returns an error if there is
// no certificate then.
func (s *Server) addTLS(cert, key string) error {
	if cert != "" || key != "" {
		if err := s.TLS(cert, key); err != nil {
			return err
		}
	}
	if !s.hasCertificate() {
		return fmt.Errorf("tigertonic: server %q is to speak TLS but has no certificate", s.Addr)
	}
	return nil
}

func (s *Server) hasCertificate() bool {
	c := s.TLSConfig
	chosenByUser := c != nil && c.GetConfigForClient != nil && s.certificates.cas == nil
	return c != nil && (len(c.Certificates) > 0 || c.GetCertificate != nil || chosenByUser)
}

// usesTLS tells whether there is anything to speak TLS with. A TLSConfig alone,
// which net/http makes for itself, is nothing.
func (s *Server) usesTLS() bool {
	return s.hasCertificate() || s.TLSConfig != nil && s.TLSConfig.ClientAuth != tls.NoClientCert
}

// loadPool adds the certificates in a PEM file to the pool, or to a new one.
func loadPool(pool *x509.CertPool, file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file) //nolint:gosec // the user chooses the file
	if err != nil {
		return nil, fmt.Errorf("tigertonic: certificate authority: %w", err)
	}
	if pool == nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("tigertonic: certificate authority %q: no certificate in PEM", file)
	}
	return pool, nil
}
