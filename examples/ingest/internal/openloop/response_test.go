package openloop

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

func TestResponsesAreReadToTheirEnd(t *testing.T) {
	const next = "HTTP/1.1 204 No Content\r\n\r\n"
	for _, test := range []struct {
		name, text string
		status     int
		body       string
		close      bool
	}{
		{"Content-Length", "HTTP/1.1 202 Accepted\r\nContent-Length: 3\r\n\r\nabc", 202, "abc", false},
		{"in any case, with space", "HTTP/1.1 202\r\ncOnTeNt-LeNgTh: \t3 \r\n\r\nabc", 202, "abc", false},
		{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n", 200, "abc0123456789", false},
		{"after 100 and 103", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, "", false},
		{"304 without a body", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, "", false},
		{"Connection: close", "HTTP/1.1 503 No\r\nConnection: foo, Close\r\nContent-Length: 1\r\n\r\nx", 503, "x", true},
		{"long body", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("z", 100_000), 200, strings.Repeat("z", kept), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := newReader(iotest.OneByteReader(strings.NewReader(test.text+next)), false)
			got, err := in.next()
			if err != nil || got.status != test.status || string(got.body) != test.body || got.close != test.close {
				t.Errorf("got %d %.50q %v, %v, want %d %.50q %v", got.status, got.body, got.close, err, test.status, test.body, test.close)
			}
			if got, err := in.next(); err != nil || got.status != 204 {
				t.Errorf("then got %d, %v, want 204", got.status, err)
			}
			if _, err := in.next(); !errors.Is(err, io.EOF) {
				t.Errorf("then got %v, want EOF", err)
			}
		})
	}
}

func TestResponseWithoutLengthEndsWithTheConnection(t *testing.T) {
	got, err := newReader(strings.NewReader("HTTP/1.0 200 OK\r\n\r\nall of it"), false).next()
	if err != nil || string(got.body) != "all of it" || !got.close {
		t.Errorf("got %q, close %v, %v", got.body, got.close, err)
	}
}

func TestResponseToHEADHasNoBody(t *testing.T) {
	in := newReader(strings.NewReader(strings.Repeat("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 2)), true)
	for range 2 {
		if got, err := in.next(); err != nil || got.status != 200 || len(got.body) != 0 {
			t.Errorf("got %d %q, %v", got.status, got.body, err)
		}
	}
}

func TestWhatIsNoResponseIsAnError(t *testing.T) {
	for _, text := range []string{
		"", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Le",
		"HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 2000\r\n\r\n", "HTTP/1.1 20x\r\n\r\n", "HTTP/1.1 099 No\r\n\r\n", "SSH-2.0-x\r\n",
		"HTTP/1.1 101 Switching\r\n\r\n",
		"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", 5000) + "\r\n\r\n",
	} {
		if got, err := newReader(strings.NewReader(text), false).next(); err == nil {
			t.Errorf("%.60q was read as %d %q", text, got.status, got.body)
		}
	}
}

// FuzzResponsesAreReadAsByNetHTTP: what is taken, net/http takes, and as the same.
func FuzzResponsesAreReadAsByNetHTTP(f *testing.F) {
	f.Add([]byte("HTTP/1.1 202 Accepted\r\nContent-Length: 3\r\n\r\nabc"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\n\r\n"))
	f.Add([]byte("HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nabc"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := newReader(bytes.NewReader(text), false).next()
		if err != nil || bytes.HasPrefix(text, []byte("HTTP/1.1 1")) || len(got.body) == kept {
			return
		}
		want, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(text)), nil)
		if err != nil {
			return // a stranger's header, which doesn't matter here
		}
		defer want.Body.Close()
		body, err := io.ReadAll(want.Body)
		if err != nil {
			return
		}
		if got.status != want.StatusCode || !bytes.Equal(got.body, body) {
			t.Errorf("%q was read as %d %q, want %d %q", text, got.status, got.body, want.StatusCode, body)
		}
	})
}
