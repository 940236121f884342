package tigertonic

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/rcrowley/go-tigertonic/internal/bind"
	"github.com/rcrowley/go-tigertonic/internal/call"
	"github.com/rcrowley/go-tigertonic/internal/form"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/internal/linelog"
)

// File is a file that a client uploads: a part of a form, or the body as a whole. A field
// of this type in the input of a [Typed] function gets it:
//
//	type upload struct {
//		Title string          `form:"title" required:"true" maxLength:"100"`
//		Image tigertonic.File `form:"image" maxBytes:"10MiB" mediaTypes:"image/png,image/jpeg"`
//	}
//
// Nothing of it is kept in memory or on disk: the function reads it off the connection.
// So of a form it must be the last part, and the function can't read it after it has
// returned. A *File is nil if there is no file. [Files] takes several.
//
// Reading fails with an error that the function should return, perhaps wrapped, for it
// has the right status: 413 if the file is longer than the tag maxBytes allows, 400 if it
// ends too early, 422 if something that shouldn't be there follows it in the form. What
// is wrong behind a file isn't seen before its end has been read.
//
// ContentType is what the client says, which the tag mediaTypes checks. It may be a lie:
// look at the content ([http.DetectContentType]) before you send it to anybody else.
type File struct {
	// Field is the name of the form's field, or "" if the file is the whole body.
	Field string
	// Name is the name of the file as the client sent it, without directories, control
	// characters and marks that change the direction of text, and at most 255 bytes long.
	// It may be "". Two files may have the same one, so don't store files by it.
	Name string
	// ContentType is the media type as the client sent it, or "".
	ContentType string
	// Size is the length in bytes, or -1 if it isn't known, as in a form.
	Size int64
	io.Reader
}

// Files are the files that a form has in one field, in the order in which they come. They
// can be ranged over once. A file can be read until the next one is asked for, and what
// isn't read of it is skipped. An error is in the last pair; see [File] for which.
//
//	Photos tigertonic.Files `form:"photo" maxBytes:"5MiB" maxItems:"10" mediaTypes:"image/*"`
//
// The tag maxBytes limits each file, and maxItems and minItems their number. Without
// required:"true" or minItems there may be none.
type Files = iter.Seq2[File, error]

// fileTypes are the types above for those who bind requests.
func fileTypes() (file, files reflect.Type) { return reflect.TypeFor[File](), reflect.TypeFor[Files]() }

// makeFiles returns the files of a form as a Files.
func makeFiles(seq func(yield func(form.File, error) bool)) any {
	return Files(func(yield func(File, error) bool) {
		seq(func(f form.File, err error) bool { return yield(File(f), err) })
	})
}

// bindRules returns the rules that this package adds to the binding of requests.
func bindRules() *bind.Rules {
	file, files := fileTypes()
	return &bind.Rules{
		OpenBody:  openBody,
		FileTypes: bind.FileTypes{File: file, Files: files, MakeFiles: makeFiles},
		Refused:   refused,
		ReadBody:  readBody,
		Listed:    findingsOf,
		Printable: func(text string) string { return linelog.Escape(text, "") },

		StrictQuery: isStrictQuery,
		OwnQuery:    isWildcardInQuery,
	}
}

// findingsOf returns an error's findings, if it is a FieldErrors.
func findingsOf(err error) (findings []bind.Finding, ok bool) {
	errs, ok := err.(FieldErrors) //nolint:errorlint // the caller unwraps it
	if !ok {
		return nil, false
	}
	errs = errs.capped()
	findings = make([]bind.Finding, len(errs))
	for i, e := range errs {
		findings[i] = bind.Finding(e)
	}
	return findings, true
}

// exampleFiles returns what is in the files of a field.
func exampleFiles(field reflect.Value) (texts []string, err error) {
	switch file := field.Interface().(type) {
	case File:
		if file.Reader == nil {
			return nil, nil
		}
		text, err := exampleContent(file.Reader)
		return []string{text}, err
	case *File:
		if file == nil {
			return nil, nil
		}
		return exampleFiles(field.Elem())
	case Files:
		if file == nil {
			return nil, nil
		}
		for one, err := range file {
			if err != nil {
				return nil, err
			}
			text, err := exampleContent(one.Reader)
			if err != nil {
				return nil, err
			}
			texts = append(texts, text)
		}
	}
	return texts, nil
}

