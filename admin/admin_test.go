package admin_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"
)

func TestAdminAnswersGetAndHeadAndNoOtherMethod(t *testing.T) {
	a := newAdmin(service, admin.Options{Level: &slog.LevelVar{}})
	for path, mediaType := range map[string]string{
		"/":                      "text/html; charset=utf-8",
		"/live":                  "text/plain; charset=utf-8",
		"/ready":                 "application/json",
		"/metrics":               "text/plain; version=0.0.4; charset=utf-8",
		"/metrics.json":          "application/json",
		"/routes":                "text/plain; charset=utf-8",
		"/version":               "application/json",
		"/log":                   "application/json",
		"/debug/pprof/":          "text/html; charset=utf-8",
		"/debug/pprof/cmdline":   "text/plain; charset=utf-8",
		"/debug/pprof/symbol":    "text/plain; charset=utf-8",
		"/debug/pprof/heap":      "application/octet-stream",
		"/debug/pprof/goroutine": "application/octet-stream",
	} {
		for _, method := range []string{"GET", "HEAD"} {
			w := ask(t, a, method, path, "")
			assert.Equal(t, http.StatusOK, w.Code, path)
			assert.Equal(t, mediaType, w.Header().Get("Content-Type"), path)
			assert.Equal(t, method == "GET", w.Body.Len() > 0, path)
		}
		w := ask(t, a, "DELETE", path, "")
		assert.Equal(t, http.StatusMethodNotAllowed, w.Code, path)
		assert.Contains(t, w.Header().Get("Allow"), "GET, HEAD", path)
	}
}

func TestAdminRecordsNothingForHead(t *testing.T) {
	a := newAdmin(service, admin.Options{})
	began := time.Now()
	for _, path := range []string{"/debug/pprof/profile", "/debug/pprof/trace?seconds=50"} {
		w := ask(t, a, "HEAD", path, "")
		assert.Equal(t, http.StatusOK, w.Code)
		assert.Zero(t, w.Body.Len())
	}
	assert.Less(t, time.Since(began), 10*time.Second)
}

func TestAdminIsNeitherKeptNorSniffedNorFramed(t *testing.T) {
	a := newAdmin(service, admin.Options{})
	for _, path := range []string{"/", "/live", "/ready", "/metrics", "/debug/pprof/heap", "/no/such"} {
		for _, host := range []string{"127.0.0.1", "evil.example"} {
			h := ask(t, a, "GET", path, "", "Host", host).Header()
			assert.Equal(t, "no-store", h.Get("Cache-Control"), path)
			assert.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), path)
			assert.Equal(t, "same-origin", h.Get("Cross-Origin-Resource-Policy"), path)
			assert.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'", path)
			assert.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
		}
	}
}

// A page whose name's owner lets it point to a loopback address has the origin of
// that name, so what a browser sends for it names that host.
func TestAdminRefusesNamesThatItIsNotKnownBy(t *testing.T) {
	a := newAdmin(service, admin.Options{Hosts: []string{"Wallet-1.internal", "metrics.example.com."}})
	for host, want := range map[string]int{
		"":                             200, // HTTP/1.0
		"127.0.0.1":                    200,
		"127.0.0.1:8001":               200,
		"10.1.2.3:8001":                200,
		"[::1]:8001":                   200,
		"[::1]":                        200,
		"[fe80::1%25eth0]:8001":        421,
		"localhost":                    200,
		"LOCALHOST.:8001":              200,
		"wallet-1.internal:8001":       200,
		"wallet-1.internal.":           200,
		"metrics.example.com":          200,
		"evil.example":                 421,
		"evil.example:8001":            421,
		"localhost.evil.example":       421,
		"127.0.0.1.evil.example":       421,
		"wallet-1.internal.evil":       421,
		"evil.localhost":               421,
		"0x7f.1":                       421,
		"2130706433":                   421,
		"127.0.0.1:8001:80":            421,
		"127.0.0.1:evil":               421,
		"localhost:80@evil.example":    421,
		"127.0.0.1, evil.example":      421,
		"[::1":                         200, // an address all the same
		"evil.example:8001\x00":        421,
		strings.Repeat("a", 1<<16):     421,
		"xn--lcalhost-54a":             421,
		"metrics.example.com.evil.com": 421,
	} {
		w := ask(t, a, "GET", "/live", "", "Host", host)
		assert.Equal(t, want, w.Code, "%q", host)
	}
	w := ask(t, a, "GET", "/live", "", "Host", "evil.example")
	assert.JSONEq(t, `{"description":"\"evil.example\" is neither an IP address nor a name that this port is known by","error":"tigertonic.MisdirectedRequest"}`, w.Body.String())
}

