package tigertonic_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
)

// refusal returns what f panics with, without the paths, lines and names that
// differ from place to place.
func refusal(f func()) (text string) {
	defer func() {
		if p := recover(); p != nil {
			text = regexp.MustCompile(`/\S*?(\w+\.go):\d+`).ReplaceAllString(fmt.Sprint(p), "$1:N")
			text = regexp.MustCompile(`Typed\(\S+\)`).ReplaceAllString(text, "Typed(f)")
		}
	}()
	f()
	return ""
}

type placeTwice struct {
	A int `query:"a" header:"X-A"`
}

type embedsPointer struct {
	*pages
	Q string `query:"q"`
}

func TestTypedRefusesTypesWhenItIsMade(t *testing.T) {
	const placesText = "path, query, header, cookie, form, body"
	for want, f := range map[string]func(){
		`struct{A}.A: there is no tag "minimun"; is it "minimum"?`: func() {
			taken[struct {
				A int `query:"a" minimun:"3"`
			}]()
		},
		`struct{A}.A: there is no tag "requird"; is it "required"?`: func() {
			taken[struct {
				A int `json:"a" requird:"true"`
			}]()
		},
		`struct{A}.A: there is no tag "Pattern"; is it "pattern"?`: func() {
			taken[struct {
				A string `json:"a" Pattern:"a"`
			}]()
		},
		`struct{A}.A: there is no tag "xml"`: func() {
			taken[struct {
				A int `query:"a" xml:"3"`
			}]()
		},
		`struct{A}.A: minimum:"x": not a JSON number`: func() {
			taken[struct {
				A int `json:"a" minimum:"x"`
			}]()
		},
		`struct{A}.A: minimum:"1": a value of this type can't have minimum`: func() {
			taken[struct {
				A string `json:"a" minimum:"1"`
			}]()
		},
		`struct{A}.A: minLength:"1": a value of this type can't have minLength`: func() {
			taken[struct {
				A int `query:"a" minLength:"1"`
			}]()
		},
		`struct{A}.A: minItems:"1": a value of this type can't have minItems`: func() {
			taken[struct {
				A map[string]int `json:"a" minItems:"1"`
			}]()
		},
		`struct{A}.A: pattern:"a": a value of this type can't have pattern`: func() {
			taken[struct {
				A time.Time `json:"a" pattern:"a"`
			}]()
		},
		`struct{A}.A: maxLength:"1": a value of this type can't have maxLength`: func() {
			taken[struct {
				A []byte `json:"a" maxLength:"1"`
			}]()
		},
		"struct{A}.A: pattern:\"(\": error parsing regexp: missing closing ): `(`": func() {
			taken[struct {
				A string `json:"a" pattern:"("`
			}]()
		},
		"struct{A}.A: pattern:\"a(?=b)\": error parsing regexp: invalid or unsupported Perl syntax: `(?=`": func() {
			taken[struct {
				A string `json:"a" pattern:"a(?=b)"`
			}]()
		},
		`struct{A}.A: multipleOf:"0": not above 0`: func() {
			taken[struct {
				A int `json:"a" multipleOf:"0"`
			}]()
		},
		`struct{A}.A: uniqueItems:"yes": not true`: func() {
			taken[struct {
				A []int `json:"a" uniqueItems:"yes"`
			}]()
		},
		`struct{A}.A: minLength:"-1": not a count`: func() {
			taken[struct {
				A string `json:"a" minLength:"-1"`
			}]()
		},
		`struct{A}.A: at least 2 and at most 1 allows nothing`: func() {
			taken[struct {
				A int `json:"a" minimum:"2" maximum:"1"`
			}]()
		},
		`struct{A}.A: enum has 5, which must be at most 4`: func() {
			taken[struct {
				A int `json:"a" enum:"1,5" maximum:"4"`
			}]()
		},
		`struct{A}.A: the default 0 must be at least 1`: func() {
			taken[struct {
				A int `query:"a" minimum:"1" default:"0"`
			}]()
		},
		`struct{A}.A: the default "c" must be one of a, b`: func() {
			taken[struct {
				A string `json:"a" enum:"a,b" default:"c"`
			}]()
		},
		`struct{A}.A: the example 0 must be at least 1`: func() {
			taken[struct {
				A int `json:"a" minimum:"1" example:"0"`
			}]()
		},
		`struct{A}.A: default:"x": not an integer in JSON`: func() {
			taken[struct {
				A int `query:"a" default:"x"`
			}]()
		},
		`struct{A}.A: what is required has no default`: func() {
			taken[struct {
				A int `query:"a" required:"true" default:"1"`
			}]()
		},
		`struct{A}.A: required:"false" isn't required:"true"`: func() {
			taken[struct {
				A int `query:"a" required:"false"`
			}]()
		},
		`struct{A, B}.A: it has none of the tags ` + placesText + `; a field that isn't bound is unexported`: func() {
			taken[struct {
				A int
				B int `query:"b"`
			}]()
		},
		`struct{A}.A: the tag "query" has no name`: func() {
			taken[struct {
				A int `query:""`
			}]()
		},
		`struct{A}.A: the tag "query" has no option "x": there are comma, deepObject and omitempty`: func() {
			taken[struct {
				A int `query:"a,x"`
			}]()
		},
		`struct{A}.A: "a b" isn't a header name`: func() {
			taken[struct {
				A int `header:"a b"`
			}]()
		},
		`struct{A}.A: a chan int can't be a parameter`: func() {
			taken[struct {
				A chan int `query:"a"`
			}]()
		},
		`struct{A}.A: a []uint8 can't be a parameter`: func() {
			taken[struct {
				A []byte `query:"a"`
			}]()
		},
		`struct{A}.A: a slice is for a query or a header, not for a path`: func() {
			taken[struct {
				A []int `path:"a"`
			}]()
		},
		`struct{A, B}.B: another field has the header "x-a"`: func() {
			taken[struct {
				A int `header:"X-A"`
				B int `header:"x-a"`
			}]()
		},
		`tigertonic_test.placeTwice.A: it has more than one of the tags ` + placesText: func() { taken[placeTwice]() },
		`struct{A, B}.B: there is another field for the body`: func() {
			taken[struct {
				A point `body:""`
				B point `body:""`
			}]()
		},
		`struct{A}.A: body:"x" isn't body:""`: func() {
			taken[struct {
				A point `body:"x"`
			}]()
		},
		`struct{A}.A: minLength can't be said of the body`: func() {
			taken[struct {
				A string `body:"" minLength:"1"`
			}]()
		},
		`struct{A}.A: default can't be said of the body`: func() {
			taken[struct {
				A string `body:"" default:"x"`
			}]()
		},
		`the input is a pointer to the pointer *tigertonic_test.point`:                                     func() { taken[*point]() },
		`tigertonic_test.box[func()].V: func(): a func has no JSON`:                                        func() { taken[box[func()]]() },
		`tigertonic_test.box[complex64].V: complex64: a complex64 has no JSON`:                             func() { taken[box[complex64]]() },
		`tigertonic_test.box[error].V: error: JSON can't be decoded into an interface with methods`:        func() { taken[box[error]]() },
		`tigertonic_test.box[map[float64]int].V: map[float64]int: a float64 can't be the name of a member`: func() { taken[box[map[float64]int]]() },
	} {
		t.Run(want, func(t *testing.T) {
			assert.Equal(t, "tigertonic: Typed(f): "+want+" (at typed_input_test.go:N)", refusal(f))
		})
	}
	assert.Regexp(t, `^tigertonic: Typed: the function is nil \(at \w+\.go:N\)$`, refusal(func() { tigertonic.Typed[int, int](nil) }))
}

