package main

import (
	"bufio"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/customer"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/jobs"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/trace"
)

const nearDublin = "GET /v1/customer/neardrivers?lat=53.34&lng=-6.26&n=3"

// The trace of the deck: a request through a dozen services, in which two of three fares
// fail. The customer gets an answer, and the trace has every call, with two errors.
func TestTraceOfTheDeck(t *testing.T) {
	t.Parallel()
	onEachNetwork(t, testTraceOfTheDeck)
}

func testTraceOfTheDeck(t *testing.T, r *running) {
	r.place(t, 5)
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	got := r.do(t, nearDublin, "", "Traceparent: 00-"+id+"-00f067aa0ba902b7-01")
	out := decode[customer.Out](t, got.body)
	if got.status != 200 || out.TraceID != id || len(out.Drivers) != 3 || out.Drivers[0].ETASeconds < 30 {
		t.Fatalf("got %v", got)
	}
	if !slices.Equal(out.Degraded, []string{"fare:estate", "fare:van"}) || len(out.Fares) != 1 || out.Fares[0].Base != 380 || out.Fares[0].Currency != "EUR" {
		t.Errorf("got %v", got)
	}
	var tree trace.Trace
	until(t, "all spans are there", func() bool { // those of other processes come a little later
		tree = decode[trace.Trace](t, r.do(t, "GET /traces/"+id, "").body)
		return tree.Spans >= 25
	})
	if tree.Errors != 2 || tree.TraceID != id || tree.Spans != 25 {
		t.Errorf("got %d errors and %d spans in %s", tree.Errors, tree.Spans, tree.TraceID)
	}
	lines := make([]string, len(tree.Messages))
	for i := range tree.Messages {
		m := &tree.Messages[i]
		lines[i] = strings.Repeat(" ", m.Depth) + short(m.To)
		if m.Failed {
			lines[i] += " ERR " + m.Text
		}
		if len(m.Flags) > 0 || i > 0 && (m.Req == nil || m.In == nil || m.Out == nil || m.Rep == nil || m.Handler == "") {
			t.Errorf("something is missing: %+v", *m)
		}
	}
	slices.Sort(lines[5:10]) // the fares and the drivers are looked for at the same time
	const want = `hailo-2-api.neardrivers
 api.v1.customer.neardrivers
  service.feature-flags.features
   service.hob.list
   service.config.compile`
	if got := strings.Join(lines[:5], "\n"); got != want {
		t.Errorf("got\n%s", strings.Join(lines, "\n"))
	}
	for what, n := range map[string]int{
		"service.fare.basefare": 1, "service.fare.basefare ERR no tariff for DUB": 2, "service.nearest-driver.search": 1,
		"service.zoning.search": 1, "service.raziel.multisearch": 1, "service.eta.multitraveltime": 1, "service.experiment.readlastupdated": 1,
	} {
		count := 0
		for _, line := range lines {
			if strings.TrimSpace(line) == what {
				count++
			}
		}
		if count != n {
			t.Errorf("%q is there %d times in\n%s", what, count, strings.Join(lines, "\n"))
		}
	}
	if len(lines) != 13 {
		t.Errorf("there are %d messages", len(lines))
	}
}

// A request to a place without taxis says so, and everything that is sent is counted.
func TestSpansAreCountedExactly(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.place(t, 2)
	for i := range 30 {
		switch i % 3 {
		case 0:
			if got := r.do(t, nearDublin, ""); got.status != 200 {
				t.Errorf("got %v", got)
			}
		case 1:
			if got := r.do(t, "GET /v1/customer/neardrivers?lat=0&lng=0", ""); got.status != 404 || !strings.Contains(got.body, "nearest-driver.nozone") {
				t.Errorf("got %v", got)
			}
		default:
			if got := r.do(t, "GET /v1/customer/neardrivers?lat=x&lng=0&n=99", ""); got.status != 422 && got.status != 400 {
				t.Errorf("got %v", got)
			}
		}
	}
	if err := r.process.ring.ForceFlush(t.Context()); err != nil {
		t.Fatal(err)
	}
	list := decode[traceList](t, r.do(t, "GET /traces", "").body)
	c, s := list.Ring, list.Store
	if c.Sent == 0 || c.Sent != c.Delivered+c.Dropped || c.Delivered != s.Received || s.Received != s.Stored+s.Pending+s.SampledOut+s.Evicted+s.Duplicates {
		t.Errorf("they don't add up: %+v, %+v", c, s)
	}
}

