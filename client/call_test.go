package client_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
)

// A part is what the tests' service keeps.
type part struct {
	ID    string        `json:"id"`
	Price float64       `json:"price" minimum:"0"`
	Made  time.Time     `json:"made"`
	For   time.Duration `json:"for"`
	Tags  []string      `json:"tags,omitempty"`
}

// A number is in an object, which ends where it ends.
type number struct {
	N int `json:"n"`
}

type onePart struct {
	ID string `path:"id"`
}

type newPart struct {
	Key  string `header:"Idempotency-Key"`
	Body part   `body:""`
}

type search struct {
	Limit int                     `query:"limit" default:"20" minimum:"1" maximum:"100"`
	Skip  int                     `query:"skip" default:"5"`
	Kinds []string                `query:"kind"`
	Since *time.Time              `query:"since"`
	Max   tigertonic.Opt[float64] `query:"max"`
	Langs []string                `header:"Accept-Language"`
	Who   string                  `cookie:"who"`
	Host  string                  `header:"Host"`
}

var (
	getPart    = tigertonic.Declare[onePart, part]("GET", "/parts/{id}")
	createPart = tigertonic.Declare[newPart, tigertonic.CreatedResponse[part]]("POST", "/parts")
	choosePart = tigertonic.Declare[onePart, tigertonic.Response[*part]]("PUT", "/parts/{id}")
	dropPart   = tigertonic.Declare[onePart, struct{}]("DELETE", "/parts/{id}")
	maybePart  = tigertonic.Declare[onePart, *part]("GET", "/maybe/{id}")
	rawPart    = tigertonic.Declare[onePart, tigertonic.Stream]("GET", "/raw/{id...}")
	eachPart   = tigertonic.Declare[onePart, iter.Seq2[int, error]]("GET", "/each/{id}")
	count      = tigertonic.Declare[onePart, iter.Seq2[number, error]]("GET", "/count/{id}")
)

var bolt = part{ID: "bolt", Price: 0.25, Made: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), For: 90 * time.Second, Tags: []string{"a", "b"}}

func partService() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	getPart.HandleFunc(mux, func(_ context.Context, in *onePart) (part, error) {
		switch in.ID {
		case "gone":
			return part{}, tigertonic.Gone{Err: errors.New("it was sold")}
		case "odd":
			return part{}, tigertonic.Problem{Status: 409, Type: "https://example.com/odd", Title: "Odd", Detail: "it is odd", Extensions: map[string]any{"n": 7}}
		case "broken":
			return part{}, errors.New("a secret")
		}
		p := bolt
		p.ID = in.ID
		return p, nil
	})
	createPart.HandleFunc(mux, func(_ context.Context, in *newPart) (tigertonic.CreatedResponse[part], error) {
		location, err := getPart.URL(&onePart{in.Body.ID})
		return tigertonic.CreatedResponse[part]{Location: location, Body: in.Body}, err
	})
	choosePart.HandleFunc(mux, func(_ context.Context, in *onePart) (tigertonic.Response[*part], error) {
		if in.ID == "same" {
			return tigertonic.Response[*part]{Status: http.StatusNotModified, Header: http.Header{"Etag": {`"1"`}}}, nil
		}
		return tigertonic.Response[*part]{Status: http.StatusAccepted, Header: http.Header{"Etag": {`"2"`}}, Body: &bolt}, nil
	})
	dropPart.HandleFunc(mux, func(context.Context, *onePart) (struct{}, error) { return struct{}{}, nil })
	maybePart.HandleFunc(mux, func(_ context.Context, in *onePart) (*part, error) {
		if in.ID == "none" {
			return nil, nil
		}
		return &bolt, nil
	})
	rawPart.HandleFunc(mux, func(_ context.Context, in *onePart) (tigertonic.Stream, error) {
		return tigertonic.Stream{ContentType: "text/plain", Reader: strings.NewReader("raw " + in.ID), Name: in.ID + "b.txt"}, nil
	})
	count.HandleFunc(mux, func(_ context.Context, in *onePart) (iter.Seq2[number, error], error) {
		if in.ID == "none" {
			return nil, tigertonic.NotFound{}
		}
		return func(yield func(number, error) bool) {
			for i := range 3 {
				if !yield(number{i}, nil) {
					return
				}
			}
			if in.ID == "broken" {
				yield(number{}, errors.New("a secret"))
			}
		}, nil
	})
	return tigertonic.Identified(mux, nil)
}

// eachTransport runs a test with the service in process and over a socket.
func eachTransport(t *testing.T, h http.Handler, test func(t *testing.T, c *client.Client)) {
	t.Run("in process", func(t *testing.T) {
		test(t, client.New("http://parts.test", client.Options{Transport: client.InProcess(h)}))
	})
	t.Run("loopback", func(t *testing.T) {
		server := httptest.NewServer(h)
		defer server.Close()
		c := client.New(server.URL, client.Options{})
		defer c.CloseIdleConnections()
		test(t, c)
	})
}

