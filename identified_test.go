package tigertonic_test

import (
	"bytes"
	"context"
	"io"
	"log"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
)

// saysItsID answers with the ID of the request.
var saysItsID = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, string(tigertonic.RequestIDFrom(r.Context())))
})

const (
	traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	traceID     = "4bf92f3577b34da6a3ce929d0e0e4736"
)

func TestIdentifiedTakesWellFormedIDsOnly(t *testing.T) {
	for _, tt := range []struct {
		name    string
		headers []string
		want    string // "" is a new one
	}{
		{"nothing", nil, ""},
		{"an ID", []string{"X-Request-Id", "abc"}, "abc"},
		{"an ID in another case", []string{"x-request-ID", "abc"}, "abc"},
		{"all characters", []string{"X-Request-Id", "azAZ09._-"}, "azAZ09._-"},
		{"a UUID", []string{"X-Request-Id", "0f8fad5b-d9cb-469f-a165-70867728950e"}, "0f8fad5b-d9cb-469f-a165-70867728950e"},
		{"64 characters", []string{"X-Request-Id", strings.Repeat("x", 64)}, strings.Repeat("x", 64)},
		{"65 characters", []string{"X-Request-Id", strings.Repeat("x", 65)}, ""},
		{"an empty one", []string{"X-Request-Id", ""}, ""},
		{"two", []string{"X-Request-Id", "a", "X-Request-Id", "b"}, ""},
		{"twice the same", []string{"X-Request-Id", "a", "X-Request-Id", "a"}, ""},
		{"a list", []string{"X-Request-Id", "a,b"}, ""},
		{"a space", []string{"X-Request-Id", "a b"}, ""},
		{"a newline", []string{"X-Request-Id", "a\nb"}, ""},
		{"a quote", []string{"X-Request-Id", `a"b`}, ""},
		{"a character beyond ASCII", []string{"X-Request-Id", "ä"}, ""},
		{"neighbours of letters and digits", []string{"X-Request-Id", "@"}, ""},
		{"[", []string{"X-Request-Id", "["}, ""},
		{"`", []string{"X-Request-Id", "`"}, ""},
		{"{", []string{"X-Request-Id", "{"}, ""},
		{"/", []string{"X-Request-Id", "/"}, ""},
		{":", []string{"X-Request-Id", ":"}, ""},
		{"a traceparent", []string{"Traceparent", traceparent}, traceID},
		{"both", []string{"Traceparent", traceparent, "X-Request-Id", "abc"}, "abc"},
		{"a bad ID and a traceparent", []string{"Traceparent", traceparent, "X-Request-Id", "a b"}, traceID},
		{"two traceparents", []string{"Traceparent", traceparent, "Traceparent", traceparent}, ""},
		{"flags that aren't known", []string{"Traceparent", traceparent[:53] + "ff"}, traceID},
		{"more in version 00", []string{"Traceparent", traceparent + "-00"}, ""},
		{"more in a later version", []string{"Traceparent", "01" + traceparent[2:] + "-what-is-to-come"}, traceID},
		{"more without a dash", []string{"Traceparent", "01" + traceparent[2:] + "00"}, ""},
		{"a later version", []string{"Traceparent", "cc" + traceparent[2:]}, traceID},
		{"version ff", []string{"Traceparent", "ff" + traceparent[2:]}, ""},
		{"a version in upper case", []string{"Traceparent", "CC" + traceparent[2:]}, ""},
		{"a version that isn't hexadecimal", []string{"Traceparent", "0x" + traceparent[2:]}, ""},
		{"a trace-id of zeros", []string{"Traceparent", "00-" + strings.Repeat("0", 32) + traceparent[35:]}, ""},
		{"a parent-id of zeros", []string{"Traceparent", traceparent[:36] + strings.Repeat("0", 16) + "-01"}, ""},
		{"a trace-id in upper case", []string{"Traceparent", strings.ToUpper(traceparent)}, ""},
		{"a trace-id that isn't hexadecimal", []string{"Traceparent", strings.Replace(traceparent, "4b", "4g", 1)}, ""},
		{"a parent-id that isn't hexadecimal", []string{"Traceparent", strings.Replace(traceparent, "00f0", "00g0", 1)}, ""},
		{"flags that aren't hexadecimal", []string{"Traceparent", traceparent[:53] + "0g"}, ""},
		{"other separators", []string{"Traceparent", strings.ReplaceAll(traceparent, "-", "_")}, ""},
		{"a traceparent that is cut off", []string{"Traceparent", traceparent[:54]}, ""},
		{"an empty traceparent", []string{"Traceparent", ""}, ""},
		{"spaces round a traceparent", []string{"Traceparent", " " + traceparent}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := serve(t, tigertonic.Identified(saysItsID, nil), "GET", "/", "", tt.headers...)
			if tt.want == "" {
				assert.Regexp(t, `^[0-9A-Za-z]{16}$`, w.Body.String())
			} else {
				assert.Equal(t, tt.want, w.Body.String())
			}
			assert.Equal(t, []string{w.Body.String()}, w.Header()["X-Request-Id"])
		})
	}
}

