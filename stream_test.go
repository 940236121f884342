package tigertonic_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// A stream is read from functions in turn, and knows whether it was closed.
type stream struct {
	reads  []func([]byte) (int, error)
	closed int
}

func (s *stream) Read(p []byte) (int, error) {
	if len(s.reads) == 0 {
		return 0, io.EOF
	}
	read := s.reads[0]
	s.reads = s.reads[1:]
	return read(p)
}

func (s *stream) Close() error { s.closed++; return nil }

func piece(text string) func([]byte) (int, error) {
	return func(p []byte) (int, error) { return copy(p, text), nil }
}

func failure([]byte) (int, error) { return 0, errors.New("it broke") }

func streamed(s *stream, header http.Header) http.Handler {
	return tigertonic.Marshaled(func(*url.URL, http.Header) (int, http.Header, io.ReadCloser, error) {
		return 202, header, s, nil
	})
}

func TestStreamIsCopiedAndClosed(t *testing.T) {
	s := &stream{reads: []func([]byte) (int, error){piece("a,"), piece(""), piece("b")}}
	w := serve(t, streamed(s, http.Header{"Content-Type": {"text/csv; charset=utf-8"}}), "GET", "/", "", "Accept", "text/csv")
	assert.Equal(t, 202, w.Code)
	assert.Equal(t, "text/csv; charset=utf-8", w.Header().Get("Content-Type"))
	assert.Equal(t, "a,b", w.Body.String())
	assert.Equal(t, 1, s.closed)
}

func TestStreamThatCantBeSentIsClosed(t *testing.T) {
	typed := http.Header{"Content-Type": {"text/csv"}}
	for _, tt := range []struct {
		name, accept string
		header       http.Header
		reads        []func([]byte) (int, error)
		status       int
	}{
		{"no content type", "*/*", nil, nil, 500},
		{"not acceptable", "application/json", typed, nil, 406},
		{"an error before the first byte", "*/*", typed, []func([]byte) (int, error){failure}, 500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &stream{reads: tt.reads}
			assert.Equal(t, tt.status, serve(t, streamed(s, tt.header), "GET", "/", "", "Accept", tt.accept).Code)
			assert.Equal(t, 1, s.closed)
		})
	}
}

func TestStreamWithErrorIsClosed(t *testing.T) {
	s := &stream{}
	h := tigertonic.Marshaled(func(*url.URL, http.Header) (int, http.Header, io.Reader, error) {
		return 0, nil, s, tigertonic.Gone{Err: errors.New("it is over")}
	})
	requireError(t, serve(t, h, "GET", "/", ""), 410, "tigertonic.Gone", "it is over")
	assert.Equal(t, 1, s.closed)
}

func TestStreamForHeadIsntRead(t *testing.T) {
	s := &stream{reads: []func([]byte) (int, error){piece("a")}}
	w := serve(t, streamed(s, http.Header{"Content-Type": {"text/csv"}}), "HEAD", "/", "")
	assert.Equal(t, 202, w.Code)
	assert.Empty(t, w.Body.String())
	assert.Len(t, s.reads, 1)
	assert.Equal(t, 1, s.closed)
}

func TestStreamFlushesAsItGoes(t *testing.T) {
	source, sink := io.Pipe()
	server := httptest.NewServer(tigertonic.Marshaled(func(*url.URL, http.Header) (int, http.Header, io.ReadCloser, error) {
		return 200, http.Header{"Content-Type": {"text/plain"}}, source, nil
	}))
	defer server.Close()
	go func() { _, _ = io.WriteString(sink, "first\n") }()
	response, err := server.Client().Get(server.URL)
	require.NoError(t, err)
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	for _, line := range []string{"first\n", "second\n"} {
		if line != "first\n" {
			go func() { _, _ = io.WriteString(sink, line) }()
		}
		got, err := lines.ReadString('\n') // hangs if it isn't flushed
		require.NoError(t, err)
		assert.Equal(t, line, got)
	}
	require.NoError(t, sink.Close())
	_, err = lines.ReadString('\n')
	assert.Equal(t, io.EOF, err)
}

func TestStreamThatBreaksIsCutOff(t *testing.T) {
	s := &stream{reads: []func([]byte) (int, error){piece("half"), failure}}
	server := httptest.NewServer(streamed(s, http.Header{"Content-Type": {"text/plain"}}))
	response, err := server.Client().Get(server.URL)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	assert.Equal(t, "half", string(body))
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	server.Close() // waits for the handler
	assert.Equal(t, 1, s.closed)
}

// A concrete type is marshaled, even if it has a method Read.
func TestConcreteReaderIsJSON(t *testing.T) {
	h := tigertonic.Marshaled(func(*url.URL, http.Header) (int, http.Header, *strings.Reader, error) {
		return 200, nil, strings.NewReader("text"), nil
	})
	assert.Equal(t, "{}\n", serve(t, h, "GET", "/", "").Body.String())
}

func TestStreamEndsWhenTheClientHasGone(t *testing.T) {
	endless := &stream{}
	server := httptest.NewServer(tigertonic.Marshaled(func(*url.URL, http.Header) (int, http.Header, io.ReadCloser, error) {
		return 200, http.Header{"Content-Type": {"text/plain"}}, struct {
			io.Reader
			io.Closer
		}{endlessReader{}, endless}, nil
	}))
	response, err := server.Client().Get(server.URL)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	server.Close() // hangs if the handler goes on
	assert.Equal(t, 1, endless.closed)
}

type endlessReader struct{}

func (endlessReader) Read(p []byte) (int, error) { return len(p), nil }

// An idle reader returns nothing and no error, for ever.
type idleReader struct{ first io.Reader }

func (r *idleReader) Read(p []byte) (int, error) {
	n, _ := r.first.Read(p)
	return n, nil
}

// A reader that returns neither something nor an error doesn't hold its goroutine.
func TestStreamThatReturnsNothingEnds(t *testing.T) {
	for text, want := range map[string]string{"": "tigertonic", "tea": "tea"} {
		h := tigertonic.Recovered(tigertonic.Typed(func(context.Context, *struct{}) (tigertonic.Stream, error) {
			return tigertonic.Stream{Reader: &idleReader{strings.NewReader(text)}, ContentType: "text/plain"}, nil
		}))
		w := httptest.NewRecorder()
		cause := recovered(func() { h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)) })
		if text == "" {
			assert.Equal(t, 500, w.Code, "nothing has been sent")
			continue
		}
		assert.Equal(t, want, w.Body.String())
		assert.Equal(t, http.ErrAbortHandler, cause, "the client can see that it isn't whole")
	}
}
