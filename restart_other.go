//go:build !unix

package tigertonic

import (
	"errors"
	"os"
	"syscall"
)

func handledSignals() []os.Signal { return []os.Signal{syscall.SIGTERM, os.Interrupt} }

func isHangup(os.Signal) bool  { return false }
func isRestart(os.Signal) bool { return false }

func programPath() string { return "" }

func (run *run) restart() error { return errors.ErrUnsupported }
