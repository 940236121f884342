// Package moving has one small service in five frameworks and in this one, as in the
// guide docs/moving.md. A test compares their responses.
package moving

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/rcrowley/go-tigertonic"
)

type book struct {
	ID    string `json:"id" binding:"required,max=32" validate:"required,max=32" minLength:"1" maxLength:"32"`
	Title string `json:"title" binding:"required" validate:"required" minLength:"1"`
}

// shelf is the data of all the services.
type shelf struct {
	mu    sync.Mutex
	books map[string]book
}

func newShelf() *shelf { return &shelf{books: map[string]book{"dune": {"dune", "Dune"}}} }

var errNoBook = errors.New("no such book")

func (s *shelf) find(id string) (book, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.books[id]
	if !ok {
		return b, fmt.Errorf("%q: %w", id, errNoBook)
	}
	return b, nil
}

func (s *shelf) add(b book) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books[b.ID] = b
}

func (s *shelf) remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.books, id)
}

type bookID struct {
	ID    string `path:"id"`
	Shout bool   `query:"shout"`
}

func (s *shelf) get(_ context.Context, in *bookID) (*book, error) {
	b, err := s.find(in.ID)
	if err != nil {
		return nil, tigertonic.NotFound{Err: err}
	}
	if in.Shout {
		b.Title += "!"
	}
	return &b, nil
}

func (s *shelf) create(_ context.Context, b *book) (tigertonic.CreatedResponse[book], error) {
	s.add(*b)
	return tigertonic.CreatedResponse[book]{Location: "/books/" + b.ID, Body: *b}, nil
}

type deleteBook struct {
	ID string `path:"id"`
}

func (s *shelf) delete(_ context.Context, in *deleteBook) (struct{}, error) {
	s.remove(in.ID)
	return struct{}{}, nil
}

func tigertonicService(s *shelf) http.Handler {
	admin := tigertonic.NewTrieServeMux()
	admin.Handle("DELETE", "/books/{id}", tigertonic.Typed(s.delete))

	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/books/{id}", tigertonic.Typed(s.get))
	mux.Handle("POST", "/books", tigertonic.Typed(s.create))
	mux.HandleNamespace("/admin", tigertonic.HTTPBasicAuth(map[string]string{"ann": "secret"}, "admin", admin))
	mux.HandleNamespace("/static", http.FileServer(http.Dir("testdata")))
	return tigertonic.Recovered(tigertonic.Logged(mux, nil))
}
