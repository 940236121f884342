package tigertonic_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// seqOf returns a sequence of these.
func seqOf[T any](items ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// thenFailing returns a sequence of these that ends with an error.
func thenFailing[T any](err error, items ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
		var zero T
		yield(zero, err)
	}
}

type namedSequence iter.Seq2[*tea, error]

func TestSequenceFormats(t *testing.T) {
	for name, tt := range map[string]struct {
		h                   http.Handler
		array, lines, event string
	}{
		"items": {
			returning(seqOf(sencha, tea{"mat\u2028cha\n", 0}), nil),
			`[{"name":"sencha","grams":100},{"name":"mat` + "\u2028" + `cha\n"}]` + "\n",
			`{"name":"sencha","grams":100}` + "\n" + `{"name":"mat` + "\u2028" + `cha\n"}` + "\n",
			`data: {"name":"sencha","grams":100}` + "\n\n" + `data: {"name":"mat` + "\u2028" + `cha\n"}` + "\n\n",
		},
		"one":                             {returning(seqOf(1), nil), "[1]\n", "1\n", "data: 1\n\n"},
		"none":                            {returning(seqOf[int](), nil), "[]\n", "", ""},
		"nil":                             {returning[iter.Seq2[int, error]](nil, nil), "[]\n", "", ""},
		"pointers":                        {returning(seqOf(&sencha, nil), nil), `[{"name":"sencha","grams":100},null]` + "\n", `{"name":"sencha","grams":100}` + "\nnull\n", `data: {"name":"sencha","grams":100}` + "\n\ndata: null\n\n"},
		"of a named type":                 {returning(namedSequence(seqOf[*tea](nil)), nil), "[null]\n", "null\n", "data: null\n\n"},
		"interfaces":                      {returning(seqOf[any](1, nil, "a"), nil), "[1,null,\"a\"]\n", "1\nnull\n\"a\"\n", "data: 1\n\ndata: null\n\ndata: \"a\"\n\n"},
		"slices":                          {returning(seqOf([]int{1}, nil), nil), "[[1],[]]\n", "[1]\n[]\n", "data: [1]\n\ndata: []\n\n"},
		"durations":                       {returning(seqOf(time.Minute), nil), "[\"1m0s\"]\n", "\"1m0s\"\n", "data: \"1m0s\"\n\n"},
		"maps, in order":                  {returning(seqOf(map[string]int{"b": 1, "a": 2}), nil), "[{\"a\":2,\"b\":1}]\n", "{\"a\":2,\"b\":1}\n", "data: {\"a\":2,\"b\":1}\n\n"},
		"raw, with line ends":             {returning(seqOf(json.RawMessage("{\n \"a\":\r\n\t1\n}\n")), nil), "[{\"a\":1}]\n", "{\"a\":1}\n", "data: {\"a\":1}\n\n"},
		"what encodes itself":             {returning(seqOf(green{sencha}), nil), "[\"green sencha\"]\n", "\"green sencha\"\n", "data: \"green sencha\"\n\n"},
		"in a response":                   {respondingWith(203, http.Header{"X-A": {"a"}, "Content-Type": {"text/wrong"}}, seqOf(1)), "[1]\n", "1\n", "data: 1\n\n"},
		"created":                         {returning(tigertonic.CreatedResponse[iter.Seq2[int, error]]{"/x", seqOf(1)}, nil), "[1]\n", "1\n", "data: 1\n\n"},
		"an iterator that ends when told": {returning(iter.Seq2[int, error](func(yield func(int, error) bool) { _ = yield(1, nil) && yield(2, nil) }), nil), "[1,2]\n", "1\n2\n", "data: 1\n\ndata: 2\n\n"},
	} {
		t.Run(name, func(t *testing.T) {
			for mediaType, want := range map[string]string{
				"application/json": tt.array, "application/jsonl": tt.lines, "application/x-ndjson": tt.lines, "text/event-stream": tt.event,
			} {
				if mediaType == "text/event-stream" {
					want += "event: end\nid: end\ndata: {}\n\n"
				}
				w := serve(t, tt.h, "GET", "/", "", "Accept", mediaType)
				assert.Equal(t, want, w.Body.String(), mediaType)
				assert.Equal(t, []string{mediaType}, w.Header()["Content-Type"])
				cacheControl := ""
				if mediaType == "text/event-stream" {
					cacheControl = "no-cache"
				}
				assert.Equal(t, cacheControl, w.Header().Get("Cache-Control"))
			}
		})
	}
}

func TestSequenceOfEventsKeepsItsCacheControl(t *testing.T) {
	h := respondingWith(0, http.Header{"Cache-Control": {"no-store"}}, seqOf(1))
	assert.Equal(t, "no-store", serve(t, h, "GET", "/", "", "Accept", "text/event-stream").Header().Get("Cache-Control"))
}

