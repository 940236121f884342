package answers

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
)

// How a value becomes a response, and a response a value.

// Chosen returns the answer that a value of the plan's type stands for, and the struct
// that has its parts.
func (p *Plan) Chosen(value reflect.Value) (*Answer, reflect.Value, error) {
	if !p.Several {
		return &p.Answers[0], value, nil
	}
	var chosen *Answer
	var parts reflect.Value
	for i := range p.Answers {
		a := &p.Answers[i]
		switch field := value.FieldByIndex(a.index); {
		case field.IsNil():
		case chosen != nil:
			return nil, parts, fmt.Errorf("both %s and %s are set, and a request has one answer", chosen.Field, a.Field)
		default:
			chosen, parts = a, field.Elem()
		}
	}
	if chosen == nil {
		return nil, parts, errors.New("none of its fields is set, and a request has an answer")
	}
	return chosen, parts, nil
}

// Set returns the parts of an answer within a value of the plan's type, to be set by
// [Answer.SetHeader].
func (p *Plan) Set(a *Answer, value reflect.Value) (parts reflect.Value) {
	if !p.Several {
		return value
	}
	field := value.FieldByIndex(a.index)
	field.Set(reflect.New(a.Type))
	return field.Elem()
}

// All calls f with the parts of each answer that is set in a value, however many there
// are.
func (p *Plan) All(value reflect.Value, f func(a *Answer, parts reflect.Value)) {
	for i := range p.Answers {
		a := &p.Answers[i]
		if !p.Several {
			f(a, value)
		} else if field := value.FieldByIndex(a.index); !field.IsNil() {
			f(a, field.Elem())
		}
	}
}

// BodyOf returns the body within the parts of the answer, which has one.
func (a *Answer) BodyOf(parts reflect.Value) reflect.Value {
	if a.body == nil {
		return parts
	}
	return parts.FieldByIndex(a.body)
}

// HasHeader reports whether the answer may have a header.
func (a *Answer) HasHeader(name string) bool {
	for i := range a.Headers {
		if a.Headers[i].Name == name {
			return true
		}
	}
	return false
}

// HeaderOf returns the header of the answer with these parts, or an error if a value
// can't be sent in a header.
func (a *Answer) HeaderOf(parts reflect.Value) (http.Header, error) {
	var header http.Header
	for i := range a.Headers {
		h := &a.Headers[i]
		texts, err := h.texts(parts.FieldByIndex(h.index))
		if err != nil {
			return nil, fmt.Errorf("the header %s %w", h.Name, err)
		}
		if len(texts) == 0 {
			continue
		}
		if header == nil {
			header = make(http.Header, len(a.Headers))
		}
		header[h.Name] = texts
	}
	return header, nil
}

// texts returns the values of the header, or none if it isn't to be sent.
func (h *Header) texts(field reflect.Value) (texts []string, err error) {
	switch h.holder {
	case codec.HoldsMany, codec.HoldsOptMany:
		list := codec.List(field, false)
		for i := 0; list.IsValid() && i < list.Len(); i++ {
			text, err := h.text(list.Index(i))
			if err != nil {
				return nil, err
			}
			texts = append(texts, text)
		}
		return texts, nil
	case codec.HoldsPointer:
		if field.IsNil() {
			return nil, nil
		}
		field = field.Elem()
	case codec.HoldsOpt:
		pointer := field.Addr().Interface().(jsontype.Optional).ValuePointer(false)
		if pointer == nil {
			return nil, nil
		}
		field = reflect.ValueOf(pointer).Elem()
	case codec.HoldsOne:
		if field.IsZero() && !h.Required {
			return nil, nil
		}
	}
	text, err := h.text(field)
	return []string{text}, err
}

func (h *Header) text(value reflect.Value) (string, error) {
	text, err := h.format(value)
	switch {
	case err != nil:
		return "", err
	case !httpfield.IsValue(text):
		return "", fmt.Errorf("is %q, which has a control character or begins or ends with a space (RFC 9110 §5.5)", text)
	case h.Name == "Etag" && !httpfield.IsETag(text):
		return "", fmt.Errorf("is %q, which isn't an entity tag: it has quotes (RFC 9110 §8.8.3)", text)
	}
	return text, nil
}

// SetHeader sets the fields for headers in the parts of an answer to what a response has.
func (a *Answer) SetHeader(parts reflect.Value, header http.Header) error {
	for i := range a.Headers {
		h := &a.Headers[i]
		for _, text := range h.split(header[h.Name]) {
			if err := h.set(parts.FieldByIndex(h.index), text); err != nil {
				return fmt.Errorf("the header %s is %q, which can't be read: %w", h.Name, text, err)
			}
		}
	}
	return nil
}

// split returns the values of the header's lines. Each element of a list is a value (RFC
// 9110 §5.6.1), except in headers whose values contain commas.
func (h *Header) split(lines []string) (texts []string) {
	switch {
	case len(lines) == 0:
		return nil
	case !h.holder.IsMany():
		return lines[:1]
	case h.elem == jsontype.Time && httpfield.HoldsDate(h.Name):
		return lines
	}
	switch h.Name {
	case "Set-Cookie", "Www-Authenticate", "Proxy-Authenticate":
		return lines
	}
	for _, line := range lines {
		for line != "" {
			var text string
			if text, line = httpfield.CutElement(line, ','); text != "" {
				texts = append(texts, text)
			}
		}
	}
	return texts
}
