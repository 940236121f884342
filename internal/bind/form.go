package bind

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/form"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/internal/typeschema"
	"github.com/rcrowley/go-tigertonic/schema"
)

// Forms and raw bodies: how the fields of a struct say that the body is one.

// inForm is the place of a form's fields, as "query" is that of the query's parameters.
const inForm = "form"

// FieldsLimit is the total length that the fields of a form may have, including the
// headers of parts but not the content of files.
const FieldsLimit = 1 << 20

// FileTypes are the library's types for files.
type FileTypes struct {
	File, Files reflect.Type
	// MakeFiles makes a Files of a sequence.
	MakeFiles func(seq func(yield func(form.File, error) bool)) any
}

// A Form is a body that is a form.
type Form struct {
	Fields []Param    // "form" is where they are
	File   *FileField // the field of its files, which come last, or nil
}

// MediaTypes returns the media types that the form may have.
func (fm *Form) MediaTypes() []string {
	if fm.File != nil {
		return []string{form.Multipart}
	}
	return []string{form.URLEncoded, form.Multipart}
}

// Limit returns how long the form may be, unless a handler around it sets another limit.
func (fm *Form) limit() int64 {
	if fm.File == nil {
		return FieldsLimit
	}
	each, number := fm.File.MaxBytes, int64(max(1, fm.File.MaxItems))
	if each > (math.MaxInt64-FieldsLimit)/number {
		return math.MaxInt64
	}
	return FieldsLimit + each*number
}

// Schema returns the schema of the form as an object.
func (fm *Form) schema() *schema.Schema {
	s := &schema.Schema{Types: []string{"object"}, Closed: true}
	for i := range fm.Fields {
		p := &fm.Fields[i]
		s.Properties = append(s.Properties, schema.Property{Name: p.Name, Required: p.Required, Schema: p.Schema})
	}
	if f := fm.File; f != nil {
		s.Properties = append(s.Properties, schema.Property{Name: f.Name, Required: f.Required, Schema: f.schema()})
	}
	return s
}

// A FileField is a field that a file is put into, or a sequence of files.
type FileField struct {
	Name               string // of the form's field
	Index              []int
	Many               bool // it is a sequence
	Pointer            bool // to a file, nil if there is none
	Required           bool
	MinItems, MaxItems int // of a sequence; 0 for no limit
	Upload
	Title, Description string
	Deprecated         bool
}

func (ff *FileField) schema() *schema.Schema {
	s := ff.Upload.schema()
	if ff.Many {
		s = &schema.Schema{Types: []string{"array"}, Items: s}
	}
	s.Title, s.Description, s.Deprecated = ff.Title, ff.Description, ff.Deprecated
	if ff.MinItems > 0 {
		s.MinItems = &ff.MinItems
	}
	if ff.MaxItems > 0 {
		s.MaxItems = &ff.MaxItems
	}
	return s
}

// An Upload says what bytes a field accepts.
type Upload struct {
	MaxBytes   int64    // or 0 for what a body may have
	MediaTypes []string // that are allowed, which may be ranges such as image/*; none for all
}

