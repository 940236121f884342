package tigertonic

import (
	jsonv1 "encoding/json"
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
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

// IsZero reports whether the Opt is absent: neither a value nor null.
func (o Opt[T]) IsZero() bool { return o.state == optAbsent }

// IsNull reports whether the Opt is null.
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

// ValuePointer returns a pointer to the value, or nil if there is none. If set is true,
// the Opt has a value from then on: its previous value, or T's zero value. It is for code
// that doesn't know T, such as that of Typed.
func (o *Opt[T]) ValuePointer(set bool) any {
	if set {
		o.state = optValue
	}
	if o.state != optValue {
		return nil
	}
	return &o.value
}

// Union makes a struct that embeds it one of several structs, its variants, told apart by
// a member of their JSON, the discriminator:
//
//	type Payment struct {
//		tigertonic.Union `discriminator:"type"`
//		Card             *Card         `variant:"card"`
//		Transfer         *BankTransfer `variant:"transfer"`
//	}
//
// Exactly one of the pointers is set. The JSON is that of the struct which it points to,
// with the discriminator as the first member: {"type":"card","number":"…"}. What is read
// may have it anywhere. The other fields of the union must be variants, with different
// values, and none of their structs has a member of the discriminator's name; [Typed],
// [Declare] and [SchemaOf] panic if something is wrong. A union can be a field, an item, a
// map's value, a body or an item of a stream, and be behind a pointer or an [Opt]; it can't
// be embedded, or be a variant itself.
//
// A function that returns a union of which none or two variants are set has failed: its
// client gets 500, and the log says which. A field with the option omitempty or omitzero
// may be left without one. In a [Patch], an object without the discriminator, or with the
// one that is there, is merged with the variant; one with another takes its place, with
// nothing of it left.
//
// Only this package and package client know unions: encoding/json sees the methods of the
// embedded Union alone, not the struct round it. So they return an error, and what has a
// Union in it isn't for [Marshaled].
type Union struct{ unionMark }

// unionMark is what marks a union, by its method.
type unionMark = jsontype.UnionMark

// A Union has what marks it, though nobody reads that by its name.
var _ = Union{}.unionMark

var errUnionAlone = errors.New("tigertonic: a Union is written and read by Typed and package client, not by a JSON package alone")

// MarshalJSON returns an error: the method can't know the struct that embeds the Union.
func (Union) MarshalJSON() ([]byte, error) { return nil, errUnionAlone }

// UnmarshalJSON returns an error: the method can't know the struct that embeds the Union.
func (*Union) UnmarshalJSON([]byte) error { return errUnionAlone }
