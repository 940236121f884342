package client

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/rcrowley/go-tigertonic"
)

// How an error response is read: as a problem (RFC 9457), in the format of the classic
// API, or in those of other services.

// mostOfError is how much of an error's body is read.
const mostOfError = 64 << 10

// errorOf returns the error of a response. It closes the body.
func errorOf(r *http.Request, rs *http.Response) *Error {
	body, _ := io.ReadAll(io.LimitReader(rs.Body, mostOfError)) // what there is has to do
	drop(rs.Body)
	e := newError(r, errors.New("")).withResponse(rs)
	e.Body = body
	e.read(rs.Header.Get("Content-Type"), body)
	return e
}

// read sets the error's causes from a body.
func (e *Error) read(contentType string, body []byte) {
	mediaType, _, _ := mime.ParseMediaType(contentType) // "" is none that is known
	var members map[string]jsontext.Value
	switch {
	case mediaType == "application/problem+json":
		if json.Unmarshal(body, &members, jsontext.AllowInvalidUTF8(true)) == nil {
			e.problem(members)
			return
		}
	case mediaType == "application/json" || strings.HasSuffix(mediaType, "+json"):
		if json.Unmarshal(body, &members, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)) == nil {
			e.foreign(members)
			return
		}
	case mediaType == "text/plain":
		e.other(string(body), "")
		return
	}
	e.other("", "")
}

// problem sets the error to a problem with these members.
func (e *Error) problem(members map[string]jsontext.Value) {
	p := &tigertonic.Problem{
		Status: e.Status, Type: stringOf(members["type"]), Title: stringOf(members["title"]), Detail: stringOf(members["detail"]),
	}
	if p.Title == http.StatusText(e.Status) {
		p.Title = ""
	}
	if after := e.Header.Get("Retry-After"); after != "" {
		p.Header = http.Header{"Retry-After": {after}}
	}
	for name, text := range members {
		switch name {
		case "type", "title", "status", "detail":
			continue
		case "request_id":
			if id := clean(stringOf(text)); id != "" {
				e.RequestID = id
			}
		}
		var value any
		if text.Kind() == '"' {
			value = stringOf(text)
		}
		if value != nil || json.Unmarshal(text, &value, jsontext.AllowInvalidUTF8(true)) == nil {
			if p.Extensions == nil {
				p.Extensions = map[string]any{}
			}
			p.Extensions[name] = value
		}
	}
	e.causes, e.text = []error{statusError(e.Status, p)}, clean(firstOf(p.Detail, p.Title))
	if errs := fieldErrors(members["errors"]); len(errs) > 0 {
		e.causes = append(e.causes, errs)
		e.text = clean(e.text + ": " + errs.Error())
	}
}

// fieldErrors returns the field errors of a problem.
func fieldErrors(text jsontext.Value) (errs tigertonic.FieldErrors) {
	var all []struct {
		Pointer   string `json:"pointer"`
		Parameter string `json:"parameter"`
		In        string `json:"in"`
		Detail    string `json:"detail"`
	}
	if len(text) == 0 {
		return nil
	}
	_ = json.Unmarshal(text, &all, jsontext.AllowInvalidUTF8(true)) // what isn't these is another's extension
	for _, one := range all {
		errs = append(errs, tigertonic.FieldError{Pointer: one.Pointer, Parameter: one.Parameter, In: one.In, Detail: one.Detail})
	}
	return errs
}

// foreign sets the error to one with these members, in the format of the classic API
// and some other services.
func (e *Error) foreign(members map[string]jsontext.Value) {
	text, name := stringOf(members["description"]), stringOf(members["error"])
	if text == "" {
		text, name = firstOf(stringOf(members["detail"]), stringOf(members["message"]), stringOf(members["title"]), name), ""
	}
	e.other(text, name)
}

// other sets the error to one that has this text and name, if it has any.
func (e *Error) other(text, name string) {
	e.text = clean(text)
	e.causes = []error{statusError(e.Status, remoteError{e.text, clean(name)})}
	if e.text == "" {
		e.causes = []error{statusError(e.Status, nil)}
	}
}

// A remoteError is an error from another service that isn't a problem.
type remoteError struct{ text, name string }

func (err remoteError) Error() string { return err.text }

// Name returns the service's name for the error, or "".
func (err remoteError) Name() string { return err.name }

// stringOf returns a JSON value if it is a string, or "".
func stringOf(value jsontext.Value) string {
	if n := len(value); n >= 2 && value[0] == '"' && value[n-1] == '"' && bytes.IndexByte(value, '\\') < 0 && utf8.Valid(value) {
		return string(value[1 : n-1]) // nothing is escaped in it
	}
	var s string
	if value.Kind() != '"' || json.Unmarshal(value, &s, jsontext.AllowInvalidUTF8(true)) != nil {
		return ""
	}
	return s
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
