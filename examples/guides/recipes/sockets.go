package recipes

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// A clock sends the time over WebSockets, until the client has gone or the server stops.
type clock struct {
	every time.Duration
	stop  chan struct{}
	open  sync.RWMutex // locked for reading by each connection
}

func (c *clock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil) // refuses pages of other origins
	if err != nil {
		return // Accept has sent a response
	}
	c.open.RLock()
	defer c.open.RUnlock()
	defer func() { _ = conn.CloseNow() }()
	ctx := conn.CloseRead(r.Context()) // ends with the connection
	for {
		select {
		case now := <-time.After(c.every):
			if err := conn.Write(ctx, websocket.MessageText, []byte(now.Format(time.RFC3339))); err != nil {
				return
			}
		case <-c.stop:
			_ = conn.Close(websocket.StatusGoingAway, "the server stops: connect again")
			return
		case <-ctx.Done():
			return
		}
	}
}

// drain is for Server.RegisterOnShutdown. It returns when all clients have been told.
func (c *clock) drain(context.Context) {
	close(c.stop)
	c.open.Lock()
	defer c.open.Unlock()
	slog.Info("every WebSocket is closed")
}
