package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

// Project is what issues are about.
type Project struct {
	ID   string `json:"id" pattern:"^[a-z][a-z0-9-]{0,31}$" example:"kettle"`
	Name string `json:"name" minLength:"1" maxLength:"100" example:"The kettle"`
}

// Content is what somebody writes in an issue.
type Content struct {
	Title  string   `json:"title" minLength:"1" maxLength:"200" example:"It leaks"`
	Text   string   `json:"text,omitempty" maxLength:"10000"`
	State  string   `json:"state" enum:"open,closed" default:"open"`
	Labels []string `json:"labels" default:"[]" maxItems:"10" uniqueItems:"true" minLength:"1" maxLength:"30"`
}

// Issue is what is wrong with a project, or wanted of it.
type Issue struct {
	ID      string `json:"id" format:"uuid"`
	Project string `json:"project"`
	Content
	Author  string    `json:"author"`
	Version int64     `json:"version" doc:"How often it was written. Its ETag has it, too."`
	Changed time.Time `json:"changed"`
	change  int64     // its number
}

type tracker struct {
	db    *sql.DB
	files string // the folder of the attachments
}

type versioned struct {
	tigertonic.Validators
	Body Issue `body:""`
}

func versionOf(i *Issue) tigertonic.Validators {
	return tigertonic.Validators{ETag: fmt.Sprintf(`"%d"`, i.Version), LastModified: i.Changed}
}

type addIssueIn struct {
	Project string  `path:"project"`
	Body    Content `body:""`
}

type created[T any] struct {
	_        struct{} `status:"201"`
	Location string   `header:"Location" required:"true"`
	Body     T        `body:""`
}

type listIn struct {
	Project string `path:"project"`
	State   string `query:"state" enum:"open,closed,any" default:"open"`
	After   string `query:"after" doc:"Only issues whose ID comes after this one."`
	Limit   int    `query:"limit" default:"20" minimum:"1" maximum:"100"`
}

type watchIn struct {
	Project string `path:"project"`
}

type one struct {
	ID string `path:"id" format:"uuid"`
}

type patchIn struct {
	tigertonic.Preconditions
	one
	Body tigertonic.Patch[Content] `body:""`
}

type attachIn struct {
	one
	File tigertonic.File `form:"file" required:"true" maxBytes:"32MiB" mediaTypes:"image/png,image/jpeg,application/pdf,text/plain"`
}

// Attachment is a file that belongs to an issue.
type Attachment struct {
	ID   string `json:"id" format:"uuid"`
	Name string `json:"name"`
	Size int64  `json:"size" doc:"In bytes."`
}

func (t *tracker) addProject(ctx context.Context, in *Project) (created[Project], error) {
	done, err := t.db.ExecContext(ctx, "INSERT INTO projects (id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING", in.ID, in.Name)
	if err != nil {
		return created[Project]{}, err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return created[Project]{}, errors.Join(err, errTaken)
	}
	return created[Project]{Location: "/projects/" + in.ID + "/issues", Body: *in}, nil
}

func (t *tracker) addIssue(ctx context.Context, in *addIssueIn) (out created[Issue], err error) {
	author, _ := tigertonic.Principal[*user](ctx)
	i := Issue{ID: newID(), Project: in.Project, Content: in.Body, Author: author.Name}
	err = within(ctx, t.db, func(tx *sql.Tx) error { return put(ctx, tx, &i) })
	return created[Issue]{Location: "/issues/" + i.ID, Body: i}, err
}

func (t *tracker) list(ctx context.Context, in *listIn) ([]Issue, error) {
	if _, err := changes(ctx, t.db, in.Project); err != nil {
		return nil, err
	}
	return issues(ctx, t.db, "WHERE project = $1 AND id > $2 AND $3 IN (state, 'any') ORDER BY id LIMIT $4", in.Project, in.After, in.State, in.Limit)
}

func (t *tracker) show(ctx context.Context, in *one) (versioned, error) {
	i, err := issue(ctx, t.db, in.ID)
	return versioned{versionOf(&i), i}, err
}

func (t *tracker) patch(ctx context.Context, in *patchIn) (out versioned, err error) {
	if err := in.Require(); err != nil {
		return out, err
	}
	err = within(ctx, t.db, func(tx *sql.Tx) error {
		i, err := issue(ctx, tx, in.ID)
		if err != nil {
			return err
		}
		if err := errors.Join(in.Check(versionOf(&i)), in.Body.Apply(ctx, &i.Content)); err != nil {
			return err
		}
		err = put(ctx, tx, &i)
		out = versioned{versionOf(&i), i}
		return err
	})
	return out, err
}

// attach keeps the file as it comes, and knows it once it is whole.
func (t *tracker) attach(ctx context.Context, in *attachIn) (out created[Attachment], err error) {
	if _, err := issue(ctx, t.db, in.ID); err != nil {
		return out, err
	}
	a := Attachment{ID: newID(), Name: in.File.Name}
	f, err := os.Create(filepath.Join(t.files, a.ID))
	if err != nil {
		return out, err
	}
	if a.Size, err = io.Copy(f, in.File); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		_, err = t.db.ExecContext(ctx, "INSERT INTO attachments (id, issue, name, type) VALUES ($1, $2, $3, $4)", a.ID, in.ID, a.Name, in.File.ContentType)
	}
	if err != nil {
		return out, errors.Join(err, os.Remove(f.Name()))
	}
	return created[Attachment]{Location: "/attachments/" + a.ID, Body: a}, nil
}

func (t *tracker) download(ctx context.Context, in *one) (tigertonic.Stream, error) {
	var name, mediaType string
	err := t.db.QueryRowContext(ctx, "SELECT name, type FROM attachments WHERE id = $1", in.ID).Scan(&name, &mediaType)
	if errors.Is(err, sql.ErrNoRows) {
		err = errNoFile
	}
	if err != nil {
		return tigertonic.Stream{}, err
	}
	f, err := os.Open(filepath.Join(t.files, in.ID))
	return tigertonic.Stream{ContentType: mediaType, Name: name, Reader: f}, err
}

// watch sends the issues of a project as they change, until the client goes. It asks the
// database, which others write to as well.
func (t *tracker) watch(ctx context.Context, in *watchIn) (iter.Seq2[Issue, error], error) {
	since, err := changes(ctx, t.db, in.Project)
	if err != nil {
		return nil, err
	}
	return func(yield func(Issue, error) bool) {
		tick := time.NewTicker(time.Second / 2)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			changed, err := issues(ctx, t.db, "WHERE project = $1 AND change > $2 ORDER BY change LIMIT 100", in.Project, since)
			for i := range changed {
				if since = changed[i].change; !yield(changed[i], nil) {
					return
				}
			}
			if err != nil {
				yield(Issue{}, err)
				return
			}
		}
	}, nil
}
