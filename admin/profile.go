package admin

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
)

// Profiles are served as package net/http/pprof serves them, for the same tools,
// but for that package itself, which registers its handlers on the default mux as
// soon as it is linked. Of a profile that isn't recorded over time there is no
// difference to be had by ?seconds=, which takes packages that are internal to
// Go: go tool pprof -diff_base makes it of two.

const (
	binaryType = "application/octet-stream"
	// maxSeconds is how long a recording may take: the service can't stop
	// meanwhile without cutting it off.
	maxSeconds = 60
)

func (a *Admin) addProfiles(mux *tigertonic.TrieServeMux) {
	mux.Handle("GET", "/debug/pprof", profilesRedirect{})
	mux.Handle("GET", "/debug/pprof/", &page{"profiles", "List the profiles", htmlType, a.profilesPage})
	mux.Handle("GET", "/debug/pprof/cmdline", &page{"cmdline", "Show the command line, its arguments separated by NUL", textType, commandLine})
	mux.Handle("GET", "/debug/pprof/profile", &recording{"profile", "Record a CPU profile", "30", pprof.StartCPUProfile, pprof.StopCPUProfile})
	mux.Handle("GET", "/debug/pprof/symbol", &page{"symbol", "Look up functions by address", textType, symbolsOfQuery})
	mux.Handle("POST", "/debug/pprof/symbol", tigertonic.Sized(&page{"symbols", "Look up functions by address", textType, symbolsOfBody}, 1<<20))
	mux.Handle("GET", "/debug/pprof/trace", &recording{"trace", "Trace the execution", "1", trace.Start, trace.Stop})
	mux.Handle("GET", "/debug/pprof/{profile}", profile{})
}

// profilesRedirect sends those who forget the last slash to it, wherever the
// handler is mounted.
type profilesRedirect struct{}

func (profilesRedirect) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", "pprof/")
	w.WriteHeader(http.StatusPermanentRedirect)
}

func (profilesRedirect) Describe(op *tigertonic.Operation) { op.Hidden = true }

func (profilesRedirect) String() string { return "admin.redirect" }

// A recording is a profile that is taken over time, one at a time.
type recording struct {
	name, summary, seconds string
	start                  func(io.Writer) error
	stop                   func()
}

func (rec *recording) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text := r.FormValue("seconds")
	if text == "" {
		text = rec.seconds
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds > 0 && seconds <= maxSeconds) {
		refuseParameter(w, r, "seconds", fmt.Sprintf("must be more than 0 and at most %d", maxSeconds))
		return
	}
	duration := time.Duration(seconds * float64(time.Second))
	h := w.Header()
	h.Set("Content-Type", binaryType)
	h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", rec.name))
	if r.Method == http.MethodHead {
		return
	}
	extendWriteTimeout(w, r, duration)
	if err := rec.start(w); err != nil { // which has written nothing then
		h.Del("Content-Disposition")
		tigertonic.ResponseErrorWriter.WriteError(r, w, tigertonic.Conflict{Err: err})
		return
	}
	defer rec.stop()
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

// Describe adds what the recording is.
func (rec *recording) Describe(op *tigertonic.Operation) {
	op.ID, op.Summary = rec.name, rec.summary
	op.Parameters = append(op.Parameters, tigertonic.Parameter{
		Name: "seconds", In: "query", Description: "How long to record.",
		Schema: &schema.Schema{Types: []string{"number"}, ExclusiveMinimum: "0", Maximum: "60", Default: []byte(rec.seconds)},
	})
	op.Response(http.StatusOK).Add(binaryType, tigertonic.MediaType{})
	op.AddError(http.StatusConflict, "Another one is running")
	op.AddError(http.StatusUnprocessableEntity, "A parameter isn't valid")
}

// String is how [tigertonic.Explain] shows the handler.
func (rec *recording) String() string { return "admin." + rec.name }

// extendWriteTimeout gives a response the time of a recording besides what the
// server gives each.
func extendWriteTimeout(w http.ResponseWriter, r *http.Request, by time.Duration) {
	if s, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok && s.WriteTimeout > 0 {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.WriteTimeout + by)) // or it is cut off
	}
}

