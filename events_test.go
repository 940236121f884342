package tigertonic_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
)

const lastEvent = "event: end\nid: end\ndata: {}\n\n"

// A change is an event of one of several types.
type change struct {
	Brewed *tea      `event:"brewed"`
	Gone   *struct{} `event:"gone" doc:"Nobody has any."`
}

func TestEventsHaveTheirLines(t *testing.T) {
	events := returning(seqOf(
		tigertonic.Event[tea]{Data: sencha},
		tigertonic.Event[tea]{Name: "brewed", ID: "7", Retry: 1500 * time.Microsecond, Data: sencha},
		tigertonic.Event[tea]{Name: " b: ä", Retry: time.Microsecond},
	), nil)
	changes := returning(seqOf(change{Brewed: &sencha}, change{Gone: &struct{}{}}), nil)
	both := returning(seqOf(tigertonic.Event[change]{ID: "8", Data: change{Brewed: &sencha}}, tigertonic.Event[change]{Name: "gone", Data: change{Gone: &struct{}{}}}), nil)
	const green = `{"name":"sencha","grams":100}`
	for _, tt := range []struct {
		h            http.Handler
		accept, want string
	}{
		{events, "text/event-stream", "data: " + green + "\n\nid: 7\nevent: brewed\nretry: 1\ndata: " + green + "\n\nevent:  b: ä\nretry: 1\ndata: {\"name\":\"\"}\n\n" + lastEvent},
		{events, "application/jsonl", green + "\n" + green + "\n{\"name\":\"\"}\n"},
		{events, "application/json", "[" + green + "," + green + ",{\"name\":\"\"}]\n"},
		{changes, "text/event-stream", "event: brewed\ndata: " + green + "\n\nevent: gone\ndata: {}\n\n" + lastEvent},
		{changes, "application/jsonl", `{"brewed":` + green + "}\n{\"gone\":{}}\n"},
		{changes, "application/json", `[{"brewed":` + green + "},{\"gone\":{}}]\n"},
		{both, "text/event-stream", "id: 8\nevent: brewed\ndata: " + green + "\n\nevent: gone\ndata: {}\n\n" + lastEvent},
	} {
		assert.Equal(t, tt.want, serve(t, tt.h, "GET", "/", "", "Accept", tt.accept).Body.String(), tt.accept)
	}
}

// What is in a name or an ID can't be a line of its own.
func TestEventsThatCannotBeSentEndTheStream(t *testing.T) {
	for name, e := range map[string]tigertonic.Event[change]{
		"a CR in the ID":      {ID: "a\rdata: b", Data: change{Brewed: &sencha}},
		"an LF in the ID":     {ID: "a\n", Data: change{Brewed: &sencha}},
		"a NUL in the ID":     {ID: "a\x00", Data: change{Brewed: &sencha}},
		"the ID of the end":   {ID: "end", Data: change{Brewed: &sencha}},
		"another kind's name": {Name: "gone", Data: change{Brewed: &sencha}},
		"two kinds":           {Data: change{&sencha, &struct{}{}}},
		"none":                {},
	} {
		w := serve(t, returning(seqOf(tigertonic.Event[change]{Data: change{Gone: &struct{}{}}}, e), nil), "GET", "/", "", "Accept", "text/event-stream")
		assert.Regexp(t, `^event: gone\ndata: {}\n\nevent: problem\nid: end\ndata: {"title":"Internal Server Error","status":500,"request_id":"\w+"}\n\n$`, w.Body.String(), name)
	}
	for _, bad := range []string{"a\rb", "a\nb", "a\x00", "end", "problem", "error", "open"} {
		w := serve(t, returning(seqOf(tigertonic.Event[int]{Name: bad}), nil), "GET", "/", "", "Accept", "text/event-stream")
		assertSecret(t, w, http.StatusInternalServerError)
	}
}

