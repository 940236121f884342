package moving

import (
	"encoding/json"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

func chiService(s *shelf) http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.Logger, middleware.Recoverer)
	r.Get("/books/{id}", func(w http.ResponseWriter, r *http.Request) {
		b, err := s.find(chi.URLParam(r, "id"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		if r.URL.Query().Get("shout") == "true" {
			b.Title += "!"
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(b)
	})
	r.Post("/books", func(w http.ResponseWriter, r *http.Request) {
		var b book
		if err := json.NewDecoder(r.Body).Decode(&b); err != nil || b.ID == "" || len(b.ID) > 32 || b.Title == "" {
			http.Error(w, "the book isn't valid", http.StatusUnprocessableEntity)
			return
		}
		s.add(b)
		w.Header().Set("Location", "/books/"+b.ID)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(b)
	})
	r.Route("/admin", func(r chi.Router) {
		r.Use(middleware.BasicAuth("admin", map[string]string{"ann": "secret"}))
		r.Delete("/books/{id}", func(w http.ResponseWriter, r *http.Request) {
			s.remove(chi.URLParam(r, "id"))
			w.WriteHeader(http.StatusNoContent)
		})
	})
	r.Handle("/static/*", http.StripPrefix("/static", http.FileServer(http.Dir("testdata"))))
	return r
}
