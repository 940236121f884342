// Package tigertonic is a framework for JSON web services in which everything is
// an [http.Handler]. A service is a tree of handlers, made by plain function
// calls, and that tree is all there is: no context type, no registry, no code
// generation.
//
//	mux := tigertonic.NewTrieServeMux()
//	mux.Handle("GET", "/stuff/{id}", tigertonic.Timed(tigertonic.Marshaled(get), "get-stuff", nil))
//	mux.Handle("POST", "/stuff", tigertonic.Timed(tigertonic.Marshaled(create), "create-stuff", nil))
//	log.Fatal(tigertonic.NewServer(":8000", tigertonic.Logged(mux, nil)).ListenAndServe())
//
// # Functions
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
// [NamedError] says what clients are to call it. [ResponseErrorWriter] writes
// them all, those of the muxes too, as
//
//	{"description":"what went wrong","error":"tigertonic.NotFound"}
//
// or as plain text to clients that don't accept JSON.
//
// # Muxes
//
// [TrieServeMux] routes by method and path. A pattern's {name} is a wildcard for
// one segment, {name...} for the rest. It knows which methods a path has: it
// answers 405, OPTIONS, preflights and HEAD. [TrieServeMux.HandleNamespace]
// mounts a handler, as a version of an API, and [HostServeMux] is a mux by host.
//
// Functions find their wildcards in the query, by u.Query().Get("name"), and
// handlers in r.PathValue("name"), too. A [HandlerFunc] reads them with
// [PathValue], and then routing to it allocates nothing.
//
// [Routes] walks a tree, for programs, and [Explain] prints it, for people.
//
// # Middleware
//
// A middleware is a function from handler to handler, to be put round one
// endpoint, a mux or the whole service. They read from the outside to the
// inside:
//
//		tigertonic.Logged(tigertonic.CountedByStatus(tigertonic.WithContext(mux, session{}), "http", nil), redact)
//
//	  - [If] and [First] decide whether to go on; [HTTPBasicAuth] is made of them.
//	  - [WithContext] gives each request a value of a type of yours.
//	  - [Logged], [JSONLogged] and [ApacheLogged] log, without what a [Redactor]
//	    takes out.
//	  - [Counted], [Timed], [CountedByStatus] and [CountedByStatusXX] measure, with
//	    go-metrics.
//	  - [CORSBuilder] builds CORS, which works wherever it stands.
//	  - [Sized] limits bodies, [Cached] sets Cache-Control, and [PostProcessed]
//	    shows responses to a function.
//
// Each has a method Unwrap, and so has what it puts in front of a
// ResponseWriter: [http.ResponseController] reaches the server through all of
// them. Handlers of other libraries can stand anywhere in the tree, and the tree
// anywhere in theirs.
//
// # Serving
//
// [Server] is an [http.Server] with limits on what slow clients can hold up. Its
// Close lets the requests on its connections end before it stops. [Configure] reads a configuration
// file, and [Version] tells which one is running.
//
// # Panics and variables
//
// What is wrong with a pattern, a function or a configuration panics when it is
// registered, with a message that names the place in the program. A request's
// content never does. The package's variables, [ResponseErrorWriter],
// [SnakeCaseHTTPEquivErrors] and [ConfigExt], are to be set before serving.
package tigertonic
