package check

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
	"github.com/rcrowley/go-tigertonic/schema"
)

func randomNumber(rnd *rand.Rand) string {
	text := fmt.Sprint(rnd.IntN(40) - 20)
	if rnd.IntN(2) == 0 {
		text += fmt.Sprintf(".%d", rnd.IntN(100))
	}
	if rnd.IntN(4) == 0 {
		text += fmt.Sprintf("e%d", rnd.IntN(50)-25)
	}
	return text
}

// Numbers are compared as decimals where that is quick, and exactly else. Both must
// say what big.Rat does.
func TestNumbersAreHeldAgainstBoundsExactly(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		text, limit := randomNumber(rnd), randomNumber(rnd)
		n, _ := new(big.Rat).SetString(text)
		l, _ := new(big.Rat).SetString(limit)
		want := map[string]bool{
			"minimum": n.Cmp(l) >= 0, "maximum": n.Cmp(l) <= 0, "exclusiveMinimum": n.Cmp(l) > 0, "exclusiveMaximum": n.Cmp(l) < 0,
		}
		s := map[string]*schema.Schema{
			"minimum": {Minimum: limit}, "maximum": {Maximum: limit}, "exclusiveMinimum": {ExclusiveMinimum: limit}, "exclusiveMaximum": {ExclusiveMaximum: limit},
		}
		if l.Sign() > 0 {
			want["multipleOf"], s["multipleOf"] = new(big.Rat).Quo(n, l).IsInt(), &schema.Schema{MultipleOf: limit}
		}
		for keyword, s := range s {
			k, err := Compile(s)
			require.NoError(t, err)
			require.Equal(t, want[keyword], len(k.Violations([]byte(text))) == 0, "%s against %s %s", text, keyword, limit)
			if d, ok := jsonscan.ParseDecimal([]byte(text)); ok && k.AcceptsDecimal(d) {
				require.True(t, want[keyword], "%s against %s %s", text, keyword, limit)
			}
		}
	}
}

func TestDecimalsAreForChecksOfShortNumbers(t *testing.T) {
	for limit, want := range map[string]bool{"1": true, "-0.5": true, "-1e30": true, "1e30": false} {
		k, err := Compile(&schema.Schema{Minimum: limit})
		require.NoError(t, err)
		assert.Equal(t, want, k.TakesDecimals(), limit)
	}
	k, err := Compile(&schema.Schema{Enum: nil, Minimum: "1e30"})
	require.NoError(t, err)
	assert.False(t, k.AcceptsDecimal(jsonscan.Decimal{Digits: 1}))
}

func TestRangesAreThoseOfGo(t *testing.T) {
	for bits := 8; bits <= 64; bits *= 2 {
		lowest, highest := Range(fmt.Sprintf("int%d", bits))
		half := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
		assert.Equal(t, new(big.Int).Neg(half).String(), lowest)
		assert.Equal(t, new(big.Int).Sub(half, big.NewInt(1)).String(), highest)
		lowest, highest = Range(fmt.Sprintf("uint%d", bits))
		assert.Equal(t, "0", lowest)
		assert.Equal(t, new(big.Int).Sub(new(big.Int).Lsh(half, 1), big.NewInt(1)).String(), highest)
	}
	lowest, highest := Range("email")
	assert.Empty(t, lowest+highest)
}
