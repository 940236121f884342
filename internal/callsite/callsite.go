// Package callsite finds where in the user's program the library was called, for panics
// about mistakes at registration. It knows the library's packages only by their paths.
package callsite

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
)

// A Site is a line of the user's program.
type Site struct {
	file string
	line int
}

// String returns the file and the line, "main.go:12".
func (s Site) String() string { return fmt.Sprintf("%s:%d", s.file, s.line) }

// library is the path of the library's root package.
const library = "github.com/rcrowley/go-tigertonic"

// isOurs reports whether a frame is one of the library's that registration goes through.
// A closure in an inlined function of ours is named after the user's function, so the
// file that it is written in counts, too.
func isOurs(frame runtime.Frame) bool {
	below, ok := strings.CutPrefix(frame.Function, library)
	if ok && slices.ContainsFunc([]string{".", "/internal/", "/schema.", "/admin.", "/client.", "/openapi.", "/openapi/contract.", "/mcp."},
		func(room string) bool { return strings.HasPrefix(below, room) }) {
		return true
	}
	below, ok = strings.CutPrefix(frame.File, root())
	if !ok || strings.HasSuffix(below, "_test.go") {
		return false
	}
	room := below[:strings.LastIndexByte(below, '/')+1]
	return strings.HasPrefix(room, "internal/") || slices.Contains([]string{"", "schema/", "admin/", "client/", "openapi/", "openapi/contract/", "mcp/"}, room)
}

// root returns the directory of the library's files, as frames name it, with a slash.
func root() string {
	_, file, _, _ := runtime.Caller(0)
	return strings.TrimSuffix(file, "internal/callsite/callsite.go")
}

// Caller returns the place of the innermost call from outside the library.
func Caller() Site {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		frame, more := frames.Next()
		if !isOurs(frame) || !more {
			return Site{frame.File, frame.Line}
		}
	}
}

// Panicf panics with a message and the line of the user's program that is at fault.
func Panicf(format string, args ...any) {
	panic(fmt.Sprintf("tigertonic: "+format+" (at %v)", append(args, Caller())...))
}
