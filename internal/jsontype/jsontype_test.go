package jsontype_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/jsontype"
)

type inner struct {
	A int `json:"a"`
	B int
}

type another struct{ B int }

type Outer struct {
	C int `json:"c,omitempty"`
	D int `json:"d,omitzero,string"`
}

type optional[T any] struct {
	value T
	set   bool
}

func (o *optional[T]) ValuePointer(set bool) any {
	if o.set = o.set || set; !o.set {
		return nil
	}
	return &o.value
}

type otherwise struct{}

func (*otherwise) ValuePointer(bool) any { return nil }

// describe returns what is known of the fields of a struct.
func describe(fields []jsontype.Field) (all []string) {
	for i := range fields {
		f := &fields[i]
		text := fmt.Sprint(f.Member, "=", f.Name, f.Index)
		for _, option := range []struct {
			word string
			is   bool
		}{{" omit", f.Omit && !f.OmitsEmpty}, {" omitempty", f.OmitsEmpty}, {" quoted", f.Quoted}, {" behind", f.Behind}, {" folds", f.FoldsCase}} {
			if option.is {
				text += option.word
			}
		}
		all = append(all, text)
	}
	return all
}

func TestFieldsAreThoseOfTheCodec(t *testing.T) {
	for _, c := range []struct {
		value any
		want  []string
		rest  string
		err   string
	}{
		{struct {
			X, Y   int
			hidden int
			Z      int `json:"-"`
		}{}, []string{"X=X[0]", "Y=Y[1]"}, "", ""},
		{struct {
			inner
			B int
		}{}, []string{"a=A[0 0]", "B=B[1]"}, "", ""},
		{struct {
			*Outer
			E inner `json:",embed"`
		}{}, []string{"c=C[0 0] omitempty behind", "d=D[0 1] omit quoted behind", "a=A[1 0]", "B=B[1 1]"}, "", ""},
		{struct {
			Outer `json:"o"`
			F     int `json:",case:ignore"`
		}{}, []string{"o=Outer[0]", "F=F[1] folds"}, "", ""},
		{struct {
			inner
			another
		}{}, []string{"a=A[0 0]"}, "", ""},
		{struct {
			A int            `json:"a"`
			M map[string]any `json:",embed"`
		}{}, []string{"a=A[0]"}, "M", ""},
		{struct{ *inner }{}, nil, "", "struct { *jsontype_test.inner }.inner: an embedded pointer to a type that isn't exported can't be decoded into"},
		{struct{ fmt.Stringer }{}, nil, "", "struct { fmt.Stringer }.Stringer: an embedded field that isn't a struct needs a name for its JSON"},
	} {
		fields, rest, err := jsontype.Fields(reflect.TypeOf(c.value), false)
		if c.err != "" {
			assert.EqualError(t, err, c.err)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, c.want, describe(fields), "%T", c.value)
		if c.rest == "" {
			assert.Nil(t, rest)
		} else {
			assert.Equal(t, c.rest, rest.Name)
		}
	}
	fields, rest, err := jsontype.Fields(reflect.TypeFor[struct {
		fmt.Stringer
		*inner
		M map[string]int `json:",embed"`
	}](), true)
	require.NoError(t, err)
	assert.Nil(t, rest)
	assert.Equal(t, []string{"Stringer=Stringer[0]", "a=A[1 0] behind", "B=B[1 1] behind", "M=M[2]"}, describe(fields))
}

type (
	Named   struct{ X, Y, Z int }
	Renamed struct {
		A int `json:"X"`
		B int `json:"Y"`
	}
	Deep   struct{ Deeper }
	Deeper struct {
		X int `json:"X"`
		W int
	}
	Loop struct {
		*Loop
		V int
	}
)

// The oracles are the two codecs, which write each member that a struct has.
func TestFieldsWithTheSameNameAreResolvedAsByTheCodecs(t *testing.T) {
	clash := reflect.Zero(reflect.StructOf([]reflect.StructField{ // which the codec of typed handlers refuses, and linters in source
		{Name: "A", Type: reflect.TypeFor[int](), Tag: `json:"B"`},
		{Name: "B", Type: reflect.TypeFor[int]()},
		{Name: "C", Type: reflect.TypeFor[int](), Tag: `json:"C"`},
		{Name: "D", Type: reflect.TypeFor[int](), Tag: `json:"-,"`},
	})).Interface()
	for _, value := range []any{
		clash,
		struct {
			Named
			Renamed
		}{},
		struct {
			Renamed
			Named
		}{},
		struct {
			Named
			Renamed
			*Deep
		}{Deep: &Deep{}},
		struct {
			Deep
			Named
			X string
		}{},
		reflect.Zero(reflect.StructOf([]reflect.StructField{ // both tagged alike, which vet refuses in source
			{Name: "Deeper", Type: reflect.TypeFor[Deeper](), Anonymous: true},
			{Name: "Renamed", Type: reflect.TypeFor[Renamed](), Anonymous: true},
		})).Interface(),
		struct {
			Deep
			Deeper
		}{},
		struct {
			Loop
			Loop2 *Loop `json:"V"`
		}{},
	} {
		names := func(text []byte, err error) (all []string) {
			require.NoError(t, err, "%T", value)
			var members map[string]any
			require.NoError(t, json.Unmarshal(text, &members))
			return slices.Sorted(maps.Keys(members))
		}
		ours := func(classic bool) (all []string) {
			fields, rest, err := jsontype.Fields(reflect.TypeOf(value), classic)
			require.NoError(t, err, "%T", value)
			assert.Nil(t, rest)
			for i := range fields {
				all = append(all, fields[i].Member)
			}
			slices.Sort(all)
			return all
		}
		assert.Equal(t, names(json.Marshal(value)), ours(true), "%T", value)
		if value != clash {
			assert.Equal(t, names(jsonv2.Marshal(value)), ours(false), "%T", value)
		}
	}
	_, err := jsonv2.Marshal(clash)
	assert.ErrorContains(t, err, "conflict")
}

