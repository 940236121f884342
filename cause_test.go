package tigertonic_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// errLeak is a cause that is for the log only.
var errLeak = errors.New("the kettle leaks")

// failing returns an endpoint whose function fails.
func failing(err error) *tigertonic.Endpoint { return returning(sencha, err) }

// A foreignWriter is somebody else's wrapper.
type foreignWriter struct{ http.ResponseWriter }

func (w foreignWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// foreignly returns h behind somebody else's wrapper.
func foreignly(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(foreignWriter{w}, r) })
}

// loggedCauses returns the IDs and causes that Logged and JSONLogged have logged.
func loggedCauses(text string) (causes []string) {
	for line := range strings.Lines(text) {
		if object, ok := strings.CutPrefix(line, "@json: "); ok {
			var record struct {
				Error string
				ID    string `json:"@request_id"`
			}
			if json.Unmarshal([]byte(object), &record) == nil && record.Error != "" {
				causes = append(causes, record.ID+" "+record.Error)
			}
		} else if found := regexp.MustCompile(`^(.*) < \*\* error: (.*) \*\*`).FindStringSubmatch(line); found != nil {
			causes = append(causes, found[1]+" "+found[2])
		}
	}
	return causes
}

func loggedTo(b *bytes.Buffer, h http.Handler) http.Handler {
	l := tigertonic.Logged(h, nil)
	l.Logger = log.New(b, "", 0)
	return l
}

func jsonLoggedTo(b *bytes.Buffer, h http.Handler) http.Handler {
	l := tigertonic.JSONLogged(h, nil)
	l.Logger = log.New(b, "", 0)
	return l
}

// captureSlog has slog.Default write to what it returns until the test ends.
func captureSlog(t *testing.T) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&b, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &b
}

func TestCauseIsLoggedUnderTheIDThatTheClientIsTold(t *testing.T) {
	registry := metrics.NewRegistry()
	always := func(*http.Request) (http.Header, error) { return nil, nil }
	for name, wrap := range map[string]func(*bytes.Buffer, http.Handler) http.Handler{
		"Logged":     loggedTo,
		"JSONLogged": jsonLoggedTo,
		"Logged round others": func(b *bytes.Buffer, h http.Handler) http.Handler {
			return loggedTo(b, tigertonic.CountedByStatus(tigertonic.Timed(tigertonic.If(always, h), "timed", registry), "status", registry))
		},
		"Logged in others": func(b *bytes.Buffer, h http.Handler) http.Handler {
			return tigertonic.CountedByStatusXX(tigertonic.First(loggedTo(b, h)), "xx", registry)
		},
		"a foreign wrapper between": func(b *bytes.Buffer, h http.Handler) http.Handler { return jsonLoggedTo(b, foreignly(foreignly(h))) },
		"a foreign wrapper between, and a middleware": func(b *bytes.Buffer, h http.Handler) http.Handler {
			return loggedTo(b, foreignly(tigertonic.If(always, foreignly(h))))
		},
		"a server": func(b *bytes.Buffer, h http.Handler) http.Handler {
			return tigertonic.NewServer("", jsonLoggedTo(b, h)).Handler
		},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			id := assertSecret(t, serve(t, wrap(&b, failing(fmt.Errorf("pouring: %w", errLeak))), "GET", "/", ""), 500)
			assert.Equal(t, []string{id + " pouring: the kettle leaks"}, loggedCauses(b.String()))
		})
	}
	registry.UnregisterAll()
}

// Each of several loggers has IDs of its own. The client is told the innermost's,
// and the others log it with the body.
func TestCauseIsLoggedByNestedLoggers(t *testing.T) {
	for name, between := range map[string]func(http.Handler) http.Handler{
		"directly":                  func(h http.Handler) http.Handler { return h },
		"a foreign wrapper between": foreignly,
	} {
		t.Run(name, func(t *testing.T) {
			var outer, inner bytes.Buffer
			h := loggedTo(&outer, between(jsonLoggedTo(&inner, failing(errLeak))))
			id := assertSecret(t, serve(t, h, "GET", "/", ""), 500)
			assert.Equal(t, []string{id + " the kettle leaks"}, loggedCauses(inner.String()))
			require.Len(t, loggedCauses(outer.String()), 1, outer)
			assert.Contains(t, loggedCauses(outer.String())[0], "the kettle leaks")
			assert.Contains(t, outer.String(), `"request_id":"`+id+`"`)
		})
	}
}