// A profile is any that runtime/pprof knows, those of the program's own too.
type profile struct{}

func (profile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := tigertonic.PathValue(r, "profile")
	p := pprof.Lookup(name)
	if p == nil {
		tigertonic.ResponseErrorWriter.WriteError(r, w, tigertonic.NotFound{Err: fmt.Errorf("there is no profile %q", name)})
		return
	}
	debug, err := strconv.ParseUint("0"+r.FormValue("debug"), 10, 8)
	switch {
	case err != nil || debug > 2:
		refuseParameter(w, r, "debug", "must be 0, 1 or 2")
		return
	case r.FormValue("seconds") != "":
		refuseParameter(w, r, "seconds", "isn't for this profile: take two, and compare them with go tool pprof -diff_base")
		return
	}
	h := w.Header()
	h.Set("Content-Type", textType)
	if debug == 0 {
		h.Set("Content-Type", binaryType)
		h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
	}
	if r.Method == http.MethodHead {
		return
	}
	if gc := r.FormValue("gc"); name == "heap" && gc != "" && gc != "0" {
		runtime.GC()
	}
	_ = p.WriteTo(w, int(debug)) // a client that is gone is no error
}

// Describe adds what the profile is.
func (profile) Describe(op *tigertonic.Operation) {
	op.ID, op.Summary = "snapshot", "Take a profile"
	for i := range op.Parameters {
		op.Parameters[i].Description = "Which one: allocs, block, goroutine, heap, mutex, threadcreate or one of the program's own."
	}
	op.Parameters = append(op.Parameters,
		tigertonic.Parameter{
			Name: "debug", In: "query", Description: "0 for go tool pprof; 1 for text; of goroutines, 2 for the stacks as a panic shows them.",
			Schema: &schema.Schema{Types: []string{"integer"}, Minimum: "0", Maximum: "2", Default: []byte("0")},
		},
		tigertonic.Parameter{
			Name: "gc", In: "query", Description: "1 to collect garbage before a profile of the heap.",
			Schema: &schema.Schema{Types: []string{"integer"}, Default: []byte("0")},
		})
	op.Response(http.StatusOK).Add(binaryType, tigertonic.MediaType{})
	op.Response(http.StatusOK).Add("text/plain", tigertonic.MediaType{Schema: &schema.Schema{Types: []string{"string"}}})
	op.AddError(http.StatusNotFound, "There is no such profile")
	op.AddError(http.StatusUnprocessableEntity, "A parameter isn't valid")
}

// String is how [tigertonic.Explain] shows the handler.
func (profile) String() string { return "admin.snapshot" }

// refuseParameter answers that a parameter of the query isn't valid.
func refuseParameter(w http.ResponseWriter, r *http.Request, name, detail string) {
	err := tigertonic.FieldErrors{{Parameter: name, In: "query", Detail: detail}}
	tigertonic.ResponseErrorWriter.WriteError(r, w, err)
}

func commandLine(*http.Request) ([]byte, string, error) {
	return []byte(strings.Join(os.Args, "\x00")), "", nil
}

func symbolsOfQuery(r *http.Request) ([]byte, string, error) {
	return symbols(r.URL.RawQuery), "", nil
}

func symbolsOfBody(r *http.Request) ([]byte, string, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, "", tigertonic.RequestEntityTooLarge{Err: err}
	}
	return symbols(string(body)), "", nil
}

// symbols names the functions at addresses, which are separated by plus signs. The
// number in the first line only says that there are any.
func symbols(addresses string) []byte {
	b := bytes.NewBufferString("num_symbols: 1\n")
	for address := range strings.SplitSeq(addresses, "+") {
		pc, err := strconv.ParseUint(address, 0, 64)
		if err != nil || pc == 0 {
			continue
		}
		if f := runtime.FuncForPC(uintptr(pc)); f != nil {
			fmt.Fprintf(b, "%#x %s\n", pc, f.Name())
		}
	}
	return b.Bytes()
}
