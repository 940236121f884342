// Package s3test provides a real S3 server for tests: versitygw, which keeps objects as
// files.
package s3test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

const (
	bucket   = "bucket"
	access   = "examples"
	secret   = "correct-horse-battery"
	required = "TIGERTONIC_REQUIRE_S3"
	patient  = 60 * time.Second
)

// An S3 is a running server behind a proxy.
type S3 struct {
	Store string // s3://bucket/prefix?endpoint=…

	fails    atomic.Bool
	Requests atomic.Int64
}

// Fail makes the server respond 500 to everything, or stops that.
func (s *S3) Fail(fails bool) { s.fails.Store(fails) }

// Start starts a server with a bucket, and sets the environment for access to it. Without
// $TIGERTONIC_REQUIRE_S3 and without versitygw in the PATH, the test is skipped.
func Start(t *testing.T) *S3 {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", access)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	address := run(t, program(t))
	s := &S3{}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: address})
		r.Out.Host = r.In.Host // which is signed
	}}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Requests.Add(1)
		if s.fails.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		front.Close()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections() // which the proxy uses
	})
	s.Store = "s3://" + bucket + "/some/where?endpoint=" + front.URL
	makeBucket(t, address)
	return s
}

// program returns the path of versitygw, after building it if need be.
func program(t *testing.T) string {
	t.Helper()
	if path, err := exec.LookPath("versitygw"); err == nil {
		return path
	}
	if os.Getenv(required) == "" {
		t.Skip("THERE IS NO S3 TO TEST WITH: set " + required + "=1, which has versitygw built, or put it into the PATH")
	}
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// build builds versitygw into the user's cache folder, once for all tests.
var build = sync.OnceValues(func() (string, error) { //nolint:gochecknoglobals // a test may not build it twice
	_, file, _, _ := runtime.Caller(0)
	cmd := exec.Command("go", "tool", "-n", "versitygw")
	cmd.Dir = filepath.Join(filepath.Dir(file), "..", "..", "..", "tools", "versitygw")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("building versitygw: %w\n%s", err, stderr.String())
	}
	return strings.TrimSpace(string(out)), nil
})

// run runs versitygw until the test ends, and returns its address.
func run(t *testing.T, program string) (address string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = l.Addr().String()
	_ = l.Close() // its address is free again
	var output bytes.Buffer
	cmd := exec.Command(program, "--access", access, "--secret", secret, "--port", address, "posix", "--sidecar", t.TempDir(), t.TempDir()) //nolint:gosec // of our making
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("versitygw printed:\n%s", output.String())
		}
	})
	return address
}

// makeBucket creates the bucket as soon as the server responds.
func makeBucket(t *testing.T, address string) {
	t.Helper()
	client, err := minio.New(address, &minio.Options{Creds: credentials.NewStaticV4(access, secret, ""), Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	for {
		err = client.MakeBucket(ctx, bucket, minio.MakeBucketOptions{})
		if err == nil {
			return
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			t.Fatal(errors.Join(ctx.Err(), err))
		}
	}
}
