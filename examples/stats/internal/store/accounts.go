package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/secret"
)

// An Account owns stats.
type Account struct {
	ID       int64
	Email    string
	Password string // as package secret keeps it
	EZ       bool   // whether stats are taken by the ezkey
	UserKey  string // for classic calls
	HookKey  string // that webhooks are signed with
}

// A Token lets programs read the stats of an account.
type Token struct {
	ID      string
	Name    string
	Created int64
}

const selectAccount = "SELECT a.id, a.email, a.password, a.ez = 1, a.ukey, a.hookkey FROM accounts a "

func (s *Store) account(ctx context.Context, where string, args ...any) (a Account, err error) {
	err = s.read.QueryRowContext(ctx, selectAccount+where, args...).Scan(&a.ID, &a.Email, &a.Password, &a.EZ, &a.UserKey, &a.HookKey)
	return a, unavailable(err)
}

// MakeAccount creates an account. It returns ErrTaken if there is one with this address
// or key.
func (s *Store) MakeAccount(ctx context.Context, now int64, email, passwordHash, ezkey string) (Account, error) {
	n, err := s.exec(ctx, `INSERT INTO accounts (email, password, ezkey, ukey, hookkey, created)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		email, passwordHash, secret.Digest(ezkey), secret.New(), secret.New(), now)
	switch {
	case err != nil:
		return Account{}, err
	case n == 0:
		return Account{}, fmt.Errorf("an account of %s: %w", email, ErrTaken)
	}
	return s.AccountByEmail(ctx, email)
}

// AccountByID returns an account.
func (s *Store) AccountByID(ctx context.Context, id int64) (Account, error) {
	return s.account(ctx, "WHERE a.id = $1", id)
}

// AccountByEmail returns an account.
func (s *Store) AccountByEmail(ctx context.Context, email string) (Account, error) {
	return s.account(ctx, "WHERE a.email = $1", email)
}

// AccountByKey returns the account with this ezkey.
func (s *Store) AccountByKey(ctx context.Context, ezkey string) (Account, error) {
	return s.account(ctx, "WHERE a.ezkey = $1", secret.Digest(ezkey))
}

// AccountByToken returns the account with this token.
func (s *Store) AccountByToken(ctx context.Context, token string) (Account, error) {
	return s.account(ctx, "JOIN tokens t ON t.account = a.id WHERE t.digest = $1", secret.Digest(token))
}

// AccountBySession returns the account of a session that hasn't expired.
func (s *Store) AccountBySession(ctx context.Context, now int64, session string) (Account, error) {
	return s.account(ctx, "JOIN sessions o ON o.account = a.id WHERE o.digest = $1 AND o.expires > $2", secret.Digest(session), now)
}

// Accounts calls f for each account.
func (s *Store) Accounts(ctx context.Context, f func(Account) error) error {
	var all []Account
	err := each(ctx, s.read, func(scan func(...any) error) error {
		var a Account
		err := scan(&a.ID, &a.Email, &a.Password, &a.EZ, &a.UserKey, &a.HookKey)
		all = append(all, a)
		return err
	}, selectAccount+"ORDER BY a.id")
	for _, a := range all {
		if err != nil {
			return err
		}
		err = f(a)
	}
	return err
}

// CountAccounts returns how many accounts there are.
func (s *Store) CountAccounts(ctx context.Context) (n int64, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT COUNT(*) FROM accounts").Scan(&n)
	return n, unavailable(err)
}

// SetEZ sets whether an account accepts numbers by its ezkey.
func (s *Store) SetEZ(ctx context.Context, account int64, allowed bool) error {
	return s.execOne(ctx, "UPDATE accounts SET ez = $2 WHERE id = $1", account, number(allowed))
}

// SetPassword changes a password, and ends all sessions.
func (s *Store) SetPassword(ctx context.Context, account int64, passwordHash string) error {
	return unavailable(s.inTransaction(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE accounts SET password = $2 WHERE id = $1", account, passwordHash); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM sessions WHERE account = $1", account)
		return err
	}))
}

// MakeSession creates a session.
func (s *Store) MakeSession(ctx context.Context, account, expires int64) (session string, err error) {
	session = secret.New()
	_, err = s.exec(ctx, "INSERT INTO sessions (digest, account, expires) VALUES ($1, $2, $3)", secret.Digest(session), account, expires)
	return session, err
}

// EndSession ends a session.
func (s *Store) EndSession(ctx context.Context, session string) error {
	_, err := s.exec(ctx, "DELETE FROM sessions WHERE digest = $1", secret.Digest(session))
	return err
}

// MakeToken creates a token. Only its digest is stored.
func (s *Store) MakeToken(ctx context.Context, now, account int64, label string) (token string, err error) {
	token = secret.New()
	_, err = s.exec(ctx, "INSERT INTO tokens (digest, id, account, name, created) VALUES ($1, $2, $3, $4, $5)",
		secret.Digest(token), secret.NewID(), account, label, now)
	return token, err
}

// Tokens returns the tokens of an account, without their secrets.
func (s *Store) Tokens(ctx context.Context, account int64) (all []Token, err error) {
	err = each(ctx, s.read, func(scan func(...any) error) error {
		var t Token
		err := scan(&t.ID, &t.Name, &t.Created)
		all = append(all, t)
		return err
	}, "SELECT id, name, created FROM tokens WHERE account = $1 ORDER BY created, id", account)
	return all, err
}

// RevokeToken revokes a token, with immediate effect.
func (s *Store) RevokeToken(ctx context.Context, account int64, id string) error {
	return s.execOne(ctx, "DELETE FROM tokens WHERE account = $1 AND id = $2", account, id)
}
