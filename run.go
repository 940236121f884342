package tigertonic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"time"
)

const (
	restartTimeout = 30 * time.Second
	adminAddr      = "127.0.0.1:6060"
)

// errCutOff is why a server has ended that a second signal has hurried.
var errCutOff = errors.New("tigertonic: a second signal has cut off the requests that were going on")

// Run serves until ctx is done or the process gets SIGTERM or SIGINT, and then
// lets the requests that are going on end: for DrainDelay the server only says
// that it isn't ready ([Server.Draining]), after that it does what Close does. A
// second signal cuts off what is still going on. It speaks TLS as
// [Server.ListenAndServe] does, and serves Admin meanwhile, a little longer than
// the rest.
//
// SIGUSR2 starts the program anew, from where it lies on disk, with the same
// arguments. The new process takes over the listening sockets, so that no
// connection is refused or lost on the way, and tells when it serves; then this
// one ends as by SIGTERM, but without a delay. If the new process ends before
// that, can't be started, or isn't ready within RestartTimeout, then this one goes
// on, and logs why. SIGHUP loads the certificates anew. Neither signal is there on
// Windows.
//
// A socket that systemd has opened (LISTEN_FDS) is served instead of the address:
// the first one, or the one called "main", and for Admin the second, or "admin".
// If NOTIFY_SOCKET is set, systemd is told READY, STOPPING and MAINPID.
//
// Run returns nil once all requests have ended, [context.DeadlineExceeded] if they
// hadn't after DrainTimeout, and otherwise why it couldn't serve. A process has
// one Run at a time.
func (s *Server) Run(ctx context.Context) error {
	run := &run{server: s, program: programPath(), signals: make(chan os.Signal, 8)}
	signal.Notify(run.signals, handledSignals()...)
	defer signal.Stop(run.signals)
	if err := run.listen(); err != nil {
		return err
	}
	run.serve()
	run.inherited.tellReady()
	run.notify("READY=1")
	err := run.supervise(ctx)
	if run.admin != nil {
		_ = run.admin.Close() // the last to go
	}
	return err
}

// A run is what a server is doing in Run.
type run struct {
	server    *Server
	program   string
	signals   chan os.Signal
	inherited *inherited
	sockets   []socket
	served    chan error // what serving has ended with
	admin     *http.Server
	handsOver bool // a new process has taken over
}

// A socket is a listener that a new process can take over.
type socket struct {
	name, addr string
	listener   net.Listener
}

// listen opens the sockets, or takes over those that there are.
func (run *run) listen() (err error) {
	s := run.server
	port := ":http"
	if s.usesTLS() {
		port = ":https"
		if err := s.addTLS("", ""); err != nil {
			return err
		}
	}
	if run.inherited, err = inherit(); err != nil {
		return err
	}
	defer run.inherited.closeRest()
	addresses := [][2]string{{"main", cmp.Or(s.Addr, port)}}
	if s.Admin != nil {
		addresses = append(addresses, [2]string{"admin", cmp.Or(s.AdminAddr, adminAddr)})
	}
	for _, a := range addresses {
		l, err := run.inherited.listen(a[0], a[1])
		if err != nil {
			for _, open := range run.sockets {
				_ = open.listener.Close() // nothing is served
			}
			return err
		}
		run.sockets = append(run.sockets, socket{a[0], a[1], l})
	}
	return nil
}

func (run *run) serve() {
	s := run.server
	run.served = make(chan error, 2)
	for _, socket := range run.sockets {
		s.announce(socket.name, socket.listener)
	}
	main := run.sockets[0].listener
	go func() {
		if s.usesTLS() {
			run.served <- s.serveTLS(main)
		} else {
			run.served <- s.serve(main, s.Server.Serve)
		}
	}()
	if s.Admin == nil {
		return
	}
	run.admin = &http.Server{
		Handler: s.Admin, ErrorLog: s.ErrorLog,
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: bodyTimeout, IdleTimeout: idleTimeout,
	}
	go func() {
		if err := run.admin.Serve(run.sockets[1].listener); !errors.Is(err, http.ErrServerClosed) {
			run.served <- fmt.Errorf("tigertonic: admin: %w", err)
		}
	}()
}

// A successor is the process that has taken over, or why there is none.
type successor struct {
	pid int
	err error
}

// supervise returns when the server has ended.
func (run *run) supervise(ctx context.Context) error {
	starting, abandon := context.WithCancel(context.Background())
	var restarted chan successor
	defer func() {
		abandon()
		if restarted != nil {
			<-restarted
		}
	}()
	for {
		select {
		case err := <-run.served: // by Close, or accepting has failed
			if run.server.Draining() {
				run.notify("STOPPING=1")
			}
			return err
		case <-ctx.Done():
			abandon()
			return run.stop(run.server.DrainDelay)
		case sig := <-run.signals:
			switch {
			case isHangup(sig):
				run.server.refreshCertificates(true)
			case !isRestart(sig):
				abandon()
				return run.stop(run.server.DrainDelay)
			case restarted == nil:
				restarted = make(chan successor, 1)
				go func(done chan<- successor) {
					pid, err := run.restart(starting)
					done <- successor{pid, err}
				}(restarted)
			}
		case next := <-restarted:
			restarted = nil
			if next.err == nil {
				run.handsOver = true
				run.notify("MAINPID=" + strconv.Itoa(next.pid))
				return run.stop(0)
			}
			run.server.logError("the program couldn't be started anew, and this process goes on", next.err)
		}
	}
}

// stop ends the server, and returns how it has ended.
func (run *run) stop(delay time.Duration) error {
	s := run.server
	if run.handsOver {
		run.leaveAdmin()
	} else {
		run.notify("STOPPING=1")
	}
	timeout := cmp.Or(s.DrainTimeout, drainTimeout)
	deadline := time.Now().Add(timeout)
	s.unready.Store(true)
	cut := make(chan struct{})
	over := make(chan struct{})
	defer close(over)
	go run.hurry(cut, over)
	select {
	case <-time.After(min(delay, timeout)):
	case <-cut:
	}
	closed := make(chan error, 1)
	go func() { closed <- s.close(deadline) }()
	select {
	case err := <-closed:
		return err
	case <-cut:
		s.cutOff() // which is what was asked for
		<-s.drained
		return errCutOff
	}
}

// leaveAdmin lets the new process alone answer for Admin.
func (run *run) leaveAdmin() {
	if run.admin == nil {
		return
	}
	run.admin.SetKeepAlivesEnabled(false)
	_ = run.sockets[1].listener.Close() // it is served by the new process
}

// hurry closes cut at another signal to stop.
func (run *run) hurry(cut, over chan struct{}) {
	for {
		select {
		case sig := <-run.signals:
			if !isHangup(sig) && !isRestart(sig) {
				close(cut)
				return
			}
		case <-over:
			return
		}
	}
}

// notify tells systemd, if it has asked for it.
func (run *run) notify(state string) {
	if err := notifySystemd(state); err != nil {
		run.server.logError("systemd can't be told "+state, err)
	}
}