func TestAdminRefusesPagesOfOtherOrigins(t *testing.T) {
	var level slog.LevelVar
	a := newAdmin(service, admin.Options{Level: &level})
	const body = `{"level":"DEBUG"}`
	for _, test := range []struct {
		method  string
		headers []string
		want    int
	}{
		{"PUT", nil, 200}, // curl
		{"PUT", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"PUT", []string{"Sec-Fetch-Site", "none"}, 200},
		{"PUT", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"PUT", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"POST", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 403},
		{"PUT", []string{"Origin", "https://evil.example"}, 403},
		{"PUT", []string{"Origin", "null"}, 403},
		{"PUT", []string{"Origin", "http://127.0.0.1:8001"}, 200},
		{"GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 200}, // a link
		{"GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403},
		{"GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"}, 403},
		{"GET", []string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "cors"}, 403},
		{"GET", []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors"}, 200},
	} {
		level.Set(slog.LevelInfo)
		w := ask(t, a, test.method, "/log", body, append(test.headers, "Content-Type", "application/json")...)
		assert.Equal(t, test.want, w.Code, "%s %q", test.method, test.headers)
		assert.Equal(t, test.method != "GET" && test.want == 200, level.Level() == slog.LevelDebug, "%s %q", test.method, test.headers)
	}
}

// Who asks whether a service is ready mustn't be told 406.
func TestAdminAnswersWhateverIsAccepted(t *testing.T) {
	a := newAdmin(service, admin.Options{})
	for _, path := range []string{"/ready", "/version", "/metrics.json", "/metrics", "/"} {
		w := ask(t, a, "GET", path, "", "Accept", "image/png")
		assert.Equal(t, http.StatusOK, w.Code, path)
	}
}

func TestAdminLeavesTheCallersHeaderAlone(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), "GET", "http://127.0.0.1/live", nil)
	r.Header.Set("Accept", "text/html")
	header := r.Header
	newAdmin(service, admin.Options{}).ServeHTTP(httptest.NewRecorder(), r)
	assert.Equal(t, "text/html", header.Get("Accept"))
}

func TestLogShowsAndSetsTheLevel(t *testing.T) {
	var level slog.LevelVar
	a := newAdmin(service, admin.Options{Level: &level})
	assert.Equal(t, `{"level":"INFO"}`+"\n", get(t, a, "/log"))
	for _, test := range []struct {
		method, body string
		status       int
		want         string // of the body
		level        slog.Level
	}{
		{"PUT", `{"level":"DEBUG"}`, 200, `{"level":"DEBUG"}`, slog.LevelDebug},
		{"POST", `{"level":"warn"}`, 200, `{"level":"WARN"}`, slog.LevelWarn},
		{"PUT", `{"level":"ERROR+4"}`, 200, `{"level":"ERROR+4"}`, slog.LevelError + 4},
		{"PUT", `{"level":"verbose"}`, 422, `\"verbose\" is none of DEBUG, INFO, WARN and ERROR`, slog.LevelError + 4},
		{"PUT", `{"level":""}`, 422, `\"\" is none of DEBUG`, slog.LevelError + 4},
		{"PUT", `{"level":8}`, 422, "must be a string", slog.LevelError + 4},
		{"PUT", `{}`, 422, "is required", slog.LevelError + 4},
		{"PUT", `{"level":"INFO","for":"1h"}`, 422, "for", slog.LevelError + 4},
		{"PUT", `DEBUG`, 400, "isn't JSON", slog.LevelError + 4},
		{"PUT", ``, 400, "", slog.LevelError + 4},
		{"DELETE", ``, 405, "", slog.LevelError + 4},
	} {
		w := ask(t, a, test.method, "/log", test.body, "Content-Type", "application/json")
		assert.Equal(t, test.status, w.Code, test.body)
		assert.Contains(t, w.Body.String(), test.want, test.body)
		assert.Equal(t, test.level, level.Level(), test.body)
	}
	w := ask(t, a, "POST", "/log", "level=DEBUG", "Content-Type", "application/x-www-form-urlencoded")
	assert.Equal(t, http.StatusUnsupportedMediaType, w.Code)
}

