package tigertonic_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/rcrowley/go-tigertonic"
	"github.com/stretchr/testify/require"
)

// An order as services take and return it: 293 bytes in, some 400 out.
type benchOrder struct {
	Customer string      `json:"customer" minLength:"1" maxLength:"64"`
	Email    string      `json:"email" format:"email"`
	Currency string      `json:"currency" enum:"EUR,USD,JPY"`
	Express  bool        `json:"express"`
	Note     string      `json:"note" maxLength:"200"`
	Lines    []benchLine `json:"lines" minItems:"1" maxItems:"100"`
	Address  string      `json:"address"`
}

type benchLine struct {
	SKU      string  `json:"sku" pattern:"^[A-Z0-9-]+$"`
	Quantity int     `json:"quantity" minimum:"1" maximum:"1000"`
	Price    float64 `json:"price" exclusiveMinimum:"0"`
}

type benchReceipt struct {
	ID     string     `json:"id"`
	Status string     `json:"status"`
	Total  float64    `json:"total"`
	Order  benchOrder `json:"order"`
}

const benchBody = `{"customer":"Ada Lovelace","email":"ada@example.com","currency":"EUR","express":true,` +
	`"note":"Leave it at the door, please.","lines":[{"sku":"ENGINE-1","quantity":2,"price":12.5},` +
	`{"sku":"CARD-100","quantity":100,"price":0.25}],"address":"12 St James's Square, London SW1Y 4JH, United Kingdom"}`

func receive(order *benchOrder) *benchReceipt {
	total := 0.0
	for _, l := range order.Lines {
		total += float64(l.Quantity) * l.Price
	}
	return &benchReceipt{"0f8fad5b-d9cb-469f-a165-70867728950e", "accepted", total, *order}
}

// byHand is the same endpoint without validation, on net/http alone.
func byHand(decode func([]byte, any) error, encode func(any) ([]byte, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Type") != "application/json" {
			http.Error(w, "not JSON", http.StatusUnsupportedMediaType)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		order := new(benchOrder)
		if err := decode(body, order); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body, err = encode(receive(order))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(body)
	}
}

func typedReceive() http.Handler {
	return tigertonic.Typed(func(_ context.Context, order *benchOrder) (*benchReceipt, error) {
		return receive(order), nil
	})
}

// A bodyOf is a request body that can be read again.
type bodyOf struct{ bytes.Reader }

func (*bodyOf) Close() error { return nil }

// A sink is a ResponseWriter that drops what it gets.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}

// poster returns a function that has h answer one POST of a body.
func poster(tb testing.TB, h http.Handler, body string) func() {
	w := &sink{http.Header{}}
	b := &bodyOf{}
	r, err := http.NewRequestWithContext(tb.Context(), "POST", "/orders", b)
	require.NoError(tb, err)
	r.Header.Set("Content-Type", "application/json")
	r.ContentLength = int64(len(body))
	return func() {
		b.Reset([]byte(body))
		clear(w.header)
		h.ServeHTTP(w, r)
	}
}

func BenchmarkTypedPOST(b *testing.B) {
	for _, c := range []struct {
		name string
		h    http.Handler
	}{
		{"typed", typedReceive()},
		{"by-hand/encoding-json", byHand(json.Unmarshal, json.Marshal)},
		{"by-hand/v2", byHand(
			func(p []byte, v any) error { return jsonv2.Unmarshal(p, v) },
			func(v any) ([]byte, error) { return jsonv2.Marshal(v) },
		)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			post := poster(b, c.h, benchBody)
			for b.Loop() {
				post()
			}
		})
	}
}
