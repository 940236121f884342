package tigertonic_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

// A handler or function that is missing is found when the tree is made, not when
// a request comes.
func TestMiddlewareRefusesNil(t *testing.T) {
	registry := metrics.NewRegistry()
	for want, build := range map[string]func(){
		"First: the handler is nil":         func() { tigertonic.First(hello, nil) },
		"If: the handler is nil":            func() { tigertonic.If(func(*http.Request) (http.Header, error) { return nil, nil }, nil) },
		"If: the function is nil":           func() { tigertonic.If(nil, hello) },
		"HTTPBasicAuth: the handler is nil": func() { tigertonic.HTTPBasicAuth(map[string]string{"u": "p"}, "r", nil) },
		"HTTPBasicAuthFunc: the handler is nil": func() {
			tigertonic.HTTPBasicAuthFunc(func(string, string) error { return nil }, "r", nil)
		},
		"Cached: the handler is nil":            func() { tigertonic.Cached(nil, tigertonic.CacheOptions{}) },
		"WithContext: the handler is nil":       func() { tigertonic.WithContext(nil, 0) },
		"Sized: the handler is nil":             func() { tigertonic.Sized(nil, 0) },
		"Recovered: the handler is nil":         func() { tigertonic.Recovered(http.HandlerFunc(nil)) },
		"Identified: the handler is nil":        func() { tigertonic.Identified(nil, nil) },
		"Limited: the handler is nil":           func() { tigertonic.Limited(nil, 1, nil) },
		"Within: the handler is nil":            func() { tigertonic.Within(nil, time.Second) },
		"Accessed: the handler is nil":          func() { tigertonic.Accessed(nil, nil) },
		"PostProcessed: the handler is nil":     func() { tigertonic.PostProcessed(nil, func(*http.Request, *http.Response) {}) },
		"PostProcessed: the function is nil":    func() { tigertonic.PostProcessed(hello, nil) },
		"Counted: the handler is nil":           func() { tigertonic.Counted(nil, "n", registry) },
		"Timed: the handler is nil":             func() { tigertonic.Timed(nil, "n", registry) },
		"CountedByStatus: the handler is nil":   func() { tigertonic.CountedByStatus(nil, "n", registry) },
		"CountedByStatusXX: the handler is nil": func() { tigertonic.CountedByStatusXX(nil, "n", registry) },
		"Logged: the handler is nil":            func() { tigertonic.Logged(nil, nil) },
		"JSONLogged: the handler is nil":        func() { tigertonic.JSONLogged(nil, nil) },
		"ApacheLogged: the handler is nil":      func() { tigertonic.ApacheLogged(nil) },
		"NewServer: the handler is nil":         func() { tigertonic.NewServer("", nil) },
	} {
		t.Run(want, func(t *testing.T) {
			defer func() { assert.Regexp(t, `^tigertonic: `+want+` \(at .*/nil_test.go:\d+\)$`, recover()) }()
			build()
		})
	}
	assert.Empty(t, registry.GetAll(), "nothing was registered")
}
