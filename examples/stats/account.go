package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/secret"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

// credentials are what the first account is used with.
type credentials struct{ email, ezkey, password, token string }

// firstAccount makes an account if there is none, and keeps its keys in a file, which
// only its owner can read. It returns what is in the file.
func (o *options) firstAccount(ctx context.Context, db *store.Store) (*credentials, error) {
	file := filepath.Join(o.data, "account")
	n, err := db.CountAccounts(ctx)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		made, err := o.newAccount(ctx, db)
		if err != nil && !errors.Is(err, store.ErrTaken) { // by another process, just now
			return nil, err
		}
		if err == nil {
			text := fmt.Sprintf("email %s\npassword %s\nezkey %s\ntoken %s\n", made.email, made.password, made.ezkey, made.token)
			return made, os.WriteFile(file, []byte(text), 0o600) //nolint:gosec // the operator chooses it
		}
	}
	text, err := os.ReadFile(file) //nolint:gosec // the operator chooses it
	if err != nil {
		return nil, nil //nolint:nilnil,nilerr // the account was made elsewhere
	}
	c := &credentials{}
	fields := map[string]*string{"email": &c.email, "password": &c.password, "ezkey": &c.ezkey, "token": &c.token}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if field := fields[name]; field != nil {
			*field = value
		}
	}
	return c, nil
}

// newAccount makes an account.
func (o *options) newAccount(ctx context.Context, db *store.Store) (*credentials, error) {
	c := &credentials{email: o.email, ezkey: o.ezkey, password: secret.New()[:16]}
	if c.ezkey == "" {
		c.ezkey = secret.New()
	}
	hash, err := secret.HashPassword(c.password, o.rounds)
	if err != nil {
		return nil, err
	}
	account, err := db.MakeAccount(ctx, time.Now().Unix(), c.email, hash, c.ezkey)
	if err != nil {
		return nil, err
	}
	c.token, err = db.MakeToken(ctx, time.Now().Unix(), account.ID, "made with the account")
	return c, err
}

// makeAccount makes an account, and prints what it is used with.
func makeAccount(ctx context.Context, o *options) error {
	db, err := o.openStore(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	c, err := o.newAccount(ctx, db)
	if err != nil {
		return err
	}
	fmt.Printf("email %s\npassword %s\nezkey %s\ntoken %s\n", c.email, c.password, c.ezkey, c.token)
	return nil
}
