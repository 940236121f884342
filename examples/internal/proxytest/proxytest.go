// Package proxytest starts the proxies that tests put in front of a service.
package proxytest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience is how long a proxy may take to start on a busy machine.
const patience = time.Minute

// Require skips the test if a program isn't installed, or fails it if
// $TIGERTONIC_REQUIRE_PROXIES is set.
func Require(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err == nil {
		return
	}
	if os.Getenv("TIGERTONIC_REQUIRE_PROXIES") != "" {
		t.Fatalf("%s is not installed", name)
	}
	t.Skipf("%s is not installed; apt-get install %[1]s", name)
}

// FreeAddress returns a loopback address that nobody listens on.
func FreeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// Nginx starts nginx, which must listen on address, with the directives of an http
// block. It stops with the test.
func Nginx(t *testing.T, address, directives string) {
	t.Helper()
	dir := t.TempDir()
	var temp strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&temp, "%s_temp_path %s;\n", kind, filepath.Join(dir, kind))
	}
	file := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf("daemon off;\nmaster_process off;\npid %s;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n%s%s}\n",
		filepath.Join(dir, "pid"), temp.String(), directives)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	Start(t, address, "nginx", "-p", dir, "-e", "stderr", "-c", file)
}

// Start starts a program and waits until it accepts connections on address. The program
// is interrupted when the test ends.
func Start(t *testing.T, address, name string, args ...string) {
	t.Helper()
	var output bytes.Buffer
	cmd := exec.Command(name, args...) //nolint:gosec // the test says which
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		<-ended //nolint:errcheck // it was interrupted
	})
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s ended: %v\n%s", name, err, output.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s isn't listening", name)
		}
	}
}
