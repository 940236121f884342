// Package serving does what all examples have in common: it defines the flags -listen and
// -admin, moves to a free port if the default is taken, prints what to try, and says when
// the service stops; for those that use Main, it also sets up logs and traces.
//
//	example := serving.Flags(flag.CommandLine, "wallet")
//	flag.Parse()
//	example.Main(func(ctx context.Context, level *slog.LevelVar) error {
//		server := tigertonic.NewServer(example.Listen, handler)
//		return example.Run(ctx, server, admin.New(server.Handler, admin.Options{Name: "wallet", Level: level}), try)
//	})
package serving

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/rcrowley/go-tigertonic"
)

// Default addresses, which only this machine can reach.
const (
	listen = "127.0.0.1:8000"
	admin  = "127.0.0.1:8001"
)

// ports is how many ports Choose tries, from the default one up.
const ports = 100

// An Example is a service from this module.
type Example struct {
	Name   string
	Listen string // address of the service
	Admin  string // address for operators, or "" for none

	flags *flag.FlagSet
}

// Flags defines -listen and -admin in f.
func Flags(f *flag.FlagSet, name string) *Example {
	e := &Example{Name: name, flags: f}
	f.StringVar(&e.Listen, "listen", listen, "`address` to listen on; port 0 is any free one")
	f.StringVar(&e.Admin, "admin", admin, "`address` for health, metrics and profiles, or \"\" for none")
	return e
}

// Main runs an example, whose flags have been parsed: it logs to standard error, in JSON,
// many lines at a time, exports traces if the environment says so (see [Traces]), settles
// the addresses (see [Example.Choose]), and calls run. If that fails, the process ends with
// status 1 and a line that says why.
func (e *Example) Main(run func(ctx context.Context, level *slog.LevelVar) error) {
	level := new(slog.LevelVar)
	lines := tigertonic.NewBufferedJSONHandler(os.Stderr, &tigertonic.BufferedJSONOptions{HandlerOptions: slog.HandlerOptions{Level: level}})
	slog.SetDefault(slog.New(lines))
	ctx := context.Background()
	flush, err := Traces(ctx)
	if err == nil {
		err = e.runChosen(ctx, level, run)
		flush()
	}
	if err != nil {
		slog.Error(e.Name+" has failed", "error", err)
	}
	_ = lines.Close() // there is nowhere else to say that standard error is gone
	if err != nil {
		os.Exit(1)
	}
}

func (e *Example) runChosen(ctx context.Context, level *slog.LevelVar, run func(ctx context.Context, level *slog.LevelVar) error) error {
	if err := e.Choose(os.Stdout); err != nil {
		return err
	}
	return run(ctx, level)
}

// Choose settles Listen and Admin once the flags are parsed. An address that a flag names
// is used or fails: a service that listens elsewhere than you told it to is a trap. A
// default whose port is taken gives way to the next free port, and w gets a line that
// says so.
//
// A process that takes over from another by SIGUSR2, or gets its sockets from systemd,
// has its ports already. It finds the addresses of its predecessor in the environment.
func (e *Example) Choose(w io.Writer) error {
	if os.Getenv("LISTEN_PID") == strconv.Itoa(os.Getpid()) {
		return nil
	}
	given := map[string]bool{}
	e.flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var held []net.Listener // a port must not be chosen twice
	defer func() {
		for _, l := range held {
			_ = l.Close() // it has accepted nothing
		}
	}()
	for _, a := range []struct {
		flag, purpose string
		addr          *string
	}{{"listen", "", &e.Listen}, {"admin", "for operators ", &e.Admin}} {
		variable := strings.ToUpper(e.Name + "_" + a.flag)
		if os.Getenv("TIGERTONIC_PREDECESSOR") != "" {
			if addr := os.Getenv(variable); addr != "" {
				*a.addr = addr
			}
			continue
		}
		if *a.addr == "" {
			continue
		}
		l, addr, err := choose(*a.addr, given[a.flag])
		if err != nil {
			return fmt.Errorf("-%s: %w", a.flag, err)
		}
		held = append(held, l)
		if addr != *a.addr {
			fmt.Fprintf(w, "%s: port %s is taken; listening %son %s\n", e.Name, port(*a.addr), a.purpose, port(addr)) //nolint:errcheck // nor could that be said
		}
		*a.addr = addr
		if err := os.Setenv(variable, addr); err != nil {
			return err
		}
	}
	return nil
}

// choose listens on addr or, unless that is what the user gave, on one of the next ports.
func choose(addr string, given bool) (net.Listener, string, error) {
	l, err := net.Listen("tcp", addr)
	switch {
	case err == nil:
		return l, addr, nil
	case given && errors.Is(err, syscall.EADDRINUSE):
		return nil, "", fmt.Errorf("%w: choose another port, or 0 for any free one", err)
	case given || !errors.Is(err, syscall.EADDRINUSE):
		return nil, "", err
	}
	host, text, _ := net.SplitHostPort(addr) // it is one, for its port is taken
	first, _ := strconv.Atoi(text)
	for n := first + 1; n < first+ports; n++ {
		next := net.JoinHostPort(host, strconv.Itoa(n))
		if l, err := net.Listen("tcp", next); err == nil {
			return l, next, nil
		}
	}
	return nil, "", fmt.Errorf("%w, and so are the %d ports after it", err, ports-1)
}

func port(addr string) string {
	_, port, _ := net.SplitHostPort(addr) // it is one
	return port
}

// Run serves until the process is told to stop, with inside for operators if there is an
// address for them. The log says when the server drains and hands over, and finally that
// the example has stopped.
func (e *Example) Run(ctx context.Context, server *tigertonic.Server, inside http.Handler, try func(base string) string) error {
	e.Prepare(server, inside, try)
	if err := server.Run(ctx); err != nil {
		return err
	}
	slog.Info(e.Name+" has stopped", "pid", os.Getpid())
	return nil
}

// Prepare does what Run does except serving, for an example that has something to do
// afterwards. Once the service listens, it prints where, then what try returns for its
// base URL, and where operators look:
//
//	wallet (process 17) listens on http://127.0.0.1:8000, try:
//	  curl -i http://127.0.0.1:8000/1.0/accounts
//	and read http://127.0.0.1:8000/docs
//	for operators: http://127.0.0.1:8001/
func (e *Example) Prepare(server *tigertonic.Server, inside http.Handler, try func(base string) string) {
	if e.Admin != "" {
		server.Admin, server.AdminAddr = inside, e.Admin
	}
	server.OnListen = func(name string, addr net.Addr) {
		if name != "main" {
			fmt.Printf("for operators: http://%s/\n", addr)
			return
		}
		base := "http://" + addr.String()
		if c := server.TLSConfig; c != nil && (len(c.Certificates) > 0 || c.GetCertificate != nil) {
			base = "https://" + addr.String()
		}
		fmt.Printf("%s (process %d) listens on %s, try:\n%s", e.Name, os.Getpid(), base, try(base))
	}
}
