// Wallet is a service that keeps money: accounts, and transfers between them, in SQLite
// or PostgreSQL. Whatever happens to its process, it never loses or duplicates a transfer
// that it has acknowledged. It knows operators but no users: anybody who can reach it can
// move money, so put it behind a service that knows yours.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"

	"github.com/rcrowley/go-tigertonic/examples/internal/serving"
)

// passwordVariable has the operator's password if no file does. After a restart, the new
// process finds the random password of its predecessor there.
const passwordVariable = "WALLET_PASSWORD"

type options struct {
	example                     *serving.Example
	db, cert, key, passwordFile string
	made                        bool // the password
}

func main() {
	var o options
	o.example = serving.Flags(flag.CommandLine, "wallet")
	flag.StringVar(&o.db, "db", "wallet.db", "SQLite `file`, or the URL of a PostgreSQL database, postgres://…")
	flag.StringVar(&o.cert, "cert", "", "PEM `file` with a certificate, to speak TLS")
	flag.StringVar(&o.key, "key", "", "PEM `file` with the certificate's key")
	flag.StringVar(&o.passwordFile, "password-file", "", "`file` with the password of the user called operator; by default $"+passwordVariable+", or a random one")
	flag.Parse()
	o.example.Main(func(ctx context.Context, level *slog.LevelVar) error { return run(ctx, o, level) })
}

// run serves until the process is told to stop.
func run(ctx context.Context, o options, level *slog.LevelVar) error {
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{} // also where no typed function answers
	password, err := o.password()
	if err != nil {
		return err
	}
	s, err := openStore(ctx, o.db)
	if err != nil {
		return err
	}
	defer s.close()
	registry := metrics.NewRegistry()
	server := tigertonic.NewServer(o.example.Listen, tigertonic.Stack(service(s, password, registry), serving.Traced("wallet")))
	if o.cert != "" || o.key != "" {
		if err := server.TLS(o.cert, o.key); err != nil {
			return err
		}
	}
	inside := admin.New(server.Handler, admin.Options{Name: "wallet", Version: version, Registry: registry, Level: level})
	inside.Check("database", time.Second, s.ping)
	return o.example.Run(ctx, server, inside, func(base string) string { return o.try(base, password) })
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

// try returns lines to try. They can be repeated, because their keys are new each time.
func (o *options) try(base, password string) string {
	curl, user := "curl", "operator"
	if o.cert != "" {
		curl = "curl --cacert " + o.cert
	}
	if o.made {
		user += ":" + password
	}
	key := tigertonic.RandomBase62String(6)
	return fmt.Sprintf(`  %[2]s -i %[1]s/1.0/accounts -H 'Content-Type: application/json' -d '{"id":"ann-%[4]s"}'
  %[2]s -i %[1]s/1.0/accounts -H 'Content-Type: application/json' -d '{"id":"bob-%[4]s"}'
  %[2]s -i %[1]s/1.0/admin/deposits -u %[3]s -H 'Idempotency-Key: %[4]s-1' -H 'Content-Type: application/json' -d '{"to":"ann-%[4]s","cents":1000}'
  %[2]s -i %[1]s/1.0/transfers -H 'Idempotency-Key: %[4]s-2' -H 'Content-Type: application/json' -d '{"from":"ann-%[4]s","to":"bob-%[4]s","cents":250}'
  %[2]s %[1]s/1.0/accounts/ann-%[4]s/transfers -H 'Accept: application/jsonl'
and read %[1]s/docs
`, base, curl, user, key)
}
