package tigertonic

import (
	"fmt"
	"runtime"
	"strings"
)

// A place is where in the user's program something was registered.
type place struct {
	file string
	line int
}

func (p place) String() string { return fmt.Sprintf("%s:%d", p.file, p.line) }

const (
	packageName = "github.com/rcrowley/go-tigertonic"
	packagePath = packageName + "."
)

// caller returns the place of the innermost call from outside of this package.
func caller() place {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, packagePath) || !more {
			return place{frame.File, frame.Line}
		}
	}
}

// misuse panics with what is wrong and where the user's program did it.
func misuse(format string, args ...any) {
	panic(fmt.Sprintf("tigertonic: "+format+" (at %v)", append(args, caller())...))
}
