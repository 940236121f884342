package main

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/rpc"
)

// handleStatus registers what load balancers and operators request from the thin API.
func (p *process) handleStatus(mux *tigertonic.TrieServeMux) {
	status := func(e *tigertonic.Endpoint, id, summary string) *tigertonic.Endpoint {
		return e.OperationID(id).Summary(summary).Tags("status")
	}
	mux.Handle("GET", "/version", status(tigertonic.Typed(p.showVersion), "show-version", "Show which process responds"))
	mux.Handle("GET", "/status", status(tigertonic.Typed(p.showStatus), "show-status", "Show whether all services can be reached").
		Errors(rpc.Busy(thinAPI+".status", "nobody serves com.hailocab.service.fare")))
	mux.Handle("GET", "/v2/az/status", status(tigertonic.Typed(p.showZone), "show-zone", "Show whether clients should use this zone").
		Description("A load balancer that polls this sends clients to other zones while the status is 503: the zone is failed over "+
			"(hailo.service.api.failedOver), the process is about to stop, or a service can't be reached.").
		Errors(rpc.Busy(thinAPI+".failedover", "zone-a is failed over")))
}

// A build says which process responds.
type build struct {
	Service  string    `json:"service" doc:"What it is." example:"com.hailocab.hailo-2-api"`
	Version  string    `json:"version" doc:"Which version of it." example:"1.0.0"`
	Instance string    `json:"instanceId" doc:"What the process is known by." example:"server-cab-aB3dE6gH"`
	Host     string    `json:"hostname" doc:"Where it runs."`
	Zone     string    `json:"azName" doc:"In which zone that is." example:"zone-a"`
	Region   string    `json:"region,omitempty" doc:"In which region, if there are several." example:"ie"`
	Started  time.Time `json:"started" doc:"Since when."`
}

func (p *process) showVersion(context.Context, *struct{}) (build, error) {
	return build{thinAPI, version, p.instance, hostname(), p.options.zone, p.options.region, p.started}, nil
}

// A health says that everything works.
type health struct {
	Status string `json:"status" doc:"How it is." example:"ok"`
	Zone   string `json:"azName" doc:"The zone." example:"zone-a"`
}

func (p *process) showStatus(ctx context.Context, _ *struct{}) (health, error) {
	if missing := p.missing.get(ctx, p); len(missing) > 0 {
		return health{}, rpc.Busy(thinAPI+".status", "nobody serves %s", strings.Join(missing, ", "))
	}
	return health{"ok", p.options.zone}, nil
}

func (p *process) showZone(ctx context.Context, in *struct{}) (health, error) {
	switch {
	case p.stopping():
		return health{}, rpc.Busy(thinAPI+".stopping", "the process is about to stop")
	case slices.Contains(p.edge.Get().FailedOver, p.options.zone):
		return health{}, rpc.Busy(thinAPI+".failedover", "%s is failed over", p.options.zone)
	}
	return p.showStatus(ctx, in)
}

// missing returns the services that no process serves. Asking the bus takes a moment, so it
// happens at most once a second.
type missing struct {
	mu    sync.Mutex
	asked time.Time
	names []string
}

func (m *missing) get(ctx context.Context, p *process) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := time.Now(); now.Sub(m.asked) >= time.Second {
		there := map[string]bool{}
		for _, i := range p.instances(context.WithoutCancel(ctx)) {
			there[i.Service] = true
		}
		m.asked, m.names = now, slices.DeleteFunc(everything(), func(name string) bool { return there[name] })
	}
	return m.names
}
