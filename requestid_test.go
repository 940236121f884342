package tigertonic_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

func TestRandomBase62HasTheLengthAndDigitsAsked(t *testing.T) {
	for _, n := range []int{math.MinInt, -1, 0, 1, 16, 63, 64, 65, 1000} {
		assert.Len(t, tigertonic.RandomBase62Bytes(n), max(n, 0))
		assert.Regexp(t, `^[0-9A-Za-z]*$`, tigertonic.RandomBase62String(n))
		assert.Len(t, tigertonic.RandomBase62String(n), max(n, 0))
	}
}

// The digits of base 62 don't divide the values of a byte, so that the first
// eight come up a quarter more often if that isn't seen to. χ² is then about
// 4,800; by chance it is over 160 once in 10¹⁰ runs.
func TestRandomBase62FavoursNoDigit(t *testing.T) {
	const each = 10_000
	count := map[byte]int{}
	for _, digit := range tigertonic.RandomBase62Bytes(62 * each) {
		count[digit]++
	}
	assert.Len(t, count, 62)
	chi2 := 0.0
	for _, n := range count {
		chi2 += float64((n-each)*(n-each)) / each
	}
	assert.Less(t, chi2, 160.0)
}

func TestNewRequestIDsDiffer(t *testing.T) {
	const n = 10_000
	ids := map[tigertonic.RequestID]bool{}
	for range n {
		id := tigertonic.NewRequestID()
		assert.Len(t, id, 16)
		ids[id] = true
	}
	assert.Len(t, ids, n)
}
