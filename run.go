package tigertonic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/conns"
	"github.com/rcrowley/go-tigertonic/internal/handover"
)

const (
	restartTimeout = 30 * time.Second
	adminAddr      = "127.0.0.1:6060"
)

// errCutOff is why a server has ended that a second signal has hurried.
var errCutOff = errors.New("tigertonic: a second signal has cut off the requests in flight")

// Run serves until ctx is done or the process gets SIGTERM or SIGINT, and then lets
// requests in flight end: for DrainDelay it only reports that it isn't ready
// ([Server.Draining]), and then it does what Close does. A second signal cuts off what
// is left. Run speaks TLS as [Server.ListenAndServe] does. It also serves Admin, which
// it closes last.
//
// SIGUSR2 starts the program again from its file, with the same arguments. The new
// process inherits the listening sockets, so no connection is refused or lost. Once it
// serves, this one ends as by SIGTERM, but without a delay. If the new process can't
// be started, ends early, or isn't ready within RestartTimeout, this one logs why and
// keeps serving. SIGHUP reloads the certificates. Windows has neither signal.
//
// Log gets the addresses that the server listens on, why it stops, how long that took,
// how many connections it cut off, and which process took over.
//
// If systemd has opened sockets (LISTEN_FDS), Run serves these instead of the
// addresses: the first one, or the one named "main", and for Admin the second, or
// "admin". If NOTIFY_SOCKET is set, it notifies systemd of READY, STOPPING and
// MAINPID.
//
// Run returns nil once all requests have ended, [context.DeadlineExceeded] if some
// hadn't after DrainTimeout, and otherwise the reason that it couldn't serve. If
// accepting fails while it serves, for the server or for Admin, it still lets requests
// end. A process can have one Run at a time.
func (s *Server) Run(ctx context.Context) error {
	s.prepare()
	if s.draining.Load() { // it was closed
		<-s.drained
		return s.err
	}
	run := &run{server: s, program: handover.ProgramPath(), signals: make(chan os.Signal, 8)}
	signal.Notify(run.signals, handover.Signals()...)
	defer signal.Stop(run.signals)
	if err := run.listen(); err != nil {
		return err
	}
	run.serve()
	run.inherited.Ready()
	run.notify("READY=1")
	err := run.supervise(ctx)
	run.end()
	return err
}

// A run is what a server is doing in Run.
type run struct {
	server    *Server
	program   string
	signals   chan os.Signal
	inherited *handover.Inherited
	sockets   []handover.Socket
	served    chan error // what serving has ended with
	admin     *http.Server
	lost      chan error // why admin has ended by itself
	stopped   time.Time  // when it was to stop, once it was
	handsOver bool       // a new process has taken over
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
	if run.inherited, err = handover.Inherit(); err != nil {
		return err
	}
	s.restarts.Store(int64(run.inherited.Restarts))
	if stale := run.inherited.Stale; stale != nil {
		s.logProblem(slog.LevelWarn, "the sockets that the environment names are ignored", stale)
	}
	sockets := []handover.Socket{{Name: "main", Addr: cmp.Or(s.Addr, port)}}
	if s.Admin != nil {
		sockets = append(sockets, handover.Socket{Name: "admin", Addr: cmp.Or(s.AdminAddr, adminAddr)})
	}
	run.sockets, err = run.inherited.Listen(sockets...)
	return err
}

