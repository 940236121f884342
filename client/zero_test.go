package client_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
)

// A draft has members whose zero is refused, and members whose zero means something.
type draft struct {
	State   string     `json:"state" enum:"open,closed" default:"open"`
	Title   string     `json:"title" default:"untitled"`
	Copies  int        `json:"copies" minimum:"1" default:"1"`
	Level   int        `json:"level" default:"7"`
	Public  bool       `json:"public" default:"true"`
	Labels  []string   `json:"labels" minItems:"1" default:"[\"new\"]"`
	Lines   []draftRow `json:"lines,omitempty"`
	Colour  *string    `json:"colour" enum:"red,blue" default:"red"`
	Comment string     `json:"comment,omitempty" minLength:"1"`
}

type draftRow struct {
	Unit string `json:"unit" enum:"kg,g" default:"kg"`
	N    int    `json:"n"`
}

func TestZeroMembersThatTheirTagsRefuseAreLeftToTheService(t *testing.T) {
	var sent string
	var got draft
	mux := tigertonic.NewTrieServeMux()
	add := tigertonic.Declare[draft, struct{}]("POST", "/drafts")
	add.HandleFunc(mux, func(_ context.Context, in *draft) (struct{}, error) {
		got = *in
		return struct{}{}, nil
	})
	kept := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent = string(body)
		r.Body = io.NopCloser(strings.NewReader(sent))
		mux.ServeHTTP(w, r)
	})
	eachTransport(t, kept, func(t *testing.T, c *client.Client) {
		_, err := client.Call(t.Context(), c, add, &draft{Lines: []draftRow{{N: 2}, {Unit: "g"}}})
		require.NoError(t, err)
		assert.JSONEq(t, `{"title":"","level":0,"public":false,"lines":[{"n":2},{"unit":"g","n":0}],"colour":null}`, sent)
		assert.Equal(t, draft{
			State: "open", Copies: 1, Labels: []string{"new"}, Lines: []draftRow{{"kg", 2}, {"g", 0}},
		}, got)

		colour := "blue"
		in := draft{State: "closed", Copies: 2, Level: 1, Public: true, Labels: []string{"a"}, Colour: &colour, Title: "x"}
		_, err = client.Call(t.Context(), c, add, &in)
		require.NoError(t, err)
		assert.Equal(t, in, got)

		// An empty list was meant, so the service says what is wrong with it.
		_, err = client.Call(t.Context(), c, add, &draft{Labels: []string{}})
		require.ErrorContains(t, err, "/labels: must have at least 1 item")
	})
	text, err := json.Marshal(draft{})
	require.NoError(t, err)
	assert.Contains(t, string(text), `"state":""`, "the type itself is as it was")
}
