package tigertonic_test

import (
	"bytes"
	"context"
	"io"
	"log"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

func TestClientThatHasGoneIsntASuccess(t *testing.T) {
	gone := func(r *http.Request) { <-r.Context().Done() }
	begun := make(chan struct{}, 1)
	for _, tt := range []struct {
		name   string
		h      http.HandlerFunc
		status string
	}{
		{"nothing is written", func(_ http.ResponseWriter, r *http.Request) { gone(r) }, "499"},
		{"a body is", func(w http.ResponseWriter, r *http.Request) { gone(r); answers(200, "body")(w, r) }, "499"},
		{"a long one is", func(w http.ResponseWriter, r *http.Request) {
			gone(r)
			w.Header().Set("Content-Length", "8192")
			_, _ = io.WriteString(w, strings.Repeat("x", 8<<10))
		}, "499"},
		{"a failure is", func(w http.ResponseWriter, r *http.Request) {
			gone(r)
			http.Error(w, "canceled", http.StatusInternalServerError)
		}, "499"},
		{"a short one was, and wasn't sent", func(w http.ResponseWriter, r *http.Request) { answers(200, "body")(w, r); gone(r) }, "499"},
		{"a flush is tried", func(w http.ResponseWriter, r *http.Request) {
			gone(r)
			_ = http.NewResponseController(w).Flush()
		}, "499"},
		{"a stream had begun", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "data: 1\n\n")
			_ = http.NewResponseController(w).Flush()
			begun <- struct{}{}
			gone(r)
		}, "200"},
	} {
		for _, http2 := range []bool{false, true} {
			t.Run(tt.name+map[bool]string{true: " on HTTP/2"}[http2], func(t *testing.T) {
				var access, apache, lines, objects bytes.Buffer
				registry := metrics.NewRegistry()
				l := tigertonic.Logged(tt.h, nil)
				l.Logger = log.New(&lines, "", 0)
				j := tigertonic.JSONLogged(l, nil)
				j.Logger = log.New(&objects, "", 0)
				a := tigertonic.ApacheLogged(j)
				a.Logger = log.New(&apache, "", 0)
				counted := tigertonic.CountedByStatus(tigertonic.CountedByStatusXX(a, "xx", registry), "n", registry)
				entered, done := make(chan struct{}), make(chan struct{})
				srv := newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					defer close(done)
					close(entered)
					tigertonic.Accessed(counted, &tigertonic.AccessOptions{Logger: slog.New(slog.NewJSONHandler(&access, nil))}).ServeHTTP(w, r)
				}), http2)
				ctx, cancel := context.WithCancel(t.Context())
				r, err := http.NewRequestWithContext(ctx, "GET", srv.URL, nil)
				require.NoError(t, err)
				go func() {
					<-entered
					if tt.status == "499" {
						cancel()
					}
				}()
				if res, err := srv.Client().Do(r); err == nil {
					defer res.Body.Close()
				}
				if tt.status == "200" {
					<-begun
				}
				cancel()
				<-done
				assert.Contains(t, access.String(), `"status":`+tt.status+",")
				assert.Contains(t, apache.String(), `" `+tt.status+" ")
				assert.Contains(t, lines.String(), " "+tt.status+" ")
				assert.Contains(t, objects.String(), `"status":`+tt.status)
				assert.EqualValues(t, 1, counts(registry)["n-"+tt.status])
				assert.EqualValues(t, 1, counts(registry)["xx-"+tt.status[:1]+"xx"])
			})
		}
	}
}

func TestAccessedNamesTheHost(t *testing.T) {
	var b bytes.Buffer
	mux := tigertonic.NewHostServeMux()
	mux.Handle("a.example", hello)
	h := tigertonic.Accessed(mux, &tigertonic.AccessOptions{Logger: slog.New(slog.NewJSONHandler(&b, nil))})
	for _, host := range []string{"a.example", "A.example:80", "b.example", "a\nFORGED", ""} {
		b.Reset()
		r := authorized(t, "GET")
		r.Host = host
		h.ServeHTTP(&discardingWriter{http.Header{}}, r)
		got := line(t, b.String())["host"]
		switch {
		case host == "":
			assert.Nil(t, got)
		case strings.Contains(host, "\n"):
			assert.Equal(t, `a\nFORGED`, got)
		default:
			assert.Equal(t, host, got)
		}
	}
}
