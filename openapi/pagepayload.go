package openapi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
)

// A payloadView is what a form has for one kind of body: a text, fields or a file.
type payloadView struct {
	ID, MediaType string
	Example       string       // of a text
	Fields        []*fieldView // of a form, in HTML's sense
	File          bool
}

const (
	multipartForm  = "multipart/form-data"
	urlencodedForm = "application/x-www-form-urlencoded"
	formatBinary   = "binary"
	inForm         = "form" // where the fields of such bodies are
)

func newPayloads(doc *Document, op *operation, body *bodyView) (payloads []payloadView) {
	if body == nil {
		return nil
	}
	for i := range body.Contents {
		c := &body.Contents[i]
		m := op.body.value.Content[c.MediaType]
		p := payloadView{ID: fmt.Sprintf("%s.body.%d", op.anchor, i+1), MediaType: c.MediaType, Example: c.Example}
		base, _, _ := strings.Cut(c.MediaType, ";")
		switch {
		case m.Schema != nil && (base == multipartForm || base == urlencodedForm):
			p.Fields = formFields(doc, p.ID, m)
		case m.Items == nil && !isTextual(base) || m.Schema != nil && isFile(m.Schema):
			p.File = true
		}
		payloads = append(payloads, p)
	}
	return payloads
}

// isTextual reports whether people can write bodies of a media type.
func isTextual(mediaType string) bool {
	if isJSON(mediaType) || strings.HasPrefix(mediaType, "text/") || mediaType == "*/*" {
		return true
	}
	return slices.ContainsFunc([]string{"json", "xml", "yaml", "javascript", "graphql", "form-urlencoded"}, func(word string) bool {
		return strings.Contains(mediaType, word)
	})
}

// formFields returns a field for each member of a form.
func formFields(doc *Document, id string, m tigertonic.MediaType) (fields []*fieldView) {
	e := resolve(m.Schema)
	for i, member := range e.Properties {
		f := newFieldView(doc, tigertonic.Parameter{Name: member.Name, In: inForm, Required: member.Required, Schema: member.Schema})
		f.ID = fmt.Sprintf("%s.%d", id, i+1)
		if member.Schema != nil {
			one := resolve(member.Schema)
			f.File = isFile(&one) || one.Items != nil && isFile(one.Items)
		}
		if f.File {
			f.Value, f.MediaTypes = "", m.Encoding[member.Name].ContentType
		}
		fields = append(fields, f)
	}
	return fields
}

// isFile reports whether a schema is of bytes as they are.
func isFile(s *schema.Schema) bool { e := resolve(s); return e.Format == formatBinary }

// curl returns the arguments that send the body as the form stands at first. Names of
// files that are to be chosen are in braces.
func (p *payloadView) curl() (args []string) {
	base, _, _ := strings.Cut(p.MediaType, ";")
	contentType := "-H " + shellQuoted("Content-Type: "+shownType(p.MediaType))
	switch {
	case p.File:
		return []string{contentType, "--data-binary " + shellQuoted("@{file}")}
	case p.Fields == nil:
		return []string{contentType, "--data-raw " + shellQuoted(p.Example)}
	}
	for _, f := range p.Fields {
		if f.File && f.Required {
			args = append(args, "-F "+shellQuoted(f.Name+"=@{"+f.Name+"}"+prefixed(";type=", f.partType())))
		}
		for _, value := range f.shown() {
			switch {
			case f.File:
			case base == urlencodedForm:
				args = append(args, "--data-urlencode "+shellQuoted(encoded(f.Name, false)+"="+value))
			default:
				args = append(args, formOption(value)+" "+shellQuoted(f.Name+"="+value))
			}
		}
	}
	return args
}

// formOption returns curl's option for a field of a form: -F has a meaning of its own
// for some characters.
func formOption(value string) string {
	if strings.HasPrefix(value, "@") || strings.HasPrefix(value, "<") || strings.Contains(value, ";") {
		return "--form-string"
	}
	return "-F"
}

// shownType returns the media type of a file that isn't chosen yet: of a range, it is to
// be filled in.
func shownType(mediaType string) string {
	switch {
	case mediaType == "*/*":
		return "application/octet-stream"
	case strings.Contains(mediaType, "*"):
		return "{" + mediaType + "}"
	}
	return mediaType
}

// partType returns the media type of a file if it can have no other, or "". Which one it
// is of several, curl knows by the name of the file.
func (f *fieldView) partType() string {
	if strings.ContainsAny(f.MediaTypes, "*,") {
		return ""
	}
	return f.MediaTypes
}
