package certs_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/certs"
)

// files are where a certificate and its key lie.
type files struct{ cert, key string }

// newFiles returns files with a certificate that is its own authority.
func newFiles(t *testing.T, serial int64, names ...string) files {
	t.Helper()
	folder := t.TempDir()
	f := files{filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")}
	f.put(t, serial, names...)
	return f
}

// put replaces the files by those of a certificate that is valid now.
func (f files) put(t *testing.T, serial int64, names ...string) *x509.Certificate {
	t.Helper()
	return f.putValid(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), serial, names...)
}

// putValid replaces the files by those of a certificate that is valid in this time.
func (f files) putValid(t *testing.T, from, to time.Time, serial int64, names ...string) *x509.Certificate {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: fmt.Sprint("test ", serial)},
		NotBefore: from, NotAfter: to, DNSNames: names, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	key, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	for file, block := range map[string]*pem.Block{f.cert: {Type: "CERTIFICATE", Bytes: der}, f.key: {Type: "PRIVATE KEY", Bytes: key}} {
		replace(t, file, pem.EncodeToMemory(block))
	}
	c, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return c
}

// replace replaces a file at once.
func replace(t *testing.T, file string, content []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(file+".new", content, 0o600))
	require.NoError(t, os.Rename(file+".new", file))
}

// hello is what a client asks for that knows everything, by this name.
func hello(name string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{
		ServerName: name, SupportedVersions: []uint16{tls.VersionTLS13},
		CipherSuites: []uint16{tls.TLS_AES_128_GCM_SHA256}, SupportedCurves: []tls.CurveID{tls.CurveP256},
		SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256},
	}
}

// serial returns the number of the certificate that a client gets.
func serial(t *testing.T, r *certs.Reloader, name string) int64 {
	t.Helper()
	pair, err := r.Certificate(hello(name))
	require.NoError(t, err)
	return certs.Leaf(pair).SerialNumber.Int64()
}

// The clock is one that no busy machine can hold up.
func TestFilesAreLookedAtTwiceASecond(t *testing.T) {
	f, ca := newFiles(t, 1), newFiles(t, 1)
	synctest.Test(t, func(t *testing.T) {
		var r certs.Reloader
		require.NoError(t, r.AddKeyPair(f.cert, f.key))
		require.NoError(t, r.AddClientCA(nil, ca.cert))
		for i := range int64(3) {
			f.put(t, i+2)
			ca.put(t, i+2)
			before := r.ClientCAs()
			time.Sleep(500*time.Millisecond - 1)
			require.NoError(t, r.Reload(false))
			assert.Equal(t, i+1, serial(t, &r, ""))
			assert.Same(t, before, r.ClientCAs())
			time.Sleep(time.Nanosecond)
			require.NoError(t, r.Reload(false))
			assert.Equal(t, i+2, serial(t, &r, ""))
			assert.NotSame(t, before, r.ClientCAs())
		}
		before := r.ClientCAs()
		time.Sleep(time.Second)
		require.NoError(t, r.Reload(false))
		assert.Same(t, before, r.ClientCAs(), "nothing has changed")
		require.NoError(t, r.Reload(true))
		assert.NotSame(t, before, r.ClientCAs())
	})
}

// A file of the same size and age as the one before it is known by its inode.
func TestFileThatIsReplacedByOneOfTheSameSizeAndAgeIsLoaded(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no inodes: run go test on Linux or macOS")
	}
	f := newFiles(t, 1)
	age := func() {
		for _, file := range []string{f.cert, f.key} {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			replace(t, file, fmt.Appendf(nil, "%-4096s", text))
			require.NoError(t, os.Chtimes(file, time.Time{}, time.Unix(1e9, 0)))
		}
	}
	age()
	synctest.Test(t, func(t *testing.T) {
		var r certs.Reloader
		require.NoError(t, r.AddKeyPair(f.cert, f.key))
		for _, name := range []string{f.cert, f.key} { // so that no file gets their inodes
			held, err := os.Open(name)
			require.NoError(t, err)
			t.Cleanup(func() { _ = held.Close() })
		}
		f.put(t, 2)
		age()
		time.Sleep(time.Second)
		require.NoError(t, r.Reload(false))
		assert.EqualValues(t, 2, serial(t, &r, ""))
	})
}

