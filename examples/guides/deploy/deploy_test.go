package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/internal/proxytest"
)

// behind starts a service that a proxy is to stand in front of. It counts connections.
func behind(t *testing.T) (address string, connections *atomic.Int32) {
	t.Helper()
	mux := tigertonic.NewTrieServeMux()
	mux.HandleNamespace("", service())
	mux.HandleFunc("GET", "/seen", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %s %s %q\n", r.Host, r.Header.Get("X-Forwarded-For"), r.Header.Get("X-Forwarded-Proto"), r.URL.EscapedPath())
	})
	mux.HandleFunc("GET", "/seen/{rest...}", func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprintln(w, r.URL.EscapedPath()) })
	release := make(chan struct{})
	mux.HandleFunc("GET", "/changes", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, "data: 1\n\n")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-release:
		case <-r.Context().Done():
		}
		_, _ = fmt.Fprint(w, "data: 2\n\n")
	})
	mux.HandleFunc("POST", "/release", func(http.ResponseWriter, *http.Request) { close(release) })
	connections = new(atomic.Int32)
	server := httptest.NewUnstartedServer(mux)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), connections
}

// configuration returns a file of the guide, with parts replaced that must be in it.
func configuration(t *testing.T, name string, replace ...string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(string(text), replace[i]) {
			t.Fatalf("%s has no %q", name, replace[i])
		}
	}
	return strings.NewReplacer(replace...).Replace(string(text))
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestServiceStandsBehindNginx(t *testing.T) {
	proxytest.Require(t, "nginx")
	service, connections := behind(t)
	proxy := proxytest.FreeAddress(t)
	conf := configuration(t, "nginx.conf", "127.0.0.1:8000", service, "listen 8080", "listen "+proxy)
	proxytest.Nginx(t, proxy, conf)

	for range 20 {
		if got := ask(t, "http://"+proxy+"/hello", ""); got != "hello\n" {
			t.Fatalf("got %q", got)
		}
	}
	if n := connections.Load(); n > 5 {
		t.Errorf("got %d connections for 20 requests, want them kept", n)
	}
	host, _, _ := net.SplitHostPort(proxy)
	if got, want := ask(t, "http://"+proxy+"/seen", "10.0.0.1"), host+` 127.0.0.1 http "/seen"`+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := ask(t, "http://"+proxy+"/seen/a%2Fb/c", ""); got != "/seen/a%2Fb/c\n" {
		t.Errorf("got the path %q, want it as it was sent", got)
	}
	streams(t, "http://"+proxy, "http://"+service)
}

func TestServiceStandsBehindCaddy(t *testing.T) {
	proxytest.Require(t, "caddy")
	service, _ := behind(t)
	proxy := proxytest.FreeAddress(t)
	conf := configuration(t, "Caddyfile", "127.0.0.1:8000", service, "hello.example.com", "http://"+proxy)
	file := write(t, "Caddyfile", "{\n\tadmin off\n\tauto_https off\n}\n"+conf)
	proxytest.Start(t, proxy, "caddy", "run", "--config", file, "--adapter", "caddyfile")

	if got, want := ask(t, "http://"+proxy+"/seen", "10.0.0.1"), proxy+` 127.0.0.1 http "/seen"`+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := ask(t, "http://"+proxy+"/seen/a%2Fb/c", ""); got != "/seen/a%2Fb/c\n" {
		t.Errorf("got the path %q, want it as it was sent", got)
	}
	streams(t, "http://"+proxy, "http://"+service)
}

// ask returns the body of a response, to a client that says where it comes from.
func ask(t *testing.T, url, forwarded string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if forwarded != "" {
		r.Header.Set("X-Forwarded-For", forwarded)
	}
	rs, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(rs.Body); err != nil || rs.StatusCode != http.StatusOK {
		t.Fatalf("got %s %q %v", rs.Status, b.String(), err)
	}
	return b.String()
}

// streams reads an event before the stream goes on.
func streams(t *testing.T, proxy, service string) {
	t.Helper()
	rs, err := http.Get(proxy + "/changes")
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	lines := bufio.NewReader(rs.Body)
	if line, err := lines.ReadString('\n'); err != nil || line != "data: 1\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	released, err := http.Post(service+"/release", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = released.Body.Close()
	var rest bytes.Buffer
	if _, err := rest.ReadFrom(lines); err != nil || rest.String() != "\ndata: 2\n\n" {
		t.Fatalf("got %q, %v", rest.String(), err)
	}
}
