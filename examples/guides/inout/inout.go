// Package inout is the code of the guide docs/input-output.md.
package inout

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

type search struct {
	Shelf   string               `path:"shelf" pattern:"^[a-z]+$"`
	Query   string               `query:"q" required:"true" maxLength:"100"`
	Tags    []string             `query:"tag" maxItems:"5"`
	Limit   int                  `query:"limit" default:"20" minimum:"1" maximum:"100"`
	Since   *time.Time           `query:"since"`
	Exact   tigertonic.Opt[bool] `query:"exact"`
	IfMatch []string             `header:"If-Match"`
	Session string               `cookie:"session"`
}

type found struct {
	Shelf string   `json:"shelf"`
	Query string   `json:"query"`
	Tags  []string `json:"tags,omitempty"`
	Limit int      `json:"limit"`
	Since string   `json:"since,omitempty"`
	Exact string   `json:"exact"`
}

func find(_ context.Context, in *search) (*found, error) {
	f := &found{Shelf: in.Shelf, Query: in.Query, Tags: in.Tags, Limit: in.Limit, Exact: "absent"}
	if in.Since != nil {
		f.Since = in.Since.Format(time.DateOnly)
	}
	if exact, ok := in.Exact.Get(); ok {
		f.Exact = map[bool]string{true: "yes", false: "no"}[exact]
	}
	return f, nil
}

type book struct {
	ISBN   string                 `json:"isbn" pattern:"^[0-9]{13}$"`
	Title  string                 `json:"title" minLength:"1" maxLength:"200"`
	Author author                 `json:"author"`
	Genre  string                 `json:"genre" enum:"novel,poetry,essay" default:"novel"`
	Tags   []string               `json:"tags,omitempty" maxItems:"10" uniqueItems:"true" maxLength:"20"`
	Blurb  tigertonic.Opt[string] `json:"blurb,omitzero"`
	Sold   int                    `json:"sold" minimum:"0" default:"0"`
}

type author struct {
	Name string `json:"name" minLength:"1"`
	Born *int   `json:"born,omitempty" minimum:"1000" maximum:"2030"`
}

type replaceBook struct {
	ISBN string `path:"isbn"`
	Body book   `body:""`
}

func replace(_ context.Context, in *replaceBook) (*book, error) {
	if in.ISBN != in.Body.ISBN {
		return nil, tigertonic.FieldErrors{{Pointer: "/isbn", Detail: "must be the one in the path"}}
	}
	return &in.Body, nil
}

type patchBook struct {
	ISBN  string                 `path:"isbn"`
	Patch tigertonic.Patch[book] `body:""`
}

func patch(ctx context.Context, in *patchBook) (*book, error) {
	b := &book{ISBN: in.ISBN, Title: "Dune", Author: author{Name: "Frank Herbert"}, Genre: "novel"}
	if err := in.Patch.Apply(ctx, b); err != nil { // checks the result, too
		return nil, err
	}
	return b, nil
}

type review struct {
	ISBN  string   `path:"isbn"`
	Stars int      `form:"stars" required:"true" minimum:"1" maximum:"5"`
	Text  string   `form:"text" maxLength:"2000"`
	Tags  []string `form:"tag" maxItems:"5"`
}

func reviewBook(_ context.Context, in *review) (string, error) {
	return fmt.Sprintf("%d stars, %q, %v", in.Stars, in.Text, in.Tags), nil
}

type scan struct {
	ISBN  string          `path:"isbn"`
	Title string          `form:"title" required:"true" maxLength:"100"`
	File  tigertonic.File `form:"file" maxBytes:"1GiB" mediaTypes:"application/pdf,image/*"`
}

func keepScan(_ context.Context, in *scan) (string, error) {
	n, err := io.Copy(io.Discard, in.File) // or into a store
	if err != nil {
		return "", fmt.Errorf("keep the scan: %w", err)
	}
	return fmt.Sprintf("%s: %s, %s, %d bytes", in.Title, in.File.Name, in.File.ContentType, n), nil
}

type pages struct {
	Pages tigertonic.Files `form:"page" maxBytes:"5MiB" maxItems:"100" mediaTypes:"image/*"`
}

func keepPages(_ context.Context, in *pages) (int, error) {
	n := 0
	for page, err := range in.Pages {
		if err != nil {
			return 0, err
		}
		if _, err := io.Copy(io.Discard, page); err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

type newCover struct {
	ISBN string          `path:"isbn"`
	Body tigertonic.File `body:"" mediaTypes:"image/svg+xml,image/png" maxBytes:"5MiB"`
}

func replaceCover(_ context.Context, in *newCover) (int64, error) {
	return io.Copy(io.Discard, in.Body)
}

func download(_ context.Context, in *byISBN) (tigertonic.Response[tigertonic.Stream], error) {
	return tigertonic.Response[tigertonic.Stream]{
		Header: http.Header{"ETag": {`"v7"`}}, // for If-None-Match and If-Range
		Body: tigertonic.Stream{
			ContentType: "text/plain; charset=utf-8",
			Reader:      strings.NewReader("A beginning is the time for taking the most delicate care.\n"), // or an *os.File
			Name:        in.ISBN + ".txt",
		},
	}, nil
}

func order(_ context.Context, in *book) (tigertonic.AcceptedResponse[struct{}], error) {
	return tigertonic.AcceptedResponse[struct{}]{Location: "/orders/" + in.ISBN}, nil
}

type byISBN struct {
	ISBN string `path:"isbn"`
}

func cover(_ context.Context, in *byISBN) (tigertonic.Stream, error) {
	return tigertonic.Stream{ContentType: "image/svg+xml", Reader: strings.NewReader("<svg xmlns='http://www.w3.org/2000/svg'/>\n")}, nil
}

func show(_ context.Context, in *byISBN) (tigertonic.Response[*book], error) {
	return tigertonic.Response[*book]{
		Header: http.Header{"Cache-Control": {"max-age=60"}},
		Body:   &book{ISBN: in.ISBN, Title: "Dune"},
	}, nil
}

type sale struct {
	Title string `json:"title"`
	Sold  int    `json:"sold"`
}

func sales(ctx context.Context, _ *struct{}) (iter.Seq2[sale, error], error) {
	return func(yield func(sale, error) bool) {
		for i, title := range []string{"Dune", "Emma"} {
			if ctx.Err() != nil || !yield(sale{title, i + 1}, nil) {
				return
			}
		}
	}, nil
}

func service() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/shelves/{shelf}/books", tigertonic.Typed(find))
	mux.Handle("PUT", "/books/{isbn}", tigertonic.Typed(replace))
	mux.Handle("PATCH", "/books/{isbn}", tigertonic.Typed(patch))
	mux.Handle("GET", "/books/{isbn}", tigertonic.Typed(show))
	mux.Handle("GET", "/books/{isbn}/cover", tigertonic.Typed(cover))
	mux.Handle("PUT", "/books/{isbn}/cover", tigertonic.Typed(replaceCover))
	mux.Handle("GET", "/books/{isbn}/text", tigertonic.Typed(download))
	mux.Handle("POST", "/books/{isbn}/reviews", tigertonic.Typed(reviewBook))
	mux.Handle("POST", "/books/{isbn}/scans", tigertonic.Typed(keepScan))
	mux.Handle("POST", "/pages", tigertonic.Typed(keepPages))
	mux.Handle("POST", "/orders", tigertonic.Typed(order))
	mux.Handle("POST", "/dots", tigertonic.Typed(draw))
	mux.Handle("GET", "/sales", tigertonic.Typed(sales))
	return mux
}
