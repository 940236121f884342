package main

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/rpc"
)

// An edgeConfig says which requests the thin API doesn't serve itself. It may change while
// the service runs.
type edgeConfig struct {
	FailedOver []string          `json:"failedOver"` // zones that clients should leave
	Shed       []shedRule        `json:"shed"`
	Homes      map[string]string `json:"homes"` // URLs of the thin APIs of other regions
}

// A shedRule says which requests to refuse under overload: a part of them at random, or all
// those of a part of the customers, drivers or devices. That part is the same in every
// process, so the others notice nothing.
type shedRule struct {
	Path    string  `json:"path"` // a prefix of the requests' path
	By      string  `json:"by"`   // random, customer, driver or device
	Percent float64 `json:"percent"`
}

const (
	customerHeader = "Customer-Id"
	driverHeader   = "Driver-Id"
	deviceHeader   = "Device-Id"
	homeHeader     = "Home-Region"
)

func (c *edgeConfig) check() error {
	for _, rule := range c.Shed {
		if !slices.Contains([]string{"random", "customer", "driver", "device"}, rule.By) {
			return fmt.Errorf("a rule sheds by %q, which isn't random, customer, driver or device", rule.By)
		}
		if !strings.HasPrefix(rule.Path, "/") || !(rule.Percent >= 0 && rule.Percent <= 100) {
			return fmt.Errorf("a rule sheds %v percent of %q", rule.Percent, rule.Path)
		}
	}
	for region, home := range c.Homes {
		if u, err := url.Parse(home); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
			return fmt.Errorf("the home of %q is %q, which isn't the URL of a service", region, home)
		}
	}
	return nil
}

// sheds reports whether a rule refuses a request.
func (c *edgeConfig) sheds(r *http.Request) bool {
	return slices.ContainsFunc(c.Shed, func(rule shedRule) bool {
		return strings.HasPrefix(r.URL.Path, rule.Path) && rule.share(r)*100 < rule.Percent
	})
}

// share returns a number from 0 to 1 for a request: always the same for one customer,
// driver or device, if the rule goes by that and the request names it.
func (s *shedRule) share(r *http.Request) float64 {
	who := ""
	switch s.By {
	case "customer":
		who = r.Header.Get(customerHeader)
	case "device":
		who = r.Header.Get(deviceHeader)
	case "driver":
		if who = r.Header.Get(driverHeader); who == "" && strings.HasPrefix(r.URL.Path, "/v1/drivers/") {
			who = tigertonic.PathValue(r, "id")
		}
	}
	if who == "" {
		return rand.Float64() //nolint:gosec // no secret
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.By + ":" + who)) // never fails
	const steps = 10_000
	return float64(h.Sum64()%steps) / steps
}

// home returns the URL of the region that a request belongs to, or "" if that is this one
// or isn't known.
func (c *edgeConfig) home(r *http.Request, here string) string {
	region := r.Header.Get(homeHeader)
	if here == "" || region == here {
		return ""
	}
	return strings.TrimRight(c.Homes[region], "/")
}

// An edge redirects requests that belong elsewhere, and refuses those that there is no room
// for, before any work is done for them.
type edge struct {
	process *process
	handler http.Handler
}

func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := e.process.edge.Get()
	if home := c.home(r, e.process.options.region); home != "" {
		w.Header().Set("Location", home+r.URL.RequestURI())
		w.WriteHeader(http.StatusTemporaryRedirect)
		return
	}
	if c.sheds(r) {
		tigertonic.ProblemWriter{}.WriteError(r, w, rpc.Busy(thinAPI+".shed", "there are too many requests"))
		return
	}
	e.handler.ServeHTTP(w, r)
}

// Unwrap returns the handler inside.
func (e *edge) Unwrap() http.Handler { return e.handler }

// String is how Explain shows it.
func (e *edge) String() string { return "edge" }

// Describe adds the headers that it reads, and the redirect. The limit inside of it
// describes the 503.
func (e *edge) Describe(op *tigertonic.Operation) {
	text := tigertonic.SchemaOf[string]()
	for _, header := range [][2]string{
		{customerHeader, "The customer whose app asks."},
		{driverHeader, "The driver whose app asks."},
		{deviceHeader, "The telephone."},
		{homeHeader, "The region where the customer or driver is at home."},
	} {
		op.Parameters = append(op.Parameters, tigertonic.Parameter{Name: header[0], In: "header", Description: header[1], Schema: text})
	}
	op.Response(http.StatusTemporaryRedirect).Description = "The request belongs to another region."
	op.Response(http.StatusTemporaryRedirect).SetHeader("Location", "Where to send it instead, unchanged.", text)
}
