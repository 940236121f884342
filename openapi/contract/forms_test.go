package contract_test

import (
	"context"
	"io"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi/contract"
)

// Endpoints that take forms, files and raw bodies keep their contract, and the requests
// that are made of it get through to their functions.
func TestFormsAreFuzzed(t *testing.T) {
	type signup struct {
		Name string   `form:"name" required:"true" maxLength:"20" pattern:"^[a-z]+$"`
		Age  *int     `form:"age" minimum:"18" maximum:"150"`
		Tags []string `form:"tag" maxItems:"3"`
	}
	type attachment struct {
		Title string          `form:"title" required:"true" maxLength:"20"`
		File  tigertonic.File `form:"file" maxBytes:"1KiB" mediaTypes:"image/*"`
	}
	type album struct {
		Photos tigertonic.Files `form:"photo" maxBytes:"1KiB" maxItems:"3"`
	}
	type picture struct {
		Body tigertonic.File `body:"" maxBytes:"1KiB" mediaTypes:"image/*,application/pdf"`
	}
	var called [4]atomic.Int32
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/signups", tigertonic.Typed(func(context.Context, *signup) (struct{}, error) {
		called[0].Add(1)
		return struct{}{}, nil
	}))
	mux.Handle("POST", "/files", tigertonic.Typed(func(_ context.Context, in *attachment) (int64, error) {
		n, err := io.Copy(io.Discard, in.File)
		if err == nil {
			called[1].Add(1)
		}
		return n, err
	}))
	mux.Handle("POST", "/albums", tigertonic.Typed(func(_ context.Context, in *album) (n int, err error) {
		for _, err := range in.Photos {
			if err != nil {
				return n, err
			}
			n++
		}
		called[2].Add(1)
		return n, nil
	}))
	mux.Handle("PUT", "/picture", tigertonic.Typed(func(_ context.Context, in *picture) (int64, error) {
		called[3].Add(1)
		return io.Copy(io.Discard, in.Body)
	}))
	c := contract.Of(mux)
	c.Fuzz(t, mux, contract.FuzzOptions{Requests: 100})
	for i := range called {
		if called[i].Load() == 0 {
			t.Errorf("no request got through to function %d", i)
		}
	}
}

// A part of a body that can seek is an answer of the operation, too.
func TestPartialContentIsDeclaredWithTheWhole(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/text", tigertonic.Typed(func(context.Context, *struct{}) (tigertonic.Stream, error) {
		return tigertonic.Stream{ContentType: "text/plain", Reader: strings.NewReader("0123456789"), Name: "digits.txt"}, nil
	}))
	h := contract.Of(mux).Handler(t, mux)
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/text", nil)
	r.Header.Set("Range", "bytes=2-4")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 206 || w.Body.String() != "234" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