func TestTypedRefusesEventsThatCannotBe(t *testing.T) {
	for want, f := range map[string]func(){
		`another field has the event "a"`: func() {
			returning(seqOf(struct {
				A, B *tea `event:"a"`
			}{}), nil)
		},
		`it has no tag event`: func() {
			returning(seqOf(struct {
				A *tea `event:"a"`
				B *tea
			}{}), nil)
		},
		`a pointer, which is nil if it isn't the event`: func() {
			returning(seqOf(struct {
				A tea `event:"a"`
			}{}), nil)
		},
		`"" can't be the name of an event`: func() {
			returning(seqOf(struct {
				A *tea `event:""`
			}{}), nil)
		},
		`"a\nb" can't be the name of an event`: func() {
			returning(seqOf(struct {
				A *tea "event:\"a\\nb\""
			}{}), nil)
		},
		`the name "end" of an event means something else`: func() {
			returning(seqOf(struct {
				A *tea `event:"end"`
			}{}), nil)
		},
		`the tag "json" isn't one of event and doc`: func() {
			returning(seqOf(struct {
				A *tea `event:"a" json:"a"`
			}{}), nil)
		},
		`isn't sent as JSON`: func() {
			returning(seqOf(struct {
				A *tigertonic.Stream `event:"a"`
			}{}), nil)
		},
		`which must be values, not pointers`: func() { returning(seqOf(&tigertonic.Event[int]{}), nil) },
		`the function returns a tigertonic.Event[int], which is an item of a stream, iter.Seq2[tigertonic.Event[int], error]`: func() {
			tigertonic.Typed(func(context.Context, *struct{}) (out tigertonic.Event[int], err error) { return out, nil })
		},
		`tigertonic.Event[int]: it has no JSON: it is an item of a stream that a function returns`: func() {
			tigertonic.Typed(func(context.Context, *struct {
				A tigertonic.Event[int] `json:"a"`
			},
			) (struct{}, error) {
				return struct{}{}, nil
			})
		},
		`it has no JSON: it is an item of a stream`: func() {
			returning(struct {
				A *tigertonic.Event[tea] `json:"a"`
			}{}, nil)
		},
		`isn't a stream of values`: func() { returning(sencha, nil).Heartbeat(time.Second) },
	} {
		assert.Contains(t, panicOf(t, f), want)
	}
}

func TestClientsGetEventsAsTheyWereSent(t *testing.T) {
	watch := tigertonic.Declare[struct{}, iter.Seq2[tigertonic.Event[change], error]]("GET", "/watch")
	sent := []tigertonic.Event[change]{
		{ID: "1", Name: "brewed", Data: change{Brewed: &sencha}},
		{Name: "gone", Retry: time.Second, Data: change{Gone: &struct{}{}}},
	}
	mux := tigertonic.NewTrieServeMux()
	watch.HandleFunc(mux, func(context.Context, *struct{}) (iter.Seq2[tigertonic.Event[change], error], error) {
		return seqOf(sent...), nil
	})
	c := client.New("http://service", client.Options{Transport: client.InProcess(mux)})
	for _, accept := range []string{"text/event-stream", "application/jsonl", "application/json"} {
		var got []tigertonic.Event[change]
		for e, err := range client.Stream(t.Context(), c, watch, nil, client.StreamOptions{Accept: accept}) {
			require.NoError(t, err)
			got = append(got, e)
		}
		want := sent
		if accept != "text/event-stream" {
			want = []tigertonic.Event[change]{{Name: "brewed", Data: sent[0].Data}, {Name: "gone", Data: sent[1].Data}}
		}
		assert.Equal(t, want, got, accept)
	}
	all, err := client.Call(t.Context(), c, watch, nil)
	require.NoError(t, err)
	for e, err := range all {
		require.NoError(t, err)
		assert.Equal(t, "brewed", e.Name)
		break
	}
}

