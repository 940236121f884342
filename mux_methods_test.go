package tigertonic_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

func TestMuxAnswersNotFound(t *testing.T) {
	mux := newMux("GET /a/b", "POST /a/{x}/c")
	for _, request := range []string{
		"GET /x", "GET /", "GET /a/b/d", "HEAD /x", "PUT /x", "OPTIONS /x",
		"GET /a", "POST /a", "OPTIONS /a", "GET /a/x", "DELETE /a/x", // nodes without handlers
	} {
		w := ask(t, mux, request)
		assert.Empty(t, w.Header().Values("Allow"), request)
		if strings.HasPrefix(request, "HEAD ") {
			assert.Equal(t, 404, w.Code, request)
			assert.Empty(t, w.Body.String(), request)
			continue
		}
		requireError(t, w, 404, "tigertonic.NotFound", request+" not found")
	}
	w := ask(t, mux, "GET /x?q")
	body := `{"description":"GET /x not found","error":"tigertonic.NotFound"}` + "\n"
	assert.Equal(t, body, w.Body.String())
}

func TestMuxAnswersMethodNotAllowed(t *testing.T) {
	mux := newMux("GET /get", "POST /post", "PUT /both", "GET /both", "DELETE /{x}/b", "PATCH /a/{y}", "HEAD /head", "OPTIONS /options", "X-Y /own")
	for request, allow := range map[string]string{
		"POST /get":    "GET, HEAD, OPTIONS",
		"get /get":     "GET, HEAD, OPTIONS",
		"GET /post":    "OPTIONS, POST",
		"DELETE /both": "GET, HEAD, OPTIONS, PUT",
		"GET /x/b":     "DELETE, OPTIONS",
		"GET /a/b":     "DELETE, OPTIONS, PATCH",
		"GET /head":    "HEAD, OPTIONS",
		"GET /options": "OPTIONS",
		"GET /own":     "OPTIONS, X-Y",
		"x-y /own":     "OPTIONS, X-Y",
		"CONNECT /get": "GET, HEAD, OPTIONS",
	} {
		w := ask(t, mux, request)
		assert.Equal(t, []string{allow}, w.Header().Values("Allow"), request)
		requireError(t, w, 405, "tigertonic.MethodNotAllowed", "only "+allow+" are allowed")
	}
	w := ask(t, mux, "POST /get")
	body := `{"description":"only GET, HEAD, OPTIONS are allowed","error":"tigertonic.MethodNotAllowed"}` + "\n"
	assert.Equal(t, body, w.Body.String())
	w = ask(t, mux, "HEAD /post")
	assert.Equal(t, 405, w.Code)
	assert.Equal(t, "OPTIONS, POST", w.Header().Get("Allow"))
	assert.Empty(t, w.Body.String())
}

func TestMuxAnswersErrorsAsPlainTextToWhoDoesntAcceptJSON(t *testing.T) {
	mux := newMux("GET /a")
	for request, want := range map[string]string{
		"GET /x":  "tigertonic.NotFound: GET /x not found",
		"POST /a": "tigertonic.MethodNotAllowed: only GET, HEAD, OPTIONS are allowed",
	} {
		r := requestFor(t, request)
		r.Header.Set("Accept", "text/plain")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		assert.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
		assert.Equal(t, want, w.Body.String())
	}
}

func TestMuxAnswersOptions(t *testing.T) {
	mux := newMux("GET /get", "POST /post", "PUT /a/b", "GET /a/{x}", "OPTIONS /own", "GET /own", "OPTIONS /c/{x}", "GET /c/d")
	for request, allow := range map[string]string{
		"OPTIONS /get":    "GET, HEAD, OPTIONS",
		"OPTIONS /post":   "OPTIONS, POST",
		"OPTIONS /a/b":    "GET, HEAD, OPTIONS, PUT",
		"OPTIONS /a/c":    "GET, HEAD, OPTIONS",
		"OPTIONS /get?x=": "GET, HEAD, OPTIONS",
	} {
		w := ask(t, mux, request)
		assert.Equal(t, 200, w.Code, request)
		assert.Equal(t, []string{allow}, w.Header().Values("Allow"), request)
		assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
		assert.Equal(t, `{"allow":["`+strings.ReplaceAll(allow, ", ", `","`)+`"]}`+"\n", w.Body.String(), request)
	}
	assert.Equal(t, "OPTIONS /own", ask(t, mux, "OPTIONS /own").Body.String(), "registered explicitly")
	assert.Equal(t, `OPTIONS /c/{x} x="d"`, ask(t, mux, "OPTIONS /c/d").Body.String(), "registered explicitly for a less specific pattern")
}

