package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/raziel"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/rpc"
)

// openNetwork returns what delivers requests to services, wherever they are.
func (p *process) openNetwork() (http.RoundTripper, error) {
	o := p.options
	switch o.bus {
	case "":
		p.local = &rpc.Local{}
		return p.local, nil
	case "http":
		var err error
		p.peers, err = rpc.NewPeers(p.instance, o.zone, o.peerURLs())
		return p.peers, err
	}
	var err error
	p.bus, err = rpc.OpenBus(rpc.BusOptions{URL: o.bus, Instance: p.instance, Host: hostname(), Zone: o.zone, Version: version})
	return p.bus, err
}

// serveCalls makes the services of the process serve requests from the network.
func (p *process) serveCalls(ctx context.Context, services []rpc.Service) error {
	names := make([]string, len(services))
	for i, s := range services {
		names[i] = s.Name
	}
	p.served = names
	switch {
	case p.local != nil:
		p.local.Serve(p.inside)
	case p.bus != nil:
		return p.bus.Serve(p.inside, names...)
	default:
		return p.listenForCalls(ctx)
	}
	return nil
}

// listenForCalls serves HTTP to other processes.
func (p *process) listenForCalls(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", p.options.calls)
	if err != nil {
		return fmt.Errorf("-calls: %w", err)
	}
	hello := p.hello()
	p.server = tigertonic.NewServer(p.options.calls, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == rpc.HelloPath {
			hello.ServeHTTP(w, r)
			return
		}
		p.inside.ServeHTTP(w, r)
	}))
	p.tasks.Go(func() {
		if err := p.server.Serve(l); err != nil && ctx.Err() == nil {
			slog.Error("calls are no longer served", "error", err)
		}
	})
	p.later = append(p.later, func() { p.peers.Run(ctx) })
	return nil
}

// hello returns what the process serves, or an error once it is about to stop.
func (p *process) hello() http.Handler {
	return tigertonic.Described(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if p.stopping() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		text, err := json.Marshal(rpc.Hello{Instance: p.instance, Host: hostname(), Zone: p.options.zone, Version: version, Started: p.started, Services: p.served})
		if err != nil {
			panic(err) // it can be
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text) // the client may have gone
	}), func(op *tigertonic.Operation) { op.Hidden = true })
}

// positions is the NATS subject for positions.
const positions = "positions"

// shareDrivers tells every position to all instances of raziel: one by one over the bus,
// and in batches over HTTP.
func (p *process) shareDrivers(ctx context.Context, s *raziel.Service) error {
	switch {
	case p.peers != nil:
		shared := raziel.NewSharing(func(ctx context.Context, body []byte) { p.peers.Tell(ctx, raziel.Name, raziel.Share.Pattern(), body) })
		s.Announce = shared.Add
		p.later = append(p.later, func() { shared.Run(ctx) })
	case p.bus != nil:
		s.Announce = func(in *raziel.PositionIn) {
			if text, err := json.Marshal(raziel.Moved{ID: in.ID, Place: in.Body}); err == nil {
				p.bus.Announce(positions, text)
			}
		}
		return p.bus.Hear(positions, func(text []byte) {
			var m raziel.Moved
			if json.Unmarshal(text, &m) == nil {
				s.Put(&raziel.PositionIn{ID: m.ID, Body: m.Place})
			}
		})
	}
	return nil
}
