package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// A Store keeps jobs and offers in SQLite or PostgreSQL. Its guarantees rest on three
// things:
//
//   - Each change is one transaction, which locks the job first. Two changes of the same job
//     happen one after the other, and the second sees the result of the first.
//   - A driver has one job and one offer at a time, which indexes of the database enforce.
//   - The job's row says when the dispatcher looks at it next. Nothing about it is only in
//     memory, so nothing is lost with a process.
type Store struct {
	db       *sql.DB
	lock     string // is behind a query whose row is to be locked
	conflict func(error) bool
	again    func(error) bool
}

const schema = `
	CREATE TABLE IF NOT EXISTS jobs (
		id       TEXT PRIMARY KEY,
		key      TEXT UNIQUE,
		customer TEXT NOT NULL,
		lat      DOUBLE PRECISION NOT NULL,
		lng      DOUBLE PRECISION NOT NULL,
		service  TEXT NOT NULL,
		state    TEXT NOT NULL,
		driver   TEXT NOT NULL DEFAULT '',
		created  BIGINT NOT NULL, -- times are in microseconds since 1970
		changed  BIGINT NOT NULL,
		expires  BIGINT NOT NULL,
		due      BIGINT NOT NULL
	);
	CREATE TABLE IF NOT EXISTS offers (
		job    TEXT NOT NULL REFERENCES jobs,
		driver TEXT NOT NULL,
		state  TEXT NOT NULL,
		until  BIGINT NOT NULL,
		PRIMARY KEY (job, driver)
	);
	CREATE UNIQUE INDEX IF NOT EXISTS jobs_of_drivers ON jobs (driver) WHERE state IN ('accepted', 'arrived', 'on_trip');
	CREATE INDEX IF NOT EXISTS jobs_due ON jobs (due) WHERE state IN ('requested', 'offered');
	CREATE INDEX IF NOT EXISTS jobs_changed ON jobs (changed);
	CREATE UNIQUE INDEX IF NOT EXISTS offers_to_drivers ON offers (driver) WHERE state = 'offered'`

// Open opens a SQLite file or a PostgreSQL database, postgres://…, and creates its tables.
func Open(ctx context.Context, name string) (*Store, error) {
	open := openSQLite
	if strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://") {
		open = openPostgres
	}
	s, err := open(name)
	if err != nil {
		return nil, fmt.Errorf("the database: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err = s.in(ctx, func(tx *sql.Tx) error {
		if s.lock != "" { // CREATE TABLE IF NOT EXISTS fails if two processes run it at once
			if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(7305520242)"); err != nil {
				return err
			}
		}
		for statement := range strings.SplitSeq(schema, ";") {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		_ = s.db.Close() // the other error is the reason
		return nil, fmt.Errorf("the database: %w", err)
	}
	return s, nil
}

const (
	startTimeout        = 10 * time.Second
	postgresConnections = 16
)

// openSQLite opens a file. All share one connection, because writes queue anyway. A commit
// is on disk before the client gets a response.
func openSQLite(file string) (*Store, error) {
	if file == "" || file == ":memory:" {
		return nil, fmt.Errorf("%q is not a file, and jobs must survive a restart", file)
	}
	const pragmas = "_pragma=busy_timeout(100)&_pragma=synchronous(FULL)&_pragma=fullfsync(1)&_pragma=foreign_keys(1)&_pragma=journal_mode(WAL)&_txlock=immediate"
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: file}).EscapedPath()+"?"+pragmas)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	primary := func(err error) int {
		if e, is := errors.AsType[*sqlite.Error](err); is {
			return e.Code()
		}
		return 0
	}
	return &Store{
		db:       db,
		conflict: func(err error) bool { return primary(err) == sqlite3.SQLITE_CONSTRAINT_UNIQUE },
		again: func(err error) bool {
			code := primary(err) & 0xff
			return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
		},
	}, nil
}

func openPostgres(name string) (*Store, error) {
	c, err := pgx.ParseConfig(name)
	if err != nil {
		return nil, err // without the password that may be in the URL
	}
	db := stdlib.OpenDB(*c)
	db.SetMaxOpenConns(postgresConnections)
	db.SetMaxIdleConns(postgresConnections)
	code := func(err error) string {
		if e, is := errors.AsType[*pgconn.PgError](err); is {
			return e.Code
		}
		return ""
	}
	return &Store{
		db: db, lock: " FOR UPDATE",
		conflict: func(err error) bool { return code(err) == "23505" },
		again:    func(err error) bool { return strings.HasPrefix(code(err), "40") },
	}, nil
}

// Close closes the database.
func (s *Store) Close() { _ = s.db.Close() } // everything that was answered is on disk

// Ping reports whether the database can be used.
func (s *Store) Ping(ctx context.Context) error { return s.db.PingContext(ctx) }

const (
	attempts  = 30
	longPause = 20 * time.Millisecond
)

// in calls f in a transaction, which it commits unless there is an error, and retries if
// others got in the way.
func (s *Store) in(ctx context.Context, f func(*sql.Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := s.once(ctx, f)
		if err == nil || !s.again(err) || attempt == attempts {
			return s.told(ctx, err)
		}
		select {
		case <-time.After(rand.N(longPause)): //nolint:gosec // no secret: so that those who collided don't again
		case <-ctx.Done():
			return s.told(ctx, ctx.Err())
		}
	}
}

func (s *Store) once(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it is committed, or has failed already
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// told returns an error as clients get it: those of the database become one that says to
// come back.
func (s *Store) told(ctx context.Context, err error) error {
	_, lite := errors.AsType[*sqlite.Error](err)
	_, failed := errors.AsType[*pgconn.ConnectError](err)
	_, cut := errors.AsType[net.Error](err)
	if err != nil && ctx.Err() == nil && !s.conflict(err) && (lite && s.again(err) || failed || cut) {
		return errors.Join(errUnavailable(), err)
	}
	return err
}
