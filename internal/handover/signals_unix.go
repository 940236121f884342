//go:build unix

package handover

import (
	"os"
	"syscall"
)

// Signals returns those that a service handles: those that stop it, and those that
// IsReload and IsRestart know, where the system has them.
func Signals() []os.Signal {
	return []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR2}
}

// IsReload reports whether a signal asks a service to read its files again.
func IsReload(sig os.Signal) bool { return sig == syscall.SIGHUP }

// IsRestart reports whether a signal asks a service to hand over to a successor.
func IsRestart(sig os.Signal) bool { return sig == syscall.SIGUSR2 }