// Allows reports whether content may be of a media type.
func (u *Upload) Allows(contentType string) bool {
	if len(u.MediaTypes) == 0 {
		return true
	}
	mediaType, _, _ := strings.Cut(contentType, ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	if strings.Contains(mediaType, "*") { // which is none
		return false
	}
	return slices.ContainsFunc(u.MediaTypes, func(allowed string) bool {
		main, isRange := strings.CutSuffix(allowed, "*")
		return allowed == mediaType || isRange && strings.HasPrefix(mediaType, main)
	})
}

// schema returns the schema of the bytes. For binary data, maxLength is the number of
// octets (OpenAPI 3.1.1 §4.4.1.1).
func (u *Upload) schema() *schema.Schema {
	s := &schema.Schema{Types: []string{"string"}, Format: "binary"}
	if n := int(u.MaxBytes); n > 0 && int64(n) == u.MaxBytes {
		s.MaxLength = &n
	}
	return s
}

// Default returns the media type that content has if it names none: the first that isn't
// a range, or "".
func (u *Upload) Default() string {
	for _, mediaType := range u.MediaTypes {
		if !strings.HasSuffix(mediaType, "*") {
			return mediaType
		}
	}
	return ""
}

// OneOf returns the media types as a text.
func (u *Upload) OneOf() string { return strings.Join(u.MediaTypes, " or ") }

// A Raw is a body that isn't decoded.
type Raw struct {
	Kind RawKind
	Upload
}

// A RawKind is what a raw body becomes.
type RawKind uint8

// The kinds of raw bodies.
const (
	RawFile   RawKind = iota
	RawReader         // an io.Reader
	RawBytes          // a []byte
)

// upload reads the tags of a field that accepts bytes.
func (c *compiler) upload(t reflect.Type, f reflect.StructField) (u Upload) {
	if text, ok := f.Tag.Lookup("maxBytes"); ok {
		if u.MaxBytes = typeschema.Bytes(text); u.MaxBytes <= 0 {
			c.wrong(t, f.Name, "maxBytes:%q isn't a number of bytes, such as 1048576 or 10MiB", text)
		}
	}
	if text, ok := f.Tag.Lookup("mediaTypes"); ok {
		for mediaType := range strings.SplitSeq(text, ",") {
			mediaType = strings.ToLower(strings.TrimSpace(mediaType))
			if !typeschema.IsMediaRange(mediaType) {
				c.wrong(t, f.Name, "mediaTypes:%q: %q isn't a media type, such as image/png or image/*", text, mediaType)
			}
			u.MediaTypes = append(u.MediaTypes, mediaType)
		}
	}
	return u
}

// form returns the input's form, which begins with its first field.
func (c *compiler) form(t reflect.Type, f reflect.StructField) *Form {
	b := c.in.body
	switch {
	case b == nil:
		b = &Body{Type: c.in.typ, Form: &Form{}, rules: c.in.rules}
		c.in.body = b
		c.schemas.Later(func() { c.finishForm(b) })
	case b.Form == nil:
		c.wrong(t, f.Name, "it is in a form, but there is another field for the body")
		return &Form{}
	}
	return b.Form
}

// finishForm completes the body once all fields are known.
func (c *compiler) finishForm(b *Body) {
	b.Schema = b.Form.schema()
	b.MediaType = b.Form.MediaTypes()[0]
	b.Required = slices.ContainsFunc(b.Form.Fields, func(p Param) bool { return p.Required }) || b.Form.File != nil && b.Form.File.Required
}

// formField compiles a field of a form.
func (c *compiler) formField(t reflect.Type, f reflect.StructField, name string, index []int) {
	fm := c.form(t, f)
	field, option, _ := strings.Cut(name, ",")
	isFile := c.isFile(f.Type)
	switch {
	case strings.ContainsFunc(field, func(r rune) bool { return r < ' ' || r == '"' || r == 0x7f }):
		c.wrong(t, f.Name, "form:%q has quotes or control characters, which browsers don't send", field)
	case slices.ContainsFunc(fm.Fields, func(p Param) bool { return p.Name == field }), fm.File != nil && fm.File.Name == field:
		c.wrong(t, f.Name, "another field has the form %q", field)
	case !isFile:
		if p, ok := c.newParam(t, f, inForm, name, index); ok {
			p.skipsEmpty = !p.takesEmpty()
			fm.Fields = append(fm.Fields, p)
		}
	case field == "" || option != "":
		c.wrong(t, f.Name, "form:%q isn't the name of a field", name)
	case fm.File != nil:
		c.wrong(t, f.Name, "there is another field with a file: they are read one after another, so take all of them as one Files, or send each with a request of its own")
	default:
		fm.File = c.fileField(t, f, field, append(slices.Clip(index), f.Index...))
	}
}

// isFile reports whether a field accepts a file or files.
func (c *compiler) isFile(t reflect.Type) bool {
	types := &c.in.rules.FileTypes
	return types.File != nil && (jsontype.Indirect(t) == types.File || t == types.Files)
}

func (c *compiler) fileField(t reflect.Type, f reflect.StructField, name string, index []int) *FileField {
	ff := &FileField{
		Name: name, Index: index, Upload: c.upload(t, f), Title: f.Tag.Get("title"), Description: f.Tag.Get("doc"),
		Many: f.Type == c.in.rules.FileTypes.Files, Pointer: f.Type.Kind() == reflect.Pointer,
	}
	ff.Required = !ff.Many && !ff.Pointer
	for key, value := range typeschema.TagsOf(f.Tag) {
		n, err := strconv.Atoi(value)
		switch {
		case key == "required" && value == "true":
			ff.Required = true
		case key == "deprecated" && value == "true":
			ff.Deprecated = true
		case (key == "minItems" || key == "maxItems") && ff.Many && err == nil && n > 0:
			if key == "minItems" {
				ff.MinItems, ff.Required = n, true
			} else {
				ff.MaxItems = n
			}
		case typeschema.IsConstraint(key), key == "default", key == "example", key == "required", key == "deprecated":
			c.wrong(t, f.Name, "%s:%q can't be said of a file", key, value)
		case typeschema.UnknownWord(key) != "":
			c.wrong(t, f.Name, "%s", typeschema.UnknownWord(key))
		}
	}
	if ff.Many && ff.MaxBytes > 0 && ff.MaxItems == 0 {
		c.wrong(t, f.Name, "maxBytes is for each of the files: say with maxItems how many there may be")
	}
	if ff.MaxItems > 0 && ff.MaxItems < ff.MinItems {
		c.wrong(t, f.Name, "minItems is more than maxItems")
	}
	return ff
}

// hasForm reports whether the fields of a struct are those of a form.
func hasForm(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for f := range t.Fields() {
		if in, _, ok := typeschema.PlaceOf(f); ok && in == inForm || isFlattened(f) && hasForm(f.Type) {
			return true
		}
	}
	return false
}

// formBody compiles a field for the body whose type is a struct of a form's fields.
func (c *compiler) formBody(t reflect.Type, index []int) {
	for f := range t.Fields() {
		in, name, placed := typeschema.PlaceOf(f)
		switch {
		case isFlattened(f):
			c.formBody(f.Type, append(slices.Clip(index), f.Index...))
			continue
		case !f.IsExported() && !placed:
			continue
		case in != inForm || !f.IsExported():
			c.wrong(t, f.Name, `what a form has is exported and has the tag form:"name"`)
			continue
		}
		c.formField(t, f, name, index)
		c.tags(t, f)
	}
}

// raw returns how a body of a type is passed on undecoded, or nil if it is decoded.
func (c *compiler) raw(t reflect.Type, tag reflect.StructTag) *Raw {
	_, typed := tag.Lookup("mediaTypes")
	switch {
	case c.in.rules.FileTypes.File != nil && t == c.in.rules.FileTypes.File:
		return &Raw{Kind: RawFile}
	case t == readerType:
		return &Raw{Kind: RawReader}
	case typed && t == reflect.TypeFor[[]byte]():
		return &Raw{Kind: RawBytes}
	}
	return nil
}

// rawBody compiles a body that isn't decoded.
func (c *compiler) rawBody(raw *Raw, t reflect.Type, index []int) {
	b := &Body{Type: t, Index: index, Required: true, Raw: raw, rules: c.in.rules}
	b.Schema = raw.schema()
	b.MediaType = b.MediaTypes()[0]
	c.in.body = b
}

// MediaTypes returns the media types that the body may have, which may be ranges.
func (b *Body) MediaTypes() []string {
	switch {
	case b.Form != nil:
		return b.Form.MediaTypes()
	case b.Raw != nil && len(b.Raw.MediaTypes) > 0:
		return b.Raw.MediaTypes
	case b.Raw != nil:
		return []string{"*/*"}
	}
	return []string{b.MediaType}
}

// takesEmpty reports whether the parameter accepts an empty text as a value.
func (p *Param) takesEmpty() bool { return p.Elem.Kind() == reflect.String && !jsontype.IsText(p.Elem) }

// bindForm binds a form.
func (b *Body) bindForm(f *findings, value reflect.Value, w http.ResponseWriter, r *http.Request) error {
	mediaType, boundary, ok := form.MediaType(r.Header)
	switch {
	case r.ContentLength == 0 && len(r.Header["Content-Type"]) == 0:
		b.bindFields(f, value, make([]formValues, len(b.Form.Fields)), "", false)
		return b.bindFile(value, nil, nil)
	case !ok || !slices.Contains(b.MediaTypes(), mediaType):
		return b.unsupported(w)
	case mediaType == form.URLEncoded:
		return b.bindEncoded(f, value, w, r)
	}
	return b.bindMultipart(f, value, w, r, boundary)
}

// formValues are the values that a form has for a field. For a list, the texts of a
// multipart form are all kept; those of a URL-encoded form are found in it again.
type formValues struct {
	seen
	texts []string
}

func (b *Body) bindFields(f *findings, value reflect.Value, found []formValues, query string, beforeFile bool) {
	for i := range b.Form.Fields {
		p := &b.Form.Fields[i]
		if found[i].n == 0 && p.Required && beforeFile {
			f.parameter(inForm, p.Name, check.Violation{Keyword: "required", Detail: "is required, before the file"})
			continue
		}
		p.values(f, value, found[i].n, found[i].first, valueList{params: b.Form.Fields, in: inForm, param: i, query: query, texts: found[i].texts})
	}
	if ff := b.Form.File; ff != nil && ff.Required && !beforeFile {
		f.parameter(inForm, ff.Name, check.Violation{Keyword: "required", Detail: "is required"})
	}
}

// bindEncoded binds a form that is application/x-www-form-urlencoded.
func (b *Body) bindEncoded(f *findings, value reflect.Value, w http.ResponseWriter, r *http.Request) error {
	text, err := b.readAll(w, r)
	if err != nil {
		return err
	}
	found := make([]formValues, len(b.Form.Fields))
	for rest := text; rest != ""; {
		var pair string
		pair, rest, _ = strings.Cut(rest, "&")
		if pair == "" {
			continue
		}
		i, value, ok := pairOf(b.Form.Fields, inForm, pair)
		switch {
		case !ok && i < 0:
			f.unreadable()
			f.add(Finding{In: inForm, Detail: "a name isn't percent-encoded as it should be"})
		case !ok:
			f.unreadable()
			f.parameter(inForm, b.Form.Fields[i].Name, check.Violation{Detail: "isn't percent-encoded as it should be"})
		case i == unknownPair:
			name, text, _ := strings.Cut(pair, "=")
			name, _ = unescapeQuery(name)
			b.unknownField(f, name, text)
		case i >= 0:
			if found[i].n == 0 {
				found[i].first = value
			}
			found[i].n++
		}
	}
	b.bindFields(f, value, found, text, false)
	return nil
}

// unknownField adds a finding for an unknown field, unless it is the one in which a
// browser sends the form's encoding.
func (b *Body) unknownField(f *findings, name, value string) {
	if name == "_charset_" {
		if !strings.EqualFold(value, "utf-8") {
			f.unreadable()
			f.parameter(inForm, name, check.Violation{Detail: "must be UTF-8"})
		}
		return
	}
	f.parameter(inForm, shortName(name), check.Violation{Keyword: "additionalProperties", Limit: "false", Detail: "is not known"})
}

// maxFieldName is how much of a name that a client chose is shown to it.
const maxFieldName = 100

func shortName(name string) string {
	if len(name) > maxFieldName {
		name = name[:maxFieldName] + "…"
	}
	return strings.ToValidUTF8(name, "\uFFFD")
}

// refusalOf returns the error for a form that can't be read, which may be one of its
// findings.
func (b *Body) refusalOf(f *findings, err error) error {
	if malformed, ok := errors.AsType[form.Malformed](err); ok {
		f.unreadable()
		f.body("", string(malformed))
		return nil
	}
	if errors.Is(err, form.ErrFieldsTooLong) {
		return &Refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("the fields of the form are longer than %d bytes", FieldsLimit)}
	}
	return err
}