// A service may send events of kinds that its clients don't know yet.
func TestClientsSkipEventsOfKindsThatTheyDontKnow(t *testing.T) {
	watch := tigertonic.Declare[struct{}, iter.Seq2[change, error]]("GET", "/watch")
	for contentType, body := range map[string]string{
		"text/event-stream": "event: new\ndata: {}\n\nevent: gone\ndata: {}\n\ndata: 1\n\n" + lastEvent,
		"application/jsonl": "{\"new\":{\"a\":[1]}}\n{\"gone\":{}}\n",
		"application/json":  `[{"new":1},{"gone":{}}]`,
	} {
		c := client.New("http://service", client.Options{Transport: client.InProcess(status(200, contentType, body))})
		var got []change
		for e, err := range client.Stream(t.Context(), c, watch, nil, client.StreamOptions{}) {
			require.NoError(t, err, contentType)
			got = append(got, e)
		}
		assert.Equal(t, []change{{Gone: &struct{}{}}}, got, contentType)
	}
	for _, body := range []string{"1", "{}", `{"gone":{},"new":1}`, `{"gone"`} {
		c := client.New("http://service", client.Options{Transport: client.InProcess(status(200, "application/jsonl", body))})
		for _, err := range client.Stream(t.Context(), c, watch, nil, client.StreamOptions{}) {
			assert.Error(t, err, body)
		}
	}
}

// A stream that was cut off goes on behind the last event that the client has seen.
func TestStreamsOfEventsGoOnAfterTheLastID(t *testing.T) {
	type input struct {
		Last int `header:"Last-Event-ID"`
	}
	watch := tigertonic.Declare[input, iter.Seq2[tigertonic.Event[int], error]]("GET", "/watch")
	var requests atomic.Int32
	mux := tigertonic.NewTrieServeMux()
	watch.HandleFunc(mux, func(_ context.Context, in *input) (iter.Seq2[tigertonic.Event[int], error], error) {
		first := requests.Add(1) == 1
		return func(yield func(tigertonic.Event[int], error) bool) {
			for i := in.Last + 1; i <= 4; i++ {
				if !yield(tigertonic.Event[int]{ID: fmt.Sprint(i), Retry: time.Millisecond, Data: i * i}, nil) {
					return
				}
				if first && i == 2 {
					yield(tigertonic.Event[int]{}, tigertonic.ServiceUnavailable{Err: errors.New("later")})
					return
				}
			}
		}, nil
	})
	c := client.New("http://service", client.Options{Transport: client.InProcess(mux)})
	var got []string
	for e, err := range client.Stream(t.Context(), c, watch, nil, client.StreamOptions{Reconnect: 1}) {
		require.NoError(t, err)
		got = append(got, fmt.Sprint(e.ID, "=", e.Data))
	}
	assert.Equal(t, []string{"1=1", "2=4", "3=9", "4=16"}, got)
	assert.EqualValues(t, 2, requests.Load())
}

// beating is a stream that waits before its only value, and one after it.
func beating(before, after time.Duration) *tigertonic.Endpoint {
	return sequences(func(ctx context.Context, yield func(int, error) bool) {
		wait := func(d time.Duration) bool {
			select {
			case <-time.After(d):
				return true
			case <-ctx.Done():
				return false
			}
		}
		if wait(before) && yield(1, nil) && wait(after) {
			yield(2, nil)
		}
	})
}

func TestQuietStreamsOfEventsSendComments(t *testing.T) {
	const beat = ":\n\n"
	for _, tt := range []struct {
		h            *tigertonic.Endpoint
		accept, want string
	}{
		{beating(0, 14*time.Second), "text/event-stream", "data: 1\n\ndata: 2\n\n" + lastEvent},
		{beating(40*time.Second, 31*time.Second), "text/event-stream", beat + beat + "data: 1\n\n" + beat + beat + "data: 2\n\n" + lastEvent},
		{beating(0, 5*time.Second).Heartbeat(2 * time.Second), "text/event-stream", "data: 1\n\n" + beat + beat + "data: 2\n\n" + lastEvent},
		{beating(0, time.Hour).Heartbeat(0), "text/event-stream", "data: 1\n\ndata: 2\n\n" + lastEvent},
		{beating(time.Minute, time.Minute), "application/json", "[1,2]\n"},
		{beating(time.Minute, time.Minute), "application/jsonl", "1\n2\n"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := serve(t, tt.h, "GET", "/", "", "Accept", tt.accept)
			assert.Equal(t, tt.want, w.Body.String())
			time.Sleep(time.Hour)
			assert.Equal(t, tt.want, w.Body.String(), "nothing is sent after the end")
		})
	}
}

