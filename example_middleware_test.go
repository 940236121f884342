package tigertonic_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/rcrowley/go-metrics"

	"github.com/rcrowley/go-tigertonic"
)

func ExampleIf() {
	h := tigertonic.If(
		func(r *http.Request) (http.Header, error) {
			if r.Header.Get("X-Token") == "" {
				return nil, tigertonic.Forbidden{Err: errors.New("no token")}
			}
			return http.Header{"X-Seen": {"yes"}}, nil
		},
		text("hello"),
	)
	request(h, "GET", "/", "")
	w := request(h, "GET", "/", "", "X-Token", "T")
	fmt.Println(w.Header().Get("X-Seen"))
	// Output:
	// 403 {"description":"no token","error":"tigertonic.Forbidden"}
	// 200 hello
	// yes
}

func ExampleFirst() {
	maintenance := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, "come back later")
		}
	})
	h := tigertonic.First(maintenance, text("hello"))
	request(h, "GET", "/", "")
	request(h, "POST", "/", "")
	// Output:
	// 200 hello
	// 503 come back later
}

func ExampleHTTPBasicAuth() {
	h := tigertonic.HTTPBasicAuth(map[string]string{"user": "password"}, "Tiger Tonic", text("hello"))
	w := request(h, "GET", "/", "")
	fmt.Println(w.Header().Get("WWW-Authenticate"))
	request(h, "GET", "/", "", "Authorization", "Basic dXNlcjpwYXNzd29yZA==")
	// Output:
	// 401 {"description":"unauthorized","error":"tigertonic.Unauthorized"}
	// Basic realm="Tiger Tonic"
	// 200 hello
}

func ExampleHTTPBasicAuthFunc() {
	h := tigertonic.HTTPBasicAuthFunc(func(user, _ string) error {
		if user != "root" {
			return fmt.Errorf("%s is not root", user)
		}
		return nil
	}, "Tiger Tonic", text("hello"))
	request(h, "GET", "/", "", "Authorization", "Basic dXNlcjpwYXNzd29yZA==")
	// Output: 401 {"description":"user is not root","error":"tigertonic.Unauthorized"}
}

func ExampleWithContext() {
	type session struct{ user string }
	whoami := func(_ *url.URL, _ http.Header, _ any, s *session) (int, http.Header, string, error) {
		return http.StatusOK, nil, s.user, nil
	}
	login := func(r *http.Request) (http.Header, error) {
		tigertonic.ContextOf[session](r).user = r.Header.Get("X-User")
		return nil, nil
	}
	h := tigertonic.WithContext(tigertonic.If(login, tigertonic.Marshaled(whoami)), session{})
	request(h, "GET", "/", "", "X-User", "rcrowley")
	// Output: 200 "rcrowley"
}

func ExampleCached() {
	h := tigertonic.Cached(text("hello"), tigertonic.CacheOptions{IsPrivate: true, MaxAge: time.Hour})
	w := request(h, "GET", "/", "")
	fmt.Println(w.Header().Get("Cache-Control"))
	// Output:
	// 200 hello
	// private, max-age=3600
}

func ExampleCacheOptions() {
	fmt.Println(tigertonic.CacheOptions{Immutable: true})
	// Output: max-age=31536000, immutable
}

func ExamplePostProcessed() {
	h := tigertonic.PostProcessed(text("hello"), func(r *http.Request, response *http.Response) {
		body, _ := io.ReadAll(response.Body)
		fmt.Printf("%s %s was answered %s with %q\n", r.Method, r.URL, response.Status, body)
	})
	request(h, "GET", "/", "")
	// Output:
	// GET / was answered 200 OK with "hello"
	// 200 hello
}

func ExampleTeeResponseWriter() {
	tee := tigertonic.NewTeeResponseWriter(httptest.NewRecorder())
	text("hello").ServeHTTP(tee, httptest.NewRequest("GET", "/", nil))
	fmt.Println(tee.StatusCode, tee.Body.String())
	// Output: 200 hello
}

func ExampleTeeHeaderResponseWriter() {
	tee := tigertonic.NewTeeHeaderResponseWriter(httptest.NewRecorder())
	http.NotFound(tee, httptest.NewRequest("GET", "/", nil))
	fmt.Println(tee.StatusCode)
	// Output: 404
}

