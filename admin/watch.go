package admin

import (
	"context"
	"iter"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

const (
	watchPath     = "/watch"
	watchInterval = 2 * time.Second
	// maxWatchers is how many clients can watch at a time, each of which takes a goroutine
	// and has all routes read anew at every interval.
	maxWatchers = 32
)

// watchedState is what changes in the state of a service.
type watchedState struct {
	Ready       bool               `json:"ready" doc:"Whether the service is to be sent requests."`
	Draining    bool               `json:"draining" doc:"Whether it is about to stop. The checks aren't run then."`
	Up          time.Duration      `json:"up" doc:"How long the process has run." example:"3h2m1s"`
	Restarts    int                `json:"restarts" doc:"How many times in a row the program has been restarted without losing its sockets."`
	Connections watchedConnections `json:"connections" doc:"The connections of clients by their state. All are 0 if the handler isn't that of a tigertonic.Server."`
	Checks      []checkResult      `json:"checks" doc:"What the checks have found, in the order in which they were added."`
	Routes      []watchedRoute     `json:"routes" doc:"The routes that are measured, those in trouble first."`
	Errors      []watchedError     `json:"errors" doc:"The last failures, the latest first."`
}

type watchedConnections struct {
	New    int `json:"new" doc:"Those that haven't sent a request yet."`
	Active int `json:"active" doc:"Those with a request that hasn't ended."`
	Idle   int `json:"idle" doc:"Those that wait for the next request."`
}

type watchedRoute struct {
	Name     string        `json:"name" doc:"Its method and pattern." example:"GET /stuff/{id}"`
	Rate     float64       `json:"rate" doc:"Requests per second in the last minute."`
	Requests uint32        `json:"requests" doc:"Requests in the last ten minutes."`
	Failed   uint32        `json:"failed" doc:"Those of them that failed with a status of 500 or more."`
	P50      time.Duration `json:"p50" doc:"The median of how long requests took in the last five to ten minutes." example:"1.2ms"`
	P99      time.Duration `json:"p99" doc:"The 99th percentile of the same." example:"8.5ms"`
	InFlight int64         `json:"in_flight" doc:"Requests that are in their handlers."`
	History  [][2]uint32   `json:"history" doc:"Requests and failures for each ten seconds of the last ten minutes, the oldest first."`
}

type watchedError struct {
	Time      time.Time `json:"time"`
	Route     string    `json:"route" doc:"Its method and pattern." example:"GET /stuff/{id}"`
	Status    int       `json:"status"`
	RequestID string    `json:"request_id,omitempty"`
	Cause     string    `json:"cause,omitempty" doc:"What has gone wrong, as in the log."`
}

// watch sends the state of the service now and at every interval until the client goes.
func (a *Admin) watch(ctx context.Context, _ *struct{}) (iter.Seq2[watchedState, error], error) {
	return func(yield func(watchedState, error) bool) {
		tick := time.NewTicker(watchInterval)
		defer tick.Stop()
		for yield(a.watched(ctx), nil) {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}, nil
}

func (a *Admin) watched(ctx context.Context) watchedState {
	now := a.readiness(ctx)
	s := watchedState{
		Ready: now.Ready, Draining: now.Draining, Checks: now.Checks,
		Up: time.Since(a.began).Round(time.Second), Restarts: a.restarts(),
		Routes: []watchedRoute{}, Errors: []watchedError{},
	}
	if a.connections != nil {
		c := a.connections()
		s.Connections = watchedConnections{c.New, c.Active, c.Idle}
	}
	rows := a.routeRows()
	for i := range rows {
		row := &rows[i]
		s.Routes = append(s.Routes, watchedRoute{
			row.Name, row.rate, row.requests, row.errors, row.metrics.P50, row.metrics.P99, row.InFlight, historyOf(row.metrics),
		})
	}
	for _, e := range a.lastErrors() {
		s.Errors = append(s.Errors, watchedError{e.Time.UTC(), e.Method + " " + e.Pattern, e.Status, valid(e.RequestID), valid(e.Cause)})
	}
	return s
}

func historyOf(rm tigertonic.RouteMetrics) [][2]uint32 {
	all := make([][2]uint32, len(rm.History))
	for i, h := range rm.History {
		all[i] = [2]uint32{h.Count, h.Errors}
	}
	return all
}

// describeWatch leaves the one media type that clients get.
func describeWatch(op *tigertonic.Operation) {
	content := op.Response(200).Content
	for mediaType := range content {
		if mediaType != eventsType {
			delete(content, mediaType)
		}
	}
}

const eventsType = "text/event-stream"

// connected is a handler that knows the connections of its server, and how often that
// was restarted.
type connected interface {
	Connections() tigertonic.ConnectionCounts
	Restarts() int
}

// addServer adds the connections of the server and its restarts.
func (a *Admin) addServer(e *exposition) {
	if a.connections == nil {
		return
	}
	c := a.connections()
	state := func(name string, n int) sample {
		return sample{labels: []label{{"state", name}}, value: float64(n)}
	}
	e.take([]family{
		{
			name: "http_connections", kind: gaugeKind, help: "The connections of clients, by their state.",
			samples: []sample{state("active", c.Active), state("idle", c.Idle), state("new", c.New)},
		},
		{
			name: "http_connections_accepted_total", kind: counterKind, help: "The connections that the server has accepted.",
			samples: []sample{{value: float64(c.Accepted)}},
		},
		{
			name: "process_restarts", kind: gaugeKind, help: "How many times in a row the program was restarted by SIGUSR2.",
			samples: []sample{{value: float64(a.restarts())}},
		},
	})
}