func TestAnswersAreWhatTheFunctionReturned(t *testing.T) {
	eachTransport(t, partService(), func(t *testing.T, c *client.Client) {
		ctx := t.Context()
		got, err := client.Call(ctx, c, getPart, &onePart{"a/b c"})
		require.NoError(t, err)
		want := bolt
		want.ID = "a/b c"
		assert.Equal(t, want, got)

		created, err := client.Call(ctx, c, createPart, &newPart{Body: bolt})
		require.NoError(t, err)
		assert.Equal(t, tigertonic.CreatedResponse[part]{Location: "/parts/bolt", Body: bolt}, created)

		chosen, err := client.Call(ctx, c, choosePart, &onePart{"x"})
		require.NoError(t, err)
		assert.Equal(t, http.StatusAccepted, chosen.Status)
		assert.Equal(t, `"2"`, chosen.Header.Get("Etag"))
		assert.Equal(t, &bolt, chosen.Body)
		chosen, err = client.Call(ctx, c, choosePart, &onePart{"same"})
		require.NoError(t, err)
		assert.Equal(t, http.StatusNotModified, chosen.Status)
		assert.Nil(t, chosen.Body)

		_, err = client.Call(ctx, c, dropPart, &onePart{"x"})
		require.NoError(t, err)

		maybe, err := client.Call(ctx, c, maybePart, &onePart{"x"})
		require.NoError(t, err)
		assert.Equal(t, &bolt, maybe)
		maybe, err = client.Call(ctx, c, maybePart, &onePart{"none"})
		require.NoError(t, err)
		assert.Nil(t, maybe)

		stream, err := client.Call(ctx, c, rawPart, &onePart{"a//b/"})
		require.NoError(t, err)
		assert.Equal(t, "b.txt", stream.Name, "without directories")
		text, err := io.ReadAll(stream)
		require.NoError(t, err)
		require.NoError(t, stream.Close())
		assert.Equal(t, "text/plain", stream.ContentType)
		assert.Equal(t, "raw a//b/", string(text))
	})
}

func TestInputsArriveAsTheyWere(t *testing.T) {
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var got *search
	mux := tigertonic.NewTrieServeMux()
	tigertonic.Declare[search, struct{}]("GET", "/parts").HandleFunc(mux, func(_ context.Context, in *search) (struct{}, error) {
		got = in
		return struct{}{}, nil
	})
	eachTransport(t, mux, func(t *testing.T, c *client.Client) {
		in := search{
			Limit: 7, Kinds: []string{"a&b", "", "c d+e"}, Since: &since, Max: tigertonic.Some(0.5),
			Langs: []string{"en;q=0.5", "de"}, Who: " ann, eve ", Host: "other.test",
		}
		_, err := client.Do[struct{}](t.Context(), c, "GET", "/parts", &in)
		require.NoError(t, err)
		assert.Equal(t, &in, got) // Skip is 0, and not its default

		_, err = client.Do[struct{}](t.Context(), c, "GET", "/parts", &search{Host: "x"}) // a limit of 0 is refused, so it isn't meant
		require.NoError(t, err)
		assert.Equal(t, &search{Limit: 20, Host: "x"}, got)
	})
}

// What another service answers is taken as it is: it may lack members, have more of them, and
// break rules that its type has for requests. Nothing of a text that can't be read stays.
func TestCallTakesAnswersAsTheyAre(t *testing.T) {
	type tin struct {
		Name  string   `json:"name" minLength:"3" pattern:"^[a-z]+$"`
		Grams int      `json:"grams" default:"250" minimum:"1"`
		Tags  []string `json:"tags" minItems:"1" maxItems:"2" uniqueItems:"true"`
		Lid   *part    `json:"lid"`
	}
	get := tigertonic.Declare[struct{}, tin]("GET", "/tin")
	body := ""
	c := client.New("http://tins.test", client.Options{Transport: client.Inline(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}))})
	for _, tt := range []struct {
		text string
		want tin
	}{
		{`{"name":"tea","grams":100,"tags":["a"],"lid":{"id":"7","price":1.5,"made":"2014-09-01T12:00:00Z","for":"1m0s"}}`, tin{"tea", 100, []string{"a"}, &part{ID: "7", Price: 1.5, Made: time.Date(2014, 9, 1, 12, 0, 0, 0, time.UTC), For: time.Minute}}},
		{`{}`, tin{}},
		{`{"name":"TEA","grams":-1,"tags":["a","a","a"],"lid":null}`, tin{"TEA", -1, []string{"a", "a", "a"}, nil}},
		{` {"grams": 100, "more": [1, {"name": 2}], "tags": [], "name": "t\u00e9"} `, tin{"té", 100, []string{}, nil}},
		{`{"tags":null,"name":"tea","lid":{"price":-2}}`, tin{"tea", 0, nil, &part{Price: -2}}},
	} {
		body = tt.text
		got, err := client.Call(t.Context(), c, get, nil)
		require.NoError(t, err, tt.text)
		assert.Equal(t, tt.want, got, tt.text)
	}
	for _, text := range []string{`{"name":"tea","grams":1`, `{"name":"tea","name":"tea"}`, `{"name":"tea","grams":"1"}`, `{"name":"tea"}{}`, ``, `[]`} {
		body = text
		got, err := client.Call(t.Context(), c, get, nil)
		assert.Error(t, err, text)
		assert.Zero(t, got, text)
	}
}
