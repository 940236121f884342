// Stuff is a tour of the library: a service that keeps stuff in memory, by the
// classic API under /1.0 and by typed endpoints under /2.0.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"

	"github.com/rcrowley/go-metrics"
	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"
	"github.com/rcrowley/go-tigertonic/mcp"
	"github.com/rcrowley/go-tigertonic/openapi"

	"github.com/rcrowley/go-tigertonic/examples/internal/serving"
)

const version = "2.0.0"

type config struct {
	Origins  []string `json:"origins"`  // whose pages may use the API
	Host     string   `json:"host"`     // what operators ask for
	Password string   `json:"password"` // of the user called operator
}

func main() {
	example := serving.Flags(flag.CommandLine, "stuff")
	cert := flag.String("cert", "", "PEM `file` with a certificate, to speak TLS")
	key := flag.String("key", "", "PEM `file` with the certificate's key")
	file := flag.String("config", "", "JSON `file` with origins, host and password")
	flag.Parse()
	example.Main(func(ctx context.Context, level *slog.LevelVar) error {
		return run(ctx, example, level, *cert, *key, *file)
	})
}

func run(ctx context.Context, example *serving.Example, level *slog.LevelVar, cert, key, file string) error {
	c, user := config{Origins: []string{"http://localhost:3000"}, Host: "ops.localhost"}, "operator"
	if err := tigertonic.Configure(file, &c); err != nil {
		return err
	}
	if c.Password == "" {
		c.Password = tigertonic.RandomBase62String(16)
		user += ":" + c.Password
	}
	stopping := make(chan struct{})
	logged := tigertonic.Logged(service(c, newStore(stopping)), redact)
	server := tigertonic.NewServer(example.Listen, tigertonic.Stack(logged, serving.Traced("stuff")))
	server.RegisterOnShutdown(func(context.Context) { close(stopping) }) // not before it drains, for then browsers are to ask again
	if cert != "" || key != "" {
		if err := server.TLS(cert, key); err != nil {
			return err
		}
	}
	return example.Run(ctx, server, admin.New(server.Handler, admin.Options{Name: "stuff", Version: version, Level: level}), func(base string) string {
		return fmt.Sprintf(`  curl -i %[1]s/2.0/stuff -H 'Content-Type: application/json' -d '{"id":"tea","stuff":"Assam"}'
  curl -i %[1]s/2.0/stuff/tea
  curl -i %[1]s/1.0/stuff
  curl %[1]s/routes -H 'Host: %[2]s' -u %[3]s
and read %[1]s/docs
`, base, c.Host, user)
	})
}

// service returns the tree of handlers.
func service(c config, s *store) *tigertonic.TrieServeMux {
	registry := metrics.NewRegistry()
	cors := tigertonic.NewCORSBuilder().AddAllowedOrigins(c.Origins...).AddAllowedHeaders("Content-Type")
	stack := func(name string, h http.Handler) http.Handler {
		return tigertonic.CountedByStatus(cors.Build(h), name, registry)
	}

	root, ops, hosts := tigertonic.NewTrieServeMux(), tigertonic.NewTrieServeMux(), tigertonic.NewHostServeMux()
	root.HandleNamespace("/1.0", stack("classic", tigertonic.WithContext(classic(s, registry), stuff{})))
	root.HandleNamespace("/2.0", stack("typed", typed(s)))
	root.Handle("GET", "/version", tigertonic.Version(version))
	root.Handle("GET", "/metrics.json", tigertonic.Marshaled(func(*url.URL, http.Header) (int, http.Header, metrics.Registry, error) {
		return http.StatusOK, nil, registry, nil
	}))
	root.HandleNamespace("", hosts) // what is left is for operators, and has a host of its own
	hosts.Handle(c.Host, tigertonic.HTTPBasicAuth(map[string]string{"operator": c.Password}, "stuff", ops))
	routes := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, tigertonic.Explain(root)) }
	ops.Handle("GET", "/routes", tigertonic.Described(http.HandlerFunc(routes), func(op *tigertonic.Operation) {
		op.Summary = "The tree of handlers, as a table"
		op.Response(http.StatusOK).Add("text/plain", tigertonic.MediaType{Schema: tigertonic.SchemaOf[string]()})
	}))
	doc := describe(root)
	root.Handle("GET", "/openapi.json", doc.Handler())
	root.Handle("GET", "/docs", openapi.Page(doc))
	root.Handle("POST", "/mcp", mcp.New(root, mcp.Options{ // agents read all, and add
		Name: "stuff", Version: version, Tags: []string{"stuff"}, Operations: []string{"POST /2.0/stuff"},
	}))
	return root
}

// describe returns the document of the service.
func describe(root http.Handler) *openapi.Document {
	return openapi.New(root, openapi.Info{Title: "Stuff", Version: version, Description: "Keeps stuff in memory."})
}

var private = regexp.MustCompile(`(?is)("(?:stuff|[^"\\]*\\[^"]*)"\s*:\s*)\\?"(\\.|[^"\\])*"?`) // its name may be escaped, or all of it

// redact keeps what clients store out of the log.
func redact(text string) string { return private.ReplaceAllString(text, `$1"redacted"`) }