// What would go wrong with each request, or be ignored, is told when it is made.
func TestTypedRefusesWhatCouldNeverWork(t *testing.T) {
	for name, f := range map[string]func(){
		"an embedded pointer with parameters":         func() { taken[embedsPointer]() },
		"an embedded pointer that can't be allocated": func() { taken[struct{ *common }]() },
		"a default that the type refuses": func() {
			taken[struct {
				A netip.Addr `query:"a" default:"x"`
			}]()
		},
		"a default that isn't a parameter's integer": func() {
			taken[struct {
				A int `query:"a" default:"1.0"`
			}]()
		},
		"a default in a slice that the type refuses": func() {
			taken[struct {
				A []netip.Addr `query:"a" default:"x"`
			}]()
		},
		"an unexported field of the body with our tag": func() {
			taken[struct {
				a int `query:"a"`
				B int `query:"b"`
			}]()
		},
		"bounds that allow nothing, exclusively": func() {
			taken[struct {
				A int `json:"a" exclusiveMinimum:"1" exclusiveMaximum:"1"`
			}]()
		},
		"an enum of nothing": func() {
			taken[struct {
				A int `json:"a" enum:""`
			}]()
		},
	} {
		t.Run(name, func(t *testing.T) { assert.Contains(t, refusal(f), "tigertonic: Typed(f): ") })
	}
}

