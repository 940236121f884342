package openapi_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
)

type (
	invoice struct {
		ID       string    `json:"id" format:"uuid"`
		Customer string    `json:"customer" minLength:"1" maxLength:"80" doc:"Who pays."`
		Lines    []line    `json:"lines" minItems:"1" maxItems:"100"`
		Due      time.Time `json:"due"`
		Paid     bool      `json:"paid" default:"false"`
	}
	line struct {
		Article string  `json:"article" pattern:"^[A-Z]{2}-[0-9]+$"`
		Count   int     `json:"count" minimum:"1" maximum:"1000"`
		Price   float64 `json:"price" exclusiveMinimum:"0"`
	}
	invoiceID struct {
		ID string `path:"id" format:"uuid"`
	}
	invoiceQuery struct {
		Limit int    `query:"limit" default:"20" minimum:"1" maximum:"100" doc:"How many there are on a page."`
		After string `query:"after" doc:"The last one of the page before."`
		Paid  bool   `query:"paid" default:"false"`
	}
	invoiceChange struct {
		invoiceID
		Body invoice `body:""`
	}
)

// grown returns a service with this many typed endpoints, four a resource.
func grown(endpoints int) *tigertonic.TrieServeMux {
	mux := tigertonic.NewTrieServeMux()
	for i := range endpoints {
		tag := fmt.Sprintf("Resource %d", i/4)
		all := fmt.Sprintf("/resources/%04d", i/4)
		switch i % 4 {
		case 0:
			mux.Handle("GET", all, tigertonic.Typed(func(context.Context, *invoiceQuery) ([]invoice, error) { return nil, nil }).Summary("List").Tags(tag))
		case 1:
			mux.Handle("POST", all, tigertonic.Typed(func(context.Context, *invoice) (tigertonic.CreatedResponse[invoice], error) {
				return tigertonic.CreatedResponse[invoice]{}, nil
			}).Summary("Create").Tags(tag))
		case 2:
			mux.Handle("GET", all+"/{id}", tigertonic.Typed(func(context.Context, *invoiceID) (*invoice, error) { return nil, nil }).Summary("Get").Tags(tag))
		case 3:
			mux.Handle("PUT", all+"/{id}", tigertonic.Typed(func(context.Context, *invoiceChange) (*invoice, error) { return nil, nil }).Summary("Change").Tags(tag))
		}
	}
	return mux
}

var sizes = []int{1, 1000, 3000}

// BenchmarkStart is what a service waits for before it serves.
func BenchmarkStart(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				mux := grown(n)
				doc := openapi.New(mux, info)
				mux.Handle("GET", "/openapi.json", doc.Handler())
				mux.Handle("GET", "/docs", openapi.Page(doc))
			}
		})
	}
}

// BenchmarkNew is the document's part of it.
func BenchmarkNew(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			mux := grown(n)
			b.ReportAllocs()
			for b.Loop() {
				openapi.New(mux, info)
			}
		})
	}
}

// BenchmarkDocument is what whoever asks for the document first waits for, besides.
func BenchmarkDocument(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			mux := grown(n)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				doc := openapi.New(mux, info)
				b.StartTimer()
				b.ReportMetric(float64(len(doc.JSON())), "bytes")
			}
		})
	}
}

// BenchmarkHeap is what a document keeps, with its page, once both have been asked for.
func BenchmarkHeap(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				mux := grown(n)
				before := heap()
				doc := openapi.New(mux, info)
				document, page := doc.Handler(), openapi.Page(doc)
				made := heap() - before
				for _, h := range []http.Handler{document, page} {
					h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/", nil))
				}
				b.ReportMetric(float64(made)/float64(n), "B/endpoint-made")
				b.ReportMetric(float64(heap()-before)/float64(n), "B/endpoint")
				runtime.KeepAlive(mux)
				runtime.KeepAlive(document)
				runtime.KeepAlive(page)
			}
		})
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// BenchmarkPage is what whoever looks first waits for: at the page, a group and an
// operation.
func BenchmarkPage(b *testing.B) {
	for _, n := range sizes {
		doc := openapi.New(grown(n), info)
		doc.JSON()
		for name, query := range map[string]string{"first": "", "group": "?group=Resource+0", "operation": "?operation=getResources0000", "index": "?search.json"} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					w := httptest.NewRecorder()
					openapi.Page(doc).ServeHTTP(w, httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/docs"+query, nil))
					b.ReportMetric(float64(w.Body.Len()), "bytes")
				}
			})
		}
	}
}

// BenchmarkRegister is the part of the start that isn't the document's.
func BenchmarkRegister(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		grown(1000)
	}
}
