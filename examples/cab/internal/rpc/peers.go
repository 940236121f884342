package rpc

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/ticks"
)

// Peers delivers requests over HTTP, to processes with known URLs. It polls each for what
// it serves. A request goes to the zone of its caller, and to any other if nobody there
// serves the service.
type Peers struct {
	instance  string // this process
	zone      string
	urls      []string
	transport *http.Transport
	next      atomic.Uint32

	mu     sync.RWMutex
	known  map[string]Hello // by URL
	silent map[string]int   // how often they haven't said hello in a row
}

// A Hello is what a process says about itself.
type Hello struct {
	Instance string    `json:"instanceId"`
	Host     string    `json:"hostname"`
	Zone     string    `json:"azName"`
	Version  string    `json:"version"`
	Started  time.Time `json:"started"`
	Services []string  `json:"services"`
}

// HelloPath is where a process says it.
const HelloPath = "/hello"

const (
	helloEvery = 250 * time.Millisecond
	helloTime  = time.Second
	mostSilent = 3
)

// NewPeers returns a network of the processes at these URLs, seen from one of them, in a
// zone.
func NewPeers(instance, zone string, urls []string) (*Peers, error) {
	for _, text := range urls {
		if u, err := url.Parse(text); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" {
			return nil, fmt.Errorf("%q isn't the URL of a peer, such as http://127.0.0.1:8100", text)
		}
	}
	const idle = 256
	return &Peers{
		instance: instance, zone: zone, urls: urls, known: map[string]Hello{}, silent: map[string]int{},
		transport: &http.Transport{MaxIdleConnsPerHost: idle, MaxIdleConns: 0, IdleConnTimeout: time.Minute, DialContext: (&net.Dialer{Timeout: helloTime}).DialContext},
	}, nil
}

// Run asks the processes what they serve, until the context ends.
func (p *Peers) Run(ctx context.Context) {
	for range ticks.Now(ctx, helloEvery) {
		p.Look(ctx)
	}
	p.transport.CloseIdleConnections()
}

// Look asks them once.
func (p *Peers) Look(ctx context.Context) {
	var group sync.WaitGroup
	for _, base := range p.urls {
		group.Go(func() {
			h, err := p.ask(ctx, base)
			p.mu.Lock()
			defer p.mu.Unlock()
			if err == nil {
				p.known[base], p.silent[base] = h, 0
				return
			}
			p.silent[base]++
			if isRefused(err) || p.silent[base] >= mostSilent {
				delete(p.known, base)
			}
		})
	}
	group.Wait()
}

func (p *Peers) ask(ctx context.Context, base string) (h Hello, err error) {
	ctx, cancel := context.WithTimeout(ctx, helloTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+HelloPath, nil)
	if err != nil {
		return h, err
	}
	rs, err := p.transport.RoundTrip(r)
	if err != nil {
		return h, err
	}
	defer rs.Body.Close() //nolint:errcheck // it was read
	const most = 64 << 10
	text, err := io.ReadAll(io.LimitReader(rs.Body, most))
	if err == nil && rs.StatusCode != http.StatusOK {
		err = errors.New(rs.Status)
	}
	if err == nil {
		err = json.Unmarshal(text, &h)
	}
	return h, err
}

// choose returns a process that serves a service, in this zone if there is one.
func (p *Peers) choose(service string) (string, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var near, far []string
	for _, base := range p.urls {
		h, known := p.known[base]
		switch {
		case !known || !slices.Contains(h.Services, service):
		case h.Zone == p.zone:
			near = append(near, base)
		default:
			far = append(far, base)
		}
	}
	all := near
	if len(all) == 0 {
		all = far
	}
	if len(all) == 0 {
		return "", false
	}
	return all[int(p.next.Add(1))%len(all)], true
}

// RoundTrip sends a request to one of the processes that serve the service.
func (p *Peers) RoundTrip(r *http.Request) (*http.Response, error) {
	service, _ := target(r.URL.Path)
	base, found := p.choose(service)
	if !found {
		return nil, &UnavailableError{service, errors.New("nobody serves it")}
	}
	to, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	u := *r.URL
	u.Scheme, u.Host = to.Scheme, to.Host
	rq := r.WithContext(r.Context())
	rq.URL, rq.Host = &u, ""
	rs, err := p.transport.RoundTrip(rq)
	if isRefused(err) {
		p.mu.Lock()
		delete(p.known, base) // until it says hello again
		p.mu.Unlock()
		return nil, &UnavailableError{service, err}
	}
	return rs, err
}

// Tell posts JSON to an endpoint of all other processes that serve a service. It gives up
// on those that take longer than a second.
func (p *Peers) Tell(ctx context.Context, service, endpoint string, body []byte) {
	ctx, cancel := context.WithTimeout(ctx, helloTime)
	defer cancel()
	var group sync.WaitGroup
	for _, base := range p.others(service) {
		group.Go(func() {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/"+service+endpoint, bytes.NewReader(body))
			if err != nil {
				return
			}
			r.Header.Set("Content-Type", "application/json")
			if rs, err := p.transport.RoundTrip(r); err == nil {
				_, _ = io.Copy(io.Discard, rs.Body) // so that the connection is used again
				_ = rs.Body.Close()
			}
		})
	}
	group.Wait()
}

// others returns the URLs of the other processes that serve a service.
func (p *Peers) others(service string) (found []string) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for base, h := range p.known {
		if h.Instance != p.instance && slices.Contains(h.Services, service) {
			found = append(found, base)
		}
	}
	return found
}

// isRefused reports whether there was no connection, so nothing was sent.
func isRefused(err error) bool {
	failed, is := errors.AsType[*net.OpError](err)
	return is && failed.Op == "dial"
}

// Instances returns the instances of all services that are known.
func (p *Peers) Instances(context.Context) []Instance {
	p.mu.RLock()
	defer p.mu.RUnlock()
	found := []Instance{}
	for _, h := range p.known {
		for _, service := range h.Services {
			found = append(found, Instance{Service: service, ID: h.Instance, Host: h.Host, Zone: h.Zone, Version: h.Version, Started: h.Started})
		}
	}
	slices.SortFunc(found, func(a, b Instance) int { return cmp.Or(byService(a, b), a.Started.Compare(b.Started)) })
	return found
}
