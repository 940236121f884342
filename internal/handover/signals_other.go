//go:build !unix

package handover

import (
	"os"
	"syscall"
)

// Signals returns those that a service handles: those that stop it, and those that
// IsReload and IsRestart know, where the system has them.
func Signals() []os.Signal { return []os.Signal{syscall.SIGTERM, os.Interrupt} }

// IsReload reports whether a signal asks a service to read its files again.
func IsReload(os.Signal) bool { return false }

// IsRestart reports whether a signal asks a service to hand over to a successor.
func IsRestart(os.Signal) bool { return false }
