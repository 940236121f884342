//go:build unix

package tigertonic_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// A held is a request that the server has begun to read and the client has not
// finished to send.
type held struct {
	net.Conn
	r *bufio.Reader
}

func hold(t *testing.T, addr string) *held {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
	require.NoError(t, err)
	h := &held{conn, bufio.NewReader(conn)}
	line, err := h.r.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "100 Continue")
	_, err = h.r.ReadString('\n')
	require.NoError(t, err)
	return h
}

// finish sends the rest, and returns which process has answered.
func (h *held) finish(t *testing.T) (pid int) {
	t.Helper()
	_, err := io.WriteString(h, "hello")
	require.NoError(t, err)
	pid, closes, err := answerFrom(h.r)
	require.NoError(t, err)
	assert.True(t, closes)
	return pid
}

// The process that hands over ends its requests, and isn't asked by anybody else
// meanwhile, whether it is ready or anything.
func TestRestartedServerIsServedByTheNewProcessAlone(t *testing.T) {
	t.Parallel()
	p := newServerProcess(t, serverConfig{AdminAddr: freeAddr(t)}).start(t)
	first := p.pid(t)
	request := hold(t, p.config.Addr)
	restart(t, first)
	next := first
	eventually(t, "the new process", func() bool { next = p.pid(t); return next != first })
	inARow := 0 // for the first one may have accepted before it stopped to listen
	eventually(t, "the new process alone to answer", func() bool {
		response, body := get(t, newClient(t), "http://"+p.config.AdminAddr)
		inARow++
		if p.pid(t) != next || response.Header.Get("Restarts") != "1" || response.StatusCode != http.StatusOK || body != strconv.Itoa(next) {
			inARow = 0
		}
		return inARow == 20
	})
	assert.Equal(t, first, request.finish(t))
	require.NoError(t, receiveFrom(t, "the first process to end", p.exited))
	p.stop(t, next)
	assert.False(t, listens(p.config.Addr))
	assert.False(t, listens(p.config.AdminAddr))
	p.handled(t)
}

// asProgram has a server in this process start another program when it restarts.
func asProgram(t *testing.T, args ...string) {
	t.Helper()
	old := os.Args
	os.Args = args
	t.Cleanup(func() { os.Args = old })
}

const couldnt = "couldn't be restarted"

func TestRestartThatFailsLeavesTheServer(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	replaceFile(t, program, []byte("#!/bin/sh\n"), 0o700)
	asProgram(t, program)
	s := tigertonic.NewServer("", hello)
	s.RestartTimeout = 300 * time.Millisecond
	r := startRun(t, s)
	before := openFiles(t) // without a connection
	client := newClient(t)
	get(t, client, "http://"+r.addr)
	content := func(text string) func() error {
		return func() error { replaceFile(t, program, []byte(text), 0o700); return nil }
	}
	failures := []struct {
		name string
		harm func() error
		want string
	}{
		{"crashes", content("#!/bin/sh\nexit 3"), "has ended before it was ready: exit status 3"},
		{"ends", content("#!/bin/sh\nexit 0"), "has ended before it was ready: exit status 0"},
		{"says something else", content("#!/bin/sh\necho steady >&4; exec sleep 60"), "before it was ready"},
		{"hangs", content("#!/bin/sh\nexec sleep 60"), "wasn't ready within 300ms: signal: killed"},
		{"is no program", content("\x00\x01\x02"), "exec format error"},
		{"isn't executable", func() error { return os.Chmod(program, 0o600) }, "permission denied"},
		{"is missing", func() error { return os.Remove(program) }, "no such file or directory"},
	}
	for i, tt := range failures {
		require.NoError(t, tt.harm(), tt.name)
		signalSelf(t, syscall.SIGUSR2)
		eventually(t, "it to be logged that the program "+tt.name, func() bool { return strings.Count(r.log.String(), couldnt) > i })
		lines := strings.Split(strings.TrimSpace(r.log.String()), "\n")
		assert.Contains(t, lines[len(lines)-1], tt.want, tt.name)
		_, body := get(t, client, "http://"+r.addr)
		assert.Equal(t, "hello", body, tt.name)
		assert.False(t, r.Draining(), tt.name)
	}
	// A client may have dialed once more than it has needed to.
	client.CloseIdleConnections()
	eventually(t, "as few descriptors to be open as before", func() bool { return openFiles(t) <= before })
	r.cancel()
	require.NoError(t, receiveFrom(t, "Run to end", r.ended))
}

