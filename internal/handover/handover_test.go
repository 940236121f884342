//go:build unix

package handover

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain is the main function of the successors, too. It fails if the tests have left
// a goroutine behind.
func TestMain(m *testing.M) {
	if addr := os.Getenv(envSuccessor); addr != "" {
		if err := succeed(addr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	if left := goroutinesLeft(5 * time.Second); code == 0 && left != "" {
		fmt.Fprintf(os.Stderr, "FAIL: goroutines left by the tests:\n\n%s\n", left)
		code = 1
	}
	os.Exit(code)
}

// goroutinesLeft waits until only the caller's is left, and returns the stacks of the
// others if there are any after the timeout.
func goroutinesLeft(timeout time.Duration) string {
	buf := make([]byte, 1<<20)
	for deadline := time.Now().Add(timeout); ; time.Sleep(10 * time.Millisecond) {
		stacks := buf[:runtime.Stack(buf, true)]
		if _, others, _ := bytes.Cut(stacks, []byte("\n\n")); len(others) == 0 || time.Now().After(deadline) {
			return string(others)
		}
	}
}

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// eventually waits until ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for begin := time.Now(); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Since(begin) > patience {
			t.Fatal("in vain have we waited for " + what)
		}
	}
}

// listen opens a socket of loopback until the test ends.
func listen(t *testing.T) *net.TCPListener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l.(*net.TCPListener)
}

// held returns a socket that somebody else has opened, and its address.
func held(t *testing.T) (addr string, file *os.File) {
	t.Helper()
	l := listen(t)
	file, err := l.File()
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	require.NoError(t, l.Close()) // file is another descriptor of the same socket
	return l.Addr().String(), file
}

func listens(addr string) bool {
	conn, err := net.Dial("tcp", addr)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}

// place gives files to this process, as descriptors one after the other, and closes them
// here.
func place(t *testing.T, files ...*os.File) (first int) {
	t.Helper()
	first = 200 // above all that there are
	for i, f := range files {
		fd, _, errno := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), syscall.F_DUPFD, uintptr(first+i))
		require.Zero(t, errno)
		t.Cleanup(func() { _ = syscall.Close(int(fd)) }) // if nobody has taken it
		require.Equal(t, first+i, int(fd))
		require.NoError(t, f.Close())
	}
	return first
}

// isOpen reports whether a descriptor is one.
func isOpen(fd int) bool {
	var stat syscall.Stat_t
	return !errors.Is(syscall.Fstat(fd, &stat), syscall.EBADF)
}

// setenv sets what is for one process only, in turn names and values, and nothing else.
func setenv(t *testing.T, pairs ...string) {
	t.Helper()
	for _, name := range variables() {
		t.Setenv(name, "")
		require.NoError(t, os.Unsetenv(name))
	}
	for i := 0; i < len(pairs); i += 2 {
		t.Setenv(pairs[i], pairs[i+1])
	}
}

// requireNoVariables requires that nothing is left of setenv.
func requireNoVariables(t *testing.T) {
	t.Helper()
	for _, name := range variables() {
		_, ok := os.LookupEnv(name)
		require.False(t, ok, name)
	}
}

func TestSignalsAreToldApart(t *testing.T) {
	for _, sig := range Signals() {
		assert.Equal(t, sig == syscall.SIGHUP, IsReload(sig), sig)
		assert.Equal(t, sig == syscall.SIGUSR2, IsRestart(sig), sig)
	}
	assert.Subset(t, Signals(), []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR2})
}

func TestSystemdIsToldTheState(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	require.NoError(t, Notify("READY=1"), "nobody has asked for it")
	folder, err := os.MkdirTemp("", "notify") //nolint:usetesting // whose names are too long for a socket
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	name := folder + "/socket"
	t.Setenv("NOTIFY_SOCKET", name)
	require.ErrorContains(t, Notify("READY=1"), name)
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, Notify("READY=1"))
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	b := make([]byte, 64)
	n, err := conn.Read(b)
	require.NoError(t, err)
	assert.Equal(t, "READY=1", string(b[:n]))
	require.Error(t, Notify(strings.Repeat("x", 1<<24)), "it doesn't fit")
}
