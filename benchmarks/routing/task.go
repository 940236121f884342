package routing

// A Task is what routers are asked to do.
type Task struct {
	Name   string
	Routes []Route
	Reads  bool  // the handlers read every wildcard
	Asks   []Ask // all of which are one operation
	Status int   // of the answers
}

// An Ask is a request to answer.
type Ask struct{ Method, Path string }

// asksFor returns a request for each route.
func asksFor(routes []Route) []Ask {
	asks := make([]Ask, len(routes))
	for i, rt := range routes {
		asks[i] = Ask{rt.Method, rt.Path()}
	}
	return asks
}

// Tasks returns all tasks but those of growth.
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

// Growths returns the tasks that show how time grows with the number of routes
// and with their depth. An operation is one request.
func Growths() []Task {
	var tasks []Task
	for _, c := range []struct {
		name   string
		routes []Route
	}{
		{"routes-10", Grown(10)},
		{"routes-100", Grown(100)},
		{"routes-1000", Grown(1_000)},
		{"routes-10000", Grown(10_000)},
		{"depth-20", Deep(100)},
	} {
		tasks = append(tasks, Task{c.name, c.routes, false, asksFor(c.routes), 200})
	}
	return tasks
}
