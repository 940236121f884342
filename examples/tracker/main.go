// Tracker keeps issues of projects, with attachments, for people who come with a token of
// an OpenID provider, and for their agents.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/go-chi/httprate"
	"github.com/klauspost/compress/gzhttp"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"
	"github.com/rcrowley/go-tigertonic/examples/internal/serving"
	"github.com/rcrowley/go-tigertonic/mcp"
	"github.com/rcrowley/go-tigertonic/openapi"
)

const version = "1.0.0"

type options struct {
	db, files, issuer, audience, origin string
	perMinute                           int // requests of an address
}

func main() {
	var o options
	example := serving.Flags(flag.CommandLine, "tracker")
	flag.StringVar(&o.db, "db", "tracker.db", "SQLite `file`, or the URL of a PostgreSQL database, postgres://…")
	flag.StringVar(&o.files, "files", "tracker.files", "`folder` of the attachments")
	flag.StringVar(&o.issuer, "issuer", "", "`URL` of the OpenID provider whose tokens are accepted; without one, a token to try is printed")
	flag.StringVar(&o.audience, "audience", "tracker", "`audience` that tokens must be for")
	flag.StringVar(&o.origin, "origin", "http://localhost:3000", "`origin` of the web pages that may use the API")
	flag.IntVar(&o.perMinute, "rate", 600, "`requests` per minute that an address may make")
	flag.Parse()
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{}
	if err := run(context.Background(), example, o); err != nil {
		slog.Error("tracker has ended", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, example *serving.Example, o options) error {
	if err := example.Choose(os.Stdout); err != nil {
		return err
	}
	flush, err := traces(ctx)
	if err != nil {
		return err
	}
	defer flush()
	who, token, err := newVerifier(ctx, o)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.files, 0o700); err != nil {
		return err
	}
	db, err := open(ctx, o.db)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // all that was answered is committed
	server := tigertonic.NewServer(example.Listen, service(&tracker{db, o.files}, who, o))
	inside := admin.New(server.Handler, admin.Options{Name: "tracker", Version: version})
	inside.Check("database", time.Second, db.PingContext)
	return example.Run(ctx, server, inside, func(base string) string {
		return fmt.Sprintf(`  TOKEN=%[2]s
  curl -i %[1]s/projects -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"id":"kettle","name":"The kettle"}'
  curl -i %[1]s/projects/kettle/issues -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"title":"It leaks"}'
  curl %[1]s/projects/kettle/issues -H "Authorization: Bearer $TOKEN"
and read %[1]s/docs
`, base, token)
	})
}

// service returns the tree of handlers, from what a request meets first to the endpoints.
func service(t *tracker, who *tigertonic.Auth, o options) http.Handler {
	root, api := tigertonic.NewTrieServeMux(), tigertonic.NewTrieServeMux()
	write := func(h http.Handler) http.Handler { return tigertonic.Scoped(h, "issues:write") }
	api.Handle("POST", "/projects", write(tigertonic.Typed(t.addProject).OperationID("addProject").Summary("Add a project").Tags("projects").Errors(errTaken)))
	api.Handle("POST", "/projects/{project}/issues", write(tigertonic.Typed(t.addIssue).OperationID("addIssue").Summary("Add an issue").Tags("issues").Errors(errNoProject)))
	api.Handle("GET", "/projects/{project}/issues", tigertonic.Typed(t.list).OperationID("listIssues").Summary("List issues").Tags("issues").Errors(errNoProject))
	api.Handle("GET", "/projects/{project}/changes", tigertonic.Typed(t.watch).OperationID("watchIssues").Summary("Watch issues change").Tags("issues").Errors(errNoProject))
	api.Handle("GET", "/issues/{id}", tigertonic.Typed(t.show).OperationID("showIssue").Summary("Show an issue").Tags("issues").Errors(errNoIssue))
	api.Handle("PATCH", "/issues/{id}", write(tigertonic.Typed(t.patch).OperationID("changeIssue").Summary("Change an issue").Tags("issues").Errors(errNoIssue, tigertonic.PreconditionRequired{})))
	api.Handle("POST", "/issues/{id}/attachments", write(tigertonic.Typed(t.attach).OperationID("attachFile").Summary("Attach a file").Tags("attachments").Errors(errNoIssue)))
	api.Handle("GET", "/attachments/{id}", tigertonic.Typed(t.download).OperationID("downloadAttachment").Summary("Download an attachment").Tags("attachments").Errors(errNoFile))
	cors := tigertonic.NewCORSBuilder().AddAllowedOrigins(o.origin).AddAllowedHeaders("Authorization", "Content-Type", "If-Match").AddExposedHeaders("ETag", "Location")
	root.HandleNamespace("", cors.Build(tigertonic.Described(tigertonic.Authenticated(api, who), func(op *tigertonic.Operation) {
		op.AddError(http.StatusServiceUnavailable, "The provider of tokens can't be asked")
	})))
	h := tigertonic.Stack(root,
		otelhttp.NewMiddleware("tracker"), // outside of the rest, so that the trace has all of it
		routed,
		tigertonic.MiddlewareWith(tigertonic.Identified, (*tigertonic.IdentifyOptions)(nil)),
		tigertonic.MiddlewareWith(tigertonic.Accessed, (*tigertonic.AccessOptions)(nil)),
		func(h http.Handler) http.Handler { return limited(h, o.perMinute) },
		func(h http.Handler) http.Handler { return gzhttp.GzipHandler(h) },
	)
	doc := describe(h)
	root.Handle("GET", "/openapi.json", doc.Handler())
	root.Handle("GET", "/docs", openapi.Page(doc))
	root.Handle("POST", "/mcp", mcp.New(root, mcp.Options{Name: "tracker", Version: version, Tags: []string{"issues"}}))
	return h
}

func describe(h http.Handler) *openapi.Document {
	return openapi.New(h, openapi.Info{Title: "Tracker", Version: version, Description: "Keeps issues of projects."})
}

// limited limits how many requests an address may make.
func limited(h http.Handler, perMinute int) http.Handler {
	tooMany := func(w http.ResponseWriter, r *http.Request) {
		tigertonic.ResponseErrorWriter.WriteError(r, w, tigertonic.TooManyRequests{Err: errors.New("too many requests from your address")})
	}
	limit := httprate.LimitBy(perMinute, time.Minute, byAddress, httprate.WithLimitHandler(tooMany), httprate.WithResponseHeaders(
		httprate.ResponseHeaders{Limit: "RateLimit-Limit", Remaining: "RateLimit-Remaining", RetryAfter: "Retry-After"}))
	return tigertonic.Wrapped(h, limit, func(op *tigertonic.Operation) {
		op.AddError(http.StatusTooManyRequests, "The address has made too many requests")
		number := tigertonic.SchemaOf[int]()
		op.Response(http.StatusTooManyRequests).SetHeader("Retry-After", "Seconds until the next request may come.", number)
		for _, rs := range op.Responses {
			rs.SetHeader("RateLimit-Limit", "How many requests an address may make in a minute.", number)
			rs.SetHeader("RateLimit-Remaining", "How many of them are left.", number)
		}
	})
}

// routed adds the route to the span, which begins before it is known.
func routed(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		_, route, _ := strings.Cut(r.Pattern, " ")
		trace.SpanFromContext(r.Context()).SetAttributes(attribute.String("http.route", route))
	})
}

// byAddress is what a client is counted by. Behind proxies, put tigertonic.Proxied outside of it.
func byAddress(r *http.Request) (string, error) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	return httprate.CanonicalizeIP(host), err
}

// traces exports spans by OTLP if the environment says where to (OTEL_EXPORTER_OTLP_ENDPOINT).
func traces(ctx context.Context) (flush func(), err error) {
	otel.SetTextMapPropagator(propagation.TraceContext{})
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" {
		return func() {}, nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, err
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter))
	otel.SetTracerProvider(provider)
	return func() { _ = provider.Shutdown(context.WithoutCancel(ctx)) }, nil // or the collector is gone
}
