package tigertonic_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

var forwarded = &tigertonic.ProxyOptions{Header: "Forwarded"}

// seen answers with what a handler sees of the client.
var seen = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	_, _ = fmt.Fprintf(w, "%s %s://%s", r.RemoteAddr, r.URL.Scheme, r.Host)
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Forwarded") || name == "Forwarded" {
			w.Header().Add("Left", name)
		}
	}
})

// sees returns what a handler behind ph sees of a request from the peer.
func sees(t *testing.T, h http.Handler, peer string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	r.RemoteAddr, r.Host = peer, "inner"
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	assert.Equal(t, peer, r.RemoteAddr, "the request outside is left alone")
	return w
}

func TestProxiedByXForwardedFor(t *testing.T) {
	h := tigertonic.Proxied(seen, prefixes("10.0.0.0/8", "2001:db8::/32", "fe80::/10", "::ffff:192.168.0.0/112"), nil)
	const peer = "10.0.0.1:1234"
	many := strings.Repeat("1.2.3.4, ", 100_000)
	for _, tt := range []struct {
		peer    string
		headers []string
		want    string
	}{
		{peer, nil, "10.0.0.1:1234 ://inner"},
		{peer, []string{"For", "203.0.113.7"}, "203.0.113.7:0 ://inner"},
		{peer, []string{"For", "203.0.113.7:99"}, "203.0.113.7:99 ://inner"},
		{peer, []string{"For", "1.1.1.1, 203.0.113.7"}, "203.0.113.7:0 ://inner"},
		{peer, []string{"For", "1.1.1.1, 203.0.113.7, 10.0.0.2"}, "203.0.113.7:0 ://inner"},
		{peer, []string{"For", "1.1.1.1, 203.0.113.7", "For", "10.0.0.2"}, "203.0.113.7:0 ://inner"},
		{peer, []string{"For", "1.1.1.1,,203.0.113.7 ,,10.0.0.2,"}, "203.0.113.7:0 ://inner"},
		{peer, []string{"For", "10.0.0.3, 10.0.0.2"}, "10.0.0.3:0 ://inner"},
		{peer, []string{"For", "10.1.2.3, 2.2.2.2, 10.0.0.2"}, "2.2.2.2:0 ://inner"},
		{peer, []string{"For", many + "203.0.113.7, 10.0.0.2"}, "203.0.113.7:0 ://inner"},
		{peer, []string{"For", strings.Repeat("10.0.0.9, ", 100_000) + "10.0.0.2"}, "10.0.0.9:0 ://inner"},
		{peer, []string{"For", "::ffff:203.0.113.7"}, "203.0.113.7:0 ://inner"},
		{peer, []string{"For", "2001:db8::7"}, "[2001:db8::7]:0 ://inner"},
		{peer, []string{"For", "[2a00::7]:8080, 2001:db8::1"}, "[2a00::7]:8080 ://inner"},
		{peer, []string{"For", "[2a00::7]"}, "[2a00::7]:0 ://inner"},
		{peer, []string{"For", "fe80::1%eth0"}, "10.0.0.1:1234 ://inner"},
		{peer, []string{"For", "unknown"}, "10.0.0.1:1234 ://inner"},
		{peer, []string{"For", "1.1.1.1, _hidden, 10.0.0.2"}, "10.0.0.2:0 ://inner"},
		{peer, []string{"For", "1.1.1.1, \x00\n, 10.0.0.2"}, "10.0.0.2:0 ://inner"},
		{peer, []string{"For", "010.0.0.1"}, "10.0.0.1:1234 ://inner"},
		{peer, []string{"For", "1.1.1.1:99999"}, "10.0.0.1:1234 ://inner"},
		{peer, []string{"For", strings.Repeat("1", 1<<20)}, "10.0.0.1:1234 ://inner"},
		{peer, []string{"For", "203.0.113.7", "Proto", "https", "Host", "evil"}, "203.0.113.7:0 https://inner"},
		{peer, []string{"Proto", "HTTPS"}, "10.0.0.1:1234 https://inner"},
		{peer, []string{"Proto", "javascript"}, "10.0.0.1:1234 ://inner"},
		{peer, []string{"For", "1.1.1.1, 203.0.113.7, 10.0.0.2", "Proto", "ftp, https, http"}, "203.0.113.7:0 https://inner"},
		{peer, []string{"For", "203.0.113.7, 10.0.0.2", "Proto", "https", "Proto", "http"}, "203.0.113.7:0 https://inner"},
		{peer, []string{"For", "203.0.113.7, 10.0.0.2", "Proto", "https, http, http"}, "203.0.113.7:0 ://inner"},
		{"[fe80::1%eth0]:80", []string{"For", "203.0.113.7"}, "203.0.113.7:0 ://inner"},
		{"[::ffff:10.0.0.1]:80", []string{"For", "203.0.113.7"}, "203.0.113.7:0 ://inner"},
		{"192.168.3.4:80", []string{"For", "203.0.113.7"}, "203.0.113.7:0 ://inner"},
		{"11.0.0.1:80", []string{"For", "203.0.113.7", "Proto", "https"}, "11.0.0.1:80 ://inner"},
		{"@", []string{"For", "203.0.113.7"}, "@ ://inner"},
		{"", []string{"For", "203.0.113.7"}, " ://inner"},
		{"garbage", []string{"For", "203.0.113.7"}, "garbage ://inner"},
	} {
		headers := append([]string{"Forwarded", "for=9.9.9.9;host=evil"}, tt.headers...)
		for i := 2; i < len(headers); i += 2 {
			headers[i] = "X-Forwarded-" + headers[i]
		}
		assert.Equal(t, tt.want, sees(t, h, tt.peer, headers...).Body.String(), "%.200q from %s", tt.headers, tt.peer)
	}
}

