package openapi

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// Classes of characters. A tree has them as ranges, pairs of the first and the last
// character, sorted and apart. Short ones are written as they are, or as what they
// leave out; in long ones the categories and scripts of Unicode are found again.

// longClass is the number of ranges above which tables are searched for.
const longClass = 8

// ecmaClass returns the class of these characters.
func ecmaClass(ranges []rune) string {
	for _, escape := range []struct {
		ranges []rune
		text   string
	}{
		{[]rune("09"), `\d`},
		{complement([]rune("09")), `\D`},
		{[]rune("09AZ__az"), `\w`},
		{complement([]rune("09AZ__az")), `\W`},
		{[]rune{0, unicode.MaxRune}, `[\s\S]`},
		{nil, `[^\s\S]`},
	} {
		if slices.Equal(ranges, escape.ranges) {
			return escape.text
		}
	}
	others := complement(ranges)
	n := len(ranges)
	upToLast := ranges[n-1] == unicode.MaxRune && ranges[n-2] < unicode.MaxRune // which few would write
	if min(len(ranges), len(others)) <= 2*longClass {
		if (upToLast || len(others) < len(ranges)) && len(others) > 0 {
			return "[^" + ecmaRanges(others) + "]"
		}
		return "[" + ecmaRanges(ranges) + "]"
	}
	inside, outside := "["+ecmaTables(ranges)+"]", "[^"+ecmaTables(others)+"]"
	if upToLast || len(outside) < len(inside) {
		inside = outside
	}
	if name, ok := strings.CutPrefix(inside, `[\p{`); ok && strings.IndexByte(name, '}') == len(name)-2 {
		return inside[1 : len(inside)-1]
	}
	return inside
}

// complement returns all other characters.
func complement(ranges []rune) (others []rune) {
	next := rune(0)
	for i := 0; i < len(ranges); i += 2 {
		if ranges[i] > next {
			others = append(others, next, ranges[i]-1)
		}
		next = ranges[i+1] + 1
	}
	if next <= unicode.MaxRune {
		others = append(others, next, unicode.MaxRune)
	}
	return others
}

// ecmaRanges returns what is between the brackets.
func ecmaRanges(ranges []rune) string {
	var b strings.Builder
	for i := 0; i < len(ranges); i += 2 {
		first, last := ranges[i], ranges[i+1]
		b.WriteString(ecmaCharacter(first, `\]^-[`))
		if first == last {
			continue
		}
		if last > first+1 {
			b.WriteByte('-')
		}
		b.WriteString(ecmaCharacter(last, `\]^-[`))
	}
	return b.String()
}

// ecmaTables returns what is between the brackets, with the names of tables for
// those that are within.
func ecmaTables(ranges []rune) string {
	var names strings.Builder
	for _, t := range unicodeTables() {
		if len(ranges) <= 2*longClass {
			break
		}
		if rest, ok := without(ranges, t.ranges); ok && len(rest) < len(ranges) {
			names.WriteString(t.name)
			ranges = rest
		}
	}
	return names.String() + ecmaRanges(ranges)
}

// A unicodeTable is a category or a script.
type unicodeTable struct {
	name   string // `\p{L}`
	ranges []rune
}

// unicodeTables returns the tables, those of most ranges first.
func unicodeTables() (tables []unicodeTable) {
	add := func(prefix string, known map[string]*unicode.RangeTable) {
		for name, t := range sorted(known) {
			tables = append(tables, unicodeTable{`\p{` + prefix + name + `}`, rangesOf(t)})
		}
	}
	add("", unicode.Categories)
	add("Script=", unicode.Scripts)
	slices.SortStableFunc(tables, func(a, b unicodeTable) int { return cmp.Compare(len(b.ranges), len(a.ranges)) })
	return tables
}

// rangesOf returns the characters of a table.
func rangesOf(t *unicode.RangeTable) (ranges []rune) {
	add := func(first, last, stride rune) {
		for c := first; c <= last; c += stride {
			end := c
			if stride == 1 {
				end = last
			}
			if n := len(ranges); n > 0 && ranges[n-1] == c-1 {
				ranges[n-1] = end
			} else {
				ranges = append(ranges, c, end)
			}
			if stride == 1 {
				break
			}
		}
	}
	for _, r := range t.R16 {
		add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	for _, r := range t.R32 {
		add(rune(r.Lo), rune(r.Hi), rune(r.Stride)) //nolint:gosec // they are characters
	}
	return ranges
}

// without returns the characters that aren't among those taken out, and reports
// whether these were all there.
func without(ranges, taken []rune) (rest []rune, ok bool) {
	i := 0
	for j := 0; j < len(ranges); j += 2 {
		first, last := ranges[j], ranges[j+1]
		for ; i < len(taken) && taken[i] <= last; i += 2 {
			if taken[i] < first || taken[i+1] > last {
				return nil, false
			}
			if taken[i] > first {
				rest = append(rest, first, taken[i]-1)
			}
			first = taken[i+1] + 1
		}
		if first <= last {
			rest = append(rest, first, last)
		}
	}
	return rest, i == len(taken)
}
