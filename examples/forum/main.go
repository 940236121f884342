// Forum is a platform of forums: each name below its domain is a site with microcosms,
// conversations and comments of its own. Everything is the API.
//
// Usage:
//
//	forum [flags]                                          serves
//	forum site -subdomain NAME -title TITLE -email OWNER   makes a site
//	forum user -email ADDRESS                              sets a password, which it prints
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"

	"github.com/rcrowley/go-tigertonic/examples/internal/objects"
	"github.com/rcrowley/go-tigertonic/examples/internal/serving"
)

const version = "1.0.0"

// options are the values of the flags.
type options struct {
	configuration
	file                    string // with another configuration
	example                 *serving.Example
	db, domain, files       string
	seed                    int
	subdomain, title, email string
	level                   *slog.LevelVar // or nil
}

func parseOptions(command string, args []string) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet(strings.TrimSpace("forum "+command), flag.ContinueOnError)
	f.StringVar(&o.db, "db", "forum.db", "SQLite `file`, or the URL of a PostgreSQL database, postgres://…")
	switch command {
	case "site":
		f.StringVar(&o.subdomain, "subdomain", "", "`label` of the site's host")
		f.StringVar(&o.title, "title", "", "title of the site")
		f.StringVar(&o.email, "email", "", "`address` of the owner")
	case "user":
		f.StringVar(&o.email, "email", "", "`address` of the user")
	default:
		o.example = serving.Flags(f, "forum")
		f.StringVar(&o.files, "files", "forum.files", "`directory` of uploaded files, or s3://BUCKET/PREFIX?endpoint=…")
		f.StringVar(&o.domain, "domain", "localhost", "domain `name` under which the sites are")
		f.StringVar(&o.file, "config", "", "JSON `file` with values for the flags below, by their names; SIGHUP reads it again")
		f.StringVar(&o.Cache, "cache", "memory", "memory, or memcached://HOST:PORT,… for several machines")
		f.StringVar(&o.SMTP, "smtp", "", "mail `server`, HOST:PORT or smtp://USER:PASSWORD@HOST:PORT")
		f.StringVar(&o.From, "from", "", "`sender` address of mails")
		f.StringVar(&o.Public, "public", "", "public `URL` of a site, such as https://{site}.example.com")
		f.StringVar(&o.Issuer, "oidc-issuer", "", "`URL` of the OpenID Connect provider whose ID tokens people sign in with")
		f.StringVar(&o.Client, "oidc-client", "", "`ID` of the client that the ID tokens are for")
		f.TextVar(&o.Level, "log-level", slog.LevelInfo, "log `level`")
		f.IntVar(&o.seed, "seed", 0, "create the site demo with this many comments, if there is no site yet")
	}
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	return o, nil
}

func main() {
	level := new(slog.LevelVar)
	lines := tigertonic.NewBufferedJSONHandler(os.Stderr, &tigertonic.BufferedJSONOptions{HandlerOptions: slog.HandlerOptions{Level: level}})
	slog.SetDefault(slog.New(lines))
	err := run(context.Background(), os.Args[1:], level)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		slog.Error("forum stopped with an error", "error", err)
	}
	_ = lines.Close() // there is nowhere else to say that standard error is gone
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		os.Exit(1)
	}
}

// run runs a command until that is done or the process is told to stop.
func run(ctx context.Context, args []string, level *slog.LevelVar) error {
	command := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		command, args = args[0], args[1:]
	}
	o, err := parseOptions(command, args)
	if err != nil {
		return err
	}
	switch command {
	case "":
		return serve(ctx, o, level)
	case "site", "user":
		return o.administer(ctx, command)
	}
	return fmt.Errorf("there is no command %q", command)
}

// subdomain matches the names that a site may have: one label of a host.
var label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// checkSubdomain returns an error for a name that a site can't have. The names of the
// platform's own hosts are taken.
func checkSubdomain(name string) error {
	switch {
	case name == "www" || name == "root" || name == "api" || name == "admin":
		return fmt.Errorf("the name %q is reserved for the platform", name)
	case !label.MatchString(name) || strings.HasPrefix(name, "xn--"):
		return fmt.Errorf("%q isn't a label of letters, digits and hyphens, or is one in punycode", name)
	}
	return nil
}

// administer makes a site or a user.
func (o *options) administer(ctx context.Context, command string) error {
	s, err := openStore(ctx, o.db)
	if err != nil {
		return err
	}
	defer s.close()
	email := strings.ToLower(o.email)
	if !strings.Contains(email, "@") {
		return fmt.Errorf("-email %q isn't an address", o.email)
	}
	if command == "user" {
		password := tigertonic.RandomBase62String(16)
		if err := s.setPassword(ctx, email, password); err != nil {
			return err
		}
		fmt.Printf("%s signs in with the password %s\n", email, password)
		return nil
	}
	if err := checkSubdomain(o.subdomain); err != nil {
		return err
	}
	site, _, err := s.makeSite(ctx, time.Now(), o.subdomain, o.title, email, nameOf(email))
	if isDuplicate(err) {
		return fmt.Errorf("the site %q exists already", o.subdomain)
	}
	if err != nil {
		return err
	}
	fmt.Printf("created site %d, %q, owned by %s\n", site, o.subdomain, email)
	return nil
}

