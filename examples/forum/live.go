package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/jackc/pgx/v5"
	"github.com/rcrowley/go-tigertonic"
)

// Followers go by the IDs of comments, which rise on a site in the order in which comments
// become visible. A follower has a cursor and no queue in memory: a hub wakes it, and it
// asks the database for what comes after its cursor and whether it may still read that.

const (
	// followBatch is how many comments are read at a time.
	followBatch = 100
	// slowest is the longest that a client may take to read a message.
	slowest = 5 * time.Second
	// pingEvery is how often a connection is pinged, and the database polled in any case.
	pingEvery = 20 * time.Second
)

// A hub wakes followers of the comments of a site.
type hub struct {
	mu      sync.Mutex
	waits   map[int64]map[chan struct{}]bool // by site
	drained chan struct{}
	once    sync.Once
}

func newHub() *hub {
	return &hub{waits: map[int64]map[chan struct{}]bool{}, drained: make(chan struct{})}
}

// join returns a channel that receives when there are new comments on a site.
func (h *hub) join(site int64) (c chan struct{}, leave func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c = make(chan struct{}, 1)
	if h.waits[site] == nil {
		h.waits[site] = map[chan struct{}]bool{}
	}
	h.waits[site][c] = true
	return c, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.waits[site], c)
	}
}

// wake wakes the followers of a site, or of all sites if it is 0.
func (h *hub) wake(site int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for of, waits := range h.waits {
		for c := range waits {
			if site != 0 && of != site {
				break
			}
			select {
			case c <- struct{}{}:
			default: // it knows already
			}
		}
	}
}

// drain ends all connections, each after what it is sending, and returns once they have
// ended or the context has. The process must not end before clients have been told.
func (h *hub) drain(ctx context.Context) {
	h.once.Do(func() { close(h.drained) })
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for h.isJoined() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// isJoined reports whether there is any follower.
func (h *hub) isJoined() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, waits := range h.waits {
		if len(waits) > 0 {
			return true
		}
	}
	return false
}

// listen wakes followers when other processes write to PostgreSQL, until the context ends.
func (h *hub) listen(ctx context.Context, url string) {
	for ctx.Err() == nil {
		if err := h.hear(ctx, url); err != nil && ctx.Err() == nil {
			slog.Warn("comments of other processes aren't noticed", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (h *hub) hear(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing was written
	if _, err := conn.Exec(ctx, "LISTEN forum_comments"); err != nil {
		return err
	}
	h.wake(0) // for what was written before
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		if site, err := strconv.ParseInt(n.Payload, 10, 64); err == nil {
			h.wake(site)
		}
	}
}

// describeLive describes the WebSocket.
func describeLive(op *tigertonic.Operation) {
	op.ID, op.Summary, op.Tags = "follow", "Follow comments over a WebSocket", []string{"live"}
	op.Description = "Each message is a comment, as in GET /comments/{id}. With ?after= the ID of a comment, those after it come first: " +
		"a client that reconnects with the last ID misses none and gets none twice. The close code is 1001 if the server stops, and 1008 if the token is no longer valid."
	op.Parameters = append(op.Parameters, tigertonic.Parameter{Name: "after", In: "query", Description: "The ID of a comment.", Schema: tigertonic.SchemaOf[int64]()})
	op.Response(http.StatusSwitchingProtocols).Description = "A WebSocket"
	for _, status := range []int{http.StatusBadRequest, http.StatusForbidden, http.StatusUpgradeRequired, http.StatusServiceUnavailable} {
		op.Response(status)
	}
}

// follow serves the WebSocket.
func (s *service) follow(w http.ResponseWriter, r *http.Request) {
	v, err := s.visitor(r.Context())
	after := int64(0)
	if text := r.URL.Query().Get("after"); err == nil && text != "" {
		if after, err = strconv.ParseInt(text, 10, 64); err != nil || after < 0 {
			err = v.refuse(http.StatusBadRequest, codeRange, "after must be the ID of a comment")
		}
	} else if err == nil {
		after, err = number(r.Context(), s.store.read, "SELECT COALESCE(MAX(id), 0) FROM items WHERE site = $1 AND kind = 'comment'", v.site.ID)
	}
	if err != nil {
		tigertonic.ProblemWriter{}.WriteError(r, w, v.told(err))
		return
	}
	wake, leave := s.live.join(v.site.ID) // before anything is read
	defer leave()
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has sent a response
	}
	defer conn.CloseNow() //nolint:errcheck // it may be closed
	s.followers.Add(1)
	defer s.followers.Add(-1)
	err = s.send(conn.CloseRead(r.Context()), conn, v, after, wake)
	switch {
	case errors.Is(err, errDrained):
		_ = conn.Close(websocket.StatusGoingAway, "the server stops: connect again") // it may have gone
	case errors.Is(err, errLost):
		_ = conn.Close(websocket.StatusPolicyViolation, "sign in again")
	case errors.Is(err, errSlow):
		s.dropped.Add(1)
	}
}

var (
	errDrained = errors.New("the server stops")
	errLost    = errors.New("the caller's token is no longer valid")
	errSlow    = errors.New("the client doesn't read")
)

// send sends the comments after an ID until the connection or the server ends.
func (s *service) send(ctx context.Context, conn *websocket.Conn, v *visit, after int64, wake <-chan struct{}) error {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		n, err := s.sendBatch(ctx, conn, v, &after)
		if err != nil {
			return err
		}
		if n == followBatch {
			select {
			case <-s.live.drained:
				return errDrained
			default:
				continue
			}
		}
		select {
		case <-wake:
		case <-tick.C:
			ping, cancel := context.WithTimeout(ctx, slowest)
			err := conn.Ping(ping)
			cancel()
			if err != nil {
				return err
			}
		case <-s.live.drained:
			return errDrained
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// sendBatch sends the comments after an ID, and returns how many there were.
func (s *service) sendBatch(ctx context.Context, conn *websocket.Conn, v *visit, after *int64) (n int, err error) {
	ids, err := values[int64](ctx, s.store.read,
		"SELECT id FROM items WHERE site = $1 AND kind = 'comment' AND id > $2 ORDER BY id LIMIT $3", v.site.ID, *after, followBatch)
	if err != nil {
		return 0, nil //nolint:nilerr // the database may come back
	}
	for _, id := range ids {
		text, err := s.message(ctx, v, id)
		if _, down := errors.AsType[failure](err); down && ctx.Err() == nil {
			return 0, nil // it may come back
		}
		if err != nil {
			return 0, err
		}
		if text != nil {
			writing, cancel := context.WithTimeout(ctx, slowest)
			err = conn.Write(writing, websocket.MessageText, text)
			slow := errors.Is(writing.Err(), context.DeadlineExceeded) // ctx ends then, too, for the connection is closed
			cancel()
			if slow {
				return 0, errSlow
			}
			if err != nil {
				return 0, err
			}
		}
		*after = id
	}
	return len(ids), nil
}

// message returns a comment as the caller sees it, or nil if they may not. It looks up who
// they are and which roles they have again.
func (s *service) message(ctx context.Context, old *visit, id int64) ([]byte, error) {
	v := &visit{host: old.host}
	err := s.arrive(ctx, v, old.token)
	if isRefusal(err) {
		return nil, errLost
	}
	if err != nil {
		return nil, err
	}
	c, err := s.comment(ctx, v, id)
	if isRefusal(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(c)
}
