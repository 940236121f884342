package tigertonic_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/rcrowley/go-metrics"

	"github.com/rcrowley/go-tigertonic"
)

// request has h answer a request and prints the status and the body. The
// headers are names and values in turn.
func request(h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(strings.TrimSpace(fmt.Sprintln(w.Code, strings.TrimSpace(w.Body.String()))))
	return w
}

// text returns a handler that answers with a text.
func text(s string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, s) })
}

func ExampleTrieServeMux() {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/users/me", text("me"))
	mux.HandleFunc("GET", "/users/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s is %s in %s", r.Pattern, r.PathValue("id"), r.URL.Path)
	})

	request(mux, "GET", "/users/rcrowley", "")
	request(mux, "GET", "/users/me", "") // the literal lacks the method
	request(mux, "GET", "/users/", "")
	request(mux, "DELETE", "/users/me", "")
	request(mux, "OPTIONS", "/users/me", "")
	// Output:
	// 200 GET /users/{id} is rcrowley in /users/rcrowley
	// 200 GET /users/{id} is me in /users/me
	// 404 {"description":"GET /users/ not found","error":"tigertonic.NotFound"}
	// 405 {"description":"only GET, HEAD, OPTIONS, POST are allowed","error":"tigertonic.MethodNotAllowed"}
	// 200 {"allow":["GET","HEAD","OPTIONS","POST"]}
}

func ExampleHostServeMux_wildcard() {
	hosts := tigertonic.NewHostServeMux()
	hosts.Handle("www.example.com", text("the company"))
	hosts.HandleFunc("{site}.example.com", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "the site %s", r.PathValue("site"))
	})

	request(hosts, "GET", "http://www.example.com/", "")
	request(hosts, "GET", "http://Cyclists.example.com:8080/", "")
	request(hosts, "GET", "http://a.b.example.com/", "")
	// Output:
	// 200 the company
	// 200 the site cyclists
	// 404 {"description":"GET / not found","error":"tigertonic.NotFound"}
}

func ExampleTrieServeMux_HandleNamespace() {
	api := tigertonic.NewTrieServeMux()
	api.HandleFunc("GET", "/stuff/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s: %s of %s", r.Pattern, r.PathValue("id"), r.PathValue("tenant"))
	})
	mux := tigertonic.NewTrieServeMux()
	mux.HandleNamespace("/{tenant}/1.0", api)

	request(mux, "GET", "/acme/1.0/stuff/ID", "")
	// Output: 200 GET /{tenant}/1.0/stuff/{id}: ID of acme
}

// A handler that was written for the Tiger Tonic of 2013 to 2017 finds its wildcards
// in the query, and all others get the query as it was sent.
func ExampleWildcardsInQuery() {
	byQuery := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.URL.Query().Get("id"))
	})
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/old/{id}", tigertonic.WildcardsInQuery(byQuery))
	mux.Handle("GET", "/new/{id}", byQuery)

	request(mux, "GET", "/old/1?id=sent", "")
	request(mux, "GET", "/new/1?id=sent", "")
	// Output:
	// 200 1
	// 200 sent
}

// A file server would read //admin as /admin, which is guarded. An object store
// means what it says.
func ExampleUnsafePaths() {
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.EscapedPath())
	})
	mux := tigertonic.NewTrieServeMux()
	mux.HandleNamespace("/files", echo)
	mux.HandleNamespace("/objects", tigertonic.UnsafePaths(echo))

	request(mux, "GET", "/files/admin%2Fsecret", "")
	request(mux, "GET", "/objects/a%2Fb//c", "")
	// Output:
	// 404 {"description":"GET /files/admin%2Fsecret not found","error":"tigertonic.NotFound"}
	// 200 /a%2Fb//c
}

func ExampleTrieServeMux_Handler() {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/stuff/{id}", tigertonic.Counted(text("hello"), "example", metrics.NewRegistry()))

	r := httptest.NewRequest("GET", "/stuff/ID", nil)
	h, pattern := mux.Handler(r)
	fmt.Println(h, pattern, r.PathValue("id"))

	h, _ = mux.Handler(httptest.NewRequest("GET", "/", nil))
	fmt.Println(h == tigertonic.NotFoundHandler{})
	// Output:
	// Counted(example) /stuff/{id} ID
	// true
}

