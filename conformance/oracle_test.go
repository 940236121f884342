package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/conformance/conform"
	"github.com/rcrowley/go-tigertonic/openapi"
)

// What Typed accepts and what its published schema allows must be the same. The
// oracle is a JSON Schema library that knows nothing of Go types.

// A subject is a type whose bodies are tried.
type subject struct {
	name      string
	mediaType string
	endpoint  *tigertonic.Endpoint
	schema    *jsonschema.Schema
	source    map[string]any // the schema as JSON
}

// A world has the subjects, and the document that they are published in.
type world struct {
	mux      *tigertonic.TrieServeMux
	document map[string]any
	subjects []*subject
}

func takesBody[T any](mux *tigertonic.TrieServeMux, name string) *subject {
	e := tigertonic.Typed(func(context.Context, *T) (struct{}, error) { return struct{}{}, nil })
	mux.Handle("POST", "/"+name, e)
	return &subject{name: name, mediaType: "application/json", endpoint: e}
}

func takesPatch[T any](mux *tigertonic.TrieServeMux, name string) *subject {
	s := takesBody[tigertonic.Patch[T]](mux, name)
	s.mediaType = "application/merge-patch+json"
	return s
}

// newWorld is made once, for its schemas are many.
var newWorld = sync.OnceValue(func() *world {
	w := &world{mux: tigertonic.NewTrieServeMux()}
	w.subjects = allSubjects(w.mux)
	return w
})

// published returns the world with the schemas taken out of the document.
func published(t testing.TB) *world {
	t.Helper()
	w := newWorld()
	doc := openapi.New(w.mux, openapi.Info{Title: "Oracle", Version: "1"}).JSON()
	require.NoError(t, json.Unmarshal(doc, &w.document))
	checker := conform.New(t, doc)
	for _, s := range w.subjects {
		pointer := conform.Pointer("paths", "/"+s.name, "post", "requestBody", "content", s.mediaType, "schema")
		s.schema = checker.Schema(pointer)
		s.source = lookUp(w.document, pointer).(map[string]any)
	}
	return w
}

func lookUp(doc any, pointer string) any {
	for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		doc = doc.(map[string]any)[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]
	}
	return doc
}

// hugeExponent is what the oracle, which has all digits of a number, would take
// forever for.
var hugeExponent = regexp.MustCompile(`[eE][-+]?0*\d{5}`)

// expected returns the status that a body must be answered with.
func (s *subject) expected(body []byte) int {
	value := jsontext.Value(body)
	if !value.IsValid() { // duplicate names, invalid UTF-8, what isn't JSON
		return http.StatusBadRequest
	}
	decoded, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return http.StatusBadRequest
	}
	if s.schema.Validate(decoded) != nil {
		return http.StatusUnprocessableEntity
	}
	return http.StatusNoContent
}

// post sends a body to the endpoint.
func (s *subject) post(body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/"+s.name, bytes.NewReader(body))
	r.Header.Set("Content-Type", s.mediaType)
	w := httptest.NewRecorder()
	s.endpoint.ServeHTTP(w, r)
	return w
}

// try returns the status that a body gets, and whether the two agree
// on it.
func (s *subject) try(t testing.TB, body []byte) (status int, ok bool) {
	t.Helper()
	if len(body) == 0 || len(body) > 1<<16 || hugeExponent.Match(body) {
		return 0, true
	}
	want := s.expected(body)
	w := s.post(body)
	if w.Code == want || want == http.StatusNoContent && w.Code == http.StatusUnprocessableEntity && tooLargeForAny(body) {
		return w.Code, true
	}
	said := ""
	if decoded, err := jsonschema.UnmarshalJSON(bytes.NewReader(body)); err == nil {
		if err := s.schema.Validate(decoded); err != nil {
			said = err.Error()
		}
	}
	t.Errorf("%s: %s\nTyped:  %d %sOracle: %d %s", s.name, body, w.Code, w.Body, want, said)
	return w.Code, false
}

// tooLargeForAny reports whether there is a number that no float64 holds, which is
// all that Go has for the numbers in an any: it must be refused, which a schema
// that allows everything can't say.
func tooLargeForAny(body []byte) bool {
	var value any
	var tooLarge *json.UnmarshalTypeError
	return errors.As(json.Unmarshal(body, &value), &tooLarge)
}