// An error after the first comment can't be a response any more.
func TestErrorsAfterACommentAreProblems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := sequences(func(_ context.Context, yield func(int, error) bool) {
			time.Sleep(20 * time.Second)
			yield(0, tigertonic.Gone{Err: errors.New("no more")})
		})
		w := serve(t, h, "GET", "/", "", "Accept", "text/event-stream")
		assert.Equal(t, 200, w.Code)
		assert.Equal(t, ":\n\nevent: problem\nid: end\ndata: {\"title\":\"Gone\",\"status\":410,\"detail\":\"no more\"}\n\n", w.Body.String())
		assert.Equal(t, http.StatusGone, serve(t, h, "GET", "/", "", "Accept", "application/json").Code)
	})
}

// deafWriter panics when it is written to from the second time on.
type deafWriter struct {
	*httptest.ResponseRecorder
	writes int
}

func (w *deafWriter) Write(p []byte) (int, error) {
	w.writes++
	if w.writes > 1 {
		panic(http.ErrAbortHandler)
	}
	return w.ResponseRecorder.Write(p)
}

// A comment is sent by a goroutine of its own, in which a panic would end the process.
func TestPanicsOfAWriterInAHeartbeatAreTheHandlers(t *testing.T) {
	for _, after := range []time.Duration{20 * time.Second, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			r := httptest.NewRequestWithContext(ctx, "GET", "/", http.NoBody)
			r.Header.Set("Accept", "text/event-stream")
			assert.PanicsWithValue(t, http.ErrAbortHandler, func() {
				beating(0, after).ServeHTTP(&deafWriter{ResponseRecorder: httptest.NewRecorder()}, r)
			})
		})
	}
}

// Over a socket, comments go through all middleware, and the stream ends when the client has
// gone.
func TestHeartbeatOverASocket(t *testing.T) {
	overBoth(t, func(t *testing.T, http2 bool) {
		ended := make(chan struct{})
		srv := newServer(t, inAll(sequences(func(ctx context.Context, yield func(int, error) bool) {
			defer close(ended)
			_ = yield(1, nil)
			<-ctx.Done()
		}).Heartbeat(5*time.Millisecond)), http2)
		r, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL, nil)
		require.NoError(t, err)
		r.Header = authorized(t, "GET").Header
		r.Header.Set("Accept", "text/event-stream")
		rs, err := srv.Client().Do(r)
		require.NoError(t, err)
		defer rs.Body.Close()
		want := "data: 1\n\n" + strings.Repeat(":\n\n", 5)
		got := make([]byte, len(want))
		_, err = io.ReadFull(rs.Body, got)
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
		rs.Body.Close()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			t.Fatal("the stream goes on")
		}
	})
}

func TestEventsAreDescribed(t *testing.T) {
	content := func(h http.Handler) map[string]tigertonic.MediaType { return describedBy(h).Responses["200"].Content }
	plain := content(returning(seqOf(tigertonic.Event[tea]{}), nil))
	for mediaType := range plain {
		assert.Equal(t, "tea", sayType(plain[mediaType].Items))
		assert.Empty(t, plain[mediaType].Events)
	}
	for _, h := range []http.Handler{returning(seqOf(tigertonic.Event[change]{}), nil), returning(seqOf(change{}), nil)} {
		several := content(h)
		assert.Equal(t, "object|object", sayType(several["application/jsonl"].Items))
		assert.Equal(t, "tea|object", sayType(several["text/event-stream"].Items))
		events := several["text/event-stream"].Events
		assert.Len(t, events, 2)
		assert.Equal(t, "tea", sayType(events["brewed"]))
		assert.Equal(t, "Nobody has any.", events["gone"].Description)
	}
}
