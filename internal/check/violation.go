package check

import (
	"strconv"
	"strings"
)

// A Violation is one thing that is wrong with a value.
type Violation struct {
	// Pointer is the place in the value, as a JSON pointer (RFC 6901).
	Pointer string
	// Keyword is the keyword of JSON Schema that the value doesn't meet, and Limit is
	// what the schema has for it, as JSON. Either is "" where there is none.
	Keyword, Limit string
	// Detail says what is wrong, for people.
	Detail string
}

const (
	// MaxViolations is how many violations are reported.
	MaxViolations = 100
	// MaxPointer is how long a reported pointer may be, because it holds names that the
	// client sent.
	MaxPointer = 256
)

// A step is the name of a member or the index of an item.
type step struct {
	name  []byte // nil for an index
	index int
}

// pointerOf returns a path as a JSON pointer (RFC 6901).
func pointerOf(path []step) string {
	var buf [2 * MaxPointer]byte
	pointer := buf[:0]
	for _, s := range path {
		if pointer = append(pointer, '/'); s.name == nil {
			pointer = strconv.AppendInt(pointer, int64(s.index), 10)
		}
		for _, c := range s.name[:min(len(s.name), 2*MaxPointer)] {
			switch c {
			case '~':
				pointer = append(pointer, "~0"...)
			case '/':
				pointer = append(pointer, "~1"...)
			default:
				pointer = append(pointer, c)
			}
		}
		if len(pointer) > MaxPointer {
			break // nobody is told more
		}
	}
	return ShortPointer(string(pointer))
}

// ShortPointer returns a JSON pointer, or the beginning of a long one.
func ShortPointer(pointer string) string {
	if len(pointer) > MaxPointer {
		return strings.ToValidUTF8(pointer[:MaxPointer], "") + "…"
	}
	return pointer
}

// Below returns the JSON pointer to a member of what a pointer is for. It may be
// shortened like [ShortPointer].
func Below(pointer, name string) string {
	if len(pointer) > MaxPointer {
		return pointer
	}
	name = name[:min(len(name), 2*MaxPointer)] // ShortPointer cuts it, and at a whole character
	if strings.ContainsAny(name, "~/") {
		name = strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
	}
	return pointer + "/" + name
}
