package mcp

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

// Forms and files as arguments. The argument body of a form is an object with the fields of
// the form, and a file is an object whose content is in base64, there or as the whole body.

const (
	urlencoded    = "application/x-www-form-urlencoded"
	multipartForm = "multipart/form-data"
)

// A formField is a field of a form, or a body that is a file.
type formField struct {
	name       string
	file, many bool
	mediaTypes []string // of a file, or none for any
	limit      int      // of its bytes
}

// isBinary reports whether a schema is that of bytes as they are.
func isBinary(schema object) bool { return text(schema["format"]) == "binary" }

// form returns the fields of a form, and its schema as an argument.
func (d *document) form(media object, most int) (fields []formField, schema object) {
	schema = maps.Clone(d.resolve(media["schema"]))
	encoding, properties := members(media["encoding"]), object{}
	for _, name := range slices.Sorted(maps.Keys(members(schema["properties"]))) {
		property := members(schema["properties"])[name]
		whole := d.resolve(property)
		f := formField{name: name, many: whole["items"] != nil}
		one := whole
		if f.many {
			one = d.resolve(whole["items"])
		}
		if f.file = isBinary(one); f.file {
			f.accept(one, text(members(encoding[name])["contentType"]), most)
			property = f.schema(whole)
		}
		fields, properties[name] = append(fields, f), property
	}
	schema["properties"] = properties
	return fields, schema
}

// accept sets what the content of a file may be.
func (f *formField) accept(schema object, mediaTypes string, most int) {
	f.limit = most
	if n, ok := schema["maxLength"].(json.Number); ok {
		if n, err := n.Int64(); err == nil && n < int64(most) {
			f.limit = int(n)
		}
	}
	for mediaType := range strings.SplitSeq(mediaTypes, ",") {
		if mediaType = strings.TrimSpace(mediaType); mediaType != "" && mediaType != "*/*" {
			f.mediaTypes = append(f.mediaTypes, mediaType)
		}
	}
}

// schema returns the schema of a file, or of several, as an argument.
func (f *formField) schema(whole object) object {
	mediaType := object{"type": "string", "description": "Its media type, such as image/png."}
	required := []string{"data"}
	if f.mediaTypes != nil {
		mediaType["description"] = "One of " + strings.Join(f.mediaTypes, ", ") + "."
		if f.mediaType() == "" {
			required = append(required, "mediaType")
		}
	}
	file := object{
		"type": "object", "required": required, "additionalProperties": false,
		"properties": object{
			"data": object{
				"type": "string", "contentEncoding": "base64", "maxLength": base64.StdEncoding.EncodedLen(f.limit),
				"description": fmt.Sprintf("Its content in base64, of at most %d bytes.", f.limit),
			},
			"mediaType": mediaType,
			"name":      object{"type": "string", "description": "The file's name."},
		},
	}
	if !f.many {
		return described(file, text(whole["description"]))
	}
	list := maps.Clone(whole)
	list["items"] = file
	return list
}

// mediaType returns the media type of a file that says none: the only one that it can have,
// or "".
func (f *formField) mediaType() string {
	if len(f.mediaTypes) == 1 && !strings.Contains(f.mediaTypes[0], "*") {
		return f.mediaTypes[0]
	}
	return ""
}

// A file is an argument that is one.
type file struct {
	Data      *string `json:"data"`
	MediaType string  `json:"mediaType"`
	Name      string  `json:"name"`
	content   []byte
}

// read returns the file in an argument that is at a place.
func (f *formField) read(value json.RawMessage, place string) (*file, error) {
	read := &file{}
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(read)
	switch {
	case err != nil || read.Data == nil:
		return nil, fmt.Errorf(`the argument %q must be an object with the member "data", the content in base64, and perhaps "mediaType" and "name"`, place)
	case len(*read.Data) > base64.StdEncoding.EncodedLen(f.limit)+2:
		return nil, fmt.Errorf("the argument %q is longer than %d bytes, the limit for a file", place, f.limit)
	}
	if read.content, err = base64.StdEncoding.Strict().DecodeString(*read.Data); err != nil {
		return nil, fmt.Errorf(`the argument %q: "data" isn't base64: %w`, place, err)
	}
	if len(read.content) > f.limit {
		return nil, fmt.Errorf("the argument %q is longer than %d bytes, the limit for a file", place, f.limit)
	}
	mediaType, parameters, err := mime.ParseMediaType(cmp.Or(read.MediaType, f.mediaType(), "application/octet-stream"))
	if err != nil {
		return nil, fmt.Errorf("the argument %q: %q isn't a media type", place, read.MediaType)
	}
	read.MediaType = mime.FormatMediaType(mediaType, parameters)
	return read, nil
}

// encode returns a form, or a file as the whole body, and its media type.
func (t *tool) encode(body json.RawMessage) (contentType string, content []byte, err error) {
	if t.whole != nil {
		f, err := t.whole.read(body, "body")
		if err != nil {
			return "", nil, err
		}
		return f.MediaType, f.content, nil
	}
	var given map[string]json.RawMessage
	if json.Unmarshal(body, &given) != nil || given == nil {
		return "", nil, errors.New(`the argument "body" must be an object with the fields of the form`)
	}
	texts, files, err := t.fieldsOf(given)
	if err != nil {
		return "", nil, err
	}
	if t.mediaType == urlencoded {
		return urlencoded, []byte(texts.Encode()), nil
	}
	return writeParts(t.form, texts, files)
}

// fieldsOf returns the texts and the files of a form by the names of their fields.
func (t *tool) fieldsOf(given map[string]json.RawMessage) (url.Values, map[string][]*file, error) {
	texts, files := url.Values{}, map[string][]*file{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		i := slices.IndexFunc(t.form, func(f formField) bool { return f.name == name })
		place, value := "body/"+name, given[name]
		switch {
		case i < 0:
			return nil, nil, fmt.Errorf("the form has no field %q", name)
		case string(value) == "null":
			continue
		case !t.form[i].file:
			list, err := textsOf(value)
			if err != nil {
				return nil, nil, fmt.Errorf("the argument %q %w", place, err)
			}
			texts[name] = list
			continue
		}
		each := []json.RawMessage{value}
		if t.form[i].many && json.Unmarshal(value, &each) != nil {
			return nil, nil, fmt.Errorf("the argument %q must be a list of files", place)
		}
		for _, value := range each {
			f, err := t.form[i].read(value, place)
			if err != nil {
				return nil, nil, err
			}
			files[name] = append(files[name], f)
		}
	}
	return texts, files, nil
}

// writeParts returns a form in multipart, with its files last.
func writeParts(fields []formField, texts url.Values, files map[string][]*file) (contentType string, content []byte, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range fields {
		for _, text := range texts[f.name] {
			if err := w.WriteField(f.name, text); err != nil {
				return "", nil, err
			}
		}
	}
	for _, f := range fields {
		for _, one := range files[f.name] {
			part, err := w.CreatePart(textproto.MIMEHeader{
				"Content-Disposition": {multipart.FileContentDisposition(f.name, one.Name)}, "Content-Type": {one.MediaType},
			})
			if err == nil {
				_, err = io.Copy(part, bytes.NewReader(one.content))
			}
			if err != nil {
				return "", nil, err
			}
		}
	}
	err = w.Close()
	return w.FormDataContentType(), b.Bytes(), err
}
