package moving

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard)
	gin.SetMode(gin.ReleaseMode)
	gin.DefaultWriter = io.Discard
	middleware.DefaultLogger = middleware.RequestLogger(&middleware.DefaultLogFormatter{Logger: log.New(io.Discard, "", 0)})
	os.Exit(m.Run())
}

// The services differ only in what the guide says: the form of their errors.
func TestServicesAnswerAlike(t *testing.T) {
	for name, service := range map[string]func(*shelf) http.Handler{
		"tigertonic": tigertonicService, "gin": ginService, "chi": chiService,
		"echo": echoService, "huma": humaService, "gorilla": gorillaService,
		"in front of gin": func(s *shelf) http.Handler { return mixed(s, ginService(s)) },
		"in chi":          func(s *shelf) http.Handler { return mixedChi(s, chiService(s).(chi.Router)) },
	} {
		t.Run(name, func(t *testing.T) {
			h := service(newShelf())
			for _, tt := range []struct {
				method, target, body, password string
				status                         int
				location, want                 string // "" if it differs
			}{
				{"GET", "/books/dune", "", "", 200, "", `{"id":"dune","title":"Dune"}`},
				{"GET", "/books/dune?shout=true", "", "", 200, "", `{"id":"dune","title":"Dune!"}`},
				{"GET", "/books/emma", "", "", 404, "", ""},
				{"POST", "/books", `{"id":"emma","title":"Emma"}`, "", 201, "/books/emma", `{"id":"emma","title":"Emma"}`},
				{"GET", "/books/emma", "", "", 200, "", `{"id":"emma","title":"Emma"}`},
				{"POST", "/books", `{"id":"emma","title":""}`, "", 422, "", ""},
				{"DELETE", "/admin/books/emma", "", "", 401, "", ""},
				{"DELETE", "/admin/books/emma", "", "secret", 204, "", ""},
				{"GET", "/books/emma", "", "", 404, "", ""},
				{"GET", "/static/file.txt", "", "", 200, "", "a file"},
			} {
				r := httptest.NewRequest(tt.method, tt.target, strings.NewReader(tt.body))
				if tt.body != "" {
					r.Header.Set("Content-Type", "application/json")
				}
				if tt.password != "" {
					r.SetBasicAuth("ann", tt.password)
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if w.Code != tt.status || w.Header().Get("Location") != tt.location {
					t.Errorf("%s %s: got %d %q, want %d %q", tt.method, tt.target, w.Code, w.Header().Get("Location"), tt.status, tt.location)
				}
				if got := strings.TrimSpace(w.Body.String()); tt.want != "" && got != tt.want {
					t.Errorf("%s %s: got %s, want %s", tt.method, tt.target, got, tt.want)
				}
			}
		})
	}
}
