package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/rcrowley/go-metrics"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/rpc"
)

// serve serves until the process is told to stop.
func serve(ctx context.Context, o *options, level *slog.LevelVar) error {
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{}
	if err := o.example.Choose(os.Stdout); err != nil {
		return err
	}
	p, err := newProcess(ctx, o)
	if err != nil {
		return err
	}
	defer p.stop()
	server := tigertonic.NewServer(o.example.Listen, p.front)
	p.outer.Store(server)
	o.example.Prepare(server, p.admin(server.Handler, level), p.try)
	if err := server.Run(ctx); err != nil {
		return err
	}
	p.stop()
	slog.Info("cab has stopped", "pid", os.Getpid())
	return nil
}

// admin returns the handler for operators.
func (p *process) admin(front http.Handler, level *slog.LevelVar) http.Handler {
	registry := metrics.NewRegistry()
	gauge := func(name string, f func() int64) { metrics.NewRegisteredFunctionalGauge(name, registry, f) }
	if p.exported != nil {
		gauge("spans-exported", func() int64 { return p.exported.Counts().Delivered })
		gauge("spans-not-exported", func() int64 { return p.exported.Counts().Dropped + p.exported.Counts().Failed })
	}
	if p.ring != nil {
		gauge("spans-sent", func() int64 { return p.ring.Counts().Sent })
		gauge("spans-dropped", func() int64 { return p.ring.Counts().Dropped })
		gauge("spans-stored", func() int64 { return p.store.Counts().Stored })
	}
	all := tigertonic.NewHostServeMux() // isn't served, but shows the routes of both
	all.Handle("api", front)
	all.Handle("services", p.inside)
	inside := admin.New(all, admin.Options{Name: "cab", Version: version, Registry: registry, Level: level, Draining: p.stopping})
	if p.db != nil {
		inside.Check("database", time.Second, p.db.Ping)
	}
	if p.bus != nil {
		inside.Check("bus", time.Second, p.bus.Connected)
	}
	return inside
}

// try returns lines to try.
func (p *process) try(base string) string {
	if !p.options.api {
		return fmt.Sprintf(`  curl %s%s
this process serves %s over %s
and read what its flags do with -h
`, base, rpc.HelloPath, p.options.serve, p.options.bus)
	}
	return fmt.Sprintf(`  curl '%[1]s/v1/customer/neardrivers?lat=53.34&lng=-6.26&n=3'
  curl -i %[1]s/v1/jobs -H 'Content-Type: application/json' -d '{"customer":"c1","lat":53.34,"lng":-6.26,"service":"taxi"}'
see the city at %[1]s/ and what calls what at %[1]s/traces,
and read the documentation at %[1]s/docs
`, base)
}
