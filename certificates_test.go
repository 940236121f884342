package tigertonic_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// A pemPair is a certificate that is its own authority, with its key.
type pemPair struct {
	certificate *x509.Certificate
	cert, key   []byte // in PEM
}

// newPair makes a certificate for 127.0.0.1 and these names.
func newPair(t *testing.T, serial int64, names ...string) pemPair {
	t.Helper()
	return newPairOf(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), serial, names...)
}

// newPairOf returns one that is valid in this time.
func newPairOf(t *testing.T, from, to time.Time, serial int64, names ...string) pemPair {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(serial),
		Subject:               pkix.Name{CommonName: "test", SerialNumber: big.NewInt(serial).String()},
		NotBefore:             from,
		NotAfter:              to,
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:              names,
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return pemPair{
		parsed,
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
	}
}

func (p pemPair) serial() int64 { return p.certificate.SerialNumber.Int64() }

// tls returns the pair as clients want it.
func (p pemPair) tls(t *testing.T) tls.Certificate {
	t.Helper()
	pair, err := tls.X509KeyPair(p.cert, p.key)
	require.NoError(t, err)
	return pair
}

// pairFiles are where a pair lies.
type pairFiles struct{ cert, key string }

func newPairFiles(t *testing.T, p pemPair) pairFiles {
	t.Helper()
	folder := t.TempDir()
	f := pairFiles{filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")}
	f.put(t, p)
	return f
}

// put replaces the pair as certbot does, one file after the other.
func (f pairFiles) put(t *testing.T, p pemPair) {
	t.Helper()
	replaceFile(t, f.cert, p.cert, 0o600)
	replaceFile(t, f.key, p.key, 0o600)
}

// overwrite puts the pair into the same files, of the same size and age, so that nobody
// sees it who isn't told.
func (f pairFiles) overwrite(t *testing.T, p pemPair) {
	t.Helper()
	for file, content := range map[string][]byte{f.cert: p.cert, f.key: p.key} {
		require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, "%-4096s", content), 0o600))
		require.NoError(t, os.Chtimes(file, time.Time{}, time.Unix(1e9, 0)))
	}
}

// replaceFile replaces a file at once.
func replaceFile(t *testing.T, file string, content []byte, mode os.FileMode) {
	t.Helper()
	require.NoError(t, os.WriteFile(file+".new", content, mode))
	require.NoError(t, os.Rename(file+".new", file))
}

// dialSerial does a handshake and returns the serial number of the certificate
// that the server has.
func dialSerial(addr, name string) (int64, error) {
	conn, err := tls.Dial("tcp", addr, &tls.Config{ServerName: name, InsecureSkipVerify: true})
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64(), nil
}

// startTLSLogged is startTLS with the server's log.
func startTLSLogged(t *testing.T, s *tigertonic.Server) (addr string, log *journal) {
	t.Helper()
	log = logTo(s)
	return startTLS(t, s), log
}

func logTo(s *tigertonic.Server) *journal {
	j := &journal{}
	s.ErrorLog = log.New(j, "", 0)
	return j
}

// complaints counts what a log says about certificates that didn't load.
func (j *journal) complaints() int { return strings.Count(j.String(), "stay in use") }

// serves waits until the server has a certificate.
func serves(t *testing.T, addr string, serial int64) {
	t.Helper()
	eventually(t, "the new certificate", func() bool {
		got, err := dialSerial(addr, "")
		require.NoError(t, err)
		return got == serial
	})
}

