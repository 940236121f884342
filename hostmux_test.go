package tigertonic_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

// newHosts returns a mux whose hosts answer with their names.
func newHosts(names ...string) tigertonic.HostServeMux {
	hosts := tigertonic.NewHostServeMux()
	for _, name := range names {
		hosts.Handle(name, tigertonic.Version(name))
	}
	return hosts
}

func TestHostMuxKnowsAHostInEverySpelling(t *testing.T) {
	hosts := newHosts("example.com", "Sub.Example.com.:8080", "localhost", "192.0.2.1", "[::1]", "2001:db8::0:1", "under_score.example")
	for host, want := range map[string]string{
		"example.com":                  "example.com",
		"EXAMPLE.com":                  "example.com",
		"eXaMpLe.CoM":                  "example.com",
		"example.com.":                 "example.com",
		"example.com:8080":             "example.com",
		"example.com:":                 "example.com",
		"EXAMPLE.COM.:443":             "example.com",
		"sub.example.com":              "Sub.Example.com.:8080",
		"SUB.example.com:1":            "Sub.Example.com.:8080",
		"localhost:65535":              "localhost",
		"192.0.2.1":                    "192.0.2.1",
		"192.0.2.1:80":                 "192.0.2.1",
		"[::1]":                        "[::1]",
		"[::1]:80":                     "[::1]",
		"[::1]:":                       "[::1]",
		"[0:0:0:0:0:0:0:1]":            "[::1]",
		"[0000:0::0001]:80":            "[::1]",
		"[2001:DB8::1]":                "2001:db8::0:1",
		"[2001:0db8:0:0:0:0:0:1]:8443": "2001:db8::0:1",
		"Under_Score.example:80":       "under_score.example",
	} {
		w := serve(t, hosts, "GET", "http://"+host+"/", "")
		assert.Equal(t, 200, w.Code, host)
		assert.Equal(t, want+"\n", w.Body.String(), host)
	}
}

func TestHostMuxAnswersNotFoundForUnknownHosts(t *testing.T) {
	hosts := newHosts("example.com")
	for _, host := range []string{"", "www.example.com", "example.org", "xample.com", "com", "[::1]", "127.0.0.1", "example.com.evil.example", "example.com-"} {
		r := requestFor(t, "GET /x")
		r.Host = host
		w := httptest.NewRecorder()
		hosts.ServeHTTP(w, r)
		requireError(t, w, 404, "tigertonic.NotFound", "GET /x not found")
		h, name := hosts.Handler(r)
		if h != (tigertonic.NotFoundHandler{}) {
			t.Errorf("%q: %T", host, h)
		}
		assert.Empty(t, name)
	}
}

