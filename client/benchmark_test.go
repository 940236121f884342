package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
)

// An order is 293 bytes of JSON, and its receipt some 400: what the benchmarks of the
// root send to Typed.
type order struct {
	Customer string      `json:"customer" minLength:"1" maxLength:"64"`
	Email    string      `json:"email" format:"email"`
	Currency string      `json:"currency" enum:"EUR,USD,JPY"`
	Express  bool        `json:"express"`
	Note     string      `json:"note" maxLength:"200"`
	Lines    []orderLine `json:"lines" minItems:"1" maxItems:"100"`
	Address  string      `json:"address"`
}

type orderLine struct {
	SKU      string  `json:"sku" pattern:"^[A-Z0-9-]+$"`
	Quantity int     `json:"quantity" minimum:"1" maximum:"1000"`
	Price    float64 `json:"price" exclusiveMinimum:"0"`
}

type orderReceipt struct {
	ID     string  `json:"id"`
	Status string  `json:"status"`
	Total  float64 `json:"total"`
	Order  order   `json:"order"`
}

var placeOrder = tigertonic.Declare[order, *orderReceipt]("POST", "/orders")

var oneOrder = order{
	Customer: "Ada Lovelace", Email: "ada@example.com", Currency: "EUR", Express: true, Note: "Leave it at the door, please.",
	Lines:   []orderLine{{"ENGINE-1", 2, 12.5}, {"CARD-100", 100, 0.25}},
	Address: "12 St James's Square, London SW1Y 4JH, United Kingdom",
}

func orderService() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	placeOrder.HandleFunc(mux, func(_ context.Context, o *order) (*orderReceipt, error) {
		return &orderReceipt{"0f8fad5b-d9cb-469f-a165-70867728950e", "accepted", 50, *o}, nil
	})
	return mux
}

// byHand is the call as it is written without the client.
func byHand(ctx context.Context, c *http.Client, base string, o *order) (*orderReceipt, error) {
	body, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/orders", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	rs, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	defer rs.Body.Close()
	text, err := io.ReadAll(io.LimitReader(rs.Body, 8<<20))
	if err != nil {
		return nil, err
	}
	if rs.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", rs.Status, text)
	}
	receipt := new(orderReceipt)
	return receipt, json.Unmarshal(text, receipt)
}

// The two are called in turn, so that whatever else the machine does hits both, and the
// ratio is that of their medians. It may be 1.5 in process, and 1.05 over loopback.
func BenchmarkPOST(b *testing.B) {
	server := httptest.NewServer(orderService())
	defer server.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	for _, over := range []struct {
		name, base string
		transport  http.RoundTripper
	}{
		{"in-process", "http://orders.test", client.InProcess(orderService())},
		{"inline", "http://orders.test", client.Inline(orderService())},
		{"loopback", server.URL, transport},
	} {
		c := client.New(over.base, client.Options{Transport: over.transport})
		h := &http.Client{Transport: over.transport}
		b.Run("over="+over.name, func(b *testing.B) {
			var called, written []time.Duration
			for b.Loop() {
				begin := time.Now()
				_, err := client.Call(b.Context(), c, placeOrder, &oneOrder)
				middle := time.Now()
				_, byHandErr := byHand(b.Context(), h, over.base, &oneOrder)
				called, written = append(called, middle.Sub(begin)), append(written, time.Since(middle))
				if err != nil || byHandErr != nil {
					b.Fatal(err, byHandErr)
				}
			}
			slices.Sort(called)
			slices.Sort(written)
			one, other := called[len(called)/2], written[len(written)/2]
			b.ReportMetric(float64(one.Nanoseconds()), "ns/call")
			b.ReportMetric(float64(other.Nanoseconds()), "ns/by-hand")
			b.ReportMetric(float64(one)/float64(other), "ratio")
		})
	}
}

// A URL costs no more than its text, and a call less than what is written by hand with
// the encoding/json of Go 1.26, which allocates 70 times; that of Go 1.27 does so 56 times.
func TestCallsAllocateLittle(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	transport := client.InProcess(orderService())
	c := client.New("http://orders.test", client.Options{Transport: transport})
	h := &http.Client{Transport: transport}
	called := testing.AllocsPerRun(200, func() {
		if _, err := client.Call(t.Context(), c, placeOrder, &oneOrder); err != nil {
			t.Fatal(err)
		}
	})
	written := testing.AllocsPerRun(200, func() {
		if _, err := byHand(t.Context(), h, "http://orders.test", &oneOrder); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("%v by the client, %v by hand", called, written)
	assert.LessOrEqual(t, called, 63.0)

	in := &onePart{"tea"}
	made := testing.AllocsPerRun(200, func() {
		if _, err := getPart.URL(in); err != nil {
			t.Fatal(err)
		}
	})
	assert.LessOrEqual(t, made, 4.0)
}

func TestByHandIsTheSame(t *testing.T) {
	transport := client.InProcess(orderService())
	got, err := client.Call(t.Context(), client.New("http://orders.test", client.Options{Transport: transport}), placeOrder, &oneOrder)
	require.NoError(t, err)
	want, err := byHand(t.Context(), &http.Client{Transport: transport}, "http://orders.test", &oneOrder)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}
