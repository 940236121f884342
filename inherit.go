package tigertonic

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
// (sd_listen_fds(3)), or by the process that it takes over from. Either way they
// are the file descriptors from 3 on, and the environment tells which they are and
// for which process. After those of a predecessor comes a pipe, on which it waits
// to be told that the new process serves.

const (
	firstDescriptor = 3
	envPredecessor  = "TIGERTONIC_PREDECESSOR" // its process ID
	envSockets      = "TIGERTONIC_SOCKETS"     // "main=:8000 admin=127.0.0.1:6060"
)

// inherited is what a process has been given.
type inherited struct {
	sockets []socket
	anyAddr bool     // the sockets are to be served whatever their address is
	ready   *os.File // or nil
}

// inherit returns what the process has been given, and takes it out of the
// environment, for it isn't for processes that this one starts.
func inherit() (in *inherited, err error) {
	defer func() {
		for _, name := range []string{envPredecessor, envSockets, "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
			_ = os.Unsetenv(name) // only of names that can't be
		}
	}()
	in = &inherited{}
	if p := os.Getenv(envPredecessor); p == strconv.Itoa(os.Getppid()) || isGone(p) {
		for pair := range strings.FieldsSeq(os.Getenv(envSockets)) {
			name, addr, _ := strings.Cut(pair, "=")
			in.sockets = append(in.sockets, socket{name: name, addr: addr})
		}
		in.ready = os.NewFile(uintptr(firstDescriptor+len(in.sockets)), "ready")
		err = in.open()
		return in, err
	}
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return in, nil
	}
	n, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if err != nil || n < 0 {
		return in, fmt.Errorf("tigertonic: LISTEN_FDS is %q, not a number", os.Getenv("LISTEN_FDS"))
	}
	for i := range n {
		if !isListener(uintptr(firstDescriptor + i)) {
			return in, fmt.Errorf("tigertonic: LISTEN_FDS is %d, but descriptor %d is no socket that listens", n, firstDescriptor+i)
		}
		in.sockets = append(in.sockets, socket{})
	}
	in.anyAddr = true
	in.name(strings.Split(os.Getenv("LISTEN_FDNAMES"), ":"))
	err = in.open()
	return in, err
}

// name gives the sockets their names. Where nobody is called main or admin, the
// first and the next of those without a name of ours are.
func (in *inherited) name(names []string) {
	ours := []string{"main", "admin"}
	for i := range min(len(names), len(in.sockets)) {
		if at := slices.Index(ours, names[i]); at >= 0 {
			in.sockets[i].name = names[i]
			ours = slices.Delete(ours, at, at+1)
		}
	}
	for i := range in.sockets {
		if in.sockets[i].name == "" && len(ours) > 0 {
			in.sockets[i].name, ours = ours[0], ours[1:]
		}
	}
}

// open makes listeners of the descriptors.
func (in *inherited) open() error {
	var errs []error
	for i := range in.sockets {
		f := os.NewFile(uintptr(firstDescriptor+i), in.sockets[i].name)
		l, err := net.FileListener(f) // which has a descriptor of its own
		errs = append(errs, err, f.Close())
		in.sockets[i].listener = l
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("tigertonic: a socket that the process was given: %w", err)
	}
	return nil
}

// listen returns the socket of this name, or a new one if there is none or it has
// another address.
func (in *inherited) listen(name, addr string) (net.Listener, error) {
	for i := range in.sockets {
		s := &in.sockets[i]
		if s.listener != nil && s.name == name && (in.anyAddr || s.addr == addr) {
			l := s.listener
			s.listener = nil
			return l, nil
		}
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("tigertonic: %w", err)
	}
	return l, nil
}

// closeRest closes what nobody has taken.
func (in *inherited) closeRest() {
	for _, s := range in.sockets {
		if s.listener != nil {
			_ = s.listener.Close() // it isn't served
		}
	}
}

// tellReady tells the predecessor that this process serves.
func (in *inherited) tellReady() {
	if in.ready != nil {
		_, _ = in.ready.WriteString(readyText) // or the predecessor is gone
		_ = in.ready.Close()
	}
}

const readyText = "ready\n"

// notifySystemd sends a state to the socket that systemd has named, if any
// (sd_notify(3)).
func notifySystemd(state string) error {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"}) // @ means the abstract namespace
	if err != nil {
		return err
	}
	_, err = conn.Write([]byte(state))
	return errors.Join(err, conn.Close())
}
