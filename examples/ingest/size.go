package main

import (
	"fmt"
	"strconv"
	"strings"
)

// A size is a number of bytes, as a flag.
type size int64

var sizeUnits = []struct { //nolint:gochecknoglobals // a constant
	name  string
	bytes size
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// String returns the size in the largest unit that it is a multiple of.
func (s size) String() string {
	for _, unit := range sizeUnits {
		if s >= unit.bytes && s%unit.bytes == 0 {
			return strconv.FormatInt(int64(s/unit.bytes), 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

// Set takes a number of bytes, or one with a unit.
func (s *size) Set(text string) error {
	unit := size(1)
	for _, u := range sizeUnits {
		if digits, ok := strings.CutSuffix(text, u.name); ok {
			text, unit = digits, u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || size(n) > (1<<62)/unit {
		return fmt.Errorf("a size is a number of bytes, or one with the unit B, KiB, MiB or GiB")
	}
	*s = size(n) * unit
	return nil
}
