//go:build unix

package handover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// abandonTimeout is how long an abandoned new process may take to end.
const abandonTimeout = time.Second

// ProgramPath returns the program's path by its name, which may be a link to another
// version by the time of a restart.
func ProgramPath() string {
	path, err := exec.LookPath(os.Args[0])
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		path, _ = os.Executable() // or starting it fails
	}
	return path
}

// start is [Program.Start] on Unix.
func (p *Program) start(ctx context.Context, sockets []Socket) (pid int, err error) {
	if os.Getpid() == 1 {
		return 0, errors.New("process 1 can't hand over, for everything ends with it")
	}
	ready, tell, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer ready.Close() //nolint:errcheck // it is only read
	pid, err = p.fork(sockets, tell)
	_ = tell.Close() // the new process has it
	if err != nil {
		return 0, fmt.Errorf("%s: %w", p.Path, err)
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() {
		state, err := process.Wait()
		if err == nil {
			err = errors.New(state.String())
		}
		ended <- err
	}()
	_ = ready.SetReadDeadline(time.Now().Add(p.Timeout)) // pipes have deadlines
	defer context.AfterFunc(ctx, func() {
		_ = process.Signal(syscall.SIGTERM) // it may serve already, and drains then
		_ = ready.SetReadDeadline(time.Now().Add(abandonTimeout))
	})()
	text, err := io.ReadAll(io.LimitReader(ready, int64(len(readyText))))
	switch {
	case string(text) == readyText:
		return pid, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = fmt.Errorf("process %d wasn't ready within %v", pid, p.Timeout)
	default:
		err = fmt.Errorf("process %d has ended before it was ready", pid)
	}
	_ = process.Kill() // if it hasn't ended
	return 0, fmt.Errorf("%w: %w", err, <-ended)
}

// fork starts the program with the sockets, followed by tell. It passes raw descriptors:
// an os.File would put the sockets into blocking mode in both processes, which share
// them.
func (p *Program) fork(sockets []Socket, tell *os.File) (pid int, err error) {
	descriptors := []uintptr{0, 1, 2}
	names := make([]string, 0, len(sockets))
	for _, s := range sockets {
		names = append(names, s.Name+"="+s.Addr)
	}
	env := append(withoutOurs(os.Environ()),
		envPredecessor+"="+strconv.Itoa(os.Getpid()), envSockets+"="+strings.Join(names, " "),
		envRestarts+"="+strconv.Itoa(p.Restarts))
	err = withDescriptors(sockets, descriptors, func(descriptors []uintptr) (err error) {
		attributes := &syscall.ProcAttr{Env: env, Files: append(descriptors, tell.Fd())}
		pid, err = syscall.ForkExec(p.Path, p.Args, attributes) //nolint:gosec // the caller names the program
		return err
	})
	return pid, err
}

// withDescriptors calls f with the descriptors and those of the sockets, which stay open
// during the call.
func withDescriptors(sockets []Socket, descriptors []uintptr, f func([]uintptr) error) error {
	if len(sockets) == 0 {
		return f(descriptors)
	}
	conn, ok := sockets[0].Listener.(syscall.Conn)
	if !ok {
		return fmt.Errorf("the socket %s is a %T, which has no descriptor", sockets[0].Name, sockets[0].Listener)
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	failure := raw.Control(func(fd uintptr) { err = withDescriptors(sockets[1:], append(descriptors, fd), f) })
	return errors.Join(failure, err)
}

// withoutOurs returns an environment without the variables that are for one process only.
func withoutOurs(environ []string) (others []string) {
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if !slices.Contains(variables(), name) {
			others = append(others, pair)
		}
	}
	return others
}
