package tigertonic_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
)

// A profile has what only the service sets, and what it never tells.
type profile struct {
	ID       string                    `json:"id" readOnly:"true" format:"uuid"`
	Name     string                    `json:"name"`
	Password string                    `json:"password" writeOnly:"true" minLength:"3"`
	Keys     []memberKey               `json:"keys,omitempty"`
	ByName   map[string]memberKey      `json:"by_name,omitempty"`
	Main     *memberKey                `json:"main"`
	Other    tigertonic.Opt[memberKey] `json:"other,omitzero"`
	Way      memberWay                 `json:"way,omitzero"`
}

type memberKey struct {
	Print  string `json:"print" readOnly:"true"`
	Secret string `json:"secret" writeOnly:"true"`
	Label  string `json:"label"`
}

type memberWay struct {
	tigertonic.Union `discriminator:"by"`

	Key *memberKey `variant:"key"`
}

const memberID = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"

func TestReadOnlyMembersAreCheckedAndIgnored(t *testing.T) {
	var got profile
	h := taker(func(in *profile) { got = *in })
	for _, padding := range []string{"", strings.Repeat(" ", 100<<10)} { // by both ways of reading
		w := postJSON(t, h, "/", `{"id":"`+memberID+`","name":"a","password":"pass","keys":[{"print":"x","secret":"s","label":"l"},{"secret":"s","label":"l"}],
			"by_name":{"k":{"print":"x","secret":"s","label":"l"}},"main":{"print":"x","secret":"s","label":"l"},
			"other":{"print":"x","secret":"s","label":"l"},"way":{"print":"x","secret":"s","label":"l","by":"key"}}`+padding)
		require.Equal(t, 204, w.Code, w.Body)
		key := memberKey{"", "s", "l"}
		assert.Equal(t, profile{
			"", "a", "pass", []memberKey{key, key}, map[string]memberKey{"k": key}, &key, tigertonic.Some(key), memberWay{Key: &key},
		}, got)
	}
	w := postJSON(t, h, "/", `{"id":"7","name":"a","password":"pass","main":null}`)
	requireProblem(t, w, 422, invalid(at("/id", "must be a UUID")))
}

// taker returns a handler that calls f.
func taker[In any](f func(*In)) http.Handler {
	return tigertonic.Typed(func(_ context.Context, in *In) (struct{}, error) { f(in); return struct{}{}, nil })
}

func TestWriteOnlyMembersAreNeverSent(t *testing.T) {
	key := memberKey{"p", "SECRET", "l"}
	whole := profile{memberID, "a", "SECRET", []memberKey{key}, map[string]memberKey{"k": key}, &key, tigertonic.Some(key), memberWay{Key: &key}}
	const printed = `{"print":"p","label":"l"}`
	want := `{"id":"` + memberID + `","name":"a","keys":[` + printed + `],"by_name":{"k":` + printed + `},"main":` + printed + `,"other":` + printed + `,"way":{"by":"key","print":"p","label":"l"}}` + "\n"
	for name, h := range map[string]http.Handler{
		"value":     tigertonic.Typed(func(context.Context, *struct{}) (profile, error) { return whole, nil }),
		"pointer":   tigertonic.Typed(func(context.Context, *struct{}) (*profile, error) { return &whole, nil }),
		"interface": tigertonic.Typed(func(context.Context, *struct{}) (any, error) { return whole, nil }),
		"created": tigertonic.Typed(func(context.Context, *struct{}) (tigertonic.CreatedResponse[profile], error) {
			return tigertonic.CreatedResponse[profile]{Body: whole}, nil
		}),
	} {
		assert.Equal(t, want, serve(t, h, "GET", "/", "").Body.String(), name)
	}
}

// What is too deep for the encoder is the codec's, which knows nothing of the tags.
func TestWriteOnlyMembersAreNotSentFromTheDepths(t *testing.T) {
	type node struct {
		Secret string `json:"secret" writeOnly:"true"`
		Next   *node  `json:"next,omitempty"`
	}
	var list *node
	for range 700 {
		list = &node{"SECRET", list}
	}
	for name, h := range map[string]http.Handler{
		"static": tigertonic.Typed(func(context.Context, *struct{}) (*node, error) { return list, nil }),
		"of a type that can't have any": tigertonic.Typed(func(context.Context, *struct{}) (any, error) {
			return struct {
				Secret string `json:"'secret'" writeOnly:"true"`
			}{"SECRET"}, nil
		}),
		"dynamic": tigertonic.Typed(func(context.Context, *struct{}) (any, error) { return list, nil }),
	} {
		w := serve(t, h, "GET", "/", "")
		assert.Equal(t, 500, w.Code, name)
		assert.NotContains(t, w.Body.String(), "SECRET", name)
	}
}

