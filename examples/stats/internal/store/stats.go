package store

import (
	"context"
	"database/sql"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/secret"
)

// A Stat is something that is counted, or of which there are values.
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

// Stats returns the stats of an account in the order in which they were made: those
// after the first ones, which offset counts, and at most limit.
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

// StatByID returns a stat by its public ID, of whatever account.
func (s *Store) StatByID(ctx context.Context, publicID string) (Stat, error) {
	return s.stat(ctx, "WHERE s.public_id = $1 AND s.trashed = 0", publicID)
}

// StatOf returns a stat of an account.
func (s *Store) StatOf(ctx context.Context, account int64, publicID string) (Stat, error) {
	return s.stat(ctx, "WHERE s.public_id = $1 AND s.account = $2 AND s.trashed = 0", publicID, account)
}

// StatByEmbed returns the stat that others may see by this: the ID of a public one, or
// the embed key of any.
func (s *Store) StatByEmbed(ctx context.Context, key string) (Stat, error) {
	return s.stat(ctx, "WHERE (s.public_id = $1 AND s.public = 1 OR s.embed_key = $1) AND s.trashed = 0", key)
}

// StatByClassic returns the stat with this key, of the account with that one.
func (s *Store) StatByClassic(ctx context.Context, userKey, key string) (Stat, error) {
	return s.stat(ctx, "JOIN accounts a ON a.id = s.account WHERE s.classic_key = $2 AND a.ukey = $1 AND s.trashed = 0", userKey, key)
}

// change changes stats in one transaction with the generation of the database, so that
// no process goes on with what it knows of them.
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

// Remove puts a stat into the trash.
func (s *Store) Remove(ctx context.Context, now, account int64, publicID string) error {
	return s.change(ctx, "UPDATE stats SET trashed = $1 WHERE account = $2 AND public_id = $3 AND trashed = 0", now, account, publicID)
}

// Destroy puts the stat into the trash that has this key, which its owner was sent when
// it was made.
func (s *Store) Destroy(ctx context.Context, now int64, key string) error {
	return s.change(ctx, "UPDATE stats SET trashed = $1 WHERE destroy_key = $2 AND trashed = 0", now, secret.Digest(key))
}

// StatByDestroyKey returns the stat that Destroy would remove.
func (s *Store) StatByDestroyKey(ctx context.Context, key string) (Stat, error) {
	return s.stat(ctx, "WHERE s.destroy_key = $1 AND s.trashed = 0", secret.Digest(key))
}

// Restore takes a stat out of the trash. It is ErrNotFound if there is another one of
// its name by now.
func (s *Store) Restore(ctx context.Context, account int64, publicID string) error {
	return s.change(ctx, `UPDATE stats SET trashed = 0 WHERE account = $1 AND public_id = $2 AND trashed > 0
		AND NOT EXISTS (SELECT 1 FROM stats o WHERE o.account = stats.account AND o.name = stats.name AND o.trashed = 0)`, account, publicID)
}

// Edit sets what its owner can say of a stat.
func (s *Store) Edit(ctx context.Context, account int64, publicID, unit string, public bool) error {
	return s.execOne(ctx, "UPDATE stats SET unit = $3, public = $4 WHERE account = $1 AND public_id = $2 AND trashed = 0",
		account, publicID, unit, number(public))
}
