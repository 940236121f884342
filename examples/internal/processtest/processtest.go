// Package processtest runs services as processes: tests build them, start them, and
// stop, restart and kill them by signals.
//
// A service prints a line when it listens, such as
//
//	wallet (process 17) listens on http://127.0.0.1:8000, try:
//
// and more lines, the last of which begins with "and read ". It logs JSON to standard
// error, and at the end "wallet has stopped" with its "pid".
package processtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patient is how long a test waits for something that must happen.
const patient = 30 * time.Second

// Build builds the program in a package, with the race detector if the tests have it.
func Build(file, pkg string) error {
	args := []string{"build", "-o", file}
	if Race() {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, pkg)...).CombinedOutput(); err != nil { //nolint:gosec // tests say what
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// Race reports whether this program was built with the race detector.
func Race() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	for _, setting := range info.Settings {
		if setting.Key == "-race" && setting.Value == "true" {
			return true
		}
	}
	return false
}

// A Process is a running service, including its successors after hand-overs. They share
// one output, which ends with the last of them.
type Process struct {
	binary string
	args   []string
	group  int
	base   string
	output output
	ended  chan struct{}
}

// Start starts a service and returns once it listens. What is left of it when the test
// ends or crashes is killed.
func Start(t *testing.T, binary string, args ...string) *Process {
	t.Helper()
	p := &Process{binary: binary, args: args, ended: make(chan struct{})}
	p.output.changed = make(chan struct{})
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, args...) //nolint:gosec // tests say what
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0 halt_on_error=1")
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = w, w, &syscall.SysProcAttr{Setpgid: true}
	err = cmd.Start()
	_ = w.Close() // the process has it
	if err != nil {
		t.Fatal(err)
	}
	p.group = cmd.Process.Pid
	go func() { _ = cmd.Wait() }() // others may go on
	go func() {
		defer close(p.ended)
		defer func() { _ = r.Close() }()
		_, _ = io.Copy(&p.output, r)
	}()
	keeper := exec.Command("sh", "-c", "read _; kill -9 -$0", strconv.Itoa(p.group)) //nolint:gosec // a number
	leash, err := keeper.StdinPipe()
	if err == nil {
		err = keeper.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = leash.Close() // which kills what is left
		_ = keeper.Wait() // and fails if there is nothing
		p.waitForEnd(t)
	})
	p.WaitFor(t, "that it listens", func(text string) bool { return strings.Contains(text, "and read ") })
	if found := welcomeLine.FindStringSubmatch(p.output.String()); found != nil {
		p.base = found[2]
	}
	return p
}

var welcomeLine = regexp.MustCompile(`\w+ \(process (\d+)\) listens on (https?://\S+), try:`)

// PID returns the ID of the process that listens, the last one to have said so.
func (p *Process) PID(t *testing.T) int {
	t.Helper()
	found := welcomeLine.FindAllStringSubmatch(p.output.String(), -1)
	if len(found) == 0 {
		t.Fatalf("it doesn't say that it listens, but:\n%s", p.output.String())
	}
	pid, err := strconv.Atoi(found[len(found)-1][1])
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// Base returns the URL that the service had at the start.
func (p *Process) Base() string { return p.base }

// Signal sends a signal to the process that listens.
func (p *Process) Signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(p.PID(t), s); err != nil {
		t.Fatalf("%v: %v; it printed:\n%s", s, err, p.output.String())
	}
}

// Restart makes the process hand over to a new one, and returns when that listens.
func (p *Process) Restart(t *testing.T) {
	t.Helper()
	old := p.PID(t)
	p.Signal(t, syscall.SIGUSR2)
	p.WaitFor(t, "that another process listens", func(string) bool { return p.PID(t) != old })
}

// Stop ends the process with SIGTERM, and fails the test unless it ends successfully.
func (p *Process) Stop(t *testing.T) {
	t.Helper()
	pid := p.PID(t)
	p.Signal(t, syscall.SIGTERM)
	p.waitForEnd(t)
	if text := p.output.String(); !strings.Contains(text, fmt.Sprintf(`has stopped","pid":%d`, pid)) {
		t.Errorf("it hasn't stopped with success; it printed:\n%s", tail(text))
	}
}

// Kill kills the process, and waits for those that are about to end.
func (p *Process) Kill(t *testing.T) {
	t.Helper()
	p.Signal(t, syscall.SIGKILL)
	p.waitForEnd(t)
}

func (p *Process) waitForEnd(t *testing.T) {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patient + 10*time.Second):
		t.Fatalf("it hasn't ended; it printed:\n%s", tail(p.output.String()))
	}
}

// WaitFor waits until ok accepts the output so far.
func (p *Process) WaitFor(t *testing.T, what string, ok func(text string) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	for {
		text, changed := p.output.state()
		if ok(text) {
			return
		}
		select {
		case <-changed:
		case <-p.ended:
			if !ok(p.output.String()) {
				t.Fatalf("it has ended without %s; it printed:\n%s", what, tail(p.output.String()))
			}
			return
		case <-ctx.Done():
			t.Fatalf("it hasn't printed %s, but:\n%s", what, tail(text))
		}
	}
}

// Output returns the output so far.
func (p *Process) Output() string { return p.output.String() }

// Again starts the service again, with the same arguments.
func (p *Process) Again(t *testing.T) *Process {
	t.Helper()
	return Start(t, p.binary, p.args...)
}

func tail(text string) string { return text[max(0, len(text)-4000):] }

// An output collects what the processes print.
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

// state returns the text so far, and a channel that is closed when there is more.
func (o *output) state() (text string, changed <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String(), o.changed
}

func (o *output) String() string {
	text, _ := o.state()
	return text
}

// FreeAddress returns an address to listen on. Its port is outside the range that the
// system gives to clients, so that it stays free while nothing listens.
func FreeAddress(t *testing.T) string {
	t.Helper()
	for port := 10_000 + os.Getpid()%10_000; port < 32_000; port++ {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		_ = l.Close()
		if taken.add(port) {
			return l.Addr().String()
		}
	}
	t.Fatal("there is no free port")
	return ""
}

// taken are the ports that FreeAddress has returned in this process.
var taken ports //nolint:gochecknoglobals // ports belong to the process

type ports struct {
	mu    sync.Mutex
	known map[int]bool
}

func (p *ports) add(port int) (added bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		p.known = map[int]bool{}
	}
	added = !p.known[port]
	p.known[port] = true
	return added
}
