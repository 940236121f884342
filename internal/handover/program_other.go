//go:build !unix

package handover

import (
	"context"
	"errors"
)

// ProgramPath returns "", for no program is started anew here.
func ProgramPath() string { return "" }

func (p *Program) start(context.Context, []Socket) (pid int, err error) {
	return 0, errors.ErrUnsupported
}
