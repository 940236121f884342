package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the driver

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/examples/internal/objects"
)

// Project is what issues are about.
type Project struct {
	ID      string `json:"id" pattern:"^[a-z][a-z0-9-]{0,31}$" example:"kettle"`
	Name    string `json:"name" minLength:"1" maxLength:"100" pattern:"^[^\\x00]*$" example:"The kettle"`
	Changes int64  `json:"-"` // that its issues have had
}

// Content is what somebody writes in an issue.
type Content struct {
	Title  string   `json:"title" minLength:"1" maxLength:"200" pattern:"^[^\\x00]*$" example:"It leaks"`
	Text   string   `json:"text,omitempty" bun:"body" maxLength:"10000" pattern:"^[^\\x00]*$"`
	State  string   `json:"state" enum:"open,closed" default:"open"`
	Labels []string `json:"labels" default:"[]" maxItems:"10" uniqueItems:"true" minLength:"1" maxLength:"30" pattern:"^[^\\x00]*$"`
}

// Issue is what is wrong with a project, or wanted of it.
type Issue struct {
	ID      string `json:"id" format:"uuid" bun:",pk"`
	Project string `json:"project"`
	Content
	Author  string    `json:"author"`
	Version int64     `json:"version" doc:"How often it was written. Its ETag has it, too."`
	Changed time.Time `json:"changed"`
	Change  int64     `json:"-"` // its number among those of the project
}

// Attachment is a file that belongs to an issue.
type Attachment struct {
	ID    string `json:"id" format:"uuid"`
	Issue string `json:"-"`
	Name  string `json:"name"`
	Type  string `json:"-"`
	Size  size   `json:"size" doc:"In bytes."`
}

// A size counts the bytes that are written to it.
type size int64

func (s *size) Write(p []byte) (int, error) { *s += size(len(p)); return len(p), nil }

type addIssueIn struct {
	Project string  `path:"project"`
	Body    Content `body:""`
}

type listIn struct {
	Project string `path:"project"`
	State   string `query:"state" enum:"open,closed,any" default:"open"`
	After   string `query:"after" format:"uuid" doc:"Only issues whose ID comes after this one."`
	Limit   int    `query:"limit" default:"20" minimum:"1" maximum:"100"`
}

type watchIn struct {
	Project string `path:"project"`
}

type one struct {
	ID string `path:"id" format:"uuid"`
}

type patchIn struct {
	tigertonic.RequiredPreconditions
	one
	Body tigertonic.Patch[Content] `body:""`
}

type attachIn struct {
	one
	File tigertonic.File `form:"file" required:"true" maxBytes:"32MiB" mediaTypes:"image/png,image/jpeg,application/pdf,text/plain"`
}

type tracker struct {
	db    *bun.DB
	files objects.Library
	find  func(ctx context.Context, token string) (*user, error)
}

func newID() string { return uuid.Must(uuid.NewV7()).String() } // which rises with time

func versioned(i *Issue) tigertonic.Versioned[Issue] {
	return tigertonic.Versioned[Issue]{Validators: tigertonic.Validators{ETag: fmt.Sprintf(`"%d"`, i.Version), LastModified: i.Changed}, Body: *i}
}

func (t *tracker) addProject(ctx context.Context, in *Project) (tigertonic.CreatedResponse[Project], error) {
	err := t.db.NewInsert().Model(in).On("CONFLICT DO NOTHING").Returning("id").Scan(ctx, &in.ID)
	return tigertonic.CreatedResponse[Project]{Location: "/projects/" + in.ID + "/issues", Body: *in}, err
}

func (t *tracker) addIssue(ctx context.Context, in *addIssueIn) (tigertonic.CreatedResponse[Issue], error) {
	author, _ := tigertonic.Principal[*user](ctx)
	i := Issue{ID: newID(), Project: in.Project, Content: in.Body, Author: author.Name}
	err := t.write(ctx, &i, func(bun.Tx) error { return nil })
	return tigertonic.CreatedResponse[Issue]{Location: "/issues/" + i.ID, Body: i}, err
}

func (t *tracker) list(ctx context.Context, in *listIn) (all []Issue, err error) {
	if _, err := find[Project](ctx, t.db, in.Project); err != nil {
		return nil, err
	}
	err = t.db.NewSelect().Model(&all).Where("project = ? AND id > ? AND ? IN (state, 'any')", in.Project, in.After, in.State).
		Order("id").Limit(int64(in.Limit)).Scan(ctx)
	return all, err
}

func (t *tracker) show(ctx context.Context, in *one) (tigertonic.Versioned[Issue], error) {
	i, err := find[Issue](ctx, t.db, in.ID)
	return versioned(&i), err
}

func (t *tracker) patch(ctx context.Context, in *patchIn) (tigertonic.Versioned[Issue], error) {
	i := Issue{ID: in.ID}
	err := t.write(ctx, &i, func(tx bun.Tx) (err error) {
		if i, err = find[Issue](ctx, tx, in.ID); err != nil {
			return err
		}
		return cmp.Or(in.Check(versioned(&i).Validators), in.Body.Apply(ctx, &i.Content))
	})
	return versioned(&i), err
}

