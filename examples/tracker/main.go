// Tracker keeps issues of projects, with attachments, for people who come with a token of
// an OpenID provider, and for their agents.
package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/httprate"
	"github.com/klauspost/compress/gzhttp"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"
	"github.com/rcrowley/go-tigertonic/examples/internal/idtoken"
	"github.com/rcrowley/go-tigertonic/examples/internal/objects"
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
	flag.StringVar(&o.files, "files", "tracker.files", "`directory` of the attachments, or s3://BUCKET/PREFIX?endpoint=…")
	flag.StringVar(&o.issuer, "issuer", "", "`URL` of the OpenID provider whose tokens are accepted; without one, a token to try is printed")
	flag.StringVar(&o.audience, "audience", "tracker", "`audience` that tokens must be for")
	flag.StringVar(&o.origin, "origin", "http://localhost:3000", "`origin` of the web pages that may use the API")
	flag.IntVar(&o.perMinute, "rate", 600, "`requests` per minute that an address may make")
	flag.Parse()
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{}
	example.Main(func(ctx context.Context, level *slog.LevelVar) error {
		t, token, err := newTracker(ctx, o)
		if err != nil {
			return err
		}
		defer t.db.Close() //nolint:errcheck // all that was answered is committed
		server := tigertonic.NewServer(example.Listen, t.service(o))
		inside := admin.New(server.Handler, admin.Options{Name: "tracker", Version: version, Level: level})
		inside.Check("database", time.Second, t.db.PingContext)
		return example.Run(ctx, server, inside, func(base string) string { return fmt.Sprintf(try, base, token) })
	})
}

const try = `  TOKEN=%[2]s
  curl -i %[1]s/projects -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"id":"kettle","name":"The kettle"}'
  curl -i %[1]s/projects/kettle/issues -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"title":"It leaks"}'
  curl %[1]s/projects/kettle/issues -H "Authorization: Bearer $TOKEN"
and read %[1]s/docs
`

// A user is who makes a request: the claims of a token.
type user struct{ Name, Scope string }

// HasScope is asked by tigertonic.Scoped.
func (u *user) HasScope(scope string) bool { return slices.Contains(strings.Fields(u.Scope), scope) }

// newTracker opens what the options name. The token is one to try, unless a provider issues them.
func newTracker(ctx context.Context, o options) (t *tracker, token string, err error) {
	token = rand.Text()
	find := tigertonic.KnownTokens(map[string]*user{token: {"ann", "issues:write"}})
	if o.issuer != "" {
		token = "…"
		find, err = idtoken.Verifier[user](ctx, o.issuer, o.audience)
	}
	files, noFiles := objects.OpenLibrary(o.files)
	db, noDB := open(ctx, o.db)
	return &tracker{db, files, find}, token, errors.Join(err, noFiles, noDB)
}

// service returns the tree of handlers, from what a request meets first to the endpoints.
func (t *tracker) service(o options) http.Handler {
	endpoint := func(e *tigertonic.Endpoint, id, summary string, none error) *tigertonic.Endpoint {
		return e.OperationID(id).Summary(summary).When(sql.ErrNoRows, none)
	}
	write := func(e *tigertonic.Endpoint) http.Handler { return tigertonic.Scoped(e, "issues:write") }
	noSuch := func(what string) error { return tigertonic.NotFound{Err: errors.New("there is no such " + what)} }
	noProject, noIssue, noFile := noSuch("project"), noSuch("issue"), noSuch("attachment")
	taken := tigertonic.Conflict{Err: errors.New("there is a project with this ID already")}
	root, api := tigertonic.NewTrieServeMux(), tigertonic.NewTrieServeMux()
	api.Handle("POST", "/projects", write(endpoint(tigertonic.Typed(t.addProject), "addProject", "Add a project", taken).Tags("projects")))
	api.Handle("POST", "/projects/{project}/issues", write(endpoint(tigertonic.Typed(t.addIssue), "addIssue", "Add an issue", noProject).Tags("issues")))
	api.Handle("GET", "/projects/{project}/issues", endpoint(tigertonic.Typed(t.list), "listIssues", "List issues", noProject).Tags("issues"))
	api.Handle("GET", "/projects/{project}/changes", endpoint(tigertonic.Typed(t.watch), "watchIssues", "Watch issues change", noProject).Tags("issues"))
	api.Handle("GET", "/issues/{id}", endpoint(tigertonic.Typed(t.show), "showIssue", "Show an issue", noIssue).Tags("issues"))
	api.Handle("PATCH", "/issues/{id}", write(endpoint(tigertonic.Typed(t.patch), "changeIssue", "Change an issue", noIssue).Tags("issues")))
	attach := endpoint(tigertonic.Typed(t.attach), "attachFile", "Attach a file", noIssue).Tags("attachments")
	api.Handle("POST", "/issues/{id}/attachments", write(attach))
	download := endpoint(tigertonic.Typed(t.download), "downloadAttachment", "Download an attachment", noFile).Tags("attachments")
	api.Handle("GET", "/attachments/{id}", download)
	who := tigertonic.BearerAuth(t.find).Realm("tracker").Scheme(tigertonic.SecurityScheme{Name: "token", Scheme: "bearer", BearerFormat: "JWT"})
	unknown := tigertonic.NewRefusal(tigertonic.ServiceUnavailable{Err: errors.New("the provider of tokens can't be asked")})
	cors := tigertonic.NewCORSBuilder().AddAllowedOrigins(o.origin).AddAllowedHeaders("Authorization", "Content-Type", "If-Match").
		AddExposedHeaders("ETag", "Location")
	tooMany := tigertonic.TooManyRequests{Err: errors.New("too many requests from your address")}
	refusal := tigertonic.NewRefusal(tooMany, "RateLimit-Limit", "RateLimit-Remaining")
	limit := httprate.LimitBy(o.perMinute, time.Minute, tigertonic.ClientKey, httprate.WithLimitHandler(refusal.ServeHTTP),
		httprate.WithResponseHeaders(httprate.ResponseHeaders{Limit: "RateLimit-Limit", Remaining: "RateLimit-Remaining", RetryAfter: "Retry-After"}))
	root.HandleNamespace("", cors.Build(tigertonic.Described(tigertonic.Authenticated(api, who), unknown.Describe)))
	h := tigertonic.Stack(root,
		serving.Traced("tracker"),
		tigertonic.MiddlewareWith(tigertonic.Identified, (*tigertonic.IdentifyOptions)(nil)),
		tigertonic.MiddlewareWith(tigertonic.Accessed, (*tigertonic.AccessOptions)(nil)),
		func(h http.Handler) http.Handler { return tigertonic.Wrapped(h, limit, refusal.Describe) },
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
