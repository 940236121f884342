package jsonscan_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
)

// An object is where one begins, and where the values of its members do.
type object struct {
	begin  int
	values map[string]int
}

// objectsOf returns the objects in a text, by the JSON library, and where the next value
// of its decoder begins.
func objectsOf(t *testing.T, text []byte) (all []object) {
	t.Helper()
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	var value func() (begin int)
	value = func() int {
		kind := dec.PeekKind()
		if kind != '{' && kind != '[' {
			v, err := dec.ReadValue()
			require.NoError(t, err)
			return int(dec.InputOffset()) - len(v)
		}
		_, err := dec.ReadToken()
		require.NoError(t, err)
		one := object{int(dec.InputOffset()) - 1, map[string]int{}}
		for dec.PeekKind() != kind+2 { // its closing bracket
			if kind == '[' {
				value()
				continue
			}
			name, err := dec.ReadToken()
			require.NoError(t, err)
			text := name.String() // before the decoder goes on
			one.values[text] = value()
		}
		_, err = dec.ReadToken()
		require.NoError(t, err)
		if kind == '{' {
			all = append(all, one)
		}
		return one.begin
	}
	value()
	return all
}

// requireLookups looks up all members of all objects in a text, and one more.
func requireLookups(t *testing.T, text []byte, objects []object) {
	t.Helper()
	lookup := jsonscan.Lookup{Src: text}
	for _, o := range objects {
		for name, want := range o.values {
			at, ok := lookup.Member(o.begin, name)
			require.True(t, ok, "%q at %d of %s", name, o.begin, text)
			require.Equal(t, want, at, "%q at %d of %s", name, o.begin, text)
		}
		if _, there := o.values["none"]; !there {
			_, ok := lookup.Member(o.begin, "none")
			require.False(t, ok, "at %d of %s", o.begin, text)
		}
		require.Equal(t, o.begin, lookup.Next(o.begin))
	}
}

// The oracle is the tokens of the JSON library, with their offsets.
func TestLookupFindsMembersOfNestedObjects(t *testing.T) {
	long := strings.Repeat("]}", 40)
	for _, text := range []string{
		`{}`, ` {"a":1}`, `{"a":{"a":[{"b":{}}]},"b":"}"}`, `{"\u0061":"` + long + `","b":[{"c":"` + long + `"},{}],"c":{"d":{"e":"` + long + `","f":[]}, "g" : 1}}`,
		strings.Repeat(`{"in":`, 100) + `{"x":[1,2]}` + strings.Repeat(`,"kind":"a"}`, 100),
	} {
		requireLookups(t, []byte(text), objectsOf(t, []byte(text)))
	}
	rnd := rand.New(rand.NewPCG(9, 10))
	found := 0
	for range 2_000 {
		text := []byte("[" + randomValue(rnd, 5) + "," + randomValue(rnd, 5) + "]")
		objects := objectsOf(t, text)
		rnd.Shuffle(len(objects), func(i, j int) { objects[i], objects[j] = objects[j], objects[i] })
		requireLookups(t, text, objects)
		found += len(objects)
	}
	assert.Greater(t, found, 1_000)
}

// The oracles are those of the tests.
func FuzzValues(f *testing.F) {
	for _, c := range texts {
		f.Add([]byte(c.text))
	}
	for _, text := range []string{`{"a":1,"a":2}`, `[1,]`, "\"\xff\"", `"\ud800"`, `-0e-0`, `1E400`, `{"\u0000":"\\\""}`, strings.Repeat("[", 100)} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !jsonscan.IsJSON(text) {
			return
		}
		s := jsonscan.Scanner{Src: text}
		s.Space()
		require.Equal(t, string(bytes.Trim(text, " \t\r\n")), string(s.Skip()))
		requireLookups(t, text, objectsOf(t, text))

		compact := jsontext.Value(bytes.Clone(text))
		require.NoError(t, compact.Compact())
		require.Equal(t, jsonscan.Canonical(text), jsonscan.Canonical(compact))
		both := append(append(append([]byte{'['}, text...), ','), compact...)
		var hashes jsonscan.Hashes
		require.Equal(t, hashes.Of(both, 1), hashes.Of(both, len(text)+2))
		if compact.Kind() == '0' {
			require.True(t, jsonscan.IsNumber(string(compact)))
		}
	})
}
