package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// untilRefused returns once the service accepts no connections any more.
func (p *process) untilRefused(t *testing.T) {
	t.Helper()
	for {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.address)
		if errors.Is(err, syscall.ECONNREFUSED) {
			return
		}
		if err == nil {
			conn.Close()
		}
	}
}

func TestSignalsLoseNoRequestInFlight(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			p := start(t)
			conns := make([]net.Conn, 20)
			const half = len(`"}`)
			request := func(i int) string {
				return post("/1.0/stuff", p.address, fmt.Sprintf(`{"id":"id%d","stuff":"STUFF"}`, i))
			}
			for i := range conns {
				conns[i] = dial(t, p.address)
				t.Cleanup(func() { conns[i].Close() })
				if _, err := io.WriteString(conns[i], request(i)[:len(request(i))-half]); err != nil {
					t.Fatal(err)
				}
			}
			p.waitFor(t, "20 requests", func(text string) bool { return strings.Count(text, "> POST /1.0/stuff") == len(conns) })
			p.signal(t, signal)
			p.untilRefused(t)
			for i, conn := range conns {
				if _, err := io.WriteString(conn, request(i)[len(request(i))-half:]); err != nil {
					t.Fatal(err)
				}
				rs, raw := receive(t, conn, request(i))
				if rs.StatusCode != http.StatusCreated {
					t.Errorf("got %q, want a 201", raw)
				}
			}
			if code := p.wait(t); code != 0 {
				t.Errorf("got exit code %d, want 0; it printed:\n%s", code, p.output.String())
			}
		})
	}
}

// Clients that send one request after another are told to close their
// connections before these are closed.
func TestStopUnderLoadLosesNoRequest(t *testing.T) {
	t.Parallel()
	p := start(t)
	const clients, before = 8, 400
	var created atomic.Int64
	enough := make(chan struct{})
	var wg sync.WaitGroup
	for client := range clients {
		conn := dial(t, p.address) // accepted for sure once it has answered
		wg.Go(func() {
			defer conn.Close()
			for i := 0; ; i++ {
				request := post("/1.0/stuff", p.address, fmt.Sprintf(`{"id":"%d-%d","stuff":"STUFF"}`, client, i))
				if _, err := io.WriteString(conn, request); err != nil {
					t.Errorf("request %d of client %d: %v", i, client, err)
					return
				}
				rs, raw, err := read(conn, request)
				if err != nil || rs.StatusCode != http.StatusCreated {
					t.Errorf("request %d of client %d: got %q, %v", i, client, raw, err)
					return
				}
				if created.Add(1) == before {
					close(enough)
				}
				if rs.Close {
					return
				}
			}
		})
	}
	<-enough
	p.signal(t, syscall.SIGTERM)
	wg.Wait()
	if code := p.wait(t); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
	if got := int64(strings.Count(p.output.String(), " < HTTP/1.1 201 Created\n")); got != created.Load() {
		t.Errorf("%d requests are in the log, and %d were answered", got, created.Load())
	}
}

func TestSecondSignalEndsTheServiceAtOnce(t *testing.T) {
	t.Parallel()
	p := launch(t, "-listen", "127.0.0.1:0", "-admin", "")
	p.waitForWelcome(t)
	p.address = baseURL.FindStringSubmatch(p.printed.String())[1]
	conn := dial(t, p.address)
	defer conn.Close()
	if _, err := io.WriteString(conn, strings.TrimSuffix(post("/1.0/stuff", p.address, "{}"), "}")); err != nil {
		t.Fatal(err)
	}
	p.waitFor(t, "the request", func(text string) bool { return strings.Contains(text, "> POST /1.0/stuff") })
	p.signal(t, syscall.SIGTERM)
	p.untilRefused(t) // the first signal has been taken
	p.signal(t, syscall.SIGTERM)
	if code := p.wait(t); code != 1 || !strings.Contains(p.output.String(), "a second signal has cut off") {
		t.Errorf("got exit code %d, want 1 and why; it printed:\n%s", code, p.output.String())
	}
}

// Whoever had the port that the service has by default, a restart keeps the one that
// was chosen instead.
func TestRestartKeepsThePortThatWasChosen(t *testing.T) {
	t.Parallel()
	if l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:8000"); err == nil {
		t.Cleanup(func() { l.Close() })
	}
	p := launch(t)
	p.waitForWelcome(t)
	if got := p.printed.String(); !strings.HasPrefix(got, "stuff: port 8000 is taken; listening on 80") {
		t.Fatalf("got %q", got)
	}
	p.signal(t, syscall.SIGUSR2)
	p.waitFor(t, "that another process listens", func(string) bool { return strings.Count(p.printed.String(), "stuff (process") == 2 })
	p.waitFor(t, "that the first has stopped", func(text string) bool {
		return strings.Contains(text, "tigertonic: handed over") && strings.Contains(text, "stuff has stopped")
	})
	found := baseURL.FindAllString(p.printed.String(), -1)
	processes := processID.FindAllStringSubmatch(p.printed.String(), -1)
	if len(processes) != 2 || !strings.Contains(p.printed.String(), processes[1][1]+") listens on "+found[0]+",") {
		t.Errorf("the process that took over listens elsewhere:\n%s", p.printed.String())
	}
	pid, err := strconv.Atoi(processes[1][1])
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	p.waitFor(t, "that the second has stopped", func(text string) bool { return strings.Count(text, "stuff has stopped") == 2 })
}

var processID = regexp.MustCompile(`stuff \(process (\d+)\)`)
