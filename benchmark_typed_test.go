package tigertonic_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/rcrowley/go-tigertonic"
	"github.com/stretchr/testify/assert"
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

// unchecked is an order without constraints, which is what is decoded by hand.
type unchecked struct {
	Customer string          `json:"customer"`
	Email    string          `json:"email"`
	Currency string          `json:"currency"`
	Express  bool            `json:"express"`
	Note     string          `json:"note"`
	Lines    []uncheckedLine `json:"lines"`
	Address  string          `json:"address"`
}

type uncheckedLine struct {
	SKU      string  `json:"sku"`
	Quantity int     `json:"quantity"`
	Price    float64 `json:"price"`
}

type uncheckedReceipt struct {
	ID     string    `json:"id"`
	Status string    `json:"status"`
	Total  float64   `json:"total"`
	Order  unchecked `json:"order"`
}

func typedReceiveUnchecked() http.Handler {
	return tigertonic.Typed(func(_ context.Context, order *unchecked) (*uncheckedReceipt, error) {
		return &uncheckedReceipt{"0f8fad5b-d9cb-469f-a165-70867728950e", "accepted", 50, *order}, nil
	})
}

func v2Decode(p []byte, v any) error { return jsonv2.Unmarshal(p, v) }

func v2Encode(v any) ([]byte, error) { return jsonv2.Marshal(v) }

// A benchCase is one of several handlers that do the same.
type benchCase struct {
	name string
	h    http.Handler
}

// benchmarkEach has each handler answer the same request.
func benchmarkEach(b *testing.B, method, target, body string, cases ...benchCase) {
	for _, c := range cases {
		b.Run("by="+c.name, func(b *testing.B) {
			b.ReportAllocs()
			ask := asker(b, c.h, method, target, body, "Content-Type", "application/json")
			for b.Loop() {
				ask()
			}
		})
	}
}

// The endpoint by hand checks nothing, but for what the codec does.
func BenchmarkTypedPOST(b *testing.B) {
	benchmarkEach(b, "POST", "/orders", benchBody,
		benchCase{"Typed", typedReceive()},
		benchCase{"Typed-unchecked", typedReceiveUnchecked()},
		benchCase{"hand", byHand(json.Unmarshal, json.Marshal)},
		benchCase{"hand-v2", byHand(v2Decode, v2Encode)},
	)
}

type benchQuery struct {
	Text  string `query:"text" required:"true" minLength:"1" maxLength:"64"`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
}

type benchAnswer struct {
	Text  string `json:"text"`
	Limit int    `json:"limit"`
}

func typedQuery() http.Handler {
	return tigertonic.Typed(func(_ context.Context, in *benchQuery) (*benchAnswer, error) {
		return &benchAnswer{in.Text, in.Limit}, nil
	})
}

// queryByHand is the same endpoint on net/http alone.
func queryByHand(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	text := query.Get("text")
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil || limit < 1 || limit > 100 || text == "" || utf8.RuneCountInString(text) > 64 {
		body, _ := json.Marshal(map[string]any{
			"title": "Unprocessable Entity", "status": 422, "detail": "the request isn't valid",
			"errors": []map[string]string{{"parameter": "limit", "in": "query", "detail": "must be at most 100"}},
		})
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(http.StatusUnprocessableEntity)
		w.Write(body)
		return
	}
	body, err := json.Marshal(&benchAnswer{text, limit})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(body)
}

func BenchmarkTypedGET(b *testing.B) {
	for name, target := range map[string]string{"status=200": "/?text=tiger&limit=50", "status=422": "/?text=tiger&limit=101"} {
		b.Run(name, func(b *testing.B) {
			benchmarkEach(b, "GET", target, "", benchCase{"Typed", typedQuery()}, benchCase{"hand", http.HandlerFunc(queryByHand)})
		})
	}
}

// benchList returns 100 objects, which are 15 KB of JSON, or more with a note.
func benchList(note string) []benchReceipt {
	list := make([]benchReceipt, 100)
	for i := range list {
		list[i] = benchReceipt{ID: "order-" + strconv.Itoa(i), Status: "accepted", Total: float64(i) * 1.25, Order: benchOrder{Note: note}}
	}
	return list
}

func BenchmarkTypedList(b *testing.B) {
	for name, note := range map[string]string{"bytes=15K": "", "bytes=46K": strings.Repeat("Leave it at the door. ", 14)} {
		list := benchList(note)
		byHand := func(encode func(any) ([]byte, error)) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				body, err := encode(list)
				if err != nil {
					http.Error(w, err.Error(), http.StatusInternalServerError)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				w.Write(body)
			}
		}
		b.Run(name, func(b *testing.B) {
			benchmarkEach(b, "GET", "/", "", benchCase{"Typed", returning(list, nil)}, benchCase{"hand", byHand(json.Marshal)}, benchCase{"hand-v2", byHand(v2Encode)})
		})
	}
}

// What a handler of each kind allocates, that of the request's own values and of
// the codec included.
func TestTypedAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates: run it without -race")
	}
	list := benchList("")
	wrong := strings.Replace(benchBody, `"quantity":2`, `"quantity":0`, 1)
	for name, tt := range map[string]struct {
		h                    http.Handler
		method, target, body string
		most                 float64
	}{
		"POST":           {typedReceive(), "POST", "/", benchBody, 5},
		"POST unchecked": {typedReceiveUnchecked(), "POST", "/", benchBody, 5},
		"POST 422":       {typedReceive(), "POST", "/", wrong, 12},
		"GET":            {typedQuery(), "GET", "/?text=tiger&limit=50", "", 4},
		"GET default":    {typedQuery(), "GET", "/?text=tiger", "", 4},
		"GET 422":        {typedQuery(), "GET", "/?text=tiger&limit=101", "", 9},
		"list":           {returning(&list, nil), "GET", "/", "", 4},
		"list by value":  {returning(list, nil), "GET", "/", "", 4},
	} {
		got := testing.AllocsPerRun(500, asker(t, tt.h, tt.method, tt.target, tt.body, "Content-Type", "application/json"))
		t.Logf("%s: %v allocations", name, got)
		assert.LessOrEqual(t, got, tt.most, name)
	}
}
