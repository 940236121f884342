package report

import (
	"slices"
	"strings"
)

// promises returns the library's promises.
func promises(githubWildcards int) []bar {
	return slices.Concat(routingPromises(githubWildcards), endpointPromises(), documentPromises(), streamPromises(), loopbackPromises(), middlewarePromises())
}

func routingPromises(githubWildcards int) []bar {
	bars := []bar{
		fastestBar("GitHub's API, to the fastest router", 0.75, "github", "tigertonic"),
		timeBar("GitHub's API, to httprouter", 0.4, "Routing", "github", "tigertonic", "httprouter"),
		timeBar("GitHub's API, to net/http", 0.2, "Routing", "github", "tigertonic", "net-http"),
		countBar("GitHub's API, allocations", 0, "%.0f", "Routing", "github", "tigertonic", allocations),
		fastestBar("GitHub's API, reading every wildcard, to the fastest router", 1, "github,reading", "tigertonic-params"),
		countBar("the same, allocations", 0, "%.0f", "Routing", "github,reading", "tigertonic-params", allocations),
	}
	for _, c := range []struct{ what, task string }{
		{"static table", "static"},
		{"Parse", "parse"},
		{"Parse, reading", "parse,reading"},
		{"Google+", "gplus"},
		{"Google+, reading", "gplus,reading"},
		{"1 wildcard", "wildcards-1"},
		{"1 wildcard, reading", "wildcards-1,reading"},
		{"5 wildcards", "wildcards-5"},
		{"5 wildcards, reading", "wildcards-5,reading"},
		{"20 wildcards", "wildcards-20"},
		{"20 wildcards, reading", "wildcards-20,reading"},
		{"404", "404"},
	} {
		ours := "tigertonic"
		if strings.HasSuffix(c.task, ",reading") {
			ours = "tigertonic-params"
		}
		bars = append(bars, fastestBar(c.what+", to the fastest router", 1.1, c.task, ours))
	}
	return append(bars,
		timeBar("foreign handlers, GitHub's API, to chi", 0.65, "Routing", "github", "tigertonic-foreign", "chi"),
		timeBar("foreign handlers, GitHub's API, to net/http", 1.4, "Routing", "github", "tigertonic-foreign", "net-http"),
		bar{
			what: "foreign handlers, GitHub's API, allocations a request with wildcards", limit: 2, format: "%.1f", unit: allocations,
			values: func(rs *Results, unit string) (each []float64) {
				for _, all := range rs.values("Routing", "github", "tigertonic-foreign", unit) {
					each = append(each, all/float64(githubWildcards))
				}
				return each
			},
		},
		growthBar("time of a request with 10,000 routes, to 10", ""),
		growthBar("the same, in random order", ",random"),
		countBar("memory of a route, of 10,000", 450, "%.0f B", "Registration", "routes-10000", "tigertonic", heapBytes),
	)
}

func endpointPromises() []bar {
	return []bar{
		timeBar("Typed POST, to encoding/json by hand", 0.7, "Endpoints", "post", "typed", "encoding-json"),
		timeBar("Typed POST, to echo", 0.7, "Endpoints", "post", "typed", "echo"),
		timeBar("Typed POST, to gin", 0.7, "Endpoints", "post", "typed", "gin"),
		timeBar("Typed POST, to the same codec by hand", 1.05, "Endpoints", "post", "typed", "json-v2"),
		timeBar("Typed POST, to huma", 0.35, "Endpoints", "post", "typed", "huma"),
		countBar("Typed POST, allocations", 7, "%.0f", "Endpoints", "post", "typed", allocations),
		timeBar("Typed list, to encoding/json by hand", 1.1, "Endpoints", "list", "typed", "encoding-json"),
		timeBar("Typed, 1,000 objects of 100 KB, to encoding/json by hand", 0.5, "Endpoints", "batch-100KB", "typed", "encoding-json"),
		timeBar("Typed, 9,000 objects of 1 MB, to encoding/json by hand", 0.5, "Endpoints", "batch-1MB", "typed", "encoding-json"),
		timeBar("Typed, 100 events with data of type any, to encoding/json by hand", 0.5, "Endpoints", "events", "typed", "encoding-json"),
		timeBar("Marshaled POST, to encoding/json by hand", 0.6, "Endpoints", "post", "marshaled", "encoding-json"),
		timeBar("Marshaled, 1,000 objects of 100 KB, to encoding/json by hand", 0.6, "Endpoints", "batch-100KB", "marshaled", "encoding-json"),
		timeBar("Marshaled, 100 events with data of type any, to encoding/json by hand", 0.5, "Endpoints", "events", "marshaled", "encoding-json"),
		moreBar("Marshaled POST, more allocations than without reflection", 3, "Endpoints", "post", "marshaled", "post", "marshaled-by-hand", allocations),
	}
}

