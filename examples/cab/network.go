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
		p.peers, err = rpc.NewPeers(o.zone, o.peerURLs())
		return p.peers, err
	}
	var err error
	p.bus, err = rpc.OpenBus(rpc.BusOptions{URL: o.bus, Instance: p.instance, Host: hostname(), Zone: o.zone, Version: version})
	return p.bus, err
}

// serveCalls has the services of the process answer requests from the network.
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
			slog.Error("calls aren't served any more", "error", err)
		}
	})
	p.later = append(p.later, func() { p.peers.Run(ctx) })
	return nil
}

// hello says what the process serves. When it is about to stop it says so by an error.
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
		_, _ = w.Write(text) // a client that is gone is no error
	}), func(op *tigertonic.Operation) { op.Hidden = true })
}

// positions is the subject that positions are announced by.
const positions = "positions"

// shareDrivers has all instances of raziel on a bus know every position.
func (p *process) shareDrivers(s *raziel.Service) error {
	if p.bus == nil {
		return nil
	}
	s.Announce = func(_ context.Context, in *raziel.PositionIn) {
		if text, err := json.Marshal(announced{in.ID, in.Body}); err == nil {
			p.bus.Announce(positions, text)
		}
	}
	return p.bus.Hear(positions, func(text []byte) {
		var a announced
		if json.Unmarshal(text, &a) == nil {
			s.Put(&raziel.PositionIn{ID: a.ID, Body: a.Place})
		}
	})
}

// announced is a position as other instances are told it.
type announced struct {
	ID    string           `json:"id"`
	Place raziel.NewPlaces `json:"place"`
}
