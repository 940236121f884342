// Package answers reads types whose fields say what a response is: one field for its
// body, one for each header, or one for each of several responses with their statuses. A
// [Plan] is compiled once for a type, and goes both ways: headers of a value, and a value
// of headers. It doesn't know how a body is sent or read.
package answers

import (
	"errors"
	"net/http"
	"net/textproto"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/internal/typeschema"
	"github.com/rcrowley/go-tigertonic/schema"
)

// A Plan says what responses the values of a type stand for. Everything in it is shared;
// don't change it.
type Plan struct {
	Type    reflect.Type
	Answers []Answer
	// Several reports whether each answer is a pointer field of the type, exactly one of
	// which is set.
	Several bool
}

// An Answer is one response.
type Answer struct {
	Type        reflect.Type // of the struct with the fields
	Field       string       // of the Plan's type, where there are several
	Status      int          // or 0 if the type doesn't declare one
	Description string
	Headers     []Header
	// Body is the type of the body, or nil if there is none.
	Body reflect.Type

	index []int // of Field
	body  []int // in Type, or nil if a value of it is the body as a whole
}

// A Header is a field that is a header of the response.
type Header struct {
	Name     string // in its canonical form
	Field    string
	Required bool // it is sent even if it is zero
	Schema   *schema.Schema

	index  []int
	holder codec.Holder
	elem   reflect.Type
	set    codec.Setter
	format codec.Formatter
}

// IsPlanned reports whether the fields of t describe a response. A struct with fields for
// other parts of a request, or with JSON members beside those for headers, is an input
// that is sent back.
func IsPlanned(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && jsonFormOf(t) && (hasStatuses(t) || hasParts(t) && !isInput(t))
}

// jsonFormOf reports whether t is encoded as JSON by its kind, without methods of its
// own.
func jsonFormOf(t reflect.Type) bool {
	var c typeschema.Compiler
	return !c.HasForm(t)
}

// flattened yields the fields of t and of the structs that it embeds, each with its index in t.
func flattened(t reflect.Type, index []int, yield func(f reflect.StructField, index []int) bool) bool {
	for f := range t.Fields() {
		at := append(slices.Clip(index), f.Index...)
		if f.Anonymous && f.Type.Kind() == reflect.Struct && !isPlaced(f) {
			if !flattened(f.Type, at, yield) {
				return false
			}
		} else if !yield(f, at) {
			return false
		}
	}
	return true
}

// isPlaced reports whether a field has one of the tags that say what it is.
func isPlaced(f reflect.StructField) bool {
	_, isStatus := f.Tag.Lookup("status")
	_, _, placed := typeschema.PlaceOf(f)
	return placed || isStatus
}

func hasStatuses(t reflect.Type) bool {
	return !flattened(t, nil, func(f reflect.StructField, _ []int) bool {
		text, ok := f.Tag.Lookup("status")
		_, err := strconv.Atoi(text)
		return !ok || err != nil && f.Type.Kind() != reflect.Pointer && f.Name != "_"
	})
}

func hasParts(t reflect.Type) bool {
	return !flattened(t, nil, func(f reflect.StructField, _ []int) bool {
		in, _, _ := typeschema.PlaceOf(f)
		return in != "header" && in != "body"
	})
}

func isInput(t reflect.Type) bool {
	return !flattened(t, nil, func(f reflect.StructField, _ []int) bool {
		in, _, placed := typeschema.PlaceOf(f)
		_, isMember := f.Tag.Lookup("json")
		return !placed || !isMember && in != "path" && in != "query" && in != "cookie"
	})
}

