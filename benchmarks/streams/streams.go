// Package streams compares how much memory an open stream of events takes, which is what
// a service of many listeners needs.
package streams

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/danielgtaylor/huma/v2/sse"

	"github.com/rcrowley/go-tigertonic"
)

// A Peer is a way to stream events.
type Peer struct {
	Name string
	// New returns a handler that sends one event at path and then waits for the client to
	// go.
	New func() http.Handler
}

const path = "/prices"

type price struct {
	Article string `json:"article"`
	Cents   int    `json:"cents"`
}

func first() price { return price{"tea", 350} }

// Peers returns them, ours first.
func Peers() []Peer {
	return []Peer{
		{"tigertonic", newTigertonic},
		{"net-http", newNetHTTP},
		{"huma", newHuma},
	}
}

func newTigertonic() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", path, tigertonic.Typed(func(ctx context.Context, _ *struct{}) (iter.Seq2[tigertonic.Event[price], error], error) {
		return func(yield func(tigertonic.Event[price], error) bool) {
			if yield(tigertonic.Event[price]{Data: first()}, nil) {
				<-ctx.Done()
			}
		}, nil
	}))
	return mux
}

func newNetHTTP() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		data, err := json.Marshal(first())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if _, err := w.Write(append(append([]byte("data: "), data...), "\n\n"...)); err != nil {
			return
		}
		if http.NewResponseController(w).Flush() == nil {
			<-r.Context().Done()
		}
	})
	return mux
}

func newHuma() http.Handler {
	mux := http.NewServeMux()
	api := humago.New(mux, huma.DefaultConfig("Prices", "1.0"))
	op := huma.Operation{OperationID: "prices", Method: http.MethodGet, Path: path}
	sse.Register(api, op, map[string]any{"message": price{}}, func(ctx context.Context, _ *struct{}, send sse.Sender) {
		if send.Data(first()) == nil {
			<-ctx.Done()
		}
	})
	return mux
}