func TestMuxAnswersPreflight(t *testing.T) {
	cors := tigertonic.NewCORSBuilder().AddAllowedOrigins("https://ours.example").AddAllowedHeaders("X-Token")
	mux := newMux("DELETE /a", "GET /plain")
	var h http.Handler = cors.Build(http.HandlerFunc(sayMatch))
	h = tigertonic.Cached(tigertonic.WithContext(h, 0), tigertonic.CacheOptions{})
	mux.Handle("PUT", "/a", tigertonic.If(func(*http.Request) (http.Header, error) {
		return nil, tigertonic.Unauthorized{}
	}, tigertonic.ApacheLogged(h)))
	for _, test := range []struct {
		name, path, origin, method string
		want                       http.Header
	}{
		{"under wrappers", "/a", "https://ours.example", "PUT", http.Header{
			"Access-Control-Allow-Origin":  {"https://ours.example"},
			"Access-Control-Allow-Methods": {"OPTIONS, PUT"},
			"Access-Control-Allow-Headers": {"X-Token"},
		}},
		{"of another origin", "/a", "https://theirs.example", "PUT", http.Header{}},
		{"for a method without CORS", "/a", "https://ours.example", "DELETE", http.Header{}},
		{"for a method that isn't there", "/a", "https://ours.example", "PATCH", http.Header{}},
		{"for GET without CORS", "/plain", "https://ours.example", "GET", http.Header{
			"Access-Control-Allow-Methods": {"GET, HEAD, OPTIONS"},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := serve(t, mux, "OPTIONS", test.path, "", "Origin", test.origin, "Access-Control-Request-Method", test.method)
			assert.Equal(t, 200, w.Code)
			assert.Contains(t, w.Header().Values("Vary"), "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
			got := w.Header().Clone()
			assert.NotEmpty(t, got["Allow"])
			for name := range got {
				if !strings.HasPrefix(name, "Access-Control-") {
					got.Del(name)
				}
			}
			assert.Equal(t, test.want, got)
		})
	}
}

func TestMuxAllowsExactlyWhatAnswers(t *testing.T) {
	mux := newMux("GET /a/b", "POST /{x}/b", "PUT /a/{y}", "DELETE /{z...}", "HEAD /a/c", "OPTIONS /a/d", "X /e/f", "GET /e/f")
	mux.HandleNamespace("/e/g", newMux("PATCH /", "GET /h"))
	inner := newMux("GET /b")
	mux.HandleNamespace("/m", inner)
	methods := []string{"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE", "X", "get", ""}
	for _, path := range []string{"/a/b", "/x/b", "/a/x", "/x/y/z", "/a/c", "/a/d", "/e/f", "/e/g", "/e/g/", "/e/g/h", "/e/g/i", "/m/b", "/"} {
		answers := []string{}
		for _, method := range methods {
			if code := ask(t, mux, method+" "+path).Code; code != 404 && code != 405 {
				answers = append(answers, method)
			}
		}
		for _, method := range methods {
			w := ask(t, mux, method+" "+path)
			if w.Code == 405 || w.Body.Len() > 0 && w.Body.String()[0] == '{' && method == "OPTIONS" && w.Code == 200 {
				assert.Equal(t, strings.Join(answers, ", "), w.Header().Get("Allow"), "%s %s", method, path)
			}
			assert.Equal(t, slices.Contains(answers, method), w.Code == 200, "%s %s", method, path)
		}
	}
}

// What OPTIONS says of a path of a pattern and, behind it, a namespace must not
// name the methods of patterns that the namespace hides.
func TestMuxDoesntAllowWhatANamespaceHides(t *testing.T) {
	mux := newMux("GET /a/b", "POST /{x}/b")
	mux.HandleNamespace("/a", newMux("GET /c"))
	require.Equal(t, 404, ask(t, mux, "POST /a/b").Code, "the namespace is nearer")
	assert.Equal(t, "GET, HEAD, OPTIONS", ask(t, mux, "OPTIONS /a/b").Header().Get("Allow"))
}

func TestMuxAnswersHeadAsGet(t *testing.T) {
	mux := newMux("GET /get", "HEAD /own", "GET /own", "HEAD /{x}/b", "GET /a/b", "GET /a/{y}/c", "HEAD /a/d/{z}")
	mux.HandleFunc("GET", "/header", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Method", r.Method)
		w.WriteHeader(http.StatusNonAuthoritativeInfo)
		_, err := io.WriteString(w, "body")
		assert.NoError(t, err)
		assert.NoError(t, http.NewResponseController(w).Flush())
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	for path, want := range map[string]struct {
		code   int
		method string
	}{
		"/get": {200, ""}, "/header": {203, "HEAD"}, "/own": {200, ""}, "/a/b": {200, ""}, "/x/b": {200, ""}, "/a/d/c": {200, ""}, "/x": {404, ""},
	} {
		w := ask(t, mux, "HEAD "+path)
		assert.Equal(t, want.code, w.Code, path)
		assert.Equal(t, want.method, w.Header().Get("X-Method"), path)
		assert.Empty(t, w.Body.String(), path)

		r, err := http.NewRequestWithContext(t.Context(), "HEAD", server.URL+path, nil)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, want.code, response.StatusCode, path)
		assert.Equal(t, want.method, response.Header.Get("X-Method"), path)
		assert.Empty(t, body, path)
	}
}

func TestMuxPrefersTheMoreSpecificGetToALessSpecificHead(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	for _, route := range []string{"HEAD /{x}", "GET /a", "HEAD /b", "GET /b"} {
		method, pattern, _ := strings.Cut(route, " ")
		mux.HandleFunc(method, pattern, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Pattern", r.Pattern) })
	}
	assert.Equal(t, "GET /a", ask(t, mux, "HEAD /a").Header().Get("X-Pattern"))
	assert.Equal(t, "HEAD /b", ask(t, mux, "HEAD /b").Header().Get("X-Pattern"))
	assert.Equal(t, "HEAD /{x}", ask(t, mux, "HEAD /c").Header().Get("X-Pattern"))
}

func TestMuxTakesOddRequests(t *testing.T) {
	mux := newMux("GET /", "GET /a", "CONNECT /{x}", "GET /{x...}")
	for request, code := range map[string]int{
		" /a":                                 405, // no method
		" /":                                  405,
		"CONNECT /a":                          200,
		"CONNECT /":                           405,
		"OPTIONS *":                           404,
		"GET *":                               404,
		"OPTIONS /":                           200,
		"M-SEARCH /a":                         405,
		"\x00\r\n /a":                         405,
		"GET http://a.b/a":                    200,
		"GET http://a.b":                      200,
		"OPTIONS http://a.b":                  200,
		"CONNECT http://a.b":                  404,
		"CONNECT http://a.b/":                 405,
		"GET http:a":                          200, // opaque
		"GET /" + strings.Repeat("a/", 1<<19): 200,
		"PUT /" + strings.Repeat("%2e%2f", 1<<17): 404,
	} {
		assert.Equal(t, code, ask(t, mux, request).Code, "%.40q", request)
	}
	authority := requestFor(t, "CONNECT /") // as the server makes it of CONNECT example.com:443
	authority.URL.Path, authority.URL.Host = "", "example.com:443"
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, authority)
	assert.Equal(t, 404, w.Code)
}

// A CONNECT names a host and a port and has no path (RFC 9110 §9.3.6).
func TestMuxReachesConnect(t *testing.T) {
	say := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %q", r.Pattern, r.URL.Host, r.URL.Path)
	}
	withRoot, within, rest, passed := newMux("GET /a"), newMux("GET /a"), newMux("GET /a"), newMux("GET /a")
	withRoot.HandleFunc("CONNECT", "/", say)
	withRoot.HandleFunc("CONNECT", "/x", say)
	within.HandleNamespace("", withRoot)
	rest.Handle("CONNECT", "/{x...}", http.HandlerFunc(say))
	passed.HandleNamespace("", tigertonic.UnsafePaths(http.HandlerFunc(say)))
	refused, others := newMux("GET /a"), newMux("GET /", "POST /{x...}")
	refused.HandleNamespace("", http.HandlerFunc(say))
	for _, test := range []struct {
		name    string
		mux     *tigertonic.TrieServeMux
		request string
		want    string
	}{
		{"a pattern", withRoot, "CONNECT example.com:443", `200 CONNECT / example.com:443 ""`},
		{"a pattern, with a path", withRoot, "CONNECT /x", `200 CONNECT /x  "/x"`},
		{"a pattern, with a path that isn't cleaned", withRoot, "CONNECT //x", "404 "},
		{"a pattern in a namespace", within, "CONNECT example.com:443", `200 CONNECT / example.com:443 ""`},
		{"a pattern for the rest", rest, "CONNECT example.com:443", `200 CONNECT /{x...} example.com:443 ""`},
		{"a namespace that takes it", passed, "CONNECT example.com:443", `200 /{...} example.com:443 ""`},
		{"a namespace that doesn't", refused, "CONNECT example.com:443", "404 "},
		{"other methods", others, "CONNECT example.com:443", "404 "},
	} {
		for _, h := range []http.Handler{test.mux, tigertonic.HostServeMux{"example.com": test.mux}} {
			server := httptest.NewServer(h)
			status, body := sendLine(t, server, test.request+" HTTP/1.1", "example.com")
			server.Close()
			got := status
			if status == "200" {
				got += " " + body
			}
			assert.Equal(t, strings.TrimSpace(test.want), got, test.name)
		}
	}
}