func TestPlainFieldsAreOnesWithoutOddTags(t *testing.T) {
	for value, want := range map[any]bool{
		struct {
			A int `json:"a,omitempty"`
		}{}: true,
		struct {
			A int `json:"a,string"`
		}{}: true,
		struct {
			A time.Duration `json:"a,string"`
		}{}: false,
		struct {
			A string `json:"a,string"`
		}{}: false,
		struct {
			A int `json:"a,case:ignore"`
		}{}: false,
		struct {
			A int `json:"'a'"`
		}{}: false,
		struct {
			A *zeroer `json:"a,omitzero"`
		}{}: true,
		struct {
			A zeroer `json:"a,omitzero"`
		}{}: true,
		struct{ inner }{}:        true,
		struct{ fmt.Stringer }{}: false,
		struct {
			A string `json:"a"`
			B *int   `json:",embed"`
		}{}: false,
	} {
		_, _, got := jsontype.PlainFields(reflect.TypeOf(value))
		assert.Equal(t, want, got, "%T", value)
	}
	_, rest, ok := jsontype.PlainFields(reflect.TypeFor[struct {
		M map[string]int `json:",embed"`
	}]())
	assert.True(t, ok)
	assert.NotNil(t, rest)
}

type zeroer int

func (zeroer) IsZero() bool { return false }

func TestOptElem(t *testing.T) {
	elem, ok := jsontype.OptElem(reflect.TypeFor[optional[int]]())
	assert.True(t, ok)
	assert.Equal(t, reflect.TypeFor[int](), elem)
	for _, other := range []reflect.Type{reflect.TypeFor[*optional[int]](), reflect.TypeFor[otherwise](), reflect.TypeFor[inner](), reflect.TypeFor[int]()} {
		_, ok := jsontype.OptElem(other)
		assert.False(t, ok, other)
	}
}

func TestTypesOfText(t *testing.T) {
	assert.True(t, jsontype.IsText(jsontype.Time))
	assert.False(t, jsontype.IsText(reflect.PointerTo(jsontype.Time)))
	assert.True(t, jsontype.Implements(jsontype.Time, jsontype.MarshalerTo, jsontype.TextAppender))
	assert.True(t, jsontype.Implements(jsontype.Time, jsontype.TextUnmarshaler), "by a pointer to it")
	assert.False(t, jsontype.Implements(reflect.TypeFor[int](), jsontype.TextMarshaler, jsontype.JSONMarshaler))
	assert.Equal(t, jsontype.Time, jsontype.Indirect(reflect.PointerTo(jsontype.Time)))
	type pointer *int
	assert.Equal(t, reflect.TypeFor[pointer](), jsontype.Indirect(reflect.TypeFor[pointer]()))
	v := struct{ inner }{inner{B: 3}}
	assert.EqualValues(t, 3, jsontype.FieldOf(reflect.ValueOf(v), []int{0, 1}).Int())
}

func TestDurationsAreText(t *testing.T) {
	var d time.Duration
	require.NoError(t, jsonv2.Unmarshal([]byte(`"1h30m"`), &d, jsontype.Options(true, true)))
	assert.Equal(t, 90*time.Minute, d)
	text, err := jsonv2.Marshal(map[string]time.Duration{"b": d, "a": time.Second}, jsontype.Options(true, true))
	require.NoError(t, err)
	assert.Equal(t, `{"a":"1s","b":"1h30m0s"}`, string(text))
	assert.ErrorContains(t, jsonv2.Unmarshal([]byte(`1`), &d, jsontype.Options(true, true)), "not a duration")
	assert.Error(t, jsonv2.Unmarshal([]byte(`"1"`), &d, jsontype.Options(true, true)))
	assert.Error(t, jsonv2.UnmarshalDecode(jsontext.NewDecoder(new(broken)), &d, jsontype.Options(true, true)))
	text, err = jsonv2.Marshal(map[string]json.RawMessage{"b": nil, "a": nil}, jsontype.Options(false, false))
	require.NoError(t, err)
	assert.Equal(t, `{"a":null,"b":null}`, string(text))
}

type broken struct{}

func (*broken) Read([]byte) (int, error) { return 0, fmt.Errorf("broken") }
