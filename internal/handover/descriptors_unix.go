//go:build unix

package handover

import (
	"errors"
	"strconv"
	"syscall"
)

// isListener reports whether a descriptor is a listening socket. Others may belong to the
// runtime and mustn't be touched.
func isListener(fd uintptr) bool {
	listens, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
	return err == nil && listens != 0
}

// isPipe reports whether a descriptor is a pipe.
func isPipe(fd uintptr) bool {
	var stat syscall.Stat_t
	return syscall.Fstat(int(fd), &stat) == nil && stat.Mode&syscall.S_IFMT == syscall.S_IFIFO
}

// isGone reports whether a process has ended.
func isGone(pid string) bool {
	n, err := strconv.Atoi(pid)
	return err == nil && n > 0 && errors.Is(syscall.Kill(n, 0), syscall.ESRCH)
}
