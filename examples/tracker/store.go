package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // drivers
	_ "modernc.org/sqlite"

	"github.com/rcrowley/go-tigertonic"
)

var (
	errNoProject = tigertonic.NotFound{Err: errors.New("there is no such project")}
	errNoIssue   = tigertonic.NotFound{Err: errors.New("there is no such issue")}
	errNoFile    = tigertonic.NotFound{Err: errors.New("there is no such attachment")}
	errTaken     = tigertonic.Conflict{Err: errors.New("there is a project with this ID already")}
)

// IDs are UUIDs of version 7, which rise with time; changed is in microseconds. The changes
// of a project have numbers: whoever makes one locks its row, so that they are committed in
// their order, and nobody who reads on from a number misses one.
const schema = `
	CREATE TABLE IF NOT EXISTS projects (id text PRIMARY KEY, name text NOT NULL, changes bigint NOT NULL DEFAULT 0);
	CREATE TABLE IF NOT EXISTS issues (id text PRIMARY KEY, project text NOT NULL REFERENCES projects, title text NOT NULL,
		body text NOT NULL, state text NOT NULL, labels text NOT NULL, author text NOT NULL, version bigint NOT NULL, changed bigint NOT NULL, change bigint NOT NULL);
	CREATE INDEX IF NOT EXISTS issues_by_id ON issues (project, id);
	CREATE INDEX IF NOT EXISTS issues_by_change ON issues (project, change);
	CREATE TABLE IF NOT EXISTS attachments (id text PRIMARY KEY, issue text NOT NULL REFERENCES issues, name text NOT NULL, type text NOT NULL)`

const columns = "SELECT id, project, title, body, state, labels, author, version, changed, change FROM issues "

// open opens SQLite's file, or the database of a postgres:// URL, and makes what is missing.
func open(ctx context.Context, name string) (*sql.DB, error) {
	driver, lock := "pgx", "SELECT pg_advisory_xact_lock(7305520242);"
	if !strings.HasPrefix(name, "postgres") {
		driver, lock = "sqlite", ""
		name = "file:" + name + "?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_pragma=journal_mode(WAL)"
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		return nil, err
	}
	return db, within(ctx, db, func(tx *sql.Tx) error {
		for statement := range strings.SplitSeq(lock+schema, ";") {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

// within calls f in a transaction.
func within(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it does nothing after a commit
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// issues returns those that a query finds.
func issues(ctx context.Context, q querier, where string, args ...any) ([]Issue, error) {
	rows, err := q.QueryContext(ctx, columns+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err has it
	all := []Issue{}
	for rows.Next() {
		var i Issue
		var labels string
		var changed int64
		if err := rows.Scan(&i.ID, &i.Project, &i.Title, &i.Text, &i.State, &labels, &i.Author, &i.Version, &changed, &i.change); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(labels), &i.Labels); err != nil {
			return nil, fmt.Errorf("the labels of %s: %w", i.ID, err)
		}
		i.Changed = time.UnixMicro(changed).UTC()
		all = append(all, i)
	}
	return all, rows.Err()
}

// changes returns how many there have been of a project.
func changes(ctx context.Context, db *sql.DB, project string) (n int64, err error) {
	err = db.QueryRowContext(ctx, "SELECT changes FROM projects WHERE id = $1", project).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		err = errNoProject
	}
	return n, err
}

func issue(ctx context.Context, q querier, id string) (Issue, error) {
	all, err := issues(ctx, q, "WHERE id = $1", id)
	if err == nil && len(all) == 0 {
		err = errNoIssue
	}
	if err != nil {
		return Issue{}, err
	}
	return all[0], nil
}

// put writes an issue, as its next version and the next change of its project.
func put(ctx context.Context, tx *sql.Tx, i *Issue) error {
	labels, err := json.Marshal(i.Labels)
	if err != nil {
		return err
	}
	err = tx.QueryRowContext(ctx, "UPDATE projects SET changes = changes + 1 WHERE id = $1 RETURNING changes", i.Project).Scan(&i.change)
	if errors.Is(err, sql.ErrNoRows) {
		err = errNoProject
	}
	if err != nil {
		return err
	}
	i.Version++
	i.Changed = time.Now().UTC().Truncate(time.Microsecond)
	_, err = tx.ExecContext(ctx, `INSERT INTO issues (id, project, title, body, state, labels, author, version, changed, change)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO UPDATE SET title = excluded.title, body = excluded.body,
		state = excluded.state, labels = excluded.labels, version = excluded.version, changed = excluded.changed, change = excluded.change`,
		i.ID, i.Project, i.Title, i.Text, i.State, string(labels), i.Author, i.Version, i.Changed.UnixMicro(), i.change)
	return err
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }
