package tigertonic_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

func patchOf[T any](t *testing.T, text string) (p tigertonic.Patch[T]) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &p))
	return p
}

// RFC 7386, appendix A.
func TestPatchFollowsTheStandard(t *testing.T) {
	for _, tt := range []struct{ original, patch, result string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `null`, `null`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		var value any
		require.NoError(t, json.Unmarshal([]byte(tt.original), &value))
		require.NoError(t, patchOf[any](t, tt.patch).Apply(t.Context(), &value))
		text, err := json.Marshal(value)
		require.NoError(t, err)
		assert.JSONEq(t, tt.result, string(text), "%s by %s", tt.original, tt.patch)
	}
}

type secretive struct {
	Public int    `json:"public"`
	Secret string `json:"-"`
	hidden int
}

type account struct {
	Name    string              `json:"name" minLength:"1"`
	Note    string              `json:"note,omitempty"`
	Nested  secretive           `json:"nested"`
	Pointer *secretive          `json:"pointer"`
	List    []secretive         `json:"list,omitempty"`
	Tags    map[string]string   `json:"tags,omitempty"`
	Opt     tigertonic.Opt[int] `json:"opt,omitzero"`
	Kind    string              `json:"kind" default:"plain"`
	Secret  string              `json:"-"`
	hidden  int
}

func newAccount() account {
	return account{
		Name: "n", Note: "note", Nested: secretive{1, "s", 1}, Pointer: &secretive{2, "s", 2}, List: []secretive{{3, "s", 3}},
		Tags: map[string]string{"a": "1", "b": "2"}, Opt: tigertonic.Some(1), Kind: "k", Secret: "s", hidden: 4,
	}
}

func TestPatchChangesWhatItNames(t *testing.T) {
	for patch, change := range map[string]func(*account){
		`{}`:                          func(*account) {},
		`{"name":"x"}`:                func(a *account) { a.Name = "x" },
		`{"note":null}`:               func(a *account) { a.Note = "" },
		`{"nested":{"public":9}}`:     func(a *account) { a.Nested.Public = 9 },
		`{"pointer":{"public":9}}`:    func(a *account) { a.Pointer = &secretive{9, "s", 2} },
		`{"pointer":null}`:            func(a *account) { a.Pointer = nil },
		`{"tags":{"a":null,"c":"3"}}`: func(a *account) { a.Tags = map[string]string{"b": "2", "c": "3"} },
		`{"tags":null}`:               func(a *account) { a.Tags = nil },
		`{"opt":null}`:                func(a *account) { a.Opt = tigertonic.Opt[int]{} },
		`{"opt":5}`:                   func(a *account) { a.Opt = tigertonic.Some(5) },
		`{"kind":null}`:               func(a *account) { a.Kind = "plain" },
	} {
		t.Run(patch, func(t *testing.T) {
			got, want := newAccount(), newAccount()
			change(&want)
			before := got
			require.NoError(t, patchOf[account](t, patch).Apply(t.Context(), &got))
			assert.Equal(t, want, got)
			assert.Equal(t, newAccount(), before, "what the value shares with others has changed")
		})
	}
}

func TestPatchThatFailsLeavesTheValue(t *testing.T) {
	for patch, want := range map[string]string{
		`{"name":null}`:              "/name: is required",
		`{"name":""}`:                "/name: must be at least 1 character long",
		`{"nested":{"public":null}}`: "/nested/public: is required",
		`{"unknown":1,"Name":"x"}`:   "/unknown: is not known; /Name: is not known",
		`{"secret":"x"}`:             "/secret: is not known",
		`{"tags":{"a":1}}`:           "/tags/a: must be a string",
		`[]`:                         "body: must be an object",
		`null`:                       "body: must be an object",
	} {
		got := newAccount()
		err := patchOf[account](t, patch).Apply(t.Context(), &got)
		var errs tigertonic.FieldErrors
		require.ErrorAs(t, err, &errs, patch)
		assert.EqualError(t, err, want)
		assert.Equal(t, newAccount(), got)
	}
}

func TestPatchIsValidated(t *testing.T) {
	span := Span{From: 1, To: 2}
	err := patchOf[Span](t, `{"to":null}`).Apply(t.Context(), &span)
	require.EqualError(t, err, "/to: must not be before from")
	assert.Equal(t, Span{From: 1, To: 2}, span)
}

func patched(t *testing.T, body string, headers ...string) *recorded {
	t.Helper()
	h := tigertonic.Typed(func(ctx context.Context, in *tigertonic.Patch[account]) (account, error) {
		a := newAccount()
		err := in.Apply(ctx, &a)
		return a, err
	})
	return &recorded{serve(t, h, "PATCH", "/", body, headers...)}
}

func TestTypedTakesMergePatches(t *testing.T) {
	const mergePatch = "application/merge-patch+json"
	w := patched(t, `{"name":"x","note":null}`, "Content-Type", mergePatch)
	assert.Equal(t, 200, w.Code, w.Body)
	assert.NotContains(t, w.Body.String(), "note")
	requireProblem(t, patched(t, `{}`, "Content-Type", "application/json").ResponseRecorder, 415,
		`{"title":"Unsupported Media Type","status":415,"detail":"the Content-Type of a body must be application/merge-patch+json"}`)
	assert.Equal(t, mergePatch, patched(t, `{}`).Header().Get("Accept-Patch"))
	requireProblem(t, patched(t, `{"name":null,"Note":"x","nested":1}`, "Content-Type", mergePatch).ResponseRecorder, 422,
		invalid(at("/name", "must be a string"), at("/Note", "is not known"), at("/nested", "must be an object")))
}

// What a body of 1 MiB costs mustn't grow with how deep it is nested.
func TestPatchOfManyLevelsIsFast(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second: run without -short")
	}
	const levels = 9900
	text := strings.Repeat(`{"a":`, levels) + `"` + strings.Repeat("x", 900<<10) + `"` + strings.Repeat(`}`, levels)
	var p tigertonic.Patch[any]
	require.NoError(t, p.UnmarshalJSON([]byte(text)))
	finishes(t, func() {
		var value any
		assert.NoError(t, p.Apply(context.Background(), &value))
	})
}

// finishes requires f to be done long before a client could make it a burden. A
// busy machine gets three tries, for what has grown out of bounds fails them all.
func finishes(t *testing.T, f func()) {
	t.Helper()
	const limit = 3 * time.Second
	var took time.Duration
	for range 3 {
		begin := time.Now()
		f()
		if took = time.Since(begin); took <= limit {
			return
		}
	}
	t.Errorf("it takes %v, longer than %v", took, limit)
}
