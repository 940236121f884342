package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic/conformance/conform"
	"go.uber.org/goleak"
)

// binary is the service as built by TestMain.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "stuff")
	if err == nil {
		binary = filepath.Join(dir, "stuff")
		err = build(binary)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m,
		goleak.Cleanup(func(code int) {
			if err := os.RemoveAll(dir); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
			os.Exit(code)
		}))
}

// build builds the service, with the race detector if the tests have it.
func build(file string) error {
	args := []string{"build", "-o", file}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "-race" && setting.Value == "true" {
				args = append(args, "-race")
			}
		}
	}
	if out, err := exec.Command("go", append(args, ".")...).CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

// A process is the service, running.
type process struct {
	cmd      *exec.Cmd
	output   output // all that it prints
	printed  output // without its log
	welcome  string // what it printed at the start
	base     string // the URL that it listens on
	address  string
	password string // of the operator, unless -config has one
	client   *http.Client
	done     chan struct{}
	checker  *conform.Checker // that responses are as the document says
}

var (
	baseURL    = regexp.MustCompile(`https?://([^/,]+)`)
	credential = regexp.MustCompile(`-u operator:(\w+)`)
)

// welcomeLines is how many lines the service prints at the start.
const welcomeLines = 6

// waitForWelcome waits until the service has printed that it listens.
func (p *process) waitForWelcome(t *testing.T) {
	t.Helper()
	p.waitFor(t, "the welcome", func(string) bool { return strings.Count(p.printed.String(), "\n") >= welcomeLines })
}

// start starts the service on a free port and returns once it listens. When the
// test ends, it must stop with success.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := launch(t, append([]string{"-listen", "127.0.0.1:0", "-admin", ""}, args...)...)
	p.waitForWelcome(t)
	p.welcome = strings.Join(strings.SplitAfter(p.printed.String(), "\n")[:welcomeLines], "")
	url := baseURL.FindStringSubmatch(p.welcome)
	if url == nil {
		t.Fatalf("got %q, want the URL that it listens on", p.welcome)
	}
	p.base, p.address = url[0], url[1]
	if found := credential.FindStringSubmatch(p.welcome); found != nil {
		p.password = found[1]
	}
	t.Cleanup(func() {
		p.client.CloseIdleConnections()
		if code := p.stop(t); code != 0 {
			t.Errorf("got exit code %d, want 0; it printed:\n%s", code, p.output.String())
		}
	})
	return p
}

// launch starts the service, and kills it if it is still there when the test
// ends.
func launch(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{
		cmd: exec.Command(binary, args...), client: &http.Client{Transport: &http.Transport{}}, done: make(chan struct{}),
		checker: conform.New(t, document()).Except("/openapi.json", "/docs"),
	}
	p.output.changed, p.printed.changed = make(chan struct{}), make(chan struct{})
	p.cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0 halt_on_error=1")
	p.cmd.Stdout, p.cmd.Stderr = io.MultiWriter(&p.printed, &p.output), &p.output
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // the exit code is looked at
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it has ended, if all is well
		<-p.done
	})
	return p
}

// stop sends SIGTERM and returns the exit code.
func (p *process) stop(t *testing.T) int {
	t.Helper()
	p.signal(t, syscall.SIGTERM)
	return p.wait(t)
}

func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !strings.Contains(err.Error(), "finished") {
		t.Fatal(err)
	}
}

// wait waits for the process to end and returns its exit code.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		t.Fatalf("it hasn't ended; it printed:\n%s", p.output.String())
	}
	return p.cmd.ProcessState.ExitCode()
}

// waitFor waits until what the process has printed is as ok says.
func (p *process) waitFor(t *testing.T, what string, ok func(text string) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		text, changed := p.output.state()
		if ok(text) {
			return
		}
		select {
		case <-changed:
		case <-p.done:
			if !ok(p.output.String()) {
				t.Fatalf("it has ended without %s; it printed:\n%s", what, p.output.String())
			}
			return
		case <-ctx.Done():
			t.Fatalf("it hasn't printed %s, but:\n%s", what, text)
		}
	}
}

// An output is what a process has printed so far.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.changed)
	o.changed = make(chan struct{})
	return o.text.Write(p)
}

// state returns the text and what is closed once there is more.
func (o *output) state() (text string, changed <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String(), o.changed
}

func (o *output) String() string {
	text, _ := o.state()
	return text
}