type ownArray []int

func (ownArray) JSONSchema() *schema.Schema { return &schema.Schema{Types: []string{"array"}} }

type ownNothing int

func (ownNothing) JSONSchema() *schema.Schema { return nil }

type ownTypo int

func (ownTypo) JSONSchema() *schema.Schema { return &schema.Schema{Types: []string{"int"}} }

func TestTypedRefusesWrongSchemas(t *testing.T) {
	assert.Contains(t, refusal(func() { taken[box[ownNothing]]() }), "tigertonic_test.ownNothing: JSONSchema returned nil")
	assert.Contains(t, refusal(func() { taken[box[ownTypo]]() }), `tigertonic_test.ownTypo: JSONSchema: the schema without a name: there is no type "int"`)
	for _, f := range []func(){
		func() {
			taken[struct {
				A ownArray `json:"a" minimum:"1"`
			}]()
		},
		func() {
			taken[struct {
				A ownArray `json:"a" default:"1,2"`
			}]()
		},
	} {
		text := refusal(f)
		assert.NotContains(t, text, "nil pointer")
	}
}

func TestTypedRefusesSeveralThingsAtOnce(t *testing.T) {
	assert.Equal(t, `tigertonic: Typed(f): struct{A, C, D}.C: a chan int can't be a parameter
struct{A, C, D}.A: there is no tag "minimun"; is it "minimum"?
struct{A, C, D}.D: the default 2 must be at least 3 (at typed_input_test.go:N)`, refusal(func() {
		taken[struct {
			A int      `query:"a" minimun:"3"`
			C chan int `query:"c"`
			D int      `query:"d" minimum:"3" default:"2"`
		}]()
	}))
}

type byID struct {
	ID string `path:"id"`
}

type byTenant struct {
	Tenant string `path:"tenant,namespace"`
	ID     string `path:"id"`
}

func TestMuxRefusesEndpointsThatDontFitThePattern(t *testing.T) {
	const places = " (made at typed_input_test.go:N, registered at typed_register_test.go:N)"
	always := func(*http.Request) (http.Header, error) { return nil, nil }
	for _, tt := range []struct {
		method, pattern string
		h               http.Handler
		want            string
	}{
		{"GET", "/{id}", taken[byID](), ""},
		{"GET", "/{id...}", taken[byID](), ""},
		{"GET", "/{id}", taken[byTenant](), ""},
		{"DELETE", "/", taken[point](), ""},
		{"GET", "/", taken[struct{}](), ""},
		{
			"GET", "/{name}", taken[byID](),
			`tigertonic: GET /{name}: Typed(f): the field tigertonic_test.byID.ID is path:"id", but the pattern has no wildcard {id}; one of a namespace round the mux is path:"id,namespace"` + places,
		},
		{"GET", "/{id}/{name}", taken[byID](), `tigertonic: GET /{id}/{name}: Typed(f): no field of tigertonic_test.byID reads the wildcard {name}` + places},
		{"GET", "/{id}", taken[struct{}](), `tigertonic: GET /{id}: Typed(f): no field of struct{} reads the wildcard {id}` + places},
		{"GET", "/", taken[point](), `tigertonic: GET /: Typed(f): its input tigertonic_test.point has a body, which a GET hasn't (RFC 9110 §9.3)` + places},
		{"HEAD", "/", taken[point](), `tigertonic: HEAD /: Typed(f): its input tigertonic_test.point has a body, which a HEAD hasn't (RFC 9110 §9.3)` + places},
		{
			"GET", "/", tigertonic.Described(tigertonic.Sized(taken[point](), 10), func(*tigertonic.Operation) {}),
			`tigertonic: GET /: Typed(f): its input tigertonic_test.point has a body, which a GET hasn't (RFC 9110 §9.3)` + places,
		},
		{
			"GET", "/{id}", tigertonic.HTTPBasicAuth(map[string]string{"u": "p"}, "r", taken[struct{}]()),
			`tigertonic: GET /{id}: Typed(f): no field of struct{} reads the wildcard {id}` + places,
		},
		{"GET", "/{id}", tigertonic.If(always, taken[struct{}]()), ""},
	} {
		got := refusal(func() { tigertonic.NewTrieServeMux().Handle(tt.method, tt.pattern, tt.h) })
		assert.Equal(t, tt.want, got, "%s %s", tt.method, tt.pattern)
	}
}

