package page

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/conformance/chromium"
)

// A browser's EventSource connects again after whatever end, unless it is told that
// the stream is over.

// listening opens an EventSource that is to be followed in seen.
const listening = `(() => {
	window.seen = [];
	window.source = new EventSource("events");
	source.onmessage = (event) => seen.push(event.data);
	for (const name of ["end", "problem"]) source.addEventListener(name, (event) => seen.push(name + " " + event.data));
	source.onerror = (event) => seen.push(event.data !== undefined ? "an error of ours" : source.readyState === EventSource.CLOSED ? "closed" : "lost");
})()`

func TestBrowserKnowsHowAStreamOfEventsEnded(t *testing.T) {
	browserContext := chromium.New(t)
	for name, tt := range map[string]struct {
		last error // of the first connection
		seen string
		want int32 // calls of the function
	}{
		"whole":             {nil, `1,2,end {},lost,closed`, 1},
		"failed":            {tigertonic.Gone{Err: errors.New("sold out")}, `1,2,problem {"title":"Gone","status":410,"detail":"sold out"},lost,closed`, 1},
		"for now":           {tigertonic.ServiceUnavailable{Err: errors.New("busy")}, `1,2,problem {"title":"Service Unavailable","status":503},lost,1,2,end {},lost,closed`, 2},
		"a lost connection": {http.ErrAbortHandler, `1,2,lost,1,2,end {},lost,closed`, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			seen := make(chan struct{}) // a browser drops what it has received of a connection that is lost, if no script has seen it
			mux := tigertonic.NewTrieServeMux()
			mux.Handle("GET", "/events", tigertonic.Typed(func(ctx context.Context, _ *struct{}) (iter.Seq2[int, error], error) {
				first := calls.Add(1) == 1
				return func(yield func(int, error) bool) {
					switch ok := yield(1, nil) && yield(2, nil); {
					case !ok || !first || tt.last == nil:
					case errors.Is(tt.last, http.ErrAbortHandler):
						select {
						case <-seen:
						case <-ctx.Done():
						}
						panic(http.ErrAbortHandler)
					default:
						yield(0, tt.last)
					}
				}, nil
			}))
			mux.HandleFunc("GET", "/", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				_, _ = io.WriteString(w, "<!DOCTYPE html><title>Events</title>")
			})
			server := httptest.NewServer(mux)
			t.Cleanup(server.Close)
			p := chromium.Open(browserContext, t, server.URL+"/", 800, 600, "light")
			p.Eval(listening)
			p.Until("seen.length >= 2")
			close(seen)
			p.Until("source.readyState === EventSource.CLOSED")
			got := p.Eval("seen.map((s) => s.replace(/,\"request_id\":\"[^\"]*\"/, '')).join()")
			assert.Equal(t, tt.seen, got)
			assert.Equal(t, tt.want, calls.Load())
		})
	}
}