func (s *store) setPassword(ctx context.Context, email, password string) error {
	return setPassword(ctx, s.write, email, hashPassword(password))
}

func setPassword(ctx context.Context, q queryer, email, kept string) error {
	return execute(ctx, q, "INSERT INTO users (email, password) VALUES ($1, $2) ON CONFLICT (email) DO UPDATE SET password = excluded.password", email, kept)
}

// serve serves until the process is told to stop.
func serve(ctx context.Context, o *options, level *slog.LevelVar) error {
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{}
	if err := o.example.Choose(os.Stdout); err != nil {
		return err
	}
	if o.level = level; o.Public == "" {
		o.Public = "http://{site}." + o.domain + o.example.Listen[strings.LastIndexByte(o.example.Listen, ':'):]
	}
	p, err := start(ctx, o)
	if err != nil {
		return err
	}
	defer p.stop()
	password, err := p.service.store.seed(ctx, o.seed)
	if err != nil {
		return err
	}
	server := tigertonic.NewServer(o.example.Listen, p.service.handler())
	server.RegisterOnShutdown(p.service.live.drain)
	inside := admin.New(server.Handler, admin.Options{Name: "forum", Version: version, Registry: p.service.registry, Level: level})
	inside.Check("database", time.Second, p.service.store.ping)
	o.example.Prepare(server, inside, func(base string) string { return o.try(base, password) })
	if err := server.Run(ctx); err != nil {
		return err
	}
	p.stop()
	slog.Info("forum has stopped", "pid", os.Getpid())
	return nil
}

// A process has everything that runs beside the server.
type process struct {
	service *service
	cancel  context.CancelFunc
	tasks   sync.WaitGroup
	once    sync.Once
}

// start opens the database and starts what runs beside the server.
func start(ctx context.Context, o *options) (*process, error) {
	files, err := objects.OpenLibrary(o.files)
	if err != nil {
		return nil, err
	}
	db, err := openStore(ctx, o.db)
	if err != nil {
		return nil, err
	}
	s := newService(db, o.domain)
	s.files = files
	if err := s.configure(ctx, o); err != nil {
		db.close()
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &process{service: s, cancel: cancel}
	hangups, unnotify := notifyHangups()
	p.tasks.Go(func() {
		defer unnotify()
		s.reload(ctx, o, hangups)
	})
	p.tasks.Go(func() { s.later.run(ctx) })
	p.tasks.Go(func() { s.mails.run(ctx, s) })
	p.tasks.Go(func() { s.newRunner(ctx).runJobs(s.jobs()) })
	if db.url != "" {
		p.tasks.Go(func() { s.live.listen(ctx, db.url) })
	}
	return p, nil
}

// newService returns a service that has no settings yet.
func newService(db *store, domain string) *service {
	s := &service{
		store: db, later: newLater(db), live: newHub(), registry: metrics.NewRegistry(), domain: domain, patience: patience, pixels: make(chan struct{}, 1),
		passwords: newPasswords(db), mails: newOutbox(), codes: newTries(mailsPerName, mailEvery),
	}
	metrics.NewRegisteredFunctionalGauge("reads-dropped", s.registry, s.later.dropped.Load)
	metrics.NewRegisteredFunctionalGauge("followers", s.registry, s.followers.Load)
	metrics.NewRegisteredFunctionalGauge("followers-dropped", s.registry, s.dropped.Load)
	metrics.NewRegisteredFunctionalGauge("cache-failures", s.registry, func() int64 {
		if m, ok := (*db.cache.Load()).(*memcached); ok {
			return m.failures.Load()
		}
		return 0
	})
	return s
}

// stop ends what start has started, once everything is written. It may be called more than
// once.
func (p *process) stop() {
	p.cancel()
	p.tasks.Wait()
	p.once.Do(func() {
		p.service.settings.Load().cache.close()
		p.service.store.close()
	})
}

func (s *store) ping(ctx context.Context) error { return s.write.PingContext(ctx) }

// try returns commands to try. The base is the URL of the service.
func (o *options) try(base, password string) string {
	port := base[strings.LastIndexByte(base, ':'):]
	demo := "http://demo." + o.domain + port
	lines := "  curl " + demo + "/api/v1/conversations?limit=5\n"
	if password != "" {
		lines += "sign in as ann@example.com with the password " + password + "\n"
	}
	return lines + "look at " + demo + "/\nand read " + demo + "/docs\n"
}
