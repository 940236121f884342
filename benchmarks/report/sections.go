package report

// A section is about one benchmark.
type section struct {
	group, title, text string
	ours               string // the peer that the others are compared with
	unit               string // of what is compared, if it isn't time
	columns            []column
}

// A column of the table of all figures.
type column struct {
	name, unit string
	spread     bool
}

func inProcess() []column {
	return []column{
		{"time", wallTime, true},
		{"CPU time", cpuTime, true},
		{"bytes", "B/op", false},
		{"allocations", allocations, false},
	}
}

const times = "The first column is ours, and the others are how many times as long it takes them: more than 1 is slower than ours, less is faster."

func sections() []section {
	registration := []column{{"memory", heapBytes, true}, {"time", registering, true}}
	return []section{
		{"Routing", "Routing", `A pass over all routes of GitHub's API (203), Google+ (13), Parse (26) and a site of static files (157), or one request to them; and one route of 1, 5 and 20 wildcards. The handlers do nothing, or read every wildcard where it says so. The handlers of tigertonic are a HandlerFunc that reads by PathValue, those of tigertonic-params a ParamsFunc, and those of tigertonic-foreign know nothing of the mux, which fills in r.PathValue and the query for them. "none" is what asking costs. fiber isn't net/http: nothing is copied for it.

` + times, "tigertonic", wallTime, inProcess()},
		{"Growth", "Growth", `A request to one of 10 to 10,000 routes of an API of services and resources, one route after another, or in random order, in which little of what a router needs is in the caches of the processor. depth-20 are 2,000 routes, 100 chains from one segment to 20.

` + times, "tigertonic", wallTime, inProcess()},
		{"Registration", "Memory of routes", `What a router keeps on the heap for a route of the last two tables, without patterns and handlers. The first column is ours, and the others are how many times as much they keep.`, "tigertonic", heapBytes, registration},
		{"Endpoints", "Endpoints", `GET with a parameter in the path and one in the query, POST of 300 bytes with a response of 400, a list of 100 objects (10 KB), an order that gets a 422, batches of 1,000 and 9,000 objects (100 KB and 1 MB), and 100 events of other services with data of type map[string]any (39 KB), which are read and hardly answered, each behind the router that goes with it. In "validated" tasks each checks its input in its own way: ours and huma by tags, gin and echo by go-playground/validator, the rest by hand. marshaled-by-hand calls marshaled's function without reflection.

` + times, "typed", wallTime, inProcess()},
		{"Encoding", "Long responses", `The list of 100 objects, and 20 series of 100 cells of three floats (100 KB), most of them with 16 digits, with a time and a list of texts each. go-json and sonic are JSON packages that read and write memory by unsafe; sonic also generates machine code.

` + times, "typed", wallTime, inProcess()},
		{"Start", "Start of a service", `From nothing to the first answer of one of 1 to 3,000 typed endpoints, four a resource, with a document and a page.

` + times, "tigertonic", wallTime, inProcess()},
		{"Document", "Documents", `How long the OpenAPI document and the page at /docs are, and what a service of these endpoints keeps on the heap for each once both have been asked for. huma's page has nothing in it: a script from a CDN makes it in the browser, of the document. Ours opens with the groups of a large document, and the rest is asked for as it is looked at. The document of ours lists every error that an operation answers, and huma's has one for all.

The first column is how long our document is, and the others are how many times as long theirs are.`, "tigertonic", documentBytes, []column{
			{"document", documentBytes, true},
			{"page", pageBytes, true},
			{"memory of an endpoint", heapBesides, true},
		}},
		{"Streams", "Open streams", `What an open stream of server-sent events takes of heap and stacks, the client's end included, once its first event has come.

The first column is ours, and the others are how many times as much they take.`, "tigertonic", heapOfStream, []column{{"memory", heapOfStream, true}}},
		{"Loopback", "Over loopback", `Each service runs in its own process and gets the POST over the given number of connections; each connection sends its next request when it has the response to the last one. At rate-5000, requests are due at that rate over 256 connections, whatever the service does, and times count from when one was due. The load generator runs on the same processors. "constant" is net/http with a prepared response. typed-new-server is typed on tigertonic.NewServer; the others use http.Server. [performance.md](performance.md) shows where the time goes.

The first column is how many requests a second ours answers, and the others are how many times as many they do: less than 1 is slower than ours.`, "typed", throughput, []column{
			{"requests a second", throughput, true},
			{"CPU time of the service", cpuTime, true},
			{"and of the load generator", ownCPUTime, true},
			{"median", p50, true},
			{"99th percentile", p99, true},
			{"bytes", "B/op", false},
			{"allocations", allocations, false},
		}},
		{"Middleware", "Middleware", `Each round a handler that only sends 200, and all of them nested. What is logged goes to nowhere through a buffer. "recorder" is what middlewares that look at the response have in common; of ours, several share one. In "recover-recorded", that is round the recovery.

` + times, "tigertonic", wallTime, inProcess()},
		{"Timed", "Timing on several processors", `A handler that does next to nothing with a timer round it, called by as many goroutines as there are processors.

` + times, "tigertonic", wallTime, inProcess()},
		{"Stack", "The whole stack", `The POST in all that a service in production has round it: recovery, request ID, CORS, counters by status and an access log. "parts" is encoding/json by hand in rs/cors, Prometheus' counters, a line by log/slog, and what one writes by hand for the rest. typed-bare is ours without the stack.

` + times, "tigertonic", wallTime, inProcess()},
	}
}