func TestCauseIsntLoggedWhereTheClientIsToldIt(t *testing.T) {
	for _, err := range []error{
		nil,
		tigertonic.NotFound{errLeak},
		fmt.Errorf("pouring: %w", tigertonic.Teapot{errLeak}),
		tigertonic.FieldErrors{{Pointer: "/a", Detail: "is wrong"}},
		tigertonic.Problem{Status: 409, Detail: "the kettle leaks"},
	} {
		var b bytes.Buffer
		assert.Less(t, serve(t, loggedTo(&b, jsonLoggedTo(&b, failing(err))), "GET", "/", "").Code, 500)
		assert.Empty(t, loggedCauses(b.String()), "%v", err)
	}
}

func TestCauseIsRedacted(t *testing.T) {
	withBodyLoggers(t, func(t *testing.T, logged bodyLogged) {
		h, b := logged(failing(errors.New("login with "+secret)), removeSecret)
		assertSecret(t, serve(t, h, "GET", "/", ""), 500)
		assert.NotContains(t, b.String(), secret)
		assert.Equal(t, []string{"ID login with [redacted]"}, loggedCauses(b.String()))
	})
}

func TestCauseIsntLoggedRawWhereTheRedactorPanics(t *testing.T) {
	withBodyLoggers(t, func(t *testing.T, logged bodyLogged) {
		h, b := logged(failing(errors.New(secret)), func(string) string { panic(secret) })
		assertSecret(t, serve(t, h, "GET", "/", ""), 500)
		assert.NotContains(t, b.String(), secret)
		assert.Equal(t, []string{"ID ** not logged: the redactor panicked"}, []string{strings.TrimSuffix(loggedCauses(b.String())[0], " **")})
	})
}

func TestNoCauseIsLoggedWhereThereIsNone(t *testing.T) {
	for name, redactor := range map[string]tigertonic.Redactor{
		"one that panics":   func(string) string { panic(secret) },
		"one that rewrites": func(string) string { return "[redacted]" },
	} {
		t.Run(name, func(t *testing.T) {
			withBodyLoggers(t, func(t *testing.T, logged bodyLogged) {
				h, b := logged(returning(sencha, nil), redactor)
				assert.Equal(t, 200, serve(t, h, "GET", "/", "").Code)
				assert.Empty(t, loggedCauses(b.String()))
			})
		})
	}
}

func TestCauseStaysInItsLine(t *testing.T) {
	for _, text := range hostile {
		var lines, objects, server bytes.Buffer
		h, _ := logLines(failing(errors.New(text)), nil)
		h.Logger = log.New(&lines, "", 0)
		serve(t, h, "GET", "/", "")
		assertOneRecordALine(t, lines.String(), 8, "ID [<>]")

		j, _ := logJSON(failing(errors.New(text)), nil)
		j.Logger = log.New(&objects, "", 0)
		serve(t, j, "GET", "/", "")
		assertOneRecordALine(t, objects.String(), 1, "@json: ")

		s := tigertonic.NewServer("", failing(errors.New(text)))
		s.ErrorLog = log.New(&server, "", 0)
		serve(t, s.Handler, "GET", "/"+strings.Repeat("%0a", 3), "")
		assertOneRecordALine(t, server.String(), 1, "tigertonic: ")

		b := captureSlog(t)
		serve(t, tigertonic.NewServer("", failing(errors.New(text))).Handler, "GET", "/", "")
		assertOneRecordALine(t, b.String(), 1, "time=")
	}
}

func TestServerLogsACauseThatNobodyElseHasLogged(t *testing.T) {
	for name, wrap := range map[string]func(http.Handler) http.Handler{
		"no wrapper":        func(h http.Handler) http.Handler { return h },
		"a foreign wrapper": foreignly,
		"ApacheLogged": func(h http.Handler) http.Handler {
			l := tigertonic.ApacheLogged(h)
			l.Logger = discard
			return l
		},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			s := tigertonic.NewServer("", wrap(failing(errLeak)))
			s.ErrorLog = log.New(&b, "", 0)
			id := assertSecret(t, serve(t, s.Handler, "GET", "/teas/a%20b?q=1", ""), 500)
			assert.Equal(t, "tigertonic: GET /teas/a%20b: request "+id+": the kettle leaks\n", b.String())
		})
	}
}

func TestServerLogsACauseBySlogWithoutErrorLog(t *testing.T) {
	b := captureSlog(t)
	id := assertSecret(t, serve(t, tigertonic.NewServer("", failing(errLeak)).Handler, "GET", "/teas", ""), 500)
	assert.Regexp(t, `^time=\S+ level=ERROR msg="tigertonic: a request has failed" method=GET path=/teas request_id=`+id+` error="the kettle leaks"\n$`, b.String())
}

