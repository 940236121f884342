package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/fare"
)

// configure says what the thin API is to do.
func configure(t *testing.T, dir, api string) {
	t.Helper()
	text := `{"hailo":{"service":{"api":` + api + `}}}`
	if err := os.WriteFile(filepath.Join(dir, "H2__BASE__com.hailocab.kernel.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// startConfigured starts a service, and returns the directory of its configuration as well.
func startConfigured(t *testing.T, api string, args ...string) (r *running, dir string) {
	t.Helper()
	dir = patientConfig(t)
	configure(t, dir, api)
	r = start(t, append([]string{"-config", dir}, args...)...)
	r.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return r, dir
}

// When there are too many requests, a part of the customers is refused, always the same ones,
// and the others notice nothing.
func TestRulesShedThePartThatTheySay(t *testing.T) {
	t.Parallel()
	r, dir := startConfigured(t, `{"shed":[{"path":"/v1/offers","by":"customer","percent":30}]}`)
	r.place(t, 2)
	until(t, "the rule is known", func() bool { return len(r.process.edge.Get().Shed) == 1 })
	refused := 0
	for i := range 200 {
		customer := fmt.Sprintf("Customer-Id: c%d", i)
		first, again := r.do(t, "GET /v1/offers", "", customer), r.do(t, "GET /v1/offers", "", customer)
		if first.status != again.status || first.status != 200 && first.status != 503 {
			t.Fatalf("%s got %v and then %v", customer, first, again)
		}
		if first.status == 503 {
			refused++
			if first.header.Get("Retry-After") != "1" || !strings.Contains(first.body, "hailo-2-api.shed") {
				t.Errorf("got %v", first)
			}
		}
	}
	if refused < 35 || refused > 85 { // the hash is what it is
		t.Errorf("%d of 200 customers were refused", refused)
	}
	if got := r.do(t, nearDublin, ""); got.status != 200 {
		t.Errorf("another path got %v", got)
	}
	configure(t, dir, `{}`)
	until(t, "everybody is served", func() bool { return len(r.process.edge.Get().Shed) == 0 })
	configure(t, dir, `{"shed":[{"path":"/v1/","by":"driver","percent":100},{"path":"/","by":"nobody","percent":1}]}`)
	until(t, "the wrong rule is noticed", func() bool { _, err := r.process.edge.Hash(); return err != nil })
	if got := r.do(t, "GET /v1/offers", ""); got.status != 200 {
		t.Errorf("a rule that isn't one is in force: %v", got)
	}
	configure(t, dir, `{"shed":[{"path":"/v1/drivers/","by":"driver","percent":100},{"path":"/v1/offers","by":"random","percent":100}]}`)
	until(t, "nobody is served", func() bool {
		return r.do(t, "PUT /v1/drivers/d1/position", `{"lat":53.34,"lng":-6.26}`).status == 503 && r.do(t, "GET /v1/offers", "").status == 503
	})
	configure(t, dir, `{}`)
	until(t, "everybody is served", func() bool { return r.do(t, "GET /v1/offers", "").status == 200 })
}

// Who is at home elsewhere is sent there, as they are, and who isn't known stays.
func TestRequestsGoHome(t *testing.T) {
	t.Parallel()
	r, dir := startConfigured(t, `{"homes":{"gb":"https://gb.cab.example/"}}`, "-region", "ie")
	r.place(t, 2)
	until(t, "the homes are known", func() bool { return len(r.process.edge.Get().Homes) == 1 })
	for _, request := range []string{nearDublin, "POST /v1/jobs"} {
		got := r.do(t, request, "", "Home-Region: gb")
		_, target, _ := strings.Cut(request, " ")
		if want := "https://gb.cab.example" + target; got.status != 307 || got.header.Get("Location") != want {
			t.Errorf("%s: got %v to %q, want %s", request, got, got.header.Get("Location"), want)
		}
	}
	for _, region := range []string{"ie", "fr", ""} {
		if got := r.do(t, nearDublin, "", "Home-Region: "+region); got.status != 200 {
			t.Errorf("%q: got %v", region, got)
		}
	}
	for _, api := range []string{`{"homes":{"gb":"ftp://x"}}`, `{"homes":{"gb":"gb.cab.example"}}`, `{"homes":{"gb":"http://x/y"}}`} {
		configure(t, dir, api)
		until(t, "it is noticed", func() bool { _, err := r.process.edge.Hash(); return err != nil })
		if got := r.do(t, nearDublin, "", "Home-Region: gb"); got.status != 307 {
			t.Errorf("the last good version isn't in force: %v", got)
		}
		configure(t, dir, `{"homes":{"gb":"https://gb.cab.example/"}}`)
		until(t, "it is well", func() bool { _, err := r.process.edge.Hash(); return err == nil })
	}
}

// A load balancer finds out which zone to use, and that a service can't be reached.
func TestStatusOfTheZone(t *testing.T) {
	t.Parallel()
	r, dir := startConfigured(t, `{}`)
	for path, want := range map[string]string{
		"/version": `"service":"com.hailocab.hailo-2-api","version":"1.0.0"`, "/status": `"status":"ok"`, "/v2/az/status": `"azName":"zone-a"`,
	} {
		if got := r.do(t, "GET "+path, ""); got.status != 200 || !strings.Contains(got.body, want) {
			t.Errorf("%s: got %v", path, got)
		}
	}
	configure(t, dir, `{"failedOver":["zone-a"]}`)
	until(t, "the zone is failed over", func() bool {
		got := r.do(t, "GET /v2/az/status", "")
		return got.status == 503 && got.header.Get("Retry-After") == "1" && strings.Contains(got.body, "zone-a is failed over")
	})
	if got := r.do(t, "GET /status", ""); got.status != 200 {
		t.Errorf("got %v", got)
	}
	configure(t, dir, `{"failedOver":["zone-b"]}`)
	until(t, "it is used again", func() bool { return r.do(t, "GET /v2/az/status", "").status == 200 })
	r.process.options.services = []string{} // as if nobody served any
	until(t, "nobody is there", func() bool {
		got := r.do(t, "GET /v2/az/status", "")
		return got.status == 503 && strings.Contains(got.body, fare.Name)
	})
}

// Everybody may call by name what the API has, and operators what there is.
func TestCallsByName(t *testing.T) {
	t.Setenv("CAB_TOKEN", "a-token-of-operators")
	r, dir := startConfigured(t, `{}`)
	r.place(t, 3)
	const operator = "Authorization: Bearer a-token-of-operators"
	for _, tt := range []struct {
		body   string
		header []string
		status int
		want   string
	}{
		{`{"service":"com.hailocab.api.v1.customer","endpoint":"neardrivers","request":{"lat":53.34,"lng":-6.26,"n":1}}`, nil, 200, `"id":"d1"`},
		{`{"service":"com.hailocab.service.job","endpoint":"create","request":{"customer":"c1","lat":53.34,"lng":-6.26,"service":"taxi"}}`, nil, 202, `"state":"requested"`},
		{`{"service":"com.hailocab.service.job","endpoint":"show","request":{"id":"J1"}}`, nil, 404, "job.nojob"},
		{`{"service":"com.hailocab.service.job","endpoint":"show"}`, nil, 422, "no id"},
		{`{"service":"com.hailocab.service.config","endpoint":"compile","request":{"ids":["H2:BASE","H2:REGION:ie"],"path":"hailo.service.eta.detour"}}`, nil, 200, `"config":1.35`},
		{`{"service":"com.hailocab.service.fare","endpoint":"basefare","request":{"hob":"DUB","service":"taxi"}}`, nil, 403, "only operators"},
		{`{"service":"com.hailocab.service.none","endpoint":"such"}`, nil, 403, "only operators"},
		{`{"service":"com.hailocab.service.fare","endpoint":"basefare","request":{"hob":"DUB","service":"taxi"}}`, []string{operator}, 200, `"base":380`},
		{`{"service":"com.hailocab.service.fare","endpoint":"basefare","request":{"hob":{}}}`, []string{operator}, 422, "a parameter of the query"},
		{`{"service":"com.hailocab.service.fare","endpoint":"basefare","request":{"hob":[["DUB"]]}}`, []string{operator}, 422, "a parameter of the query"},
		{`{"service":"com.hailocab.service.config","endpoint":"update","request":{"id":"H2:BASE:com.hailocab.service.eta","config":{"a":1},"message":"try it","by":"ann"}}`, []string{operator}, 200, `"message":"try it"`},
		{`{"service":"com.hailocab.service.none","endpoint":"such"}`, []string{operator}, 404, "noendpoint"},
		{`{"service":"com.hailocab.service.job","endpoint":"offers"}`, []string{"Authorization: Bearer guess"}, 401, ""},
		{`{"service":`, nil, 400, ""},
		{`[]`, nil, 422, ""},
		{`{"other":1}`, nil, 422, ""},
		{`{"service":"com.hailocab.service.job","endpoint":"offers"}`, []string{"Content-Type: text/plain"}, 415, ""},
	} {
		if got := r.do(t, "POST /rpc", tt.body, tt.header...); got.status != tt.status || !strings.Contains(got.body, tt.want) {
			t.Errorf("%s with %v: got %v, want %d with %s", tt.body, tt.header, got, tt.status, tt.want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "H2__BASE__com.hailocab.service.eta.json")); err != nil {
		t.Error(err)
	}
	t.Setenv("CAB_TOKEN", "short")
	if _, err := parseOptions(nil); err == nil || !strings.Contains(err.Error(), "CAB_TOKEN") {
		t.Errorf("got %v", err)
	}
}
