package codec_test

import (
	"math"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/codec"
)

func TestFormattedTextsAreSetAsTheSameValues(t *testing.T) {
	type name string
	for _, tt := range []struct {
		value any
		want  string
	}{
		{"a&b", "a&b"},
		{name(""), ""},
		{true, "true"},
		{int8(-128), "-128"},
		{uint64(math.MaxUint64), "18446744073709551615"},
		{1e21, "1e+21"},
		{float32(0.1), "0.1"},
		{math.Copysign(0, -1), "-0"},
		{90 * time.Second, "1m30s"},
		{time.Duration(math.MinInt64), "-2562047h47m16.854775808s"},
		{time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), "2026-01-02T03:04:05.000000006Z"},
		{netip.MustParseAddr("::1"), "::1"},
	} {
		of := reflect.TypeOf(tt.value)
		value := reflect.New(of).Elem()
		value.Set(reflect.ValueOf(tt.value))
		got, err := codec.FormatterOf(of)(value)
		require.NoError(t, err, "%T", tt.value)
		assert.Equal(t, tt.want, got)
		read := reflect.New(of).Elem()
		require.NoError(t, codec.SetterOf(of)(read, got))
		assert.Equal(t, tt.value, read.Interface())
	}
}

func TestWhatHasNoTextIsntFormatted(t *testing.T) {
	for _, tt := range []struct {
		value any
		want  string
	}{
		{math.NaN(), "is NaN, which isn't a number that JSON has"},
		{math.Inf(-1), "is -Inf, which isn't a number that JSON has"},
		{"\xff", "isn't valid UTF-8"},
		{time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC), "Time.MarshalText: year outside of range [0,9999]"},
	} {
		of := reflect.TypeOf(tt.value)
		value := reflect.New(of).Elem()
		value.Set(reflect.ValueOf(tt.value))
		_, err := codec.FormatterOf(of)(value)
		assert.EqualError(t, err, tt.want, "%T", tt.value)
	}
	for _, of := range []reflect.Type{reflect.TypeFor[readOnly](), reflect.TypeFor[struct{}](), reflect.TypeFor[any](), reflect.TypeFor[[]int]()} {
		assert.Nil(t, codec.FormatterOf(of), of)
	}
}

// A readOnly reads text and writes none.
type readOnly struct{}

func (*readOnly) UnmarshalText([]byte) error { return nil }
