package contract

import (
	"bytes"
	"fmt"
	"maps"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

// How a value becomes a body that isn't JSON.

// other returns a body of a media type that isn't JSON, and its Content-Type. Of a form,
// the value's members are the fields.
func (f *fuzzer) other(name string, m mediaType) (body []byte, contentType string) {
	g := f.generator
	defer func() { g.uncertain = true }() // nobody holds these to their schema
	switch base, _, _ := strings.Cut(name, ";"); {
	case m.schema == "":
	case base == "application/x-www-form-urlencoded":
		form := url.Values{}
		maps.Copy(form, fieldsOf(g.at(m.schema)))
		return []byte(form.Encode()), name
	case base == "multipart/form-data":
		return f.multipart(m)
	}
	return []byte("text"), typeOf(name)
}

// typeOf returns a media type that is in a range.
func typeOf(mediaRange string) string {
	switch major, minor, _ := strings.Cut(mediaRange, "/"); {
	case minor != "*":
		return mediaRange
	case major == "*":
		return "application/octet-stream"
	case major == "image":
		return "image/png"
	case major == "text":
		return "text/plain"
	default:
		return major + "/x-any"
	}
}

// fieldsOf returns the texts of a form's fields.
func fieldsOf(value any) map[string][]string {
	fields := map[string][]string{}
	o, _ := value.(object)
	for name, member := range o {
		if l, ok := member.([]any); ok {
			for _, item := range l {
				fields[name] = append(fields[name], textOf(item))
			}
		} else {
			fields[name] = []string{textOf(member)}
		}
	}
	return fields
}

// multipart returns a form with its files behind the texts.
func (f *fuzzer) multipart(m mediaType) (body []byte, contentType string) {
	r := reader{members(f.document)}
	schema, _ := r.follow(lookUp(f.document, m.schema), m.schema)
	properties, encodings := members(schema["properties"]), members(lookUp(f.document, strings.TrimSuffix(m.schema, "/schema")+"/encoding"))
	isFile := func(name string) bool {
		property, _ := r.follow(properties[name], "")
		items, _ := r.follow(property["items"], "")
		return property["format"] == "binary" || items["format"] == "binary"
	}
	fields := fieldsOf(f.generator.at(m.schema))
	names := slices.Sorted(maps.Keys(fields))
	slices.SortStableFunc(names, func(a, b string) int {
		switch {
		case isFile(a) == isFile(b):
			return 0
		case isFile(a):
			return 1
		}
		return -1
	})
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	_ = w.SetBoundary("contract") // it is one
	for _, name := range names {
		for i, value := range fields[name] {
			header := textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf("form-data; name=%q", name)}}
			if isFile(name) {
				header["Content-Disposition"][0] += fmt.Sprintf("; filename=%q", fmt.Sprintf("file%d", i+1))
				header["Content-Type"] = []string{"application/octet-stream"}
				if types, ok := members(encodings[name])["contentType"].(string); ok {
					first, _, _ := strings.Cut(types, ",")
					header["Content-Type"][0] = typeOf(strings.TrimSpace(first))
				}
			}
			if part, err := w.CreatePart(header); err == nil {
				_, _ = part.Write([]byte(value)) // into memory
			}
		}
	}
	_ = w.Close()
	return b.Bytes(), w.FormDataContentType()
}
