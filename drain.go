package tigertonic

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// Close lets the requests on the server's connections end: it stops accepting
// connections, tells the clients of those that there are to close them, and
// waits until they have, or have been quiet, before it closes the rest. After
// DrainTimeout it cuts off what is still going on and returns
// [context.DeadlineExceeded]. All calls return when the first one does, and the
// same. Connections that a handler has taken over are left to it.
//
// No request is lost on a connection that the server has accepted, but for one
// that comes just when a connection is closed that has long been idle. What the
// kernel has queued for Accept by then, it resets.
func (s *Server) Close() error {
	return s.close(time.Now().Add(cmp.Or(s.DrainTimeout, drainTimeout)))
}

// Draining tells whether the server is to stop, and so isn't ready for more.
func (s *Server) Draining() bool { return s.unready.Load() }

// close is Close with a deadline.
func (s *Server) close(deadline time.Time) error {
	s.unready.Store(true)
	s.mu.Lock()
	first := !s.draining.Swap(true)
	for l := range s.listeners {
		_ = l.Close() // whoever serves it gets the error
	}
	s.mu.Unlock()
	if first {
		s.tellHooks()
		s.err = s.drain(deadline)
		close(s.drained)
	}
	<-s.drained
	return s.err
}

func (s *Server) drain(deadline time.Time) error {
	ctx, cancel := context.WithDeadline(s.life, deadline)
	defer cancel()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for (s.accepting() || s.busy() || s.stopping.Load() > 0) && ctx.Err() == nil {
		select {
		case <-poll.C:
		case <-ctx.Done():
		}
	}
	err := s.Shutdown(ctx)
	if errors.Is(err, net.ErrClosed) {
		err = nil // the listeners were closed already
	}
	if s.stopping.Load() > 0 {
		err = cmp.Or(err, ctx.Err())
	}
	if err != nil {
		_ = s.Server.Close() // the deadline is what went wrong
	}
	return err
}

// accepting tells whether a listener that is closed may still return a connection.
func (s *Server) accepting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.listeners) > 0
}

// busy tells whether a connection has a request, or may soon.
func (s *Server) busy() bool {
	quietSince := s.conns.clock() - int64(quiet)
	s.conns.mu.Lock()
	defer s.conns.mu.Unlock()
	for c := range s.conns.all {
		if idle := c.idle.Load(); idle == 0 || idle > quietSince {
			return true
		}
	}
	return false
}

// RegisterOnShutdown has f called, in a goroutine of its own, when the server stops
// accepting connections, be it by Close, by Run or by Shutdown. It is for telling
// those that the server doesn't know to be busy, or can't hurry: handlers that have
// taken over a connection, such as for WebSockets, and those that stream without
// end. Close waits for f, no longer than for requests, so f may wait in turn until
// they have said goodbye; it mustn't call Close. What is registered after that time
// isn't called.
func (s *Server) RegisterOnShutdown(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = append(s.hooks, f)
}

// tellHooks calls what has been registered, once.
func (s *Server) tellHooks() {
	s.mu.Lock()
	hooks := s.hooks
	s.hooks = nil
	s.mu.Unlock()
	s.stopping.Add(int64(len(hooks)))
	for _, f := range hooks {
		go func() {
			defer s.stopping.Add(-1)
			f()
		}()
	}
}

// onHeader tells the client to close the connection if the server is to stop. On
// HTTP/2, the header makes net/http send GOAWAY.
func (s *Server) onHeader(status int, h http.Header) {
	if s.draining.Load() && status != http.StatusSwitchingProtocols {
		h.Set("Connection", "close")
	}
}
