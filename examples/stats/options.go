package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/internal/serving"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/frame"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/secret"
)

// options are the flags.
type options struct {
	example            *serving.Example
	data, db           string
	email, ezkey       string
	domain             string
	api, www           string
	base               string
	ack                int
	sync               string
	rate               float64
	minutes, hours     string
	keepMinutes        int64 // hours
	keepHours          int64 // days
	smtp, from         string
	reportAt           int
	privateHooks       bool
	hookQueue, clients int
	rounds             int // of the hashes of passwords
	now                func() time.Time
}

// parseOptions reads the flags of a command, "account" or, to serve, "".
func parseOptions(command string, args []string) (*options, error) {
	o := &options{now: time.Now, rounds: secret.Rounds}
	f := flag.NewFlagSet(strings.TrimSpace("stats "+command), flag.ContinueOnError)
	f.StringVar(&o.data, "data", "stats.data", "`directory` for the database, and for the first account's keys")
	f.StringVar(&o.db, "db", "", "SQLite `file`, or the URL of a PostgreSQL database, postgres://…; by default, stats.db in the directory of -data")
	f.StringVar(&o.email, "email", "you@localhost", "`address` of the account to create, which gets the reports")
	f.StringVar(&o.ezkey, "ezkey", "", "`key` of the account to create; random by default")
	if command == "" {
		o.serveFlags(f)
	}
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	o.db = cmp.Or(o.db, filepath.Join(o.data, "stats.db"))
	if command != "" {
		return o, nil
	}
	err := o.check()
	return o, err
}

// serveFlags are those of the service alone.
func (o *options) serveFlags(f *flag.FlagSet) {
	o.example = serving.Flags(f, "stats")
	f.StringVar(&o.domain, "domain", "localhost", "parent `name` of the hosts api and www")
	f.StringVar(&o.api, "api", "", "further `names` of the api host, with commas between them")
	f.StringVar(&o.www, "www", "127.0.0.1,::1,localhost", "further `names` of the www host")
	f.StringVar(&o.base, "base", "", "`URL` of the www host, for links in mails; by default made from -domain and -listen")
	f.IntVar(&o.ack, "ack", 204, "`status` of an acknowledgement: 204, or 200 for clients that need a body")
	f.StringVar(&o.sync, "sync", "group", "`what` an acknowledged number survives: group (the machine's death, with one commit for many), or none (only the process's)")
	f.Float64Var(&o.rate, "rate", 0, "`samples` per second that an account may send, or 0 for no limit")
	f.StringVar(&o.minutes, "keep-minutes", "100d", "how `long` to keep minutes; after that, there are hours")
	f.StringVar(&o.hours, "keep-hours", "2y", "how `long` to keep hours; after that, there are days")
	f.StringVar(&o.smtp, "smtp", "", "`address` of a mail server, host:port, for reports, alerts and news of new stats; or smtp://user:password@host:port")
	f.StringVar(&o.from, "from", "stats@localhost", "`address` that mails are from")
	f.IntVar(&o.reportAt, "report-at", 6, "`hour` of the day, UTC, at which to send the report of the day before")
	f.BoolVar(&o.privateHooks, "hooks-to-private", false, "let webhooks go to private addresses")
	f.IntVar(&o.hookQueue, "hook-queue", 256, "webhooks that may wait in the queue")
	f.IntVar(&o.clients, "connections", 4096, "connections at a time")
}

// check returns everything that is wrong, and reads the durations.
func (o *options) check() error {
	var errs []error
	minutes, err := frame.ParseDuration(o.minutes)
	if err != nil {
		errs = append(errs, fmt.Errorf("-keep-minutes: %w", err))
	}
	hours, err := frame.ParseDuration(o.hours)
	if err != nil {
		errs = append(errs, fmt.Errorf("-keep-hours: %w", err))
	}
	o.keepMinutes, o.keepHours = minutes/frame.Hour, hours/frame.Day
	wrong := func(is bool, text string) {
		if is {
			errs = append(errs, errors.New(text))
		}
	}
	wrong(o.ack != 200 && o.ack != 204, "-ack must be 200 or 204")
	wrong(o.sync != "group" && o.sync != "none", "-sync must be group or none")
	wrong(o.rate < 0, "-rate can't be negative")
	wrong(o.reportAt < 0 || o.reportAt > 23, "-report-at must be an hour, 0 to 23")
	wrong(o.hookQueue < 1 || o.clients < 1, "-hook-queue and -connections must be positive")
	wrong(hours < minutes, "-keep-hours can't be shorter than -keep-minutes")
	return errors.Join(errs...)
}

// names returns the names in a list.
func names(list string) (all []string) {
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			all = append(all, name)
		}
	}
	return all
}

// baseURL returns the URL of the www host.
func (o *options) baseURL() string {
	if o.base != "" {
		return strings.TrimSuffix(o.base, "/")
	}
	_, port, _ := net.SplitHostPort(o.example.Listen)
	return "http://www." + o.domain + ":" + port
}