// sendLine sends a request with this first line and returns the status and the body
// of the answer.
func sendLine(t *testing.T, server *httptest.Server, line, host string) (status, body string) {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "%s\r\nHost: %s\r\nConnection: close\r\n\r\n", line, host)
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err, line)
	_, status, _ = strings.Cut(string(answer), " ")
	status, _, _ = strings.Cut(status, " ")
	_, body, _ = strings.Cut(string(answer), "\r\n\r\n")
	return status, body
}

func TestMuxBehindAServerAnswersOddRequests(t *testing.T) {
	mux := newMux("GET /", "GET /a")
	server := httptest.NewUnstartedServer(mux)
	server.Config.DisableGeneralOptionsHandler = true
	server.Start()
	defer server.Close()
	for line, want := range map[string]string{
		"OPTIONS * HTTP/1.1":               "HTTP/1.1 404 Not Found",
		"CONNECT example.com:443 HTTP/1.1": "HTTP/1.1 404 Not Found",
		"GET /%2e%2e/a HTTP/1.1":           "HTTP/1.1 404 Not Found",
		"GET //a HTTP/1.1":                 "HTTP/1.1 404 Not Found",
		"GET http://h/a HTTP/1.1":          "HTTP/1.1 200 OK",
		"PUT http://h HTTP/1.1":            "HTTP/1.1 405 Method Not Allowed",
	} {
		var dialer net.Dialer
		conn, err := dialer.DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		require.NoError(t, err)
		_, err = fmt.Fprintf(conn, "%s\r\nHost: h\r\nConnection: close\r\n\r\n", line)
		require.NoError(t, err)
		answer, err := io.ReadAll(conn)
		require.NoError(t, err, line)
		require.NoError(t, conn.Close())
		status, _, _ := strings.Cut(string(answer), "\r\n")
		assert.Equal(t, want, status, line)
	}
}