func TestSequenceThatFailsAtOnceIsAnswered(t *testing.T) {
	for _, accept := range []string{"application/json", "application/jsonl", "text/event-stream"} {
		w := serve(t, returning(thenFailing[int](tigertonic.Gone{errors.New("sold out")}), nil), "GET", "/", "", "Accept", accept)
		assertProblem(t, w, `{"title":"Gone","status":410,"detail":"sold out"}`)
		assert.Equal(t, 410, w.Code)
		assert.Empty(t, w.Header()["Cache-Control"])
		assertSecret(t, serve(t, returning(thenFailing[int](errLeak), nil), "GET", "/", "", "Accept", accept), 500)
		assertSecret(t, serve(t, returning(seqOf(math.NaN()), nil), "GET", "/", "", "Accept", accept), 500)
		assertSecret(t, serve(t, returning(seqOf(1), errLeak), "GET", "/", "", "Accept", accept), 500)
	}
}

func TestSequenceThatFailsLater(t *testing.T) {
	for name, h := range map[string]http.Handler{
		"an error":              returning(thenFailing(fmt.Errorf("pouring: %w", errLeak), 1.0), nil),
		"what can't be encoded": returning(seqOf(1.0, math.NaN(), 2.0), nil),
	} {
		t.Run(name, func(t *testing.T) {
			for accept, want := range map[string]string{"application/json": "[1", "application/jsonl": "1\n", "text/event-stream": ""} {
				l, b := logLines(h, nil)
				w := httptest.NewRecorder()
				r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
				r.Header.Set("Accept", accept)
				cause := recovered(func() { l.ServeHTTP(w, r) })
				assert.Equal(t, 200, w.Code)
				require.Len(t, loggedCauses(b.String()), 1, b)
				assert.Regexp(t, "^ID .*(pouring: the kettle leaks|NaN)", loggedCauses(b.String())[0])
				if accept == "text/event-stream" {
					assert.Nil(t, cause)
					assert.Equal(t, "data: 1\n\nevent: problem\nid: end\ndata: "+`{"title":"Internal Server Error","status":500,"request_id":"ID"}`+"\n\n", w.Body.String())
					continue
				}
				assert.Equal(t, http.ErrAbortHandler, cause)
				assert.Equal(t, want, w.Body.String())
				assert.Contains(t, b.String(), "** the handler panicked **")
			}
		})
	}
}

func TestSequenceEndsWithItsProblem(t *testing.T) {
	p := tigertonic.Problem{Status: 503, Title: "Low water", Extensions: map[string]any{"retry": 5}}
	w := serve(t, returning(thenFailing(p, 1), nil), "GET", "/", "", "Accept", "text/event-stream")
	assert.Equal(t, "data: 1\n\nevent: problem\ndata: "+`{"title":"Low water","status":503,"retry":5}`+"\n\n", w.Body.String())
}

// A browser asks again for a stream that has ended, and is to stop at that, but not
// if the stream was interrupted, or may go better the next time.
func TestSequenceOfEventsSaysWhetherToAskAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		h     http.Handler
		again bool
	}{
		"whole":       {returning(seqOf(1), nil), false},
		"none":        {returning(seqOf[int](), nil), false},
		"failed":      {returning(thenFailing(errLeak, 1), nil), false},
		"gone":        {returning(thenFailing[int](tigertonic.Gone{errLeak}, 1), nil), false},
		"too much":    {returning(thenFailing[int](tigertonic.TooManyRequests{errLeak}, 1), nil), true},
		"unavailable": {returning(thenFailing[int](tigertonic.ServiceUnavailable{errLeak}, 1), nil), true},
	} {
		body := serve(t, tt.h, "GET", "/", "", "Accept", "text/event-stream").Body.String()
		assert.Equal(t, tt.again, !strings.Contains(body, "\nid: end\n"), "%s: %q", name, body)
		assert.NotContains(t, body, "event: error", "which a browser has for lost connections")
	}
}

func TestSequenceOfEventsIsSentOnceToABrowser(t *testing.T) {
	calls := 0
	h := tigertonic.Typed(func(context.Context, *struct{}) (iter.Seq2[int, error], error) {
		calls++
		return seqOf(1), nil
	})
	w := serve(t, h, "GET", "/", "", "Accept", "text/event-stream", "Last-Event-ID", "end")
	assert.Equal(t, 204, w.Code)
	assert.Empty(t, w.Body.String())
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	assert.Equal(t, 0, calls)
	for _, header := range [][]string{
		{"Accept", "text/event-stream", "Last-Event-ID", "7"},
		{"Accept", "application/jsonl", "Last-Event-ID", "end"},
		{"Accept", "text/event-stream"},
	} {
		assert.Equal(t, 200, serve(t, h, "GET", "/", "", header...).Code, header)
	}
	assert.Equal(t, 200, serve(t, h, "POST", "/", "", "Accept", "text/event-stream", "Last-Event-ID", "end").Code)
	assert.Equal(t, 4, calls)
}

