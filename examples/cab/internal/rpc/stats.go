package rpc

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Served is the state of an endpoint that this process serves.
type Served struct {
	Endpoint  string  `json:"endpoint" doc:"What it is." example:"com.hailocab.service.fare.basefare"`
	Requests  int64   `json:"requests" doc:"Requests since the process has started."`
	Errors    int64   `json:"errors" doc:"Those that it has failed by its own fault."`
	Mean      float64 `json:"meanMs" doc:"How long it takes, in milliseconds." example:"0.4"`
	PerSecond float64 `json:"perSecond" doc:"Requests a second, over the last ten." example:"412.6"`
}

// Called is the state of an endpoint that this process calls.
type Called struct {
	Endpoint  string  `json:"endpoint" doc:"What it is." example:"com.hailocab.service.fare.basefare"`
	Calls     int64   `json:"calls" doc:"Calls since the process has started."`
	Failures  int64   `json:"failures" doc:"Those that have failed by the fault of the service."`
	Retries   int64   `json:"retries" doc:"How often a call was repeated."`
	Refused   int64   `json:"refused" doc:"Those that the breaker has refused."`
	Breaker   string  `json:"breaker" enum:"closed,open,half-open" doc:"The state of the breaker."`
	Probe     float64 `json:"probeMs,omitempty" doc:"In how many milliseconds an open breaker lets a call through to see."`
	Timeout   float64 `json:"timeoutMs" doc:"How long a first attempt may take, in milliseconds."`
	PerSecond float64 `json:"perSecond" doc:"Calls a second, over the last ten." example:"412.6"`
}

// A rate is how often something happens, over the last seconds. Its zero value is ready to
// use.
type rate struct {
	mu   sync.Mutex
	seen [rateSeconds + 1]int64 // how often it had happened, each second
	n    int                    // how many of them there are
}

const rateSeconds = 10

// tick must be called once a second, with how often it has happened so far.
func (r *rate) tick(total int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == len(r.seen) {
		copy(r.seen[:], r.seen[1:])
		r.n--
	}
	r.seen[r.n] = total
	r.n++
}

func (r *rate) perSecond() float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n < 2 {
		return 0
	}
	return float64(r.seen[r.n-1]-r.seen[0]) / float64(r.n-1)
}

// Tick records how many requests there were, for the rates. It must be called once a
// second.
func (n *Node) Tick() {
	for _, s := range n.served.all() {
		s.rate.tick(s.requests.Load())
	}
	for _, e := range n.endpoints.all() {
		e.rate.tick(e.calls.Load())
	}
}

// Served returns the endpoints that have been called here, sorted by name.
func (n *Node) Served() []Served {
	found := []Served{}
	for _, s := range n.served.all() {
		one := Served{Endpoint: s.target, Requests: s.requests.Load(), Errors: s.errors.Load(), PerSecond: s.rate.perSecond()}
		if one.Requests > 0 {
			one.Mean = float64(s.nanoseconds.Load()) / float64(one.Requests) / float64(time.Millisecond)
		}
		found = append(found, one)
	}
	slices.SortFunc(found, func(a, b Served) int { return cmp.Compare(a.Endpoint, b.Endpoint) })
	return found
}

// Called returns the endpoints that this process has called, sorted by name.
func (n *Node) Called() []Called {
	found, settings := []Called{}, n.options.Settings()
	for _, e := range n.endpoints.all() {
		c := Called{
			Endpoint: e.target, Calls: e.calls.Load(), Failures: e.failures.Load(), Retries: e.retries.Load(), Refused: e.refused.Load(),
			Breaker: strings.ReplaceAll(strings.ToLower(e.breaker.State().String()), " ", "-"),
			Timeout: float64(settings.timeout(e.target, 1)) / float64(time.Millisecond), PerSecond: e.rate.perSecond(),
		}
		if e.breaker.IsOpen() {
			c.Probe = float64(e.breaker.RemainingDelay()) / float64(time.Millisecond)
		}
		found = append(found, c)
	}
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
