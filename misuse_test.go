package tigertonic_test

import (
	"context"
	"net/http"
	"reflect"
	"testing"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

type login struct{ User string }

// What is wrong is said when the handler is made, with the field and what to write
// instead.
func TestMisuseIsToldWithWhatToWrite(t *testing.T) {
	const (
		typed        = "tigertonic: Typed(f): "
		typedPlace   = " (at typed_input_test.go:N)"
		misusePlace  = " (at misuse_test.go:N)"
		ignored      = " can't be a parameter (OpenAPI 3.1 §4.8.12.1): "
		notOfTheTags = " isn't one that tags have: "
	)
	for name, tt := range map[string]struct {
		f    func()
		want string
	}{
		"a misspelt place beside right ones": {func() {
			taken[struct {
				ID string `query:"id"`
				N  int    `qury:"n"`
			}]()
		}, typed + `struct{ID, N}.N: there is no tag "qury"; is it "query"?` + typedPlace},
		"a misspelt place alone": {func() {
			taken[struct {
				N int `qury:"n"`
			}]()
		}, typed + `struct{N}.N: there is no tag "qury"; is it "query"?` + typedPlace},
		"a member of the body among parameters": {func() {
			taken[struct {
				ID   string `query:"id"`
				Name string `json:"name"`
			}]()
		}, typed + `struct{ID, Name}.Name: it has the tag json:"name" among parameters; what the body has is a struct of its own, in a field with the tag body:""` + typedPlace},
		"a struct of many fields": {func() {
			taken[struct {
				A, B, C int
				D       chan int
			}]()
		}, typed + `struct{A, B, C, …}.D: chan int: a chan has no JSON` + typedPlace},
		"a request as the input": {
			func() { taken[http.Request]() },
			typed + "the input is the http.Request: it is a struct of yours whose fields are bound to parts of the request; for the request itself, register an http.HandlerFunc" + typedPlace,
		},
		"a request in a body": {func() {
			taken[struct {
				Request *http.Request
			}]()
		}, typed + "struct{Request}.Request: http.Request: it has no JSON: for the request itself, register an http.HandlerFunc" + typedPlace},
		"a header that is for authentication": {func() {
			taken[struct {
				Token string `header:"authorization"`
			}]()
		}, typed + "struct{Token}.Token: the header Authorization" + ignored + "put HTTPBasicAuth round the handler, or an If of yours that checks it, with Described to name the SecurityScheme; " +
			"what it finds is the function's by WithContext and ContextFrom" + typedPlace},
		"a header that Typed looks at": {func() {
			taken[struct {
				Type string `header:"Content-Type"`
			}]()
		}, typed + "struct{Type}.Type: the header Content-Type" + ignored + "Typed looks at it itself; a body that isn't JSON is a File or an io.Reader" + typedPlace},
		"a header that Typed chooses by": {func() {
			taken[struct {
				Accept []string `header:"Accept"`
			}]()
		}, typed + "struct{Accept}.Accept: the header Accept" + ignored + "Typed looks at it itself; for a choice of its own, a function is an http.HandlerFunc" + typedPlace},
		"a word that means something else": {func() {
			taken[struct {
				N int `json:"n" min:"1"`
			}]()
		}, typed + `struct{N}.N: there is no tag "min"; is it "minimum"?` + typedPlace},
		"a word of JSON Schema for a body": {func() {
			taken[struct {
				ID string `json:"id" contentEncoding:"base64"`
			}]()
		}, typed + "struct{ID}.ID: the word contentEncoding" + notOfTheTags + "use []byte, which is base64" + typedPlace},
		"a word of JSON Schema for a parameter": {func() {
			taken[struct {
				Kind string `query:"kind" nullable:"true"`
			}]()
		}, typed + `struct{Kind}.Kind: the word nullable` + notOfTheTags + `make the field a pointer or an Opt` + typedPlace},
		"a context by a pointer": {
			func() { tigertonic.WithContext(taken[struct{}](), &login{}) },
			"tigertonic: WithContext: *tigertonic_test.login is a pointer, which would be nil for each request: give it a tigertonic_test.login, to which Context and ContextOf return a pointer" + misusePlace,
		},
		"a context of a nil pointer": {
			func() { tigertonic.WithContext(taken[struct{}](), (*login)(nil)) },
			"tigertonic: WithContext: *tigertonic_test.login is a pointer, which would be nil for each request: give it a tigertonic_test.login, to which Context and ContextOf return a pointer" + misusePlace,
		},
		"a service that is built twice": {func() {
			registry := metrics.NewRegistry()
			for range 2 {
				tigertonic.Timed(taken[struct{}](), "get-stuff", registry)
			}
		}, `tigertonic: metric "get-stuff": duplicate metric: get-stuff (registered at misuse_test.go:N): give each service that is built, as by each test, its own metrics.NewRegistry()`},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, tt.want, refusal(tt.f)) })
	}
}

