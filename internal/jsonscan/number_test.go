package jsonscan_test

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
)

func ratOf(t *testing.T, text string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(text)
	require.True(t, ok, text)
	return r
}

// randomNumber returns a JSON number that math/big can hold.
func randomNumber(rnd *rand.Rand) string {
	digits := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte("0123456789000"[rnd.IntN(13)])
		}
		return b.String()
	}
	text := []string{"", "-"}[rnd.IntN(2)] + strconv.Itoa(rnd.IntN(1000))
	if rnd.IntN(3) == 0 {
		text += digits(rnd.IntN(25))
	}
	if rnd.IntN(2) == 0 {
		text += "." + digits(1+rnd.IntN(6))
	}
	if rnd.IntN(3) == 0 {
		text += []string{"e", "E", "e+", "e-"}[rnd.IntN(4)] + strconv.Itoa(rnd.IntN(12))
	}
	return text
}

// The oracle is math/big.
func TestNumbersAreExact(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		a, b := randomNumber(rnd), randomNumber(rnd)
		n, m := jsonscan.ParseNumber([]byte(a)), jsonscan.ParseNumber([]byte(b))
		x, y := ratOf(t, a), ratOf(t, b)
		if got, want := n.Compare(m), x.Cmp(y); got != want {
			t.Fatalf("%s compared to %s: got %d, want %d", a, b, got, want)
		}
		if got, want := n.Sign(), x.Sign(); got != want {
			t.Fatalf("the sign of %s: got %d, want %d", a, got, want)
		}
		if got, want := n.IsInteger(), x.IsInt(); got != want {
			t.Fatalf("whether %s is an integer: got %v, want %v", a, got, want)
		}
		if got, want := bytes.Equal(n.AppendCanonical(nil), m.AppendCanonical(nil)), x.Cmp(y) == 0; got != want {
			t.Fatalf("canonical forms of %s and %s: equal is %v, want %v", a, b, got, want)
		}
		if y.Sign() > 0 {
			if got, want := n.IsMultipleOf(m), new(big.Rat).Quo(x, y).IsInt(); got != want {
				t.Fatalf("whether %s is a multiple of %s: got %v, want %v", a, b, got, want)
			}
		}
		if n.IsInteger() {
			if got, want := string(n.AppendInteger(nil)), x.Num().String(); got != want {
				t.Fatalf("%s as an integer: got %s, want %s", a, got, want)
			}
		}
	}
}

func TestHugeNumbersCostNothing(t *testing.T) {
	huge := jsonscan.ParseNumber([]byte("1e999999999999"))
	tiny := jsonscan.ParseNumber([]byte("-1e-999999999999"))
	one := jsonscan.ParseNumber([]byte("1"))
	assert.Equal(t, 1, huge.Compare(one))
	assert.Equal(t, -1, tiny.Compare(one))
	assert.True(t, huge.IsInteger())
	assert.False(t, tiny.IsInteger())
	assert.False(t, huge.IsMultipleOf(one), "beyond what is divided")
	many := jsonscan.ParseNumber([]byte(strings.Repeat("7", 10_000)))
	assert.False(t, many.IsMultipleOf(one), "beyond what is divided")
}

func TestZeroHasOneForm(t *testing.T) {
	for _, text := range []string{"0", "-0", "0.000", "-0e5", "0E-9999999999"} {
		n := jsonscan.ParseNumber([]byte(text))
		assert.Zero(t, n.Sign(), text)
		assert.Equal(t, "e0", string(n.AppendCanonical(nil)), text)
		assert.Equal(t, "0", string(n.AppendInteger(nil)), text)
		assert.True(t, n.IsMultipleOf(jsonscan.ParseNumber([]byte("3"))), text)
	}
}

func TestNumbersAreThoseOfJSON(t *testing.T) {
	for _, text := range []string{"0", "-0", "10", "1.5", "-1.25e+10", "1E-9", "0e0"} {
		assert.True(t, jsonscan.IsNumber(text), text)
	}
	for _, text := range []string{"", "-", "01", "+1", ".5", "1.", "1e", "1e+", "0x10", "1_000", "1 ", "NaN", "Infinity", "--1", "1.5.2"} {
		assert.False(t, jsonscan.IsNumber(text), text)
	}
}

// The oracle is Number.
func TestDecimalsAreWhatNumbersAre(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	taken := 0
	for range 50_000 {
		text := randomNumber(rnd)
		d, ok := jsonscan.ParseDecimal(text)
		if few := len(strings.Trim(strings.ReplaceAll(text, ".", ""), "-")) <= jsonscan.MaxDecimalDigits; ok != (few && !strings.ContainsAny(text, "eE")) {
			t.Fatalf("%s: taken is %v", text, ok)
		}
		if !ok {
			continue
		}
		taken++
		want := ratOf(t, text)
		got := new(big.Rat).SetFrac(big.NewInt(d.Digits), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(d.Places)), nil))
		if got.Cmp(want) != 0 {
			t.Fatalf("%s: got %v", text, got)
		}
		if f, exact := d.Float64(); exact {
			nearest, err := strconv.ParseFloat(text, 64)
			require.NoError(t, err)
			if f != nearest {
				t.Fatalf("%s: got %v, want %v", text, f, nearest)
			}
		}
		places := d.Places + rnd.IntN(20)
		if scaled, ok := d.Scaled(places); ok {
			again := new(big.Rat).SetFrac(big.NewInt(scaled), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil))
			if again.Cmp(want) != 0 {
				t.Fatalf("%s with %d places: got %v", text, places, again)
			}
		}
	}
	assert.Greater(t, taken, 10_000)
}

func TestDecimalsRefuseWhatTheyCannotHold(t *testing.T) {
	for _, text := range []string{"", "-", "1e3", "1234567890123456789", "0.1234567890123456789", "1-2"} {
		_, ok := jsonscan.ParseDecimal([]byte(text))
		assert.False(t, ok, text)
	}
	d, ok := jsonscan.ParseDecimal("999999999999999999")
	assert.True(t, ok)
	_, ok = d.Float64()
	assert.False(t, ok, "it may not be the nearest")
	_, ok = d.Scaled(2)
	assert.False(t, ok, "too many digits")
}

func TestDecimalsAddDigits(t *testing.T) {
	var d jsonscan.Decimal
	end := d.AddDigits([]byte("x123,4"), 1)
	assert.Equal(t, 4, end)
	assert.Equal(t, int64(123), d.Digits)
	assert.Zero(t, d.Places)
}
