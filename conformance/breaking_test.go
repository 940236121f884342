package conformance

import (
	"fmt"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"github.com/oasdiff/oasdiff/diff"
	"github.com/oasdiff/oasdiff/load"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/openapi/openapitest"
)

// An edit changes a part of an operation. What openapitest says of it is what oasdiff
// says, unless there is a reason.
type edit struct {
	what          string
	before, after string // the operation's members
	breaks        bool   // by openapitest
	differs       string // why oasdiff says otherwise
}

const (
	inBody   = `"requestBody":{"required":true,"content":{"application/json":{"schema":%s}}},"responses":{"204":{"description":""}}`
	inQuery  = `"parameters":[{"name":"p","in":"query","schema":%s}],"responses":{"204":{"description":""}}`
	inAnswer = `"responses":{"200":{"description":"","content":{"application/json":{"schema":%s}}}}`
)

// member returns a schema of objects with a member.
func member(schema string) string {
	return `{"type":"object","properties":{"m":` + schema + `,"n":{"type":"string"}},"required":["n"]}`
}

// in returns an edit of a schema in one of the places.
func in(place, what, before, after string, breaks bool, differs string) edit {
	return edit{what, fmt.Sprintf(place, before), fmt.Sprintf(place, after), breaks, differs}
}

func edits() []edit {
	const none = `"responses":{"204":{"description":""}}`
	parameter := func(rest string) string { return `"parameters":[{"name":"p","in":"query"` + rest + `}],` + none }
	const text, words = `,"schema":{"type":"string"}`, `,"schema":{"type":"array","items":{"type":"string"}}`
	short, long := `{"type":"string","maxLength":5}`, `{"type":"string","maxLength":6}`
	few, many := `{"type":"string","enum":["a"]}`, `{"type":"string","enum":["a","b"]}`
	return []edit{
		{"an ID", `"operationId":"a",` + none, `"operationId":"b",` + none, true, "generated clients have a method of that name"},
		{"a summary", none, `"summary":"a",` + none, false, ""},
		{"a deprecation", none, `"deprecated":true,` + none, false, ""},
		{"an optional parameter", none, parameter(text), false, ""},
		{"a required parameter", none, parameter(`,"required":true` + text), true, ""},
		{"a parameter less", parameter(text), none, true, ""},
		{"a parameter that is required now", parameter(text), parameter(`,"required":true` + text), true, ""},
		{"a parameter that is optional now", parameter(`,"required":true` + text), parameter(text), false, ""},
		in(inQuery, "a shorter parameter", long, short, true, ""),
		in(inQuery, "a longer parameter", short, long, false, ""),
		in(inQuery, "a value of a parameter less", many, few, true, ""),
		in(inQuery, "a value of a parameter more", few, many, false, ""),
		in(inQuery, "another type of a parameter", `{"type":"string"}`, `{"type":"integer"}`, true, ""),
		in(inQuery, "a higher minimum", `{"type":"integer","minimum":1}`, `{"type":"integer","minimum":2}`, true, ""),
		in(inQuery, "a pattern", `{"type":"string"}`, `{"type":"string","pattern":"^a"}`, true, ""),
		in(inBody, "a shorter member", member(long), member(short), true, ""),
		in(inBody, "a longer member", member(short), member(long), false, ""),
		in(inBody, "a member's value less", member(many), member(few), true, ""),
		in(inBody, "a member's value more", member(few), member(many), false, ""),
		in(inBody, "a required member more", `{"type":"object"}`, member(short), true, ""),
		in(inBody, "a member that can't be null", member(`{"type":["string","null"]}`), member(`{"type":"string"}`), true, ""),
		in(inAnswer, "a shorter member of an answer", member(long), member(short), false, ""),
		in(inAnswer, "a longer member of an answer", member(short), member(long), true, ""),
		in(inAnswer, "an answer's value more", member(few), member(many), true, ""),
		in(inAnswer, "an answer's value less", member(many), member(few), false, ""),
		in(inAnswer, "an answer's member more", `{"type":"object"}`, member(short), false, ""),
		in(inAnswer, "a required member of an answer less", member(short), `{"type":"object","properties":{"m":`+short+`}}`, true, ""),
		in(inAnswer, "an answer's member that can be null", member(`{"type":"string"}`), member(`{"type":["string","null"]}`), true, ""),
		in(inAnswer, "another type of an answer", `{"type":"string"}`, `{"type":"integer"}`, true, ""),
		{"a success less", `"responses":{"200":{"description":""},"204":{"description":""}}`, none, true, ""},
		{"a success more", none, `"responses":{"200":{"description":""},"204":{"description":""}}`, false, ""},
		{"an error less", `"responses":{"204":{"description":""},"409":{"description":""}}`, none, false, ""},
		{"an error more", none, `"responses":{"204":{"description":""},"409":{"description":""}}`, false, ""},
		{"one status of a class", `"responses":{"2XX":{"description":""}}`, `"responses":{"200":{"description":""}}`, false, ""},
		{"a class for a status", `"responses":{"200":{"description":""}}`, `"responses":{"2XX":{"description":""}}`, true, ""},
		{"a header of an answer less", `"responses":{"204":{"description":"","headers":{"A":{"required":true,"schema":{"type":"string"}}}}}`, none, true, ""},
		{"a header of an answer more", none, `"responses":{"204":{"description":"","headers":{"A":{"schema":{"type":"string"}}}}}`, false, ""},
		{
			"another media type of an answer", `"responses":{"200":{"description":"","content":{"text/plain":{}}}}`,
			`"responses":{"200":{"description":"","content":{"text/csv":{}}}}`, true, "",
		},
		in(inQuery, "another default", `{"type":"integer","default":1}`, `{"type":"integer","default":2}`, true, "a request without it means something else"),
		in(inBody, "a format", member(`{"type":"string"}`), member(`{"type":"string","format":"uuid"}`), true, ""),
		in(inBody, "a member less", member(short), `{"type":"object","properties":{"n":{"type":"string"}},"required":["n"]}`, true, ""),
		in(inBody, "no other members", member(short), strings.Replace(member(short), "{", `{"additionalProperties":false,`, 1), true, "what was ignored is refused"),
		in(inBody, "fewer elements", `{"type":"array","items":{},"maxItems":3}`, `{"type":"array","items":{},"maxItems":2}`, true, ""),
		in(inAnswer, "more elements of an answer", `{"type":"array","items":{},"maxItems":2}`, `{"type":"array","items":{},"maxItems":3}`, true, ""),
		in(inAnswer, "an answer without a pattern", member(`{"type":"string","pattern":"^a"}`), member(`{"type":"string"}`), true, ""),
		in(inAnswer, "a lower minimum of an answer", member(`{"type":"integer","minimum":1}`), member(`{"type":"integer","minimum":0}`), true, ""),
		in(inAnswer, "an optional member of an answer less", member(short), `{"type":"object","properties":{"n":{"type":"string"}},"required":["n"]}`, true, "a client that shows it has nothing to show"),
		in(inAnswer, "an integer that may be a number", member(`{"type":"integer"}`), member(`{"type":"number"}`), true, ""),
		in(inAnswer, "a number that is an integer", member(`{"type":"number"}`), member(`{"type":"integer"}`), false, ""),
		{"a body", none, `"requestBody":{"content":{"application/json":{}}},` + none, false, ""},
		{"a body that is required now", `"requestBody":{"content":{"application/json":{}}},` + none, `"requestBody":{"required":true,"content":{"application/json":{}}},` + none, true, ""},
		{"a body's media type less", `"requestBody":{"content":{"a/b":{},"application/json":{}}},` + none, `"requestBody":{"content":{"application/json":{}}},` + none, true, ""},
		{"a list with commas", parameter(words), parameter(`,"explode":false` + words), true, "a list of two is one value"},
		{"a list without commas", parameter(`,"explode":false` + words), parameter(words), true, "the second value of a list is lost"},
		{"a list with spaces", parameter(words), parameter(`,"style":"spaceDelimited","explode":false` + words), true, "a list of two is one value"},
		{"what is so by default", parameter(words), parameter(`,"style":"form","explode":true` + words), false, ""},
		{"commas in what is no list", parameter(text), parameter(`,"explode":false` + text), false, ""},
		{"an object by its members", parameter(`,"schema":{"type":"object"}`), parameter(`,"style":"deepObject","schema":{"type":"object"}`), true, "filter[a] isn't a"},
		{"a tag", none, `"tags":["a"],` + none, false, ""},
		{"credentials", none, `"security":[{"key":[]}],` + none, true, ""},
		{"no credentials", `"security":[{"key":[]}],` + none, none, false, ""},
	}
}

