package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/conformance/conform"
	"go.uber.org/goleak"

	"github.com/rcrowley/go-tigertonic/examples/internal/postgrestest"
	"github.com/rcrowley/go-tigertonic/examples/internal/processtest"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/frame"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/secret"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

// patient is how long something may take on a busy machine.
const patient = 60 * time.Second

// binary is the service as built by TestMain.
var binary string

func TestMain(m *testing.M) {
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{}
	slog.SetDefault(slog.New(slog.NewJSONHandler(io.Discard, nil)))
	dir, err := os.MkdirTemp("", "stats")
	if err == nil {
		binary = filepath.Join(dir, "stats")
		err = processtest.Build(binary, ".")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("github.com/stathat/go.(*BasicReporter).processReports"), // it starts them by itself
		goleak.Cleanup(func(code int) {
			_ = os.RemoveAll(dir)
			os.Exit(code)
		}))
}

// onEach runs a test with each kind of database, of which it gets a fresh one.
func onEach(t *testing.T, f func(t *testing.T, db string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, "")
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, postgrestest.Fresh(t))
	})
}

// A running is the service, served in this process.
type running struct {
	*httptest.Server
	options *options
	process *process
	store   *store.Store
	account *credentials
}

// start starts a service with these flags.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	o, err := parseOptions("", append([]string{"-data", t.TempDir()}, args...))
	if err != nil {
		t.Fatal(err)
	}
	return startWith(t, o)
}

// startWith starts a service with these options, and with passwords that are cheap: those
// of the processes that tests start are not.
func startWith(t *testing.T, o *options) *running {
	t.Helper()
	if o.rounds != secret.Rounds {
		t.Errorf("passwords are hashed in %d rounds", o.rounds)
	}
	o.rounds = 1000
	db, err := o.openStore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	first, err := o.firstAccount(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	p, err := o.start(context.WithoutCancel(t.Context()), db)
	if err != nil {
		t.Fatal(err)
	}
	r := &running{options: o, process: p, store: db, account: first}
	r.Server = httptest.NewServer(checked(t, r.process.service.handler()))
	t.Cleanup(func() {
		r.Close()
		r.process.stop()
	})
	return r
}

// hostKey has the host of a request in its context.
type hostKey struct{}

// checked holds what is for programs to the document, which knows each host by one name,
// though there are others.
func checked(t *testing.T, tree http.Handler) http.Handler {
	recorded := conform.New(t, document()).Recorded(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host, _ = r.Context().Value(hostKey{}).(string)
		tree.ServeHTTP(w, r)
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		label, _, _ := strings.Cut(strings.ToLower(r.Host), ".")
		host := map[string]string{"api": "api.localhost", "www": "www.localhost", "127": "www.localhost"}[label]
		lenient := r.ContentLength > 0 && r.Header.Get("Content-Type") == ""
		if host == "" || lenient || !isDocumented(r.URL.Path) {
			tree.ServeHTTP(w, r)
			return
		}
		r = r.WithContext(context.WithValue(r.Context(), hostKey{}, r.Host))
		r.Host = host
		recorded.ServeHTTP(w, r)
	})
}

// isDocumented reports whether a path is for programs, and not a page for people.
func isDocumented(path string) bool {
	switch path {
	case "/ez", "/c", "/v", "/live":
		return true
	}
	return strings.HasPrefix(path, "/x/") || strings.Contains(path, "/csv/")
}

// An answer is a response that has been read.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

// do sends a request to a host of the service. What is behind the body are headers,
// "Name: value".
func (r *running) do(t *testing.T, host, request, body string, headers ...string) answer {
	t.Helper()
	method, target, _ := strings.Cut(request, " ")
	rq, err := http.NewRequestWithContext(t.Context(), method, r.URL+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	rq.Host = host
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		rq.Header.Add(name, value)
	}
	client := *r.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	rs, err := client.Do(rq)
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	text, err := io.ReadAll(rs.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{rs.StatusCode, rs.Header, string(text)}
}

const (
	isForm = "Content-Type: application/x-www-form-urlencoded"
	isJSON = "Content-Type: application/json"
)

// count counts something, which must work.
func (r *running) count(t *testing.T, stat string, n float64) {
	t.Helper()
	if got := r.do(t, "api.localhost", "POST /ez", fmt.Sprintf("ezkey=%s&stat=%s&count=%v", r.account.ezkey, stat, n), isForm); got.status != 204 {
		t.Fatalf("got %v", got)
	}
}

// total returns what there is of a stat, of the last ten years.
func (r *running) total(t *testing.T, name string) store.Cell {
	t.Helper()
	account, err := r.store.AccountByEmail(t.Context(), r.account.email)
	if err != nil {
		t.Fatal(err)
	}
	stat, err := r.store.StatByName(t.Context(), account.ID, name)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	cells, err := r.store.Series(t.Context(), stat.ID, frame.Frame{Span: 10*frame.Year + 60, Step: frame.Year/2 + 3}.At(time.Now().Unix()+600))
	if err != nil {
		t.Fatal(err)
	}
	return store.Total(cells)
}
