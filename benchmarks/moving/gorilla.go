package moving

import (
	"encoding/json"
	"net/http"

	"github.com/gorilla/mux"
)

func gorillaService(s *shelf) http.Handler {
	r := mux.NewRouter()
	r.HandleFunc("/books/{id}", func(w http.ResponseWriter, r *http.Request) {
		b, err := s.find(mux.Vars(r)["id"])
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		if r.FormValue("shout") == "true" {
			b.Title += "!"
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(b)
	}).Methods(http.MethodGet)
	r.HandleFunc("/books", func(w http.ResponseWriter, r *http.Request) {
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
	}).Methods(http.MethodPost)
	admin := r.PathPrefix("/admin").Subrouter()
	admin.Use(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if user, password, ok := r.BasicAuth(); !ok || user != "ann" || password != "secret" {
				w.Header().Set("WWW-Authenticate", `Basic realm="admin"`)
				http.Error(w, "unauthorized", http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	admin.HandleFunc("/books/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.remove(mux.Vars(r)["id"])
		w.WriteHeader(http.StatusNoContent)
	}).Methods(http.MethodDelete)
	r.PathPrefix("/static/").Handler(http.StripPrefix("/static", http.FileServer(http.Dir("testdata"))))
	return r
}
