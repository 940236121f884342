// Stuff is a tour of the classic API: a service that keeps stuff in memory.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/rcrowley/go-metrics"
	"github.com/rcrowley/go-tigertonic"
)

type config struct {
	Origins  []string `json:"origins"`  // whose pages may use the API
	Host     string   `json:"host"`     // what operators ask for
	Password string   `json:"password"` // of the user called operator
}

func main() {
	check := func(err error) {
		if err != nil {
			log.Fatal(err)
		}
	}
	listen := flag.String("listen", "127.0.0.1:8000", "`address` to listen on")
	cert := flag.String("cert", "", "PEM `file` with a certificate, to speak TLS")
	key := flag.String("key", "", "PEM `file` with the certificate's key")
	file := flag.String("config", "", "JSON `file` with origins, host and password")
	flag.Parse()
	c, user := config{Origins: []string{"http://localhost:3000"}, Host: "ops.localhost"}, "operator"
	check(tigertonic.Configure(*file, &c))
	if c.Password == "" {
		c.Password = tigertonic.RandomBase62String(16)
		user += ":" + c.Password
	}
	server := tigertonic.NewServer(*listen, tigertonic.Logged(service(c, &store{stuff: map[string]stuff{}}), redact))
	scheme, serve := "http", server.Serve
	if *cert != "" || *key != "" {
		check(server.TLS(*cert, *key))
		scheme, serve = "https", func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	}
	l, err := net.Listen("tcp", *listen)
	check(err)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, func() { stop(); _ = server.Close() }) // a second signal ends the program at once
	fmt.Printf(`stuff listens on %[1]s, try:
  curl -i %[1]s/1.0/stuff -H 'Content-Type: application/json' -d '{"id":"ID","stuff":"STUFF"}'
  curl -i %[1]s/1.0/stuff/ID
  curl %[1]s/routes -H 'Host: %[2]s' -u %[3]s
`, scheme+"://"+l.Addr().String(), c.Host, user)
	check(serve(l))
}

// service returns the tree of handlers.
func service(c config, s *store) *tigertonic.TrieServeMux {
	registry := metrics.NewRegistry()
	api := tigertonic.NewTrieServeMux()
	api.Handle("POST", "/stuff", tigertonic.Timed(tigertonic.Marshaled(s.create), "create", registry))
	api.Handle("GET", "/stuff", tigertonic.Timed(tigertonic.Marshaled(s.list), "list", registry))
	api.Handle("GET", "/stuff/{id}", tigertonic.Timed(tigertonic.If(s.find, tigertonic.Marshaled(s.get)), "get", registry))
	api.Handle("PUT", "/stuff/{id}", tigertonic.Timed(tigertonic.If(s.find, tigertonic.Marshaled(s.update)), "update", registry))
	cors := tigertonic.NewCORSBuilder().AddAllowedOrigins(c.Origins...).AddAllowedHeaders("Content-Type")

	root, ops, hosts := tigertonic.NewTrieServeMux(), tigertonic.NewTrieServeMux(), tigertonic.NewHostServeMux()
	root.HandleNamespace("/1.0", tigertonic.CountedByStatus(cors.Build(tigertonic.WithContext(api, stuff{})), "api", registry))
	root.Handle("GET", "/version", tigertonic.Version("1.0.0"))
	root.Handle("GET", "/metrics.json", tigertonic.Marshaled(func(*url.URL, http.Header) (int, http.Header, metrics.Registry, error) {
		return http.StatusOK, nil, registry, nil
	}))
	root.HandleNamespace("", hosts) // what is left is for operators, and has a host of its own
	hosts.Handle(c.Host, tigertonic.HTTPBasicAuth(map[string]string{"operator": c.Password}, "stuff", ops))
	ops.HandleFunc("GET", "/routes", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, tigertonic.Explain(root)) })
	return root
}

var private = regexp.MustCompile(`(?is)("(?:stuff|[^"\\]*\\[^"]*)"\s*:\s*)"(\\.|[^"\\])*"?`) // its name may be escaped

// redact keeps what clients store out of the log.
func redact(text string) string { return private.ReplaceAllString(text, `$1"redacted"`) }

type stuff struct {
	ID    string `json:"id"`
	Stuff string `json:"stuff"`
}

var validID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`) // the same in a URL, a header and a log

// A store's methods are plain functions, safe to be called by many goroutines.
type store struct {
	mu    sync.RWMutex
	stuff map[string]stuff // by ID
}

func (s *store) create(_ *url.URL, _ http.Header, rq *stuff) (int, http.Header, *stuff, error) {
	if !validID.MatchString(rq.ID) {
		return 0, nil, nil, tigertonic.BadRequest{Err: fmt.Errorf("the id %.64q isn't 1 to 64 letters, digits, - or _", rq.ID)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.stuff[rq.ID]; ok {
		return 0, nil, nil, tigertonic.Conflict{Err: fmt.Errorf("there is stuff %q already", rq.ID)}
	}
	s.stuff[rq.ID] = *rq
	return http.StatusCreated, http.Header{"Content-Location": {"/1.0/stuff/" + rq.ID}}, rq, nil // relative: no Host header bends it
}

func (s *store) list(*url.URL, http.Header) (int, http.Header, []stuff, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	sorted := slices.SortedFunc(maps.Values(s.stuff), func(a, b stuff) int { return strings.Compare(a.ID, b.ID) })
	return http.StatusOK, nil, append([]stuff{}, sorted...), nil // never nil, which would be null
}

// find is the condition of get and update: what it finds is their last argument.
func (s *store) find(r *http.Request) (http.Header, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found, ok := s.stuff[tigertonic.PathValue(r, "id")]
	if !ok {
		return nil, tigertonic.NotFound{Err: fmt.Errorf("there is no stuff %.64q", tigertonic.PathValue(r, "id"))}
	}
	*tigertonic.ContextOf[stuff](r) = found
	return nil, nil
}

func (s *store) get(_ *url.URL, _ http.Header, _ any, found *stuff) (int, http.Header, *stuff, error) {
	return http.StatusOK, nil, found, nil
}

func (s *store) update(_ *url.URL, _ http.Header, rq, found *stuff) (int, http.Header, *stuff, error) {
	if rq.ID != found.ID {
		return 0, nil, nil, tigertonic.BadRequest{Err: fmt.Errorf("the id %.64q isn't the path's", rq.ID)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stuff[rq.ID] = *rq
	return http.StatusOK, nil, rq, nil
}
