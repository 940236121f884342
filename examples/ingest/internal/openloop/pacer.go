package openloop

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	tick  = time.Millisecond
	pause = 10 * time.Millisecond // of a connection that couldn't be opened
	large = 64 << 10              // a request that may not fit into a socket's buffer
)

type generator struct {
	Options
	template *template
	start    time.Time
	scratch  []byte // the pacer's
	conns    sync.WaitGroup
	ctx      context.Context // ends with the run, and all connections with it
	cancel   context.CancelFunc

	mu   sync.Mutex
	next int64          // the next request to be sent
	end  int64          // the first that isn't to be sent
	busy int            // connections that have a request, those being opened too
	idle []*conn        // the others; the one that has waited longest first
	all  map[*conn]bool // open, or being opened
	tally
}

func newGenerator(o Options, t *template) *generator {
	g := &generator{Options: o, template: t, end: o.Total(), all: map[*conn]bool{}, tally: newTally()}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	return g
}

func (g *generator) now() time.Duration { return time.Since(g.start) }

// due returns when a request is due, relative to the start.
func (g *generator) due(seq int64) time.Duration {
	return time.Duration(float64(seq) / g.Rate * float64(time.Second))
}

// dueBy returns how many requests are due by a time.
func (g *generator) dueBy(now time.Duration) int64 {
	return min(g.end, int64(now.Seconds()*g.Rate)+1)
}

// pace sends what is due until everything is sent and answered, or it is too late.
func (g *generator) pace(ctx context.Context) {
	g.start = time.Now()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	defer g.close()
	second, last := time.Second, g.For+g.Grace
	for now := g.now(); now < last && !g.done(); now = g.now() {
		if ctx.Err() != nil {
			last = min(last, now+g.Grace)
			ctx = context.Background()
			g.stop()
		}
		g.send(now)
		if now >= second {
			second = now.Truncate(time.Second) + time.Second
			g.cutLate(now)
			_ = g.Outcomes.Flush() // which returns its first error at the end too
			if g.Progress != nil {
				g.Progress(g.progress(now))
			}
		}
		<-ticker.C
	}
}

func (g *generator) done() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.next >= g.end && g.busy == 0
}

// stop stops the sending of requests.
func (g *generator) stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.end = min(g.end, g.next)
}

// send sends what is due and finds a connection.
func (g *generator) send(now time.Duration) {
	for {
		c, opened := g.assign(now)
		switch {
		case c == nil:
			return
		case opened:
			g.conns.Go(c.run)
		case g.template.fixed > large:
			g.conns.Go(func() { c.write(nil) })
		default:
			g.scratch = c.write(g.scratch)
		}
	}
}

// assign gives the next due request to a connection.
func (g *generator) assign(now time.Duration) (c *conn, opened bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.next >= g.dueBy(now) {
		return nil, false
	}
	if c = g.rested(); c == nil {
		if len(g.all) >= g.Connections {
			return nil, false
		}
		c, opened = &conn{g: g}, true
		g.all[c] = true
	}
	g.busy++
	g.take(c)
	return c, opened
}

// rested takes the connection that has been idle longest, or returns nil. Taking turns
// keeps any from being idle for so long that the service closes it, which could lose a
// request on its way (RFC 9112 §9.5). A connection that already has something to read has
// ended, or would answer the next request with an unrelated response, so it isn't used
// again. The mutex is held.
func (g *generator) rested() *conn {
	for len(g.idle) > 0 {
		c := g.idle[0]
		g.idle = slices.Delete(g.idle, 0, 1)
		if !hasNews(c.conn) {
			return c
		}
		_ = c.conn.Close()
		g.remove(c)
	}
	return nil
}

// take gives a connection the next request. The mutex is held.
func (g *generator) take(c *conn) {
	c.busy, c.seq = true, g.next
	c.due, c.sent = g.due(g.next), g.now()
	g.next++
}

// remove forgets a connection. The mutex is held.
func (g *generator) remove(c *conn) {
	if c.busy {
		c.busy = false
		g.busy--
	} else if i := slices.Index(g.idle, c); i >= 0 {
		g.idle = slices.Delete(g.idle, i, i+1)
	}
	delete(g.all, c)
}

// cutLate closes the connections whose answers are overdue.
func (g *generator) cutLate(now time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.all {
		if c.busy && c.conn != nil && now-c.sent > g.Timeout {
			c.late = true
			_ = c.conn.Close()
		}
	}
}

// close closes all connections, which ends the outstanding requests.
func (g *generator) close() {
	g.cancel()
	g.mu.Lock()
	for c := range g.all {
		if c.conn != nil {
			_ = c.conn.Close()
		}
	}
	g.mu.Unlock()
	g.conns.Wait()
}
