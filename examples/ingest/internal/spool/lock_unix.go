//go:build unix

package spool

import (
	"errors"
	"os"
	"syscall"
)

// lockFile locks a file until it is closed or the process ends.
func lockFile(f *os.File) error {
	c, err := f.SyscallConn()
	if err != nil {
		return err
	}
	controlErr := c.Control(func(fd uintptr) {
		for {
			err = syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB)
			if !errors.Is(err, syscall.EINTR) {
				return
			}
		}
	})
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errHeld
	}
	return errors.Join(controlErr, err)
}