func TestSequencePanics(t *testing.T) {
	for items := range 2 {
		cleaned := false
		h := returning(iter.Seq2[int, error](func(yield func(int, error) bool) {
			defer func() { cleaned = true }()
			for range items {
				yield(1, nil)
			}
			panic(errLeak)
		}), nil)
		w := httptest.NewRecorder()
		cause := recovered(func() { h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)) })
		assert.Equal(t, errLeak, cause)
		assert.True(t, cleaned)
		assert.Equal(t, []string{"", "[1"}[items], w.Body.String())
	}
}

// A stubborn iterator goes on after it was told not to.
func TestSequenceThatIgnoresTheEnd(t *testing.T) {
	h := returning(iter.Seq2[int, error](func(yield func(int, error) bool) {
		yield(1, nil)
		yield(2, nil)
	}), nil)
	assert.Equal(t, 200, serve(t, h, "HEAD", "/", "").Code)
}

func TestSequenceForHeadDrawsOneItem(t *testing.T) {
	drawn, cleaned := 0, false
	h := returning(iter.Seq2[int, error](func(yield func(int, error) bool) {
		defer func() { cleaned = true }()
		drawn++
		for yield(drawn, nil) {
			drawn++
		}
	}), nil)
	w := serve(t, h, "HEAD", "/", "", "Accept", "application/jsonl")
	assert.Equal(t, 200, w.Code)
	assert.Equal(t, "application/jsonl", w.Header().Get("Content-Type"))
	assert.Empty(t, w.Body.String())
	assert.Equal(t, 1, drawn)
	assert.True(t, cleaned)
	assert.Equal(t, 410, serve(t, returning(thenFailing[int](tigertonic.Gone{errLeak}), nil), "HEAD", "/", "").Code)
}

// The client may be there: it mustn't take what it has got for all there is.
func TestSequenceEndsVisiblyWhenTheContextIsDone(t *testing.T) {
	for accept, want := range map[string]string{"application/json": "[1", "application/jsonl": "1\n", "text/event-stream": "data: 1\n\n"} {
		t.Run(accept, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			var went []bool
			h := returning(iter.Seq2[int, error](func(yield func(int, error) bool) {
				went = append(went, yield(1, nil))
				cancel()
				went = append(went, yield(2, nil))
			}), nil)
			w := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
			r.Header.Set("Accept", accept)
			cause := recovered(func() { h.ServeHTTP(w, r) })
			assert.Equal(t, []bool{true, false}, went)
			assert.Equal(t, want, w.Body.String())
			if accept != "text/event-stream" { // where the client asks again
				assert.Equal(t, http.ErrAbortHandler, cause)
			}
		})
	}
}

// What comes after the last yield runs, whatever becomes of the response.
func TestSequenceLetsItsIteratorEnd(t *testing.T) {
	for name, last := range map[string]float64{"an error": 0, "what can't be encoded": math.NaN()} {
		t.Run(name, func(t *testing.T) {
			went := true
			h := returning(iter.Seq2[float64, error](func(yield func(float64, error) bool) {
				defer func() { assert.Nil(t, recover()) }()
				var err error
				if last == 0 {
					err = errLeak
				}
				went = yield(1, nil) && yield(last, err)
			}), nil)
			assert.Equal(t, http.ErrAbortHandler, recovered(func() { serve(t, h, "GET", "/", "") }))
			assert.False(t, went)
		})
	}
}

func TestSequenceEndsWhenTheClientCantBeWrittenTo(t *testing.T) {
	var went []bool
	h := returning(iter.Seq2[int, error](func(yield func(int, error) bool) {
		went = append(went, yield(1, nil))
	}), nil)
	w := &unwritable{httptest.NewRecorder()}
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	assert.Equal(t, []bool{false}, went)
}

type unwritable struct{ *httptest.ResponseRecorder }