func ExampleCORSBuilder() {
	cors := tigertonic.NewCORSBuilder().
		AddAllowedOrigins("https://example.com").
		AddAllowedHeaders("Content-Type").
		AddMaxAge(10 * time.Minute)
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("PUT", "/stuff", cors.Build(text("hello")))

	w := request(mux, "OPTIONS", "/stuff", "", "Origin", "https://example.com",
		"Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "content-type")
	for _, name := range []string{
		tigertonic.CORSAllowOrigin, tigertonic.CORSAllowMethods, tigertonic.CORSAllowHeaders,
	} {
		fmt.Printf("%s: %s\n", name, w.Header().Get(name))
	}
	// Output:
	// 200 {"allow":["OPTIONS","PUT"]}
	// Access-Control-Allow-Origin: https://example.com
	// Access-Control-Allow-Methods: OPTIONS, PUT
	// Access-Control-Allow-Headers: Content-Type
}

func ExampleLogged() {
	l := tigertonic.Logged(text(`the password is "hunter2"`), func(s string) string {
		return strings.ReplaceAll(s, "hunter2", "REDACTED")
	})
	l.Logger = log.New(os.Stdout, "", 0)
	l.RequestIDCreator = func(*http.Request) tigertonic.RequestID { return "ID" }

	l.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/?was=hunter2", nil))
	// Output:
	// ID > GET /?was=REDACTED HTTP/1.1
	// ID >
	// ID < HTTP/1.1 200 OK
	// ID <
	// ID < the password is "REDACTED"
}

func ExampleJSONLogged() {
	l := tigertonic.JSONLogged(text("hello"), nil)
	l.Logger = log.New(timeless{os.Stdout}, "", 0)
	l.RequestIDCreator = func(*http.Request) tigertonic.RequestID { return "ID" }

	l.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	// Output: @json: {"duration":0,"http":{"request":{"body":"","headers":{},"method":"GET","url":"/"},"response":{"body":"hello","headers":{},"reason":"OK","status":200},"version":"1.1"},"@message":"GET / HTTP/1.1\nHTTP/1.1 200 OK","@request_id":"ID","@type":"http"}
}

func ExampleApacheLogged() {
	l := tigertonic.ApacheLogged(text("hello"))
	l.Logger = log.New(timeless{os.Stdout}, "", 0)

	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("User-Agent", "curl\n")
	l.ServeHTTP(httptest.NewRecorder(), r)
	// Output: 192.0.2.1 - - [now] "GET / HTTP/1.1" 200 5 "-" "curl\n"
}

func ExampleRedactor() {
	var redactor tigertonic.Redactor = func(s string) string { return strings.ReplaceAll(s, "secret", "******") }
	fmt.Println(redactor("a secret"))
	// Output: a ******
}

func ExampleRandomBase62String() {
	fmt.Println(len(tigertonic.RandomBase62String(20)), len(tigertonic.NewRequestID()))
	// Output: 20 16
}

func ExampleCounted() {
	registry := metrics.NewRegistry()
	h := tigertonic.Counted(text("hello"), "hello", registry)
	request(h, "GET", "/", "")
	fmt.Println(registry.Get("hello").(metrics.Counter).Count())
	// Output:
	// 200 hello
	// 1
}

func ExampleTimed() {
	registry := metrics.NewRegistry()
	h := tigertonic.Timed(text("hello"), "hello", registry)
	request(h, "GET", "/", "")
	fmt.Println(registry.Get("hello").(metrics.Timer).Count(), h.Max() > 0)
	// Output:
	// 200 hello
	// 1 true
}

func ExampleCountedByStatus() {
	registry := metrics.NewRegistry()
	h := tigertonic.CountedByStatus(tigertonic.NotFoundHandler{}, "http", registry)
	request(h, "GET", "/", "")
	fmt.Println(registry.Get("http-404").(metrics.Counter).Count())
	// Output:
	// 404 {"description":"GET / not found","error":"tigertonic.NotFound"}
	// 1
}

func ExampleCountedByStatusXX() {
	registry := metrics.NewRegistry()
	h := tigertonic.CountedByStatusXX(tigertonic.NotFoundHandler{}, "http", registry)
	request(h, "GET", "/", "")
	fmt.Println(registry.Get("http-4xx").(metrics.Counter).Count())
	// Output:
	// 404 {"description":"GET / not found","error":"tigertonic.NotFound"}
	// 1
}

func ExampleVersion() {
	request(tigertonic.Version("1.2.3"), "GET", "/version", "")
	// Output: 200 1.2.3
}

func ExampleServer() {
	s := tigertonic.NewServer("127.0.0.1:0", text("hello"))
	served := make(chan error)
	go func() { served <- s.ListenAndServe() }()

	// A service waits for a signal here.
	fmt.Println(s.Close(), <-served)
	// Output: <nil> <nil>
}

func ExampleNewTLSServer() {
	_, err := tigertonic.NewTLSServer("127.0.0.1:0", "cert.pem", "key.pem", text("hello"))
	fmt.Println(err)
	// Output: tigertonic: certificate "cert.pem" with key "key.pem": open cert.pem: no such file or directory
}
