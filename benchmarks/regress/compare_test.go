package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRegressions(t *testing.T) {
	for _, c := range []struct {
		name        string
		before, now []string // bytes and allocations of six runs
		want        []string
	}{
		{"the same", six("96 B/op 4 allocs/op"), six("96 B/op 4 allocs/op"), nil},
		{"fewer", six("96 B/op 4 allocs/op"), six("48 B/op 2 allocs/op"), nil},
		{"the first allocation", six("0 B/op 0 allocs/op"), six("16 B/op 1 allocs/op"), []string{"X: 1 allocs/op, was 0", "X: 16 B/op, was 0"}},
		{"as often, but more", six("1000 B/op 4 allocs/op"), six("1100 B/op 4 allocs/op"), []string{"X: 1100 B/op, was 1000"}},
		{"a little more", six("1000 B/op 4 allocs/op"), six("1040 B/op 4 allocs/op"), nil},
		{"one in a thousand", six("1 B/op 1000 allocs/op"), six("1 B/op 1001 allocs/op"), nil},
		{"more by chance", six("1 B/op 4 allocs/op"), append(six("1 B/op 4 allocs/op")[:3], six("1 B/op 5 allocs/op")[:3]...), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, compared := regressions(written(t, "X", c.before), written(t, "X", c.now))
			var got []string
			for _, r := range found {
				got = append(got, r.String())
			}
			assert.ElementsMatch(t, c.want, got)
			assert.Equal(t, 1, compared)
		})
	}
}

func TestBenchmarkThatIsNew(t *testing.T) {
	found, compared := regressions(written(t, "X", six("0 B/op 0 allocs/op")), written(t, "Y", six("16 B/op 1 allocs/op")))
	assert.Empty(t, found)
	assert.Zero(t, compared)
}

func six(run string) []string { return strings.Split(strings.Repeat(run+"\n", 5)+run, "\n") }

func written(t *testing.T, name string, runs []string) samples {
	t.Helper()
	var text strings.Builder
	for _, run := range runs {
		fmt.Fprintf(&text, "Benchmark%s 100 12 ns/op %s\n", name, run)
	}
	all, err := read(text.String())
	require.NoError(t, err)
	return all
}
