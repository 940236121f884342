package tigertonic_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// A checked is valid unless its text says how it isn't.
type checked string

func (c checked) Validate(ctx context.Context) error {
	switch text := string(c); {
	case text == "taken":
		return fmt.Errorf("looking for it: %w", tigertonic.Conflict{Err: errors.New("it is taken")})
	case text == "context":
		return errors.New(ctx.Value(contextKey{}).(string))
	case strings.HasPrefix(text, "/"):
		return fmt.Errorf("wrapped: %w", tigertonic.FieldErrors{{Pointer: text, Detail: "there"}, {Parameter: "q", In: "query", Detail: "here"}})
	case text != "":
		return errors.New(text)
	}
	return nil
}

type contextKey struct{}

type Span struct {
	From int `json:"from,omitzero"`
	To   int `json:"to,omitzero"`
}

func (s *Span) Validate(context.Context) error {
	if s.To < s.From {
		return tigertonic.FieldErrors{{Pointer: "/to", Detail: "must not be before from"}}
	}
	return nil
}

type checkedBody struct {
	Name  checked                 `json:"name,omitzero"`
	Span  Span                    `json:"a/b~,omitzero"`
	Spans []Span                  `json:"spans,omitempty"`
	Array [1]checked              `json:"array,omitzero"`
	Map   map[string]*Span        `json:"map,omitempty"`
	Keyed map[colon]checked       `json:"keyed,omitempty"`
	Opt   tigertonic.Opt[checked] `json:"opt,omitzero"`
	Deep  *checkedBody            `json:"deep,omitzero"`
	Quiet checked                 `json:"-"`
}

type checkedInput struct {
	Q    checked                 `query:"q"`
	H    *checked                `header:"X-H"`
	O    tigertonic.Opt[checked] `query:"o"`
	Many []checked               `query:"many"`
	Body checkedBody             `body:""`
}

func TestValidatorsAreAskedWhereverTheyAre(t *testing.T) {
	h := taken[checkedInput]()
	for body, want := range map[string]string{
		`{"name":"no"}`:             at("/name", "no"),
		`{"name":"/x"}`:             at("/name/x", "there") + "," + of("query", "q", "here"),
		`{"a/b~":{"from":1}}`:       at("/a~1b~0/to", "must not be before from"),
		`{"spans":[{},{"from":1}]}`: at("/spans/1/to", "must not be before from"),
		`{"array":["no"]}`:          at("/array/0", "no"),
		`{"map":{"b/":{"from":1},"a":{"from":1},"c":{"from":1}}}`: at("/map/a/to", "must not be before from") + "," +
			at("/map/b~1/to", "must not be before from") + "," + at("/map/c/to", "must not be before from"),
		`{"keyed":{"x:y":"no"}}`: at("/keyed/x:y", "no"),
		`{"opt":"no"}`:           at("/opt", "no"),
		`{"deep":{"deep":{"name":"no"},"name":"nor this"}}`: at("/deep/name", "nor this") + "," + at("/deep/deep/name", "no"),
	} {
		for range 3 { // the order is the same
			requireProblem(t, postJSON(t, h, "/", body), 422, invalid(want))
		}
	}
	for _, body := range []string{`{}`, `{"opt":null,"deep":null,"map":{"a":null},"spans":[],"name":""}`} {
		assert.Equal(t, 204, postJSON(t, h, "/", body).Code, body)
	}
	requireProblem(t, serve(t, h, "POST", "/?q=a&o=b&many=&many=c", `{"name":"d"}`, "Content-Type", "application/json", "X-H", "e"), 422,
		invalid(of("query", "q", "a"), of("header", "X-H", "e"), of("query", "o", "b"), of("query", "many", "c"), at("/name", "d")))
}

func TestValidatorsAreAskedAfterConstraints(t *testing.T) {
	requireProblem(t, postJSON(t, taken[checkedInput](), "/?q=no", `{"name":1}`), 422, invalid(at("/name", "must be a string")))
}

