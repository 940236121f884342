// Package store keeps accounts, stats and their numbers in SQLite or PostgreSQL.
//
// Numbers are kept by the minute and by ten minutes, longer by the hour, and forever by
// the day. A write adds to the minutes, and to a table of what is pending for the others,
// which [Store.RollUp] carries over later. Readers add what is pending, so they always
// see exact sums.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// A Store is a database. It is safe for concurrent use, and so is the database by several
// processes.
type Store struct {
	dialect
	write, read *sql.DB
	known       names
	statements  map[string]*sql.Stmt // of the writer, prepared
	lockWait    time.Duration        // of Apply, or 0
}

// A dialect holds the differences between databases.
type dialect struct {
	hasSchema, schema string
	// now is the time of the database, in seconds since 1970.
	now string
	// greatest and least are functions of two numbers.
	greatest, least string
	// lateral begins a subquery that is evaluated for each row before it.
	lateral, lateralEnd string
	// skipLocked ends a subquery of rows to delete, to skip those that others have
	// locked.
	skipLocked string
	// prepare are the statements that are worth preparing.
	prepare []string
	// addCells adds cells to a table, in one transaction.
	addCells func(ctx context.Context, s *Store, tx *sql.Tx, table string, cells []Cell) error
	// transient reports whether a transaction failed because of another one.
	transient func(error) bool
}

// The errors of this package.
var (
	// ErrUnavailable is in the chain of all errors of the database.
	ErrUnavailable = errors.New("the database is unavailable")
	// ErrNotFound is returned for what doesn't exist.
	ErrNotFound = errors.New("there is no such thing")
	// ErrTaken is returned if a name is in use.
	ErrTaken = errors.New("the name is in use")
)

// Options configure a Store. The zero value is safe.
type Options struct {
	// NoSync makes commits not wait for the disk. What was written survives the death of
	// the process, but not of the machine.
	NoSync bool
	// LockWait is how long Apply waits while another process has SQLite's lock. With 0,
	// it makes as many attempts as other transactions.
	LockWait time.Duration
}

// Open opens a database, a file of SQLite or a URL postgres://…, and creates missing
// tables. The caller must close it.
func Open(ctx context.Context, where string, o Options) (*Store, error) {
	open := openSQLite
	if strings.HasPrefix(where, "postgres://") || strings.HasPrefix(where, "postgresql://") {
		open = openPostgres
	}
	s, err := open(where, o)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err = s.makeSchema(ctx); err == nil {
		err = s.prepareAll(ctx)
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("the database: %w", err)
	}
	return s, nil
}

// startTimeout is how long opening the database may take.
const startTimeout = 10 * time.Second

func (s *Store) makeSchema(ctx context.Context) error {
	return s.inTransaction(ctx, func(tx *sql.Tx) error {
		var there bool
		if err := tx.QueryRowContext(ctx, s.hasSchema).Scan(&there); err != nil || there {
			return err
		}
		for statement := range strings.SplitSeq(s.schema, ";") {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) prepareAll(ctx context.Context) error {
	s.statements = map[string]*sql.Stmt{}
	for _, query := range s.prepare {
		statement, err := s.write.PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		s.statements[query] = statement
	}
	return nil
}

// Close closes the database. Everything that was acknowledged is on disk.
func (s *Store) Close() {
	_ = s.read.Close()
	_ = s.write.Close() // closed twice if it is the same, which does nothing
}

// Ping returns an error if the database can't be used.
func (s *Store) Ping(ctx context.Context) error {
	var n int64
	return unavailable(s.read.QueryRowContext(ctx, "SELECT COUNT(*) FROM meta").Scan(&n))
}

// attempts is how many times a transaction is tried that fails because of others.
const (
	attempts   = 30
	firstPause = 2 * time.Millisecond
	longPause  = 50 * time.Millisecond
)

// inTransaction calls f in a transaction, and commits it unless there is an error. It
// calls f again if the transaction fails because of others.
func (s *Store) inTransaction(ctx context.Context, f func(*sql.Tx) error) error {
	return s.tryTransaction(ctx, 0, f)
}

// tryTransaction is inTransaction with a limit, unless wait is 0, on how long to wait for
// others.
func (s *Store) tryTransaction(ctx context.Context, wait time.Duration, f func(*sql.Tx) error) error {
	began := time.Now()
	pause := firstPause
	for attempt := 1; ; attempt++ {
		err := s.once(ctx, f)
		if err == nil || attempt == attempts || wait > 0 && time.Since(began) > wait || !s.transient(err) || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // no secret: so that those who collided don't again
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		pause = min(2*pause, longPause)
	}
}

func (s *Store) once(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it is committed, or has failed already
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// exec runs a statement that changes rows, and returns how many.
func (s *Store) exec(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = s.inTransaction(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		n, err = result.RowsAffected()
		return err
	})
	return n, unavailable(err)
}

// execOne is exec for one row, which must exist.
func (s *Store) execOne(ctx context.Context, query string, args ...any) error {
	n, err := s.exec(ctx, query, args...)
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// unavailable marks an error of the database.
func unavailable(err error) error {
	if err == nil || errors.Is(err, ErrNotFound) || errors.Is(err, ErrTaken) {
		return err
	}
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// each calls f for each row of a query.
func each(ctx context.Context, db *sql.DB, f func(scan func(...any) error) error, query string, args ...any) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return unavailable(err)
	}
	defer rows.Close() //nolint:errcheck // Err reports it
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return unavailable(err)
		}
	}
	return unavailable(rows.Err())
}