func (run *run) serve() {
	s := run.server
	run.served, run.lost = make(chan error, 1), make(chan error, 1)
	for _, socket := range run.sockets {
		s.announce(socket.Name, socket.Listener)
		s.logger().Info("tigertonic: listening", "name", socket.Name, "address", socket.Listener.Addr().String())
	}
	main := run.sockets[0].Listener
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
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: conns.BodyTimeout, IdleTimeout: idleTimeout,
	}
	go func() {
		if err := run.admin.Serve(run.sockets[1].Listener); !errors.Is(err, http.ErrServerClosed) {
			run.lost <- fmt.Errorf("tigertonic: admin: %w", err)
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
	stop := func(delay time.Duration, reason string) error {
		abandon()
		return run.stop(delay, reason)
	}
	began := run.server.began
	for {
		select {
		case <-began: // by Close
			began = nil
			run.begin("the server was closed")
		case err := <-run.served:
			if run.server.draining.Load() {
				run.begin("the server was closed")
				return run.server.err
			}
			return both(err, stop(0, err.Error()))
		case err := <-run.lost:
			return both(err, stop(0, err.Error()))
		case <-ctx.Done():
			return stop(run.server.DrainDelay, context.Cause(ctx).Error())
		case sig := <-run.signals:
			switch {
			case handover.IsReload(sig):
				run.server.reloadCertificates(true)
			case !handover.IsRestart(sig):
				return stop(run.server.DrainDelay, "signal: "+sig.String())
			case restarted == nil:
				restarted = make(chan successor, 1)
				program := handover.Program{
					Path: run.program, Args: os.Args, Timeout: cmp.Or(run.server.RestartTimeout, restartTimeout),
					Restarts: run.inherited.Restarts + 1,
				}
				go func(done chan<- successor) {
					pid, err := program.Start(starting, run.sockets)
					done <- successor{pid, err}
				}(restarted)
			}
		case next := <-restarted:
			restarted = nil
			if next.err == nil {
				run.handOver(next.pid)
				return stop(0, fmt.Sprintf("process %d has taken over", next.pid))
			}
			run.server.logError("the program couldn't be restarted, and this process keeps serving", next.err)
		}
	}
}

// both returns what has ended a server, and how it has ended then, if not well.
func both(cause, err error) error {
	if err == nil {
		return cause
	}
	return errors.Join(cause, err)
}

// handOver lets the new process alone answer for Admin, and tells who it is.
func (run *run) handOver(pid int) {
	run.handsOver = true
	run.server.logger().Info("tigertonic: handed over", "pid", pid)
	run.notify("MAINPID=" + strconv.Itoa(pid))
	run.leaveAdmin()
}

// begin tells, once, that the server is to stop, and why.
func (run *run) begin(reason string) {
	if !run.stopped.IsZero() {
		return
	}
	run.stopped = time.Now()
	run.server.logger().Info("tigertonic: draining", "reason", reason)
	if !run.handsOver {
		run.notify("STOPPING=1")
	}
}

// end is called when the server has ended.
func (run *run) end() {
	run.server.logger().Info("tigertonic: stopped", "took", time.Since(run.stopped).Round(time.Millisecond), "cut_off", run.server.cut)
	if run.admin != nil {
		_ = run.admin.Close() // the last to go
	}
}

// stop ends the server, and returns how it has ended.
func (run *run) stop(delay time.Duration, reason string) error {
	s := run.server
	ctx, cancel := context.WithTimeout(context.Background(), cmp.Or(s.DrainTimeout, drainTimeout))
	defer cancel()
	s.unready.Store(true)
	run.begin(reason)
	cut := make(chan struct{})
	over := make(chan struct{})
	defer close(over)
	go run.hurry(cut, over)
	delayed := time.NewTimer(delay)
	defer delayed.Stop()
	select {
	case <-delayed.C:
	case <-ctx.Done(): // the delay is a part of the time
	case <-cut:
	}
	closed := make(chan error, 1)
	go func() { closed <- s.stop(ctx, nil) }()
	select {
	case err := <-closed:
		return err
	case <-cut:
		s.cutOff(errCutOff) // which is what was asked for
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
	_ = run.sockets[1].Listener.Close() // it is served by the new process
}

// hurry closes cut at another signal to stop.
func (run *run) hurry(cut, over chan struct{}) {
	for {
		select {
		case sig := <-run.signals:
			if !handover.IsReload(sig) && !handover.IsRestart(sig) {
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
	if err := handover.Notify(state); err != nil {
		run.server.logError("systemd can't be told "+state, err)
	}
}