func TestServerLogsNoCauseThatIsLoggedAlready(t *testing.T) {
	for name, wrap := range map[string]func(*bytes.Buffer, http.Handler) http.Handler{
		"Logged":                          loggedTo,
		"JSONLogged":                      jsonLoggedTo,
		"Logged behind a foreign wrapper": func(b *bytes.Buffer, h http.Handler) http.Handler { return foreignly(loggedTo(b, h)) },
		"Logged before a foreign wrapper": func(b *bytes.Buffer, h http.Handler) http.Handler { return loggedTo(b, foreignly(h)) },
		"Logged between foreign wrappers": func(b *bytes.Buffer, h http.Handler) http.Handler { return foreignly(loggedTo(b, foreignly(h))) },
		"JSONLogged behind a foreign middleware": func(b *bytes.Buffer, h http.Handler) http.Handler {
			return tigertonic.First(foreignly(jsonLoggedTo(b, h)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			var b, server bytes.Buffer
			s := tigertonic.NewServer("", wrap(&b, failing(errLeak)))
			s.ErrorLog = log.New(&server, "", 0)
			id := assertSecret(t, serve(t, s.Handler, "GET", "/", ""), 500)
			assert.Equal(t, []string{id + " the kettle leaks"}, loggedCauses(b.String()))
			assert.Empty(t, server.String())
		})
	}
}

// The client is told an ID, so somebody must be able to look it up.
func TestCauseIsLoggedUnderAnyServer(t *testing.T) {
	registry := metrics.NewRegistry()
	for name, h := range map[string]http.Handler{
		"alone":        failing(errLeak),
		"a middleware": tigertonic.CountedByStatus(failing(errLeak), "status", registry),
		"a writer that can't be unwrapped": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			tigertonic.First(failing(errLeak)).ServeHTTP(struct{ http.ResponseWriter }{w}, r)
		}),
	} {
		t.Run(name, func(t *testing.T) {
			b := captureSlog(t)
			id := assertSecret(t, serve(t, h, "GET", "/", ""), 500)
			assert.Contains(t, b.String(), "request_id="+id)
			assert.Contains(t, b.String(), "the kettle leaks")
		})
	}
}

func TestCauseIsLoggedOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		h    http.Handler
		want int
	}{
		"an error that ends events":      {returning(thenFailing(errLeak, 1), nil), 1},
		"a 4xx that ends events":         {returning(thenFailing(tigertonic.Gone{errLeak}, 1), nil), 0},
		"a problem that can't be sent":   {failing(tigertonic.Problem{Extensions: map[string]any{"f": func() {}}}), 1},
		"a 404 that can't be sent":       {failing(tigertonic.Problem{Status: 404, Extensions: map[string]any{"f": func() {}}}), 1},
		"a problem with a status of 503": {failing(tigertonic.Problem{Status: 503}), 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := captureSlog(t)
			serve(t, tt.h, "GET", "/", "", "Accept", "text/event-stream, application/json;q=0.9")
			assert.Equal(t, tt.want, strings.Count(b.String(), "request_id="), "%s", b.String())
		})
	}
}

// An error of a status may hold none; its method Error mustn't be called then.
func TestCauseMayBeAnEmptyStatusError(t *testing.T) {
	for name, err := range map[string]error{
		"alone":   tigertonic.ServiceUnavailable{},
		"wrapped": fmt.Errorf("pouring: %w", tigertonic.ServiceUnavailable{}),
		"joined":  errors.Join(errLeak, tigertonic.ServiceUnavailable{}),
	} {
		t.Run(name, func(t *testing.T) {
			withBodyLoggers(t, func(t *testing.T, logged bodyLogged) {
				h, b := logged(failing(err), nil)
				var w *httptest.ResponseRecorder
				require.NotPanics(t, func() { w = serve(t, h, "GET", "/", "") })
				assertSecret(t, w, 503)
				assert.NotEmpty(t, loggedCauses(b.String()))
			})
			var b bytes.Buffer
			s := tigertonic.NewServer("", failing(err))
			s.ErrorLog = log.New(&b, "", 0)
			require.NotPanics(t, func() { serve(t, s.Handler, "GET", "/", "") })
			assert.NotEmpty(t, b.String())
		})
	}
}

func TestCausesOfConcurrentRequestsArentMixedUp(t *testing.T) {
	type input struct {
		Name string `query:"name"`
	}
	var b bytes.Buffer
	h := loggedTo(&b, foreignly(typedFunc(func(in *input) (tea, error) { return tea{}, errors.New("cause of " + in.Name) })))
	var mu sync.Mutex
	var want []string
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				name := fmt.Sprintf("%d.%d", i, j)
				id := assertSecret(t, serve(t, h, "GET", "/?name="+name, ""), 500)
				mu.Lock()
				want = append(want, id+" cause of "+name)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	assert.ElementsMatch(t, want, loggedCauses(b.String()))
}