// openFiles counts the descriptors of this process.
func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/dev/fd")
	require.NoError(t, err)
	return len(files)
}

// slowProgram makes a program that writes its process ID into a file and hangs.
func slowProgram(t *testing.T) (pids func() []string) {
	t.Helper()
	folder := t.TempDir()
	program, journal := filepath.Join(folder, "program"), filepath.Join(folder, "pids")
	replaceFile(t, program, fmt.Appendf(nil, "#!/bin/sh\necho $$ >>%q\nexec sleep 60", journal), 0o700)
	asProgram(t, program)
	return func() []string {
		text, _ := os.ReadFile(journal) // which may not be there yet
		return strings.Fields(string(text))
	}
}

func TestTwoRestartsAtOnceAreOne(t *testing.T) {
	pids := slowProgram(t)
	s := tigertonic.NewServer("", hello)
	s.RestartTimeout = time.Second
	r := startRun(t, s)
	signalSelf(t, syscall.SIGUSR2)
	signalSelf(t, syscall.SIGUSR2)
	eventually(t, "the program to start", func() bool { return len(pids()) > 0 })
	signalSelf(t, syscall.SIGUSR2)
	r.log.says(t, couldnt)
	assert.Len(t, pids(), 1)
	signalSelf(t, syscall.SIGUSR2)
	eventually(t, "the program to start again", func() bool { return len(pids()) == 2 })
	eventually(t, "it to fail again", func() bool { return strings.Count(r.log.String(), couldnt) == 2 })
}

// Who stops a service doesn't want another.
func TestStopDuringARestartEndsTheNewProcess(t *testing.T) {
	for name, end := range map[string]func(*runner){
		"SIGTERM":             func(*runner) { signalSelf(t, syscall.SIGTERM) },
		"the context is done": func(r *runner) { r.cancel() },
		"Close":               func(r *runner) { _ = r.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			pids := slowProgram(t)
			r := startRun(t, tigertonic.NewServer("", hello))
			signalSelf(t, syscall.SIGUSR2)
			eventually(t, "the program to start", func() bool { return len(pids()) > 0 })
			pid, err := strconv.Atoi(pids()[0])
			require.NoError(t, err)
			defer func() { _ = syscall.Kill(pid, syscall.SIGKILL) }() // this process's child, and it has waited for it if it is gone
			end(r)
			require.NoError(t, receiveFrom(t, "Run to end", r.ended))
			eventually(t, "the new process to be gone", func() bool { return syscall.Kill(pid, 0) != nil })
		})
	}
}

func TestRunHandsOver(t *testing.T) {
	files := newPairFiles(t, newPair(t, 1))
	config := serverConfig{Addr: freeAddr(t), AdminAddr: freeAddr(t), Cert: files.cert, Key: files.key}
	file := filepath.Join(t.TempDir(), "config.json")
	config.write(t, file)
	t.Setenv(envServer, file)
	t.Setenv("GORACE", "atexit_sleep_ms=0 halt_on_error=1")
	asProgram(t, os.Args[0], "-test.run=^TestServerProcess$")
	s := tigertonic.NewServer(config.Addr, hello)
	s.Admin, s.AdminAddr = hello, config.AdminAddr
	require.NoError(t, s.TLS(files.cert, files.key))
	r := startRun(t, s)
	signalSelf(t, syscall.SIGUSR2)
	require.NoError(t, receiveFrom(t, "Run to end", r.ended))
	assert.Empty(t, r.log.String())
	_, body := get(t, newClient(t), "http://"+config.AdminAddr)
	pid, err := strconv.Atoi(body)
	require.NoError(t, err)
	assert.NotEqual(t, os.Getpid(), pid)
	require.NoError(t, syscall.Kill(pid, syscall.SIGTERM))
	eventually(t, "it to end", func() bool { return !listens(config.Addr) && syscall.Kill(pid, 0) != nil })
}

