package main

import (
	"context"
	"database/sql"
	"sync"
)

// A database keeps its prepared statements, because compiling one takes SQLite longer than
// finding a row with it. So queries are a small set of texts, and everything that differs
// between requests is an argument. pgx does the same by itself.
type database struct {
	*sql.DB
	prepares   bool
	statements sync.Map      // of *sql.Stmt, by their text
	turn       chan struct{} // that of the one who writes, or nil if many may
}

// take waits until the caller may write.
func (d *database) take(ctx context.Context) (release func(), err error) {
	if d.turn == nil {
		return func() {}, nil
	}
	select {
	case d.turn <- struct{}{}:
		return func() { <-d.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (d *database) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if known, ok := d.statements.Load(query); ok {
		return known.(*sql.Stmt), nil //nolint:forcetypeassert // nothing else is in it
	}
	made, err := d.DB.PrepareContext(ctx, query) //nolint:gosec // queries are made of constants
	if err != nil {
		return nil, err
	}
	known, was := d.statements.LoadOrStore(query, made)
	if was {
		_ = made.Close() // the other one is as good
	}
	return known.(*sql.Stmt), nil //nolint:forcetypeassert // likewise
}

// QueryContext runs a query that reads.
func (d *database) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if !d.prepares {
		return d.DB.QueryContext(ctx, query, args...) //nolint:gosec // queries are made of constants
	}
	statement, err := d.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return statement.QueryContext(ctx, args...)
}

// ExecContext executes a statement.
func (d *database) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	release, err := d.take(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	if !d.prepares {
		return d.DB.ExecContext(ctx, query, args...) //nolint:gosec // queries are made of constants
	}
	statement, err := d.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return statement.ExecContext(ctx, args...)
}

// A transaction runs the statements of its database.
type transaction struct {
	*sql.Tx
	of *database
}

// QueryContext runs a query.
func (t transaction) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if !t.of.prepares {
		return t.Tx.QueryContext(ctx, query, args...) //nolint:gosec // queries are made of constants
	}
	statement, err := t.of.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return t.Tx.StmtContext(ctx, statement).QueryContext(ctx, args...)
}

// ExecContext executes a statement.
func (t transaction) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if !t.of.prepares {
		return t.Tx.ExecContext(ctx, query, args...) //nolint:gosec // queries are made of constants
	}
	statement, err := t.of.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return t.Tx.StmtContext(ctx, statement).ExecContext(ctx, args...)
}