func TestLifeOfAJobOverTheAPI(t *testing.T) {
	t.Parallel()
	onEachNetwork(t, testLifeOfAJobOverTheAPI)
}

func testLifeOfAJobOverTheAPI(t *testing.T, r *running) {
	r.place(t, 4)
	got := r.do(t, "POST /v1/jobs", `{"customer":"c1","lat":53.34,"lng":-6.26,"service":"taxi"}`, "Idempotency-Key: k")
	j := decode[jobs.Job](t, got.body)
	if got.status != 202 || got.header.Get("Location") != "/v1/jobs/"+j.ID {
		t.Fatalf("got %v at %q", got, got.header.Get("Location"))
	}
	show := func() jobs.Job { return decode[jobs.Job](t, r.do(t, "GET /v1/jobs/"+j.ID, "").body) }
	until(t, "the job is offered", func() bool { j = show(); return j.State == jobs.Offered })
	if open := decode[[]jobs.Offer](t, r.do(t, "GET /v1/offers", "").body); len(open) != 1 || open[0].Driver != j.Offered[0] {
		t.Errorf("got %+v", open)
	}
	driver := fmt.Sprintf(`{"driver":%q}`, j.Offered[0])
	for _, tt := range []struct {
		step, body string
		want       int
	}{
		{"accept", `{"driver":"d9"}`, 409},
		{"complete", driver, 409},
		{"accept", driver, 200},
		{"accept", driver, 200},
		{"decline", driver, 409},
		{"cancel", `{"customer":"c2"}`, 404},
		{"arrive", driver, 200},
		{"board", driver, 200},
		{"cancel", `{"customer":"c1"}`, 409},
		{"complete", driver, 200},
	} {
		if got := r.do(t, "POST /v1/jobs/"+j.ID+"/"+tt.step, tt.body); got.status != tt.want {
			t.Errorf("%s by %s: got %v, want %d", tt.step, tt.body, got, tt.want)
		}
	}
	if j = show(); j.State != jobs.Completed {
		t.Errorf("got %+v", j)
	}
	if got := r.do(t, "GET /v1/jobs/Jnone", ""); got.status != 404 {
		t.Errorf("got %v", got)
	}
}

// An older position doesn't count, one of the future is refused.
func TestPositionsOverTheAPI(t *testing.T) {
	t.Parallel()
	onEachNetwork(t, testPositionsOverTheAPI)
}

func testPositionsOverTheAPI(t *testing.T, r *running) {
	for _, tt := range []struct{ body, want string }{
		{`{"lat":53.34,"lng":-6.26,"seen":"2014-09-01T12:00:05Z"}`, `200 {"accepted":true}`},
		{`{"lat":53.35,"lng":-6.26,"seen":"2014-09-01T12:00:00Z"}`, `200 {"accepted":false}`},
		{`{"lat":53.35,"lng":-6.26}`, `200 {"accepted":true}`},
	} {
		if got := r.do(t, "PUT /v1/drivers/d1/position", tt.body); strings.TrimSpace(got.String()) != tt.want {
			t.Errorf("%s: got %v", tt.body, got)
		}
	}
	for _, body := range []string{`{"lat":53.35,"lng":-6.26,"seen":"2100-01-01T00:00:00Z"}`, `{"lat":91,"lng":0}`, `{"lat":1}`} {
		if got := r.do(t, "PUT /v1/drivers/d1/position", body); got.status != 422 {
			t.Errorf("%s: got %v", body, got)
		}
	}
	if got := r.do(t, "PUT /v1/drivers/d1/position", `{"lat":1,"lng":2,"heading":"`+strings.Repeat("x", mostBody)+`"}`); got.status != 413 {
		t.Errorf("got %v", got)
	}
	if got := r.do(t, "PUT /v1/drivers/a%2Fb/position", `{"lat":1,"lng":2}`); got.status != 422 && got.status != 404 {
		t.Errorf("got %v", got)
	}
}

