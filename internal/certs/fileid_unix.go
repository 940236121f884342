//go:build unix

package certs

import (
	"io/fs"
	"syscall"
)

// fileID returns what tells a file from one of the same name before it.
func fileID(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Ino) //nolint:unconvert,nolintlint // it isn't one on all systems
	}
	return 0
}
