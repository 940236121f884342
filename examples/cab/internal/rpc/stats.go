package rpc

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Served is how it is with an endpoint that this process serves.
type Served struct {
	Endpoint string  `json:"endpoint" doc:"What it is." example:"com.hailocab.service.fare.basefare"`
	Requests int64   `json:"requests" doc:"Requests since the process has started."`
	Errors   int64   `json:"errors" doc:"Those that it has failed by its own fault."`
	Mean     float64 `json:"meanMs" doc:"How long it takes, in milliseconds." example:"0.4"`
}

// Called is how it is with an endpoint that this process calls.
type Called struct {
	Endpoint string  `json:"endpoint" doc:"What it is." example:"com.hailocab.service.fare.basefare"`
	Calls    int64   `json:"calls" doc:"Calls since the process has started."`
	Failures int64   `json:"failures" doc:"Those that have failed by the fault of the service."`
	Retries  int64   `json:"retries" doc:"How often a call was repeated."`
	Refused  int64   `json:"refused" doc:"Those that the breaker has refused."`
	Breaker  string  `json:"breaker" enum:"closed,open,half-open" doc:"The state of the breaker."`
	Probe    float64 `json:"probeMs,omitempty" doc:"In how many milliseconds an open breaker lets a call through to see."`
	Timeout  float64 `json:"timeoutMs" doc:"How long a first attempt may take, in milliseconds."`
}

// Served returns the endpoints that have been asked, in the order of their names.
func (n *Node) Served() []Served {
	found := []Served{}
	n.served.Range(func(k, v any) bool {
		s := v.(*served) //nolint:forcetypeassert // nothing else is in there
		one := Served{Endpoint: k.(string), Requests: s.requests.Load(), Errors: s.errors.Load()}
		if one.Requests > 0 {
			one.Mean = float64(s.nanoseconds.Load()) / float64(one.Requests) / float64(time.Millisecond)
		}
		found = append(found, one)
		return true
	})
	slices.SortFunc(found, func(a, b Served) int { return cmp.Compare(a.Endpoint, b.Endpoint) })
	return found
}

// Called returns the endpoints that were called, in the order of their names.
func (n *Node) Called() []Called {
	found, settings := []Called{}, n.options.Settings()
	n.endpoints.Range(func(_, v any) bool {
		e := v.(*endpoint) //nolint:forcetypeassert // nothing else is in there
		c := Called{
			Endpoint: e.target, Calls: e.calls.Load(), Failures: e.failures.Load(), Retries: e.retries.Load(), Refused: e.refused.Load(),
			Breaker: strings.ReplaceAll(strings.ToLower(e.breaker.State().String()), " ", "-"),
			Timeout: float64(settings.timeout(e.target, 1)) / float64(time.Millisecond),
		}
		if e.breaker.IsOpen() {
			c.Probe = float64(e.breaker.RemainingDelay()) / float64(time.Millisecond)
		}
		found = append(found, c)
		return true
	})
	slices.SortFunc(found, func(a, b Called) int { return cmp.Compare(a.Endpoint, b.Endpoint) })
	return found
}

// An Instance is a process that serves a service.
type Instance struct {
	Service  string    `json:"service" doc:"What it serves." example:"com.hailocab.service.fare"`
	ID       string    `json:"instanceId" doc:"What the process is known by." example:"server-cab-aB3dE6gH"`
	Host     string    `json:"hostname" doc:"Where it runs."`
	Zone     string    `json:"azName" doc:"In which zone that is." example:"zone-a"`
	Version  string    `json:"version" doc:"Which version of it." example:"1.0.0"`
	Started  time.Time `json:"started" doc:"Since when."`
	Requests int64     `json:"requests" doc:"How many requests it has had."`
}