// rawExample returns the JSON string that stands for a body which is taken as it is.
func rawExample(body any) ([]byte, error) {
	var reader io.Reader
	switch body := body.(type) {
	case string:
		reader = strings.NewReader(body)
	case []byte:
		reader = bytes.NewReader(body)
	case io.Reader:
		reader = body
	default:
		return nil, fmt.Errorf("it is a %T, but the body is taken as it is: a string, a []byte, a File or another io.Reader", body)
	}
	text, err := exampleContent(reader)
	if err != nil {
		return nil, err
	}
	return json.Marshal(text)
}

// exampleContent returns what is in a reader, which must be text.
func exampleContent(r io.Reader) (string, error) {
	if file, ok := r.(File); r == nil || ok && file.Reader == nil {
		return "", errors.New("a file has no Reader")
	}
	content, err := io.ReadAll(r)
	if err == nil && !utf8.Valid(content) {
		err = errors.New("its content isn't text, which is all that a document can hold")
	}
	return string(content), err
}

// writeForm writes a form: in multipart if it has a place for files.
func (w *inputWriter) writeForm(f *bind.Form, in reflect.Value, to *call.Request) error {
	if f.File == nil {
		var body []byte
		to.BodyType = form.URLEncoded
		err := w.eachText(in, func(field, text string) {
			if len(body) > 0 {
				body = append(body, '&')
			}
			body = append(appendEscaped(body, field), '=')
			body = appendEscaped(body, text)
		})
		to.Body = body
		return err
	}
	body := form.NewWriter()
	to.BodyType = body.ContentType()
	if err := w.eachText(in, body.Text); err != nil {
		return err
	}
	file := jsontype.FieldOf(in, f.File.Index)
	if f.File.Many {
		files := file.Interface().(Files)
		if files == nil && !f.File.Required {
			to.Body = body.Texts()
			return nil
		}
		to.Reader = body.Files(f.File.Name, func(yield func(form.File, error) bool) {
			if files != nil {
				files(func(file File, err error) bool { return yield(form.File(file), err) })
			}
		})
		return nil
	}
	if f.File.Pointer {
		if file.IsNil() {
			to.Body = body.Texts()
			return nil
		}
		file = file.Elem()
	}
	reader, length, err := body.File(f.File.Name, form.File(file.Interface().(File)))
	if err != nil {
		return fmt.Errorf("form %s: %w", f.File.Name, err)
	}
	to.Reader, to.Length = reader, max(length, 0)
	return nil
}

// eachText calls f with each text of a form's fields.
func (w *inputWriter) eachText(in reflect.Value, f func(field, text string)) error {
	for i := w.fields; i < len(w.params); i++ {
		texts, err := w.textsOf(i, in, nil)
		if err != nil {
			return err
		}
		for _, text := range texts {
			f(w.params[i].Name, text)
		}
	}
	return nil
}

// writeRaw writes a body that is sent as it is.
func writeRaw(b *bind.Body, in reflect.Value, to *call.Request) error {
	body := jsontype.FieldOf(in, b.Index)
	if to.BodyType = b.Raw.Default(); to.BodyType == "" {
		to.BodyType = "application/octet-stream"
	}
	switch body := body.Interface().(type) {
	case []byte:
		to.Body = slices.Clone(body)
	case File:
		if body.ContentType != "" {
			to.BodyType = body.ContentType
		}
		to.Reader, to.Length = body.Reader, max(body.Size, 0)
	case io.Reader:
		to.Reader = body
	}
	if strings.ContainsFunc(to.BodyType, func(c rune) bool { return c < ' ' || c > '~' }) {
		return errors.New("body: the media type has control characters")
	}
	return nil
}