func TestTypedAcceptsWhatItsSchemaAllows(t *testing.T) {
	w := published(t)
	for _, s := range w.subjects {
		t.Run(s.name, func(t *testing.T) {
			failures, accepted := 0, 0
			g := &generator{document: w.document, rand: rand.New(rand.NewPCG(1, uint64(len(s.name))))}
			const n = 22_000
			for i := 0; i < n/len(w.subjects) && failures < 12; i++ {
				switch status, ok := s.try(t, g.body(s.source)); {
				case !ok:
					failures++
				case status == http.StatusNoContent:
					accepted++
				}
			}
			if failures == 0 {
				assert.GreaterOrEqual(t, accepted, n/len(w.subjects)/20, "of those few that were accepted nothing can be said")
			}
		})
	}
}

func FuzzBodies(f *testing.F) {
	w := published(f)
	for i, s := range w.subjects {
		g := &generator{document: w.document, rand: rand.New(rand.NewPCG(2, uint64(i))), calm: true}
		f.Add(byte(i), g.body(s.source), uint64(0))
		f.Add(byte(i), []byte("null"), uint64(i))
	}
	f.Fuzz(func(t *testing.T, index byte, body []byte, seed uint64) {
		s := w.subjects[int(index)%len(w.subjects)]
		s.try(t, body)
		g := &generator{document: w.document, rand: rand.New(rand.NewPCG(seed, 3))}
		s.try(t, g.body(s.source))
		if value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body)); err == nil {
			s.try(t, g.write(g.edit(value)))
		}
	})
}

// What was accepted is sent back, and held against the schema of the response.
func TestWhatIsSentMeetsTheSchemaOfTheResponse(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	echoes := allEchoes(mux)
	doc := openapi.New(mux, openapi.Info{Title: "Echoes", Version: "1"}).JSON()
	var document map[string]any
	require.NoError(t, json.Unmarshal(doc, &document))
	checker := conform.New(t, doc)
	for _, name := range echoes {
		t.Run(name, func(t *testing.T) {
			source := lookUp(document, conform.Pointer("paths", "/"+name, "post", "requestBody", "content", "application/json", "schema"))
			output := checker.Schema(conform.Pointer("paths", "/"+name, "post", "responses", "200", "content", "application/json", "schema"))
			g := &generator{document: document, rand: rand.New(rand.NewPCG(4, uint64(len(name)))), calm: true}
			sent := 0
			for range 200 {
				body := g.body(source.(map[string]any))
				r := httptest.NewRequest("POST", "/"+name, bytes.NewReader(body))
				r.Header.Set("Content-Type", "application/json")
				w := httptest.NewRecorder()
				mux.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					require.NotEqual(t, http.StatusInternalServerError, w.Code, "%s", body)
					continue
				}
				sent++
				value, err := jsonschema.UnmarshalJSON(w.Body)
				require.NoError(t, err)
				if err := output.Validate(value); err != nil {
					t.Fatalf("%s became %v: %v", body, value, err)
				}
			}
			assert.NotZero(t, sent)
		})
	}
}

// find returns the subject of a name.
func (w *world) find(name string) *subject {
	return w.subjects[slices.IndexFunc(w.subjects, func(s *subject) bool { return s.name == name })]
}

func TestTypedAndItsSchemaAgreeOnFormats(t *testing.T) {
	s := published(t).find("formats")
	texts := slices.Concat(slices.Collect(maps.Values(formatTexts))...)
	for name := range formatTexts {
		for _, text := range texts {
			s.try(t, fmt.Appendf(nil, `{%q:%s}`, name, quoted(text)))
		}
	}
}

func TestTypedAndItsSchemaAgreeAtTheEdges(t *testing.T) {
	w := published(t)
	s := w.find("edges")
	schema := lookUp(w.document, strings.TrimPrefix(s.source["$ref"].(string), "#")).(map[string]any)
	texts := slices.Concat(numbers, base64Texts, strange, formatTexts["date-time"], formatTexts["go-duration"])
	for name := range schema["properties"].(map[string]any) {
		for _, text := range texts {
			s.try(t, fmt.Appendf(nil, `{%q:%s}`, name, quoted(text)))
			s.try(t, fmt.Appendf(nil, `{%q:{%s:true}}`, name, quoted(text)))
		}
		for _, number := range numbers {
			s.try(t, fmt.Appendf(nil, `{%q:%s}`, name, number))
			s.try(t, fmt.Appendf(nil, `{%q:-%s}`, name, strings.TrimPrefix(number, "-")))
		}
		for _, first := range numbers[:8] {
			for _, second := range numbers[:8] {
				s.try(t, fmt.Appendf(nil, `{%q:{%q:true,%q:true}}`, name, first, second))
			}
		}
	}
}

func quoted(text string) []byte {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return b
}