func documentOf(operation string) string {
	return `{"openapi":"3.1.1","info":{"title":"T","version":"1"},"paths":{"/stuff":{"post":{` + operation + `}}},` +
		`"components":{"securitySchemes":{"key":{"type":"apiKey","in":"header","name":"X-Key"}}}}`
}

// byOasdiff returns what oasdiff calls errors, and warnings.
func byOasdiff(t *testing.T, before, after string) (breaks []string) {
	t.Helper()
	info := func(text string) *load.SpecInfo {
		doc, err := openapi3.NewLoader().LoadFromData([]byte(text))
		require.NoError(t, err, text)
		return &load.SpecInfo{Spec: doc, Version: "1"}
	}
	report, sources, err := diff.GetWithOperationsSourcesMap(diff.NewConfig(), info(before), info(after))
	require.NoError(t, err)
	for _, change := range checker.CheckBackwardCompatibility(checker.NewConfig(checker.GetAllChecks()), report, sources) {
		if change.IsBreaking() {
			breaks = append(breaks, change.GetId())
		}
	}
	return breaks
}

func TestWhatBreaksClientsIsWhatOasdiffSays(t *testing.T) {
	for _, e := range edits() {
		before, after := documentOf(e.before), documentOf(e.after)
		ours, others, err := openapitest.Changes([]byte(before), []byte(after))
		require.NoError(t, err)
		assert.Equal(t, e.breaks, len(ours) > 0, "%s: openapitest says that %q breaks, and %q doesn't", e.what, ours, others)
		theirs := byOasdiff(t, before, after)
		assert.Equal(t, e.breaks, (len(theirs) > 0) == (e.differs == ""), "%s: openapitest says %q, oasdiff %q, and the reason is %q",
			e.what, strings.Join(ours, "; "), theirs, e.differs)
	}
}