func TestProxiedByForwarded(t *testing.T) {
	h := tigertonic.Proxied(seen, prefixes("10.0.0.0/8"), forwarded)
	const peer = "10.0.0.1:1234"
	for _, tt := range []struct{ line, want string }{
		{`for=203.0.113.7`, "203.0.113.7:0 ://inner"},
		{`For="203.0.113.7:47011";Proto=https;Host=example.com;by=10.0.0.9`, "203.0.113.7:47011 https://example.com"},
		{`for=203.0.113.7:80 ; proto=http`, "203.0.113.7:80 http://inner"},
		{`for="[2001:db8:cafe::17]:4711";host="example.com:8080"`, "[2001:db8:cafe::17]:4711 ://example.com:8080"},
		{`for=9.9.9.9;host=evil, for=203.0.113.7;proto=https;host=a.example, for=10.0.0.2;proto=http;host=b.example`, "203.0.113.7:0 https://a.example"},
		{`for=203.0.113.7, for=10.0.0.2;proto=http;host=b.example`, "203.0.113.7:0 ://inner"},
		{`for=203.0.113.7|for=10.0.0.2`, "203.0.113.7:0 ://inner"},
		{`for="_hidden";proto=https, for=10.0.0.2`, "10.0.0.2:0 https://inner"},
		{`for=unknown;proto=https`, "10.0.0.1:1234 https://inner"},
		{`proto=https;host=example.com`, "10.0.0.1:1234 https://example.com"},
		{`secret=x, for=10.0.0.2`, "10.0.0.2:0 ://inner"},
		{`for=203.0.113.7;host="exa mple"`, "203.0.113.7:0 ://inner"},
		{`for=203.0.113.7;host="user@evil"`, "203.0.113.7:0 ://inner"},
		{`for=203.0.113.7;host="evil/x"`, "203.0.113.7:0 ://inner"},
		{`for=203.0.113.7;host="::1"`, "203.0.113.7:0 ://inner"},
		{`for=203.0.113.7;host="[::1]:80"`, "203.0.113.7:0 ://[::1]:80"},
		{`for=203.0.113.7;host="a:b"`, "203.0.113.7:0 ://inner"},
		{`for=203.0.113.7;proto=gopher`, "203.0.113.7:0 ://inner"},
		// What isn't well-formed has nothing to say: a quoted string of the client's could end in what a proxy adds.
		{`for="9.9.9.9, for=203.0.113.7;by="_p"`, "10.0.0.1:1234 ://inner"},
		{`for="9.9.9.9`, "10.0.0.1:1234 ://inner"},
		{`for=9.9.9.9;by="\, for="[2a00::7]"`, "10.0.0.1:1234 ://inner"},
		{`for="\9.9.9.9"`, "10.0.0.1:1234 ://inner"},
		{`for=9.9.9.9;for=8.8.8.8`, "10.0.0.1:1234 ://inner"},
		{`for`, "10.0.0.1:1234 ://inner"},
		{`for = 9.9.9.9`, "10.0.0.1:1234 ://inner"},
		{`for=9.9.9.9 x`, "10.0.0.1:1234 ://inner"},
		{`for="9.9.9.9|for=10.0.0.2;proto=https`, "10.0.0.2:0 https://inner"},
		{strings.Repeat("for=9.9.9.9, ", 100_000) + "for=203.0.113.7", "203.0.113.7:0 ://inner"},
		{strings.Repeat("for=10.0.0.9, ", 100_000) + "for=10.0.0.2", "10.0.0.9:0 ://inner"},
		{``, "10.0.0.1:1234 ://inner"},
		{`,, ;`, "10.0.0.1:1234 ://inner"},
	} {
		headers := []string{"X-Forwarded-For", "9.9.9.9", "X-Forwarded-Host", "evil", "X-Forwarded-Proto", "https"}
		for line := range strings.SplitSeq(tt.line, "|") {
			headers = append(headers, "Forwarded", line)
		}
		assert.Equal(t, tt.want, sees(t, h, peer, headers...).Body.String(), "%.200q", tt.line)
	}
}

