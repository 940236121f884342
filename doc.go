// Package tigertonic is a framework for JSON web services in which everything is
// an [http.Handler]. A service is a tree of handlers, made by plain function
// calls, and that tree is all there is: no context type, no registry, no code
// generation.
//
//	mux := tigertonic.NewTrieServeMux()
//	mux.Handle("GET", "/stuff/{id}", tigertonic.Timed(tigertonic.Typed(get), "get-stuff", nil))
//	mux.Handle("POST", "/stuff", tigertonic.Timed(tigertonic.Typed(create), "create-stuff", nil))
//	log.Fatal(tigertonic.NewServer(":8000", tigertonic.Logged(mux, nil)).ListenAndServe())
//
// # Typed functions
//
// [Typed] turns a plain function into a handler. It binds the function's input to
// the parts of a request, checks it, calls the function, and sends its output:
//
//	type search struct {
//		Limit int    `query:"limit" default:"20" minimum:"1" maximum:"100"`
//		Owner string `path:"owner" maxLength:"40" doc:"Whose stuff."`
//	}
//
//	func find(ctx context.Context, in *search) ([]Stuff, error)
//
// Fields come from the path, the query, a header, a cookie or the JSON body, and
// tags limit them with JSON Schema's keywords. A [Validator] checks what tags can't
// express. [Opt] distinguishes absent, null and a value, and [Patch] is a JSON merge
// patch. An invalid request gets an error that lists everything wrong with it.
//
// A value is sent as JSON. [CreatedResponse], [AcceptedResponse] and [Response]
// choose the status and the headers, [Stream] sends any body, and an
// iter.Seq2[T, error] is sent value by value, as a JSON array, as JSON lines or as
// server-sent events.
//
// Typed returns an [Endpoint], whose methods add what the types don't say:
// [Endpoint.Summary], [Endpoint.Description], [Endpoint.Tags],
// [Endpoint.OperationID], [Endpoint.Deprecated], and [Endpoint.Errors] for the
// errors that the function may return. It also works in other muxes, because it
// reads r.PathValue.
//
// [Declare] declares an operation once: its method, pattern, input and output. The mux
// registers the declaration, package client calls it, and it builds URLs for links.
//
// # Classic functions
//
// [Marshaled] turns a plain function into a handler. The function takes the URL, the
// headers and the decoded body, and returns a status, headers, a value to encode as
// the body, and an error:
//
//	func create(u *url.URL, h http.Header, rq *Stuff) (int, http.Header, *Stuff, error)
//
// You can test such a function without HTTP; package mocking makes its arguments.
// Marshaled checks the types when it makes the handler. For each request, it checks
// the media type, the size, the syntax, and whether the client accepts JSON, before
// it calls the function.
//
// # Errors
//
// An [HTTPEquivError] is an error with a status. There is a type for each status:
// NotFound{Err: err} is err with the status 404. A [NamedError] has a name for
// clients.
//
// A typed function's error is sent as a problem, application/problem+json (RFC 9457):
// a [Problem] as it is, [FieldErrors] with the place of each, and any other error with
// a status under 500 with its text. For all other errors, the client gets only an ID;
// [Logged] and [JSONLogged] log the ID and the cause.
//
// Classic functions, middleware and muxes use [ResponseErrorWriter], which sends
//
//	{"description":"what went wrong","error":"tigertonic.NotFound"}
//
// or plain text to clients that don't accept JSON. Set it to a [ProblemWriter] to
// send problems everywhere.
//
// # Descriptions
//
// The handlers of this package describe the operations that they serve: they are
// [Describer]s, and [Described] makes any other handler one. Package openapi generates
// an OpenAPI document from a tree of handlers, and a page that shows it; package
// openapi/openapitest compares the document with a file in a test. [SchemaOf] returns
// the JSON Schema of a type.
//
// # Muxes
//
// [TrieServeMux] routes by method and path. In a pattern, {name} is a wildcard for one
// segment, and {name...} for the rest of the path. The mux itself handles 405s, OPTIONS,
// preflights and HEAD. [TrieServeMux.HandleNamespace] mounts a handler under a path, such
// as a version of an API, and [HostServeMux] routes by host.
//
// Classic functions read wildcards from the query, with u.Query().Get("name"), and other
// handlers with r.PathValue("name"); [WildcardsInQuery] writes them into the query for any
// handler. With a [HandlerFunc] and [PathValue], or a [ParamsFunc], routing allocates
// nothing. A file server, a proxy or another router gets only unambiguous paths: those that
// it can't read differently from the mux.
//
// [Routes] walks a tree, for programs, and [Explain] prints it, for people.
//
// # Middleware
//
// A middleware is a function from handler to handler. Put it around an endpoint, a mux
// or the whole service. It reads from the outside in:
//
//	tigertonic.Logged(tigertonic.CountedByStatus(tigertonic.WithContext(mux, session{}), "http", nil), redact)
//
// The package has these:
//
//   - [If] and [First] decide whether to call the next handler; [HTTPBasicAuth] uses them.
//   - [Authenticated] identifies the caller by a token, a key or a certificate, and [Scoped] checks what
//     they may do.
//   - [Proxied] restores the client's address, scheme and host behind proxies.
//   - [WithContext] gives each request its own value of your type. [ContextOf] finds it
//     by the request, [ContextFrom] by the context.
//   - [Logged], [JSONLogged] and [ApacheLogged] log requests; a [Redactor] removes
//     secrets.
//   - [Counted], [Timed], [CountedByStatus] and [CountedByStatusXX] measure with
//     go-metrics.
//   - [CORSBuilder] builds CORS for a handler, a mux or the whole service, even inside
//     wrappers with a method Unwrap: see [CORSHandler].
//   - [Recovered] turns panics into 500s, and [Identified] gives each request an ID.
//     [Accessed] logs a line per request with log/slog; a [BufferedJSONHandler] makes
//     that cheap.
//   - [Decompressed] decompresses request bodies that are sent in gzip or another
//     coding.
//   - [StrictQuery] refuses unknown query parameters.
//   - [Sized], [Limited] and [Within] limit the size of bodies, the number of concurrent
//     requests, and the time that they take.
//   - [Conditional] lets a client change only the version that it knows, by ETag.
//   - [Deprecated] tells clients since when something is deprecated, and when it will
//     be gone.
//   - [Cached] sets Cache-Control, and [PostProcessed] passes responses to a function.
//
// Each has a method Unwrap, and so do their ResponseWriters, so
// [http.ResponseController] works through all of them. Handlers of other libraries can
// be anywhere in the tree, and the tree anywhere in theirs.
//
// # Serving
//
// [Server] is an [http.Server] that limits slow clients. Its Close lets the requests in
// flight end. [Server.Run] serves until a signal, and hands over to a new process on
// another one. Package admin shows operators the state of a service, on a separate port.
// [Configure] reads a configuration file, and [Version] serves the running version.
//
// # Panics and variables
//
// A mistake in a pattern, a function, its types or its options panics at registration,
// with a message that names the line in your program. A request never makes the package
// panic. Set the package variables [ResponseErrorWriter], [SnakeCaseHTTPEquivErrors] and
// [ConfigExt] before serving.
package tigertonic
