package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
)

// collect returns the values of a stream and its error.
func collect[T any](values iter.Seq2[T, error]) (got []T, err error) {
	for value, err := range values {
		if err != nil {
			return got, err
		}
		got = append(got, value)
	}
	return got, nil
}

var everyType = []string{"application/json", "application/jsonl", "application/x-ndjson", "text/event-stream"}

func TestStreamsAreReadInEachForm(t *testing.T) {
	eachTransport(t, partService(), func(t *testing.T, c *client.Client) {
		for _, accept := range everyType {
			got, err := collect(client.Stream(t.Context(), c, count, &onePart{"x"}, client.StreamOptions{Accept: accept}))
			require.NoError(t, err, accept)
			assert.Equal(t, []number{{0}, {1}, {2}}, got, accept)

			got, err = collect(client.Stream(t.Context(), c, count, &onePart{"broken"}, client.StreamOptions{Accept: accept}))
			require.Error(t, err, accept)
			assert.Equal(t, []number{{0}, {1}, {2}}, got, accept)
			failure, ok := errors.AsType[*client.Error](err)
			require.True(t, ok)
			assert.Len(t, failure.RequestID, 16)
			if accept == "text/event-stream" {
				assert.Equal(t, 500, failure.Status, "the problem is an event")
			} else {
				assert.ErrorIs(t, err, io.ErrUnexpectedEOF, accept)
			}

			_, err = collect(client.Stream(t.Context(), c, count, &onePart{"none"}, client.StreamOptions{Accept: accept}))
			_, ok = errors.AsType[tigertonic.NotFound](err)
			assert.True(t, ok, accept)

			edit := client.Header("Accept", accept)
			values, err := client.Call(t.Context(), c, count, &onePart{"x"}, edit)
			require.NoError(t, err)
			got, err = collect(values)
			require.NoError(t, err)
			assert.Equal(t, []number{{0}, {1}, {2}}, got, accept)
			_, err = collect(values)
			assert.ErrorContains(t, err, "the stream can be ranged over only once")
			values, err = client.Call(t.Context(), c, count, &onePart{"broken"}, edit)
			require.NoError(t, err)
			_, err = collect(values)
			assert.ErrorAs(t, err, &failure)
			_, err = client.Call(t.Context(), c, count, &onePart{"none"}, edit)
			_, ok = errors.AsType[tigertonic.NotFound](err)
			assert.True(t, ok, accept)
		}
	})
}

// A value is there as soon as it is sent, and a break is seen by the service.
func TestStreamsArriveValueByValueAndAreCutOffByBreak(t *testing.T) {
	for _, accept := range everyType {
		sent, ended := make(chan int), make(chan struct{}, 1)
		mux := tigertonic.NewTrieServeMux()
		count.HandleFunc(mux, func(ctx context.Context, _ *onePart) (iter.Seq2[number, error], error) {
			return func(yield func(number, error) bool) {
				defer func() { ended <- struct{}{} }()
				for i := range sent {
					if !yield(number{i}, nil) {
						return
					}
				}
			}, nil
		})
		eachTransport(t, mux, func(t *testing.T, c *client.Client) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				for value, err := range client.Stream(t.Context(), c, count, &onePart{"x"}, client.StreamOptions{Accept: accept}) {
					assert.NoError(t, err, accept)
					if value.N == 1 {
						break
					}
					sent <- value.N + 1
				}
			}()
			sent <- 0
			<-done
			for open := true; open; { // the service sees it at the next value, or the one after
				select {
				case sent <- 7:
				case <-ended:
					open = false
				}
			}
		})
	}
}

func TestStreamsEndWithTheirContext(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	count.HandleFunc(mux, func(ctx context.Context, _ *onePart) (iter.Seq2[number, error], error) {
		return func(yield func(number, error) bool) {
			if yield(number{1}, nil) {
				<-ctx.Done()
			}
		}, nil
	})
	eachTransport(t, mux, func(t *testing.T, c *client.Client) {
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		for _, err := range client.Stream(ctx, c, count, &onePart{"x"}, client.StreamOptions{Reconnect: -1}) {
			n++
			if n == 1 {
				require.NoError(t, err)
				cancel()
				continue
			}
			assert.ErrorIs(t, err, context.Canceled)
		}
		assert.Equal(t, 2, n)
		cancel()
	})
}

