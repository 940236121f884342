package openapitest_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
	"github.com/rcrowley/go-tigertonic/openapi/openapitest"
	"github.com/rcrowley/go-tigertonic/schema"
)

// A recorder is a test that keeps what it is told.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper()      {}
func (r *recorder) Name() string { return "TestDocument/sub" }
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

// golden returns what Golden says of a document.
func golden(doc *openapi.Document, path string) string {
	r := &recorder{}
	openapitest.Golden(r, doc, path)
	return strings.Join(r.failures, "\n")
}

// routes is a mux's by what is registered: "GET /stuff".
type routes map[string]func(op *tigertonic.Operation)

var foreign = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

func (rs routes) mux() *tigertonic.TrieServeMux {
	mux := tigertonic.NewTrieServeMux()
	for route, describe := range rs {
		method, pattern, _ := strings.Cut(route, " ")
		mux.Handle(method, pattern, tigertonic.Described(foreign, describe))
	}
	return mux
}

func (rs routes) document() *openapi.Document {
	return openapi.New(rs.mux(), openapi.Info{Title: "Test", Version: "1.0"})
}

func undescribed(*tigertonic.Operation) {}

// keep returns the path of a file that has the document.
func keep(t *testing.T, doc *openapi.Document) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "openapi.json")
	require.NoError(t, os.WriteFile(path, doc.JSON(), 0o600))
	return path
}

func TestGoldenIsContentWithTheSame(t *testing.T) {
	t.Setenv("UPDATE_GOLDEN", "")
	doc := routes{"GET /stuff": undescribed}.document()
	path := keep(t, doc)
	assert.Empty(t, golden(doc, path))

	windows := strings.ReplaceAll(string(doc.JSON()), "\n", "\r\n")
	require.NoError(t, os.WriteFile(path, []byte(windows), 0o600))
	assert.Empty(t, golden(doc, path), "a checkout with CRLF")
}

func TestGoldenSaysHowToCreateTheFile(t *testing.T) {
	t.Setenv("UPDATE_GOLDEN", "")
	path := filepath.Join(t.TempDir(), "testdata", "openapi.json")
	assert.Equal(t, "openapitest: there is no "+path+" yet: create it by\n\n\tUPDATE_GOLDEN=1 go test -run '^TestDocument$'\n",
		golden(routes{}.document(), path))
	assert.NoFileExists(t, path)
}

func TestGoldenWritesTheFileWhenAsked(t *testing.T) {
	t.Setenv("UPDATE_GOLDEN", "1")
	path := filepath.Join(t.TempDir(), "testdata", "openapi.json")
	for _, rs := range []routes{{}, {"GET /stuff": undescribed}} {
		assert.Empty(t, golden(rs.document(), path))
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, string(rs.document().JSON()), string(text))
	}
	assert.Contains(t, golden(routes{}.document(), t.TempDir()), "is a directory")
	assert.Contains(t, golden(routes{}.document(), filepath.Join(path, "openapi.json")), "not a directory")
}

func TestGoldenReportsWhatBreaksClientsFirst(t *testing.T) {
	t.Setenv("UPDATE_GOLDEN", "")
	path := keep(t, routes{"GET /stuff": undescribed}.document())
	assert.Equal(t, ""+
		"openapitest: the document isn't what "+path+" has.\n"+
		"\n"+
		"Breaks clients:\n"+
		"\tGET /stuff: was removed\n"+
		"\n"+
		"Breaks no client:\n"+
		"\tPOST /stuff: was added\n"+
		"\n"+
		"If that is right, accept it by\n"+
		"\n"+
		"\tUPDATE_GOLDEN=1 go test -run '^TestDocument$'\n",
		golden(routes{"POST /stuff": undescribed}.document(), path))
}

func TestGoldenReportsFilesThatAreNoDocument(t *testing.T) {
	t.Setenv("UPDATE_GOLDEN", "")
	path := filepath.Join(t.TempDir(), "openapi.json")
	for text, want := range map[string]string{
		"":                        "can't be compared: unexpected end of JSON input",
		"[]":                      "can't be compared: json: cannot unmarshal array",
		"<<<<<<< HEAD":            "can't be compared: invalid character '<'",
		"{}":                      "title has changed",
		`{"paths":{"/":[1]}}`:     "title has changed",
		`{"paths":{"/{":{"":0}}}`: "was removed",
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		assert.Contains(t, golden(routes{}.document(), path), want, "%s", text)
	}
	layout := strings.ReplaceAll(string(routes{}.document().JSON()), "  ", "\t")
	require.NoError(t, os.WriteFile(path, []byte(layout), 0o600))
	assert.Contains(t, golden(routes{}.document(), path), "Nothing that a client could tell has changed.")
}

func FuzzGoldenComparesWithAnyFile(f *testing.F) {
	node := &schema.Schema{Name: "Node", Types: []string{"object"}}
	node.Properties = []schema.Property{{Name: "next", Schema: &schema.Schema{
		AnyOf: []*schema.Schema{node, withSchema("null"), withSchema("string")},
	}}}
	doc := routes{"GET /{id}": func(op *tigertonic.Operation) {
		op.Response(http.StatusOK).Add("application/json", tigertonic.MediaType{Schema: node})
	}}.document()
	f.Add(string(doc.JSON()))
	f.Add(`{"paths":{"/{x}":{"get":{"parameters":[{"$ref":"#/a"}],"responses":{"":{}}}}},"a":{"$ref":"#/a"}}`)
	f.Add(strings.ReplaceAll(string(doc.JSON()), `"type": "object"`, `"type":[{}],"anyOf":[{"$ref":"#/components/schemas/Node"},{"type":"null"}]`))
	f.Add(strings.ReplaceAll(string(doc.JSON()), "components/schemas/Node", ""))
	path := filepath.Join(f.TempDir(), "openapi.json")
	f.Fuzz(func(t *testing.T, text string) {
		t.Setenv("UPDATE_GOLDEN", "")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		if strings.ReplaceAll(text, "\r\n", "\n") != string(doc.JSON()) {
			assert.NotEmpty(t, golden(doc, path))
		}
	})
}

func TestGoldenFailsOnWhatIsNotKnown(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/health", foreign)
	mux.HandleNamespace("/v1", http.NewServeMux())
	doc := openapi.New(mux, openapi.Info{Title: "Test", Version: "1.0"})
	path := keep(t, doc)
	r := &recorder{}
	openapitest.Golden(r, doc, path)
	text := strings.Join(r.failures, "\n")
	assert.Regexp(t, `GET /health → \S+ \(not described\), registered at \S+: wrap it in tigertonic.Described, or allow it: Golden\(t, doc, path, "GET /health"\)`, text)
	assert.Regexp(t, `/v1/{...} → \*http.ServeMux \(not described\), registered at \S+: .*tigertonic.Wrapped, or allow it`, text)

	r = &recorder{}
	openapitest.Golden(r, doc, path, "GET /health", "/v1/{...}")
	assert.Empty(t, r.failures)
	openapitest.Golden(r, doc, path, "GET /health", "/v1/{...}", "GET /gone")
	assert.Equal(t, []string{`openapitest: "GET /gone" is allowed not to be described, but it is, or isn't there`}, r.failures)
}