func TestHostMuxRefusesHostsThatAreNone(t *testing.T) {
	hosts := newHosts("example.com", "::1")
	for host, quoted := range map[string]string{
		"[::1": `"[::1"`, "[::1]x": `"[::1]x"`, "[::1]:x": `"[::1]:x"`, "[::1]80": `"[::1]80"`, "[]": `"[]"`, "[": `"["`, "[::1]]": `"[::1]]"`, "[[::1]]": `"[[::1]]"`,
		"[::1%25eth0]": `"[::1%25eth0]"`, "[::1%eth0]": `"[::1%eth0]"`, "[127.0.0.1]": `"[127.0.0.1]"`, "[example.com]": `"[example.com]"`, "::1]": `"::1]"`,
		"x:junk": `"x:junk"`, "example.com:80:80": `"example.com:80:80"`, "example.com:-1": `"example.com:-1"`, "example.com:123456": `"example.com:123456"`,
		"a,b": `"a,b"`, "example.com,example.com": `"example.com,example.com"`, "example.org example.com": `"example.org example.com"`,
		"user@example.com": `"user@example.com"`, "example.com/": `"example.com/"`, `example.com\`: `"example.com\\"`, "example.com#": `"example.com#"`,
		"exa\r\nmple": `"exa\r\nmple"`, "example.com\x00": `"example.com\x00"`, "\xff": `"\xff"`, "é.example": `"é.example"`, "<b>": `"<b>"`,
		".": `"."`, ":80": `":80"`, ".:80": `".:80"`, "*": `"*"`, "%65xample.com": `"%65xample.com"`,
	} {
		r := requestFor(t, "GET /x")
		r.Host = host
		w := httptest.NewRecorder()
		hosts.ServeHTTP(w, r)
		requireError(t, w, 400, "tigertonic.BadRequest", quoted+" is not a host")
		_, name := hosts.Handler(r)
		assert.Empty(t, name)
	}
}

func TestHostMuxLooksAtTheHostAndThenAtTheURL(t *testing.T) {
	hosts := newHosts("example.com", "example.org")
	for _, test := range []struct {
		name, host, urlHost, want string
		code                      int
	}{
		{"the host", "example.com", "", "example.com\n", 200},
		{"the host before the URL's", "example.com", "example.org", "example.com\n", 200},
		{"the URL's", "", "EXAMPLE.org:80", "example.org\n", 200},
		{"an unknown host before the URL's", "example.net", "example.org", `{"description":"GET / not found","error":"tigertonic.NotFound"}` + "\n", 404},
		{"the URL's that is none", "", "a,b", `{"description":"\"a,b\" is not a host","error":"tigertonic.BadRequest"}` + "\n", 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &http.Request{Method: "GET", Host: test.host, URL: &url.URL{Host: test.urlHost, Path: "/"}, Header: http.Header{}}
			w := httptest.NewRecorder()
			hosts.ServeHTTP(w, r)
			assert.Equal(t, test.code, w.Code)
			assert.Equal(t, test.want, w.Body.String())
		})
	}
}

func TestHostMuxHandlerNamesTheHost(t *testing.T) {
	hosts := newHosts("Example.com.")
	r := requestFor(t, "GET /x")
	r.Host = "EXAMPLE.COM:80"
	h, name := hosts.Handler(r)
	assert.Equal(t, tigertonic.Version("Example.com."), h)
	assert.Equal(t, "example.com", name)
	assert.Equal(t, "/x", r.URL.String())
}

func TestHostMuxIsAMap(t *testing.T) {
	hosts := tigertonic.HostServeMux{"example.com": tigertonic.Version("made"), "::1": tigertonic.Version("literal")}
	hosts["example.org"] = tigertonic.Version("assigned")
	hosts.HandleFunc("example.net", sayPath)
	for host, want := range map[string]string{
		"example.com": "made\n", "[::1]:80": "literal\n", "example.org": "assigned\n", "example.net": `"/" "/"`,
	} {
		assert.Equal(t, want, serve(t, hosts, "GET", "http://"+host+"/", "").Body.String(), host)
	}
	assert.Len(t, hosts, 4)

	var zero tigertonic.HostServeMux
	assert.Equal(t, 404, serve(t, zero, "GET", "http://example.com/", "").Code)
	assert.Empty(t, tigertonic.Routes(zero))
}

func TestHostMuxRefusesRegistrations(t *testing.T) {
	hosts := newHosts("example.com")
	mux := newMux("GET /a")
	mux.HandleNamespace("", hosts)
	for _, test := range []struct {
		host    string
		handler http.Handler
		want    string
	}{
		{"", foreign{}, `"": at offset 0: not the name of a host`},
		{".", foreign{}, `".": at offset 0: not the name of a host`},
		{"a b", foreign{}, `"a b": at offset 0: not the name of a host`},
		{"*.example.com", foreign{}, `"*.example.com": at offset 0: not the name of a host`},
		{"http://example.com", foreign{}, `"http://example.com": at offset 0: not the name of a host`},
		{"münchen.de", foreign{}, `"münchen.de": at offset 0: not the name of a host in ASCII, such as xn--mnchen-3ya.de`},
		{"[::1", foreign{}, `"[::1": at offset 0: not the name of a host`},
		{"example.org", nil, `"example.org": at offset 0: the handler is nil`},
		{"example.com", foreign{}, `"example.com": at offset 0: conflicts with the handler Version(example.com) that "example.com" has already`},
		{"EXAMPLE.com.:80", foreign{}, `"EXAMPLE.com.:80": at offset 0: conflicts with the handler Version(example.com) that "example.com" has already`},
		{"example.org", hosts, `"example.org": at offset 0: the handler leads back to this mux with the same host`},
		{"example.org", tigertonic.WithContext(hosts, 0), `"example.org": at offset 0: the handler leads back to this mux with the same host`},
		{"example.org", mux, `"example.org": at offset 0: the handler leads back to this mux with the same host`},
	} {
		got := panicOf(t, func() { hosts.Handle(test.host, test.handler) })
		assert.Equal(t, "tigertonic: host "+test.want+" (registered at hostmux_test.go)", got)
	}
	got := panicOf(t, func() { hosts.HandleFunc("example.org", nil) })
	assert.Equal(t, `tigertonic: host "example.org": at offset 0: the handler is nil (registered at hostmux_test.go)`, got)
	assert.Len(t, hosts, 1)
}

func TestHostsLeadToMuxes(t *testing.T) {
	hosts := tigertonic.NewHostServeMux()
	hosts.Handle("a.example", newMux("GET /a/{x}"))
	hosts.Handle("b.example", newMux("GET /b/{x}"))
	outer := tigertonic.NewTrieServeMux()
	outer.HandleNamespace("/1.0", hosts)
	for target, want := range map[string]string{
		"http://a.example/1.0/a/1":   `GET /1.0/a/{x} x="1"`,
		"http://B.EXAMPLE:8/1.0/b/1": `GET /1.0/b/{x} x="1"`,
	} {
		assert.Equal(t, want, serve(t, outer, "GET", target, "").Body.String())
	}
	assert.Equal(t, 404, serve(t, outer, "GET", "http://a.example/1.0/b/1", "").Code)
	assert.Equal(t, 404, serve(t, outer, "GET", "http://c.example/1.0/b/1", "").Code)
}

// sayHost answers with the pattern and what the wildcards stand for.
func sayHost(w http.ResponseWriter, r *http.Request) {
	_, _ = fmt.Fprintf(w, "%s site=%q domain=%q id=%q", r.Pattern, tigertonic.PathValue(r, "site"), r.PathValue("domain"), tigertonic.PathValue(r, "id"))
}

func newWildHosts() tigertonic.HostServeMux {
	mux := tigertonic.NewTrieServeMux()
	mux.HandleFunc("GET", "/of/{site}", sayHost)
	mux.Handle("GET", "/at/{site}", tigertonic.HandlerFunc(sayHost))
	mux.Handle("GET", "/stuff/{id}", tigertonic.HandlerFunc(sayHost))
	hosts := newHosts("www.example.com", "example.com")
	hosts.Handle("{site}.Example.com.:80", mux)
	hosts.HandleFunc("{site}.a.example.com", sayHost)
	hosts.HandleFunc("api.{domain...}", sayHost)
	hosts.HandleFunc("{site}.example.org", sayHost)
	return hosts
}

func TestHostMuxMatchesWildcards(t *testing.T) {
	hosts := newWildHosts()
	for target, want := range map[string]string{
		"http://ann.example.com/stuff/1":                      `GET /stuff/{id} site="ann" domain="" id="1"`,
		"http://ANN.Example.COM.:8080/stuff/1":                `GET /stuff/{id} site="ann" domain="" id="1"`,
		"http://xn--mnchen-3ya.example.com:1/stuff/1":         `GET /stuff/{id} site="xn--mnchen-3ya" domain="" id="1"`,
		"http://a_b-c.example.com/stuff/1":                    `GET /stuff/{id} site="a_b-c" domain="" id="1"`,
		"http://api.example.com/stuff/1":                      `GET /stuff/{id} site="api" domain="" id="1"`,
		"http://ann.example.com/of/bob":                       `GET /of/{site} site="bob" domain="" id=""`,
		"http://ann.example.com/at/bob":                       `GET /at/{site} site="bob" domain="" id=""`,
		"http://ann.a.example.com/x":                          `/{...} site="ann" domain="" id=""`,
		"http://api.b.example.net/":                           `/{...} site="" domain="b.example.net" id=""`,
		"http://API.localhost:80/":                            `/{...} site="" domain="localhost" id=""`,
		"http://www.example.com/":                             "www.example.com\n",
		"http://EXAMPLE.com./":                                "example.com\n",
		"http://" + strings.Repeat("a", 63) + ".example.org/": `/{...} site="` + strings.Repeat("a", 63) + `" domain="" id=""`,
	} {
		assert.Equal(t, want, serve(t, hosts, "GET", target, "").Body.String(), target)
	}
}

func TestHostMuxMatchesNoHostileHostByAWildcard(t *testing.T) {
	hosts := newWildHosts()
	hosts.HandleFunc("10.{domain...}", sayHost)
	for host, code := range map[string]int{
		"": 404, "example.org": 404, "b.ann.example.org": 404, "b.ann.a.example.com": 404, "ann..example.org": 404, ".example.org": 404, "..example.org": 404,
		"ann.example.org..": 404, "ann.example.orgx": 404, "annexample.org": 404, "ann.example.org.evil.example": 404, "api": 404, "api.": 404, "api..": 404, "api..x": 404,
		"10.0.0.1": 404, "10.1": 404, "[::ffff:10.0.0.1]": 404, "[api::1]": 400, "{site}.example.org": 400, "*.example.org": 400, "api.*": 400, "a/b.example.org": 400,
		"a b.example.org": 400, "ü.example.org": 400, "%61nn.example.org": 400, "ann.example.org:x": 400, "ann.example.org,bob.example.org": 400, "ann@bob.example.org": 400,
		strings.Repeat("a", 64) + ".example.org": 404, "api." + strings.Repeat("a.", 125) + "b": 404, strings.Repeat("a", 70_000) + ".example.org": 404, "api." + strings.Repeat("a.", 35_000): 404,
	} {
		r := requestFor(t, "GET /x")
		r.Host = host
		w := httptest.NewRecorder()
		hosts.ServeHTTP(w, r)
		assert.Equal(t, code, w.Code, "%.50q", host)
		_, name := hosts.Handler(r)
		assert.Empty(t, name)
		assert.Empty(t, r.PathValue("site")+r.PathValue("domain")+r.Pattern)
	}
}

func TestHostMuxRefusesWildcards(t *testing.T) {
	hosts := newHosts("example.com")
	hosts.Handle("{site}.example.com", foreign{})
	hosts.Handle("api.{domain...}", tigertonic.Version("api"))
	const where = "a wildcard is the first label, as in {site}.example.com, or everything behind it, as in api.{domain...}"
	for host, want := range map[string]string{
		"{site}": "0: " + where, "{site}.": "0: " + where, "{site}example.com": "0: " + where, "x{site}.example.com": "1: " + where,
		"www.{site}.example.com": "4: " + where, "{a}.{b}.example.com": "0: " + where, "{site...}.example.com": "0: " + where, "{site...}": "0: " + where,
		"api.{domain}": "4: " + where, "a.b.{domain...}": "4: " + where, "api.{domain...}.com": "4: " + where, "{site}..example.com": "0: " + where,
		"{site}.example.com:x": "0: " + where, "{site}.0.0.1": "0: " + where, "{site}.::1": "0: " + where, "{site}.a b": "0: " + where,
		"{site.example.com": "0: unclosed wildcard", "site}.example.com": "4: unclosed wildcard", "{}.example.com": "0: a wildcard without a name",
		"{a:b}.example.com":      "0: a wildcard takes any segment: write {name}, and check the value",
		"{other}.EXAMPLE.com.:1": `0: conflicts with the handler tigertonic_test.foreign that "{site}.example.com" has already`,
		"API.{other...}":         `0: conflicts with the handler Version(api) that "api.{domain...}" has already`,
	} {
		got := panicOf(t, func() { hosts.Handle(host, foreign{}) })
		assert.Equal(t, fmt.Sprintf("tigertonic: host %q: at offset %s (registered at hostmux_test.go)", host, want), got)
	}
	assert.Len(t, hosts, 3)
}

func TestHostMuxWithWildcardsShowsThem(t *testing.T) {
	hosts := tigertonic.NewHostServeMux()
	hosts.Handle("{site}.example.com", newMux("GET /a/{site}"))
	hosts.Handle("api.{domain...}", tigertonic.Version("api"))
	hosts.Handle("example.com", tigertonic.Version("one"))
	assert.Equal(t, []string{"{site}.example.com", "api.{domain...}", "example.com"}, hostsOf(tigertonic.Routes(hosts)))
	assert.Contains(t, tigertonic.Explain(hosts), "{site}.example.com  GET     /a/{site}  ")
	r := requestFor(t, "GET /a/b")
	r.Host = "ANN.example.com:80"
	h, name := hosts.Handler(r)
	assert.IsType(t, &tigertonic.TrieServeMux{}, h)
	assert.Equal(t, "ann.example.com", name)
	assert.Equal(t, "ann", r.PathValue("site"))
}

func hostsOf(routes []tigertonic.Route) (hosts []string) {
	for _, rt := range routes {
		hosts = append(hosts, rt.Host)
	}
	return hosts
}

// A typed endpoint reads the wildcard of a host as it reads one of a namespace.
func TestTypedReadsTheWildcardOfAHost(t *testing.T) {
	type in struct {
		Site string `path:"site,namespace"`
		ID   int    `path:"id"`
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/stuff/{id}", tigertonic.Typed(func(_ context.Context, in *in) (string, error) {
		return fmt.Sprint(in.Site, " ", in.ID), nil
	}))
	hosts := tigertonic.NewHostServeMux()
	hosts.Handle("{site}.example.com", mux)
	assert.JSONEq(t, `"ann 7"`, serve(t, hosts, "GET", "http://ann.example.com/stuff/7", "").Body.String())
}

func TestHostMuxAllocatesNothingForNames(t *testing.T) {
	hosts := tigertonic.NewHostServeMux()
	hosts.HandleFunc("{site}.example.com", func(http.ResponseWriter, *http.Request) {})
	hosts.HandleFunc("www.example.com", func(http.ResponseWriter, *http.Request) {})
	for host, most := range map[string]float64{"www.example.com": 0, "b.ann.example.com": 0, "ann.example.com": 2} {
		r := &http.Request{Method: "GET", Host: host, URL: &url.URL{Path: "/"}, Header: http.Header{}}
		got := testing.AllocsPerRun(100, func() {
			*r = http.Request{Method: "GET", Host: host, URL: r.URL}
			hosts.Handler(r)
		})
		assert.LessOrEqual(t, got, most, host)
	}
}
