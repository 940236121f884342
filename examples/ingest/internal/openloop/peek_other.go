//go:build !unix

package openloop

import "net"

// hasNews isn't known here: what has come is found when the connection's goroutine
// reads it.
func hasNews(net.Conn) bool { return false }