func TestPagesAndTheirData(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.place(t, 2)
	out := decode[customer.Out](t, r.do(t, nearDublin, "").body)
	html := "Accept: text/html,application/xhtml+xml"
	for path, want := range map[string]string{
		"/": "<canvas", "/traces": out.TraceID[:8], "/traces/" + out.TraceID: "no tariff for DUB", "/services": "fare.basefare", "/docs": "Cab",
	} {
		got := r.do(t, "GET "+path, "", html)
		if got.status != 200 || !strings.Contains(got.body, want) || path != "/docs" && !strings.Contains(got.header.Get("Content-Security-Policy"), "script-src 'self';") {
			t.Errorf("%s: got %v", path, got)
		}
		if path != "/docs" && (strings.Contains(got.body, "<script>") || strings.Contains(got.body, "style=")) {
			t.Errorf("%s has a script or a style in it", path)
		}
	}
	if got := r.do(t, "GET /traces/"+strings.Repeat("0", 31)+"1", "", html); got.status != 404 {
		t.Errorf("got %v", got)
	}
	if got := r.do(t, "GET /traces/"+strings.Repeat("0", 31)+"1", ""); got.status != 404 || !strings.Contains(got.header.Get("Content-Type"), "problem+json") {
		t.Errorf("got %v", got)
	}
	if got := r.do(t, "GET /services", ""); !strings.Contains(got.body, `"breaker":"closed"`) {
		t.Errorf("got %v", got)
	}
	if got := r.do(t, "GET /config/compile?ids=H2:BASE&ids=H2:REGION:ie&path=hailo.features.heatmap", ""); !strings.Contains(got.body, `"config":true`) {
		t.Errorf("got %v", got)
	}
	if got := r.do(t, "GET /config/explain?ids=H2:BASE,H2:REGION:ie&path=hailo.features", ""); !strings.Contains(got.body, `"hailo.features.heatmap":{"value":true,"origin":"H2:REGION:ie"}`) {
		t.Errorf("got %v", got)
	}
}

// Who watches sees drivers and jobs, as they are and then each second, until the service stops.
func TestWatching(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.place(t, 3)
	r.do(t, "POST /v1/jobs", `{"customer":"c1","lat":53.34,"lng":-6.26,"service":"taxi"}`)
	rq, err := http.NewRequestWithContext(t.Context(), "GET", r.URL+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	rq.Header.Set("Accept", "text/event-stream")
	rs, err := r.Client().Do(rq)
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	lines, seen := bufio.NewScanner(rs.Body), 0
	for seen < 2 && lines.Scan() {
		if data, is := strings.CutPrefix(lines.Text(), "data: "); is {
			s := decode[status](t, data)
			if len(s.Drivers) != 3 || len(s.Jobs) != 1 {
				t.Errorf("got %s", data)
			}
			seen++
		}
	}
	if seen != 2 {
		t.Errorf("%d messages came: %v", seen, lines.Err())
	}
}

// Operators see histograms of every route, of the thin API and of the services behind it, and
// whether the database is there.
func TestOperatorsSeeEveryRoute(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.place(t, 1)
	r.do(t, nearDublin, "")
	inside := httptest.NewServer(r.process.admin(r.process.front, new(slog.LevelVar)))
	defer inside.Close()
	for path, wants := range map[string][]string{
		"/metrics": {
			`http_request_duration_seconds_count{method="GET",pattern="/v1/customer/neardrivers",class="2xx"} 1`,
			`http_request_duration_seconds_count{method="GET",pattern="/com.hailocab.service.fare/basefare",class="4xx"} 2`, "spans_sent",
		},
		"/ready": {"database"}, "/routes": {"/com.hailocab.service.eta/multitraveltime"},
	} {
		got, err := ask(t.Context(), inside.Client(), inside.URL, "GET "+path, "")
		if err != nil || got.status != 200 {
			t.Errorf("%s: got %v, %v", path, got, err)
		}
		for _, want := range wants {
			if !strings.Contains(got.body, want) {
				t.Errorf("%s doesn't have %s, but\n%s", path, want, got.body)
			}
		}
	}
}
