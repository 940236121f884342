//go:build unix

package tigertonic_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// heldSocket is one that the test holds, as systemd does.
func heldSocket(t *testing.T) (addr string, file *os.File) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	file, err = l.(*net.TCPListener).File()
	require.NoError(t, err)
	require.NoError(t, l.Close()) // file is another descriptor of the same socket
	t.Cleanup(func() { _ = file.Close() })
	return l.Addr().String(), file
}

// given has a process be given sockets in the way of systemd. A shell is what
// knows the process ID.
func (p *serverProcess) given(fds, names string, sockets ...*os.File) *serverProcess {
	p.cmd.Args = append([]string{"sh", "-c", `LISTEN_PID=$$ exec "$0" "$@"`}, p.program, p.cmd.Args[1])
	p.cmd.Path = "/bin/sh"
	p.cmd.Env = append(p.cmd.Env, "LISTEN_FDS="+fds, "LISTEN_FDNAMES="+names)
	p.cmd.ExtraFiles = sockets
	return p
}

func TestHeldSocketsByName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		names       string
		main, admin int // which of the sockets
	}{
		{"", 0, 1},
		{"admin:main", 1, 0},
	} {
		t.Run(tt.names, func(t *testing.T) {
			var sockets []*os.File
			var addresses []string
			for range 2 {
				addr, socket := heldSocket(t)
				sockets, addresses = append(sockets, socket), append(addresses, addr)
			}
			p := newServerProcess(t, serverConfig{AdminAddr: freeAddr(t)}).given(strconv.Itoa(len(sockets)), tt.names, sockets...).start(t)
			own := p.config.Addr
			p.config.Addr = addresses[tt.main]
			pid := p.pid(t)
			_, body := get(t, newClient(t), "http://"+addresses[tt.admin])
			assert.Equal(t, strconv.Itoa(pid), body)
			assert.False(t, listens(own))
			p.stop(t, pid)
		})
	}
}

// A socket that a process was given is handed over, too, and one that it doesn't
// serve is closed. What was for one process only isn't passed on.
func TestHeldSocketsAreHandedOver(t *testing.T) {
	t.Parallel()
	addr, socket := heldSocket(t)
	unused, unusedSocket := heldSocket(t)
	p := newServerProcess(t, serverConfig{}).given("2", "main:other", socket, unusedSocket).start(t)
	require.NoError(t, unusedSocket.Close())
	p.config.Addr = addr
	first := p.pid(t)
	assert.False(t, listens(unused))
	program := func() string {
		_, body := get(t, newClient(t), "http://"+addr+"/program")
		return body
	}
	for _, pid := range []int{first, 0} {
		if pid == 0 {
			restart(t, first)
			eventually(t, "the new process", func() bool { pid = p.pid(t); return pid != first })
		}
		text := program()
		assert.Contains(t, text, "PATH=")
		for _, other := range []string{"LISTEN_", "TIGERTONIC_SOCKETS", "TIGERTONIC_PREDECESSOR", "open "} {
			assert.NotContains(t, text, other)
		}
		if pid != first {
			p.stop(t, pid)
		}
	}
	p.handled(t)
}

// What is for another process is neither used nor passed on.
func TestSocketsOfAnotherProcessAreLeftAlone(t *testing.T) {
	t.Parallel()
	p := newServerProcess(t, serverConfig{})
	p.cmd.Env = append(p.cmd.Env, "LISTEN_PID=1", "LISTEN_FDS=1", "TIGERTONIC_PREDECESSOR=1", "TIGERTONIC_SOCKETS=main="+p.config.Addr)
	p.start(t)
	pid := p.pid(t)
	_, text := get(t, newClient(t), "http://"+p.config.Addr+"/program")
	assert.NotContains(t, text, "LISTEN_")
	p.stop(t, pid)
}

func TestWrongLISTEN_FDSFailsTheStart(t *testing.T) {
	t.Parallel()
	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer file.Close()
	_, socket := heldSocket(t)
	for _, tt := range []struct {
		fds   string
		files []*os.File
		want  string
	}{
		{"x", nil, `LISTEN_FDS is "x"`},
		{"2", []*os.File{socket, file}, "tigertonic: "},
	} {
		t.Run(tt.fds, func(t *testing.T) {
			p := newServerProcess(t, serverConfig{}).given(tt.fds, "", tt.files...).start(t)
			require.ErrorContains(t, receiveFrom(t, "the process to end", p.exited), "exit status 1")
			receiveFrom(t, "its output", p.ended)
			assert.Contains(t, p.String(), tt.want)
			assert.Contains(t, p.String(), "ends after 0 requests")
		})
	}
}

func TestLISTEN_FDSOfNoneListens(t *testing.T) {
	t.Parallel()
	p := newServerProcess(t, serverConfig{}).given("0", "").start(t)
	p.stop(t, p.pid(t))
	p.handled(t)
}

// notifications listens as systemd does.
func notifications(t *testing.T, name string) (*net.UnixConn, <-chan string) {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	require.NoError(t, err)
	texts := make(chan string, 16)
	go func() {
		defer close(texts)
		b := make([]byte, 1024)
		for {
			n, err := conn.Read(b)
			if err != nil {
				return
			}
			texts <- string(b[:n])
		}
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		for range texts { // until it is closed
		}
	})
	return conn, texts
}

