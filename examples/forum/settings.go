package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/rcrowley/go-tigertonic/examples/internal/mailer"
)

// A configuration is what can change while the process runs: flags, overridden by the
// values that the file of -config has under their names.
type configuration struct {
	Cache  string     `json:"cache"`
	SMTP   string     `json:"smtp"`
	From   string     `json:"from"`
	Public string     `json:"public"`
	Issuer string     `json:"oidc-issuer"`
	Client string     `json:"oidc-client"`
	Level  slog.Level `json:"log-level"`
}

// read returns the configuration with what a file says, if there is one.
func (c configuration) read(file string) (configuration, error) {
	if file == "" {
		return c, nil
	}
	text, err := os.ReadFile(file) //nolint:gosec // the operator names it
	if err == nil {
		err = json.Unmarshal(text, &c, json.RejectUnknownMembers(true))
	}
	if err != nil {
		return c, fmt.Errorf("-config %s: %w", file, err)
	}
	return c, nil
}

// settings are made from a configuration. They never change; a new configuration replaces
// them.
type settings struct {
	configuration
	cache          cache
	authenticators map[string]Authenticator
	mailer         *mailer.Mailer // nil sends nothing
}

// issuerPatience is how long an OpenID Connect provider may take to send its configuration.
const issuerPatience = 10 * time.Second

// configure replaces the settings, or keeps them if anything is wrong with the new ones.
func (s *service) configure(ctx context.Context, o *options) error {
	c, err := o.configuration.read(o.file)
	if err != nil {
		return err
	}
	old := s.settings.Load()
	next := &settings{configuration: c, authenticators: map[string]Authenticator{"password": s.passwords}}
	if next.mailer, err = mailer.New(c.SMTP, c.From, time.Now); err != nil {
		return err
	}
	if c.Issuer != "" {
		ctx, cancel := context.WithTimeout(ctx, issuerPatience)
		defer cancel()
		if next.authenticators["oidc"], err = newOpenIDConnect(ctx, c.Issuer, c.Client); err != nil {
			return fmt.Errorf("the provider %s: %w", c.Issuer, err)
		}
	}
	if old != nil && old.Cache == c.Cache {
		next.cache = old.cache // and what is in it
	} else if next.cache, err = openCache(cmp.Or(c.Cache, "memory")); err != nil {
		return err
	}
	if o.level != nil {
		o.level.Set(c.Level)
	}
	s.store.cache.Store(&next.cache)
	s.settings.Store(next)
	if old != nil && old.cache != next.cache {
		old.cache.close()
	}
	return nil
}

// reload configures the service again at each SIGHUP, until the context ends.
func (s *service) reload(ctx context.Context, o *options, hangups <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			if err := s.configure(ctx, o); err != nil {
				slog.Error("the configuration is invalid and stays as it was", "error", err)
			} else {
				slog.Info("the configuration was read again", "file", o.file)
			}
		}
	}
}

// notifyHangups returns a channel of SIGHUPs.
func notifyHangups() (hangups chan os.Signal, stop func()) {
	hangups = make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	return hangups, func() { signal.Stop(hangups) }
}
