// Wallet is a service that keeps money: accounts, and transfers between them, in
// SQLite or PostgreSQL. Whatever happens to its process, it loses no transfer that
// it has answered, and makes none twice. It knows operators and no other users:
// whoever can reach it can move money, so it is for the services behind another.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"
)

// passwordVariable has the operator's password where no file has it. A process
// that takes over after a restart finds there what its predecessor has made up.
const passwordVariable = "WALLET_PASSWORD"

type options struct {
	listen, admin, db, cert, key, passwordFile string
	made                                       bool // the password
}

func main() {
	var o options
	flag.StringVar(&o.listen, "listen", "127.0.0.1:8000", "`address` to listen on")
	flag.StringVar(&o.admin, "admin", "127.0.0.1:8001", "`address` for health, metrics and profiles, or \"\" for none")
	flag.StringVar(&o.db, "db", "wallet.db", "SQLite `file`, or the URL of a PostgreSQL database, postgres://…")
	flag.StringVar(&o.cert, "cert", "", "PEM `file` with a certificate, to speak TLS")
	flag.StringVar(&o.key, "key", "", "PEM `file` with the certificate's key")
	flag.StringVar(&o.passwordFile, "password-file", "", "`file` with the password of the user called operator; else it is in $"+passwordVariable+", or made up")
	flag.Parse()
	level := new(slog.LevelVar)
	lines := tigertonic.NewBufferedJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level})
	slog.SetDefault(slog.New(lines))
	err := run(o, level)
	if err != nil {
		slog.Error("wallet has ended", "error", err)
	}
	_ = lines.Close() // there is nowhere else to say that standard error is gone
	if err != nil {
		os.Exit(1)
	}
}

// run serves until the process is told to stop.
func run(o options, level *slog.LevelVar) error {
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{} // also where no typed function answers
	password, err := o.password()
	if err != nil {
		return err
	}
	s, err := openStore(context.Background(), o.db)
	if err != nil {
		return err
	}
	defer s.close()
	registry := metrics.NewRegistry()
	server := tigertonic.NewServer(o.listen, service(s, password, registry))
	if o.cert != "" || o.key != "" {
		if err := server.TLS(o.cert, o.key); err != nil {
			return err
		}
	}
	if o.admin != "" {
		inside := admin.New(server.Handler, admin.Options{Name: "wallet", Version: version, Registry: registry, Level: level})
		inside.Check("database", time.Second, s.ping)
		server.Admin, server.AdminAddr = inside, o.admin
	}
	server.OnListen = func(name string, addr net.Addr) {
		if name == "main" {
			o.welcome(addr, password)
			return
		}
		fmt.Printf("operators find what is inside on http://%s/\n", addr)
	}
	if err := server.Run(context.Background()); err != nil {
		return err
	}
	slog.Info("wallet has stopped", "pid", os.Getpid())
	return nil
}

// password returns the operator's password.
func (o *options) password() (string, error) {
	if o.passwordFile != "" {
		text, err := os.ReadFile(o.passwordFile)
		if err != nil {
			return "", err
		}
		line, _, _ := strings.Cut(string(text), "\n")
		if line = strings.TrimSuffix(line, "\r"); line == "" {
			return "", fmt.Errorf("%s: its first line is empty, not a password", o.passwordFile)
		}
		return line, nil
	}
	if password := os.Getenv(passwordVariable); password != "" {
		return password, nil
	}
	o.made = true
	password := tigertonic.RandomBase62String(16)
	return password, os.Setenv(passwordVariable, password)
}

// welcome prints lines to try. They can be repeated, for their keys are new each
// time.
func (o *options) welcome(addr net.Addr, password string) {
	base, curl, user := "http://"+addr.String(), "curl", "operator"
	if o.cert != "" {
		base, curl = "https://"+addr.String(), "curl --cacert "+o.cert
	}
	if o.made {
		user += ":" + password
	}
	key := tigertonic.RandomBase62String(6)
	fmt.Printf(`wallet (process %[1]d) listens on %[2]s, try:
  %[3]s -i %[2]s/1.0/accounts -H 'Content-Type: application/json' -d '{"id":"ann-%[5]s"}'
  %[3]s -i %[2]s/1.0/accounts -H 'Content-Type: application/json' -d '{"id":"bob-%[5]s"}'
  %[3]s -i %[2]s/1.0/admin/deposits -u %[4]s -H 'Idempotency-Key: %[5]s-1' -H 'Content-Type: application/json' -d '{"to":"ann-%[5]s","cents":1000}'
  %[3]s -i %[2]s/1.0/transfers -H 'Idempotency-Key: %[5]s-2' -H 'Content-Type: application/json' -d '{"from":"ann-%[5]s","to":"bob-%[5]s","cents":250}'
  %[3]s %[2]s/1.0/accounts/ann-%[5]s/transfers -H 'Accept: application/jsonl'
and read %[2]s/docs
`, os.Getpid(), base, curl, user, key)
}
