//go:build unix

package tigertonic_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// envServer names the file that makes a server of this program: see
// TestServerProcess.
const envServer = "TIGERTONIC_TEST_SERVER"

// A serverConfig is what a process reads when it starts.
type serverConfig struct {
	Addr, AdminAddr, Cert, Key string
	DrainTimeout               time.Duration
	// Plain is for comparison: net/http alone, on descriptor 3, and its Shutdown.
	Plain bool
	// WaitFor is a file, or "". The process doesn't serve before it is there.
	WaitFor string
}

func (c *serverConfig) write(t *testing.T, file string) {
	t.Helper()
	text, err := json.Marshal(c)
	require.NoError(t, err)
	replaceFile(t, file, text, 0o600)
}

// TestServerProcess isn't a test, but the server in the processes that others
// start. It tells when it begins and ends, and ends the process, lest a forgotten
// one stays.
func TestServerProcess(t *testing.T) {
	file := os.Getenv(envServer)
	if file == "" {
		t.Skip("other tests start it")
	}
	time.AfterFunc(2*time.Minute, func() { os.Exit(4) })
	fmt.Fprintf(os.Stderr, "process %d begins\n", os.Getpid())
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var config serverConfig
	require.NoError(t, json.Unmarshal(text, &config))
	for config.WaitFor != "" {
		if _, err := os.Stat(config.WaitFor); err == nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	var handled atomic.Int64
	if config.Plain {
		err := runPlainly(processHandler(&handled))
		fmt.Fprintf(os.Stderr, "process %d ends after %d requests: %v\n", os.Getpid(), handled.Load(), err)
		os.Exit(0)
	}
	s := tigertonic.NewServer(config.Addr, processHandler(&handled))
	s.DrainTimeout = config.DrainTimeout
	if config.AdminAddr != "" {
		s.Admin, s.AdminAddr = readinessWithPID(s), config.AdminAddr
	}
	if config.Cert != "" {
		require.NoError(t, s.TLS(config.Cert, config.Key))
	}
	err = s.Run(context.Background())
	fmt.Fprintf(os.Stderr, "process %d ends after %d requests: %v\n", os.Getpid(), handled.Load(), err)
	if err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// runPlainly is what a program does that has read net/http's example of Shutdown.
func runPlainly(h http.Handler) error {
	l, err := net.FileListener(os.NewFile(3, "main"))
	if err != nil {
		return err
	}
	s := &http.Server{Handler: h}
	signals, stopped := make(chan os.Signal, 1), make(chan error, 1)
	signal.Notify(signals, syscall.SIGTERM)
	go func() {
		<-signals
		stopped <- s.Shutdown(context.Background())
	}()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// processHandler answers which process it is.
func processHandler(handled *atomic.Int64) http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.HandleFunc("POST", "/", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body) // which also lets a client hold the request
		if err == nil {
			handled.Add(1)
		}
		fmt.Fprintf(w, "%d %s", os.Getpid(), body)
	})
	mux.HandleFunc("GET", "/program", func(w http.ResponseWriter, _ *http.Request) {
		out, err := exec.Command("sh", "-c", "env; for fd in 3 4 5 6 7 8 9; do if { true <&$fd; } 2>/dev/null; then echo open $fd; fi; done").CombinedOutput()
		fmt.Fprintf(w, "%s%v", out, err)
	})
	return mux
}

// readinessWithPID is for Admin.
func readinessWithPID(s *tigertonic.Server) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Restarts", strconv.Itoa(s.Restarts()))
		if s.Draining() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprint(w, os.Getpid())
	}
}

// A serverProcess is a server, and those that have taken over from it.
type serverProcess struct {
	journal
	cmd     *exec.Cmd
	config  serverConfig
	file    string        // of the config
	program string        // a link to the program
	exited  chan error    // of the first
	ended   chan struct{} // of all: nobody has their standard error any more
}

// newServerProcess returns one that isn't started yet.
func newServerProcess(t *testing.T, config serverConfig) *serverProcess {
	t.Helper()
	folder := t.TempDir()
	if config.Addr == "" {
		config.Addr = freeAddr(t)
	}
	p := &serverProcess{config: config, file: filepath.Join(folder, "config.json"), program: filepath.Join(folder, "program")}
	p.config.write(t, p.file)
	self, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, os.Symlink(self, p.program))
	p.cmd = exec.Command(p.program, "-test.run=^TestServerProcess$")
	p.cmd.Env = append(os.Environ(), envServer+"="+p.file, "GORACE=atexit_sleep_ms=0 halt_on_error=1")
	return p
}

