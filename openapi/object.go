package openapi

import (
	stdjson "encoding/json"
	"iter"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// An object is a JSON object whose members have an order.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSONTo writes the members. An error names the one that can't be.
func (o object) MarshalJSONTo(enc *jsontext.Encoder) error {
	if err := enc.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for _, m := range o {
		if err := enc.WriteToken(jsontext.String(m.name)); err != nil {
			return err
		}
		if err := encode(enc, m.value); err != nil {
			return err
		}
	}
	return enc.WriteToken(jsontext.EndObject)
}

// encode writes a value. Those that documents are made of need no reflection.
func encode(enc *jsontext.Encoder, value any) error {
	switch v := value.(type) {
	case string:
		return enc.WriteToken(jsontext.String(v))
	case bool:
		return enc.WriteToken(jsontext.Bool(v))
	case int:
		return enc.WriteToken(jsontext.Int(int64(v)))
	case object:
		return v.MarshalJSONTo(enc)
	case stdjson.RawMessage: // which is a jsontext.Value from Go 1.27 on
		if v == nil {
			return enc.WriteToken(jsontext.Null)
		}
		return enc.WriteValue(jsontext.Value(v))
	case pattern:
		return v.MarshalJSONTo(enc)
	case []object:
		return encodeList(enc, v)
	case []string:
		return encodeList(enc, v)
	case []stdjson.RawMessage:
		return encodeList(enc, v)
	}
	return json.MarshalEncode(enc, value)
}

func encodeList[T any](enc *jsontext.Encoder, values []T) error {
	if err := enc.WriteToken(jsontext.BeginArray); err != nil {
		return err
	}
	for _, value := range values {
		if err := encode(enc, value); err != nil {
			return err
		}
	}
	return enc.WriteToken(jsontext.EndArray)
}

func (o *object) set(name string, value any) { *o = append(*o, member{name, value}) }

// text sets a member to a text, unless that is empty.
func (o *object) text(name, text string) {
	if text != "" {
		o.set(name, text)
	}
}

// flag sets a member to true, or not at all.
func (o *object) flag(name string, set bool) {
	if set {
		o.set(name, true)
	}
}

// values sets a member to a list of values, unless there are none.
func (o *object) values(name string, values []stdjson.RawMessage) {
	if len(values) > 0 {
		o.set(name, values)
	}
}

// count sets a member to a number, if there is one.
func (o *object) count(name string, n *int) {
	if n != nil {
		o.set(name, *n)
	}
}

// number sets a member to a JSON number, if there is one.
func (o *object) number(name, number string) {
	if number != "" {
		o.set(name, stdjson.RawMessage(number))
	}
}

// marshal returns the JSON of a value, indented or on one line. What isn't UTF-8 is
// replaced.
func marshal(value any, options ...jsontext.Options) ([]byte, error) {
	return json.Marshal(value, append(options, jsontext.AllowInvalidUTF8(true))...)
}

// sorted yields a map's entries in the order of their keys.
func sorted[V any](m map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if !yield(key, m[key]) {
				return
			}
		}
	}
}
