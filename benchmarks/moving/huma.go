package moving

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

type humaGet struct {
	ID    string `path:"id"`
	Shout bool   `query:"shout"`
}

type humaBook struct {
	Location string `header:"Location"`
	Body     book
}

type humaDelete struct {
	ID string `path:"id"`
}

func humaService(s *shelf) http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.Logger, middleware.Recoverer)
	config := huma.DefaultConfig("Books", "1.0")
	config.CreateHooks = nil // no $schema in the answers
	api := humachi.New(r, config)
	huma.Get(api, "/books/{id}", func(_ context.Context, in *humaGet) (*humaBook, error) {
		b, err := s.find(in.ID)
		if err != nil {
			return nil, huma.Error404NotFound(err.Error())
		}
		if in.Shout {
			b.Title += "!"
		}
		return &humaBook{Body: b}, nil
	})
	huma.Register(api, huma.Operation{Method: http.MethodPost, Path: "/books", DefaultStatus: http.StatusCreated},
		func(_ context.Context, in *struct{ Body book }) (*humaBook, error) {
			s.add(in.Body)
			return &humaBook{Location: "/books/" + in.Body.ID, Body: in.Body}, nil
		})
	r.Route("/admin", func(r chi.Router) {
		r.Use(middleware.BasicAuth("admin", map[string]string{"ann": "secret"}))
		huma.Delete(humachi.New(r, config), "/books/{id}", func(_ context.Context, in *humaDelete) (*struct{}, error) {
			s.remove(in.ID)
			return nil, nil //nolint:nilnil // huma's 204
		})
	})
	r.Handle("/static/*", http.StripPrefix("/static", http.FileServer(http.Dir("testdata"))))
	return r
}