func TestCertificatesAreReplacedUnderLoad(t *testing.T) {
	t.Parallel()
	files := newPairFiles(t, newPair(t, 1))
	s, err := tigertonic.NewTLSServer("", files.cert, files.key, hello)
	require.NoError(t, err)
	addr, log := startTLSLogged(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	var handshakes, newest atomic.Int64
	ended := make(chan error, 4)
	for range cap(ended) {
		go func() {
			for ctx.Err() == nil {
				serial, err := dialSerial(addr, "")
				if err != nil {
					ended <- err
					return
				}
				handshakes.Add(1)
				for old := newest.Load(); serial > old && !newest.CompareAndSwap(old, serial); {
					old = newest.Load()
				}
			}
			ended <- nil
		}()
	}
	const last = 51
	for serial := int64(2); serial <= last; serial++ {
		p := newPair(t, serial)
		files.put(t, p)
		if serial%10 == 1 {
			eventually(t, "the new certificate", func() bool { return newest.Load() == serial })
		}
		if serial == last/2 { // with a broken one, the last one that was whole goes on
			eventually(t, "the new certificate", func() bool { return newest.Load() == serial })
			before := log.complaints()
			replaceFile(t, files.cert, []byte("broken"), 0o600)
			eventually(t, "it to be logged", func() bool { return log.complaints() > before })
			more := handshakes.Load() + 10
			eventually(t, "more handshakes", func() bool { return handshakes.Load() > more || len(ended) > 0 })
			assert.Equal(t, serial, newest.Load())
		}
	}
	cancel()
	for range cap(ended) {
		require.NoError(t, <-ended)
	}
	assert.Greater(t, handshakes.Load(), int64(last))
	assert.LessOrEqual(t, log.complaints(), last, "only of a certificate that had no key yet, and of the broken one")
	t.Log(last-1, "certificates,", handshakes.Load(), "handshakes")
}

func TestCertificatesThatDontLoadAreLoggedOnce(t *testing.T) {
	t.Parallel()
	good, other := newPair(t, 1), newPair(t, 2)
	files := newPairFiles(t, good)
	s, err := tigertonic.NewTLSServer("", files.cert, files.key, hello)
	require.NoError(t, err)
	addr, log := startTLSLogged(t, s)
	for i, tt := range []struct {
		name string
		harm func() error
		want string
	}{
		{"broken", func() error { return os.WriteFile(files.cert, []byte("no PEM"), 0o600) }, files.cert},
		{"mismatched", func() error { return os.WriteFile(files.cert, other.cert, 0o600) }, "private key does not match"},
		{"empty key", func() error { return os.WriteFile(files.key, nil, 0o600) }, files.key},
		{"deleted", func() error { return errors.Join(os.Remove(files.cert), os.Remove(files.key)) }, "no such file"},
	} {
		require.NoError(t, tt.harm(), tt.name)
		eventually(t, tt.name+" to be logged", func() bool {
			serial, err := dialSerial(addr, "")
			require.NoError(t, err)
			require.Equal(t, good.serial(), serial)
			return log.complaints() > i
		})
		assert.Contains(t, log.String(), tt.want, tt.name)
	}
	for begin := time.Now(); time.Since(begin) < 1200*time.Millisecond; { // it has looked twice since
		serial, err := dialSerial(addr, "")
		require.NoError(t, err)
		require.Equal(t, good.serial(), serial)
	}
	assert.Equal(t, 4, log.complaints(), log.String())
	files.put(t, other)
	serves(t, addr, other.serial())
}

func TestCertificateIsChosenByName(t *testing.T) {
	first, second := newPairFiles(t, newPair(t, 1, "first.example", "both.example")), newPairFiles(t, newPair(t, 2, "second.example", "both.example"))
	s := tigertonic.NewServer("", hello)
	require.NoError(t, s.TLS(first.cert, first.key))
	require.NoError(t, s.TLS(second.cert, second.key))
	addr := startTLS(t, s)
	for name, want := range map[string]int64{
		"": 1, "first.example": 1, "second.example": 2, "both.example": 1, "SECOND.example": 2, "other.example": 1,
	} {
		got, err := dialSerial(addr, name)
		require.NoError(t, err)
		assert.Equal(t, want, got, name)
	}
	second.put(t, newPair(t, 3, "second.example"))
	eventually(t, "the second to be replaced", func() bool {
		got, err := dialSerial(addr, "second.example")
		require.NoError(t, err)
		return got == 3
	})
	got, err := dialSerial(addr, "first.example")
	require.NoError(t, err)
	assert.Equal(t, int64(1), got)
}

func TestGetCertificateIsAskedWhereNoFileSuits(t *testing.T) {
	files := newPairFiles(t, newPair(t, 1, "file.example"))
	fallback := newPair(t, 2).tls(t)
	s := tigertonic.NewServer("", hello)
	s.TLSConfig = &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if hello.ServerName == "refused.example" {
			return nil, errors.New("no such host")
		}
		return &fallback, nil
	}}
	require.NoError(t, s.TLS(files.cert, files.key))
	addr, log := startTLSLogged(t, s)
	for name, want := range map[string]int64{"file.example": 1, "auto.example": 2} {
		got, err := dialSerial(addr, name)
		require.NoError(t, err)
		assert.Equal(t, want, got, name)
	}
	_, err := dialSerial(addr, "refused.example")
	require.Error(t, err)
	log.says(t, "no such host")
}

