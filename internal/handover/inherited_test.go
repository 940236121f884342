//go:build unix

package handover

import (
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSocketsOfSystemdAreTakenByTheirNames(t *testing.T) {
	for _, tt := range []struct {
		names       string
		sockets     int
		main, admin int // which of the sockets, or -1
	}{
		{"", 2, 0, 1},
		{"", 1, 0, -1},
		{"", 0, -1, -1},
		{"main:admin", 2, 0, 1},
		{"admin:main", 2, 1, 0},
		{"admin", 1, -1, 0},
		{"web.socket:web-admin.socket", 2, 0, 1},
		{"other:main:admin", 3, 1, 2},
		{"main:main", 2, 0, 1},
		{"other:other:other", 3, 0, 1},
		{"main:admin:other", 1, 0, -1},
	} {
		t.Run(tt.names, func(t *testing.T) {
			var files []*os.File
			var addresses []string
			for range tt.sockets {
				addr, file := held(t)
				files, addresses = append(files, file), append(addresses, addr)
			}
			first := place(t, files...)
			setenv(t, "LISTEN_PID", strconv.Itoa(os.Getpid()), "LISTEN_FDS", strconv.Itoa(tt.sockets), "LISTEN_FDNAMES", tt.names)
			in, err := inherit(first)
			require.NoError(t, err)
			require.NoError(t, in.Stale)
			requireNoVariables(t)
			sockets, err := in.Listen(Socket{Name: "main", Addr: "127.0.0.1:0"}, Socket{Name: "admin", Addr: "127.0.0.1:0"})
			require.NoError(t, err)
			in.Ready() // nobody waits for it
			for i, which := range []int{tt.main, tt.admin} {
				addr := sockets[i].Listener.Addr().String()
				if which < 0 {
					assert.NotContains(t, addresses, addr, "a new one")
				} else {
					assert.Equal(t, addresses[which], addr, sockets[i].Name)
				}
				assert.True(t, listens(addr))
				require.NoError(t, sockets[i].Listener.Close())
			}
			for i, addr := range addresses {
				assert.False(t, listens(addr), "%d isn't wanted, or closed", i)
				assert.False(t, isOpen(first+i))
			}
		})
	}
}

// gone returns the number of a process that has ended.
func gone(t *testing.T) string {
	t.Helper()
	cmd := exec.Command("true")
	require.NoError(t, cmd.Run())
	return strconv.Itoa(cmd.Process.Pid)
}

// A predecessor that has ended may have given the sockets nevertheless.
func TestSocketsOfAPredecessorAreTakenByNameAndAddress(t *testing.T) {
	for name, pid := range map[string]string{"the parent": strconv.Itoa(os.Getppid()), "gone": gone(t)} {
		t.Run(name, func(t *testing.T) {
			main, mainFile := held(t)
			admin, adminFile := held(t)
			r, w, err := os.Pipe()
			require.NoError(t, err)
			defer r.Close()
			setenv(t, envPredecessor, pid, envSockets, "main="+main+" admin="+admin, envRestarts, "3")
			in, err := inherit(place(t, mainFile, adminFile, w))
			require.NoError(t, err)
			assert.Equal(t, 3, in.Restarts)
			require.NoError(t, in.Stale)
			requireNoVariables(t)
			sockets, err := in.Listen(Socket{Name: "main", Addr: main}, Socket{Name: "admin", Addr: "127.0.0.1:0"})
			require.NoError(t, err)
			assert.Equal(t, main, sockets[0].Listener.Addr().String())
			assert.NotEqual(t, admin, sockets[1].Listener.Addr().String())
			assert.False(t, listens(admin), "it has another address now")
			in.Ready()
			text, err := io.ReadAll(r)
			require.NoError(t, err)
			assert.Equal(t, readyText, string(text))
			closeAll(sockets)
		})
	}
}

// Whoever doesn't count, or miscounts, is a predecessor all the same.
func TestPredecessorCountsItselfAtLeast(t *testing.T) {
	for text, want := range map[string]int{"": 1, "0": 1, "-4": 1, "many": 1, "99999999999999999999": 1, "1": 1, "7": 7} {
		assert.Equal(t, want, restartsOf(text), text)
	}
}

func TestListenOpensAllOrNone(t *testing.T) {
	main, file := held(t)
	unused, unusedFile := held(t)
	taken := listen(t).Addr().String()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	setenv(t, envPredecessor, strconv.Itoa(os.Getppid()), envSockets, "main="+main+" other="+unused)
	in, err := inherit(place(t, file, unusedFile, w))
	require.NoError(t, err)
	defer in.Ready()
	_, err = in.Listen(Socket{Name: "main", Addr: main}, Socket{Name: "admin", Addr: taken})
	require.ErrorContains(t, err, "tigertonic: listen tcp "+taken)
	assert.False(t, listens(main))
	assert.False(t, listens(unused))
}

// What is for another process is neither used nor left for others.
func TestNothingIsInheritedOfAnotherProcess(t *testing.T) {
	for name, pairs := range map[string][]string{
		"nothing": nil, "for process 1": {"LISTEN_PID", "1", "LISTEN_FDS", "1", "LISTEN_FDNAMES", "main"},
	} {
		t.Run(name, func(t *testing.T) {
			addr, file := held(t)
			first := place(t, file)
			setenv(t, pairs...)
			in, err := inherit(first)
			require.NoError(t, err)
			require.NoError(t, in.Stale)
			requireNoVariables(t)
			sockets, err := in.Listen(Socket{Name: "main", Addr: "127.0.0.1:0"})
			require.NoError(t, err)
			assert.NotEqual(t, addr, sockets[0].Listener.Addr().String())
			assert.True(t, isOpen(first))
			closeAll(sockets)
		})
	}
	setenv(t)
	in, err := Inherit()
	require.NoError(t, err)
	assert.Empty(t, in.sockets)
}

func TestWrongLISTEN_FDSIsAnError(t *testing.T) {
	null := func(t *testing.T) *os.File {
		file, err := os.Open(os.DevNull)
		require.NoError(t, err)
		return file
	}
	socket := func(t *testing.T) *os.File { _, file := held(t); return file }
	datagrams := func(t *testing.T) *os.File {
		conn, err := net.ListenPacket("udp", "127.0.0.1:0")
		require.NoError(t, err)
		defer conn.Close()
		file, err := conn.(*net.UDPConn).File()
		require.NoError(t, err)
		return file
	}
	for _, tt := range []struct {
		fds   string
		files []func(*testing.T) *os.File
		want  string
	}{
		{"x", nil, `LISTEN_FDS is "x", not a number`},
		{"", nil, `LISTEN_FDS is "", not a number`},
		{"-1", nil, `LISTEN_FDS is "-1", not a number`},
		{"99999999999999999999", nil, `LISTEN_FDS is "99999999999999999999", not a number`},
		{"1000000000", nil, "LISTEN_FDS is 1000000000, but descriptor 200 is no socket that listens"},
		{"1", []func(*testing.T) *os.File{null}, "LISTEN_FDS is 1, but descriptor 200 is no socket that listens"},
		{"1", []func(*testing.T) *os.File{datagrams}, "LISTEN_FDS is 1, but descriptor 200 is no socket that listens"},
		{"2", []func(*testing.T) *os.File{socket, null}, "LISTEN_FDS is 2, but descriptor 201 is no socket that listens"},
		{"9", []func(*testing.T) *os.File{socket}, "LISTEN_FDS is 9, but descriptor 201 is no socket that listens"},
	} {
		t.Run(tt.fds, func(t *testing.T) {
			var files []*os.File
			for _, f := range tt.files {
				files = append(files, f(t))
			}
			first := place(t, files...)
			setenv(t, "LISTEN_PID", strconv.Itoa(os.Getpid()), "LISTEN_FDS", tt.fds)
			_, err := inherit(first)
			require.EqualError(t, err, "tigertonic: "+tt.want)
			requireNoVariables(t)
			for i := range files {
				assert.True(t, isOpen(first+i))
			}
		})
	}
}

// What the environment says of a predecessor may be stale. Then the descriptors that it
// tells of are the program's own, and stay open.
func TestStalePredecessorIsHarmless(t *testing.T) {
	parent, dead := strconv.Itoa(os.Getppid()), gone(t)
	for name, tt := range map[string]struct {
		pid, sockets string
		files        string // s for a socket, n for another
		want         string
	}{
		"the parent, no descriptors": {parent, "main=:1", "", "descriptor 200 is no socket that listens"},
		"a dead process":             {dead, "main=:1", "nn", "descriptor 200 is no socket that listens"},
		"a socket and no pipe":       {dead, "main=:1", "sn", "descriptor 201 is no pipe"},
		"no socket and no pipe":      {parent, "", "n", "descriptor 200 is no pipe"},
		"too many sockets":           {parent, strings.Repeat("main=:1 ", 99), "ss", "descriptor 202 is no socket that listens"},
		"another process":            {"1", "main=:1", "sn", "isn't the parent of this process"},
		"no process":                 {"x", "main=:1", "sn", "isn't the parent of this process"},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.pid == "1" && os.Getppid() == 1 {
				t.Skip("process 1 is the parent: run the tests from another")
			}
			var files []*os.File
			for _, kind := range tt.files {
				if kind == 's' {
					_, file := held(t)
					files = append(files, file)
					continue
				}
				file, err := os.Open(os.DevNull)
				require.NoError(t, err)
				files = append(files, file)
			}
			first := place(t, files...)
			setenv(t, envPredecessor, tt.pid, envSockets, tt.sockets)
			in, err := inherit(first)
			require.NoError(t, err)
			require.ErrorContains(t, in.Stale, tt.want)
			requireNoVariables(t)
			sockets, err := in.Listen(Socket{Name: "main", Addr: "127.0.0.1:0"})
			require.NoError(t, err)
			in.Ready()
			closeAll(sockets)
			for i := range files {
				assert.True(t, isOpen(first+i))
			}
		})
	}
}

// What systemd says is for this process by its number, and so beats a predecessor.
func TestSocketsOfSystemdBeatAStalePredecessor(t *testing.T) {
	addr, file := held(t)
	setenv(t, "LISTEN_PID", strconv.Itoa(os.Getpid()), "LISTEN_FDS", "1",
		envPredecessor, strconv.Itoa(os.Getppid()), envSockets, "main=:1")
	in, err := inherit(place(t, file))
	require.NoError(t, err)
	require.ErrorContains(t, in.Stale, "but LISTEN_PID is this process")
	sockets, err := in.Listen(Socket{Name: "main"})
	require.NoError(t, err)
	assert.Equal(t, addr, sockets[0].Listener.Addr().String())
	closeAll(sockets)
}
