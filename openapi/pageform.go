package openapi

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
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
	Bodies                     []payloadView
}

// A fieldView is the input of a parameter.
type fieldView struct {
	ID, Name, In, Type string
	Required           bool
	Many               bool   // a value on each line
	Members            bool   // a member of an object on each line, as name=value
	Rest               bool   // slashes stay as they are
	File               bool   // a file of the user's
	MediaTypes         string // that the file may have, with commas between them, or ""
	Secret             string // the name of the security scheme whose key it is, or ""
	Options            []string
	Value, Placeholder string
}

// A credentialView is a security scheme that the form knows.
type credentialView struct {
	ID, Name, Scheme string
}

func newFormView(doc *Document, op *operation, parameters []tigertonic.Parameter, body *bodyView, responses []responseView) formView {
	v := formView{Method: op.method, Path: op.path, Host: bracketed(op.host), Server: server(doc)}
	if _, wildcard, _ := cutWildcard(op.host); wildcard != "" {
		v.Host = "" // the page's own
	}
	for _, p := range withMembers(parameters) {
		field := newFieldView(doc, p)
		field.ID = fmt.Sprintf("%s.field.%d", op.anchor, len(v.Fields)+1)
		field.Rest = p.In == "path" && strings.HasSuffix(p.Description, "It may contain slashes.") // as New says of {name...}
		v.Cookies = v.Cookies || p.In == "cookie"
		v.Fields = append(v.Fields, field)
	}
	for i := range op.Security {
		all := alternatives(op.Security[i])
		for j := range all {
			v.addCredential(doc, op, all[j])
		}
	}
	v.Bodies = newPayloads(doc, op, body)
	v.Accepts = accepts(responses)
	for _, rs := range op.responses {
		for _, m := range rs.value.Content {
			v.Streams = v.Streams || m.Items != nil
		}
	}
	return v
}

// withMembers returns the parameters with the members of objects in the query in the
// objects' place.
func withMembers(parameters []tigertonic.Parameter) (all []tigertonic.Parameter) {
	for _, p := range parameters {
		if p.Style != "deepObject" || p.Schema == nil || p.Schema.Additional != nil {
			all = append(all, p)
			continue
		}
		for _, member := range p.Schema.Properties {
			all = append(all, tigertonic.Parameter{Name: p.Name + "[" + member.Name + "]", In: p.In, Required: member.Required, Schema: member.Schema})
		}
	}
	return all
}

// addCredential adds a field for the credential of a scheme, if a form can send it.
func (v *formView) addCredential(doc *Document, op *operation, s tigertonic.SecurityScheme) {
	switch scheme := authorization(s); {
	case (scheme == "basic" || scheme == "bearer") && v.Credentials == nil: // there is one Authorization header
		v.Credentials = append(v.Credentials, credentialView{op.anchor + ".security.1", s.Name, scheme})
	case s.In == "header" || s.In == "query":
		field := newFieldView(doc, tigertonic.Parameter{Name: s.Key, In: s.In, Schema: &schema.Schema{Types: []string{"string"}}})
		field.ID = fmt.Sprintf("%s.field.%d", op.anchor, len(v.Fields)+1)
		field.Secret = s.Name
		v.Fields = append(v.Fields, field)
	case s.In == "cookie":
		v.Cookies = true
	}
}

// authorization returns the scheme of the Authorization header, or "".
func authorization(s tigertonic.SecurityScheme) string {
	if s.Flows != nil || s.OpenIDConnectURL != "" {
		return "bearer"
	}
	return s.Scheme
}

// accepts returns the media types of successes if there are several.
func accepts(responses []responseView) (mediaTypes []string) {
	for i := range responses {
		rs := &responses[i]
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
		field.Many = !p.Joined
		items := resolve(e.Items)
		values = &items
	}
	if p.Style == "deepObject" {
		field.Many, field.Members, field.Placeholder = true, true, "name=value"
		return field
	}
	for _, option := range values.Enum {
		field.Options = append(field.Options, parameterText(option))
	}
	if values.Const != nil {
		field.Options = []string{parameterText(values.Const)}
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
func startValue(p tigertonic.Parameter, e *schema.Schema) string {
	one := *e
	if e.Items != nil && slices.Contains(e.Types, "array") && givenExample(e, 0) == nil {
		one = resolve(e.Items)
	}
	plain := slices.Equal(one.Types, []string{"string"}) && formatExample(one.Format) == "" && one.Pattern == ""
	if plain && givenExample(&one, 0) == nil {
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

// shown returns what a command has of a field: its values, or where there must be
// one and isn't yet, its name in braces, as the wildcards of a path. So is a key, always.
func (f *fieldView) shown() []string {
	values := f.values()
	if values == nil && f.Required || f.Secret != "" {
		return []string{"{" + f.Name + "}"}
	}
	return values
}

// curl returns the command that sends the request as the form stands at first,
// to a server at this origin. It has no secrets: curl asks for a password, and a
// token is a variable of the shell.
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
			args = append(args, "-u "+shellQuoted("user"))
		} else {
			args = append(args, `-H "Authorization: Bearer $TOKEN"`)
		}
	}
	add := func(in, option, between string) {
		for _, f := range v.Fields {
			for _, value := range f.shown() {
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
		args = append(args, v.Bodies[0].curl()...)
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
		if f.In != "query" {
			continue
		}
		name := encoded(f.Name, false)
		for _, value := range f.values() {
			name := name
			if member, text, _ := strings.Cut(value, "="); f.Members {
				name, value = encoded(f.Name+"["+member+"]", false), text
			}
			query = append(query, name+"="+encoded(value, false))
		}
		if f.Required && f.values() == nil || f.Secret != "" {
			query = append(query, name+"={"+name+"}")
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
