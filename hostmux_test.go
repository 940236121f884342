package tigertonic_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
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
