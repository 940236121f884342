package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
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
	p, err := newProcess(ctx, o)
	if err != nil {
		return err
	}
	defer p.stop()
	server := tigertonic.NewServer(o.listen, p.front)
	p.stopping = server.Draining
	if o.admin != "" {
		server.Admin, server.AdminAddr = p.admin(server.Handler, level), o.admin
	}
	server.OnListen = func(name string, addr net.Addr) {
		if name == "main" {
			p.welcome(addr)
			return
		}
		fmt.Printf("operators find what is inside on http://%s/\n", addr)
	}
	if err := server.Run(ctx); err != nil {
		return fmt.Errorf("%w (-listen and -admin say where else to listen, -listen 127.0.0.1:0 anywhere that is free)", err)
	}
	p.stop()
	slog.Info("cab has stopped", "pid", os.Getpid())
	return nil
}

// admin returns what is for operators.
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
	all := tigertonic.NewHostServeMux() // which isn't served, and shows the routes of both
	all.Handle("api", front)
	all.Handle("services", p.inside)
	inside := admin.New(all, admin.Options{Name: "cab", Version: version, Registry: registry, Level: level, Draining: func() bool { return p.stopping() }})
	if p.db != nil {
		inside.Check("database", time.Second, p.db.Ping)
	}
	if p.bus != nil {
		inside.Check("bus", time.Second, p.bus.Connected)
	}
	return inside
}

// welcome prints lines to try.
func (p *process) welcome(addr net.Addr) {
	if !p.options.api {
		fmt.Printf(`cab (process %[1]d) listens on http://%[2]s, try:
  curl http://%[2]s%[3]s
it serves %[4]s by %[5]s,
and read what else there is by -h
`, os.Getpid(), addr, rpc.HelloPath, p.options.serve, p.options.bus)
		return
	}
	fmt.Printf(`cab (process %[1]d) listens on http://%[2]s, try:
  curl 'http://%[2]s/v1/customer/neardrivers?lat=53.34&lng=-6.26&n=3'
  curl -i http://%[2]s/v1/jobs -H 'Content-Type: application/json' -d '{"customer":"c1","lat":53.34,"lng":-6.26,"service":"taxi"}'
see the city on http://%[2]s/, what calls what on http://%[2]s/traces
and read http://%[2]s/docs
`, os.Getpid(), addr)
}
