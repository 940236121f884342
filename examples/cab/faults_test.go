package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/customer"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/jobs"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/natstest"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/web"
	"github.com/rcrowley/go-tigertonic/examples/internal/processtest"
)

// A remote is a process of the service, asked over a socket.
type remote struct {
	*processtest.Process
	client http.Client
}

func run(t *testing.T, args ...string) *remote {
	t.Helper()
	p := &remote{Process: processtest.Start(t, binary, append([]string{"-listen", "127.0.0.1:0", "-admin", "", "-db", filepath.Join(t.TempDir(), "cab.db"), "-config", patientConfig(t), "-drivers", "0", "-jobs", "0"}, args...)...)}
	t.Cleanup(p.client.CloseIdleConnections)
	return p
}

func (p *remote) do(t *testing.T, request, body string) answer {
	t.Helper()
	a, err := ask(t.Context(), &p.client, p.Base(), request, body)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// zones returns in which zones a service is served.
func (p *remote) zones(t *testing.T, service string) (found []string) {
	t.Helper()
	for _, i := range decode[web.Overview](t, p.do(t, "GET /services", "").body).Instances {
		if short(i.Service) == service {
			found = append(found, i.Zone)
		}
	}
	return found
}

// A load is clients that ask who is near until they are stopped.
type load struct {
	cancel            context.CancelFunc
	group             sync.WaitGroup
	good, busy, wrong atomic.Int64
	mu                sync.Mutex
	last              string // what was wrong
}

func (p *remote) load(t *testing.T, clients int) *load {
	l := &load{}
	ctx, cancel := context.WithCancel(t.Context())
	l.cancel = cancel
	for range clients {
		l.group.Go(func() {
			for ctx.Err() == nil {
				got, err := ask(ctx, &p.client, p.Base(), nearDublin, "")
				switch {
				case err != nil && ctx.Err() != nil:
				case err == nil && got.status == 200:
					l.good.Add(1)
				case err == nil && got.status == 503 && got.header.Get("Retry-After") != "":
					l.busy.Add(1)
				default:
					l.wrong.Add(1)
					l.mu.Lock()
					l.last = fmt.Sprint(got, err)
					l.mu.Unlock()
				}
			}
		})
	}
	t.Cleanup(l.stop)
	return l
}

func (l *load) stop() {
	l.cancel()
	l.group.Wait()
}

// during returns how many requests went well in a time, and how many didn't.
func (l *load) during(d time.Duration) (good, others int64) {
	g, o := l.good.Load(), l.busy.Load()+l.wrong.Load()
	time.Sleep(d)
	return l.good.Load() - g, l.busy.Load() + l.wrong.Load() - o
}

// Three processes, of which one is all of its zone but for the API. It is killed under load:
// the other zone serves, and nobody is left waiting. It comes back, and calls are at home
// again.
func TestZoneIsKilledUnderLoad(t *testing.T) {
	t.Run("nats", func(t *testing.T) {
		url := natstest.Start(t).URL()
		testZoneIsKilledUnderLoad(t, func(int) []string { return []string{"-bus", url} })
	})
	t.Run("http", func(t *testing.T) { testZoneIsKilledUnderLoad(t, threePeers(t)) })
}

func testZoneIsKilledUnderLoad(t *testing.T, network func(i int) []string) {
	rest := "config,nearest-driver,zoning,hob,raziel,eta,job,feature-flags,fare,experiment,customer"
	zone := func(i int, zone, services string) *remote {
		return run(t, append(network(i), "-serve", services, "-zone", zone, "-config", "")...)
	}
	zone(0, "zone-b", rest)
	a := zone(1, "zone-a", rest)
	front := zone(2, "zone-a", "api")
	until(t, "both zones are there", func() bool { return len(front.zones(t, "service.fare")) == 2 })
	for i := range 5 {
		front.do(t, fmt.Sprintf("PUT /v1/drivers/d%d/position", i+1), fmt.Sprintf(`{"lat":%f,"lng":-6.26}`, 53.34+0.0005*float64(i)))
	}
	l := front.load(t, 4)
	until(t, "requests are answered", func() bool { return l.good.Load() > 20 })
	a.Kill(t)
	killed := time.Now()
	until(t, "the zone isn't listed any more", func() bool { return strings.Join(front.zones(t, "service.fare"), " ") == "zone-b" })
	until(t, "the other zone serves", func() bool {
		good, others := l.during(500 * time.Millisecond)
		return good > 0 && others == 0
	})
	if took := time.Since(killed); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
	// The drivers of the zone are known in the other.
	if out := decode[customer.Out](t, front.do(t, nearDublin, "").body); len(out.Drivers) != 3 {
		t.Errorf("got %+v", out)
	}
	zone(1, "zone-a", rest)
	until(t, "it is back", func() bool { return len(front.zones(t, "service.fare")) == 2 })
	until(t, "all is well", func() bool {
		good, others := l.during(300 * time.Millisecond)
		return good > 0 && others == 0
	})
	l.stop()
	t.Logf("%d requests were answered, %d told to come back, and %d failed: %s", l.good.Load(), l.busy.Load(), l.wrong.Load(), l.last)
	if failed := l.busy.Load() + l.wrong.Load(); failed > l.good.Load()/5 {
		t.Errorf("%d of %d requests have failed", failed, failed+l.good.Load())
	}
}

// While the bus is gone, clients are told to come back. When it is there again, they are
// served, and nothing was restarted.
func TestBusIsGoneAndBack(t *testing.T) {
	t.Parallel()
	server := natstest.Start(t)
	r := startThree(t, func(int) []string { return []string{"-bus", server.URL()} })
	r.place(t, 3)
	if got := r.do(t, nearDublin, ""); got.status != 200 {
		t.Fatalf("got %v", got)
	}
	server.Stop()
	until(t, "clients are told to come back", func() bool {
		got := r.do(t, nearDublin, "")
		return got.status == 503 && got.header.Get("Retry-After") == "1"
	})
	if r.process.bus.Connected(t.Context()) == nil {
		t.Error("the health check doesn't know")
	}
	server.Again()
	until(t, "they are served again", func() bool { return r.do(t, nearDublin, "").status == 200 })
	r.place(t, 3)
	until(t, "all of it is there", func() bool {
		return len(decode[customer.Out](t, r.do(t, nearDublin, "").body).Drivers) == 3
	})
}

// A document that can't be read, or isn't right, leaves the last good version in force. One
// that is right takes effect without a restart.
func TestConfigurationIsBrokenAndMended(t *testing.T) {
	t.Parallel()
	dir := patientConfig(t)
	write := func(id, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(id, ":", "__")+".json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const fares = "H2:BASE:com.hailocab.service.fare"
	tariffs := func(text string) string { return `{"hailo":{"service":{"fare":{"tariffs":` + text + `}}}}` }
	write(fares, tariffs(`{"DUB":{"taxi":{"base":380,"currency":"EUR"}}}`))
	r := start(t, "-config", dir)
	r.place(t, 2)
	now := func() customer.Out { return decode[customer.Out](t, r.do(t, nearDublin, "").body) }
	explained := func() string { return r.do(t, "GET /config/explain?ids=H2:BASE,"+fares, "").body }
	write(fares, tariffs(`{"DUB":{"taxi":{"base":400,"currency":"EUR"},"van":{"base":600,"currency":"EUR"}}}`))
	until(t, "the new fare is there", func() bool { out := now(); return len(out.Fares) == 2 && out.Fares[0].Base == 400 })
	write(fares, `{"hailo":`)
	until(t, "it is known to be broken", func() bool { return strings.Contains(explained(), `"broken":["`+fares) })
	if out := now(); len(out.Fares) != 2 {
		t.Errorf("got %+v", out)
	}
	write(fares, tariffs(`{"DUB":{"taxi":{"base":-1,"currency":"EUR"}}}`)) // can be read, and is wrong
	until(t, "it can be read", func() bool { return strings.Contains(explained(), `"broken":[]`) })
	time.Sleep(1500 * time.Millisecond) // and has been looked at
	if out := now(); len(out.Fares) != 2 || out.Fares[0].Base != 400 {
		t.Errorf("got %+v", out)
	}
	write(fares, tariffs(`{"DUB":{"taxi":{"base":420,"currency":"EUR"}}}`))
	until(t, "it is mended", func() bool { out := now(); return len(out.Fares) == 1 && out.Fares[0].Base == 420 })
}

// The process is killed when a job is offered, and again when it is accepted. No job is lost,
// and what was accepted stays so.
func TestJobsOutliveTheProcess(t *testing.T) {
	t.Parallel()
	address := processtest.FreeAddress(t)
	p := run(t, "-listen", address)
	place := func() {
		for i := range 3 {
			p.do(t, fmt.Sprintf("PUT /v1/drivers/d%d/position", i+1), fmt.Sprintf(`{"lat":%f,"lng":-6.26}`, 53.34+0.0005*float64(i)))
		}
	}
	again := func() {
		p.Kill(t)
		p.Process = p.Again(t)
	}
	place()
	j := decode[jobs.Job](t, p.do(t, "POST /v1/jobs", `{"customer":"c1","lat":53.34,"lng":-6.26,"service":"taxi"}`).body)
	show := func() jobs.Job { return decode[jobs.Job](t, p.do(t, "GET /v1/jobs/"+j.ID, "").body) }
	until(t, "it is offered", func() bool { j = show(); return j.State == jobs.Offered })
	driver := j.Offered[0]
	again()
	if j = show(); j.State != jobs.Offered || len(j.Offered) != 1 || j.Offered[0] != driver {
		t.Errorf("got %+v", j)
	}
	if got := p.do(t, "POST /v1/jobs/"+j.ID+"/accept", fmt.Sprintf(`{"driver":%q}`, driver)); got.status != 200 {
		t.Fatalf("got %v", got)
	}
	again()
	if j = show(); j.State != jobs.Accepted || j.Driver != driver {
		t.Errorf("got %+v", j)
	}
	place()
	j = decode[jobs.Job](t, p.do(t, "POST /v1/jobs", `{"customer":"c2","lat":53.34,"lng":-6.26,"service":"taxi"}`).body)
	again() // before anybody has looked at it, or after
	place()
	until(t, "it is offered to another one", func() bool { j = show(); return j.State == jobs.Offered && j.Offered[0] != driver })
}

// SIGTERM ends it with success, also under load.
func TestStopsAndSaysSo(t *testing.T) {
	t.Parallel()
	p := run(t, "-drivers", "500", "-jobs", "5000")
	l := p.load(t, 2)
	until(t, "requests are answered", func() bool { return l.good.Load() > 5 })
	l.stop()
	p.Stop(t)
}

func TestOptionsThatCannotBe(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"-serve fare": "-serve needs a -bus", "-bus http": "needs -peers", "-bus ftp://x": "nats://", "-bus nats://x -serve far": `no service "far"; there are api, config`,
		"-zone a.b": "-zone must be", "-drivers -1": "-drivers must be", "-jobs 9999999": "-jobs must be", "x": `an argument too many, "x"`,
	} {
		if _, err := parseOptions(strings.Fields(args)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", args, err, want)
		}
	}
	for args, want := range map[string]string{
		"-bus http -peers ftp://x": "isn't the URL of a peer", "-otlp localhost:4318": "isn't the URL of a collector", "-config /none": "no .json file", "-db :memory:": "is not a file",
	} {
		o, err := parseOptions(strings.Fields(args))
		if err != nil {
			t.Fatal(err)
		}
		o.calls = "127.0.0.1:0"
		if _, err := newProcess(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", args, err, want)
		}
	}
}
