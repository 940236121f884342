package main

import (
	"bytes"
	"context"
	"encoding/json"
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

	"go.uber.org/goleak"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi/contract"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/natstest"
	"github.com/rcrowley/go-tigertonic/examples/internal/processtest"
)

// patient is how long something may take on a busy machine.
const patient = 60 * time.Second

// binary is the service as built by TestMain.
var binary string

func TestMain(m *testing.M) {
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{}
	slog.SetDefault(slog.New(slog.NewJSONHandler(io.Discard, nil)))
	dir, err := os.MkdirTemp("", "cab")
	if err == nil {
		binary = filepath.Join(dir, "cab")
		err = processtest.Build(binary, ".")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(contract.Covered(m, promised()),
		goleak.Cleanup(func(code int) {
			_ = os.RemoveAll(dir)
			os.Exit(code)
		}))
}

// A running is a process of the service, served over a socket by a test, which holds it to
// its document.
type running struct {
	*httptest.Server
	process *process
}

// onEachNetwork runs a test with all services in one process, and with three processes on a bus
// and by URLs. The one that the test is given has the thin API.
func onEachNetwork(t *testing.T, f func(t *testing.T, r *running)) {
	t.Helper()
	t.Run("in process", func(t *testing.T) {
		t.Parallel()
		f(t, start(t))
	})
	t.Run("nats", func(t *testing.T) {
		t.Parallel()
		url := natstest.Start(t).URL()
		f(t, startThree(t, func(int) []string { return []string{"-bus", url} }))
	})
	t.Run("http", func(t *testing.T) {
		t.Parallel()
		f(t, startThree(t, threePeers(t)))
	})
}

// threePeers returns the flags of each of three processes that know each other's URLs.
func threePeers(t *testing.T) func(i int) []string {
	t.Helper()
	addresses := []string{processtest.FreeAddress(t), processtest.FreeAddress(t), processtest.FreeAddress(t)}
	peers := "http://" + strings.Join(addresses, ",http://")
	return func(i int) []string { return []string{"-bus", "http", "-calls", addresses[i], "-peers", peers} }
}

// startThree starts three processes that need each other.
func startThree(t *testing.T, network func(i int) []string) *running {
	t.Helper()
	var all [3]*running
	for i, services := range []string{"config,nearest-driver,zoning,hob", "raziel,eta,job", "api,customer,feature-flags,fare,experiment"} {
		all[i] = start(t, append(network(i), "-serve", services)...)
	}
	for _, r := range all {
		until(t, "each process knows all services, and that it may take its time", func() bool {
			if r.process.calls.Get().Multiplier != patience100 {
				return false
			}
			found := map[string]bool{}
			for _, i := range r.process.instances(t.Context()) {
				found[i.Service] = true
			}
			return len(found) == len(everything())+1 // and that for traces
		})
	}
	return all[2]
}

// start starts a service with these flags, without drivers unless they say so.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	return startWith(t, optionsOf(t, args...))
}

// optionsOf returns the options of a service with these flags, without drivers unless they say
// so.
func optionsOf(t *testing.T, args ...string) *options {
	t.Helper()
	o, err := parseOptions(append([]string{"-db", filepath.Join(t.TempDir(), "cab.db"), "-config", patientConfig(t), "-drivers", "0", "-jobs", "0"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// patience100 is the multiplier of SLAs for tests: what a busy machine takes isn't to be tried
// again, since that would be seen in traces.
const patience100 = 100

// patientConfig returns a directory with the configuration that is built in, but for more
// patience.
func patientConfig(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	files, err := filepath.Glob(filepath.Join("internal", "config", "defaults", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil {
			text = bytes.Replace(text, []byte(`"multiplier": 4,`), fmt.Appendf(nil, `"multiplier": %d,`, patience100), 1)
			err = os.WriteFile(filepath.Join(dir, filepath.Base(file)), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func startWith(t *testing.T, o *options) *running {
	t.Helper()
	p, err := newProcess(context.WithoutCancel(t.Context()), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	if o.bus == "" { // else another process has to be there first
		until(t, "it has its configuration", func() bool { return p.calls.Get().Multiplier == patience100 })
	}
	return &running{process: p, Server: promised().Server(t, p.front)}
}

// An answer is a response that has been read.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

// do sends a request, "METHOD /path". What is behind the body are headers, "Name: value".
func (r *running) do(t *testing.T, request, body string, headers ...string) answer {
	t.Helper()
	a, err := ask(t.Context(), r.Client(), r.URL, request, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// ask is do without a test.
func ask(ctx context.Context, c *http.Client, base, request, body string, headers ...string) (answer, error) {
	method, target, _ := strings.Cut(request, " ")
	rq, err := http.NewRequestWithContext(ctx, method, base+target, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if body != "" {
		rq.Header.Set("Content-Type", "application/json")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		rq.Header.Set(name, value)
	}
	rs, err := c.Do(rq)
	if err != nil {
		return answer{}, err
	}
	defer rs.Body.Close()
	text, err := io.ReadAll(rs.Body)
	return answer{rs.StatusCode, rs.Header, string(text)}, err
}

// place puts drivers on the road: d1 is the nearest to the center.
func (r *running) place(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		body := fmt.Sprintf(`{"lat":%f,"lng":-6.26,"heading":90}`, 53.34+0.0005*float64(i))
		if got := r.do(t, fmt.Sprintf("PUT /v1/drivers/d%d/position", i+1), body); got.status != 200 {
			t.Fatalf("got %v", got)
		}
	}
}

func decode[T any](t *testing.T, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return v
}

// until waits until f says yes.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patient); !f(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never happens that %s", what)
		}
	}
}