func TestIdentifiedTrustsWhomItsOptionsSay(t *testing.T) {
	created := 0
	opts := &tigertonic.IdentifyOptions{
		Trust: func(r *http.Request) bool { return strings.HasPrefix(r.RemoteAddr, "10.") },
		RequestIDCreator: func(r *http.Request) tigertonic.RequestID {
			created++
			return tigertonic.RequestID(r.Header.Get("Create"))
		},
	}
	for _, tt := range []struct {
		name, remote string
		headers      []string
		want         string // "" is a new one
		created      int
	}{
		{"a proxy of ours", "10.0.0.1:80", []string{"X-Request-Id", "abc"}, "abc", 0},
		{"its trace", "10.0.0.1:80", []string{"Traceparent", traceparent}, traceID, 0},
		{"somebody else", "192.0.2.1:80", []string{"X-Request-Id", "abc", "Traceparent", traceparent, "Create", "made"}, "made", 1},
		{"nothing that is sent", "10.0.0.1:80", []string{"Create", "made"}, "made", 1},
		{"an ID that is none", "10.0.0.1:80", []string{"Create", "a b"}, "", 1},
	} {
		for outside, h := range map[string]http.Handler{
			"Identified": tigertonic.Identified(saysItsID, opts),
			"Logged":     loggedTo(new(bytes.Buffer), tigertonic.Identified(saysItsID, opts)),
		} {
			t.Run(tt.name+" in "+outside, func(t *testing.T) {
				created = 0
				r := httptest.NewRequest("GET", "/", nil)
				r.RemoteAddr = tt.remote
				for i := 0; i < len(tt.headers); i += 2 {
					r.Header.Add(tt.headers[i], tt.headers[i+1])
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if tt.want == "" {
					assert.Regexp(t, `^[0-9A-Za-z]{16}$`, w.Body.String())
				} else {
					assert.Equal(t, tt.want, w.Body.String())
				}
				assert.Equal(t, tt.created, created)
			})
		}
	}
}

func FuzzIdentified(f *testing.F) {
	for _, id := range append(hostile, "abc", "a b", "") {
		f.Add(id, traceparent)
		f.Add(traceparent, id)
	}
	f.Fuzz(func(t *testing.T, id, parent string) {
		w := serve(t, tigertonic.Identified(saysItsID, nil), "GET", "/", "", "X-Request-Id", id, "Traceparent", parent)
		got := w.Body.String()
		require.Regexp(t, `^[0-9A-Za-z._-]{1,64}$`, got)
		require.Equal(t, []string{got}, w.Header()["X-Request-Id"])
		if got != id && len(got) == 32 {
			require.Equal(t, got, parent[3:35])
			require.NotEqual(t, strings.Repeat("0", 32), got)
		}
	})
}

func TestRequestsWithoutAnIDHaveNone(t *testing.T) {
	assert.Empty(t, tigertonic.RequestIDFrom(t.Context()))
	assert.Empty(t, serve(t, saysItsID, "GET", "/", "", "X-Request-Id", "abc").Body.String())
}

func TestIdentifiedIsFoundInContextsMadeOfTheRequests(t *testing.T) {
	type key struct{}
	type outer struct{}
	h := tigertonic.Identified(tigertonic.WithContext(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), key{}, 1), time.Hour)
		assert.EqualValues(t, "abc", tigertonic.RequestIDFrom(ctx))
		assert.Equal(t, "of the server", ctx.Value(outer{}))
		cancel()
		assert.ErrorIs(t, ctx.Err(), context.Canceled)
		assert.NoError(t, r.Context().Err())
		assert.EqualValues(t, "abc", tigertonic.RequestIDFrom(context.WithoutCancel(ctx)))
	}), 0), nil)
	r := httptest.NewRequestWithContext(context.WithValue(t.Context(), outer{}, "of the server"), "GET", "/", nil)
	r.Header.Set("X-Request-Id", "abc")
	h.ServeHTTP(httptest.NewRecorder(), r)
	assert.Empty(t, tigertonic.RequestIDFrom(r.Context()), "the request is a copy")
}

func TestIdentifiedEndsWithTheRequestsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	tigertonic.Identified(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		inner, stop := context.WithCancel(r.Context())
		defer stop()
		cancel()
		<-inner.Done()
		assert.ErrorIs(t, r.Context().Err(), context.Canceled)
	}), nil).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil))
}

func TestIdentifiedInAnotherDoesNothing(t *testing.T) {
	h := tigertonic.Identified(foreignly(tigertonic.Identified(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tigertonic.Identified(saysItsID, nil).ServeHTTP(struct{ http.ResponseWriter }{w}, r)
	}), nil)), nil)
	w := serve(t, h, "GET", "/", "")
	assert.Equal(t, []string{w.Body.String()}, w.Header()["X-Request-Id"])
	assert.Len(t, w.Body.String(), 16)
}

// What a handler does to the header's value is nobody else's business.
func TestIdentifiedSharesNoHeader(t *testing.T) {
	h := tigertonic.Identified(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Request-Id"][0] = "changed"
		w.Header().Add("X-Request-Id", "added")
		saysItsID(w, r)
	}), nil)
	for range 2 {
		w := serve(t, h, "GET", "/", "", "X-Request-Id", "abc")
		assert.Equal(t, "abc", w.Body.String())
		assert.Equal(t, []string{"changed", "added"}, w.Header()["X-Request-Id"])
	}
}

func TestIdentifiedIsInEveryLogLine(t *testing.T) {
	identify := func(h http.Handler) http.Handler { return tigertonic.Identified(h, nil) }
	for name, wrap := range map[string]func(b *bytes.Buffer, h http.Handler) http.Handler{
		"Logged inside":  func(b *bytes.Buffer, h http.Handler) http.Handler { return identify(loggedTo(b, h)) },
		"Logged outside": func(b *bytes.Buffer, h http.Handler) http.Handler { return loggedTo(b, identify(h)) },
		"Logged outside, others between": func(b *bytes.Buffer, h http.Handler) http.Handler {
			return loggedTo(b, tigertonic.Recovered(tigertonic.First(hello404, identify(h))))
		},
		"JSONLogged inside":  func(b *bytes.Buffer, h http.Handler) http.Handler { return identify(jsonLoggedTo(b, h)) },
		"JSONLogged outside": func(b *bytes.Buffer, h http.Handler) http.Handler { return jsonLoggedTo(b, identify(h)) },
		"Accessed inside": func(b *bytes.Buffer, h http.Handler) http.Handler {
			return identify(tigertonic.Accessed(h, &tigertonic.AccessOptions{Logger: slog.New(slog.NewTextHandler(b, nil))}))
		},
		"Accessed outside": func(b *bytes.Buffer, h http.Handler) http.Handler {
			return tigertonic.Accessed(identify(h), &tigertonic.AccessOptions{Logger: slog.New(slog.NewTextHandler(b, nil))})
		},
		"foreign wrappers": func(b *bytes.Buffer, h http.Handler) http.Handler {
			return identify(foreignly(loggedTo(b, foreignly(h))))
		},
	} {
		for _, headers := range [][]string{nil, {"X-Request-Id", "abc.def"}, {"Traceparent", traceparent}} {
			t.Run(name, func(t *testing.T) {
				var b bytes.Buffer
				w := serve(t, wrap(&b, failing(errLeak)), "GET", "/", "", headers...)
				id := assertSecret(t, w, 500)
				assert.Equal(t, []string{id}, w.Header()["X-Request-Id"])
				if headers != nil {
					assert.Contains(t, []string{"abc.def", traceID}, id)
				}
				for line := range strings.Lines(b.String()) {
					assert.Contains(t, line, id)
				}
				assert.Contains(t, b.String(), "the kettle leaks")
			})
		}
	}
}