func TestProxiedBelievesNobodyElse(t *testing.T) {
	h := tigertonic.Proxied(seen, prefixes("10.0.0.0/8"), &tigertonic.ProxyOptions{Header: "x-forwarded-for"})
	w := sees(t, h, "11.0.0.1:80", "X-Forwarded-For", "1.1.1.1", "Forwarded", "for=1.1.1.1", "X-Forwarded-Host", "evil", "X-Forwarded-Prefix", "/x")
	assert.Equal(t, "11.0.0.1:80 ://inner", w.Body.String())
	assert.Empty(t, w.Header()["Left"])
	w = sees(t, h, "10.0.0.1:80", "X-Forwarded-For", "1.1.1.1")
	assert.Equal(t, []string{"X-Forwarded-For"}, w.Header()["Left"], "for a proxy of the service's own to add to")
	assert.Equal(t, "11.0.0.1:80 ://inner", sees(t, h, "11.0.0.1:80").Body.String())
	assert.Equal(t, "@ ://inner", sees(t, tigertonic.Proxied(seen, nil, forwarded), "@", "Forwarded", "for=1.1.1.1").Body.String())
}

func TestProxiedTrustsHostsOnlyIfAsked(t *testing.T) {
	h := tigertonic.Proxied(seen, prefixes("10.0.0.0/8"), &tigertonic.ProxyOptions{TrustHost: true})
	for host, want := range map[string]string{
		"example.com": "example.com", "example.com:80": "example.com:80", "evil/": "inner", "": "inner", "a b": "inner", "a%00": "inner",
		"a, example.com, b": "example.com", "a, b": "inner",
	} {
		w := sees(t, h, "10.0.0.1:80", "X-Forwarded-For", "1.1.1.1, 2.2.2.2, 10.0.0.2", "X-Forwarded-Host", host)
		assert.Equal(t, "2.2.2.2:0 ://"+want, w.Body.String(), "%q", host)
	}
}

