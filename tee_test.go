package tigertonic_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

func TestTeeLiteralsRecord(t *testing.T) {
	for name, write := range map[string]func(http.ResponseWriter){
		"alone":   func(w http.ResponseWriter) { answers(201, "body")(w, nil) },
		"wrapped": func(w http.ResponseWriter) { tigertonic.First(answers(201, "body")).ServeHTTP(w, authorized(t, "GET")) },
		"copied": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusCreated)
			_, _ = io.Copy(w, newRepeatedReader("body", 4))
		},
		"unwraped": func(w http.ResponseWriter) {
			answers(201, "body")(w.(interface{ Unwrap() http.ResponseWriter }).Unwrap(), nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			tee := &tigertonic.TeeResponseWriter{ResponseWriter: w}
			assert.Equal(t, 0, tee.StatusCode)
			write(tee)
			assert.Equal(t, 201, tee.StatusCode)
			assert.Equal(t, "body", tee.Body.String())
			assert.Equal(t, "body", w.Body.String())

			w = httptest.NewRecorder()
			header := &tigertonic.TeeHeaderResponseWriter{ResponseWriter: w}
			write(header)
			assert.Equal(t, 201, header.StatusCode)
			assert.Equal(t, "body", w.Body.String())
		})
	}
}

func TestTeeLiteralIsGivenAnotherWriter(t *testing.T) {
	first, second := httptest.NewRecorder(), httptest.NewRecorder()
	tee := &tigertonic.TeeResponseWriter{ResponseWriter: first}
	_, _ = io.WriteString(tee, "a")
	tee.ResponseWriter = second
	_, _ = io.WriteString(tee, "b")
	assert.Equal(t, []string{"a", "b", "ab"}, []string{first.Body.String(), second.Body.String(), tee.Body.String()})
}

// A bareWriter has no other ability than to be a ResponseWriter.
type bareWriter struct{ w *httptest.ResponseRecorder }

func (b bareWriter) Header() http.Header         { return b.w.Header() }
func (b bareWriter) Write(p []byte) (int, error) { return b.w.Write(p) }
func (b bareWriter) WriteHeader(status int)      { b.w.WriteHeader(status) }

func TestTeesFlush(t *testing.T) {
	for name, tee := range map[string]func(http.ResponseWriter) http.ResponseWriter{
		"both":       func(w http.ResponseWriter) http.ResponseWriter { return tigertonic.NewTeeResponseWriter(w) },
		"the status": func(w http.ResponseWriter) http.ResponseWriter { return tigertonic.NewTeeHeaderResponseWriter(w) },
		"literal": func(w http.ResponseWriter) http.ResponseWriter {
			return &tigertonic.TeeResponseWriter{ResponseWriter: w}
		},
		"literal status": func(w http.ResponseWriter) http.ResponseWriter {
			return &tigertonic.TeeHeaderResponseWriter{ResponseWriter: w}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			tee(w).(http.Flusher).Flush()
			assert.True(t, w.Flushed)

			bare := tee(bareWriter{httptest.NewRecorder()})
			bare.(http.Flusher).Flush() // does nothing
			assert.ErrorIs(t, http.NewResponseController(bare).Flush(), http.ErrNotSupported)
			tigertonic.First(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, flushes := w.(http.Flusher)
				assert.False(t, flushes, "what is behind it doesn't")
			})).ServeHTTP(struct{ unwrapping }{unwrapping{bare}}, authorized(t, "GET"))
		})
	}
}

// An unwrapping is a wrapper of somebody else's.
type unwrapping struct{ http.ResponseWriter }

func (u unwrapping) Unwrap() http.ResponseWriter { return u.ResponseWriter }

func TestTeeFlushesWhatItIsToldTo(t *testing.T) {
	flushed := httptest.NewRecorder()
	tee := &tigertonic.TeeResponseWriter{Flusher: flushed, ResponseWriter: bareWriter{httptest.NewRecorder()}}
	tee.Flush()
	assert.True(t, flushed.Flushed)
	assert.Same(t, flushed, tigertonic.NewTeeResponseWriter(flushed).Flusher)
	assert.Nil(t, tigertonic.NewTeeHeaderResponseWriter(bareWriter{flushed}).Flusher)
}