func TestMuxHandlerAndThenServingEqualsServing(t *testing.T) {
	mux := newMux("GET /", "GET /a", "POST /a/{x}", "GET /{x...}", "OPTIONS /o")
	inner := newMux("GET /x/{y}", "PUT /x")
	mux.HandleNamespace("/n", inner)
	mux.HandleNamespace("/w/{v}", tigertonic.HandlerFunc(sayPath))
	var patterns []string
	for _, request := range []string{
		"GET /", "POST /", "GET /a", "OPTIONS /a", "POST /a/b?x=1", "PUT /a/b", "GET /a%2Fb/c", "OPTIONS /o", "GET /../a",
		"GET /n", "GET /n/", "HEAD /n/x/1", "POST /n/x/1", "GET /n/y", "GET /w/1/2%2F3", "PATCH /w/1", "OPTIONS *", "CONNECT /a", "HEAD /a",
	} {
		want := ask(t, mux, request)
		w, r := httptest.NewRecorder(), requestFor(t, request)
		h, pattern := mux.Handler(r)
		h.ServeHTTP(w, r)
		assert.Equal(t, want.Code, w.Code, request)
		if r.Method != "HEAD" { // only the mux knows to leave the body out
			assert.Equal(t, want.Header(), w.Header(), request)
			assert.Equal(t, want.Body.String(), w.Body.String(), request)
		}
		patterns = append(patterns, pattern)
	}
	assert.Equal(t, []string{
		"/", "", "/a", "", "/a/{x}", "", "/{x...}", "/o", "",
		"/n", "/n", "/n", "/n", "/n", "/w/{v}", "/w/{v}", "", "", "/a",
	}, patterns)
}