// A proxy on the same machine connects by a socket without an address.
func TestProxiedByAUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := new(net.ListenConfig).Listen(t.Context(), "unix", path)
	require.NoError(t, err)
	var h http.Handler
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) })}
	go server.Serve(l) //nolint:errcheck // it ends with the test
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}}
	for _, tt := range []struct {
		h    http.Handler
		want string
	}{
		{tigertonic.Proxied(seen, prefixes("0.0.0.0/0", "::/0"), forwarded), "@ ://service"},
		{tigertonic.Proxied(seen, nil, &tigertonic.ProxyOptions{Header: "Forwarded", TrustUnix: true}), "203.0.113.7:0 https://example.com"},
	} {
		h = tt.h
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://service/", http.NoBody)
		require.NoError(t, err)
		r.Header.Set("Forwarded", "for=203.0.113.7;proto=https;host=example.com")
		rs, err := client.Do(r)
		require.NoError(t, err)
		text, err := io.ReadAll(rs.Body)
		require.NoError(t, err)
		assert.Equal(t, tt.want, string(text))
	}
}

func TestProxiedThatCantBe(t *testing.T) {
	assert.Panics(t, func() {
		tigertonic.Proxied(hello, prefixes("10.0.0.0/8"), &tigertonic.ProxyOptions{Header: "X-Real-Ip"})
	})
	assert.Panics(t, func() { tigertonic.Proxied(hello, []netip.Prefix{{}}, nil) })
	assert.Panics(t, func() { tigertonic.Proxied(nil, nil, nil) })
}

// What stands in it routes, logs and answers preflights by what it has found out.
func TestProxiedInTheTree(t *testing.T) {
	hosts := tigertonic.NewHostServeMux()
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/stuff/{id}", tigertonic.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(tigertonic.PathValue(r, "id") + " of " + r.URL.Host))
	}))
	hosts.Handle("example.com", mux)
	h := tigertonic.Proxied(hosts, prefixes("192.0.2.0/24"), forwarded)
	w := serve(t, h, "GET", "/stuff/7", "", "Forwarded", "for=203.0.113.7;host=example.com")
	assert.Equal(t, "7 of example.com", w.Body.String())
	assert.Contains(t, tigertonic.Explain(h), "Proxied(Forwarded)")
}

func FuzzForwarded(f *testing.F) {
	for _, seed := range []string{`for=1.2.3.4`, `for="[::1]:1";proto=https;host=a, for=_x`, `for="a\"b`, `,;=,"`, `for=1.1.1.1, 10.0.0.1`} {
		f.Add(seed)
	}
	var sawn *http.Request
	keep := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { sawn = r })
	f.Fuzz(func(t *testing.T, value string) {
		for _, header := range []string{"Forwarded", "X-Forwarded-For"} {
			h := tigertonic.Proxied(keep, prefixes("192.0.2.0/24", "10.0.0.0/8"), &tigertonic.ProxyOptions{Header: header, TrustHost: true})
			serve(t, h, "GET", "/", "", header, value, "X-Forwarded-Host", value, "X-Forwarded-Proto", value)
			_, err := netip.ParseAddrPort(sawn.RemoteAddr)
			require.NoError(t, err, "%q", sawn.RemoteAddr)
			require.NotContains(t, sawn.Host, "/")
			require.Contains(t, []string{"", "http", "https"}, sawn.URL.Scheme)
		}
	})
}

func ExampleProxied() {
	mux := tigertonic.NewTrieServeMux()
	mux.HandleFunc("GET", "/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Scheme != "https" {
			http.Redirect(w, r, "https://"+r.Host+r.URL.RequestURI(), http.StatusPermanentRedirect)
			return
		}
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		_, _ = fmt.Fprintf(w, "hello %s", host)
	})
	service := tigertonic.Proxied(mux, []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, nil)
	for _, scheme := range []string{"http", "https"} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody) // from 192.0.2.1
		r.Header.Set("X-Forwarded-For", "1.1.1.1, 203.0.113.7")    // the first is what the client has made up
		r.Header.Set("X-Forwarded-Proto", scheme)
		w := httptest.NewRecorder()
		service.ServeHTTP(w, r)
		fmt.Println(w.Code, cmp.Or(w.Header().Get("Location"), w.Body.String()))
	}
	// Output:
	// 308 https://example.com/
	// 200 hello 203.0.113.7
}
