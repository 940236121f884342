package conform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A Checker holds responses against what an OpenAPI document says of them. It is
// made by [New], and may be used by any number of goroutines.
type Checker struct {
	t          testing.TB
	operations map[string]map[string]operation // by template's key and method
	keys       []string                        // those with fewer wildcards first

	mu       sync.Mutex
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema // by pointer
	except   []string
	seen     map[string]bool
}

// The document, as far as it says something of responses.
type (
	document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	operation struct {
		Responses map[string]response `json:"responses"`
		pointer   string
	}
	response struct {
		Headers map[string]header    `json:"headers"`
		Content map[string]mediaType `json:"content"`
	}
	header struct {
		Required bool            `json:"required"`
		Schema   json.RawMessage `json:"schema"`
	}
	mediaType struct {
		Schema json.RawMessage `json:"schema"`
		Item   json.RawMessage `json:"x-itemSchema"`
	}
)

// New returns a checker for an OpenAPI 3.1 document in JSON. It fails the test
// if that can't be read.
func New(t testing.TB, doc []byte) *Checker {
	t.Helper()
	c := &Checker{
		t: t, operations: map[string]map[string]operation{}, compiler: newCompiler(),
		schemas: map[string]*jsonschema.Schema{}, seen: map[string]bool{},
	}
	var d document
	if err := json.Unmarshal(doc, &d); err != nil {
		t.Fatalf("the document isn't JSON: %v", err)
	}
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		t.Fatalf("the document isn't JSON: %v", err)
	}
	if err := c.compiler.AddResource(base, whole); err != nil {
		t.Fatalf("the document: %v", err)
	}
	for path, methods := range d.Paths {
		byMethod := map[string]operation{}
		for method, text := range methods {
			var op operation
			if err := json.Unmarshal(text, &op); err != nil {
				t.Fatalf("%s %s: %v", method, path, err)
			}
			op.pointer = Pointer("paths", path, method)
			byMethod[strings.ToUpper(method)] = op
		}
		c.operations[keyOf(path)] = byMethod
	}
	c.keys = slices.SortedFunc(maps.Keys(c.operations), func(a, b string) int {
		return strings.Compare(strings.ReplaceAll(a, "{}", "\U0010FFFF"), strings.ReplaceAll(b, "{}", "\U0010FFFF"))
	})
	return c
}

// base is what the document is called where schemas refer to it.
const base = "https://document.invalid/openapi.json"

// Pointer returns the JSON pointer with these names.
func Pointer(names ...string) string {
	var b strings.Builder
	for _, name := range names {
		b.WriteByte('/')
		b.WriteString(strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
	}
	return b.String()
}

// keyOf returns what templates that are the same, but for the names of
// wildcards, have in common.
func keyOf(template string) string {
	segments := strings.Split(template, "/")
	for i, segment := range segments {
		if strings.HasPrefix(segment, "{") {
			segments[i] = "{}"
		} else if text, err := url.PathUnescape(segment); err == nil {
			segments[i] = url.PathEscape(text)
		}
	}
	return strings.Join(segments, "/")
}

// Except adds patterns, "/docs/", whose responses aren't checked if the document
// hasn't them, and returns the checker. Without that they are errors, unless they
// are 404 or 405. Call it before the checker is used.
func (c *Checker) Except(patterns ...string) *Checker {
	for _, pattern := range patterns {
		c.except = append(c.except, keyOf(pattern))
	}
	return c
}

// Schema returns the schema at a JSON pointer into the document. It fails the
// test if there is none.
func (c *Checker) Schema(pointer string) *jsonschema.Schema {
	c.t.Helper()
	s, err := c.schema(pointer)
	if err != nil {
		c.t.Fatalf("the schema at %s: %v", pointer, err)
	}
	return s
}

func (c *Checker) schema(pointer string) (*jsonschema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.schemas[pointer]; ok {
		return s, nil
	}
	u := url.URL{Fragment: pointer}
	s, err := c.compiler.Compile(base + u.String())
	if err == nil {
		c.schemas[pointer] = s
	}
	return s, err
}

// Seen returns the responses that have been checked, "GET /stuff/{} 200", sorted.
func (c *Checker) Seen() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.seen))
}