func documentPromises() []bar {
	start := countBar("start of a service of 1,000 typed endpoints with its document and page", 0.5, "%.2f s", "Start", "endpoints-1000", "tigertonic", wallTime)
	more := countBar("the same, 3,000", 1.5, "%.2f s", "Start", "endpoints-3000", "tigertonic", wallTime)
	start.second, more.second = cpuTime, cpuTime
	return []bar{
		start, more,
		countBar("document of 1,000 typed endpoints", 1.7e6, "%.0f B", "Document", "endpoints-1000", "tigertonic", documentBytes),
		countBar("what the page of 3,000 opens with", 300e3, "%.0f B", "Document", "endpoints-3000", "tigertonic", pageBytes),
	}
}

func streamPromises() []bar {
	memory := timeBar("memory of an open event stream, to net/http by hand", 1.1, "Streams", "open", "tigertonic", "net-http")
	memory.unit, memory.second = heapOfStream, ""
	return []bar{memory}
}

func loopbackPromises() []bar {
	var bars []bar
	for _, n := range []string{"64", "512"} {
		task, under := "connections-"+n, " ("+n+" connections)"
		bars = append(bars,
			loadBar("Typed POST, throughput to a constant's"+under, 0.74, task, "constant"),
			loadBar("Typed POST, throughput to gin's"+under, 1.12, task, "gin"),
			loadBar("Typed POST, throughput to huma's"+under, 1.8, task, "huma"))
	}
	open := loadBar("Typed POST at 5,000 requests per second, CPU time of encoding/json by hand to ours", 1.05, "rate-5000", "encoding-json")
	open.unit, open.second = cpuTime, ""
	bars = append(bars, open)
	server := timeBar("Typed POST, CPU time of NewServer to http.Server (64 connections)", 1.02,
		"Loopback", "connections-64", "typed-new-server", "typed")
	server.unit, server.second = cpuTime, ""
	bars = append(bars, server)
	slowest := timeBar("Typed POST, 99th percentile to that of encoding/json by hand (512 connections)", 0.85,
		"Loopback", "connections-512", "typed", "encoding-json")
	slowest.unit, slowest.second = p99, ""
	return append(bars, slowest)
}

func middlewarePromises() []bar {
	return []bar{
		timeBar("whole stack, to well-known parts", 0.55, "Stack", "post", "tigertonic", "parts"),
		moreBar("whole stack, more allocations than Typed alone", 2, "Stack", "post", "tigertonic", "post", "typed-bare", allocations),
		timeBar("Recovered in a logger, to chi's Recoverer in one", 1, "Middleware", "recover-recorded", "tigertonic", "chi"),
		timeBar("Within, to chi's Timeout", 1, "Middleware", "deadline", "tigertonic", "chi"),
		timeBar("Sized, to chi's RequestSize", 1, "Middleware", "body-size", "tigertonic", "chi"),
		timeBar("CORS, an allowed GET, to rs/cors", 1, "Middleware", "cors", "tigertonic", "rs-cors"),
		countBar("CORS, an allowed GET, allocations", 0, "%.0f", "Middleware", "cors", "tigertonic", allocations),
		timeBar("CORS, a preflight, to rs/cors", 2, "Middleware", "cors-preflight", "tigertonic", "rs-cors"),
		moreBar("Timed, on one processor", 150, "Timed", "cpus-1", "tigertonic", "cpus-1", "none", wallTime),
		{
			what: "Timed, on two processors to one", limit: 0.99, format: "%.2f", unit: wallTime,
			values: func(rs *Results, unit string) []float64 {
				return ratios(rs.values("Timed", "cpus-2", "tigertonic", unit), rs.values("Timed", "cpus-1", "tigertonic", unit))
			},
		},
		moreBar("access log line, buffered", 450, "Middleware", "access-log", "tigertonic", "recorder", "tigertonic", wallTime),
		moreBar("access log line, allocations", 0, "Middleware", "access-log", "tigertonic", "recorder", "tigertonic", allocations),
	}
}
