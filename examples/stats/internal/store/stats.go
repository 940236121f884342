package store

import (
	"context"
	"database/sql"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/secret"
)

// A Stat is a counter, or a series of values.
type Stat struct {
	ID         int64
	Account    int64
	PublicID   string
	Name       string
	Counter    bool
	Public     bool
	Unit       string
	ClassicKey string
	EmbedKey   string
	Created    int64
	Received   int64 // when the last number was
	Trashed    int64 // when it was put into the trash, or 0
}

const selectStat = `SELECT s.id, s.account, s.public_id, s.name, s.counter = 1, s.public = 1, s.unit, s.classic_key, s.embed_key,
	s.created, COALESCE((SELECT MAX(p.received) FROM pending p WHERE p.stat = s.id), s.received), s.trashed FROM stats s `

func scanStat(scan func(...any) error) (s Stat, err error) {
	err = scan(&s.ID, &s.Account, &s.PublicID, &s.Name, &s.Counter, &s.Public, &s.Unit, &s.ClassicKey, &s.EmbedKey,
		&s.Created, &s.Received, &s.Trashed)
	return s, unavailable(err)
}

func (s *Store) stat(ctx context.Context, where string, args ...any) (Stat, error) {
	return scanStat(s.read.QueryRowContext(ctx, selectStat+where, args...).Scan)
}

func (s *Store) stats(ctx context.Context, where string, args ...any) (all []Stat, err error) {
	err = each(ctx, s.read, func(scan func(...any) error) error {
		one, err := scanStat(scan)
		all = append(all, one)
		return err
	}, selectStat+where, args...)
	return all, err
}

// Stats returns at most limit stats of an account, in the order of their creation, after
// skipping offset.
func (s *Store) Stats(ctx context.Context, account int64, offset, limit int) ([]Stat, error) {
	return s.stats(ctx, "WHERE s.account = $1 AND s.trashed = 0 ORDER BY s.id LIMIT $3 OFFSET $2", account, offset, limit)
}

// Trash returns the stats of an account that are in the trash.
func (s *Store) Trash(ctx context.Context, account int64) ([]Stat, error) {
	return s.stats(ctx, "WHERE s.account = $1 AND s.trashed > 0 ORDER BY s.trashed, s.id LIMIT 1000", account)
}

// StatByName returns a stat.
func (s *Store) StatByName(ctx context.Context, account int64, name string) (Stat, error) {
	return s.stat(ctx, "WHERE s.account = $1 AND s.name = $2 AND s.trashed = 0", account, name)
}

// StatByID returns a stat by its public ID, whoever owns it.
func (s *Store) StatByID(ctx context.Context, publicID string) (Stat, error) {
	return s.stat(ctx, "WHERE s.public_id = $1 AND s.trashed = 0", publicID)
}

// StatOf returns a stat of an account.
func (s *Store) StatOf(ctx context.Context, account int64, publicID string) (Stat, error) {
	return s.stat(ctx, "WHERE s.public_id = $1 AND s.account = $2 AND s.trashed = 0", publicID, account)
}

// StatByEmbed returns the stat for a page of others, by the ID of a public stat or the
// embed key of any.
func (s *Store) StatByEmbed(ctx context.Context, key string) (Stat, error) {
	return s.stat(ctx, "WHERE (s.public_id = $1 AND s.public = 1 OR s.embed_key = $1) AND s.trashed = 0", key)
}

// StatByClassic returns the stat with this key in the account with this user key.
func (s *Store) StatByClassic(ctx context.Context, userKey, key string) (Stat, error) {
	return s.stat(ctx, "JOIN accounts a ON a.id = s.account WHERE s.classic_key = $2 AND a.ukey = $1 AND s.trashed = 0", userKey, key)
}

// change changes stats and, in the same transaction, the generation of the database, so
// that no process uses stale identities.
func (s *Store) change(ctx context.Context, query string, args ...any) error {
	return unavailable(s.inTransaction(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			if err == nil {
				err = ErrNotFound
			}
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE meta SET value = value + 1 WHERE name = 'generation'")
		return err
	}))
}

// Remove moves a stat to the trash.
func (s *Store) Remove(ctx context.Context, now, account int64, publicID string) error {
	return s.change(ctx, "UPDATE stats SET trashed = $1 WHERE account = $2 AND public_id = $3 AND trashed = 0", now, account, publicID)
}

// Destroy moves the stat with this key to the trash. Its owner got the key when the stat
// was created.
func (s *Store) Destroy(ctx context.Context, now int64, key string) error {
	return s.change(ctx, "UPDATE stats SET trashed = $1 WHERE destroy_key = $2 AND trashed = 0", now, secret.Digest(key))
}

// StatByDestroyKey returns the stat that Destroy would move.
func (s *Store) StatByDestroyKey(ctx context.Context, key string) (Stat, error) {
	return s.stat(ctx, "WHERE s.destroy_key = $1 AND s.trashed = 0", secret.Digest(key))
}

// Restore takes a stat out of the trash. It returns ErrNotFound if there is another one
// with its name by now.
func (s *Store) Restore(ctx context.Context, account int64, publicID string) error {
	return s.change(ctx, `UPDATE stats SET trashed = 0 WHERE account = $1 AND public_id = $2 AND trashed > 0
		AND NOT EXISTS (SELECT 1 FROM stats o WHERE o.account = stats.account AND o.name = stats.name AND o.trashed = 0)`, account, publicID)
}

// Edit sets the unit of a stat, and whether it is public.
func (s *Store) Edit(ctx context.Context, account int64, publicID, unit string, public bool) error {
	return s.execOne(ctx, "UPDATE stats SET unit = $3, public = $4 WHERE account = $1 AND public_id = $2 AND trashed = 0",
		account, publicID, unit, number(public))
}