const opening = `# Benchmarks

Tiger Tonic beside other routers, frameworks and middleware, as ` + "`make bench`" + ` has measured it. The command writes this file; nothing in it was written by hand.

Every peer is built the way that its documentation has it, at its best, and a test holds all of them to the same status, body and headers before they are timed. Each request is a fresh copy, and the response is dropped, at the same small cost for all. All peers of all tasks are measured once, and then again, so that a machine that gets slower does so for all. Figures are medians of all rounds, and ratios are medians of the ratios in each round. CPU time is that of the whole process, the garbage collector's included.

`

const promised = `The library promises these ratios. They are of wall time; the ratios of CPU time beside them vary less on a machine that isn't idle. They depend on the machine, so run them on yours. Where a task reads wildcards, ours is a ParamsFunc. ± is benchstat's 95% confidence interval of the median of the rounds. [performance.md](performance.md) explains the promises that it misses.`

const notIdle = `**The machine wasn't idle**: what was measured had less than a processor. Don't rely on times that passed, and on throughput and percentiles; CPU times and allocations hold.

`

const notCompared = `## What isn't compared

- **fiber** answers requests of fasthttp, not of net/http. It is among the routers only, and what its figures hold is not what the others' do.
- **Build tags and replaced codecs.** gin can be built with sonic, echo and huma can be given another JSON package. They run with their defaults; how far a codec goes is shown by json-v2.
- **The words of an error.** Validation errors have the same status and media type and name the same fields, but each says it in its own way. The error of a classic function, marshaled, has the classic form.
- **A newline** behind a JSON body, and "; charset=utf-8" behind its type, which some send.
- **How strict they are.** Typed functions and huma check, also without tags, that a body has all names, none that isn't known, and the right types. The others take what they know of a body and leave the rest at zero. gin looks for validation tags though there are none.
- **405 below a wildcard.** bunrouter answers 404 for most routes of GitHub's API that lack the method, so 405 is of one where all agree.
- **TLS and HTTP/2**, which are net/http's for all of them.
- **A network.** Over loopback the load generator takes a share of the processors, so throughput is lower than that of a server with a machine of its own, and differences are smaller.

`

// newerGo was measured separately, because the tables are for one release.
const newerGo = `## Go 1.27

From Go 1.27 on, the standard library has the codec: github.com/go-json-experiment/json is encoding/json/v2 under its other name there, and encoding/json is built on it. What that changes was measured apart, by ` + "`make microbench`" + ` with Go 1.26.8 and 1.27.3 in turn, ten runs each, through benchstat. Typed functions have the same allocations with both, and no difference in time that benchstat sees, since they read and write most bodies themselves. encoding/json by hand takes 0.66 of the time for the POST, with 10 allocations for 22, and 1.76 times as long for a list of 15 KB. So with Go 1.27 the distance to services by hand is smaller for the POST than in the tables, and larger for the list.

`
