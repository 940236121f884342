package openapi

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
)

// An operationView is an operation in words.
type operationView struct {
	Anchor, Method, Host string
	FullPath             string
	Title                string // "" if there is none but the method and the path
	Description          []block
	Deprecated           bool
	Hook                 bool // it is sent by the service
	Security             []securityView
	Parameters           []parametersView
	Body                 *bodyView
	Responses            []responseView
	Errors               []responseView // folded, if they are many
	Form                 formView
	Curl                 string
	Example              *exampleView // of a response
}

// A pathPart is the text of a segment with its slash, or a wildcard.
type pathPart struct {
	Text     string
	Wildcard bool
}

// parametersView are the parameters in one part of the request.
type parametersView struct {
	In         string
	Parameters []schemaView
}

type bodyView struct {
	Description []block
	Required    bool
	Contents    []contentView
}

type responseView struct {
	Status, Class string
	Description   []block
	Headers       []schemaView
	Contents      []contentView
	Links         []linkView
}

// A linkView leads to an operation that may be asked for next.
type linkView struct{ name, anchor, description string }

// A contentView is a body of a media type.
type contentView struct {
	MediaType string
	Schema    schemaView
	Example   string
}

type exampleView struct {
	Status, Class string
	contentView
}

func newOperationView(doc *Document, op *operation) *operationView {
	v := &operationView{
		Anchor:      op.anchor,
		Method:      op.method,
		Host:        op.host,
		FullPath:    op.path,
		Title:       op.Summary,
		Description: blocksOf(op.Description),
		Deprecated:  op.Deprecated,
		Security:    securityViews(op.Security),
	}
	parameters := allParameters(op)
	v.Hook = op.hook
	for _, in := range []string{"path", "query", "header", "cookie"} {
		var views []schemaView
		for _, p := range parameters {
			if p.In == in {
				views = append(views, parameterView(doc, p))
			}
		}
		if views != nil {
			v.Parameters = append(v.Parameters, parametersView{in, views})
		}
	}
	if op.body != nil {
		body := op.body.value
		v.Body = &bodyView{blocksOf(body.Description), body.Required, contentViews(doc, body.Content, true)}
	}
	for _, rs := range slices.SortedFunc(slices.Values(op.responses), func(a, b statusPart) int { return compareStatus(a.status, b.status) }) {
		v.Responses = append(v.Responses, newResponseView(doc, rs.status, rs.value))
	}
	v.Example = firstExample(v.Responses)
	v.Form = newFormView(doc, op, parameters, v.Body, v.Responses)
	v.foldErrors()
	v.Curl = v.Form.curl("http://localhost")
	return v
}

// maxErrors is how many errors are listed as the other responses are.
const maxErrors = 3

// foldErrors takes the errors out of the responses if they are many.
func (v *operationView) foldErrors() {
	isError := func(rs responseView) bool { return rs.Class == "wrong" || rs.Class == "failed" }
	for i := range v.Responses {
		if isError(v.Responses[i]) {
			v.Errors = append(v.Errors, v.Responses[i])
		}
	}
	if len(v.Errors) <= maxErrors {
		v.Errors = nil
		return
	}
	v.Responses = slices.DeleteFunc(v.Responses, isError)
}

var wildcards = regexp.MustCompile(`\{[^{}]*\}`)

// pathParts splits a path after its slashes and round its wildcards.
func pathParts(path string) (parts []pathPart) {
	for segment := range strings.SplitAfterSeq(path, "/") {
		at := wildcards.FindStringIndex(segment)
		if at == nil {
			at = []int{len(segment), len(segment)}
		}
		for i, text := range []string{segment[:at[0]], segment[at[0]:at[1]], segment[at[1]:]} {
			if text != "" {
				parts = append(parts, pathPart{text, i == 1})
			}
		}
	}
	return parts
}

// allParameters returns the parameters, and those wildcards of the path that
// aren't listed.
func allParameters(op *operation) []tigertonic.Parameter {
	var parameters []tigertonic.Parameter
	path := op.path
	if op.hook {
		path = ""
	}
	for _, wildcard := range wildcards.FindAllString(path, -1) {
		name := wildcardName(wildcard)
		listed := slices.ContainsFunc(op.parameters, func(p *part[tigertonic.Parameter]) bool { return p.value.In == "path" && p.value.Name == name })
		if !listed && name != "" {
			parameters = append(parameters, tigertonic.Parameter{
				Name: name, In: "path", Required: true, Schema: &schema.Schema{Types: []string{"string"}},
			})
		}
	}
	for _, p := range op.parameters {
		parameters = append(parameters, p.value)
	}
	return parameters
}

