package codec_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/codec"
)

func TestTextsAreSetInFields(t *testing.T) {
	five := 5
	for _, c := range []struct {
		field any // of the type
		text  string
		want  any // or nil
	}{
		{"", "a", "a"},
		{false, "true", true},
		{false, "1", nil},
		{int8(0), "-128", int8(-128)},
		{int8(0), "128", nil},
		{uint8(0), "255", uint8(255)},
		{uint8(0), "-0", uint8(0)},
		{uint8(0), "-1", nil},
		{1.5, "1e3", 1e3},
		{float32(0), "1e39", nil},
		{time.Time{}, "2006-01-02T15:04:05Z", time.Date(2006, 1, 2, 15, 4, 5, 0, time.UTC)},
		{time.Time{}, "2006-01-02", nil},
		{time.Duration(0), "1h", time.Hour},
		{time.Duration(0), "1", nil},
		{word(""), "w", word("w")},
		{word(""), "W", nil},
		{&five, "5", &five},
		{opt[int]{}, "5", opt[int]{5, 2}},
		{[]int{1}, "5", []int{1, 5}},
		{[]word{}, "W", nil},
	} {
		set := codec.SetterOf(reflect.TypeOf(c.field))
		require.NotNil(t, set)
		field := reflect.New(reflect.TypeOf(c.field)).Elem()
		if field.Kind() == reflect.Slice {
			field.Set(reflect.ValueOf(c.field))
		}
		err := set(field, c.text)
		if c.want == nil {
			assert.Error(t, err, "%T %s", c.field, c.text)
			continue
		}
		require.NoError(t, err, "%T %s", c.field, c.text)
		assert.Equal(t, c.want, field.Interface())
	}
	for _, of := range []reflect.Type{reflect.TypeFor[struct{}](), reflect.TypeFor[[][]int](), reflect.TypeFor[map[string]int](), reflect.TypeFor[any](), reflect.TypeFor[point]()} {
		assert.Nil(t, codec.SetterOf(of), of)
	}
	h, elem := codec.Holds(reflect.TypeFor[[]word]())
	assert.Equal(t, codec.HoldsMany, h)
	assert.Equal(t, reflect.TypeFor[word](), elem)
	h, _ = codec.Holds(reflect.TypeFor[word]())
	assert.Equal(t, codec.HoldsOne, h)
}
