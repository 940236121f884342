package tigertonic_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/rcrowley/go-tigertonic"
)

// The same endpoint by Marshaled and by hand, in one run: their ratio counts. The
// function isn't one that the compiler could put in place of the call by hand,
// which those of services are too long for.
func BenchmarkMarshaled(b *testing.B) {
	body := []byte(`{"id":"0123456789abcdef","stuff":"` + string(bytes.Repeat([]byte("stuff "), 40)) + `","count":3}`)
	byHand := func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		rq := &stuff{}
		if err := json.Unmarshal(text, rq); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		status, header, rs, _ := createOutOfLine(r.URL, r.Header, rq)
		maps.Copy(w.Header(), header)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(rs)
	}
	for name, h := range map[string]http.Handler{
		"by=Marshaled": tigertonic.Marshaled(createOutOfLine),
		"by=hand":      http.HandlerFunc(byHand),
	} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest("POST", "/stuff", nil)
			r.Header.Set("Content-Type", "application/json")
			r.ContentLength = int64(len(body))
			w := &nullWriter{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				r.Body = io.NopCloser(bytes.NewReader(body))
				clear(w.header)
				h.ServeHTTP(w, r)
			}
		})
	}
}

//go:noinline
func createOutOfLine(u *url.URL, h http.Header, rq *stuff) (int, http.Header, *stuff, error) {
	return create(u, h, rq)
}

type nullWriter struct{ header http.Header }

func (w *nullWriter) Header() http.Header         { return w.header }
func (w *nullWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w *nullWriter) WriteHeader(int)             {}
