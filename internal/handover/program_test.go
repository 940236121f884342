//go:build unix

package handover

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// envSuccessor makes a successor of this program, and has the address that it serves.
const envSuccessor = "TIGERTONIC_TEST_SUCCESSOR"

// succeed takes over a socket, and answers one connection with its process ID, how many
// predecessors it has had and what it has left in the environment.
func succeed(addr string) error {
	in, err := Inherit()
	if err != nil {
		return err
	}
	sockets, err := in.Listen(Socket{Name: "main", Addr: addr})
	if err != nil {
		return err
	}
	in.Ready()
	conn, err := sockets[0].Listener.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = fmt.Fprintln(conn, os.Getpid(), strings.Join(os.Args[1:], ","), in.Restarts, len(os.Environ())-len(withoutOurs(os.Environ())))
	return err
}

// requireGone waits until a process has ended, and somebody has waited for it.
func requireGone(t *testing.T, pid int) {
	t.Helper()
	eventually(t, "the process to be gone", func() bool { return isGone(strconv.Itoa(pid)) })
}

func TestSuccessorServesTheSameSocket(t *testing.T) {
	l, unused := listen(t), listen(t)
	addr := l.Addr().String()
	t.Setenv(envSuccessor, addr)
	setenv(t, "LISTEN_PID", "1") // which isn't for it
	self, err := os.Executable()
	require.NoError(t, err)
	p := Program{Path: self, Args: []string{"program", "a", "b"}, Timeout: patience, Restarts: 5}
	pid, err := p.Start(t.Context(), []Socket{{"main", addr, l}, {"admin", unused.Addr().String(), unused}})
	require.NoError(t, err)
	assert.True(t, listens(unused.Addr().String()), "it stays open here")
	require.NoError(t, l.Close())
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	text, err := io.ReadAll(conn)
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintln(pid, "a,b", 5, 0), string(text))
	requireGone(t, pid)
	assert.False(t, listens(addr))
}

// script returns a program that a shell runs.
func script(t *testing.T, text string) *Program {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	require.NoError(t, os.WriteFile(path+".new", []byte(text), 0o700))
	require.NoError(t, os.Rename(path+".new", path))
	return &Program{Path: path, Args: []string{path}, Timeout: patience}
}

func TestProgramThatDoesNotGetReadyIsAnError(t *testing.T) {
	l := listen(t)
	for _, tt := range []struct{ name, text, want string }{
		{"crashes", "#!/bin/sh\nexit 3", "has ended before it was ready: exit status 3"},
		{"ends", "#!/bin/sh\nexit 0", "has ended before it was ready: exit status 0"},
		{"says something else", "#!/bin/sh\necho steady >&4; exec sleep 60", "has ended before it was ready: signal: killed"},
		{"hangs", "#!/bin/sh\nexec sleep 60", "wasn't ready within 300ms: signal: killed"},
		{"is no program", "\x00\x01\x02", "exec format error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := script(t, tt.text)
			if tt.name == "hangs" {
				p.Timeout = 300 * time.Millisecond
			}
			pid, err := p.Start(t.Context(), []Socket{{"main", ":1", l}})
			require.ErrorContains(t, err, tt.want)
			assert.Zero(t, pid)
		})
	}
	p := script(t, "#!/bin/sh\n")
	require.NoError(t, os.Chmod(p.Path, 0o600))
	_, err := p.Start(t.Context(), nil)
	require.ErrorContains(t, err, p.Path+": permission denied")
	require.NoError(t, os.Remove(p.Path))
	_, err = p.Start(t.Context(), nil)
	require.ErrorContains(t, err, p.Path+": no such file or directory")
	assert.True(t, listens(l.Addr().String()))
}

func TestProgramIsToldTheSocketsAndThePredecessor(t *testing.T) {
	l := listen(t)
	out := filepath.Join(t.TempDir(), "out")
	p := script(t, fmt.Sprintf("#!/bin/sh\necho $TIGERTONIC_PREDECESSOR $TIGERTONIC_SOCKETS >%q; echo ready >&5", out))
	pid, err := p.Start(t.Context(), []Socket{{"main", ":1", l}, {"admin", ":2", l}})
	require.NoError(t, err)
	requireGone(t, pid)
	text, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintln(os.Getpid(), "main=:1 admin=:2"), string(text))
}

func TestProgramEndsWithTheContext(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	for name, text := range map[string]string{
		"at once":        "#!/bin/sh\necho $$ >%q\nexec sleep 60",
		"when it has to": "#!/bin/sh\ntrap '' TERM\necho $$ >%q\nexec sleep 60",
	} {
		t.Run(name, func(t *testing.T) {
			_ = os.Remove(out) // of the other
			p := script(t, fmt.Sprintf(text, out))
			ctx, cancel := context.WithCancel(t.Context())
			started := make(chan error, 1)
			go func() {
				_, err := p.Start(ctx, nil)
				started <- err
			}()
			pid := 0
			eventually(t, "the program to start", func() bool {
				text, _ := os.ReadFile(out) // which may not be there yet
				pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
				return pid > 0
			})
			cancel()
			select {
			case err := <-started:
				require.ErrorContains(t, err, strconv.Itoa(pid))
			case <-time.After(patience):
				t.Fatal("in vain have we waited for Start")
			}
			requireGone(t, pid)
		})
	}
}

// A stranger is a listener that has no descriptor.
type stranger struct{ net.Listener }

// A closed is a listener that has none any more.
type closed struct{ net.Listener }

func (closed) SyscallConn() (syscall.RawConn, error) { return nil, net.ErrClosed }

func TestSocketWithoutADescriptorIsNotHandedOver(t *testing.T) {
	l, p := listen(t), script(t, "#!/bin/sh\necho ready >&3")
	_, err := p.Start(t.Context(), []Socket{{"main", ":1", l}, {"admin", ":2", stranger{l}}})
	require.ErrorContains(t, err, "the socket admin is a handover.stranger, which has no descriptor")
	_, err = p.Start(t.Context(), []Socket{{"main", ":1", closed{l}}})
	require.ErrorIs(t, err, net.ErrClosed)
	require.NoError(t, l.Close())
	_, err = p.Start(t.Context(), []Socket{{"main", ":1", l}})
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestProgramPathIsWhereTheProgramLies(t *testing.T) {
	old := os.Args
	t.Cleanup(func() { os.Args = old })
	p := script(t, "#!/bin/sh\n")
	os.Args = []string{p.Path}
	assert.Equal(t, p.Path, ProgramPath())
	t.Setenv("PATH", filepath.Dir(p.Path))
	os.Args = []string{filepath.Base(p.Path)}
	assert.Equal(t, p.Path, ProgramPath())
	t.Chdir(filepath.Dir(p.Path))
	os.Args = []string{"./program"}
	got, err := filepath.EvalSymlinks(ProgramPath())
	require.NoError(t, err)
	want, err := filepath.EvalSymlinks(p.Path)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	os.Args = []string{"missing"}
	self, err := os.Executable()
	require.NoError(t, err)
	assert.Equal(t, self, ProgramPath())
}