// Response checks a response: that the document has its status, as such, by its
// class or as default; that its headers, its media type and its body are what the
// document says. The pattern is the one of [http.Request.Pattern], with or
// without the method, or a path. What is wrong is an error of the test.
func (c *Checker) Response(method, pattern string, status int, header http.Header, body []byte) {
	c.t.Helper()
	pattern = withoutMethod(pattern)
	key := c.find(pattern, method)
	op, ok := c.operation(key, method)
	if !ok {
		if status != http.StatusNotFound && status != http.StatusMethodNotAllowed && !slices.Contains(c.except, keyOf(pattern)) {
			c.t.Errorf("%s %s was answered %d, and the document hasn't that operation", method, pattern, status)
		}
		return
	}
	for _, problem := range c.check(op, method, status, header, body) {
		c.t.Errorf("%s %s was answered %d, but %s\n%s", method, pattern, status, problem, excerpt(body))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[fmt.Sprintf("%s %s %d", method, key, status)] = true
}

// withoutMethod returns the path of a pattern, without the method and the host.
func withoutMethod(pattern string) string { return pattern[max(strings.IndexByte(pattern, '/'), 0):] }

// has tells whether a pattern is one of the document's.
func (c *Checker) has(pattern string) bool {
	_, ok := c.operations[keyOf(withoutMethod(pattern))]
	return ok
}

func excerpt(body []byte) []byte { return body[:min(len(body), 2000)] }

// find returns the key of the operation that serves a pattern or a path.
func (c *Checker) find(pattern, method string) string {
	key := keyOf(pattern)
	if _, ok := c.operations[key]; ok {
		return key
	}
	segments := strings.Split(key, "/")
	for _, candidate := range c.keys {
		wanted := strings.Split(candidate, "/")
		if _, ok := c.operation(candidate, method); ok && slices.EqualFunc(wanted, segments, func(wanted, segment string) bool {
			return wanted == "{}" && segment != "" || wanted == segment
		}) {
			return candidate
		}
	}
	return key
}

// operation returns what answers a method, which for HEAD can be that for GET.
func (c *Checker) operation(key, method string) (operation, bool) {
	op, ok := c.operations[key][method]
	if !ok && method == http.MethodHead {
		op, ok = c.operations[key][http.MethodGet]
	}
	return op, ok
}

func (c *Checker) check(op operation, method string, status int, h http.Header, body []byte) (problems []string) {
	declared := ""
	for _, candidate := range []string{strconv.Itoa(status), strconv.Itoa(status/100) + "XX", "default"} {
		if _, ok := op.Responses[candidate]; ok {
			declared = candidate
			break
		}
	}
	rs, ok := op.Responses[declared]
	if !ok {
		return []string{fmt.Sprintf("the document has only %q", slices.Sorted(maps.Keys(op.Responses)))}
	}
	pointer := op.pointer + Pointer("responses", declared)
	problems = c.checkHeaders(rs, pointer, h)
	noBody := method == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified
	switch {
	case noBody && len(body) > 0 && method != http.MethodHead:
		return append(problems, "there is a body")
	case noBody:
		return problems
	case len(body) == 0 && h.Get("Content-Type") == "":
		if len(rs.Content) > 0 && declared != "default" {
			problems = append(problems, "there is no body")
		}
		return problems
	case len(rs.Content) == 0:
		if declared != "default" { // of which nothing may be known
			problems = append(problems, "the document has no body")
		}
		return problems
	}
	return append(problems, c.checkBody(rs, pointer, h.Get("Content-Type"), body)...)
}

// checkHeaders checks those headers that the document has.
func (c *Checker) checkHeaders(rs response, pointer string, h http.Header) (problems []string) {
	for name, declared := range rs.Headers {
		values := h.Values(name)
		if len(values) == 0 {
			if declared.Required {
				problems = append(problems, fmt.Sprintf("there is no %s", name))
			}
			continue
		}
		for _, value := range values {
			if problem := c.checkText(pointer+Pointer("headers", name, "schema"), value); problem != "" {
				problems = append(problems, fmt.Sprintf("%s: %q: %s", name, value, problem))
			}
		}
	}
	return problems
}

// checkText checks a text that may stand for a number or a bool.
func (c *Checker) checkText(pointer, text string) string {
	s, err := c.schema(pointer)
	if err != nil {
		return err.Error()
	}
	err = s.Validate(text)
	if value, failure := jsonschema.UnmarshalJSON(strings.NewReader(text)); err != nil && failure == nil {
		err = s.Validate(value)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// checkBody checks a body's media type and schema.
func (c *Checker) checkBody(rs response, pointer, contentType string, body []byte) (problems []string) {
	sent, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return []string{fmt.Sprintf("its Content-Type is %q", contentType)}
	}
	major, _, _ := strings.Cut(sent, "/")
	for _, candidate := range []string{sent, major + "/*", "*/*"} {
		content, ok := rs.Content[candidate]
		if !ok {
			continue
		}
		pointer += Pointer("content", candidate)
		if content.Item != nil {
			return c.checkItems(pointer+"/x-itemSchema", sent, body)
		}
		if content.Schema == nil {
			return nil
		}
		if isJSON(sent) {
			return c.checkJSON(pointer+"/schema", body)
		}
		if problem := c.checkText(pointer+"/schema", string(body)); problem != "" {
			problems = append(problems, problem)
		}
		return problems
	}
	return []string{fmt.Sprintf("it is %s, and the document has only %q", sent, slices.Sorted(maps.Keys(rs.Content)))}
}

func isJSON(mediaType string) bool {
	return mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}

func (c *Checker) checkJSON(pointer string, text []byte) []string {
	s, err := c.schema(pointer)
	if err != nil {
		return []string{err.Error()}
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err == nil {
		err = s.Validate(value)
	}
	if err != nil {
		return []string{err.Error()}
	}
	return nil
}

// checkItems checks the items of a stream: a line each, or the data of an event.
func (c *Checker) checkItems(pointer, mediaType string, body []byte) (problems []string) {
	for text := range bytes.SplitSeq(body, []byte("\n")) {
		if mediaType == "text/event-stream" {
			if bytes.HasPrefix(text, []byte("event: error")) {
				break
			}
			var isData bool
			if text, isData = bytes.CutPrefix(text, []byte("data:")); !isData {
				continue
			}
		}
		if len(bytes.TrimSpace(text)) > 0 {
			problems = append(problems, c.checkJSON(pointer, text)...)
		}
	}
	return problems
}
