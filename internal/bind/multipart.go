package bind

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/form"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
)

// How a multipart form is bound: its texts are read until the first file comes, which the
// function then reads from the connection itself. So what follows a file is checked when
// the function has read the file to its end, and a mistake there is an error of that
// Read.

var readerType = reflect.TypeFor[io.Reader]()

// readAll returns the body as a text.
func (b *Body) readAll(w http.ResponseWriter, r *http.Request) (string, error) {
	if !httpfield.HasPlainBody(r) {
		return "", errPacked
	}
	e := codec.NewBuffer()
	defer e.Release()
	if err := b.rules.ReadBody(e, w, r); err != nil {
		return "", err
	}
	return e.String(), nil
}

var errPacked = &Refusal{http.StatusUnsupportedMediaType, "a body must be sent without Content-Encoding"}

func (b *Body) bindMultipart(f *findings, value reflect.Value, w http.ResponseWriter, r *http.Request, boundary string) error {
	if !httpfield.HasPlainBody(r) {
		return errPacked
	}
	body, err := b.rules.OpenBody(w, r, b.Form.limit())
	if err != nil {
		return err
	}
	parts, err := form.NewReader(body, boundary, FieldsLimit)
	if err != nil {
		return b.refusalOf(f, err)
	}
	found := make([]formValues, len(b.Form.Fields))
	file, err := b.readTexts(f, parts, found)
	if err != nil {
		return b.refusalOf(f, err)
	}
	if f.wrong != nil && f.wrong.Unreadable {
		return nil
	}
	b.bindFields(f, value, found, "", file != nil)
	if f.wrong != nil || f.own != nil {
		return f.own
	}
	return b.bindFile(value, parts, file)
}

// readTexts reads the parts of a form up to the first file, which it returns, or nil if
// there is none. It also stops at a file where none is expected.
func (b *Body) readTexts(f *findings, parts *form.Reader, found []formValues) (*form.Part, error) {
	var text bytes.Buffer
	for {
		part, err := parts.Next()
		if err == io.EOF { //nolint:errorlint // what ends the parts is io.EOF itself
			return nil, nil //nolint:nilnil // there is no file
		}
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(b.Form.Fields, func(p Param) bool { return p.Name == part.Field })
		isFile, ff := part.IsFile(), b.Form.File
		switch {
		case isFile && ff != nil && part.Field == ff.Name:
			if part, err = orNone(part); err != nil || part != nil {
				return part, err
			}
			continue
		case isFile && i >= 0:
			f.parameter(inForm, part.Field, check.Violation{Keyword: "type", Detail: "must be a text, not a file"})
			return nil, nil //nolint:nilnil // likewise
		case isFile:
			b.unknownField(f, part.Field, "")
			return nil, nil //nolint:nilnil // likewise
		case ff != nil && part.Field == ff.Name:
			f.parameter(inForm, ff.Name, check.Violation{Keyword: "type", Detail: "must be a file"})
			return nil, nil //nolint:nilnil // likewise
		}
		text.Reset()
		if _, err := text.ReadFrom(part); err != nil {
			return nil, err
		}
		if i < 0 {
			b.unknownField(f, part.Field, text.String())
			continue
		}
		if !part.IsUTF8() {
			return nil, &Refusal{http.StatusUnsupportedMediaType, "the texts of a form must be in UTF-8"}
		}
		found[i].add(&b.Form.Fields[i], text.String())
	}
}

// add adds a text to those of a field.
func (v *formValues) add(p *Param, text string) {
	if text == "" && p.skipsEmpty {
		return
	}
	if v.n == 0 {
		v.first = text
	}
	v.n++
	if p.Many {
		v.texts = append(v.texts, text)
	}
}

// orNone returns the part, or nil if it is empty and has no name: browsers send that for
// no file.
func orNone(part *form.Part) (*form.Part, error) {
	if part.File != "" || !part.HasFile {
		return part, nil
	}
	empty, err := part.IsEmpty()
	if err != nil || empty {
		return nil, err
	}
	return part, nil
}

// bindFile sets the field for files, to nil if there is none.
func (b *Body) bindFile(value reflect.Value, parts *form.Reader, first *form.Part) error {
	ff := b.Form.File
	if ff == nil {
		return nil
	}
	field := jsontype.FieldOf(value, ff.Index)
	types := &b.rules.FileTypes
	uploads := &uploads{body: b, parts: parts}
	if first != nil && !ff.Allows(first.ContentType) {
		return ff.unsupported()
	}
	if ff.Many {
		field.Set(reflect.ValueOf(types.MakeFiles(func(yield func(form.File, error) bool) { uploads.all(first, yield) })))
		return nil
	}
	if first == nil {
		return nil
	}
	uploads.count = 1
	file := reflect.ValueOf(uploads.file(first, true)).Convert(types.File)
	if ff.Pointer {
		field.Set(reflect.New(types.File))
		field = field.Elem()
	}
	field.Set(file)
	return nil
}

func (ff *FileField) unsupported() error {
	return &Refusal{http.StatusUnsupportedMediaType, fmt.Sprintf("the media type of %s must be %s", ff.Name, ff.OneOf())}
}

// Uploads are the files of a form, as they are read.
type uploads struct {
	body  *Body
	parts *form.Reader
	count int
	begun bool
}

// file returns a part as a file. The last file checks what follows before it reports its
// end.
func (u *uploads) file(part *form.Part, last bool) form.File {
	content := &content{Reader: part, name: "the file " + part.Field, left: u.body.Form.File.MaxBytes, limit: u.body.Form.File.MaxBytes}
	if last {
		content.uploads = u
	}
	return form.File{Field: part.Field, Name: part.File, ContentType: part.ContentType, Size: -1, Reader: content}
}

