package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// load runs the command against a service.
func load(t *testing.T, handler http.HandlerFunc, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	s := httptest.NewServer(handler)
	defer s.Close()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"-url", s.URL + "/1.0/payloads"}, args...), &out, &errs)
	return code, out.String(), errs.String()
}

func TestDefaultsAreAPayloadOfIngest(t *testing.T) {
	t.Setenv(tokenVariable, "T0ken")
	var mu sync.Mutex
	seen := map[string]bool{}
	acked := filepath.Join(t.TempDir(), "acked")
	code, out, errs := load(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		seen[string(body)] = true
		mu.Unlock()
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || !bytes.Contains(body, []byte(`"token":"T0ken","data":[{"id":"r1-`)) {
			t.Errorf("got %s with %v, %s", r.Method, r.Header, body)
		}
		w.WriteHeader(http.StatusAccepted)
	}, "-rate", "200", "-for", "1.1s", "-run", "r1", "-acked", acked)
	if code != 0 || len(seen) != 220 {
		t.Errorf("got %d and %d different payloads, want 220:\n%s%s", code, len(seen), out, errs)
	}
	for _, want := range []string{"220 requests offered at 200/s", `220 +100.0%  202 Accepted`, `from when due +[\d.]+(µs|ms)`, `≤[\d.]+(µs|ms) │.{50}│ +\d+ +100.00%`} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("the report lacks %s:\n%s", want, out)
		}
	}
	if !regexp.MustCompile(`1s +\d+/s +\d+ of 220 good, 0 bad`).MatchString(errs) {
		t.Errorf("there is no progress: %q", errs)
	}
	if lines, err := os.ReadFile(acked); err != nil || bytes.Count(lines, []byte("\n")) != 220 {
		t.Errorf("%d outcomes are written, %v", bytes.Count(lines, []byte("\n")), err)
	}
}

func TestRefusedTokenIsSaidAndEndsTheRun(t *testing.T) {
	var n atomic.Int64
	code, _, errs := load(t, func(w http.ResponseWriter, _ *http.Request) {
		n.Add(1)
		w.WriteHeader(http.StatusUnauthorized)
	}, "-rate", "100", "-for", "1h", "-token", "wrong")
	if code != 1 || !strings.Contains(errs, "refused the token") || n.Load() > 5000 {
		t.Errorf("got %d after %d requests: %s", code, n.Load(), errs)
	}
}

func TestAnyRequestCanBeSent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(file, []byte(`number {seq} of {run}`), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := load(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if got, want := fmt.Sprintf("%s %s %s", r.Method, body, r.Header["X-N"]), fmt.Sprintf("PUT number %s of me [%[1]s]", r.Header.Get("X-N")); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}, "-rate", "50", "-for", "200ms", "-method", "PUT", "-body", "@"+file, "-header", "X-N: {seq}", "-run", "me")
	if code != 0 || !strings.Contains(out, "200 OK") {
		t.Errorf("got %d: %s%s", code, out, errs)
	}
}

func TestErrorsAreToldByKind(t *testing.T) {
	var n atomic.Int64
	code, out, _ := load(t, func(w http.ResponseWriter, _ *http.Request) {
		switch n.Add(1) % 4 {
		case 0:
			panic(http.ErrAbortHandler)
		case 1:
			http.Error(w, "the spool is full", http.StatusServiceUnavailable)
		}
	}, "-rate", "100", "-for", "400ms", "-body", "x")
	for _, want := range []string{`20 +50.0%  200 OK`, `10 +25.0%  503 Service Unavailable +"the spool is full`, `10 +25.0%  connection closed before the answer`} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("the report lacks %s:\n%s", want, out)
		}
	}
	if code != 1 {
		t.Errorf("got %d, want 1", code)
	}
}

func TestWhatCannotBeginExitsWith2(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv(tokenVariable, "")
	for _, args := range [][]string{
		{},
		{"-rate", "x"},
		{"-token", "x", "-rate", "0"},
		{"-token", "x", "-url", "example.com"},
		{"-token", "x", "surplus"},
		{"-body", "@missing"},
		{"-token", "x", "-header", "nothing"},
		{"-token", "x", "-acked", "missing/acked"},
	} {
		var out bytes.Buffer
		if code := run(t.Context(), args, &out, &out); code != 2 || out.Len() == 0 {
			t.Errorf("load %q: got %d, want 2:\n%s", args, code, out.String())
		}
	}
}

func TestTokenIsFoundWhereTheServiceWritesIt(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv(tokenVariable, "")
	if err := os.MkdirAll(filepath.Dir(tokenFile), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(tokenFile, []byte("made-up\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := findToken(""); err != nil || got != "made-up" {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := findToken("given"); err != nil || got != "given" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestInterruptEndsTheRunWithAReport(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { cancel() }))
	defer s.Close()
	var out, errs bytes.Buffer
	code := run(ctx, []string{"-url", s.URL, "-for", "1h", "-rate", "100", "-body", "x"}, &out, &errs)
	if code != 0 || !strings.Contains(out.String(), "200 OK") {
		t.Errorf("got %d: %s%s", code, out.String(), errs.String())
	}
}

func TestNumbersAndTimesAreWrittenForPeople(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1_000_020: "1,000,020"} {
		if got := number(n); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for share, want := range map[float64]string{0: "", 0.00001: "▏", 0.5: strings.Repeat("█", 25), 1: strings.Repeat("█", 50)} {
		if got := strings.TrimRight(bar(share), " "); got != want {
			t.Errorf("bar of %v: got %q, want %q", share, got, want)
		}
	}
}
