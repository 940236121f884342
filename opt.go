package tigertonic

import (
	jsonv1 "encoding/json"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Opt is a value that may be absent or null, which it tells apart. It is for
// fields of what [Typed] functions take and return, and works with
// [encoding/json], too. The zero value is absent; it is encoded as null, so give
// the field the option omitzero to leave it out.
type Opt[T any] struct {
	value T
	state optState
}

type optState uint8

const (
	optAbsent optState = iota
	optNull
	optValue
)

// Some returns an Opt with this value.
func Some[T any](v T) Opt[T] { return Opt[T]{v, optValue} }

// Null returns an Opt that is null.
func Null[T any]() Opt[T] { return Opt[T]{state: optNull} }

// Get returns the value, or T's zero value and false if there is none.
func (o Opt[T]) Get() (v T, ok bool) { return o.value, o.state == optValue }

// Or returns the value, or v if there is none.
func (o Opt[T]) Or(v T) T {
	if o.state == optValue {
		return o.value
	}
	return v
}

// IsZero tells whether it is absent: neither a value nor null.
func (o Opt[T]) IsZero() bool { return o.state == optAbsent }

// IsNull tells whether it is null.
func (o Opt[T]) IsNull() bool { return o.state == optNull }

// MarshalJSONTo encodes the value, or null.
func (o Opt[T]) MarshalJSONTo(enc *jsontext.Encoder) error {
	if o.state != optValue {
		return enc.WriteToken(jsontext.Null)
	}
	return json.MarshalEncode(enc, &o.value)
}

// UnmarshalJSONFrom decodes the value, or null.
func (o *Opt[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var decoded Opt[T]
	if dec.PeekKind() == 'n' {
		decoded.state = optNull
		_, err := dec.ReadToken()
		*o = decoded
		return err
	}
	decoded.state = optValue
	if err := json.UnmarshalDecode(dec, &decoded.value); err != nil {
		return err
	}
	*o = decoded
	return nil
}

// MarshalJSON is for encoding/json.
func (o Opt[T]) MarshalJSON() ([]byte, error) {
	if o.state != optValue {
		return []byte("null"), nil
	}
	return jsonv1.Marshal(&o.value)
}

// UnmarshalJSON is for encoding/json.
func (o *Opt[T]) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*o = Null[T]()
		return nil
	}
	decoded := Opt[T]{state: optValue}
	if err := jsonv1.Unmarshal(text, &decoded.value); err != nil {
		return err
	}
	*o = decoded
	return nil
}

// An optional is an Opt of any type.
type optional interface{ elem() reflect.Type }

func (Opt[T]) elem() reflect.Type { return reflect.TypeFor[T]() }

// optElem returns T if t is an Opt[T].
func optElem(t reflect.Type) (elem reflect.Type, ok bool) {
	if t.Kind() != reflect.Struct { // a pointer to an Opt has its methods, too
		return nil, false
	}
	o, ok := reflect.TypeAssert[optional](reflect.Zero(t))
	if !ok {
		return nil, false
	}
	return o.elem(), true
}

// set makes the Opt one with a value, and returns a pointer to it.
func (o *Opt[T]) set() any {
	o.state = optValue
	return &o.value
}

// get returns a pointer to the value, or nil.
func (o *Opt[T]) get() any {
	if o.state != optValue {
		return nil
	}
	return &o.value
}