func TestEndpointRefusesErrorsWithoutAStatus(t *testing.T) {
	e := taken[struct{}]()
	assert.Same(t, e, e.Errors(tigertonic.NotFound{Err: errors.New("x")}, tigertonic.Problem{Status: 503}))
	assert.Regexp(t, `^tigertonic: Errors: \*errors\.errorString has no status that a response can have \(at`, refusal(func() { e.Errors(errors.New("x")) }))
}

func TestOptTellsAbsentNullAndValueApart(t *testing.T) {
	var absent tigertonic.Opt[int]
	null, some := tigertonic.Null[int](), tigertonic.Some(0)
	for i, o := range []tigertonic.Opt[int]{absent, null, some} {
		_, ok := o.Get()
		states := [3]bool{o.IsZero(), o.IsNull(), ok}
		assert.Equal(t, [3]bool{i == 0, i == 1, i == 2}, states)
	}
	assert.Equal(t, []int{7, 7, 0}, []int{absent.Or(7), null.Or(7), some.Or(7)})
	h := tigertonic.Typed(func(_ context.Context, in *struct {
		A tigertonic.Opt[*int] `json:"a,omitzero"`
	},
	) (map[string]bool, error) {
		return map[string]bool{"zero": in.A.IsZero(), "null": in.A.IsNull()}, nil
	})
	require.Equal(t, `{"null":false,"zero":true}`+"\n", postJSON(t, h, "/", `{}`).Body.String())
	require.Equal(t, `{"null":true,"zero":false}`+"\n", postJSON(t, h, "/", `{"a":null}`).Body.String())
	require.Equal(t, `{"null":false,"zero":false}`+"\n", postJSON(t, h, "/", `{"a":1}`).Body.String())
}

type nullable struct {
	A *string                  `json:"a,omitzero" enum:"a,b"`
	B tigertonic.Opt[int]      `json:"b,omitzero" enum:"1,2" minimum:"1"`
	C *ownCode                 `json:"c,omitzero" minLength:"2"`
	D tigertonic.Opt[[]string] `json:"d,omitzero" minItems:"1" enum:"x"`
}

// Constraints are for the value if there is one.
func TestNullMeetsConstraints(t *testing.T) {
	for _, body := range []string{`{}`, `{"a":null,"b":null,"c":null,"d":null}`, `{"a":"a","b":2,"c":"ab","d":["x"]}`} {
		assert.Equal(t, 204, postJSON(t, taken[nullable](), "/", body).Code, body)
	}
	requireProblem(t, postJSON(t, taken[nullable](), "/", `{"a":"c","b":3,"c":"A","d":[]}`), 422, invalid(
		at("/a", "must be one of a, b"), at("/b", "must be one of 1, 2"), at("/c", "must match ^[a-z]+$"),
		at("/c", "must be at least 2 characters long"), at("/d", "must have at least 1 item")))
}