// No word of JSON Schema or OpenAPI says nothing in a tag, however it is written.
func TestNoWordOfJSONSchemaIsIgnored(t *testing.T) {
	type all struct {
		F0  string `json:"f0" readOnly:"1"`
		F1  string `json:"f1" writeOnly:"1"`
		F2  string `json:"f2" contentSchema:"1"`
		F3  string `json:"f3" $ref:"1"`
		F4  string `json:"f4" not:"1"`
		F5  string `json:"f5" contentMediaType:"1"`
		F6  string `json:"f6" externalDocs:"1"`
		F7  string `json:"f7" description:"1"`
		F8  string `json:"f8" examples:"1"`
		F9  string `json:"f9" nullable:"1"`
		F10 string `json:"f10" contains:"1"`
		F11 string `json:"f11" minContains:"1"`
		F12 string `json:"f12" maxContains:"1"`
		F13 string `json:"f13" prefixItems:"1"`
		F14 string `json:"f14" additionalProperties:"1"`
		F15 string `json:"f15" patternProperties:"1"`
		F16 string `json:"f16" propertyNames:"1"`
		F17 string `json:"f17" dependentRequired:"1"`
		F18 string `json:"f18" dependentSchemas:"1"`
		F19 string `json:"f19" unevaluatedItems:"1"`
		F20 string `json:"f20" unevaluatedProperties:"1"`
		F21 string `json:"f21" allOf:"1"`
		F22 string `json:"f22" anyOf:"1"`
		F23 string `json:"f23" oneOf:"1"`
		F24 string `json:"f24" not:"1"`
		F25 string `json:"f25" contentEncoding:"1"`
		F26 string `json:"f26" contentMediaType:"1"`
		F27 string `json:"f27" contentSchema:"1"`
		F28 string `json:"f28" discriminator:"1"`
		F29 string `json:"f29" externalDocs:"1"`
		F30 string `json:"f30" readonly:"1"`
		F31 string `json:"f31" read_only:"1"`
		F32 string `json:"f32" minproperties:"1"`
		F33 string `json:"f33" min:"1"`
		F34 string `json:"f34" max:"1"`
		F35 string `json:"f35" minlength:"1"`
		F36 string `json:"f36" min_length:"1"`
		F37 string `json:"f37" min-items:"1"`
		F38 string `json:"f38" Enum:"1"`
		F39 string `json:"f39" multipleof:"1"`
	}
	text := refusal(func() { taken[all]() })
	for f := range reflect.TypeFor[all]().Fields() {
		assert.Contains(t, text, "tigertonic_test.all."+f.Name+": ", string(f.Tag))
	}
}

// A field may have the tags of other libraries.
func TestTagsOfOtherLibrariesAreLeftAlone(t *testing.T) {
	type row struct {
		ID   string `json:"id" xml:"id,attr" yaml:"id" db:"id" bson:"_id" gorm:"primaryKey" validate:"required,uuid" binding:"required" toml:"id" mapstructure:"id" protobuf:"bytes,1" form:"id" env:"ID" dynamodbav:"id" csv:"id" url:"id" schema:"id" sql:"id" type:"x" if:"x"`
		Name string `json:"name" swaggertype:"string" conform:"trim" mod:"trim" label:"Name" faker:"name" avro:"name" ch:"name" bun:"name" pg:"name" datastore:"name" firestore:"name" redis:"name" hcl:"name" long:"name" short:"n" arg:"name"`
	}
	assert.Empty(t, refusal(func() { taken[row]() }))
}

func TestContextIsAPointerToAFreshValue(t *testing.T) {
	h := tigertonic.WithContext(tigertonic.Typed(func(ctx context.Context, _ *struct{}) (string, error) {
		s := tigertonic.ContextFrom[login](ctx)
		s.User += "u"
		return s.User, nil
	}), login{})
	for range 2 {
		assert.Equal(t, "\"u\"\n", serve(t, h, "GET", "/", "").Body.String())
	}
}
