package tigertonic

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"

	"github.com/rcrowley/go-tigertonic/internal/certs"
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
func (s *Server) TLS(cert, key string) error {
	if err := s.certificates.AddKeyPair(cert, key); err != nil {
		return err
	}
	if c := s.tlsConfig(); s.certificates.Len() == 1 {
		s.certificates.Fallback = c.GetCertificate
		c.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			s.reloadCertificates(false)
			return s.certificates.Certificate(hello)
		}
	}
	return nil
}

// CA adds the certificates in this PEM file to those that TLSConfig trusts
// servers by. It is for handlers that call others with the same configuration. The
// pool that is there stays as it is, for others may use it: TLSConfig gets a new one.
func (s *Server) CA(file string) error {
	c := s.tlsConfig()
	pool, err := certs.WithFile(c.RootCAs, file)
	if err != nil {
		return err
	}
	c.RootCAs = pool
	return nil
}

// ClientCA adds the certificates in this PEM file to those that clients are
// trusted by. Every client then needs a certificate. The file is loaded anew when
// it changes, as those of [Server.TLS] are.
func (s *Server) ClientCA(file string) error {
	c := s.tlsConfig()
	if err := s.certificates.AddClientCA(c.ClientCAs, file); err != nil {
		return err
	}
	c.ClientCAs, c.ClientAuth = s.certificates.ClientCAs(), tls.RequireAndVerifyClientCert
	c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		s.reloadCertificates(false)
		return s.clientConfig(), nil
	}
	return nil
}

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

// Certificates returns the certificates that the server shows its clients, without
// those of their authorities: first those of [Server.TLS], as their files are now,
// then those of TLSConfig. What a GetCertificate of TLSConfig has isn't among them. It
// may be called at any time, once TLS won't be called any more. Package admin shows
// until when they are valid.
func (s *Server) Certificates() []*x509.Certificate {
	s.reloadCertificates(false)
	all := s.certificates.Leaves()
	s.mu.Lock()
	given := s.given
	if !s.hooked && s.TLSConfig != nil {
		given = s.TLSConfig.Certificates
	}
	s.mu.Unlock()
	for i := range given {
		if c := certs.Leaf(&given[i]); c != nil {
			all = append(all, c)
		}
	}
	return all
}

func (s *Server) serveTLS(l net.Listener) error {
	s.checkCertificates()
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
		return fmt.Errorf("tigertonic: server %q must speak TLS but has no certificate", s.Addr)
	}
	return nil
}

func (s *Server) hasCertificate() bool {
	c := s.TLSConfig
	chosenByUser := c != nil && c.GetConfigForClient != nil && s.certificates.ClientCAs() == nil
	return c != nil && (len(c.Certificates) > 0 || c.GetCertificate != nil || chosenByUser)
}

// usesTLS reports whether there is anything to speak TLS with. A TLSConfig alone,
// which net/http makes for itself, is nothing.
func (s *Server) usesTLS() bool {
	return s.hasCertificate() || s.TLSConfig != nil && s.TLSConfig.ClientAuth != tls.NoClientCert
}

// clientConfig returns TLSConfig with the authorities as they are now.
func (s *Server) clientConfig() *tls.Config {
	pool := s.certificates.ClientCAs()
	if c := s.lastConfig.Load(); c != nil && c.ClientCAs == pool {
		return c
	}
	c := s.TLSConfig.Clone()
	c.GetConfigForClient, c.ClientCAs = nil, pool
	c.NextProtos = s.nextProtos()
	s.lastConfig.Store(c)
	return c
}

// nextProtos returns the protocols that are offered to clients, as net/http has them
// in the copy of the configuration that it serves by. Whether HTTP/2 is among them,
// it shows by its entry in TLSNextProto.
func (s *Server) nextProtos() []string {
	_, http2 := s.TLSNextProto["h2"]
	http1 := true
	if p := s.Protocols; p != nil {
		http1, http2 = p.HTTP1() || !p.HTTP2(), http2 && p.HTTP2()
	}
	protos := slices.DeleteFunc(slices.Clone(s.TLSConfig.NextProtos), func(proto string) bool {
		return proto == "h2" && !http2 || proto == "http/1.1" && !http1
	})
	if http2 && !slices.Contains(protos, "h2") {
		protos = append(protos, "h2")
	}
	if http1 && !slices.Contains(protos, "http/1.1") {
		protos = append(protos, "http/1.1")
	}
	return protos
}

// reloadCertificates loads those that have changed, or all, and logs what is wrong with
// them.
func (s *Server) reloadCertificates(force bool) {
	if err := s.certificates.Reload(force); err != nil {
		s.logError("certificates that were loaded before stay in use", err)
	}
	s.checkCertificates()
}

// checkCertificates logs, once each, that certificates aren't valid yet, or no longer.
func (s *Server) checkCertificates() {
	for _, err := range s.certificates.Refused() {
		s.logProblem(slog.LevelWarn, "a certificate is in use that clients refuse", err)
	}
}
