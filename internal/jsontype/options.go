package jsontype

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
)

// Options returns how the JSON of typed handlers differs from what the
// codec does by default, where there may be durations, or unions.
func Options(durations, unions bool) json.Options {
	if !durations && !unions {
		return json.JoinOptions(json.Deterministic(true))
	}
	var to []*json.Marshalers
	var from []*json.Unmarshalers
	if durations {
		to, from = append(to, json.MarshalToFunc(writeDuration)), append(from, json.UnmarshalFromFunc(readDuration))
	}
	if unions {
		u := newUnionCodec(json.JoinUnmarshalers(from...))
		to, from = append(to, json.MarshalToFunc(u.write)), append(from, json.UnmarshalFromFunc(u.read))
	}
	return json.JoinOptions(
		json.Deterministic(true),
		json.WithMarshalers(json.JoinMarshalers(to...)),
		json.WithUnmarshalers(json.JoinUnmarshalers(from...)),
	)
}

func writeDuration(enc *jsontext.Encoder, d time.Duration) error {
	return enc.WriteToken(jsontext.String(d.String()))
}

func readDuration(dec *jsontext.Decoder, d *time.Duration) error {
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if token.Kind() != '"' {
		return errNotDuration
	}
	*d, err = time.ParseDuration(token.String())
	return err
}

var errNotDuration = errors.New("not a duration")

// A unionCodec makes the codec write and read unions. It reads a union whose first member
// is the discriminator directly. For any other, it takes the whole text and reads it
// again with a unionCodec that looks up the discriminators of all unions in it.
type unionCodec struct {
	known  sync.Map           // the unions by their types
	rest   *json.Unmarshalers // for other types
	lookup *jsonscan.Lookup   // into the text that is read, or nil
	own    json.Options       // with which unions are read by this one
	inner  sync.Pool          // of those with a lookup
}

func newUnionCodec(rest *json.Unmarshalers) *unionCodec {
	c := &unionCodec{rest: rest}
	c.own = json.WithUnmarshalers(json.JoinUnmarshalers(rest, json.UnmarshalFromFunc(c.read)))
	c.inner.New = func() any { return newUnionCodec(rest) }
	return c
}

func (c *unionCodec) unionOf(t reflect.Type) (*Union, error) {
	if u, ok := c.known.Load(t); ok {
		return u.(*Union), nil
	}
	u, err := UnionOf(t)
	if u == nil && err == nil {
		err = fmt.Errorf("tigertonic: %v embeds a union", t)
	}
	if err == nil {
		c.known.Store(t, u)
	}
	return u, err
}

func (c *unionCodec) write(enc *jsontext.Encoder, value marked) error {
	v := reflect.ValueOf(value).Elem()
	u, err := c.unionOf(v.Type())
	if err != nil {
		return err
	}
	chosen, err := u.Chosen(v)
	if err != nil {
		return err
	}
	return json.MarshalEncode(enc, u.New(chosen, v).Addr().Interface())
}

var errNotUnion = errors.New("a union is an object")

func (c *unionCodec) read(dec *jsontext.Decoder, value marked) error {
	v := reflect.ValueOf(value).Elem()
	u, err := c.unionOf(v.Type())
	if err != nil {
		return err
	}
	switch dec.PeekKind() {
	case '{':
	case 'n':
		v.SetZero()
		fallthrough
	default:
		token, err := dec.ReadToken()
		if err != nil || token.Kind() == 'n' {
			return err
		}
		return errNotUnion
	}
	var i int
	if at, ok := c.placeOf(dec); ok {
		i, err = u.in(c.lookup, at)
	} else if i = u.first(dec.UnreadBuffer()); i < 0 {
		return c.readAgain(dec, u, v)
	}
	if err != nil {
		return err
	}
	whole := reflect.New(u.Variants[i].Whole)
	if err := json.UnmarshalDecode(dec, whole.Interface()); err != nil {
		return err
	}
	v.SetZero()
	u.Set(v, i, whole.Elem())
	return nil
}

// placeOf returns where the next union begins in the text that has a lookup. It reports
// false if there is no lookup, or if the decoder reads another text, such as that of a
// type whose method reads a part of this one with the same options.
func (c *unionCodec) placeOf(dec *jsontext.Decoder) (at int, ok bool) {
	if c.lookup == nil {
		return 0, false
	}
	from, rest, src := int(dec.InputOffset()), dec.UnreadBuffer(), c.lookup.Src
	if len(rest) == 0 || from+len(rest) != len(src) || &rest[0] != &src[from] {
		return 0, false
	}
	return c.lookup.Next(from), true
}

// readAgain reads a union whose discriminator may be anywhere.
func (c *unionCodec) readAgain(dec *jsontext.Decoder, u *Union, v reflect.Value) error {
	text, err := dec.ReadValue()
	if err != nil {
		return err
	}
	inner := c.inner.Get().(*unionCodec)
	inner.lookup = &jsonscan.Lookup{Src: text}
	defer func() {
		inner.lookup = nil
		c.inner.Put(inner)
	}()
	i, err := u.in(inner.lookup, 0)
	if err != nil {
		return err
	}
	whole := reflect.New(u.Variants[i].Whole)
	err = json.Unmarshal(text, whole.Interface(), inner.own)
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		semantic.JSONPointer = dec.StackPointer() + semantic.JSONPointer
		return semantic
	}
	if err == nil {
		v.SetZero()
		u.Set(v, i, whole.Elem())
	}
	return err
}

// in returns the index of the variant of the object that begins at a place.
func (u *Union) in(lookup *jsonscan.Lookup, begin int) (int, error) {
	at, ok := lookup.Member(begin, u.Discriminator)
	if !ok {
		return 0, fmt.Errorf("the member %q is missing, which must be one of %s", u.Discriminator, u.Values())
	}
	s := jsonscan.Scanner{Src: lookup.Src, Pos: at}
	if s.Src[at] != '"' {
		return 0, fmt.Errorf("the member %q must be one of %s", u.Discriminator, u.Values())
	}
	text := s.Unescaped()
	if i, ok := u.Of(text); ok {
		return i, nil
	}
	return 0, fmt.Errorf("the member %q is %q, which must be one of %s", u.Discriminator, text, u.Values())
}

// first returns the index of the variant if the first member that is in text, which may
// be the beginning of one that isn't valid, is the discriminator, or -1.
func (u *Union) first(text []byte) int {
	text = bytes.TrimLeft(text, " \t\r\n,:")
	text, ok := bytes.CutPrefix(text, []byte("{"))
	if !ok {
		return -1
	}
	rest, ok := bytes.CutPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte(`"`+u.Discriminator+`"`))
	if !ok {
		return -1
	}
	for _, want := range []string{":", `"`} {
		if rest = bytes.TrimLeft(rest, " \t\r\n"); !bytes.HasPrefix(rest, []byte(want)) {
			return -1
		}
		rest = rest[1:]
	}
	end := bytes.IndexAny(rest, `"\`)
	if end < 0 || rest[end] != '"' {
		return -1
	}
	if i, ok := u.Of(rest[:end]); ok {
		return i
	}
	return -1
}