func TestGetCertificateAloneIsEnough(t *testing.T) {
	pair := newPair(t, 7).tls(t)
	s := tigertonic.NewServer("", hello)
	s.TLSConfig = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pair, nil }}
	r := startRun(t, s)
	serial, err := dialSerial(r.addr, "")
	require.NoError(t, err)
	assert.Equal(t, int64(7), serial)
}

// protocolOf does a request with this certificate, over HTTP/2 if that may be, and
// returns the version that it was answered in.
func protocolOf(t *testing.T, addr string, client pemPair, http2 bool) (int, error) {
	t.Helper()
	transport := &http.Transport{ForceAttemptHTTP2: http2, TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true, Certificates: []tls.Certificate{client.tls(t)}, NextProtos: []string{"http/1.1"},
	}}
	if http2 {
		transport.TLSClientConfig.NextProtos = nil
	}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport, Timeout: patience}).Get("https://" + addr)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.ProtoMajor, err
}

func TestClientCAKeepsTheProtocols(t *testing.T) {
	client := newPair(t, 2)
	files, ca := newPairFiles(t, newPair(t, 1)), newPairFiles(t, client)
	addTLS := func(s *tigertonic.Server) error { return s.TLS(files.cert, files.key) }
	addCA := func(s *tigertonic.Server) error { return s.ClientCA(ca.cert) }
	onlyHTTP1 := func(s *tigertonic.Server) error {
		s.Protocols = &http.Protocols{}
		s.Protocols.SetHTTP1(true)
		return nil
	}
	for _, tt := range []struct {
		name  string
		steps []func(*tigertonic.Server) error
		want  int // of a client that knows HTTP/2
	}{
		{"authority after the certificate", []func(*tigertonic.Server) error{addTLS, addCA}, 2},
		{"authority before the certificate", []func(*tigertonic.Server) error{addCA, addTLS}, 2},
		{"without HTTP/2", []func(*tigertonic.Server) error{addTLS, addCA, onlyHTTP1}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := tigertonic.NewServer("", hello)
			for _, step := range tt.steps {
				require.NoError(t, step(s))
			}
			addr, _ := startTLSLogged(t, s)
			got, err := protocolOf(t, addr, client, true)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
			got, err = protocolOf(t, addr, client, false)
			require.NoError(t, err)
			assert.Equal(t, 1, got)
			_, err = protocolOf(t, addr, newPair(t, 9), true)
			require.Error(t, err, "a stranger")
			_, err = tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
			require.ErrorContains(t, err, "protocol version")
		})
	}
}

func TestClientCAIsReplaced(t *testing.T) {
	t.Parallel()
	old, next := newPair(t, 2), newPair(t, 3)
	files, ca, second := newPairFiles(t, newPair(t, 1)), newPairFiles(t, old), newPair(t, 4)
	secondCA := newPairFiles(t, second)
	s := tigertonic.NewServer("", hello)
	require.NoError(t, s.TLS(files.cert, files.key))
	require.NoError(t, s.ClientCA(ca.cert))
	require.NoError(t, s.ClientCA(secondCA.cert))
	addr, log := startTLSLogged(t, s)
	resuming := &tls.Config{
		InsecureSkipVerify: true, Certificates: []tls.Certificate{old.tls(t)}, ClientSessionCache: tls.NewLRUClientSessionCache(1),
	}
	resumed, err := askTLS(addr, resuming)
	require.NoError(t, err)
	assert.False(t, resumed)
	resumed, err = askTLS(addr, resuming)
	require.NoError(t, err)
	assert.True(t, resumed, "sessions are resumed")
	replaceFile(t, ca.cert, []byte("broken"), 0o600)
	log.asksUntil(t, "no certificate in PEM", func() { _, _ = protocolOf(t, addr, old, true) })
	_, err = protocolOf(t, addr, old, true)
	require.NoError(t, err, "what was loaded before stays")
	replaceFile(t, ca.cert, next.cert, 0o600)
	eventually(t, "the new authority", func() bool {
		_, err := protocolOf(t, addr, next, true)
		return err == nil
	})
	_, err = protocolOf(t, addr, old, true)
	require.Error(t, err)
	_, err = askTLS(addr, resuming)
	require.Error(t, err, "nor by a session from before")
	_, err = protocolOf(t, addr, second, true)
	require.NoError(t, err, "the other authority stays")
	assert.Equal(t, 1, log.complaints(), log.String())
}

