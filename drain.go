package tigertonic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/record"
)

// Close lets the requests on the server's connections end: it stops accepting
// connections, tells the clients of those that there are to close them, and
// waits until they have, or have been quiet, before it closes the rest. After
// DrainTimeout it cuts off the requests that are still going on, if there are any,
// and returns [context.DeadlineExceeded]. All calls of Close and Shutdown return
// when the server has ended, and the same, and the earliest of their deadlines
// holds. Connections that a handler has taken over are left to it.
//
// No request is lost on a connection that the server has accepted, but for one
// that comes just when a connection is closed that has long been idle. What the
// kernel has queued for Accept by then, it resets.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), cmp.Or(s.DrainTimeout, drainTimeout))
	defer cancel()
	return s.stop(ctx, nil)
}

// Shutdown is [Server.Close] with the deadline of a context instead of DrainTimeout,
// or with none. When the context ends, it cuts off the requests that are still going
// on, unlike [http.Server.Shutdown], and returns the context's error if there are any.
// If it is called before Close, [Server.Serve] and its like return
// [http.ErrServerClosed], as those who call Shutdown expect, but not before the
// server has ended.
func (s *Server) Shutdown(ctx context.Context) error { return s.stop(ctx, http.ErrServerClosed) }

// Draining reports whether the server is stopping, and so isn't ready for more
// requests.
func (s *Server) Draining() bool { return s.unready.Load() }

// stop ends the server, at the latest when ctx does, and has Serve return ends, or
// what stop does if that is nil.
func (s *Server) stop(ctx context.Context, ends error) error {
	s.prepare()
	s.unready.Store(true)
	s.mu.Lock()
	first := !s.draining.Swap(true)
	for l := range s.listeners {
		_ = l.Close() // whoever serves it gets the error
	}
	if first {
		s.ends = ends
		s.deadline, _ = ctx.Deadline()
		s.tellHooksLocked()
		close(s.began)
	}
	s.mu.Unlock()
	if first {
		go func() {
			s.cut, s.err = s.drain()
			close(s.drained)
		}()
	}
	defer context.AfterFunc(ctx, func() { s.cutOff(ctx.Err()) })()
	<-s.drained
	return s.err
}

// drain ends the connections, and returns how many it has cut off.
func (s *Server) drain() (cut int, err error) {
	s.wait(func() bool { return s.accepting() || s.conns.Busy(quiet) || s.stopping.Load() > 0 })
	s.conns.CloseFresh() // net/http waits five seconds for them
	err = s.Server.Shutdown(s.life)
	s.wait(func() bool { return s.stopping.Load() > 0 })
	if s.life.Err() == nil {
		if errors.Is(err, net.ErrClosed) {
			err = nil // the listeners were closed already
		}
		return 0, err
	}
	cut = s.conns.Active() // net/http has waited until no listener brings any more
	if cut == 0 && s.stopping.Load() == 0 {
		err = nil // nobody has lost anything
	} else {
		err = context.Cause(s.life)
	}
	_ = s.Server.Close() // the deadline is what went wrong
	return cut, err
}

// wait waits as long as something is so, or until what is still going on is to be
// cut off.
func (s *Server) wait(isSo func() bool) {
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for s.life.Err() == nil && isSo() {
		select {
		case <-poll.C:
		case <-s.life.Done():
		}
	}
}

// accepting reports whether a closed listener may still return a connection.
func (s *Server) accepting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.listeners) > 0
}

// RegisterOnShutdown has f called, in a goroutine of its own, when the server stops
// accepting connections, be it by Close, by Run or by Shutdown. It is for telling
// those that the server doesn't know to be busy, or can't hurry: handlers that have
// taken over a connection, such as for WebSockets, and those that stream without
// end. Close waits for f, no longer than for requests, so f may wait in turn until
// they have said goodbye; it mustn't call Close. Its context ends when the server cuts
// off what is still going on, and has that for its deadline if there is one. If the
// server doesn't accept connections any more, f is called at once, and Close, if it
// hasn't returned by then, waits for it as well. If f panics, that is logged, and the
// server goes on. [http.Server.RegisterOnShutdown] takes a function without a context.
func (s *Server) RegisterOnShutdown(f func(ctx context.Context)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() {
		s.tell(f)
		return
	}
	s.hooks = append(s.hooks, f)
}

// tellHooks calls what has been registered, once.
func (s *Server) tellHooks() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tellHooksLocked()
}

func (s *Server) tellHooksLocked() {
	for _, f := range s.hooks {
		s.tell(f)
	}
	s.hooks = nil
}

// tell calls f. It is called with mu locked.
func (s *Server) tell(f func(context.Context)) {
	s.stopping.Add(1)
	ctx, cancel := s.life, context.CancelFunc(func() {})
	if !s.deadline.IsZero() {
		ctx, cancel = context.WithDeadline(ctx, s.deadline)
	}
	go func() {
		defer cancel()
		defer s.stopping.Add(-1)
		defer func() {
			if v := recover(); v != nil {
				s.logError("a function of RegisterOnShutdown has panicked", fmt.Errorf("%v\n%s", v, record.PanicStack()))
			}
		}()
		f(ctx)
	}()
}
