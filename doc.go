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
// [Typed] makes a handler of a plain function, whose input is bound to the parts
// of the request and checked before it is called, and whose output is the
// response:
//
//	type search struct {
//		Limit int    `query:"limit" default:"20" minimum:"1" maximum:"100"`
//		Owner string `path:"owner" maxLength:"40" doc:"Whose stuff."`
//	}
//
//	func find(ctx context.Context, in *search) ([]Stuff, error)
//
// Fields come from the path, the query, a header, a cookie or, as JSON, the body,
// and their limits are in the words of JSON Schema. What these can't say, a
// [Validator] does. [Opt] tells absent, null and a value apart, and [Patch] is a
// JSON merge patch. All that is wrong with a request is told at once.
//
// A value is answered as JSON. [CreatedResponse], [AcceptedResponse] and
// [Response] choose the status and the headers, [Stream] is any body, and an
// iter.Seq2[T, error] is sent value by value, as a JSON array, as lines or as
// server-sent events.
//
// An [Endpoint], which Typed returns, takes what its types don't tell:
// [Endpoint.Summary], [Endpoint.Description], [Endpoint.Tags],
// [Endpoint.OperationID], [Endpoint.Deprecated], and [Endpoint.Errors] for the
// errors that the function may return. It works in other muxes than those of this
// package, too: it reads r.PathValue.
//
// # Classic functions
//
// [Marshaled] makes a handler of a plain function, which is given the URL, the
// headers and the decoded body, and returns a status, headers, what to encode as
// the body, and an error:
//
//	func create(u *url.URL, h http.Header, rq *Stuff) (int, http.Header, *Stuff, error)
//
// Such a function can be tested without HTTP; package mocking makes its
// arguments. The types are checked when the handler is made, and the request is
// checked before the function is called: media type, size, syntax, and whether
// the client accepts JSON.
//
// # Errors
//
// An error that is an [HTTPEquivError] has a status: there is a type for each,
// such as [NotFound], and NotFound{err} is err with the status 404. A
// [NamedError] says what clients are to call it.
//
// Typed functions are answered with problems, application/problem+json, by RFC
// 9457. A [Problem] is sent as it is, [FieldErrors] with the place of each, other
// errors with a status under 500 with their text, and of anything else the client
// is told no more than an ID, under which [Logged] and [JSONLogged] have the
// cause.
//
// For all else, those of the muxes too, [ResponseErrorWriter] writes
//
//	{"description":"what went wrong","error":"tigertonic.NotFound"}
//
// or plain text to clients that don't accept JSON. Set it to [ProblemWriter] to
// have problems everywhere.
//
// # Descriptions
//
// The handlers of this package say what is to be known of the operations that
// they serve: each that has something to say is a [Describer], and [Described]
// makes one of any other. Package openapi makes an OpenAPI document of a tree of
// handlers, and a page for people; package openapi/openapitest holds the document
// to a file, in a test. [SchemaOf] returns the schema of a type.
//
// # Muxes
//
// [TrieServeMux] routes by method and path. A pattern's {name} is a wildcard for
// one segment, {name...} for the rest. It knows which methods a path has: it
// answers 405, OPTIONS, preflights and HEAD. [TrieServeMux.HandleNamespace]
// mounts a handler, as a version of an API, and [HostServeMux] is a mux by host.
//
// Classic functions find their wildcards in the query, by u.Query().Get("name"),
// and handlers in r.PathValue("name"), too. A [HandlerFunc] reads them with
// [PathValue], a [ParamsFunc] is passed them, and then routing to it allocates
// nothing.
//
// [Routes] walks a tree, for programs, and [Explain] prints it, for people.
//
// # Middleware
//
// A middleware is a function from handler to handler, to be put round one
// endpoint, a mux or the whole service. They read from the outside to the
// inside:
//
//	tigertonic.Logged(tigertonic.CountedByStatus(tigertonic.WithContext(mux, session{}), "http", nil), redact)
//
// These are there:
//
//   - [If] and [First] decide whether to go on; [HTTPBasicAuth] is made of them.
//   - [WithContext] gives each request a value of a type of yours, which
//     [ContextOf] finds in the request and [ContextFrom] in its context.
//   - [Logged], [JSONLogged] and [ApacheLogged] log, without what a [Redactor]
//     takes out.
//   - [Counted], [Timed], [CountedByStatus] and [CountedByStatusXX] measure, with
//     go-metrics.
//   - [CORSBuilder] builds CORS, which works wherever it stands.
//   - [Recovered] answers for handlers that panic, and [Identified] gives each
//     request an ID. [Accessed] logs a line for each, by log/slog, which a
//     [BufferedJSONHandler] makes cheap.
//   - [Sized], [Limited] and [Within] limit bodies, the requests at a time and
//     how long they take.
//   - [Cached] sets Cache-Control, and [PostProcessed] shows responses to a
//     function.
//
// Each has a method Unwrap, and so has what it puts in front of a
// ResponseWriter: [http.ResponseController] reaches the server through all of
// them. Handlers of other libraries can stand anywhere in the tree, and the tree
// anywhere in theirs.
//
// # Serving
//
// [Server] is an [http.Server] with limits on what slow clients can hold up. Its
// Close lets the requests on its connections end before it stops. [Server.Run]
// serves until a signal, and hands over to a new process on another. Package admin
// is what operators want to know of a server, on a port of its own. [Configure]
// reads a configuration file, and [Version] tells which one is running.
//
// # Panics and variables
//
// What is wrong with a pattern, a function, its types or a configuration panics
// when it is registered, with a message that names the place in the program. A
// request's content never does. The package's variables, [ResponseErrorWriter],
// [SnakeCaseHTTPEquivErrors] and [ConfigExt], are to be set before serving.
package tigertonic