func TestProgramIsReplacedOnDisk(t *testing.T) {
	t.Parallel()
	p := newServerProcess(t, serverConfig{})
	good, err := os.Readlink(p.program)
	require.NoError(t, err)
	p.start(t)
	first := p.pid(t)
	l := newLoad(t, p.config.Addr)
	l.add(4, l.http1(true, nil))
	l.add(4, l.http1(false, nil))
	broken := filepath.Join(t.TempDir(), "broken")
	replaceFile(t, broken, []byte("#!/bin/sh\necho broken >&2\nexit 9"), 0o700)
	for _, program := range []string{broken, good} {
		require.NoError(t, os.Symlink(program, p.program+".new"))
		require.NoError(t, os.Rename(p.program+".new", p.program))
		restart(t, first)
		if program == broken {
			p.says(t, "exit status 9")
			assert.Equal(t, first, p.pid(t))
		}
	}
	next := l.successor(t, []int{first})
	_, failures := l.stop()
	assert.Empty(t, failures)
	p.stop(t, next)
	p.handled(t)
	assert.Equal(t, 1, strings.Count(p.String(), "broken\n"))
}

func TestNewProcessMayHaveAnotherAddress(t *testing.T) {
	t.Parallel()
	p := newServerProcess(t, serverConfig{AdminAddr: freeAddr(t)}).start(t)
	first, old := p.pid(t), p.config
	p.config.Addr, p.config.AdminAddr = freeAddr(t), ""
	p.config.write(t, p.file)
	restart(t, first)
	next := p.pid(t)
	assert.NotEqual(t, first, next)
	require.NoError(t, receiveFrom(t, "the first process to end", p.exited))
	assert.False(t, listens(old.Addr), "the sockets that aren't needed are closed")
	assert.False(t, listens(old.AdminAddr))
	restart(t, next)
	third := next
	eventually(t, "a third process", func() bool { third = p.pid(t); return third != next })
	p.stop(t, third)
	p.handled(t)
}

// A new process that can't have its address leaves the old one serving.
func TestNewProcessWhoseAddressIsTakenFails(t *testing.T) {
	t.Parallel()
	p := newServerProcess(t, serverConfig{}).start(t)
	first, old := p.pid(t), p.config
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	p.config.Addr = taken.Addr().String()
	p.config.write(t, p.file)
	restart(t, first)
	p.says(t, "exit status 1")
	assert.Contains(t, p.String(), "address already in use")
	p.config = old
	assert.Equal(t, first, p.pid(t))
	p.stop(t, first)
}

// A process that has lost its predecessor while it started takes over what it was
// given all the same, for nobody else can have the address.
func TestNewProcessServesThoughItsPredecessorIsGone(t *testing.T) {
	t.Parallel()
	p := newServerProcess(t, serverConfig{}).start(t)
	first := p.pid(t)
	p.config.WaitFor = filepath.Join(t.TempDir(), "go")
	p.config.write(t, p.file)
	restart(t, first)
	eventually(t, "the new process", func() bool { return len(p.living()) == 2 })
	next := p.living()[1]
	require.NoError(t, syscall.Kill(first, syscall.SIGKILL))
	require.Error(t, receiveFrom(t, "the first process to end", p.exited))
	require.NoError(t, os.WriteFile(p.config.WaitFor, nil, 0o600))
	assert.Equal(t, next, p.pid(t))
	require.NoError(t, syscall.Kill(next, syscall.SIGTERM))
	receiveFrom(t, "the processes to end", p.ended)
}

func TestHangupLoadsCertificates(t *testing.T) {
	files := newPairFiles(t, newPair(t, 1))
	files.overwrite(t, newPair(t, 1))
	s, err := tigertonic.NewTLSServer("", files.cert, files.key, hello)
	require.NoError(t, err)
	r := startRun(t, s)
	for serial := int64(2); serial < 10; serial++ {
		files.overwrite(t, newPair(t, serial))
		signalSelf(t, syscall.SIGHUP)
		serves(t, r.addr, serial)
	}
	before := r.log.complaints()
	for i := range 2 { // each signal asks for an answer
		require.NoError(t, os.WriteFile(files.key, []byte("broken"), 0o600))
		signalSelf(t, syscall.SIGHUP)
		eventually(t, "the failure to be logged", func() bool { return r.log.complaints() > before+i })
	}
	serves(t, r.addr, 9)
}
