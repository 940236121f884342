//go:build unix

package openloop

import (
	"errors"
	"net"
	"syscall"
)

// hasNews reports whether a connection has something unread, including its end. It
// doesn't wait or disturb a reader.
func hasNews(conn net.Conn) (news bool) {
	if secure, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secure.NetConn()
	}
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return true // it is closed
	}
	var b [1]byte
	err = raw.Control(func(fd uintptr) {
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
		news = !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EINTR)
	})
	return news || err != nil
}
