package main

import (
	"strings"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/internal/docstest"
)

// The page is of a day at noon, when nobody but its own drivers is there.
func TestREADMEShowsWhatCurlPrints(t *testing.T) {
	docstest.Console(t, "README.md", func(t *testing.T) docstest.Service {
		o := optionsOf(t)
		o.now = func() time.Time { return time.Date(2014, 9, 1, 12, 0, 0, 0, time.UTC) }
		r := startWith(t, o)
		const base = "http://127.0.0.1:8000"
		return docstest.Service{
			Address: strings.TrimPrefix(r.URL, "http://"),
			Prints: map[string]string{
				"go -C examples run ./cab": "cab (process 4711) listens on " + base + ", try:\n" + r.process.try(base) + "for operators: http://127.0.0.1:8001/\n",
			},
		}
	})
}
