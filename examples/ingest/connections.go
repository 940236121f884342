package main

import (
	"net"
	"net/http"
	"sync/atomic"
)

// connections limits the number of open connections, each of which costs memory whatever
// its client does. It closes any further one at once.
type connections struct {
	most    int64
	open    atomic.Int64
	refused atomic.Int64
}

// track is a server's ConnState.
func (c *connections) track(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if c.open.Add(1) > c.most {
			c.refused.Add(1)
			_ = conn.Close() // the server finds it closed
		}
	case http.StateHijacked, http.StateClosed:
		c.open.Add(-1)
	case http.StateActive, http.StateIdle:
	}
}
