package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/config"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/customer"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/eta"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/experiment"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/fare"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/features"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/hob"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/jobs"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/nearest"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/raziel"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/zoning"
	"github.com/rcrowley/go-tigertonic/examples/internal/serving"
)

// options are the flags.
type options struct {
	example      *serving.Example
	db           string
	config       string
	drivers      int
	seed         uint64
	jobs         int // an hour
	trace        bool
	otlp         string
	bus          string // "", nats://… or http
	calls        string
	peers        string
	serve        string
	zone, region string
	token        string // of operators
	api          bool
	now          func() time.Time
	services     []string
}

// everything has the names of all services but the thin API.
func everything() []string {
	return []string{
		config.Name, customer.Name, eta.Name, experiment.Name, fare.Name, features.Name, hob.Name, jobs.Name, nearest.Name, raziel.Name, zoning.Name,
	}
}

// parseOptions reads the flags.
func parseOptions(args []string) (*options, error) {
	o := &options{now: time.Now}
	f := flag.NewFlagSet("cab", flag.ContinueOnError)
	o.example = serving.Flags(f, "cab")
	f.StringVar(&o.db, "db", "cab.db", "SQLite `file` for the jobs, or the URL of a PostgreSQL database, postgres://…")
	f.StringVar(&o.config, "config", "", "`directory` with the configuration: files ID.json, with __ for each colon of the ID; by default, the built-in one")
	f.IntVar(&o.drivers, "drivers", 20_000, "simulated drivers, or 0 to have only real ones")
	f.Uint64Var(&o.seed, "seed", 1, "seed of the simulation; the same one makes the same drivers")
	f.IntVar(&o.jobs, "jobs", 1200, "jobs per hour that simulated customers order")
	f.StringVar(&o.bus, "bus", "", "`how` services reach each other: in this process by default, over NATS with its URL, nats://…, or by http, with -calls and -peers")
	f.StringVar(&o.calls, "calls", "127.0.0.1:8100", "`address` to listen on for calls from other processes, with -bus http")
	f.StringVar(&o.peers, "peers", "", "comma-separated `URLs` of all processes that serve something, including this one, with -bus http")
	f.StringVar(&o.serve, "serve", "all", "comma-separated `services` of this process: all, or some of "+strings.Join(names(), ", "))
	f.StringVar(&o.zone, "zone", "zone-a", "`name` of the zone in which this process runs; calls stay in their zone while a process there serves them")
	f.StringVar(&o.region, "region", "", "`region` of this process; customers at home in another region are redirected there, if hailo.service.api.homes has its URL")
	f.StringVar(&o.otlp, "otlp", "", "`URL` of an OpenTelemetry collector that also gets all spans, http://…:4318")
	f.BoolVar(&o.trace, "trace", true, "trace requests")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	o.token = os.Getenv("CAB_TOKEN")
	if f.NArg() > 0 {
		return nil, fmt.Errorf("there is an argument too many, %q", f.Arg(0))
	}
	err := errors.Join(o.choose(), o.check())
	return o, err
}

var zonePattern = regexp.MustCompile(`^[A-Za-z0-9-]{1,32}$`)

// check returns everything that is wrong.
func (o *options) check() error {
	var errs []error
	const mostDrivers, mostJobs = 1_000_000, 1_000_000
	if o.drivers < 0 || o.drivers > mostDrivers {
		errs = append(errs, fmt.Errorf("-drivers must be 0 to %d", mostDrivers))
	}
	switch {
	case o.bus == "" && o.serve != "all":
		errs = append(errs, errors.New("-serve needs a -bus, by which to reach the other services"))
	case o.bus == "http" && o.peers == "":
		errs = append(errs, errors.New("-bus http needs -peers"))
	case o.bus != "" && o.bus != "http" && !strings.HasPrefix(o.bus, "nats://") && !strings.HasPrefix(o.bus, "tls://"):
		errs = append(errs, fmt.Errorf("-bus must be http or a URL, nats://…, not %q", o.bus))
	}
	if !zonePattern.MatchString(o.zone) {
		errs = append(errs, fmt.Errorf("-zone must be of letters, digits and dashes, not %q", o.zone))
	}
	if o.region != "" && !zonePattern.MatchString(o.region) {
		errs = append(errs, fmt.Errorf("-region must be of letters, digits and dashes, not %q", o.region))
	}
	const shortest = 16
	if o.token != "" && len(o.token) < shortest {
		errs = append(errs, fmt.Errorf("CAB_TOKEN has less than %d characters, so it can be guessed", shortest))
	}
	if o.jobs < 0 || o.jobs > mostJobs {
		errs = append(errs, fmt.Errorf("-jobs must be 0 to %d", mostJobs))
	}
	return errors.Join(errs...)
}

// has reports whether the process serves a service.
func (o *options) has(name string) bool { return slices.Contains(o.services, name) }

// thin is the name of the thin API and the pages in -serve.
const thin = "api"

// names are those of the services in -serve.
func names() []string {
	all := []string{thin}
	for _, name := range everything() {
		all = append(all, last(name))
	}
	return all
}

// last returns the last part of a name.
func last(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// choose parses -serve.
func (o *options) choose() error {
	if o.serve == "all" {
		o.api, o.services = true, everything()
		return nil
	}
	for name := range strings.SplitSeq(o.serve, ",") {
		i := slices.Index(names(), strings.TrimSpace(name))
		switch {
		case i < 0:
			return fmt.Errorf("-serve: there is no service %q; there are %s", name, strings.Join(names(), ", "))
		case i == 0:
			o.api = true
		default:
			o.services = append(o.services, everything()[i-1])
		}
	}
	return nil
}

// peerURLs are the URLs of -peers.
func (o *options) peerURLs() (all []string) {
	for text := range strings.SplitSeq(o.peers, ",") {
		if text = strings.TrimSpace(text); text != "" {
			all = append(all, text)
		}
	}
	return all
}

// short returns a name without com.hailocab.
func short(name string) string { return strings.TrimPrefix(name, "com.hailocab.") }
