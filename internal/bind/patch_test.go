package bind_test

import (
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/bind"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
)

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

type address struct {
	Street string  `json:"street"`
	No     *string `json:"no,omitempty"`
}

type account struct {
	Name    string         `json:"name" minLength:"1"`
	Word    Word           `json:"word,omitzero"`
	Address address        `json:"address"`
	Home    *address       `json:"home,omitempty"`
	Opt     opt[address]   `json:"opt,omitzero"`
	Quoted  int            `json:"quoted,string,omitzero"`
	Since   time.Time      `json:"since,omitzero"`
	Limits  map[string]int `json:"limits,omitempty"`
	N       int            `json:"n" default:"5"`
	Rest    map[string]any `json:",embed"`
	Whole
	hidden string
}

// patched applies a patch to an account.
func patched(t *testing.T, before account, text string) (account, error) {
	t.Helper()
	plan, err := bind.NewPatchPlan(typeOf[account](), rules)
	require.NoError(t, err)
	err = plan.Apply(t.Context(), jsontext.Value(text), &before)
	return before, err
}

func TestPatchesChangeWhatTheyName(t *testing.T) {
	no := "1"
	limits := map[string]int{"a": 1, "b": 2}
	home := &address{Street: "Home", No: &no}
	before := account{Name: "Ada", Address: address{"Main", &no}, Home: home, Limits: limits, N: 5, hidden: "kept", Quoted: 3, Rest: map[string]any{"x": "y"}}
	for text, change := range map[string]func(a *account){
		`{}`:                                func(*account) {},
		`{"name":"Eve"}`:                    func(a *account) { a.Name = "Eve" },
		`{"address":{"no":null}}`:           func(a *account) { a.Address.No = nil },
		`{"address":{"street":"Other"}}`:    func(a *account) { a.Address.Street = "Other" },
		`{"home":{"street":"Other"}}`:       func(a *account) { a.Home = &address{"Other", &no} },
		`{"home":null}`:                     func(a *account) { a.Home = nil },
		`{"opt":{"street":"Other"}}`:        func(a *account) { a.Opt = opt[address]{address{Street: "Other"}, true} },
		`{"quoted":"9"}`:                    func(a *account) { a.Quoted = 9 },
		`{"quoted":null}`:                   func(a *account) { a.Quoted = 0 },
		`{"since":"2006-01-02T15:04:05Z"}`:  func(a *account) { a.Since = time.Date(2006, 1, 2, 15, 4, 5, 0, time.UTC) },
		`{"limits":{"a":null,"c":3,"b":4}}`: func(a *account) { a.Limits = map[string]int{"b": 4, "c": 3} },
		`{"x":null,"z":{"a":1}}`:            func(a *account) { a.Rest = map[string]any{"z": map[string]any{"a": 1.0}} },
		`{"From":1,"To":2}`:                 func(a *account) { a.From, a.To = 1, 2 },
		`{"n":null}`:                        func(a *account) { a.N = 5 },
	} {
		want := before
		change(&want)
		got, err := patched(t, before, text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	assert.Equal(t, map[string]int{"a": 1, "b": 2}, limits)
	assert.Equal(t, "Home", home.Street)
}

func TestPatchesAreCheckedAsAWhole(t *testing.T) {
	before := account{Name: "Ada", N: 5}
	for text, want := range map[string]string{
		`{"name":null}`:       "/name: is required",
		`{"name":""}`:         "/name: must be at least 1 character long",
		`{"From":1}`:          "/To: must not be before From",
		`{"word":"empty"}`:    "/word: isn't valid",
		`{"word":"conflict"}`: "is taken",
		`{`:                   "tigertonic: a merge patch that isn't valid JSON",
		`[]`:                  "body: must be an object",
	} {
		_, err := patched(t, before, text)
		assert.EqualError(t, err, want, text)
	}
	_, err := patched(t, account{Name: "\xff"}, `{}`)
	assert.Error(t, err)
	assert.Equal(t, "must be an object", wrongOf(t, `[]`)[0].Detail)
}

func wrongOf(t *testing.T, text string) []bind.Finding {
	t.Helper()
	_, err := patched(t, account{Name: "Ada"}, text)
	invalid, ok := err.(*bind.Invalid) //nolint:errorlint // as it is
	require.True(t, ok)
	return invalid.Findings
}

func TestPatchesGetTheirPlan(t *testing.T) {
	type input struct {
		Patch *patch[account] `body:""`
	}
	r := request("PATCH", "/", `{"name":"Eve"}`)
	v, wrong := bound[input](t, r)
	assert.Equal(t, []string{"415", "the Content-Type of a body must be application/merge-patch+json"}, wrong)
	assert.Nil(t, v.Patch)
	r.Header.Set("Content-Type", "application/merge-patch+json; charset=utf-8")
	v, wrong = bound[input](t, r)
	require.Empty(t, wrong)
	a := account{Name: "Ada", N: 5}
	require.NotNil(t, v.Patch.plan)
	require.NoError(t, v.Patch.plan.Apply(t.Context(), v.Patch.text, &a))
	assert.Equal(t, "Eve", a.Name)

	r = request("PATCH", "/", `{"name":"Eve"}`)
	w := httptest.NewRecorder()
	plan := compile[opt[patch[account]]](t)
	var o opt[patch[account]]
	assert.Error(t, plan.Bind(t.Context(), &o, w, r))
	assert.Equal(t, "application/merge-patch+json", w.Header().Get("Accept-Patch"))
	r.Header.Set("Content-Type", "application/merge-patch+json")
	require.NoError(t, plan.Bind(t.Context(), &o, w, r))
	assert.NotNil(t, o.value.plan)
	r = request("PATCH", "/", `{}`)
	r.Header["Content-Type"] = []string{"application/merge-patch+json", "text/plain"}
	assert.Error(t, plan.Bind(t.Context(), &o, w, r))

	type long struct {
		A []struct {
			B string `json:"b" default:"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"`
		} `json:"a"`
	}
	p, err := bind.NewPatchPlan(typeOf[long](), rules)
	require.NoError(t, err)
	err = p.Apply(t.Context(), jsontext.Value(`{"a":[`+strings.Repeat("{},", 80000)+`{}]}`), &long{})
	assert.EqualError(t, err, "the patch is too long with what it leaves out")
}

type mark struct{ jsontype.UnionMark }

type payment struct {
	mark     `discriminator:"type"`
	Card     *card     `variant:"card"`
	Transfer *transfer `variant:"transfer"`
}

type card struct {
	Number string `json:"number"`
	Fee    int    `json:"fee,omitzero" readOnly:"true"`
	Limits []fees `json:"limits,omitempty"`
}

type fees struct {
	Most int `json:"most"`
	Now  int `json:"now,omitzero" readOnly:"true"`
}

type transfer struct {
	Account string `json:"account"`
}

func TestPatchesOfManyMembers(t *testing.T) {
	type ledger struct {
		Payments map[string]payment `json:"payments"`
	}
	plan, err := bind.NewPatchPlan(typeOf[ledger](), rules)
	require.NoError(t, err)
	apply := func(n int) (before, after ledger, err error) {
		before.Payments = map[string]payment{}
		var patch strings.Builder
		patch.WriteString(`{"payments":{"new":{"type":"transfer","account":"1"}`)
		for i := range n {
			name := strconv.Itoa(i)
			before.Payments[name] = payment{Card: &card{Number: "1", Fee: 2}}
			switch i % 3 {
			case 0:
				patch.WriteString(`,"` + name + `":{"type":"transfer","account":"2"}`)
			case 1:
				patch.WriteString(`,"` + name + `":{"number":"3","fee":4,"limits":[{"most":5,"now":6}]}`)
			default:
				patch.WriteString(`,"` + name + `":null`)
			}
		}
		patch.WriteString(`}}`)
		after = before
		err = plan.Apply(t.Context(), jsontext.Value(patch.String()), &after)
		return before, after, err
	}
	for _, n := range []int{3, 8, 9, 300} { // few and many
		before, after, err := apply(n)
		require.NoError(t, err)
		require.Len(t, before.Payments, n, "the map itself has been changed")
		want := ledger{map[string]payment{"new": {Transfer: &transfer{"1"}}}}
		for i := range n {
			switch i % 3 {
			case 0:
				want.Payments[strconv.Itoa(i)] = payment{Transfer: &transfer{"2"}}
			case 1:
				want.Payments[strconv.Itoa(i)] = payment{Card: &card{Number: "3", Fee: 2, Limits: []fees{{Most: 5}}}}
			}
		}
		require.Equal(t, want, after, "%d", n)
	}
	allocations := func(n int) float64 {
		return testing.AllocsPerRun(3, func() { _, _, _ = apply(n) })
	}
	// Types are looked at once, not for each member anew.
	assert.Less(t, (allocations(600)-allocations(300))/300, 80.0, "allocations per member")
}
