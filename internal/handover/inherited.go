package handover

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
)

// A process can be given listening sockets that are open already: by systemd
// (sd_listen_fds(3)), or by the process that it takes over from. Either way they are the
// file descriptors from 3 on, and the environment says which they are and for which
// process. After the sockets of a predecessor comes a pipe, on which it waits for the new
// process to say that it serves.

const (
	firstDescriptor = 3
	envPredecessor  = "TIGERTONIC_PREDECESSOR" // its process ID
	envSockets      = "TIGERTONIC_SOCKETS"     // "main=:8000 admin=127.0.0.1:6060"
	envRestarts     = "TIGERTONIC_RESTARTS"    // how many times the program was started anew
)

// variables returns the names of the variables that are for one process only.
func variables() []string {
	return []string{envPredecessor, envSockets, envRestarts, "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}
}

// Inherited is what a process has been given.
type Inherited struct {
	// Stale says why the environment's data about a predecessor was ignored, or is nil.
	// The data may be meant for another process.
	Stale error
	// Restarts is how many predecessors there have been, one after another.
	Restarts int

	first   int // descriptor
	sockets []Socket
	anyAddr bool     // the sockets are to be served whatever their address is
	ready   *os.File // or nil
}

// Inherit returns what the process was given, and removes it from the environment,
// because it isn't meant for child processes. It returns an error if the environment
// names sockets for this process that don't exist. Call it once, before listening.
func Inherit() (*Inherited, error) { return inherit(firstDescriptor) }

// inherit is Inherit from a descriptor on.
func inherit(first int) (in *Inherited, err error) {
	defer func() {
		for _, name := range variables() {
			_ = os.Unsetenv(name) // only of names that can't be
		}
	}()
	in = &Inherited{first: first}
	predecessor := os.Getenv(envPredecessor)
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		if predecessor != "" {
			err = in.fromPredecessor(predecessor)
		}
		return in, err
	}
	if predecessor != "" {
		in.Stale = fmt.Errorf("%s is %q, but LISTEN_PID is this process", envPredecessor, predecessor)
	}
	n, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if err != nil || n < 0 {
		return in, fmt.Errorf("tigertonic: LISTEN_FDS is %q, not a number", os.Getenv("LISTEN_FDS"))
	}
	for i := range n {
		if !isListener(uintptr(first + i)) {
			return in, fmt.Errorf("tigertonic: LISTEN_FDS is %d, but descriptor %d is no socket that listens", n, first+i)
		}
		in.sockets = append(in.sockets, Socket{})
	}
	in.anyAddr = true
	in.name(strings.Split(os.Getenv("LISTEN_FDNAMES"), ":"))
	err = in.open()
	return in, err
}

// fromPredecessor takes over what the predecessor passed on. The variables may be stale,
// for example in a saved environment. Then the descriptors belong to the program or the
// runtime, so it touches none unless all of them are of the kinds that a predecessor
// passes.
func (in *Inherited) fromPredecessor(pid string) error {
	if pid != strconv.Itoa(os.Getppid()) && !isGone(pid) {
		in.Stale = fmt.Errorf("%s is %q, which isn't the parent of this process", envPredecessor, pid)
		return nil
	}
	var sockets []Socket
	for pair := range strings.FieldsSeq(os.Getenv(envSockets)) {
		name, addr, _ := strings.Cut(pair, "=")
		sockets = append(sockets, Socket{Name: name, Addr: addr})
	}
	ready := in.first + len(sockets)
	for fd := in.first; fd < ready; fd++ {
		if !isListener(uintptr(fd)) {
			in.Stale = fmt.Errorf("%s is %q, but descriptor %d is no socket that listens", envSockets, os.Getenv(envSockets), fd)
			return nil
		}
	}
	if !isPipe(uintptr(ready)) {
		in.Stale = fmt.Errorf("%s is %q, but descriptor %d is no pipe", envPredecessor, pid, ready)
		return nil
	}
	in.Restarts = restartsOf(os.Getenv(envRestarts))
	in.sockets, in.ready = sockets, os.NewFile(uintptr(ready), "ready")
	return in.open()
}

// restartsOf returns the predecessor's count of restarts. A predecessor older than the
// variable doesn't send one, and counts as the first.
func restartsOf(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 1
	}
	return n
}

// name names the sockets. If none is called main or admin, the first and second of those
// without a known name get these names.
func (in *Inherited) name(names []string) {
	ours := []string{"main", "admin"}
	for i := range min(len(names), len(in.sockets)) {
		if at := slices.Index(ours, names[i]); at >= 0 {
			in.sockets[i].Name = names[i]
			ours = slices.Delete(ours, at, at+1)
		}
	}
	for i := range in.sockets {
		if in.sockets[i].Name == "" && len(ours) > 0 {
			in.sockets[i].Name, ours = ours[0], ours[1:]
		}
	}
}

// open turns the descriptors into listeners.
func (in *Inherited) open() error {
	var errs []error
	for i := range in.sockets {
		f := os.NewFile(uintptr(in.first+i), in.sockets[i].Name)
		l, err := net.FileListener(f) // which has a descriptor of its own
		errs = append(errs, err, f.Close())
		in.sockets[i].Listener = l
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("tigertonic: a socket that the process was given: %w", err)
	}
	return nil
}

// Listen sets the listener of each socket: the one that was passed on under its name,
// unless a predecessor had it at another address, or else a new one. It closes those that
// are left over, and all of them if one fails.
func (in *Inherited) Listen(sockets ...Socket) ([]Socket, error) {
	defer func() {
		closeAll(in.sockets)
		in.sockets = nil
	}()
	for i := range sockets {
		s := &sockets[i]
		if s.Listener = in.take(s.Name, s.Addr); s.Listener != nil {
			continue
		}
		l, err := net.Listen("tcp", s.Addr)
		if err != nil {
			closeAll(sockets[:i])
			return nil, fmt.Errorf("tigertonic: %w", err)
		}
		s.Listener = l
	}
	return sockets, nil
}

// take returns the listener with this name, or nil if there is none or its address is
// different.
func (in *Inherited) take(name, addr string) net.Listener {
	for i := range in.sockets {
		s := &in.sockets[i]
		if s.Listener != nil && s.Name == name && (in.anyAddr || s.Addr == addr) {
			l := s.Listener
			s.Listener = nil
			return l
		}
	}
	return nil
}

// closeAll closes the listeners that aren't used.
func closeAll(sockets []Socket) {
	for _, s := range sockets {
		if s.Listener != nil {
			_ = s.Listener.Close()
		}
	}
}

// Ready tells the predecessor, if there is one, that this process serves.
func (in *Inherited) Ready() {
	if in.ready != nil {
		_, _ = in.ready.WriteString(readyText) // or the predecessor is gone
		_ = in.ready.Close()
	}
}

const readyText = "ready\n"