// write writes an issue, once edit has made it, as its next version and the next change of
// its project. It locks the project's row first: so changes are committed in the order of
// their numbers, and a watcher who reads on from a number misses none.
func (t *tracker) write(ctx context.Context, i *Issue, edit func(tx bun.Tx) error) error {
	return t.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var change int64
		err := tx.NewRaw(`UPDATE projects SET changes = changes + 1 WHERE id = coalesce((SELECT project FROM issues WHERE id = ?), ?)
			RETURNING changes`, i.ID, i.Project).Scan(ctx, &change)
		if err == nil {
			err = edit(tx)
		}
		if err != nil {
			return err
		}
		i.Version, i.Changed, i.Change = i.Version+1, time.Now().UTC().Truncate(time.Microsecond), change
		_, err = tx.NewInsert().Model(i).On("CONFLICT (id) DO UPDATE").Exec(ctx)
		return err
	})
}

// find returns the row with an ID, or sql.ErrNoRows.
func find[T any](ctx context.Context, db bun.IDB, id string) (row T, err error) {
	err = db.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	return row, err
}

// attach keeps the file as it comes, and knows it once it is whole.
func (t *tracker) attach(ctx context.Context, in *attachIn) (out tigertonic.CreatedResponse[Attachment], err error) {
	if _, err := find[Issue](ctx, t.db, in.ID); err != nil {
		return out, err
	}
	a := Attachment{ID: newID(), Issue: in.ID, Name: in.File.Name, Type: in.File.ContentType}
	if err := t.files.Put(ctx, a.ID, io.TeeReader(in.File, &a.Size)); err != nil {
		return out, err
	}
	if _, err := t.db.NewInsert().Model(&a).Exec(ctx); err != nil {
		return out, errors.Join(err, t.files.Remove(ctx, a.ID))
	}
	return tigertonic.CreatedResponse[Attachment]{Location: "/attachments/" + a.ID, Body: a}, nil
}

func (t *tracker) download(ctx context.Context, in *one) (tigertonic.Stream, error) {
	a, err := find[Attachment](ctx, t.db, in.ID)
	if err != nil {
		return tigertonic.Stream{}, err
	}
	f, err := t.files.Get(ctx, a.ID)
	return tigertonic.Stream{ContentType: a.Type, Name: a.Name, Reader: f}, err
}

// watch sends the issues of a project as they change, until the client goes. It asks the
// database, which others write to as well.
func (t *tracker) watch(ctx context.Context, in *watchIn) (iter.Seq2[Issue, error], error) {
	p, err := find[Project](ctx, t.db, in.Project)
	return tigertonic.Poll(ctx, time.Second/2, func() (changed []Issue, err error) {
		err = t.db.NewSelect().Model(&changed).Where("project = ? AND change > ?", p.ID, p.Changes).Order("change").Limit(100).Scan(ctx)
		if n := len(changed); n > 0 {
			p.Changes = changed[n-1].Change
		}
		return changed, err
	}), err
}

const tables = `
	CREATE TABLE IF NOT EXISTS projects (id text PRIMARY KEY, name text NOT NULL, changes bigint NOT NULL);
	CREATE TABLE IF NOT EXISTS issues (id text PRIMARY KEY, project text NOT NULL REFERENCES projects, title text NOT NULL, body text NOT NULL,
		state text NOT NULL, labels text NOT NULL, author text NOT NULL, version bigint NOT NULL, changed timestamp NOT NULL, change bigint NOT NULL);
	CREATE INDEX IF NOT EXISTS issues_by_id ON issues (project, id);
	CREATE UNIQUE INDEX IF NOT EXISTS issues_by_change ON issues (project, change);
	CREATE TABLE IF NOT EXISTS attachments (id text PRIMARY KEY, issue text NOT NULL REFERENCES issues, name text NOT NULL,
		type text NOT NULL, size bigint NOT NULL)`

// open opens SQLite's file, or the database of a postgres:// URL, and makes what is missing.
func open(ctx context.Context, name string) (*bun.DB, error) {
	if !strings.HasPrefix(name, "postgres") {
		const settings = "?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_pragma=journal_mode(WAL)"
		pool, err := sql.Open("sqlite", "file:"+(&url.URL{Path: name}).EscapedPath()+settings)
		if err != nil {
			return nil, err
		}
		db := bun.NewDB(pool, sqlitedialect.New())
		_, err = db.ExecContext(ctx, tables)
		return db, err
	}
	config, err := pgx.ParseConfig(name)
	if err != nil {
		return nil, err
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol // bun writes the values into its queries, so that none comes twice
	db := bun.NewDB(stdlib.OpenDB(*config), pgdialect.New())
	_, err = db.ExecContext(ctx, "SELECT pg_advisory_xact_lock(7305520242);"+tables)
	return db, err
}