// hello404 writes nothing.
var hello404 = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

func TestIdentifiedIsOutsideOfALoggerThatKnowsNothingOfIt(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/", tigertonic.Identified(failing(errLeak), nil))
	var b bytes.Buffer
	h := loggedTo(&b, mux)
	w := serve(t, h, "GET", "/", "")
	id := assertSecret(t, w, 500)
	assert.Equal(t, []string{id + " the kettle leaks"}, loggedCauses(b.String()), "the logger's ID is taken")
	assert.Equal(t, id, w.Header().Get("X-Request-Id"))

	w = serve(t, h, "GET", "/", "", "X-Request-Id", "abc")
	assert.Equal(t, "abc", assertSecret(t, w, 500), "the client's comes first")
}

func TestRequestIDCreatorWinsForItsLogger(t *testing.T) {
	custom := func(*http.Request) tigertonic.RequestID { return "custom ID" }
	for name, wrap := range map[string]func(l http.Handler) http.Handler{
		"inside":  func(h http.Handler) http.Handler { return tigertonic.Identified(h, nil) },
		"outside": func(h http.Handler) http.Handler { return h },
	} {
		t.Run(name, func(t *testing.T) {
			inner := http.Handler(failing(errLeak))
			if name == "outside" {
				inner = tigertonic.Identified(inner, nil)
			}
			var lines, objects bytes.Buffer
			l := tigertonic.Logged(inner, nil)
			l.Logger, l.RequestIDCreator = log.New(&lines, "", 0), custom
			j := tigertonic.JSONLogged(l, nil)
			j.Logger, j.RequestIDCreator = log.New(&objects, "", 0), custom
			w := serve(t, wrap(j), "GET", "/", "", "X-Request-Id", "abc")
			assert.Equal(t, "abc", assertSecret(t, w, 500))
			assert.Equal(t, []string{"abc"}, w.Header()["X-Request-Id"])
			assert.Equal(t, []string{"custom ID the kettle leaks"}, loggedCauses(lines.String()))
			assert.Equal(t, []string{"custom ID the kettle leaks"}, loggedCauses(objects.String()))
		})
	}
	l := tigertonic.Logged(tigertonic.NewTrieServeMux(), nil)
	l.RequestIDCreator = custom
	assert.EqualValues(t, "custom ID", l.RequestIDCreator(nil))
}

func TestIdentifiedIsInProblemsBehindAWriterThatCantBeUnwrapped(t *testing.T) {
	b := captureSlog(t)
	h := tigertonic.Identified(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		failing(errLeak).ServeHTTP(struct{ http.ResponseWriter }{w}, r)
	}), nil)
	assert.Equal(t, "abc", assertSecret(t, serve(t, h, "GET", "/", "", "X-Request-Id", "abc"), 500))
	assert.Contains(t, b.String(), "request_id=abc")
}

