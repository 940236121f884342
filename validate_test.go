package tigertonic_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

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

func TestValidatorsTellAtMostAHundredErrors(t *testing.T) {
	w := postJSON(t, taken[[]checked](), "/", `["no"`+strings.Repeat(`,"no"`, 500)+`]`)
	assert.Equal(t, 422, w.Code)
	assert.Equal(t, 100, strings.Count(w.Body.String(), `"detail":"no"`))
}

func TestFieldErrorsText(t *testing.T) {
	err := tigertonic.FieldErrors{
		{Pointer: "/a", Detail: "one"}, {Detail: "two"}, {Parameter: "p", In: "path", Detail: "three"}, {In: "query", Detail: "four"},
	}
	assert.EqualError(t, err, "/a: one; body: two; path p: three; query: four")
	assert.Equal(t, 422, err.StatusCode())
}