func TestPatchesLeaveReadOnlyMembersAlone(t *testing.T) {
	before := profile{ID: memberID, Name: "a", Password: "pass", Main: &memberKey{"p", "s", "l"}, Way: memberWay{Key: &memberKey{"p", "s", "l"}}}
	var after profile
	h := tigertonic.Typed(func(ctx context.Context, in *tigertonic.Patch[profile]) (struct{}, error) {
		after = before
		return struct{}{}, in.Apply(ctx, &after)
	})
	w := serve(t, h, "PATCH", "/", `{"id":null,"name":"b","main":{"print":"forged","label":"m"},"keys":[{"print":"forged","secret":"s","label":"l"}],
		"by_name":{"k":{"print":"forged","secret":"s","label":"l"}},"way":{"print":"forged","label":"m"}}`, "Content-Type", "application/merge-patch+json")
	require.Equal(t, 204, w.Code, w.Body)
	assert.Equal(t, profile{
		ID: memberID, Name: "b", Password: "pass", Main: &memberKey{"p", "s", "m"}, Keys: []memberKey{{"", "s", "l"}},
		ByName: map[string]memberKey{"k": {"", "s", "l"}}, Way: memberWay{Key: &memberKey{"p", "s", "m"}},
	}, after)
}

func TestClientsDoNotSendReadOnlyMembers(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	create := tigertonic.Declare[profile, profile]("POST", "/accounts")
	var got profile
	create.HandleFunc(mux, func(_ context.Context, in *profile) (profile, error) {
		got = *in
		answer := *in
		answer.ID = memberID
		return answer, nil
	})
	c := client.New("http://service", client.Options{Transport: client.InProcess(mux)})
	answer, err := client.Call(t.Context(), c, create, &profile{ID: "not a UUID", Name: "a", Password: "pass"})
	require.NoError(t, err)
	assert.Equal(t, profile{Name: "a", Password: "pass"}, got)
	assert.Equal(t, profile{ID: memberID, Name: "a"}, answer)
}

func TestMembersOfOneWayThatCannotBeAreRefused(t *testing.T) {
	for text, f := range map[string]func(){
		`a member that is readOnly and writeOnly goes nowhere`: func() {
			taken[struct {
				A string `json:"a" readOnly:"true" writeOnly:"true"`
			}]()
		},
		`what is readOnly has no default`: func() {
			taken[struct {
				A string `json:"a" readOnly:"true" default:"a"`
			}]()
		},
		`readOnly:"yes": not true`: func() {
			taken[struct {
				A string `json:"a" readOnly:"yes"`
			}]()
		},
		`writeOnly is for members of JSON`: func() {
			taken[struct {
				A string `query:"a" writeOnly:"true"`
			}]()
		},
		`has json tags with nothing but names`: func() {
			taken[struct {
				A string `json:"'a'" readOnly:"true"`
			}]()
		},
	} {
		assert.Contains(t, refusal(f), text)
	}
}

func TestExamplesAreOfWhatGoesTheirWay(t *testing.T) {
	whole := profile{ID: memberID, Name: "a", Password: "pass"}
	e := tigertonic.Typed(func(_ context.Context, in *profile) (profile, error) { return *in, nil }).
		RequestExample("one", whole).ResponseExample("one", &whole)
	op := tigertonic.Operation{}
	e.Describe(&op)
	assert.JSONEq(t, `{"name":"a","password":"pass","main":null}`, string(op.Body.Content["application/json"].Examples["one"].Value))
	assert.JSONEq(t, `{"id":"`+memberID+`","name":"a","main":null}`, string(op.Responses["200"].Content["application/json"].Examples["one"].Value))
}

func ExampleTyped_readOnly() {
	type User struct {
		ID       int    `json:"id" readOnly:"true"` // ignored in requests
		Name     string `json:"name"`
		Password string `json:"password" writeOnly:"true"` // never in answers
	}
	h := tigertonic.Typed(func(_ context.Context, in *User) (*User, error) {
		in.ID++ // it was 0
		return in, nil
	})
	r := httptest.NewRequest(http.MethodPost, "/users", strings.NewReader(`{"id":41,"name":"Ada","password":"secret"}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	_, _ = w.Body.WriteTo(os.Stdout)
	// Output: {"id":1,"name":"Ada"}
}

// What is write only stays in the service, whatever stands beside it or around it.
func TestWriteOnlyMembersAreNotSentBesideATimeThatIsOmitted(t *testing.T) {
	type account struct {
		Name   string `json:"name"`
		Secret string `json:"secret" writeOnly:"true"`
	}
	type static struct {
		At *time.Time `json:"at,omitzero"`
		Of account    `json:"of"`
	}
	type dynamic struct {
		At *time.Time `json:"at,omitzero"`
		Of any        `json:"of"`
	}
	ada := account{"Ada", "secret"}
	for _, h := range []http.Handler{
		tigertonic.Typed(func(context.Context, *struct{}) (static, error) { return static{Of: ada}, nil }),
		tigertonic.Typed(func(context.Context, *struct{}) (dynamic, error) { return dynamic{Of: ada}, nil }),
	} {
		w := serve(t, h, "GET", "/", "")
		assert.Equal(t, 200, w.Code)
		assert.Equal(t, "{\"of\":{\"name\":\"Ada\"}}\n", w.Body.String())
	}
	deep := any(ada)
	for range 600 {
		deep = []any{deep}
	}
	w := serve(t, tigertonic.Typed(func(context.Context, *struct{}) (dynamic, error) { return dynamic{Of: deep}, nil }), "GET", "/", "")
	assert.Equal(t, 500, w.Code)
	assert.NotContains(t, w.Body.String(), "secret")
}