func TestValidatorsKeepTheStatusOfAnError(t *testing.T) {
	requireProblem(t, postJSON(t, taken[checkedInput](), "/?q=no", `{"name":"taken"}`), 409,
		`{"title":"Conflict","status":409,"detail":"it is taken"}`)
}

func TestValidatorsHaveTheContextOfTheRequest(t *testing.T) {
	r := requestJSON(t, `{"name":"context"}`)
	w := responseOf(taken[checkedInput](), r.WithContext(context.WithValue(r.Context(), contextKey{}, "the request's")))
	requireProblem(t, w, 422, invalid(at("/name", "the request's")))
}

type (
	embedded struct {
		Span
		Name string `json:"name,omitzero"`
	}
	one struct {
		One checked `json:"one,omitzero"`
	}
	two struct {
		Two checked `json:"two,omitzero"`
	}
	both struct {
		one
		two
	}
	Paged struct {
		Limit int `query:"limit"`
	}
	listing struct {
		Paged
		After string `query:"after"`
	}
)

func (o one) Validate(context.Context) error { return errors.New("one: " + string(o.One)) }

func (t two) Validate(context.Context) error { return errors.New("two: " + string(t.Two)) }

func (p Paged) Validate(context.Context) error {
	return tigertonic.FieldErrors{{Parameter: "limit", In: "query", Detail: "is odd"}}
}

// The method of an embedded struct is the outer struct's, too.
func TestValidatorThatIsEmbeddedIsAskedOnce(t *testing.T) {
	requireProblem(t, postJSON(t, taken[embedded](), "/", `{"from":1}`), 422, invalid(at("/to", "must not be before from")))
	requireProblem(t, serve(t, taken[listing](), "GET", "/?limit=1", ""), 422, invalid(of("query", "limit", "is odd")))
}

// Where two are embedded, the outer struct has neither's.
func TestValidatorsThatAreEmbeddedAreAsked(t *testing.T) {
	requireProblem(t, postJSON(t, taken[both](), "/", `{"one":"a"}`), 422,
		invalid(at("/one", "a"), at("", "one: a"), at("", "two: ")))
}

// A lenient value finds nothing wrong, and returns what it has collected.
type lenient struct {
	How string `json:"how,omitempty"`
}

func (l lenient) Validate(context.Context) error {
	errs := tigertonic.FieldErrors{}
	switch l.How {
	case "wrapped":
		return fmt.Errorf("wrapped: %w", errs)
	case "joined":
		return errors.Join(errs, fmt.Errorf("wrapped: %w", errs))
	case "joined with one":
		return errors.Join(errs, errors.New("one"))
	case "joined with a status":
		return tigertonic.Conflict{Err: errs}
	}
	return errs
}

func TestValidatorThatFindsNothingHasNoError(t *testing.T) {
	type deep struct {
		Inner lenient `json:"inner"`
	}
	for _, how := range []string{"", "wrapped", "joined"} {
		assert.Equal(t, 204, postJSON(t, taken[lenient](), "/", `{"how":"`+how+`"}`).Code, how)
		assert.Equal(t, 204, postJSON(t, taken[deep](), "/", `{"inner":{"how":"`+how+`"}}`).Code, how)
		assert.Equal(t, 204, postJSON(t, taken[map[string]lenient](), "/", `{"inner":{"how":"`+how+`"}}`).Code, how)
		var value lenient
		require.NoError(t, patchOf[lenient](t, `{"how":"`+how+`"}`).Apply(t.Context(), &value))
		assert.Equal(t, how, value.How)
	}
	for how, want := range map[string]int{"joined with one": 422, "joined with a status": 409} {
		w := postJSON(t, taken[lenient](), "/", `{"how":"`+how+`"}`)
		assert.Equal(t, want, w.Code, w.Body)
	}
}

// A crowded value has more against it than anybody reads.
type crowded struct{}

func (crowded) Validate(context.Context) error {
	errs := make(tigertonic.FieldErrors, 500)
	for i := range errs {
		errs[i].Detail = "no"
	}
	return errs
}