// Others that look at the request afterwards find in it what they do without
// Identified and Within.
func TestCopiesOfRequestsHandBackWhatOthersLookFor(t *testing.T) {
	for name, wrap := range map[string]func(http.Handler) http.Handler{
		"Identified": func(h http.Handler) http.Handler { return tigertonic.Identified(h, nil) },
		"Within":     func(h http.Handler) http.Handler { return tigertonic.Within(h, time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			mux := tigertonic.NewTrieServeMux()
			mux.Handle("POST", "/{form}", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				assert.NoError(t, r.ParseMultipartForm(1))
				if r.PathValue("form") == "panic" {
					panic(errLeak)
				}
			}))
			for _, path := range []string{"/x", "/panic"} {
				var body bytes.Buffer
				form := multipart.NewWriter(&body)
				file, err := form.CreateFormFile("file", "file")
				require.NoError(t, err)
				_, _ = file.Write(bytes.Repeat([]byte("x"), 100))
				require.NoError(t, form.Close())
				r := httptest.NewRequestWithContext(t.Context(), "POST", path, &body)
				r.Header.Set("Content-Type", form.FormDataContentType())
				recovered(func() { wrap(mux).ServeHTTP(httptest.NewRecorder(), r) })
				assert.Equal(t, "POST /{form}", r.Pattern)
				require.NotNil(t, r.MultipartForm)
				assert.NoError(t, r.MultipartForm.RemoveAll())
			}
		})
	}
}

func TestIdentifiedCostsTwoAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	null := tigertonic.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusOK) })
	for _, headers := range [][]string{nil, {"X-Request-Id", "abc"}, {"Traceparent", traceparent}} {
		got := testing.AllocsPerRun(1000, asker(t, tigertonic.Identified(null, nil), "GET", "/", "", headers...))
		assert.LessOrEqual(t, got, 2.0, "%v: the recorder, and the context with the request", headers)
	}
}

func TestIdentifiedDescribesItsHeaders(t *testing.T) {
	op := &tigertonic.Operation{}
	op.Response(http.StatusOK)
	op.ResponseRange("default")
	h := tigertonic.Identified(hello, nil)
	h.(tigertonic.Describer).Describe(op)
	h.(tigertonic.Describer).Describe(op)
	require.Len(t, op.Parameters, 1)
	assert.Equal(t, "X-Request-Id", op.Parameters[0].Name)
	assert.Equal(t, "header", op.Parameters[0].In)
	assert.False(t, op.Parameters[0].Required)
	assert.Equal(t, &schema.Schema{Types: []string{"string"}}, op.Parameters[0].Schema, "any value is taken, some as none")
	for status, rs := range op.Responses {
		assert.Equal(t, "^[A-Za-z0-9._-]+$", rs.Headers["X-Request-Id"].Schema.Pattern, status)
	}
}

func TestIDsOfConcurrentRequestsArentMixedUp(t *testing.T) {
	h := tigertonic.Identified(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		saysItsID(w, r)
	}), nil)
	seen, ids := map[string]bool{}, make(chan string, 800)
	for range 8 {
		go func() {
			for range 100 {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
				id := w.Body.String()
				if w.Header().Get("X-Request-Id") != id {
					id = "mixed up"
				}
				ids <- id
			}
		}()
	}
	for range 800 {
		id := <-ids
		assert.Len(t, id, 16)
		assert.False(t, seen[id], id)
		seen[id] = true
	}
}

func TestTraceFromIsTheRequests(t *testing.T) {
	var parent, state string
	h := tigertonic.Identified(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		parent, state = tigertonic.TraceFrom(r.Context())
	}), nil)
	r := httptest.NewRequest("GET", "/", nil)
	r.Header["Traceparent"], r.Header["Tracestate"] = []string{traceparent}, []string{"a=1", "b=2"}
	h.ServeHTTP(httptest.NewRecorder(), r)
	assert.Equal(t, []string{traceparent, "a=1,b=2"}, []string{parent, state})
	r.Header["Traceparent"] = []string{traceparent, traceparent}
	h.ServeHTTP(httptest.NewRecorder(), r)
	assert.Equal(t, []string{"", ""}, []string{parent, state})
	parent, state = tigertonic.TraceFrom(t.Context())
	assert.Equal(t, []string{"", ""}, []string{parent, state})
}
