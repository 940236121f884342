package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// A store is SQLite or PostgreSQL. Its queries are the same for both, except searches.
//
// Every query for what belongs to a site names the site, so IDs of other sites are never
// found.
type store struct {
	write, read *database
	url         string // of PostgreSQL, or ""
	cache       atomic.Pointer[cache]
}

const (
	sqlitePragmas = "_pragma=busy_timeout(2000)&_pragma=foreign_keys(1)&_pragma=cache_size(-16384)"
	readers       = 8
	connections   = 16
	startTimeout  = 30 * time.Second
)

// openStore opens a file of SQLite, or postgres://…, and brings its schema up to date.
func openStore(ctx context.Context, where string) (*store, error) {
	s := &store{}
	dialect, err := goose.DialectSQLite3, error(nil)
	if strings.HasPrefix(where, "postgres://") || strings.HasPrefix(where, "postgresql://") {
		dialect, err = goose.DialectPostgres, s.openPostgres(where)
	} else {
		err = s.openSQLite(where)
	}
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := s.migrate(ctx, dialect); err != nil {
		s.close()
		return nil, fmt.Errorf("the database: %w", err)
	}
	return s, nil
}

func (s *store) openSQLite(file string) (err error) {
	name := "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + sqlitePragmas
	write, err := sql.Open("sqlite", name+"&_pragma=synchronous(NORMAL)&_pragma=journal_mode(WAL)&_txlock=immediate")
	if err != nil {
		return err
	}
	write.SetMaxOpenConns(2) // one writes at a time, and the other prepares statements
	read, err := sql.Open("sqlite", name+"&_query_only=1")
	if err != nil {
		return errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	s.write, s.read = &database{DB: write, prepares: true, turn: make(chan struct{}, 1)}, &database{DB: read, prepares: true}
	return nil
}

func (s *store) openPostgres(where string) error {
	config, err := pgx.ParseConfig(where)
	if err != nil {
		return err
	}
	s.write = &database{DB: stdlib.OpenDB(*config)} // pgx keeps the statements of a connection
	s.write.SetMaxOpenConns(connections)
	s.write.SetMaxIdleConns(connections)
	s.read, s.url = s.write, where
	return nil
}

func (s *store) close() {
	_ = s.read.Close() // nothing was written with it
	_ = s.write.Close()
}

// migrate brings the schema up to date. If several processes try, one of them does it.
func (s *store) migrate(ctx context.Context, dialect goose.Dialect) error {
	words, options := sqliteWords(), []goose.ProviderOption{}
	if dialect == goose.DialectPostgres {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return err
		}
		words, options = postgresWords(), append(options, goose.WithSessionLocker(locker))
	}
	for i, text := range migrations() {
		options = append(options, goose.WithGoMigrations(goose.NewGoMigration(int64(i+1), &goose.GoFunc{
			RunTx: func(ctx context.Context, tx *sql.Tx) error {
				for statement := range strings.SplitSeq(words.Replace(text), ";\n") {
					if _, err := tx.ExecContext(ctx, statement); err != nil {
						return err
					}
				}
				return nil
			},
		}, nil)))
	}
	provider, err := goose.NewProvider(dialect, s.write.DB, nil, options...)
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

// errMissing is returned for what this site doesn't have.
var errMissing = errors.New("there is no such thing")

// A failure is an error of the database.
type failure struct{ error }

// Unwrap returns what the database has said.
func (f failure) Unwrap() error { return f.error }

// failed returns an error of the database as errMissing or a failure.
func failed(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return errMissing
	}
	return failure{err}
}

// attempts is how often a transaction is tried that conflicts with others.
const attempts = 5

// inTx runs f in a transaction that writes, and retries it after a conflict with another
// one.
func (s *store) inTx(ctx context.Context, f func(tx queryer) error) (err error) {
	for range attempts {
		if err = s.tryTx(ctx, f); err == nil || !isTransient(err) {
			return err
		}
	}
	return err
}

func (s *store) tryTx(ctx context.Context, f func(tx queryer) error) error {
	release, err := s.write.take(ctx)
	if err != nil {
		return failed(err)
	}
	defer release()
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return failed(err)
	}
	if err := f(transaction{tx, s.write}); err != nil {
		_ = tx.Rollback() // the error of f is why
		return err
	}
	return failed(tx.Commit())
}

// isTransient reports whether an error is a conflict with another transaction.
func isTransient(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return strings.HasPrefix(e.Code, "40")
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()&0xff == sqlite3.SQLITE_BUSY
	}
	return false
}

// isDuplicate reports whether a row breaks a unique index.
func isDuplicate(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "23505"
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// A queryer is a database or a transaction.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// list returns what scan reads off the rows of a query.
func list[T any](ctx context.Context, q queryer, scan func(*T) []any, query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, failed(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err has it
	all := []T{}
	for rows.Next() {
		var one T
		if err := rows.Scan(scan(&one)...); err != nil {
			return nil, failed(err)
		}
		all = append(all, one)
	}
	return all, failed(rows.Err())
}

// one returns what scan reads off the first row, or errMissing.
func one[T any](ctx context.Context, q queryer, scan func(*T) []any, query string, args ...any) (*T, error) {
	all, err := list(ctx, q, scan, query, args...)
	if err == nil && len(all) == 0 {
		err = errMissing
	}
	if err != nil {
		return nil, err
	}
	return &all[0], nil
}

// values are what a query of one column finds.
func values[T any](ctx context.Context, q queryer, query string, args ...any) ([]T, error) {
	return list(ctx, q, func(v *T) []any { return []any{v} }, query, args...)
}

// number is what a query of one number finds.
func number(ctx context.Context, q queryer, query string, args ...any) (int64, error) {
	n, err := one(ctx, q, func(n *int64) []any { return []any{n} }, query, args...)
	if err != nil {
		return 0, err
	}
	return *n, nil
}

// execute executes a statement.
func execute(ctx context.Context, q queryer, query string, args ...any) error {
	_, err := q.ExecContext(ctx, query, args...)
	return failed(err)
}

// change executes a statement that has to find a row.
func change(ctx context.Context, q queryer, query string, args ...any) error {
	result, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return failed(err)
	}
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		return errMissing
	}
	return failed(err)
}

// bit is a bool in the database.
func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// in is a condition that a column has one of the IDs that are argument number n.
func (s *store) in(column string, n int) string {
	if s.url != "" {
		return fmt.Sprintf("%s = ANY(($%d::text)::bigint[])", column, n)
	}
	return fmt.Sprintf("%s IN (SELECT value FROM json_each($%d))", column, n)
}

// ids returns IDs as the argument of a condition that in has made.
func (s *store) ids(all []int64) string {
	text := make([]byte, 1, 2+8*len(all))
	for i, id := range all {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendInt(text, id, 10)
	}
	text[0] = '['
	if s.url != "" {
		text[0] = '{'
		return string(append(text, '}'))
	}
	return string(append(text, ']'))
}

// micros is a time in the database.
func micros(t time.Time) int64 { return t.UnixMicro() }

func timeOf(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// optional is a time that may not have come.
func optional(micros int64) *time.Time {
	if micros == 0 {
		return nil
	}
	t := timeOf(micros)
	return &t
}