type (
	// A guarded struct has more than reflection may copy.
	guarded struct {
		Word string `json:"word,omitempty"`
		seen int
	}
	deeper  struct{ guarded }
	promote struct {
		deeper
		Other string `json:"other,omitempty"`
	}
	bare struct {
		Word string `json:"word,omitempty"`
	}
	shadow struct {
		bare
		Other string `json:"other,omitempty"`
	}
	Known struct {
		Knows bool `json:"knows,omitempty"`
	}
	second struct {
		Known
		deeper
	}
	apart struct {
		bare `json:"open"`
		Last string `json:"last,omitempty"`
	}
)

func (g *guarded) Validate(context.Context) error {
	g.seen++
	g.Word += fmt.Sprint(g.seen)
	return forbid(g.Word, "no1")
}

func (o *bare) Validate(context.Context) error {
	o.Word += "!"
	return forbid(o.Word, "no!")
}

func (s shadow) Validate(context.Context) error { return forbid(s.Other, "no") }

func (Known) Validate(context.Context) error { return nil }

func forbid(word, forbidden string) error {
	if word == forbidden {
		return tigertonic.FieldErrors{{Pointer: "/word", Detail: "is " + word}}
	}
	return nil
}

// Where a struct is embedded without being exported, its method is called as that of
// the outer one, or on a copy.
func TestValidatorThatIsEmbeddedUnexportedIsAsked(t *testing.T) {
	requireProblem(t, postJSON(t, taken[promote](), "/", `{"word":"no"}`), 422, invalid(at("/word", "is no1")))
	requireProblem(t, postJSON(t, taken[shadow](), "/", `{"word":"no","other":"no"}`), 422, invalid(at("/word", "is no!"), at("/word", "is no")))
	requireProblem(t, postJSON(t, taken[apart](), "/", `{"open":{"word":"no"}}`), 422, invalid(at("/open/word", "is no!")))
	h := tigertonic.Typed(func(_ context.Context, in *struct {
		P promote `json:"p"`
		S shadow  `json:"s"`
	},
	) (string, error) {
		return in.P.Word + " " + in.S.Word + " " + in.S.Other, nil
	})
	assert.Equal(t, `"a1 b! c"`, strings.TrimSpace(postJSON(t, h, "/", `{"p":{"word":"a"},"s":{"word":"b","other":"c"}}`).Body.String()))
	defer func() {
		assert.Contains(t, recover(), "second.guarded: its method Validate can't be called: export the struct that is embedded, or its fields")
	}()
	taken[second]()
}

// A field that is embedded so and has a name of its own can be patched as a whole.
func TestPatchChangesWhatIsEmbeddedUnexported(t *testing.T) {
	value := apart{bare{"a"}, "b"}
	require.NoError(t, patchOf[apart](t, `{"open":{"word":"c"}}`).Apply(t.Context(), &value))
	assert.Equal(t, apart{bare{"c!"}, "b"}, value)
	require.NoError(t, patchOf[apart](t, `{"open":{"word":null}}`).Apply(t.Context(), &value))
	assert.Equal(t, apart{bare{"!"}, "b"}, value)
}

func TestValidatorsTellAtMostAHundredErrors(t *testing.T) {
	w := postJSON(t, taken[[]checked](), "/", `["no"`+strings.Repeat(`,"no"`, 500)+`]`)
	assert.Equal(t, 422, w.Code)
	assert.Equal(t, 100, strings.Count(w.Body.String(), `"detail":"no"`))
	w = postJSON(t, taken[crowded](), "/", `{}`)
	assert.Equal(t, 100, strings.Count(w.Body.String(), `"detail":"no"`))
}

func TestFieldErrorsText(t *testing.T) {
	err := tigertonic.FieldErrors{
		{Pointer: "/a", Detail: "one"}, {Detail: "two"}, {Parameter: "p", In: "path", Detail: "three"}, {In: "query", Detail: "four"},
	}
	assert.EqualError(t, err, "/a: one; body: two; path p: three; query: four")
	assert.Equal(t, 422, err.StatusCode())
}