// asksUntil does something until the journal contains a text.
func (j *journal) asksUntil(t *testing.T, text string, ask func()) {
	t.Helper()
	eventually(t, "the log to say "+text, func() bool {
		ask()
		return strings.Contains(j.String(), text)
	})
}

// askTLS does a request on a connection of its own, and reports whether the session
// was an earlier one.
func askTLS(addr string, config *tls.Config) (resumed bool, err error) {
	conn, err := tls.Dial("tcp", addr, config)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		return false, err
	}
	_, err = io.ReadAll(conn)
	return conn.ConnectionState().DidResume, err
}

// A certificate that clients refuse is logged, once, when it begins to be used.
func TestCertificatesThatAreNotValidNowAreLogged(t *testing.T) {
	now := time.Now()
	expired := newPairOf(t, now.Add(-2*time.Hour), now.Add(-time.Hour), 2)
	early := newPairOf(t, now.Add(time.Hour), now.Add(2*time.Hour), 3)
	files := newPairFiles(t, newPair(t, 1))
	s := tigertonic.NewServer("", hello)
	require.NoError(t, s.TLS(files.cert, files.key))
	r := startRun(t, s)
	serial, err := dialSerial(r.addr, "")
	require.NoError(t, err)
	assert.EqualValues(t, 1, serial)
	assert.Empty(t, r.log.String())
	for _, tt := range []struct {
		pair pemPair
		want string
	}{
		{expired, `"` + files.cert + `" has expired on ` + expired.certificate.NotAfter.UTC().Format(time.RFC3339)},
		{early, `"` + files.cert + `" is not valid before ` + early.certificate.NotBefore.UTC().Format(time.RFC3339)},
	} {
		files.put(t, tt.pair)
		signalSelf(t, syscall.SIGHUP)
		r.log.says(t, tt.want)
		serial, err := dialSerial(r.addr, "")
		require.NoError(t, err)
		assert.Equal(t, tt.pair.serial(), serial, "it is what the operator wants")
		assert.Equal(t, tt.pair.certificate.Raw, s.Certificates()[0].Raw)
		assert.Equal(t, 1, strings.Count(r.log.String(), tt.want))
	}
	// One whose key doesn't match isn't used at all.
	replaceFile(t, files.key, newPair(t, 4).key, 0o600)
	signalSelf(t, syscall.SIGHUP)
	r.log.says(t, "certificates that were loaded before stay in use")
	assert.Equal(t, early.certificate.Raw, s.Certificates()[0].Raw)
}

func TestCertificateThatIsNotValidIsLoggedAtTheStart(t *testing.T) {
	files := newPairFiles(t, newPairOf(t, time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour), 2))
	s := tigertonic.NewServer("", hello)
	require.NoError(t, s.TLS(files.cert, files.key))
	r := startRun(t, s)
	r.log.says(t, "has expired on")
}

func TestCertificatesAreThoseThatClientsAreShown(t *testing.T) {
	given, files := newPair(t, 7), newPairFiles(t, newPair(t, 8))
	s := tigertonic.NewServer("", hello)
	assert.Empty(t, s.Certificates())
	s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{given.tls(t)}}
	require.NoError(t, s.TLS(files.cert, files.key))
	serials := func() (all []int64) {
		for _, c := range s.Certificates() {
			all = append(all, c.SerialNumber.Int64())
		}
		return all
	}
	assert.Equal(t, []int64{8, 7}, serials())
	startTLSLogged(t, s)
	assert.Equal(t, []int64{8, 7}, serials())
}

// The pool of the caller's may be anybody's.
func TestAuthoritiesLeaveTheCallersPoolAlone(t *testing.T) {
	files := newPairFiles(t, newPair(t, 1))
	servers, clients := x509.NewCertPool(), x509.NewCertPool()
	s := tigertonic.NewServer("", hello)
	s.TLSConfig = &tls.Config{RootCAs: servers, ClientCAs: clients}
	require.NoError(t, s.CA(files.cert))
	require.NoError(t, s.ClientCA(files.cert))
	assert.True(t, servers.Equal(x509.NewCertPool()))
	assert.True(t, clients.Equal(x509.NewCertPool()))
	assert.False(t, s.TLSConfig.RootCAs.Equal(servers))
	assert.False(t, s.TLSConfig.ClientCAs.Equal(clients))
	before := s.TLSConfig.RootCAs
	require.Error(t, s.CA(files.key))
	assert.Same(t, before, s.TLSConfig.RootCAs)
}
