package handover

import (
	"context"
	"net"
	"time"
)

// A Socket is a listener that a successor can take over, with its name and configured
// address.
type Socket struct {
	Name     string // "main" or "admin"
	Addr     string // such as ":8000", without a space
	Listener net.Listener
}

// A Program is the program that takes over from this process.
type Program struct {
	Path    string
	Args    []string      // with its name
	Timeout time.Duration // until it must serve
	// Restarts is the value of Inherited.Restarts in the program.
	Restarts int
}

// Start starts the program with the sockets, which stay open here too, and returns its
// process ID once it has called [Inherited.Ready]. It returns an error if the program
// ends before that or isn't ready in time, and on systems other than Unix
// [errors.ErrUnsupported]. If ctx ends before the program is ready, so does the program.
func (p *Program) Start(ctx context.Context, sockets []Socket) (pid int, err error) {
	return p.start(ctx, sockets)
}