func TestStreamsOfOthersAreReadOrRefused(t *testing.T) {
	for _, tt := range []struct {
		name, contentType, body string
		want                    []int
		err                     string
	}{
		{"an array", "application/json; charset=utf-8", " [1 , 2] \n", []int{1, 2}, ""},
		{"none", "application/json", "[]", nil, ""},
		{"no array", "application/json", "{}", nil, "the response isn't an array"},
		{"data after the array", "application/json", "[1] 2", []int{1}, "the response has data after the array"},
		{"half an array", "application/json", "[1,", []int{1}, "the stream is incomplete"},
		{"half a value", "application/json", "[1,{", []int{1}, "the stream is incomplete"},
		{"another type", "application/json", `[1,"x"]`, []int{1}, "can't read the rest of the stream"},
		{"lines", "application/jsonl", "1\n\n2", []int{1, 2}, ""},
		{"no lines", "application/x-ndjson", "", nil, ""},
		{"half a line", "application/jsonl", "1\n{\"a\"", []int{1}, "the stream is incomplete"},
		{"a long value", "application/jsonl", "1\n" + strings.Repeat(" ", 2000) + "2", []int{1}, "the response is longer than 1000 bytes"},
		{"many values", "application/jsonl", strings.Repeat("1\n", 2000), repeat(1, 2000), ""},
		{"events", "text/event-stream", "\uFEFFdata: 1\r\n\r\n: hello\n\nid\nevent: message\rdata:2\r\rdata: 3\ndata: \n\nevent: other\ndata: 4\n\nevent: end\ndata: {}\n\n", []int{1, 2, 3}, ""},
		{"many comments", "text/event-stream", strings.Repeat(": hello\n", 2000) + "data: 1\n\nevent: end\ndata: {}\n\n", []int{1}, ""},
		{"no end", "text/event-stream", "data: 1\n\n", []int{1}, "the stream was interrupted"},
		{"half an event", "text/event-stream", "data: 1\n\nevent: end\ndata: {}\n", []int{1}, "the stream was interrupted"},
		{"a long event", "text/event-stream", "data: 1\n\n" + strings.Repeat("data: 1\n", 2000), []int{1}, "the response is longer than 1000 bytes"},
		{"a long line", "text/event-stream", "data: 1\n\ndata: " + strings.Repeat(" ", 2000), []int{1}, "the response is longer than 1000 bytes"},
		{"no JSON", "text/event-stream", "data: x\n\n", nil, "an event can't be read"},
		{"a problem", "text/event-stream", "data: 1\n\nevent: problem\ndata: {\"status\":404,\ndata: \"detail\":\"gone\"}\n\n", []int{1}, "404 Not Found: gone"},
		{"no problem", "text/event-stream", "event: problem\ndata: x\n\n", nil, "500 Internal Server Error"},
		{"HTML", "text/html", "<html>", nil, `the response is "text/html", not a stream of values`},
	} {
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", tt.contentType)
			_, _ = io.WriteString(w, tt.body)
		})
		c := client.New("http://x.test", client.Options{Transport: client.InProcess(h), MaxBytes: 1000})
		got, err := collect(client.Stream(t.Context(), c, eachPart, &onePart{"x"}, client.StreamOptions{}))
		assert.Equal(t, tt.want, got, tt.name)
		if tt.err == "" {
			assert.NoError(t, err, tt.name)
			continue
		}
		assert.ErrorContains(t, err, "GET /each/x: ", tt.name)
		assert.ErrorContains(t, err, tt.err, tt.name)
	}
}

func repeat(value, n int) (all []int) {
	for range n {
		all = append(all, value)
	}
	return all
}

// Numbers are sent from the last one on that the client has had.
func TestEventStreamsReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, "text/event-stream", r.Header.Get("Accept"))
			last := r.Header.Get("Last-Event-ID")
			asked = append(asked, last+"@"+time.Since(time.Unix(946684800, 0)).String())
			w.Header().Set("Content-Type", "text/event-stream")
			switch len(asked) {
			case 2:
				w.Header().Set("Retry-After", "4")
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			case 4:
				_, _ = io.WriteString(w, "event: problem\ndata: {\"status\":503}\n\n")
				return
			case 5:
				w.WriteHeader(http.StatusNoContent)
				return
			}
			n, _ := strconv.Atoi(last)
			for i := range 2 {
				_, _ = fmt.Fprintf(w, "retry: 500\nid: %d\ndata: %d\n\n", n+i+1, n+i+1)
			}
			_ = http.NewResponseController(w).Flush()
			if len(asked) == 3 {
				panic(http.ErrAbortHandler)
			}
		})
		c := client.New("http://x.test", client.Options{Transport: client.InProcess(h)})
		got, err := collect(client.Stream(t.Context(), c, eachPart, &onePart{"x"}, client.StreamOptions{Reconnect: 3, LastEventID: "7"}))
		require.NoError(t, err)
		assert.Equal(t, []int{8, 9, 10, 11}, got)
		assert.Equal(t, []string{"7@0s", "9@500ms", "9@4.5s", "11@5s"}, asked[:4])
		assert.Len(t, asked, 5)
	})
}

func TestEventStreamsDoNotReconnectForEver(t *testing.T) {
	for _, tt := range []struct {
		name      string
		reconnect int
		answers   []string // "" cuts off
		asked     int
		err       string
	}{
		{"unless it is wanted", 0, []string{"data: 1\n\n"}, 1, "the stream was interrupted"},
		{"after the limit", 2, []string{"data: 1\n\n", "", "", ""}, 3, ""},
		{"after a value anew", 2, []string{"data: 1\n\n", "", "data: 1\n\n", "", "", ""}, 5, ""},
		{"after a problem that stays", 5, []string{"data: 1\n\nevent: problem\nid: end\ndata: {\"status\":503}\n\n"}, 1, "503"},
		{"after one of the client's", 5, []string{"data: 1\n\nevent: problem\ndata: {\"status\":404}\n\n"}, 1, "404"},
		{"if it hasn't begun", 5, []string{""}, 1, ""},
		{"what it can't read", 5, []string{"data: x\n\n"}, 1, "can't be read"},
	} {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked++
				if asked > len(tt.answers) {
					t.Errorf("%s: it asks once too often", tt.name)
					return
				}
				answer := tt.answers[asked-1]
				if answer == "" {
					panic(http.ErrAbortHandler)
				}
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = io.WriteString(w, answer)
			})
			c := client.New("http://x.test", client.Options{Transport: client.InProcess(h)})
			_, err := collect(client.Stream(t.Context(), c, eachPart, &onePart{"x"}, client.StreamOptions{Reconnect: tt.reconnect}))
			require.Error(t, err, tt.name)
			assert.ErrorContains(t, err, tt.err, tt.name)
			assert.Equal(t, tt.asked, asked, tt.name)
		})
	}
}