// start starts the process, and ends it and its successors when the test does.
func (p *serverProcess) start(t *testing.T) *serverProcess {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	p.cmd.Stdout, p.cmd.Stderr = w, w
	require.NoError(t, p.cmd.Start())
	require.NoError(t, w.Close())
	p.exited, p.ended = make(chan error, 1), make(chan struct{})
	go func() {
		_, _ = io.Copy(p, r)
		_ = r.Close()
		close(p.ended)
	}()
	go func() { p.exited <- p.cmd.Wait() }()
	t.Cleanup(func() {
		p.kill()
		<-p.ended
		for _, bad := range []string{"DATA RACE", "panic:", "fatal error:"} {
			assert.NotContains(t, p.String(), bad)
		}
		if t.Failed() {
			t.Log("the processes have said:\n" + p.String())
		}
	})
	return p
}

var processEvent = regexp.MustCompile(`(?m)^process (\d+) (begins|ends after (\d+) requests: (.*))$`)

// living returns the processes that have begun and not said that they end.
func (p *serverProcess) living() (pids []int) {
	for _, event := range processEvent.FindAllStringSubmatch(p.String(), -1) {
		pid, _ := strconv.Atoi(event[1])
		if event[2] == "begins" {
			pids = append(pids, pid)
			continue
		}
		pids = slices.DeleteFunc(pids, func(other int) bool { return other == pid })
	}
	return pids
}

// kill kills what lives, until nothing does.
func (p *serverProcess) kill() {
	for {
		for _, pid := range p.living() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		select {
		case <-p.ended:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// handled returns how many requests the processes that have ended have had, if
// all ended well.
func (p *serverProcess) handled(t *testing.T) (n int) {
	t.Helper()
	for _, event := range processEvent.FindAllStringSubmatch(p.String(), -1) {
		if event[2] != "begins" {
			assert.Equal(t, "<nil>", event[4], "process %s", event[1])
			some, _ := strconv.Atoi(event[3])
			n += some
		}
	}
	assert.Empty(t, p.living(), "they ended without a word")
	return n
}

// stop stops a process, after which none must be left.
func (p *serverProcess) stop(t *testing.T, pid int) {
	t.Helper()
	require.NoError(t, syscall.Kill(pid, syscall.SIGTERM))
	receiveFrom(t, "the processes to end", p.ended)
}

// restart has a process start another.
func restart(t *testing.T, pid int) {
	t.Helper()
	require.NoError(t, syscall.Kill(pid, syscall.SIGUSR2))
}

// pid waits until the server serves, and returns which process has answered.
func (p *serverProcess) pid(t *testing.T) int {
	t.Helper()
	pid := 0
	eventually(t, "the server to serve", func() bool {
		select {
		case <-p.ended:
			t.Fatal("it has ended")
		default:
		}
		conn, err := net.Dial("tcp", p.config.Addr)
		if err != nil {
			return false
		}
		defer conn.Close()
		require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
		require.NoError(t, post(conn, true))
		pid, _, err = answerFrom(bufio.NewReader(conn))
		require.NoError(t, err)
		return true
	})
	return pid
}

// post sends a request without waiting for the answer.
func post(conn net.Conn, closes bool) error {
	header := "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
	if closes {
		header += "Connection: close\r\n"
	}
	_, err := io.WriteString(conn, header+"\r\nhello")
	return err
}

// answerFrom reads the answer of a process.
func answerFrom(r *bufio.Reader) (pid int, closes bool, err error) {
	response, err := http.ReadResponse(r, nil)
	if err != nil {
		return 0, false, err
	}
	defer response.Body.Close()
	pid, err = pidIn(response)
	return pid, response.Close, err
}

func pidIn(response *http.Response) (int, error) {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	text, rest, _ := bytes.Cut(body, []byte(" "))
	pid, err := strconv.Atoi(string(text))
	if err != nil || response.StatusCode != http.StatusOK || string(rest) != "hello" {
		return 0, fmt.Errorf("%s with %q", response.Status, body)
	}
	return pid, nil
}
