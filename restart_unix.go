//go:build unix

package tigertonic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// abandonTimeout is how long a new process may take to end that isn't wanted any
// more.
const abandonTimeout = time.Second

func handledSignals() []os.Signal {
	return []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR2}
}

func isHangup(sig os.Signal) bool  { return sig == syscall.SIGHUP }
func isRestart(sig os.Signal) bool { return sig == syscall.SIGUSR2 }

// programPath returns where the program lies by its name, which may be a link to
// another version by the time it is started anew.
func programPath() string {
	path, err := exec.LookPath(os.Args[0])
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		path, _ = os.Executable() // or starting it fails
	}
	return path
}

// restart starts the program anew, and returns once it serves. If ctx ends before,
// so does the new process.
func (run *run) restart(ctx context.Context) (pid int, err error) {
	if os.Getpid() == 1 {
		return 0, errors.New("process 1 can't hand over, for everything ends with it")
	}
	ready, tell, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer ready.Close() //nolint:errcheck // it is only read
	pid, err = run.start(tell)
	_ = tell.Close() // the new process has it
	if err != nil {
		return 0, fmt.Errorf("%s: %w", run.program, err)
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
	timeout := cmp.Or(run.server.RestartTimeout, restartTimeout)
	_ = ready.SetReadDeadline(time.Now().Add(timeout)) // pipes have deadlines
	defer context.AfterFunc(ctx, func() {
		_ = process.Signal(syscall.SIGTERM) // it may serve already, and drains then
		_ = ready.SetReadDeadline(time.Now().Add(abandonTimeout))
	})()
	text, err := io.ReadAll(io.LimitReader(ready, int64(len(readyText))))
	switch {
	case string(text) == readyText:
		return pid, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = fmt.Errorf("process %d wasn't ready within %v", pid, timeout)
	default:
		err = fmt.Errorf("process %d has ended before it was ready", pid)
	}
	_ = process.Kill() // if it hasn't ended
	return 0, fmt.Errorf("%w: %w", err, <-ended)
}

// start starts the program with the sockets, and tell behind them. They go as
// they are: an os.File would make them block, here and there, for both processes
// share what they stand for.
func (run *run) start(tell *os.File) (pid int, err error) {
	descriptors := []uintptr{0, 1, 2}
	names := make([]string, 0, len(run.sockets))
	for _, s := range run.sockets {
		names = append(names, s.name+"="+s.addr)
	}
	env := append(withoutOurs(os.Environ()),
		envPredecessor+"="+strconv.Itoa(os.Getpid()), envSockets+"="+strings.Join(names, " "))
	err = withDescriptors(run.sockets, descriptors, func(descriptors []uintptr) (err error) {
		attributes := &syscall.ProcAttr{Env: env, Files: append(descriptors, tell.Fd())}
		pid, err = syscall.ForkExec(run.program, os.Args, attributes) //nolint:gosec // it is this program
		return err
	})
	return pid, err
}

// withDescriptors calls f with the descriptors and those of the sockets, which
// stay open as long.
func withDescriptors(sockets []socket, descriptors []uintptr, f func([]uintptr) error) error {
	if len(sockets) == 0 {
		return f(descriptors)
	}
	conn, ok := sockets[0].listener.(syscall.Conn)
	if !ok {
		return fmt.Errorf("the socket %s is a %T, which has no descriptor", sockets[0].name, sockets[0].listener)
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	failure := raw.Control(func(fd uintptr) { err = withDescriptors(sockets[1:], append(descriptors, fd), f) })
	return errors.Join(failure, err)
}

// withoutOurs returns an environment without what is for one process only.
func withoutOurs(environ []string) (others []string) {
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		switch name {
		case envPredecessor, envSockets, "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES":
		default:
			others = append(others, pair)
		}
	}
	return others
}

// isListener tells whether a descriptor is a socket that listens. Others may be the
// runtime's, and mustn't be touched.
func isListener(fd uintptr) bool {
	listens, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
	return err == nil && listens != 0
}

// isGone tells whether a process has ended.
func isGone(pid string) bool {
	n, err := strconv.Atoi(pid)
	return err == nil && n > 0 && errors.Is(syscall.Kill(n, 0), syscall.ESRCH)
}