// A HandlerFunc is routed to without an allocation, however many wildcards there
// are.
func ExampleHandlerFunc() {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/files/{owner}/{path...}", tigertonic.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s of %s", tigertonic.PathValue(r, "path"), tigertonic.PathValue(r, "owner"))
	}))

	request(mux, "GET", "/files/rcrowley/a/b.txt", "")
	// Output: 200 a/b.txt of rcrowley
}

// A ParamsFunc is passed its wildcards.
func ExampleParamsFunc() {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/users/{id}/photos/{photo}", tigertonic.ParamsFunc(
		func(w http.ResponseWriter, _ *http.Request, p tigertonic.Params) {
			fmt.Fprintf(w, "photo %s of %s", p.Get("photo"), p.Get("id"))
		}))

	request(mux, "GET", "/users/7/photos/a%2Fb", "")
	// Output: 200 photo a/b of 7
}

func ExampleHostServeMux() {
	mux := tigertonic.NewHostServeMux()
	mux.Handle("example.com", text("everybody"))
	mux.Handle("ops.example.com", text("operators"))

	request(mux, "GET", "http://OPS.example.com.:8080/", "")
	request(mux, "GET", "http://example.org/", "")
	// Output:
	// 200 operators
	// 404 {"description":"GET / not found","error":"tigertonic.NotFound"}
}

func ExampleExplain() {
	get := func(*url.URL, http.Header, any) (int, http.Header, *stuff, error) { return 200, nil, &stuff{}, nil }
	api := tigertonic.NewTrieServeMux()
	api.Handle("GET", "/stuff/{id}", tigertonic.WithContext(tigertonic.Marshaled(get), stuff{}))
	api.Handle("GET", "/secrets", tigertonic.HTTPBasicAuth(map[string]string{"user": "password"}, "Secrets", tigertonic.Marshaled(get)))
	mux := tigertonic.NewTrieServeMux()
	mux.HandleNamespace("/1.0", api)
	mux.Handle("GET", "/version", tigertonic.Version("1.0"))

	fmt.Print(tigertonic.Explain(tigertonic.ApacheLogged(mux)))
	// Output:
	// METHOD  PATTERN          HANDLER
	// GET     /1.0/stuff/{id}  ApacheLogged > WithContext(tigertonic_test.stuff) > Marshaled(go-tigertonic_test.ExampleExplain.func1)
	// GET     /1.0/secrets     ApacheLogged > HTTPBasicAuth("Secrets") > Marshaled(go-tigertonic_test.ExampleExplain.func1)
	// GET     /version         ApacheLogged > Version(1.0)
}

func ExampleRoutes() {
	mux := tigertonic.NewTrieServeMux()
	mux.HandleNamespace("/1.0", mux) // a mux may be mounted in itself
	mux.Handle("GET", "/version", tigertonic.Version("1.0"))

	for _, rt := range tigertonic.Routes(mux) {
		fmt.Println(rt.Method, rt.Pattern, rt.Handler)
	}
	// Output:
	// GET /1.0/version Version(1.0)
	// GET /version Version(1.0)
}

// A roster is a combinator like First: it calls its handlers in turn until one has answered.
type roster struct{ handlers tigertonic.FirstHandler }

func (rs roster) ServeHTTP(w http.ResponseWriter, r *http.Request) { rs.handlers.ServeHTTP(w, r) }
func (rs roster) Unwrap() []http.Handler                           { return rs.handlers }

// Routes sees through combinators of yours, too.
func ExampleRoutes_combinator() {
	guard := tigertonic.Described(tigertonic.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), func(op *tigertonic.Operation) {
		op.AddError(http.StatusTeapot, "the guard is a teapot")
	})
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/version", roster{tigertonic.First(guard, tigertonic.Version("1.0"))})

	for _, rt := range tigertonic.Routes(mux) {
		fmt.Println(rt.Method, rt.Pattern, rt.Handler, len(rt.Wrappers))
	}
	// Output: GET /version Version(1.0) 2
}