func TestWhatDoesNotLoadLeavesWhatWasLoaded(t *testing.T) {
	f, other, ca := newFiles(t, 1), newFiles(t, 2), newFiles(t, 3)
	mismatched, err := os.ReadFile(other.cert)
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		var r certs.Reloader
		require.NoError(t, r.AddKeyPair(f.cert, f.key))
		require.NoError(t, r.AddClientCA(nil, ca.cert))
		pool := r.ClientCAs()
		for _, tt := range []struct {
			name string
			harm func() error
			want []string
		}{
			{"broken", func() error { return os.WriteFile(f.cert, []byte("no PEM"), 0o600) }, []string{"tigertonic: certificate", f.cert, f.key}},
			{"mismatched", func() error { return os.WriteFile(f.cert, mismatched, 0o600) }, []string{"private key does not match"}},
			{"empty key", func() error { return os.WriteFile(f.key, nil, 0o600) }, []string{f.key}},
			{"deleted", func() error { return errors.Join(os.Remove(f.cert), os.Remove(f.key)) }, []string{"no such file"}},
			{"no authority", func() error { return os.WriteFile(ca.cert, nil, 0o600) }, []string{"authority", ca.cert, "no certificate in PEM"}},
		} {
			require.NoError(t, tt.harm(), tt.name)
			time.Sleep(time.Second)
			err := r.Reload(false)
			require.Error(t, err, tt.name)
			for _, want := range tt.want {
				assert.ErrorContains(t, err, want, tt.name)
			}
			time.Sleep(time.Second)
			require.NoError(t, r.Reload(false), "it is told once")
			assert.EqualValues(t, 1, serial(t, &r, ""), tt.name)
			assert.Same(t, pool, r.ClientCAs(), tt.name)
		}
		for range 2 {
			err := r.Reload(true)
			require.ErrorContains(t, err, f.cert, "who asks for it gets all that is wrong")
			require.ErrorContains(t, err, ca.cert)
		}
		f.put(t, 4)
		ca.put(t, 5)
		time.Sleep(time.Second)
		require.NoError(t, r.Reload(false))
		assert.EqualValues(t, 4, serial(t, &r, ""))
		assert.NotSame(t, pool, r.ClientCAs())
	})
}

func TestWhatDoesNotLoadAtFirstIsNotAdded(t *testing.T) {
	f := newFiles(t, 1)
	missing := f.cert + ".missing"
	var r certs.Reloader
	require.ErrorContains(t, r.AddKeyPair(missing, f.key), missing)
	assert.Zero(t, r.Len())
	require.ErrorContains(t, r.AddClientCA(nil, missing), missing)
	assert.Nil(t, r.ClientCAs())
	require.NoError(t, r.AddClientCA(nil, f.cert))
	before := r.ClientCAs()
	require.ErrorContains(t, r.AddClientCA(nil, f.key), "no certificate in PEM")
	require.NoError(t, r.Reload(true), "nor are its files looked at again")
	assert.True(t, before.Equal(r.ClientCAs()))
	_, err := certs.WithFile(nil, missing)
	require.ErrorContains(t, err, missing)
}

func TestCertificateIsTheFirstThatSuits(t *testing.T) {
	first, second := newFiles(t, 1, "first.example", "both.example"), newFiles(t, 2, "second.example", "both.example")
	var r certs.Reloader
	require.NoError(t, r.AddKeyPair(first.cert, first.key))
	require.NoError(t, r.AddKeyPair(second.cert, second.key))
	assert.Equal(t, 2, r.Len())
	want := map[string]int64{"": 1, "first.example": 1, "second.example": 2, "both.example": 1, "SECOND.example": 2, "other.example": 1}
	for name, want := range want {
		assert.Equal(t, want, serial(t, &r, name), name)
	}
	fallback, err := tls.LoadX509KeyPair(second.cert, second.key)
	require.NoError(t, err)
	r.Fallback = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if hello.ServerName == "refused.example" {
			return nil, errors.New("no such host")
		}
		return &fallback, nil
	}
	want["other.example"] = 2
	for name, want := range want {
		assert.Equal(t, want, serial(t, &r, name), name)
	}
	_, err = r.Certificate(hello("refused.example"))
	require.EqualError(t, err, "no such host")
	var serials []int64
	for _, c := range r.Leaves() {
		serials = append(serials, c.SerialNumber.Int64())
	}
	assert.Equal(t, []int64{1, 2}, serials)
}

