// Package swar searches strings eight bytes at a time, as one word. Matches in paths,
// patterns and JSON are mostly near, and a loop over single bytes costs a branch
// misprediction at its end. The package doesn't know what the bytes mean.
package swar

import (
	"math/bits"
	"strings"
)

// Words that masks are made of.
const (
	Ones = 0x0101010101010101 // one in each byte of a word
	Low  = 0x7f7f7f7f7f7f7f7f // the bits of each byte but the highest
)

// WordOf returns the first eight bytes of s as a little-endian word. It compiles to a
// single load.
func WordOf[T string | []byte](s T) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// mark returns a word with the highest bit of each byte set where word has c.
func mark(word uint64, c byte) uint64 {
	word ^= uint64(c) * Ones              // what is c is 0 now,
	return ^(word&Low + Low | word | Low) // and nothing else leaves its highest bit
}

// FirstSlash returns the index of the first slash, or the length of s.
func FirstSlash(s string) int {
	if len(s) >= 8 {
		if marks := mark(WordOf(s), '/'); marks != 0 {
			return bits.TrailingZeros64(marks) / 8
		}
	}
	if i := strings.IndexByte(s, '/'); i >= 0 {
		return i
	}
	return len(s)
}

// LastIndexByte is strings.LastIndexByte.
func LastIndexByte(s string, c byte) int {
	for ; len(s) >= 8; s = s[:len(s)-8] {
		if marks := mark(WordOf(s[len(s)-8:]), c); marks != 0 {
			return len(s) - 8 + (bits.Len64(marks)-1)/8
		}
	}
	return strings.LastIndexByte(s, c)
}

// AfterSlashes returns the text after the first n slashes, or "" if there are fewer.
func AfterSlashes(s string, n int) string {
	for n > 0 && len(s) >= 8 {
		marks := mark(WordOf(s), '/')
		if here := bits.OnesCount64(marks); here < n {
			n, s = n-here, s[8:]
			continue
		}
		for ; n > 1; n-- {
			marks &= marks - 1
		}
		return s[bits.TrailingZeros64(marks)/8+1:]
	}
	for ; n > 0; n-- {
		_, s, _ = strings.Cut(s, "/")
	}
	return s
}

// SegmentBefore returns the text between the slash number n+1 from the end and the next,
// or "" if there are fewer.
func SegmentBefore(s string, n int) string {
	for n > 0 && len(s) >= 8 {
		from := len(s) - 8
		marks := mark(WordOf(s[from:]), '/')
		here := bits.OnesCount64(marks)
		if here > n { // both slashes round the text are here
			for ; here > n+1; here-- {
				marks &= marks - 1
			}
			first, second := marks, marks&(marks-1)
			return s[from+bits.TrailingZeros64(first)/8+1 : from+bits.TrailingZeros64(second)/8]
		}
		if here == n {
			from += bits.TrailingZeros64(marks) / 8
		}
		n, s = n-here, s[:from]
	}
	for ; n > 0; n-- {
		s = s[:max(strings.LastIndexByte(s, '/'), 0)]
	}
	if slash := LastIndexByte(s, '/'); slash >= 0 {
		return s[slash+1:]
	}
	return ""
}
