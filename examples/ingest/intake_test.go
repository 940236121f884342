package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const good = `{"version":"1","token":"` + secret + `","data":[{"a":1}]}`

// pack packs a text by gzip.
func pack(t *testing.T, text io.Reader) string {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := io.Copy(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.String()
}

// An endless reads one byte for ever.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func long(n int64, first string) io.Reader {
	return io.MultiReader(strings.NewReader(first), io.LimitReader(endless('x'), n), strings.NewReader(`"}]}`))
}

const longBegin = `{"version":"1","token":"` + secret + `","data":[{"a":"`

func TestPackedBodies(t *testing.T) {
	t.Parallel()
	r := start(t, flags(t))
	most := int64(maxBody - len(longBegin) - len(`"}]}`))
	random := strings.Repeat("\x01\x9f\x32", 500_000)
	for name, tt := range map[string]struct {
		body, coding string
		status       int
	}{
		"gzip":                   {pack(t, strings.NewReader(good)), "gzip", 202},
		"x-gzip":                 {pack(t, strings.NewReader(good)), "x-gzip", 202},
		"identity":               {good, "identity", 202},
		"in two parts":           {pack(t, strings.NewReader(good[:20])) + pack(t, strings.NewReader(good[20:])), "gzip", 202},
		"as long as it may be":   {pack(t, long(most, longBegin)), "gzip", 202},
		"a byte longer":          {pack(t, long(most+1, longBegin)), "gzip", 413},
		"a bomb":                 {pack(t, io.LimitReader(endless(' '), 32<<20)), "gzip", 413},
		"a bomb in a payload":    {pack(t, long(32<<20, longBegin)), "gzip", 413},
		"longer while packed":    {random, "gzip", 413},
		"not packed":             {good, "gzip", 400},
		"packed and not told":    {pack(t, strings.NewReader(good)), "", 400},
		"cut short":              {pack(t, strings.NewReader(good))[:60], "gzip", 400},
		"with a wrong sum":       {strings.ReplaceAll(pack(t, strings.NewReader(good)), "\x00\x00\x00", "\x00\x01\x00"), "gzip", 400},
		"nothing":                {"", "gzip", 400},
		"packed nothing":         {pack(t, strings.NewReader("")), "gzip", 400},
		"something behind it":    {pack(t, strings.NewReader(good)) + "garbage", "gzip", 400},
		"packed garbage":         {pack(t, strings.NewReader("garbage")), "gzip", 400},
		"another coding":         {good, "br", 415},
		"two codings":            {pack(t, strings.NewReader(pack(t, strings.NewReader(good)))), "gzip, gzip", 202},
		"a coding that is empty": {good, ",", 202},
	} {
		for form, body := range map[string]io.Reader{"": strings.NewReader(tt.body), ", chunked": io.MultiReader(strings.NewReader(tt.body))} {
			headers := []string{"Content-Type", "application/json"}
			if tt.coding != "" {
				headers = append(headers, "Content-Encoding", tt.coding)
			}
			a := r.do(t, "POST", "/1.0/payloads", body, headers...)
			if a.status != tt.status {
				t.Errorf("%s%s: got %+v, want %d", name, form, a, tt.status)
			}
			if tells := a.header.Get("Accept-Encoding") == "gzip"; tells != (tt.status == 415 && tt.coding != "") {
				t.Errorf("%s%s: it tells what it accepts: %t", name, form, tells)
			}
		}
	}
}

func TestBracketsAreRefused(t *testing.T) {
	t.Parallel()
	r := start(t, flags(t))
	begin := `{"version":"1","token":"` + secret + `","data":[`
	for name, text := range map[string]string{
		"closed":     begin + strings.Repeat("[", 500_000) + strings.Repeat("]", 500_000) + "]}",
		"left open":  begin + strings.Repeat("[", maxBody-100),
		"of objects": begin + strings.Repeat(`{"":`, 260_000),
		"alone":      strings.Repeat("[", maxBody),
		"too many":   strings.Repeat("[", maxBody+1),
	} {
		if a := r.post(t, text); a.status/100 != 4 || len(a.body) > 10_000 {
			t.Errorf("%s: got %d with %d bytes", name, a.status, len(a.body))
		}
	}
	r.accepted(t, `[{}]`)
}

// A body without an end is cut off once it is too long.
func TestEndlessChunkedBodyIsCutOff(t *testing.T) {
	t.Parallel()
	r := start(t, flags(t))
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", r.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() {
		chunk := "1000\r\n" + strings.Repeat(" ", 0x1000) + "\r\n"
		_, err := io.WriteString(conn, "POST /1.0/payloads HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
		for err == nil {
			_, err = io.WriteString(conn, chunk)
		}
	}()
	text, _ := io.ReadAll(conn) // until the server closes the connection, or resets it
	if !strings.HasPrefix(string(text), "HTTP/1.1 413 ") {
		t.Errorf("got %.200q", text)
	}
}

// Long bodies share what memory there is for them, and short ones aren't held up.
func TestLongBodiesWaitForTheirTurn(t *testing.T) {
	t.Parallel()
	r := start(t, flags(t))
	heavy := findIntake(t, r.tree).heavy
	if err := heavy.Acquire(t.Context(), heavyBodies); err != nil {
		t.Fatal(err)
	}
	text := `{"version":"1","token":"` + secret + `","data":[{"a":"` + strings.Repeat("x", 100_000) + `"}]}`
	for name, tt := range map[string]struct {
		body   io.Reader
		coding string
		status int
	}{
		"short":          {strings.NewReader(good), "identity", 202},
		"long":           {strings.NewReader(text), "identity", 503},
		"chunked":        {io.MultiReader(strings.NewReader(text)), "identity", 503},
		"short unpacked": {strings.NewReader(pack(t, strings.NewReader(good))), "gzip", 202},
		"long unpacked":  {strings.NewReader(pack(t, strings.NewReader(text))), "gzip", 503},
	} {
		a := r.do(t, "POST", "/1.0/payloads", tt.body, "Content-Type", "application/json", "Content-Encoding", tt.coding)
		if a.status != tt.status || (a.header.Get("Retry-After") == "1") != (tt.status == 503) {
			t.Errorf("%s: got %+v, want %d", name, a, tt.status)
		}
	}
	heavy.Release(heavyBodies)
	for range 20 { // what is taken is given back
		if a := r.post(t, text); a.status != 202 {
			t.Fatalf("got %+v", a)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	if err := heavy.Acquire(ctx, heavyBodies); err != nil {
		t.Errorf("not all has been given back: %v", err)
	}
}

// findIntake returns the intake in a tree of handlers.
func findIntake(t *testing.T, h http.Handler) *intake {
	t.Helper()
	for h != nil {
		switch x := h.(type) {
		case *intake:
			return x
		case interface {
			Handler(*http.Request) (http.Handler, string)
		}:
			h, _ = x.Handler(httptest.NewRequestWithContext(t.Context(), "POST", "/1.0/payloads", nil))
		case interface{ Unwrap() http.Handler }:
			h = x.Unwrap()
		default:
			h = nil
		}
	}
	t.Fatal("there is no intake")
	return nil
}