func TestThereIsNoLogWithoutALevel(t *testing.T) {
	a := newAdmin(service, admin.Options{})
	assert.Equal(t, http.StatusNotFound, ask(t, a, "GET", "/log", "").Code)
	assert.Equal(t, http.StatusNotFound, ask(t, a, "PUT", "/log", `{"level":"DEBUG"}`, "Content-Type", "application/json").Code)
	assert.NotContains(t, get(t, a, "/"), "log")
}

func TestRoutesExplainsTheService(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	a := newAdmin(mux, admin.Options{})
	mux.Handle("GET", "/late", tigertonic.Version("1")) // after New
	assert.Equal(t, tigertonic.Explain(mux), get(t, a, "/routes"))
	assert.Contains(t, get(t, a, "/routes"), "/late")
}

func TestVersionTellsTheBuild(t *testing.T) {
	a := newAdmin(service, admin.Options{Name: "wallet\xff", Version: "v1.2.3"})
	var build map[string]any
	require.NoError(t, json.Unmarshal([]byte(get(t, a, "/version")), &build))
	assert.Equal(t, "wallet\uFFFD", build["name"])
	assert.Equal(t, "v1.2.3", build["version"])
	assert.Equal(t, false, build["dirty"])
	assert.Regexp(t, `^go1\.`, build["go"])
	assert.Contains(t, build["platform"], "/")
	require.NoError(t, json.Unmarshal([]byte(get(t, newAdmin(service, admin.Options{}), "/version")), &build))
	assert.NotEmpty(t, build["name"])
}