// next returns the next file, or nil and io.EOF.
func (u *uploads) next() (*form.Part, error) {
	var f findings
	for {
		part, err := u.parts.Next()
		if err != nil {
			if err == io.EOF { //nolint:errorlint // what ends the parts is io.EOF itself
				return nil, err
			}
			if err := u.body.refusalOf(&f, err); err != nil {
				return nil, err
			}
			return nil, f.err()
		}
		ff := u.body.Form.File
		switch isFile := part.IsFile(); {
		case isFile && part.Field == ff.Name:
			if part, err = orNone(part); err != nil {
				return nil, err
			}
			if part == nil {
				continue
			}
			return u.another(part)
		case part.Field == ff.Name:
			f.parameter(inForm, ff.Name, check.Violation{Keyword: "type", Detail: "must be a file"})
		case slices.ContainsFunc(u.body.Form.Fields, func(p Param) bool { return p.Name == part.Field }):
			f.parameter(inForm, part.Field, check.Violation{Detail: "must come before the file"})
		default:
			u.body.unknownField(&f, part.Field, "utf-8")
		}
		if f.wrong != nil {
			return nil, f.err()
		}
	}
}

// another returns the next file if more than one is allowed.
func (u *uploads) another(part *form.Part) (*form.Part, error) {
	ff := u.body.Form.File
	u.count++
	switch {
	case !ff.Many:
		return nil, &Invalid{Findings: []Finding{{Parameter: ff.Name, In: inForm, Detail: "must be there only once"}}}
	case ff.MaxItems > 0 && u.count > ff.MaxItems:
		return nil, &Invalid{Findings: []Finding{ff.finding("maxItems", ff.MaxItems, "must have at most %d files")}}
	case !ff.Allows(part.ContentType):
		return nil, ff.unsupported()
	}
	return part, nil
}

func (ff *FileField) finding(keyword string, limit int, format string) Finding {
	return Finding{Parameter: ff.Name, In: inForm, Keyword: keyword, Limit: fmt.Sprint(limit), Detail: fmt.Sprintf(format, limit)}
}

var errFilesTwice = errors.New("tigertonic: the files of a form can be ranged over only once")

// all calls yield with each file.
func (u *uploads) all(part *form.Part, yield func(form.File, error) bool) {
	if u.begun {
		yield(form.File{}, errFilesTwice)
		return
	}
	u.begun = true
	var err error
	ff := u.body.Form.File
	for u.count = 1; part != nil; {
		file := u.file(part, false)
		if !yield(file, nil) {
			return
		}
		if _, err = io.Copy(io.Discard, file.Reader); err == nil {
			part, err = u.next()
		}
		if err == io.EOF { //nolint:errorlint // likewise
			break
		}
		if err != nil {
			yield(form.File{}, err)
			return
		}
	}
	if part == nil && err == nil {
		u.count = 0
	}
	if u.count < ff.MinItems {
		yield(form.File{}, &Invalid{Findings: []Finding{ff.finding("minItems", ff.MinItems, "must have at least %d files")}})
	}
}

// A content is that of a file or of a raw body, up to its limit.
type content struct {
	io.Reader
	name        string // for an error
	left, limit int64
	uploads     *uploads // of a file that is the only one
	err         error
}

func tooLong(name string, limit int64) error {
	return &Refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("%s is longer than %d bytes", name, limit)}
}

// Read reads from the file, but not beyond its limit.
func (c *content) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if c.limit > 0 && int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.Reader.Read(p)
	if c.limit > 0 && int64(n) > c.left {
		n, err = int(c.left), tooLong(c.name, c.limit)
	}
	c.left -= int64(n)
	var f findings
	switch {
	case err == io.EOF && c.uploads != nil: //nolint:errorlint // what ends a file is io.EOF itself
		_, err = c.uploads.next()
	case err == nil || err == io.EOF: //nolint:errorlint // likewise
	default:
		if err = (&Body{}).refusalOf(&f, err); err == nil {
			err = f.err()
		}
	}
	c.err = err
	return n, err
}

const theBody = "the body"

// bindRaw sets the field for the body to the undecoded body.
func (b *Body) bindRaw(value reflect.Value, w http.ResponseWriter, r *http.Request) error {
	contentType := ""
	if values := r.Header["Content-Type"]; len(values) == 1 {
		contentType = values[0]
	}
	switch {
	case !b.Raw.Allows(contentType) || len(r.Header["Content-Type"]) > 1:
		return b.unsupported(w)
	case !httpfield.HasPlainBody(r):
		return errPacked
	}
	limit := b.Raw.MaxBytes
	body, err := b.rules.OpenBody(w, r, limit)
	switch {
	case err != nil:
		return err
	case limit > 0 && r.ContentLength > limit:
		return tooLong(theBody, limit)
	case limit > 0: // which a limit round the handler, that OpenBody looks at, may be above
		body = &content{Reader: body, name: theBody, left: limit, limit: limit}
	}
	field := value
	if b.Index != nil {
		field = jsontype.FieldOf(value, b.Index)
	}
	switch b.Raw.Kind {
	case RawFile:
		file := form.File{ContentType: contentType, Size: r.ContentLength, Reader: body}
		field.Set(reflect.ValueOf(file).Convert(b.rules.FileTypes.File))
	case RawReader:
		field.Set(reflect.ValueOf(body))
	case RawBytes:
		e := codec.NewBuffer()
		defer e.Release()
		if _, err := e.ReadFrom(body); err != nil {
			return err
		}
		field.SetBytes(bytes.Clone(e.Bytes()))
	}
	return nil
}

// mediaTypeText returns the media types of the body for an error.
func (b *Body) mediaTypeText() string { return strings.Join(b.MediaTypes(), " or ") }
