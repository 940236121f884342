package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/internal/processtest"
)

// get returns what a URL answers.
func get(t *testing.T, client *http.Client, url string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	text, err := io.ReadAll(rs.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{rs.StatusCode, string(text)}
}

func newClient(t *testing.T, config *tls.Config) *http.Client {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}, Timeout: patient}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

var curlLine = regexp.MustCompile(`(?m)^ {2}(curl .*)$`)

// The lines can be pasted into a shell as they are, also once more after a restart.
func TestCurlLinesWork(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed: apt-get install curl")
	}
	cert, key, _ := newCertificate(t)
	for name, args := range map[string][]string{"http": nil, "https": {"-cert", cert, "-key", key}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := processtest.Start(t, binary, append(args, "-listen", "127.0.0.1:0", "-admin", "", "-db", filepath.Join(t.TempDir(), "w.db"))...)
			for range 2 {
				welcome := p.Output()
				lines := curlLine.FindAllStringSubmatch(welcome[strings.LastIndex(welcome, "wallet (process"):], -1)
				if len(lines) != 5 {
					t.Fatalf("got %q, want 5 lines of curl", lines)
				}
				if !strings.Contains(welcome, "-u operator:") {
					t.Errorf("the password isn't printed:\n%s", welcome)
				}
				for _, line := range lines {
					script := strings.Replace(line[1], "curl ", "curl -q -sS --fail-with-body --noproxy '*' ", 1)
					script = strings.Replace(script, "-u operator ", "-u operator:"+password(t, p)+" ", 1)
					if out, err := exec.CommandContext(t.Context(), "sh", "-c", script).CombinedOutput(); err != nil {
						t.Errorf("%s: %v\n%s", line[1], err, out)
					}
				}
				p.Restart(t)
			}
			p.Stop(t)
		})
	}
}

// password returns the one that was printed at the start, and not by successors,
// though they have the same.
func password(t *testing.T, p *processtest.Process) string {
	t.Helper()
	found := regexp.MustCompile(`-u operator:(\w+)`).FindAllStringSubmatch(p.Output(), -1)
	if len(found) != 1 {
		t.Fatalf("got %q, want the password once", found)
	}
	return found[0][1]
}

func TestPasswordComesFromAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("tell nobody\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := processtest.Start(t, binary, "-listen", "127.0.0.1:0", "-admin", "", "-db", filepath.Join(t.TempDir(), "w.db"), "-password-file", file)
	client := newClient(t, nil)
	for password, want := range map[string]int{"tell nobody": 200, "tell nobody\n": 401, "": 401} {
		if got := get(t, client, strings.Replace(p.Base(), "http://", "http://operator:"+strings.NewReplacer(" ", "%20", "\n", "%0A").Replace(password)+"@", 1)+"/1.0/admin/totals"); got.status != want {
			t.Errorf("%q: got %v, want %d", password, got, want)
		}
	}
	if strings.Contains(p.Output(), "tell nobody") {
		t.Error("the password is printed")
	}
	p.Stop(t)
}

func TestServiceSpeaksTLSAndShowsItsInside(t *testing.T) {
	t.Parallel()
	cert, key, pool := newCertificate(t)
	address := processtest.FreeAddress(t)
	p := processtest.Start(t, binary, "-listen", "127.0.0.1:0", "-admin", address, "-db", filepath.Join(t.TempDir(), "w.db"), "-cert", cert, "-key", key)
	client := newClient(t, &tls.Config{RootCAs: pool})
	for _, tt := range []struct{ url, want string }{
		{p.Base() + "/openapi.json", `"openapi": "3.1`},
		{p.Base() + "/docs", "<title>Wallet"},
		{"http://" + address + "/ready", `"ready":true,"draining":false,"checks":[{"name":"database","ok":true`},
		{"http://" + address + "/metrics", `http_responses_total{code="200"} 2`},
		{"http://" + address + "/metrics", `transfer_seconds_count 0`},
		{"http://" + address + "/metrics", `panics`},
		{"http://" + address + "/routes", `Typed(main.(*store).transfer)`},
		{"http://" + address + "/version", `"version":"` + version + `"`},
		{"http://" + address + "/", "wallet"},
		{"http://" + address + "/log", `{"level":"INFO"}`},
	} {
		if got := get(t, client, tt.url); got.status != http.StatusOK || !strings.Contains(got.body, tt.want) {
			t.Errorf("%s: got %v, want %q in it", tt.url, got, tt.want)
		}
	}
	p.Stop(t)
}

// newCertificate returns the files of a fresh certificate for 127.0.0.1 and its
// key, and a pool that trusts it.
func newCertificate(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "wallet"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	certDER, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certDER})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	cert, key = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	for file, text := range map[string][]byte{cert: certPEM, key: keyPEM} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(certPEM)
	return cert, key, pool
}

// Processes that start at once make the tables of one database.
func TestProcessesStartAtOnce(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { processtest.Start(t, binary, "-listen", "127.0.0.1:0", "-admin", "", "-db", db) })
		}
		wg.Wait()
	})
}

// What can't start fails with a reason, and a restart to it leaves the service as
// it is.
func TestServiceThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "w.db")
	for want, args := range map[string][]string{
		"none.pem":     {"-cert", "none.pem", "-key", "none.pem"},
		"the database": {"-db", filepath.Join(file, "w.db")},
		"none.txt":     {"-password-file", "none.txt"},
	} {
		cmd := exec.CommandContext(t.Context(), binary, append([]string{"-listen", "127.0.0.1:0", "-admin", "", "-db", file}, args...)...)
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), want) {
			t.Errorf("%q: got %v and %s, want 1 and %s", args, err, out, want)
		}
	}
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := processtest.Start(t, binary, "-listen", "127.0.0.1:0", "-admin", "", "-db", file, "-password-file", password)
	if err := os.Remove(password); err != nil {
		t.Fatal(err)
	}
	p.Signal(t, syscall.SIGUSR2)
	p.WaitFor(t, "why", func(text string) bool { return strings.Contains(text, "this process keeps serving") })
	if got := get(t, newClient(t, nil), p.Base()+"/1.0/accounts/ann"); got.status != http.StatusNotFound {
		t.Errorf("got %v after a restart that has failed", got)
	}
	p.Stop(t)
}
