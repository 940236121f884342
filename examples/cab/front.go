package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/rpc"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/trace"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/web"
)

// newFront returns the tree of the thin API and of the pages.
func (p *process) newFront() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	if !p.options.api {
		mux.Handle("GET", rpc.HelloPath, p.hello())
		return tigertonic.Recovered(mux)
	}
	p.handleAPI(mux)
	p.handleStatus(mux)
	limit := func(h http.Handler) http.Handler {
		const atOnce = 32
		return tigertonic.Limited(tigertonic.Within(h, patience), atOnce, nil)
	}
	traces := tigertonic.Typed(p.listTraces).OperationID("list-traces").Summary("List failed traces, and the slowest").Tags("traces")
	one := tigertonic.Typed(p.showTrace).OperationID("show-trace").Summary("Show a trace").Tags("traces").Errors(errNoTrace())
	services := tigertonic.Typed(p.showServices).OperationID("show-services").Summary("Show the services, and who calls them").Tags("services")
	mux.Handle("GET", "/traces", limit(web.OrPage(traces, func(r *http.Request) (web.Page, error) {
		list, err := p.listTraces(r.Context(), nil)
		return web.Traces(list), err
	})))
	mux.Handle("GET", "/traces/{id}", limit(web.OrPage(one, func(r *http.Request) (web.Page, error) {
		id := tigertonic.PathValue(r, "id")
		if _, err := oteltrace.TraceIDFromHex(id); err != nil {
			return web.Page{}, web.ErrNoPage // the endpoint says what is wrong
		}
		t, err := p.showTrace(r.Context(), &traceIn{ID: id})
		return web.Trace(t), err
	})))
	mux.Handle("GET", "/services", limit(web.OrPage(services, func(r *http.Request) (web.Page, error) {
		s, err := p.showServices(r.Context(), nil)
		return web.Services(s), err
	})))
	mux.Handle("GET", "/live", tigertonic.Limited(tigertonic.Typed(p.live.watch).OperationID("watch").Summary("Watch drivers and jobs").Tags("map").
		Description("A message every second, with some of the drivers and the jobs in progress."), mostStreams, nil))
	mux.Handle("GET", "/", web.Map(web.City{Center: city(), Drivers: p.options.drivers}))
	web.HandleFiles(mux)
	root := tigertonic.Identified(tigertonic.Accessed(tigertonic.Measured(tigertonic.Recovered(mux), nil), nil), nil)
	doc := describe(root)
	mux.Handle("GET", "/openapi.json", doc.Handler())
	mux.Handle("GET", "/docs", openapi.Page(doc))
	return root
}

// mostStreams is how many clients may watch at a time.
const mostStreams = 64

// describe returns the document of the service.
func describe(root http.Handler) *openapi.Document {
	return openapi.New(root, openapi.Info{
		Title: "Cab", Version: version,
		Description: "Taxis: which drivers are near, jobs from order to end, and the trace of each request through a dozen services.",
	})
}

const mostTraces = 100

// traceList has traces, and counts of their spans.
type traceList = web.TraceList

func (p *process) listTraces(ctx context.Context, _ *struct{}) (traceList, error) {
	p.flush(ctx)
	list := traceList{Traces: p.store.Traces(mostTraces), Store: p.store.Counts()}
	if p.ring != nil {
		list.Ring = p.ring.Counts()
	}
	return list, nil
}

type traceIn struct {
	ID string `path:"id" pattern:"^[0-9a-f]{32}$" doc:"The trace." example:"4bf92f3577b34da6a3ce929d0e0e4736"`
}

func errNoTrace() error {
	return tigertonic.NotFound{Err: errors.New("there is no such trace, or it has been dropped")}
}

func (p *process) showTrace(ctx context.Context, in *traceIn) (*trace.Trace, error) {
	id, err := oteltrace.TraceIDFromHex(in.ID)
	if err != nil {
		return nil, errNoTrace()
	}
	p.flush(ctx)
	spans := p.store.Get(id)
	if len(spans) == 0 {
		return nil, errNoTrace()
	}
	return trace.Build(spans), nil
}

// flush moves the spans that have just ended into the store.
func (p *process) flush(ctx context.Context) {
	if p.ring != nil {
		_ = p.ring.ForceFlush(ctx) // then it isn't there yet
	}
}

func (p *process) showServices(ctx context.Context, _ *struct{}) (web.Overview, error) {
	o := web.Overview{Served: p.node.Served(), Called: p.node.Called(), Instances: p.instances(ctx)}
	hash, err := p.calls.Hash()
	o.Config = web.Config{Hash: hash}
	if err != nil {
		o.Config.Error = fmt.Sprint(err)
	}
	return o, nil
}

// instances returns the processes that are known to serve something.
func (p *process) instances(ctx context.Context) []rpc.Instance {
	switch {
	case p.bus != nil:
		return p.bus.Instances(ctx)
	case p.peers != nil:
		return p.peers.Instances(ctx)
	}
	found := make([]rpc.Instance, len(p.options.services))
	for i, name := range p.options.services {
		found[i] = rpc.Instance{Service: name, ID: p.node.Instance(), Host: p.node.Host(), Zone: p.node.Zone(), Version: version, Started: p.started}
	}
	return found
}