// Compile returns the plan for a type that [IsPlanned], or everything that is wrong with
// it. The schemas are complete once the compiler has finished.
func Compile(t reflect.Type, schemas *typeschema.Compiler) (*Plan, error) {
	c := compiler{schemas: schemas}
	p := &Plan{Type: t}
	for f := range t.Fields() {
		if _, ok := f.Tag.Lookup("status"); ok && f.Name != "_" {
			p.Several = true
		}
	}
	if !p.Several {
		a := c.answer(t, 0)
		p.Answers = []Answer{a}
		return p, errors.Join(c.errs...)
	}
	for f := range t.Fields() {
		if text, ok := f.Tag.Lookup("status"); ok {
			p.Answers = append(p.Answers, c.variant(t, f, text))
		} else if f.IsExported() || f.Anonymous || f.Name == "_" {
			c.wrong(t, f.Name, `it has no tag status, as the other fields have: each is one of the answers`)
		}
	}
	for i := range p.Answers {
		a := &p.Answers[i]
		if slices.ContainsFunc(p.Answers[:i], func(other Answer) bool { return other.Status == a.Status }) {
			c.wrong(t, a.Field, "another field has the status %d", a.Status)
		}
	}
	return p, errors.Join(c.errs...)
}

type compiler struct {
	schemas *typeschema.Compiler
	errs    []error
}

func (c *compiler) wrong(t reflect.Type, field, format string, args ...any) {
	c.errs = append(c.errs, typeschema.Errorf(t, field, format, args...))
}

// variant returns the answer that is a field of t.
func (c *compiler) variant(t reflect.Type, f reflect.StructField, text string) Answer {
	c.tags(t, f, "status", "doc")
	status := c.status(t, f.Name, text)
	if f.Type.Kind() != reflect.Pointer || !f.IsExported() {
		c.wrong(t, f.Name, "a field with a status is exported, and a pointer, which is nil if it isn't the answer")
		return Answer{Type: t, Field: f.Name, Status: status}
	}
	elem := f.Type.Elem()
	a := Answer{Type: elem}
	switch {
	case IsPlanned(elem) && hasStatuses(elem):
		c.wrong(t, f.Name, "its type %s has statuses of its own", typeschema.NameOf(elem))
	case IsPlanned(elem):
		a = c.answer(elem, status)
	case elem != reflect.TypeFor[struct{}]():
		a.Body = elem
	}
	a.Field, a.Status, a.index = f.Name, status, f.Index
	if doc := f.Tag.Get("doc"); doc != "" {
		a.Description = doc
	}
	if a.Body != nil && isBodiless(status) {
		c.wrong(t, f.Name, "a %d has no body (RFC 9110 §6.4.1), so its type is *struct{}, or a struct with headers alone", status)
	}
	return a
}

// isBodiless reports whether responses with a status have no body.
func isBodiless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified || status == http.StatusResetContent
}

const (
	leastStatus = 200
	mostStatus  = 599
)

func (c *compiler) status(t reflect.Type, field, text string) int {
	status, err := strconv.Atoi(text)
	if err != nil || status < leastStatus || status > mostStatus || len(text) != len("200") {
		c.wrong(t, field, "status:%q isn't the status of a response, from 200 to 599", text)
		return 0
	}
	return status
}

// answer returns the answer whose parts are the fields of t.
func (c *compiler) answer(t reflect.Type, status int) Answer {
	a := Answer{Type: t, Status: status}
	flattened(t, nil, func(f reflect.StructField, index []int) bool {
		text, hasStatus := f.Tag.Lookup("status")
		in, name, placed := typeschema.PlaceOf(f)
		switch {
		case hasStatus && f.Name == "_":
			c.tags(t, f, "status", "doc")
			a.Status, a.Description = c.status(t, f.Name, text), f.Tag.Get("doc")
		case hasStatus:
			c.wrong(t, f.Name, "the statuses of several answers are fields of the type itself, not of one that it embeds")
		case !placed && !f.IsExported():
		case !placed:
			c.wrong(t, f.Name, "it has neither of the tags header and body, as the other fields have")
		case !f.IsExported():
			c.wrong(t, f.Name, "a field with the tag %q must be exported", in)
		case in == "body":
			c.bodyField(&a, t, f, index)
		default:
			c.header(&a, t, f, name, index)
		}
		return true
	})
	if a.Body != nil && isBodiless(a.Status) {
		c.wrong(t, "", "a %d has no body (RFC 9110 §6.4.1)", a.Status)
	}
	return a
}

