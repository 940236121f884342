//go:build !unix

package openloop

import "net"

// hasNews reports false here: what has arrived is found when the connection's goroutine
// reads it.
func hasNews(net.Conn) bool { return false }
