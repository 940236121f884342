package openapi

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rcrowley/go-tigertonic"
)

// A pageView is what the template of the page shows.
type pageView struct {
	Title, Version, Summary string
	Description             []block
	Server                  string
	Operations              int
	Groups                  []groupView
	Schemas                 []namedView
	CSS                     any
	Script                  any
}

// A groupView is a tag, or the beginning of paths, with its operations.
type groupView struct {
	Name, Anchor string
	Operations   []operationView
}

type operationView struct {
	Anchor, Method, Host string
	Path                 []pathPart
	FullPath             string
	Title                string // "" if there is none but the method and the path
	ID                   string
	Search               string // what is searched
	Description          []block
	Deprecated           bool
	Security             []tigertonic.SecurityScheme
	Parameters           []parametersView
	Body                 *bodyView
	Responses            []responseView
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
}

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

// A namedView is a schema that others refer to.
type namedView struct {
	Anchor string
	schemaView
}

func newPageView(doc *Document) pageView {
	v := pageView{
		Title:       doc.info.Title,
		Version:     doc.info.Version,
		Summary:     doc.info.Summary,
		Description: blocksOf(doc.info.Description),
		Server:      server(doc),
		Operations:  len(doc.operations),
		CSS:         trustedStyle(),
		Script:      trustedScript(),
	}
	tagged := slices.ContainsFunc(doc.operations, func(op operation) bool { return len(op.Tags) > 0 })
	for _, op := range doc.operations {
		v.add(groupName(op, tagged), newOperationView(doc, op))
	}
	slices.SortStableFunc(v.Groups, func(a, b groupView) int { // what has no tag comes last
		return cmp.Compare(strconv.FormatBool(a.Name == untagged), strconv.FormatBool(b.Name == untagged))
	})
	for _, named := range doc.schemas {
		s := &schemaViewer{names: doc.names, root: named.schema}
		v.Schemas = append(v.Schemas, namedView{schemaAnchor(named.name), s.view(named.name, named.schema)})
	}
	return v
}

const untagged = "Other"

// add adds an operation to its group.
func (v *pageView) add(name string, op operationView) {
	i := slices.IndexFunc(v.Groups, func(g groupView) bool { return g.Name == name })
	if i < 0 {
		i = len(v.Groups)
		v.Groups = append(v.Groups, groupView{Name: name, Anchor: "group." + strconv.Itoa(i+1)})
	}
	v.Groups[i].Operations = append(v.Groups[i].Operations, op)
}

var versionSegment = regexp.MustCompile(`^(v?\d+(\.\d+)*|api)$`)

// groupName returns the first tag, or, if no operation has any, the path up to
// the first segment that tells more than a version.
func groupName(op operation, tagged bool) string {
	if len(op.Tags) > 0 {
		return op.Tags[0]
	}
	if tagged {
		return untagged
	}
	var name strings.Builder
	name.WriteString(op.host)
	for segment := range strings.SplitSeq(strings.TrimPrefix(op.path, "/"), "/") {
		if strings.HasPrefix(segment, "{") {
			break
		}
		name.WriteString("/" + segment)
		if !versionSegment.MatchString(segment) {
			break
		}
	}
	return cmp.Or(name.String(), "/")
}

func newOperationView(doc *Document, op operation) operationView {
	v := operationView{
		Anchor:      op.anchor,
		Method:      op.method,
		Host:        op.host,
		Path:        pathParts(op.path),
		FullPath:    op.path,
		Title:       op.Summary,
		ID:          op.ID,
		Description: blocksOf(op.Description),
		Deprecated:  op.Deprecated,
		Security:    op.Security,
	}
	v.Search = strings.ToLower(strings.Join(append([]string{op.method, op.host, op.path, op.Summary, op.ID}, op.Tags...), " "))
	parameters := allParameters(op)
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
	if op.Body != nil {
		v.Body = &bodyView{blocksOf(op.Body.Description), op.Body.Required, contentViews(doc, op.Body.Content)}
	}
	for _, status := range slices.SortedFunc(maps.Keys(op.Responses), compareStatus) {
		v.Responses = append(v.Responses, newResponseView(doc, status, op.Responses[status]))
	}
	v.Example = firstExample(v.Responses)
	v.Form = newFormView(doc, op, parameters, v.Body, v.Responses)
	v.Curl = v.Form.curl("http://localhost")
	return v
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
func allParameters(op operation) []tigertonic.Parameter {
	var parameters []tigertonic.Parameter
	for _, wildcard := range wildcards.FindAllString(op.path, -1) {
		name := wildcardName(wildcard)
		listed := slices.ContainsFunc(op.Parameters, func(p tigertonic.Parameter) bool { return p.In == "path" && p.Name == name })
		if !listed && name != "" {
			parameters = append(parameters, tigertonic.Parameter{
				Name: name, In: "path", Required: true, Schema: &tigertonic.Schema{Types: []string{"string"}},
			})
		}
	}
	return append(parameters, op.Parameters...)
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
	v := responseView{status, statusClass(status), blocksOf(rs.Description), nil, contentViews(doc, rs.Content)}
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

func contentViews(doc *Document, content map[string]tigertonic.MediaType) (views []contentView) {
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
		v.Example = mediaExample(mediaType, m)
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
	for _, rs := range responses {
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
