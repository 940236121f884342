// Package mcp turns operations of a tree of handlers into tools of the Model Context
// Protocol, for agents, with the official SDK. Calling a tool calls the handler, so the
// tree's authentication, limits, checks and logs apply. It is its own module: a service
// without agents doesn't link it.
package mcp

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/openapi"
)

// Options selects the operations that become tools, and describes the service to agents.
// At least one tag or operation is required; the rest is optional.
type Options struct {
	Name         string // of the service, "tigertonic" by default
	Version      string // of the service
	Instructions string // for agents, about the service as a whole

	// Tags selects all operations with one of these tags that only read: GET.
	Tags []string
	// Operations selects more operations, by operation ID or as "POST /stuff". An
	// operation that changes something becomes a tool only if you name it here.
	Operations []string

	// Origins are the origins whose pages may call the server, "https://app.example.com". A
	// request with any other Origin header, which browsers send for each page, gets a 403.
	// The default is none, since agents aren't pages. List them one by one: "*" isn't one.
	Origins []string
	// Headers are passed on from an agent's request to the handler, in addition to
	// Authorization, the keys of the operation's security schemes, User-Agent,
	// X-Request-Id, and the headers of traces and proxies.
	Headers []string

	MaxFile   int           // bytes of a file in an argument, 1 MiB by default
	MaxAnswer int           // bytes of a response, 1 MiB by default; a longer one is an error
	MaxItems  int           // values read from a stream, 100 by default
	MaxTime   time.Duration // for reading a stream, 30 seconds by default
}

// Server serves agents. Create one with [New]; the zero value isn't usable. It is safe for
// concurrent use.
type Server struct {
	options Options
	handler http.Handler
	tools   []*tool
	server  *mcp.Server
	http    http.Handler
}

// New returns a server of tools that call h. Everything in h must be registered by then,
// except the server itself: it can be mounted in h, and h's document leaves it out. A tool
// is named after its operation's ID, and has the operation's summary and description, an
// argument for each parameter, and one called body for the body. The body of a form is an
// object with its fields. A file is an object as well: data has its content in base64, and
// mediaType and name what they say. If the operation is on hosts with a wildcard, that is an
// argument, by default what the caller's own host has for it.
//
// New panics if a tag or an operation doesn't exist, if none is given, if an operation
// can't be a tool because its body isn't JSON, text, a form or a file, if no browser sends
// one of the origins or a header can't have its name, or if two tools would have the same
// name. Names keep only A-Z, a-z, 0-9, _ and -, and at most 64 characters.
func New(h http.Handler, o Options) *Server {
	if h == nil {
		callsite.Panicf("mcp.New: the handler is nil")
	}
	o.Tags, o.Operations = slices.Clone(o.Tags), slices.Clone(o.Operations)
	o.Origins, o.Headers = slices.Clone(o.Origins), slices.Clone(o.Headers)
	if o.Name == "" {
		o.Name = "tigertonic"
	}
	if o.MaxFile <= 0 {
		o.MaxFile = 1 << 20
	}
	if o.MaxAnswer <= 0 {
		o.MaxAnswer = 1 << 20
	}
	if o.MaxItems <= 0 {
		o.MaxItems = 100
	}
	if o.MaxTime <= 0 {
		o.MaxTime = 30 * time.Second
	}
	version := o.Version
	if version == "" {
		version = "0"
	}
	doc := readDocument(openapi.New(h, openapi.Info{Title: o.Name, Version: version}).JSON(), tigertonic.Routes(h))
	tools, problems := doc.tools(o)
	for _, origin := range o.Origins {
		if err := httpfield.CheckOrigin(origin); err != nil {
			problems = append(problems, fmt.Sprintf("%q is not an origin: %v", origin, err))
		}
	}
	for _, name := range o.Headers {
		if !httpfield.IsToken(name) {
			problems = append(problems, fmt.Sprintf("%q isn't a header name", name))
		}
	}
	if len(problems) > 0 {
		callsite.Panicf("mcp.New: %s", strings.Join(problems, "; "))
	}
	s := &Server{options: o, handler: tigertonic.Recovered(h), tools: tools}
	s.server = mcp.NewServer(&mcp.Implementation{Name: o.Name, Version: version}, &mcp.ServerOptions{
		Instructions: o.Instructions,
		Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}},
	})
	for _, t := range tools {
		s.server.AddTool(t.describe(doc), func(ctx context.Context, rq *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return s.call(ctx, t, rq), nil
		})
	}
	s.http = mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s.server }, &mcp.StreamableHTTPOptions{
		Stateless: true, // there is no session that anybody could take over
	})
	return s
}

// ServeHTTP serves the protocol's Streamable HTTP transport. Mount it for POST. There are
// no sessions: each request stands by itself, and a call has the credentials of its
// request. A request with an unlisted Origin gets a 403. So does a request over the
// loopback interface with a foreign Host, which stops DNS rebinding: a web page whose own
// name resolves to this machine.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header["Origin"]; len(origin) > 0 && (len(origin) > 1 || !slices.Contains(s.options.Origins, origin[0])) {
		tigertonic.ResponseErrorWriter.WriteError(r, w, tigertonic.Forbidden{Err: errOrigin})
		return
	}
	s.http.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, &caller{request: r, header: r.Header})))
}

// Stdio serves an agent that has started the program, over standard input and output, until
// the agent is gone or the context ends. Nothing else may write to standard output. The
// header, which may be nil, is added to each request to the handler: the agent's
// Authorization, for example, from the program's environment.
func (s *Server) Stdio(ctx context.Context, header http.Header) error {
	return s.Serve(ctx, &mcp.StdioTransport{MaxLineLength: mcp.DefaultMaxRequestBodyBytes}, header)
}

// Serve is like [Server.Stdio] over any transport of the SDK.
func (s *Server) Serve(ctx context.Context, t mcp.Transport, header http.Header) error {
	return s.server.Run(context.WithValue(ctx, callerKey{}, &caller{header: header.Clone()}), t)
}

// A caller is the caller of a tool.
type caller struct {
	request *http.Request // or nil, if the call didn't come over HTTP
	header  http.Header
}

type callerKey struct{}

// SDK returns the SDK's server. You can add resources and prompts to it before it serves.
func (s *Server) SDK() *mcp.Server { return s.server }

// Describe hides the server from documents.
func (s *Server) Describe(op *tigertonic.Operation) { op.Hidden = true }

// String is how [tigertonic.Explain] shows the server.
func (s *Server) String() string { return fmt.Sprintf("mcp.Server(%d tools)", len(s.tools)) }