func (unwritable) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestSequenceThroughMiddlewares(t *testing.T) {
	registry := metrics.NewRegistry()
	defer registry.UnregisterAll()
	var lines, objects bytes.Buffer
	l := tigertonic.Logged(returning(seqOf(1, 2), nil), nil)
	l.Logger, l.RequestIDCreator = log.New(&lines, "", 0), fixedID
	j := tigertonic.JSONLogged(tigertonic.CountedByStatus(tigertonic.Timed(l, "timed", registry), "status", registry), nil)
	j.Logger, j.RequestIDCreator = log.New(&objects, "", 0), fixedID
	w := serve(t, j, "GET", "/", "", "Accept", "application/jsonl")
	assert.True(t, w.Flushed)
	assert.Equal(t, "1\n2\n", w.Body.String())
	assert.True(t, strings.HasSuffix(lines.String(), "ID < HTTP/1.1 200 OK\nID < Content-Type: application/jsonl\nID < Vary: Accept\nID <\nID < 1\nID < 2\n"), "%s", lines.String())
	record := readRecord(t, &objects)
	assert.Equal(t, 200, record.HTTP.Response.Status)
	assert.Equal(t, "1\n2\n", record.HTTP.Response.Body)
	assert.EqualValues(t, 1, counts(registry)["status-200"])
}

// An iterator's own failure after its end is a panic like any other.
func TestSequenceThatPanicsAfterItsEnd(t *testing.T) {
	for _, items := range []int{0, 1} {
		h := tigertonic.Recovered(returning(iter.Seq2[int, error](func(yield func(int, error) bool) {
			var none *order
			defer func() { _ = none.Tea }()
			if items == 0 {
				yield(0, tigertonic.Gone{errLeak})
			} else {
				yield(1, nil)
			}
		}), nil))
		var j journal
		old := slog.Default()
		slog.SetDefault(slog.New(slog.NewTextHandler(&j, nil)))
		w := httptest.NewRecorder()
		method := []string{"GET", "HEAD"}[items]
		cause := recovered(func() { h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "/", nil)) })
		slog.SetDefault(old)
		assert.Contains(t, j.String(), "nil pointer dereference")
		assert.Contains(t, j.String(), "sequence_test.go")
		if items == 0 {
			assert.Equal(t, 500, w.Code)
		} else {
			assert.Equal(t, http.ErrAbortHandler, cause, "the header has gone out")
		}
	}
}

func TestPollYieldsWhatIsNewAtIntervals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var called []time.Duration
		begin := time.Now()
		seq := tigertonic.Poll(t.Context(), time.Second, func() ([]int, error) {
			called = append(called, time.Since(begin))
			switch len(called) {
			case 1:
				return []int{1, 2}, nil
			case 2:
				return nil, nil
			}
			return []int{3}, errLeak
		})
		assert.Empty(t, called)
		var got []string
		for n, err := range seq {
			got = append(got, fmt.Sprint(n, err))
			time.Sleep(100 * time.Millisecond) // the interval begins after that
		}
		assert.Equal(t, []string{"1 <nil>", "2 <nil>", "3 <nil>", "0 " + errLeak.Error()}, got)
		assert.Equal(t, []time.Duration{0, 1200 * time.Millisecond, 2200 * time.Millisecond}, called)
	})
}

func TestPollEndsWithItsContextAndItsReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		seq := tigertonic.Poll(ctx, time.Hour, func() ([]int, error) { return []int{1, 2}, nil })
		for n, err := range seq {
			assert.NoError(t, err)
			assert.Equal(t, 1, n)
			break
		}
		begin := time.Now()
		time.AfterFunc(time.Minute, cancel)
		var got []int
		for n, err := range seq { // once more, from the beginning
			assert.NoError(t, err)
			got = append(got, n)
		}
		assert.Equal(t, []int{1, 2}, got)
		assert.Equal(t, time.Minute, time.Since(begin))
		for n, err := range seq {
			t.Error("after the context was done:", n, err)
		}
	})
}

func TestPollPanicsOfMistakes(t *testing.T) {
	assert.Regexp(t, `^tigertonic: Poll: the interval is 0s, which isn't positive .*sequence_test.go`,
		panicOf(t, func() { tigertonic.Poll(t.Context(), 0, func() ([]int, error) { return nil, nil }) }))
	assert.Regexp(t, `^tigertonic: Poll: the function is nil .*sequence_test.go`, panicOf(t, func() { tigertonic.Poll[int](t.Context(), 1, nil) }))
}

func ExamplePoll() {
	table := []string{"sencha"} // which others add to
	seen := 0
	teas := tigertonic.Poll(context.Background(), time.Millisecond, func() (added []string, _ error) {
		added, seen = table[seen:], len(table)
		return added, nil
	})
	for tea, err := range teas { // a function that Typed is given would return them
		fmt.Println(tea, err)
		if tea == "matcha" {
			break
		}
		table = append(table, "matcha")
	}
	// Output:
	// sencha <nil>
	// matcha <nil>
}
