//go:build unix

package certs

import (
	"io/fs"
	"syscall"
)

// fileID returns what distinguishes a file from an older one of the same name.
func fileID(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Ino) //nolint:unconvert,nolintlint // it isn't one on all systems
	}
	return 0
}