// The default mux belongs to the program, which may serve it to the world.
func TestAdminRegistersNothingOnTheDefaultMux(t *testing.T) {
	newAdmin(service, admin.Options{})
	for _, path := range []string{"/", "/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/profile", "/debug/vars", "/metrics"} {
		_, pattern := http.DefaultServeMux.Handler(httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		assert.Empty(t, pattern, path)
	}
	deps, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	for dep := range strings.FieldsSeq(string(deps)) {
		assert.NotContains(t, []string{"net/http/pprof", "expvar", "testing"}, dep)
	}
}

func TestAdminWorksWhereverItIsMounted(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.HandleNamespace("/inside", newAdmin(service, admin.Options{}))
	assert.Equal(t, "live\n", get(t, mux, "/inside/live"))
	assert.Contains(t, get(t, mux, "/inside/debug/pprof/goroutine?debug=1"), "goroutine profile: total")
	for _, link := range []string{`href="ready"`, `href="debug/pprof/"`} {
		assert.Contains(t, get(t, mux, "/inside/"), link)
	}
	w := ask(t, mux, "GET", "/inside/debug/pprof", "")
	assert.Equal(t, http.StatusPermanentRedirect, w.Code)
	assert.Equal(t, "pprof/", w.Header().Get("Location"))
}

func TestMisuseOfAdminPanics(t *testing.T) {
	a := newAdmin(service, admin.Options{})
	a.Check("taken", time.Second, passes)
	for want, f := range map[string]func(){
		`tigertonic: admin.New: the handler is nil (at `:                          func() { admin.New(nil, admin.Options{}) },
		`tigertonic: admin.New: "a:80" isn't a host name (at `:                    func() { admin.New(service, admin.Options{Hosts: []string{"b", "a:80"}}) },
		`tigertonic: admin.New: "http://a" isn't a host name (at `:                func() { admin.New(service, admin.Options{Hosts: []string{"http://a"}}) },
		`tigertonic: admin.New: "" isn't a host name (at `:                        func() { admin.New(service, admin.Options{Hosts: []string{""}}) },
		`tigertonic: admin.New: "*" isn't a host name (at `:                       func() { admin.New(service, admin.Options{Hosts: []string{"*"}}) },
		`tigertonic: admin.Check: the name is empty (at `:                         func() { a.Check("", time.Second, passes) },
		`tigertonic: admin.Check "a": a limit of 0s (at `:                         func() { a.Check("a", 0, passes) },
		`tigertonic: admin.Check "a": a limit of -1ns (at `:                       func() { a.Check("a", -1, passes) },
		`tigertonic: admin.Check "a": the function is nil (at `:                   func() { a.Check("a", time.Second, nil) },
		`tigertonic: admin.Check "taken": there is one of this name already (at `: func() { a.Check("taken", time.Second, passes) },
		`tigertonic: admin.Check "ta\"ken\n": the function is nil (at `:           func() { a.Check("ta\"ken\n", time.Second, nil) },
		`tigertonic: admin.Check "a": a limit of -2562047h47m16.854775808s (at `:  func() { a.Check("a", -1<<63, passes) },
		`tigertonic: admin.New: "a b" isn't a host name (at `:                     func() { admin.New(service, admin.Options{Hosts: []string{"a b"}}) },
		`tigertonic: admin.New: "[::1]" isn't a host name (at `:                   func() { admin.New(service, admin.Options{Hosts: []string{"[::1]"}}) },
		`tigertonic: admin.New: "." isn't a host name (at `:                       func() { admin.New(service, admin.Options{Hosts: []string{"."}}) },
		`tigertonic: admin.Check "again": there is one of this name already (at `: func() { a.Check("again", 1, passes); a.Check("again", 1, passes) },
		`tigertonic: admin.Check "taken": a limit of 0s (at `:                     func() { a.Check("taken", 0, passes) },
		`tigertonic: admin.New: "xn--é" isn't a host name (at `:                   func() { admin.New(service, admin.Options{Hosts: []string{"xn--é"}}) },
		`tigertonic: admin.New: "a/b" isn't a host name (at `:                     func() { admin.New(service, admin.Options{Hosts: []string{"a/b"}}) },
		`tigertonic: admin.New: "a.example, b.example" isn't a host name (at `:    func() { admin.New(service, admin.Options{Hosts: []string{"a.example, b.example"}}) },
	} {
		got := func() (v any) {
			defer func() { v = recover() }()
			f()
			return nil
		}()
		text, _ := got.(string)
		assert.True(t, strings.HasPrefix(text, want), "got %q, want %q", got, want)
		assert.Contains(t, text, "admin_test.go:")
	}
}

type drainingHandler struct {
	http.Handler
	draining bool
}

func (h *drainingHandler) Draining() bool { return h.draining }

func TestReadyIsNotWhileDraining(t *testing.T) {
	inner := &drainingHandler{Handler: service}
	ran := false
	own := false
	a := newAdmin(tigertonic.Logged(tigertonic.Sized(inner, 5), nil), admin.Options{Draining: func() bool { return own }})
	a.Check("any", time.Second, func(context.Context) error { ran = true; return nil })
	for _, test := range []struct{ inner, own, want bool }{{false, false, true}, {true, false, false}, {false, true, false}} {
		inner.draining, own, ran = test.inner, test.own, false
		rd, status := ready(t, a)
		assert.Equal(t, test.want, rd.Ready)
		assert.Equal(t, !test.want, rd.Draining)
		assert.Equal(t, test.want, status == http.StatusOK)
		assert.Equal(t, test.want, len(rd.Checks) == 1)
		if !test.want {
			assert.False(t, ran, "a check may take longer than there is time to say so")
			assert.Equal(t, `{"ready":false,"draining":true,"checks":[]}`+"\n", ask(t, a, "GET", "/ready", "").Body.String())
			assert.Contains(t, get(t, a, "/"), "Draining")
		}
		assert.Equal(t, "live\n", get(t, a, "/live"))
	}
}
