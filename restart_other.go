//go:build !unix

package tigertonic

import (
	"context"
	"errors"
	"os"
	"syscall"
)

func handledSignals() []os.Signal { return []os.Signal{syscall.SIGTERM, os.Interrupt} }

func isHangup(os.Signal) bool  { return false }
func isRestart(os.Signal) bool { return false }

func programPath() string { return "" }

func (run *run) restart(context.Context) (pid int, err error) { return 0, errors.ErrUnsupported }

func isListener(uintptr) bool { return false }

func isGone(string) bool { return false }