func TestCertificatesThatClientsRefuseAreToldOnce(t *testing.T) {
	now := time.Now()
	f := newFiles(t, 1)
	var r certs.Reloader
	require.NoError(t, r.AddKeyPair(f.cert, f.key))
	assert.Empty(t, r.Refused())
	expired := f.putValid(t, now.Add(-2*time.Hour), now.Add(-time.Hour), 2)
	require.NoError(t, r.Reload(true))
	errs := r.Refused()
	require.Len(t, errs, 1)
	require.EqualError(t, errs[0], fmt.Sprintf("%q has expired on %s", f.cert, expired.NotAfter.UTC().Format(time.RFC3339)))
	assert.Empty(t, r.Refused())
	assert.EqualValues(t, 2, serial(t, &r, ""), "it is what the operator wants")
	early := f.putValid(t, now.Add(time.Hour), now.Add(2*time.Hour), 3)
	require.NoError(t, r.Reload(true))
	errs = r.Refused()
	require.Len(t, errs, 1)
	require.EqualError(t, errs[0], fmt.Sprintf("%q is not valid before %s", f.cert, early.NotBefore.UTC().Format(time.RFC3339)))
	assert.Empty(t, r.Refused())
}

// The pool of the caller's may be anybody's.
func TestPoolsOfTheCallersStayAsTheyAre(t *testing.T) {
	first, second := newFiles(t, 1), newFiles(t, 2)
	base, err := certs.WithFile(nil, first.cert)
	require.NoError(t, err)
	alone := base.Clone()
	both, err := certs.WithFile(base, second.cert)
	require.NoError(t, err)
	assert.True(t, base.Equal(alone))
	assert.False(t, base.Equal(both))
	var r certs.Reloader
	require.NoError(t, r.AddClientCA(base, second.cert))
	assert.True(t, r.ClientCAs().Equal(both))
	third := newFiles(t, 3)
	require.NoError(t, r.AddClientCA(x509.NewCertPool(), third.cert))
	all, err := certs.WithFile(both, third.cert)
	require.NoError(t, err)
	assert.True(t, r.ClientCAs().Equal(all), "the base is the first one")
	require.NoError(t, r.Reload(true))
	assert.True(t, r.ClientCAs().Equal(all))
	assert.True(t, base.Equal(alone))
}

func TestLeafIsParsedIfItMustBe(t *testing.T) {
	f := newFiles(t, 7)
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	require.NoError(t, err)
	assert.Same(t, pair.Leaf, certs.Leaf(&pair))
	pair.Leaf = nil
	assert.EqualValues(t, 7, certs.Leaf(&pair).SerialNumber.Int64())
	assert.Nil(t, certs.Leaf(&tls.Certificate{}))
	assert.Nil(t, certs.Leaf(&tls.Certificate{Certificate: [][]byte{{1}}}))
}

func TestReloaderIsUsedAtOnce(t *testing.T) {
	f, ca := newFiles(t, 1), newFiles(t, 1)
	var r certs.Reloader
	require.NoError(t, r.AddKeyPair(f.cert, f.key))
	require.NoError(t, r.AddClientCA(nil, ca.cert))
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for i := range 20 {
				assert.NoError(t, r.Reload(i%2 == 0))
				_, err := r.Certificate(hello(""))
				assert.NoError(t, err)
				assert.Empty(t, r.Refused())
				assert.Len(t, r.Leaves(), 1)
				assert.NotNil(t, r.ClientCAs())
			}
		})
	}
	group.Wait()
}