func (c *compiler) bodyField(a *Answer, t reflect.Type, f reflect.StructField, index []int) {
	c.tags(t, f, "body", "doc")
	if name := f.Tag.Get("body"); name != "" {
		c.wrong(t, f.Name, `body:%q isn't body:""`, name)
	}
	if a.Body != nil {
		c.wrong(t, f.Name, "there is another field for the body")
	}
	if doc := f.Tag.Get("doc"); doc != "" && a.Description == "" {
		a.Description = doc
	}
	if f.Type != reflect.TypeFor[struct{}]() {
		a.Body, a.body = f.Type, index
	}
}

// tags checks that a field has no tags but these.
func (c *compiler) tags(t reflect.Type, f reflect.StructField, known ...string) {
	if text := typeschema.Malformed(f.Tag); text != "" {
		c.wrong(t, f.Name, "%s", text)
	}
	for key := range typeschema.TagsOf(f.Tag) {
		if !slices.Contains(known, key) {
			c.wrong(t, f.Name, "the tag %q isn't one of %s", key, strings.Join(known, ", "))
		}
	}
}

func (c *compiler) header(a *Answer, t reflect.Type, f reflect.StructField, name string, index []int) {
	holder, elem := codec.Holds(f.Type)
	h := Header{
		Name: textproto.CanonicalMIMEHeaderKey(name), Field: f.Name, index: index, holder: holder, elem: elem,
		set: codec.SetterOf(f.Type), format: codec.FormatterOf(elem),
	}
	if elem == jsontype.Time && httpfield.HoldsDate(h.Name) {
		h.set, h.format = codec.SetterWith(f.Type, httpfield.SetDate), httpfield.FormatDate
	}
	for key := range typeschema.TagsOf(f.Tag) {
		if !typeschema.IsConstraint(key) && !slices.Contains([]string{"header", "doc", "example", "required"}, key) {
			c.wrong(t, f.Name, "the tag %q isn't one that a header of a response can have", key)
		}
	}
	if text, ok := f.Tag.Lookup("required"); ok {
		if text != "true" {
			c.wrong(t, f.Name, `required:%q isn't required:"true"`, text)
		}
		h.Required = true
	}
	switch {
	case !httpfield.IsToken(name):
		c.wrong(t, f.Name, "%q isn't a header name", name)
	case whyNot(h.Name) != "":
		c.wrong(t, f.Name, "%s isn't for an answer to set: %s", h.Name, whyNot(h.Name))
	case h.set == nil || h.format == nil || holder.IsMany() && elem.Kind() == reflect.Uint8 && elem != jsontype.Duration:
		c.wrong(t, f.Name, "a %v can't be a header: it must be written as text, and read", f.Type)
	case elem == jsontype.Duration && (h.Name == "Retry-After" || h.Name == "Age"):
		c.wrong(t, f.Name, "%s is a number of seconds, so the field is an int", h.Name)
	case slices.ContainsFunc(a.Headers, func(other Header) bool { return other.Name == h.Name }):
		c.wrong(t, f.Name, "another field has the header %q", name)
	default:
		h.Schema = c.schemaOf(t, f, &h)
		a.Headers = append(a.Headers, h)
	}
}

// schemaOf returns the schema of a header's text.
func (c *compiler) schemaOf(t reflect.Type, f reflect.StructField, h *Header) *schema.Schema {
	s := typeschema.WithoutNull(c.schemas.Schema(f.Type))
	if elem := jsontype.Time; h.elem == elem && httpfield.HoldsDate(h.Name) {
		s = httpDate(s)
	}
	return typeschema.WithoutNull(c.schemas.Constrain(s, t, f))
}

// httpDate returns the schema of a time as a header has it.
func httpDate(s *schema.Schema) *schema.Schema {
	date := &schema.Schema{Types: []string{"string"}, Format: "http-date"}
	if s.Items != nil {
		list := *s
		list.Items = date
		return &list
	}
	return date
}

// whyNot returns why an answer can't have a header, or "".
func whyNot(name string) string {
	switch name {
	case "Content-Type":
		return "it is that of the body; one of another media type is a Stream"
	case "Content-Length", "Date":
		return "the server sets it"
	case "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return "it is of the connection (RFC 9110 §7.6.1)"
	}
	return ""
}