func TestMuxHandlerReturnsComparableHandlers(t *testing.T) {
	own := foreign{"own"}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/a/{x}", own)
	for request, want := range map[string]http.Handler{
		"GET /a/1":     own,
		"HEAD /a/1":    own,
		"GET /a":       tigertonic.NotFoundHandler{},
		"OPTIONS /a":   tigertonic.NotFoundHandler{},
		"GET /a/..":    tigertonic.NotFoundHandler{},
		"POST /a/1":    tigertonic.MethodNotAllowedHandler{},
		"CONNECT /a/1": tigertonic.MethodNotAllowedHandler{},
		" /a/1":        tigertonic.MethodNotAllowedHandler{},
	} {
		h, _ := mux.Handler(requestFor(t, request))
		if h != want {
			t.Errorf("%s: %T", request, h)
		}
	}
}

// foreign is a handler that the library knows nothing of.
type foreign struct{ name string }

func (foreign) ServeHTTP(w http.ResponseWriter, r *http.Request) { sayMatch(w, r) }

func TestMuxHandlerChangesTheRequestAsServingDoes(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/a/{x}", foreign{})
	mux.HandleNamespace("/n/{y}", foreign{})
	for request, want := range map[string]string{
		"GET /a/x%2Fy?x=2&z=1": "/a/x%2Fy?x=2&z=1 GET /a/{x}",
		"PUT /n/1/x%20y?x=1&y": "/x%20y?x=1&y /n/{y}/{...}",
		"PUT /n/1/x%2Fy?x=1&y": "/n/1/x%2Fy?x=1&y ",
		"PUT /a/1?x=1":         "/a/1?x=1 ",
		"GET /b?x=1":           "/b?x=1 ",
	} {
		r := requestFor(t, request)
		mux.Handler(r)
		assert.Equal(t, want, r.URL.String()+" "+r.Pattern, request)
		r = requestFor(t, request)
		mux.ServeHTTP(httptest.NewRecorder(), r)
		assert.Equal(t, want, r.URL.String()+" "+r.Pattern, request)
	}
}

func TestHandlersOfTheMuxWorkByThemselves(t *testing.T) {
	w := httptest.NewRecorder()
	tigertonic.NotFoundHandler{}.ServeHTTP(w, requestFor(t, "GET /x"))
	requireError(t, w, 404, "tigertonic.NotFound", "GET /x not found")

	w = httptest.NewRecorder()
	tigertonic.MethodNotAllowedHandler{}.ServeHTTP(w, requestFor(t, "GET /x"))
	requireError(t, w, 405, "tigertonic.MethodNotAllowed", "no method is allowed")
	assert.Equal(t, []string{""}, w.Header().Values("Allow"))
}

func TestMuxOfA405IsTheOneThatReturnedIt(t *testing.T) {
	outer, inner := newMux("GET /a"), newMux("PUT /b")
	outer.HandleNamespace("/n", inner)
	ctx := context.WithValue(t.Context(), t, "kept")
	r := requestFor(t, "GET /n/b").WithContext(ctx)
	w := httptest.NewRecorder()
	outer.ServeHTTP(w, r)
	assert.Equal(t, "OPTIONS, PUT", w.Header().Get("Allow"))
	assert.Equal(t, "kept", r.Context().Value(t))
	assert.Equal(t, []string{"Allow", "Content-Type", "Vary", "X-Content-Type-Options"}, slices.Sorted(maps.Keys(w.Header())))
}

func TestMuxAnswersOptionsInPlainText(t *testing.T) {
	mux := newMux("POST /a")
	w := serve(t, mux, "OPTIONS", "/a", "", "Accept", "text/html")
	assert.Equal(t, 200, w.Code)
	assert.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
	assert.Equal(t, "OPTIONS, POST", w.Header().Get("Allow"))
	assert.Equal(t, "OPTIONS, POST", w.Body.String())
	assert.JSONEq(t, `{"allow":["OPTIONS","POST"]}`, serve(t, mux, "OPTIONS", "/a", "", "Accept", "*/*").Body.String())
}
