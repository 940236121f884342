package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A process is the service, running, and then those that have taken over from it:
// they have the same output, which ends when the last of them does.
type process struct {
	args   []string
	group  int
	output output
	ended  chan struct{}
}

// start starts the service and returns once it listens. Whatever is left of it when
// the test ends, or crashes, is killed.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{args: args, ended: make(chan struct{})}
	p.output.changed = make(chan struct{})
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0 halt_on_error=1")
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = w, w, &syscall.SysProcAttr{Setpgid: true}
	err = cmd.Start()
	_ = w.Close() // the process has it
	if err != nil {
		t.Fatal(err)
	}
	p.group = cmd.Process.Pid
	go cmd.Wait() //nolint:errcheck // others may go on
	go func() {
		defer close(p.ended)
		defer r.Close()
		_, _ = io.Copy(&p.output, r)
	}()
	keeper := exec.Command("sh", "-c", "read _; kill -9 -$0", strconv.Itoa(p.group))
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
	p.waitFor(t, "that it listens", func(text string) bool { return strings.Contains(text, "and read ") })
	return p
}

var welcomeLine = regexp.MustCompile(`wallet \(process (\d+)\) listens on (https?://\S+), try:`)

// pid returns which process listens, the last to have said so.
func (p *process) pid(t *testing.T) int {
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

func (p *process) base() string { return welcomeLine.FindStringSubmatch(p.output.String())[2] }

func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(p.pid(t), s); err != nil {
		t.Fatalf("%v: %v; it printed:\n%s", s, err, p.output.String())
	}
}

// restart makes the process hand over to a new one, which it returns after.
func (p *process) restart(t *testing.T) {
	t.Helper()
	old := p.pid(t)
	p.signal(t, syscall.SIGUSR2)
	p.waitFor(t, "that another process listens", func(string) bool { return p.pid(t) != old })
}

// stop ends the process by SIGTERM, and must end it with success.
func (p *process) stop(t *testing.T) {
	t.Helper()
	pid := p.pid(t)
	p.signal(t, syscall.SIGTERM)
	p.waitForEnd(t)
	if text := p.output.String(); !strings.Contains(text, fmt.Sprintf(`"msg":"wallet has stopped","pid":%d}`, pid)) {
		t.Errorf("it hasn't stopped with success; it printed:\n%s", tail(text))
	}
}

// kill ends the process, and those that are about to end, at once.
func (p *process) kill(t *testing.T) {
	t.Helper()
	p.signal(t, syscall.SIGKILL)
	p.waitForEnd(t)
}

func (p *process) waitForEnd(t *testing.T) {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patient + 10*time.Second):
		t.Fatalf("it hasn't ended; it printed:\n%s", tail(p.output.String()))
	}
}

// waitFor waits until what has been printed is as ok says.
func (p *process) waitFor(t *testing.T, what string, ok func(text string) bool) {
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

func tail(text string) string { return text[max(0, len(text)-4000):] }

// An output is what has been printed so far.
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

// freeAddress returns an address to listen on at once. Its port is none that the
// system gives to clients, of which there are many while nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	for port := 10_000 + os.Getpid()%10_000; port < 32_000; port++ {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		l.Close()
		if taken.add(port) {
			return l.Addr().String()
		}
	}
	t.Fatal("there is no free port")
	return ""
}

// taken are the ports that tests of this process have been given.
var taken ports

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
