package client_test

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
)

type animal struct {
	tigertonic.Union `discriminator:"is"`

	Cat *cat `variant:"cat"`
	Dog *dog `variant:"dog"`
}

type cat struct {
	Lives int      `json:"lives" minimum:"1"`
	Prey  []animal `json:"prey,omitempty"`
}

type dog struct {
	Name string               `json:"name"`
	Boss tigertonic.Opt[*dog] `json:"boss,omitzero"`
}

func TestUnionsGoBothWays(t *testing.T) {
	type kept struct {
		ID   string `path:"id"`
		Body animal `body:""`
	}
	mux := tigertonic.NewTrieServeMux()
	keep := tigertonic.Declare[kept, map[string]animal]("POST", "/animals/{id}")
	keep.HandleFunc(mux, func(_ context.Context, in *kept) (map[string]animal, error) {
		return map[string]animal{in.ID: in.Body}, nil
	})
	c := client.New("http://service", client.Options{Transport: client.InProcess(mux)})
	whole := animal{Cat: &cat{Lives: 9, Prey: []animal{{Dog: &dog{Name: "a"}}, {Cat: &cat{Lives: 1}}}}}
	got, err := client.Call(t.Context(), c, keep, &kept{"7", whole})
	require.NoError(t, err)
	assert.Equal(t, map[string]animal{"7": whole}, got)

	_, err = client.Call(t.Context(), c, keep, &kept{"7", animal{}})
	require.ErrorContains(t, err, "has no variant that is set: one of Cat, Dog must be")
	_, err = client.Call(t.Context(), c, keep, &kept{"7", animal{Cat: &cat{}}})
	var invalid tigertonic.FieldErrors
	require.ErrorAs(t, err, &invalid)
	assert.Equal(t, "/lives", invalid[0].Pointer)
}

func TestStreamsOfUnions(t *testing.T) {
	all := []animal{{Cat: &cat{Lives: 1}}, {Dog: &dog{Name: strings.Repeat("a", 5000)}}, {Cat: &cat{Lives: 2, Prey: []animal{{Cat: &cat{Lives: 3}}}}}}
	mux := tigertonic.NewTrieServeMux()
	stream := tigertonic.Declare[struct{}, iter.Seq2[animal, error]]("GET", "/animals")
	stream.HandleFunc(mux, func(context.Context, *struct{}) (iter.Seq2[animal, error], error) {
		return func(yield func(animal, error) bool) {
			for _, a := range all {
				if !yield(a, nil) {
					return
				}
			}
		}, nil
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	c := client.New(server.URL, client.Options{})
	for _, accept := range []string{"application/json", "application/jsonl", "text/event-stream"} {
		var got []animal
		for a, err := range client.Stream(t.Context(), c, stream, nil, client.StreamOptions{Accept: accept}) {
			require.NoError(t, err)
			got = append(got, a)
		}
		assert.Equal(t, all, got, accept)
	}
}

// Other services write the discriminator wherever they like.
func TestUnionsOfOtherServices(t *testing.T) {
	find := tigertonic.Declare[struct{}, []animal]("GET", "/animals")
	for text, want := range map[string]any{
		`[{"lives":9,"is":"cat"},{"name":"a","boss":{"name":"b"},"is":"dog"}]`:            []animal{{Cat: &cat{Lives: 9}}, {Dog: &dog{Name: "a", Boss: tigertonic.Some(&dog{Name: "b"})}}},
		`[{"prey":[{"name":"a","is":"dog"},{"is":"dog","name":"b"}],"new":1,"is":"cat"}]`: []animal{{Cat: &cat{Prey: []animal{{Dog: &dog{Name: "a"}}, {Dog: &dog{Name: "b"}}}}}},
		`[ { "is" : "c\u0061t", "lives":1 } , null ]`:                                     []animal{{Cat: &cat{Lives: 1}}, {}},
		`[{"is":"cow"}]`:   `the member "is" is "cow", which must be one of cat, dog`,
		`[{"name":"a"}]`:   `the member "is" is missing, which must be one of cat, dog`,
		`[{"is":1}]`:       `the member "is" must be one of cat, dog`,
		`["cat"]`:          `a union is an object`,
		`[{"is":"cat","is`: `unexpected EOF`,
		`[{"prey":[{"prey":[{"lives":"x","is":"cat"}],"is":"cat"}],"is":"cat"}]`: `"/0/prey/0/prey/0/lives"`,
	} {
		c := client.New("http://service", client.Options{Transport: client.InProcess(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, text)
		}))})
		got, err := client.Call(t.Context(), c, find, nil)
		if why, ok := want.(string); ok {
			assert.ErrorContains(t, err, why, text)
		} else if assert.NoError(t, err, text) {
			assert.Equal(t, want, got, text)
		}
	}
}

// However deep unions are nested, and wherever their discriminators are, clients read them
// in time that grows with the text.
func TestNestedUnionsAreReadInProportion(t *testing.T) {
	find := tigertonic.Declare[struct{}, animal]("GET", "/animals")
	for _, depth := range []int{50, 2000} {
		body := strings.Repeat(`{"lives":1,"prey":[`, depth) + `{"is":"dog","name":""}` + strings.Repeat(`],"is":"cat"}`, depth)
		require.True(t, json.Valid([]byte(body)))
		c := client.New("http://service", client.Options{Transport: client.InProcess(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, body)
		}))})
		got, err := client.Call(t.Context(), c, find, nil)
		require.NoError(t, err)
		n := 0
		for ; got.Cat != nil; n++ {
			got = got.Cat.Prey[0]
		}
		assert.Equal(t, depth, n)
	}
}