// wildcardName returns the name in "{name}" and "{name...}".
func wildcardName(wildcard string) string {
	return strings.TrimSuffix(strings.Trim(wildcard, "{}"), "...")
}

// parameterView returns the schema of a parameter under its name.
func parameterView(doc *Document, p tigertonic.Parameter) schemaView {
	s := &schemaViewer{names: doc.names}
	v := s.view(p.Name, p.Schema)
	v.Required = p.Required
	v.Deprecated = v.Deprecated || p.Deprecated
	if p.Description != "" {
		v.Description = blocksOf(p.Description)
	}
	return v
}

func newResponseView(doc *Document, status string, rs *tigertonic.ResponseInfo) responseView {
	v := responseView{status, statusClass(status), blocksOf(rs.Description), nil, contentViews(doc, rs.Content, false), nil}
	for name, l := range sorted(rs.Links) {
		for i := range doc.operations {
			if op := &doc.operations[i]; op.ID == l.OperationID {
				v.Links = append(v.Links, linkView{name, op.anchor, l.Description})
			}
		}
	}
	if v.Class == "wrong" || v.Class == "failed" {
		v.leaveToSchemas()
	}
	for _, name := range slices.Sorted(maps.Keys(rs.Headers)) {
		h := rs.Headers[name]
		s := &schemaViewer{names: doc.names}
		header := s.view(name, h.Schema)
		if h.Description != "" {
			header.Description = blocksOf(h.Description)
		}
		v.Headers = append(v.Headers, header)
	}
	return v
}

// leaveToSchemas leaves out what there is to be said of bodies with a name, which is said
// where the link leads: most errors have the same.
func (v *responseView) leaveToSchemas() {
	for i := range v.Contents {
		if c := &v.Contents[i]; slices.ContainsFunc(c.Schema.Type, func(w word) bool { return w.Named }) {
			c.Schema, c.Example = schemaView{Type: c.Schema.Type}, ""
		}
	}
}

// statusClass returns the word for the class of a status that the style knows.
func statusClass(status string) string {
	switch {
	case strings.HasPrefix(status, "2"):
		return "good"
	case strings.HasPrefix(status, "3"):
		return "moved"
	case strings.HasPrefix(status, "4"):
		return "wrong"
	}
	return "failed"
}

// compareStatus sorts "default" behind the classes and these behind their
// members.
func compareStatus(a, b string) int {
	rank := func(status string) string { return strings.NewReplacer("XX", "~", "default", "~").Replace(status) }
	return cmp.Compare(rank(a), rank(b))
}

func contentViews(doc *Document, content map[string]tigertonic.MediaType, taken bool) (views []contentView) {
	for _, mediaType := range slices.SortedFunc(maps.Keys(content), compareMediaTypes) {
		m := content[mediaType]
		s := &schemaViewer{names: doc.names}
		v := contentView{MediaType: mediaType}
		if m.Schema == nil && m.Items != nil {
			v.Schema = s.view("", m.Items)
			v.Schema.Type = append([]word{{Text: "stream of "}}, v.Schema.Type...)
		} else {
			v.Schema = s.view("", m.Schema)
		}
		for i := range v.Schema.Members { // of a form
			member := &v.Schema.Members[i]
			if contentType := m.Encoding[member.Name].ContentType; contentType != "" {
				member.Facts = append(member.Facts, strings.ReplaceAll(contentType, ", ", " or "))
			}
		}
		v.Example = mediaExample(mediaType, m, taken)
		views = append(views, v)
	}
	return views
}

// compareMediaTypes sorts JSON before all others.
func compareMediaTypes(a, b string) int {
	rank := func(mediaType string) string {
		return strconv.FormatBool(mediaType != "application/json") + strconv.FormatBool(!isJSON(mediaType)) + mediaType
	}
	return cmp.Compare(rank(a), rank(b))
}

// firstExample returns the example of the first response that succeeds and has
// one.
func firstExample(responses []responseView) *exampleView {
	for i := range responses {
		rs := &responses[i]
		if rs.Class != "good" {
			continue
		}
		for i := range rs.Contents {
			if c := &rs.Contents[i]; c.Example != "" {
				return &exampleView{rs.Status, rs.Class, *c}
			}
		}
	}
	return nil
}

func schemaAnchor(name string) string { return "schema." + name }