func TestSystemdIsNotified(t *testing.T) {
	name := filepath.Join(t.TempDir(), "notify")
	_, texts := notifications(t, name)
	t.Setenv("NOTIFY_SOCKET", name)
	r := startRun(t, tigertonic.NewServer("", hello))
	assert.Equal(t, "READY=1", receiveFrom(t, "READY", texts))
	assert.Empty(t, texts)
	r.cancel()
	assert.Equal(t, "STOPPING=1", receiveFrom(t, "STOPPING", texts))
	require.NoError(t, receiveFrom(t, "Run to end", r.ended))
	assert.Empty(t, texts)
}

func TestSystemdIsNotifiedOfClose(t *testing.T) {
	name := filepath.Join(t.TempDir(), "notify")
	_, texts := notifications(t, name)
	t.Setenv("NOTIFY_SOCKET", name)
	r := startRun(t, tigertonic.NewServer("", hello))
	assert.Equal(t, "READY=1", receiveFrom(t, "READY", texts))
	require.NoError(t, r.Close())
	require.NoError(t, receiveFrom(t, "Run to end", r.ended))
	assert.Equal(t, "STOPPING=1", receiveFrom(t, "STOPPING", texts))
}

func TestSystemdIsNotifiedOfTheNewProcess(t *testing.T) {
	t.Parallel()
	p := newServerProcess(t, serverConfig{})
	name := filepath.Join(t.TempDir(), "notify")
	_, texts := notifications(t, name)
	p.cmd.Env = append(p.cmd.Env, "NOTIFY_SOCKET="+name)
	p.start(t)
	assert.Equal(t, "READY=1", receiveFrom(t, "READY", texts))
	first := p.pid(t)
	restart(t, first)
	next := first
	eventually(t, "the new process", func() bool { next = p.pid(t); return next != first })
	both := []string{receiveFrom(t, "a notification", texts), receiveFrom(t, "another", texts)}
	assert.ElementsMatch(t, []string{"READY=1", "MAINPID=" + strconv.Itoa(next)}, both)
	require.NoError(t, receiveFrom(t, "the first process to end", p.exited))
	assert.Empty(t, texts, "the service doesn't stop")
	p.stop(t, next)
	assert.Equal(t, "STOPPING=1", receiveFrom(t, "STOPPING", texts))
}

func TestSystemdThatIsntThereIsLogged(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "missing"))
	r := startRun(t, tigertonic.NewServer("", hello))
	r.log.says(t, "systemd can't be told READY=1")
	_, body := get(t, newClient(t), "http://"+r.addr)
	assert.Equal(t, "hello", body)
}

// What the environment says is for one process only, even if it is wrong.
func TestRunTakesWhatIsForItsProcessOutOfTheEnvironment(t *testing.T) {
	names := []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "TIGERTONIC_SOCKETS", "TIGERTONIC_PREDECESSOR"}
	for _, fds := range []string{"-1", ""} {
		for _, name := range names {
			t.Setenv(name, "x")
		}
		t.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
		t.Setenv("LISTEN_FDS", fds)
		err := tigertonic.NewServer("127.0.0.1:0", hello).Run(t.Context())
		require.ErrorContains(t, err, `LISTEN_FDS is "`+fds+`", not a number`)
		for _, name := range names {
			_, ok := os.LookupEnv(name)
			assert.False(t, ok, name)
		}
	}
}

// What the environment says of a predecessor may be stale. Then the descriptors that
// it tells of are the program's own, and stay open.
func TestStalePredecessorIsHarmless(t *testing.T) {
	t.Parallel()
	gone := exec.Command("true")
	require.NoError(t, gone.Run())
	self, dead := strconv.Itoa(os.Getpid()), strconv.Itoa(gone.Process.Pid)
	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer file.Close()
	_, socket := heldSocket(t)
	for name, tt := range map[string]struct {
		pid, sockets string
		files        []*os.File
		want         string
	}{
		"the parent, no descriptors": {self, "main=:1", nil, "descriptor 3 is no socket that listens"},
		"a socket and no pipe":       {dead, "main=:1", []*os.File{socket, file}, "descriptor 4 is no pipe"},
		"another process":            {"1", "main=:1", []*os.File{socket, file}, "isn't the parent of this process"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newServerProcess(t, serverConfig{})
			p.cmd.Env = append(p.cmd.Env, "TIGERTONIC_PREDECESSOR="+tt.pid, "TIGERTONIC_SOCKETS="+tt.sockets)
			p.cmd.ExtraFiles = tt.files
			p.start(t)
			pid := p.pid(t)
			p.says(t, "the sockets that the environment names are ignored")
			p.says(t, tt.want)
			for fd, f := range tt.files {
				link := fmt.Sprintf("/proc/%d/fd/%d", pid, 3+fd)
				if got, err := os.Stat(link); runtime.GOOS == "linux" && assert.NoError(t, err) {
					want, err := f.Stat()
					require.NoError(t, err)
					assert.True(t, os.SameFile(want, got), link)
				}
			}
			p.stop(t, pid)
			p.handled(t)
		})
	}
}
