package routing

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// A Task is work for routers.
type Task struct {
	Name   string
	Routes []Route
	Reads  bool  // the handlers read every wildcard
	Asks   []Ask // all of which are one operation
	Status int   // of the answers
}

// An Ask is a request.
type Ask struct{ Method, Path string }

// asksFor returns a request for each route.
func asksFor(routes []Route) []Ask {
	asks := make([]Ask, len(routes))
	for i, rt := range routes {
		asks[i] = Ask{rt.Method, rt.Path()}
	}
	return asks
}

// Shuffled returns the requests in a random order that is always the same. Their paths
// are next to each other in memory, as close as those that a server has just read.
func Shuffled(asks []Ask) []Ask {
	shuffled := slices.Clone(asks)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(asks), func(i, j int) { //nolint:gosec // an order is no secret
		shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
	})
	var paths strings.Builder
	for _, ask := range shuffled {
		paths.WriteString(ask.Path)
	}
	rest := paths.String()
	for i, ask := range shuffled {
		shuffled[i].Path, rest = rest[:len(ask.Path)], rest[len(ask.Path):]
	}
	return shuffled
}

// Tasks returns all tasks except those of growth.
func Tasks() ([]Task, error) {
	var (
		tasks  []Task
		tables = map[string][]Route{}
	)
	both := func(name string, routes []Route) {
		asks := asksFor(routes)
		tasks = append(tasks, Task{name, routes, false, asks, 200}, Task{name + ",reading", routes, true, asks, 200})
	}
	for _, name := range []string{"github", "gplus", "parse", "static"} {
		routes, err := Table("../../testdata/routes", name)
		if err != nil {
			return nil, err
		}
		tables[name] = routes
		if name != "static" {
			both(name, routes)
		}
	}
	tasks = append(tasks,
		Task{"static", tables["static"], false, asksFor(tables["static"]), 200},
		Task{"one-static", tables["static"], false, []Ask{{"GET", "/articles/go_command.html"}}, 200})
	both("wildcards-1", []Route{NewRoute("GET", "/user/{name}")})
	both("wildcards-5", []Route{Wildcards(5)})
	both("wildcards-20", []Route{Wildcards(20)})
	return append(tasks,
		Task{"404", tables["github"], false, []Ask{{"GET", "/repos/rcrowley/go-tigertonic/nothing"}}, 404},
		Task{"405", tables["github"], false, []Ask{{"PUT", "/gists/aa5a315d61ae9438b18d"}}, 405}), nil
}

// Growths returns the tasks that show how time grows with the number of routes and with
// their depth. An operation is one request, in the order of the routes or in random
// order, which defeats the processor's caches.
func Growths() []Task {
	var tasks []Task
	add := func(name string, routes []Route, asks []Ask) {
		tasks = append(tasks, Task{name, routes, false, asks, 200})
	}
	for _, n := range []int{10, 100, 1_000, 10_000} {
		routes := Grown(n)
		asks := asksFor(routes)
		add(fmt.Sprintf("routes-%d", n), routes, asks)
		add(fmt.Sprintf("routes-%d,random", n), routes, Shuffled(asks))
	}
	deep := Deep(100)
	add("depth-20", deep, asksFor(deep))
	return tasks
}
