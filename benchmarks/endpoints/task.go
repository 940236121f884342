package endpoints

import (
	"net/http"

	"github.com/rcrowley/go-tigertonic/benchmarks/probe"
)

// A Task is a request to handle.
type Task struct {
	Name    string
	Request probe.Request
	Status  int
}

const (
	good = `{"customer":"Ada Lovelace","email":"ada@example.com","currency":"EUR","express":true,` +
		`"note":"Leave it at the door, please.","lines":[{"sku":"ENGINE-1","quantity":2,"price":12.5},` +
		`{"sku":"CARD-100","quantity":100,"price":0.25}],"address":"12 St James's Square, London SW1Y 4JH, United Kingdom"}`
	bad = `{"customer":"Ada Lovelace","email":"ada@example.com","currency":"ZZZ","express":true,` +
		`"note":"Leave it at the door, please.","lines":[{"sku":"ENGINE-1","quantity":2,"price":12.5},` +
		`{"sku":"CARD-100","quantity":0,"price":0.25}],"address":"12 St James's Square, London SW1Y 4JH, United Kingdom"}`
)

// Tasks returns all tasks: a GET with two parameters, a POST of 300 bytes that is
// refused with 400, a list of 100 objects, and an order that gets a 422.
func Tasks() []Task {
	accept := http.Header{"Accept": {"application/json"}}
	return []Task{
		{"get", probe.Request{Method: "GET", Target: "/customers/ada?limit=10", Header: accept}, 200},
		{"post", Post(), 200},
		{"list", probe.Request{Method: "GET", Target: "/orders", Header: accept}, 200},
		{"422", posted(bad), 422},
	}
}

// Batches returns the tasks with long bodies, whose responses are short.
func Batches() []Task {
	all := []Task{{"batch-100KB", posted(manyReadings(1_000)), 200}, {"batch-1MB", posted(manyReadings(9_000)), 200}}
	for i := range all {
		all[i].Request.Target = "/readings"
	}
	reported := Task{"events", posted(manyEvents(100)), 200}
	reported.Request.Target = "/events"
	return append(all, reported)
}

// Long returns the tasks with long responses: the list, and 20 series of floats.
func Long() []Task {
	series := Task{"series", probe.Request{Method: "GET", Target: "/series", Header: http.Header{"Accept": {"application/json"}}}, 200}
	return []Task{Tasks()[2], series}
}

// Post returns the request with a good order.
func Post() probe.Request { return posted(good) }

func posted(body string) probe.Request {
	return probe.Request{
		Method: "POST", Target: "/orders", Body: []byte(body),
		Header: http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}},
	}
}
