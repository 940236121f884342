package openapi

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic"
)

// A formView is the form that sends a request. The page's script makes the curl
// line anew from what is filled in, to the letter as [formView.curl] does.
type formView struct {
	Method, Path, Host, Server string
	Cookies                    bool // the request carries those of the site
	Streams                    bool // the response may be a stream
	Fields                     []*fieldView
	Credentials                []credentialView
	Accepts                    []string // media types to choose from
	Bodies                     []exampleBody
}

// A fieldView is the input of a parameter.
type fieldView struct {
	ID, Name, In, Type string
	Required           bool
	Many               bool // a value on each line
	Rest               bool // slashes stay as they are
	Options            []string
	Value, Placeholder string
}

// A credentialView is a security scheme that the form knows.
type credentialView struct {
	ID, Name, Scheme string
}

type exampleBody struct {
	MediaType, Example string
}

func newFormView(doc *Document, op operation, parameters []tigertonic.Parameter, body *bodyView, responses []responseView) formView {
	v := formView{Method: op.method, Path: op.path, Host: bracketed(op.host), Server: server(doc)}
	for i, p := range parameters {
		field := newFieldView(doc, p)
		field.ID = fmt.Sprintf("%s.field.%d", op.anchor, i+1)
		field.Rest = p.In == "path" && strings.HasSuffix(p.Description, "It may contain slashes.") // as New says of {name...}
		v.Cookies = v.Cookies || p.In == "cookie"
		v.Fields = append(v.Fields, field)
	}
	for i, s := range op.Security {
		if (s.Scheme == "basic" || s.Scheme == "bearer") && v.Credentials == nil { // there is one Authorization header
			v.Credentials = append(v.Credentials, credentialView{fmt.Sprintf("%s.security.%d", op.anchor, i+1), s.Name, s.Scheme})
		}
	}
	if body != nil {
		for i := range body.Contents {
			v.Bodies = append(v.Bodies, exampleBody{body.Contents[i].MediaType, body.Contents[i].Example})
		}
	}
	v.Accepts = accepts(responses)
	for _, rs := range op.Responses {
		for _, m := range rs.Content {
			v.Streams = v.Streams || m.Items != nil
		}
	}
	return v
}

// accepts returns the media types of successes if there are several.
func accepts(responses []responseView) (mediaTypes []string) {
	for _, rs := range responses {
		for i := range rs.Contents {
			if mediaType := rs.Contents[i].MediaType; rs.Class == "good" && !slices.Contains(mediaTypes, mediaType) {
				mediaTypes = append(mediaTypes, mediaType)
			}
		}
	}
	if len(mediaTypes) < 2 {
		return nil
	}
	return mediaTypes
}

func newFieldView(doc *Document, p tigertonic.Parameter) *fieldView {
	s := &schemaViewer{names: doc.names}
	field := &fieldView{Name: p.Name, In: p.In, Required: p.Required || p.In == "path"}
	for _, w := range s.words(p.Schema) {
		field.Type += w.Text
	}
	if p.Schema == nil {
		return field
	}
	e := resolve(p.Schema)
	values := &e
	if e.Items != nil && slices.Contains(e.Types, "array") {
		field.Many = true
		items := resolve(e.Items)
		values = &items
	}
	for _, option := range values.Enum {
		field.Options = append(field.Options, parameterText(option))
	}
	if slices.Contains(values.Types, "boolean") {
		field.Options = []string{"true", "false"}
	}
	if field.Required {
		field.Value = startValue(p, &e)
	}
	if e.Default != nil {
		field.Placeholder = parameterText(e.Default)
	} else if len(e.Examples) > 0 {
		field.Placeholder = parameterText(e.Examples[0])
	}
	field.Placeholder = strings.ReplaceAll(field.Placeholder, "\n", ", ")
	return field
}

// startValue returns what the input of a required parameter starts with, "" if
// that would be a word without sense.
func startValue(p tigertonic.Parameter, e *tigertonic.Schema) string {
	plain := slices.Equal(e.Types, []string{"string"}) && formatExample(e.Format) == "" && e.Pattern == ""
	if plain && givenExample(e, 0) == nil {
		return ""
	}
	return parameterText(json.RawMessage(exampleOf(p.Schema)))
}

// parameterText returns a JSON value as a parameter has it, the items of an
// array on lines of their own.
func parameterText(value json.RawMessage) string {
	var items []json.RawMessage
	if json.Unmarshal(value, &items) != nil || items == nil {
		return unquoted(compact(value))
	}
	lines := make([]string, len(items))
	for i, item := range items {
		lines[i] = unquoted(compact(item))
	}
	return strings.Join(lines, "\n")
}

// values returns what is sent of a field.
func (f *fieldView) values() (values []string) {
	for value := range strings.SplitSeq(f.Value, "\n") {
		if value != "" {
			values = append(values, value)
		}
	}
	return values
}

// curl returns the command that sends the request as the form stands at first,
// to a server at this origin.
func (v *formView) curl(origin string) string {
	var args []string
	switch v.Method {
	case "GET":
	case "HEAD":
		args = append(args, "--head")
	default:
		args = append(args, "-X "+v.Method)
	}
	for _, c := range v.Credentials {
		if c.Scheme == "basic" {
			args = append(args, "-u "+shellQuoted("user:password"))
		} else {
			args = append(args, "-H "+shellQuoted("Authorization: Bearer token"))
		}
	}
	add := func(in, option, between string) {
		for _, f := range v.Fields {
			for _, value := range f.values() {
				if f.In == in {
					args = append(args, option+" "+shellQuoted(f.Name+between+value))
				}
			}
		}
	}
	add("header", "-H", ": ")
	add("cookie", "-b", "=")
	if len(v.Accepts) > 0 {
		args = append(args, "-H "+shellQuoted("Accept: "+v.Accepts[0]))
	}
	if len(v.Bodies) > 0 {
		args = append(args, "-H "+shellQuoted("Content-Type: "+v.Bodies[0].MediaType), "--data-raw "+shellQuoted(v.Bodies[0].Example))
	}
	command := "curl"
	if v.Streams {
		command = "curl -N"
	}
	return strings.Join(append([]string{command + " " + shellQuoted(v.url(origin))}, args...), " \\\n  ")
}

// url returns where the request goes from a page of this origin.
func (v *formView) url(origin string) string {
	base := v.Server
	if !strings.Contains(base, "://") {
		base = origin + base
	}
	if v.Host != "" {
		scheme, rest, _ := strings.Cut(base, "://")
		_, path, _ := strings.Cut(rest, "/")
		base = scheme + "://" + v.Host + prefixed("/", path)
	}
	path := wildcards.ReplaceAllStringFunc(v.Path, func(wildcard string) string {
		for _, f := range v.Fields {
			if f.In == "path" && f.Name == wildcardName(wildcard) && f.Value != "" {
				return encoded(f.Value, f.Rest)
			}
		}
		return wildcard
	})
	var query []string
	for _, f := range v.Fields {
		for _, value := range f.values() {
			if f.In == "query" {
				query = append(query, encoded(f.Name, false)+"="+encoded(value, false))
			}
		}
	}
	return base + path + prefixed("?", strings.Join(query, "&"))
}

// encoded returns a text in which only what RFC 3986 §2.3 calls unreserved, and
// slashes if they stay, are not escaped.
func encoded(text string, slashes bool) string {
	text = strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
	if slashes {
		text = strings.ReplaceAll(text, "%2F", "/")
	}
	return text
}

// shellQuoted returns a word that a POSIX shell takes literally (XCU §2.2.2).
func shellQuoted(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
