package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rcrowley/go-metrics"
)

// healthLimit is how long a health check of the registry may take, which has no
// limit of its own.
const healthLimit = time.Second

// A healthCheck is one of the registry's, run as the others are: go-metrics' own
// have neither a limit nor a lock.
type healthCheck struct {
	*check
	target atomic.Pointer[metrics.Healthcheck]
}

func (h *healthCheck) run(context.Context) error {
	target := *h.target.Load()
	target.Check()
	return target.Error()
}

// A reading is a metric of the registry, and what its check has found if it has
// one.
type reading struct {
	name   string
	metric any
	health checkResult
}

// read returns the registry's metrics, sorted by name.
func (a *Admin) read(ctx context.Context) (readings []reading) {
	a.registry.Each(func(name string, metric any) {
		readings = append(readings, reading{name: name, metric: metric})
	})
	slices.SortFunc(readings, func(a, b reading) int { return strings.Compare(a.name, b.name) })
	var checks []*check
	for _, h := range a.healthChecks(readings) {
		checks = append(checks, h.check)
	}
	results := runChecks(ctx, checks)
	for i := range readings {
		if _, ok := readings[i].metric.(metrics.Healthcheck); ok {
			readings[i].health, results = results[0], results[1:]
		}
	}
	return readings
}

// healthChecks returns the checks of those readings that have one, in their order,
// and forgets the others.
func (a *Admin) healthChecks(readings []reading) (all []*healthCheck) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := map[string]*healthCheck{}
	for _, rd := range readings {
		target, ok := rd.metric.(metrics.Healthcheck)
		if !ok {
			continue
		}
		h := a.health[rd.name]
		if h == nil {
			h = &healthCheck{}
			h.check = &check{name: rd.name, limit: healthLimit, f: h.run}
		}
		h.target.Store(&target)
		known[rd.name] = h
		all = append(all, h)
	}
	a.health = known
	return all
}

// safely calls a function that asks a metric of somebody else's for its values,
// and returns what is wrong if that panics.
func safely(name string, f func()) (failure string) {
	defer func() {
		if v := recover(); v != nil {
			failure = fmt.Sprintf("The metric %q can't be read: %q", name, fmt.Sprint(v))
		}
	}()
	f()
	return ""
}
