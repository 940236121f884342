package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

// The kinds of items.
const (
	kindMicrocosm    = "microcosm"
	kindConversation = "conversation"
	kindComment      = "comment"
)

// A head is everything about an item except its contents.
type head struct {
	ID, Version, Parent, Forum, Author         int64
	Kind, Visibility, AuthorName, AuthorAvatar string
	Created, Edited                            int64
	EditReason                                 string
	Sticky, Open, Deleted, Moderated           bool
	ReplyTo, Comments, Views, LastComment      int64
	Attachments, ReadUpTo                      int64
	Hidden, ParentOpen                         bool  // by what it is in
	ParentAuthor                               int64 // of a comment's conversation
}

// scope is the microcosm whose roles count.
func (h *head) scope() int64 {
	if h.Kind == kindMicrocosm {
		return h.ID
	}
	return h.Forum
}

// visible reports whether people who aren't moderators see the item.
func (h *head) visible() bool { return !h.Deleted && !h.Moderated && !h.Hidden }

// content is the text of an item.
type content struct {
	Title, Markdown, HTML, FirstLine string
}

// selectHeads selects heads, of which $1 is the site and $2 the profile that asks.
const selectHeads = `SELECT i.id, i.version, i.parent, i.forum, i.author, i.kind, CASE WHEN i.kind = 'microcosm' THEN i.visibility ELSE f.visibility END,
	a.name, a.avatar, i.created, i.edited, i.edit_reason, i.sticky, i.open, i.deleted, i.moderated, i.reply_to, i.comments, i.views, i.last_comment,
	i.attachments, COALESCE((SELECT r.comment FROM reads r WHERE r.profile = $2 AND r.item = i.id), 0),
	COALESCE(p.deleted, 0) + COALESCE(p.moderated, 0) + COALESCE(f.deleted, 0) + COALESCE(f.moderated, 0) > 0, COALESCE(p.open, 1), COALESCE(p.author, 0)
	FROM items i JOIN profiles a ON a.id = i.author LEFT JOIN items p ON p.id = i.parent LEFT JOIN items f ON f.id = i.forum WHERE i.site = $1 `

func scanHead(h *head) []any {
	return []any{
		&h.ID, &h.Version, &h.Parent, &h.Forum, &h.Author, &h.Kind, &h.Visibility, &h.AuthorName, &h.AuthorAvatar, &h.Created, &h.Edited, &h.EditReason,
		&h.Sticky, &h.Open, &h.Deleted, &h.Moderated, &h.ReplyTo, &h.Comments, &h.Views, &h.LastComment, &h.Attachments, &h.ReadUpTo, &h.Hidden, &h.ParentOpen, &h.ParentAuthor,
	}
}

// head returns the head of an item of the site.
func (s *store) head(ctx context.Context, site, profile int64, kind string, id int64) (*head, error) {
	return one(ctx, s.read, scanHead, selectHeads+"AND i.id = $3 AND i.kind = $4", site, profile, id, kind)
}

// A filter is of a list of items.
type filter struct {
	kind   string
	join   string // further tables, which select few
	where  string // further conditions, of which the arguments begin with $4
	args   []any
	order  string
	page   forumapi.Paging
	hidden bool // those too that only moderators see
}

// heads returns a page of items, and how many there are in all.
func (s *store) heads(ctx context.Context, site, profile int64, f *filter) (heads []head, total int64, err error) {
	from := " FROM items i" + f.join + " WHERE i.site = $1 AND $2 >= 0 AND i.kind = $3" // $2 has to have a type wherever it is
	if f.join != "" && s.url == "" {                                                    // SQLite would go through all items of the site, and look for each among those joined
		from = strings.NewReplacer("i.site =", "+i.site =", "i.kind =", "+i.kind =").Replace(from)
	}
	from += " " + f.where
	if !f.hidden {
		from += " AND i.deleted = 0 AND i.moderated = 0"
	}
	args := append([]any{site, profile, f.kind}, f.args...)
	type found struct{ id, total int64 }
	page, err := list(ctx, s.read, func(f *found) []any { return []any{&f.id, &f.total} },
		"SELECT i.id, COUNT(*) OVER ()"+from+" ORDER BY "+f.order+fmt.Sprintf(" LIMIT $%d OFFSET $%d", len(args)+1, len(args)+2), append(slices.Clip(args), f.page.Limit, f.page.Offset)...)
	if err != nil {
		return nil, 0, err
	}
	if len(page) == 0 {
		if f.page.Offset > 0 {
			total, err = number(ctx, s.read, "SELECT COUNT(*)"+from, args...)
		}
		return []head{}, total, err
	}
	ids := make([]int64, len(page))
	for i := range page {
		ids[i] = page[i].id
	}
	heads, err = s.headsOf(ctx, site, profile, ids)
	slices.SortFunc(heads, func(a, b head) int { return cmp.Compare(slices.Index(ids, a.ID), slices.Index(ids, b.ID)) })
	return heads, page[0].total, err
}

// headsOf returns the heads of items of the site, in any order.
func (s *store) headsOf(ctx context.Context, site, profile int64, ids []int64) ([]head, error) {
	return list(ctx, s.read, scanHead, strings.Replace(selectHeads, "i.site =", "+i.site =", 1)+"AND "+s.in("i.id", 3), site, profile, s.ids(ids))
}

// readable is a condition on items of microcosms i.forum that the caller may read: of all
// in those of argument n, and of their own in those of argument m, whose authors are in a
// column.
func (s *store) readable(n, m int, author string) string {
	return "(" + s.in("i.forum", n) + " OR " + s.in("i.forum", m) + " AND " + author + " = $2)"
}

// contents returns the texts of items, from the cache or else from the database.
func (s *store) contents(ctx context.Context, site int64, heads ...head) (map[int64]content, error) {
	keys, all := make([]string, len(heads)), make(map[int64]content, len(heads))
	for i := range heads {
		keys[i] = fmt.Sprintf("forum1/%d/%d/%d", site, heads[i].ID, heads[i].Version)
	}
	cache := *s.cache.Load()
	cached := cache.get(ctx, keys)
	var missing []int64
	for i := range heads {
		var c content
		if text, ok := cached[keys[i]]; ok && json.Unmarshal(text, &c) == nil {
			all[heads[i].ID] = c
		} else {
			missing = append(missing, heads[i].ID)
		}
	}
	if len(missing) == 0 {
		return all, nil
	}
	type row struct {
		id, version int64
		content
	}
	rows, err := list(ctx, s.read, func(r *row) []any { return []any{&r.id, &r.version, &r.Title, &r.Markdown, &r.HTML, &r.FirstLine} },
		// With site alone, SQLite would go through all items of the site.
		"SELECT id, version, title, markdown, html, first_line FROM items WHERE +site = $1 AND "+s.in("id", 2), site, s.ids(missing))
	for _, r := range rows {
		all[r.id] = r.content
		if text, err := json.Marshal(r.content); err == nil {
			cache.set(ctx, fmt.Sprintf("forum1/%d/%d/%d", site, r.id, r.version), text)
		}
	}
	return all, err
}

// A newItem is an item to be added.
type newItem struct {
	content
	Kind, Visibility                string
	Site, Author, Parent, Forum, To int64
}

// repeatWithin is how long the same item by the same author counts as a repeated request.
const repeatWithin = 5 * time.Minute

// add adds an item, and returns its ID, or that of the same one which its author has added
// just before. Those who should know get updates.
func (s *store) add(ctx context.Context, now time.Time, n *newItem) (id int64, err error) {
	digest := sha256.Sum256(fmt.Appendf(nil, "%q %d %d %q %q", n.Kind, n.Parent, n.To, n.Title, n.Markdown))
	err = s.inTx(ctx, func(tx queryer) error {
		if err := s.lockSite(ctx, tx, n.Site); err != nil {
			return err
		}
		id, err = number(ctx, tx, "SELECT id FROM items WHERE author = $1 AND dedupe = $2 AND created > $3 AND deleted = 0 ORDER BY id LIMIT 1",
			n.Author, digest[:], micros(now.Add(-repeatWithin)))
		if !errors.Is(err, errMissing) {
			return err
		}
		id, err = number(ctx, tx, `INSERT INTO items (site, kind, parent, forum, author, visibility, created, reply_to, last_at, dedupe, title, markdown, html, first_line)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7, $9, $10, $11, $12, $13) RETURNING id`,
			n.Site, n.Kind, n.Parent, n.Forum, n.Author, n.Visibility, micros(now), n.To, digest[:], n.Title, n.Markdown, n.HTML, n.FirstLine)
		if err != nil {
			return err
		}
		if err := s.index(ctx, tx, id, n.content); err != nil {
			return err
		}
		return s.added(ctx, tx, now, id, n)
	})
	return id, err
}

// lockSite has transactions that add to a site come one after another: their IDs become
// visible in their order, which those who follow them rely on. SQLite has one writer.
func (s *store) lockSite(ctx context.Context, tx queryer, site int64) error {
	if s.url == "" {
		return nil
	}
	return execute(ctx, tx, "SELECT pg_advisory_xact_lock(73055202, $1::int)", site)
}

// added updates what depends on an item.
func (s *store) added(ctx context.Context, tx queryer, now time.Time, id int64, n *newItem) error {
	at := micros(now)
	statements := []struct {
		query string
		args  []any
	}{
		{"UPDATE profiles SET items = items + 1, last_active = $2 WHERE id = $1", []any{n.Author, at}},
		{"INSERT INTO watchers (site, profile, item, send_email, created) VALUES ($1, $2, $3, 0, $4) ON CONFLICT DO NOTHING", []any{n.Site, n.Author, id, at}},
	}
	if n.Kind == kindComment {
		statements[0].query = strings.Replace(statements[0].query, "items = items", "comments = comments", 1)
		statements[1].args[2] = n.Parent
		statements = append(statements, []struct {
			query string
			args  []any
		}{
			{"UPDATE items SET comments = comments + 1, last_comment = $2, last_at = $3 WHERE id = $1", []any{n.Parent, id, at}},
			{"UPDATE items SET comments = comments + 1, last_comment = $2, last_at = $3 WHERE id = $1", []any{n.Forum, id, at}},
		}...)
	}
	for _, st := range statements {
		if err := execute(ctx, tx, st.query, st.args...); err != nil {
			return err
		}
	}
	if err := s.notify(ctx, tx, now, id, n); err != nil {
		return err
	}
	if s.url != "" && n.Kind == kindComment {
		return execute(ctx, tx, "SELECT pg_notify('forum_comments', $1)", fmt.Sprint(n.Site))
	}
	return nil
}

// edit changes the text of an item, and keeps the old one.
func (s *store) edit(ctx context.Context, now time.Time, site int64, h *head, c content, visibility string, forum int64, reason string) error {
	return s.inTx(ctx, func(tx queryer) error {
		err := execute(ctx, tx, `INSERT INTO revisions (item, version, title, markdown, replaced)
			SELECT id, version, title, markdown, $3 FROM items WHERE site = $1 AND id = $2`, site, h.ID, micros(now))
		if err != nil {
			return err
		}
		parent := h.Parent
		if h.Kind != kindComment {
			parent = forum
		}
		if h.Kind == kindConversation && forum != h.Forum {
			if err := execute(ctx, tx, "UPDATE items SET forum = $3 WHERE site = $1 AND parent = $2 AND kind = 'comment'", site, h.ID, forum); err != nil {
				return err
			}
		}
		if h.Kind == kindMicrocosm {
			forum = 0
		}
		err = change(ctx, tx, `UPDATE items SET version = version + 1, edited = $3, edit_reason = $4, title = $5, markdown = $6, html = $7, first_line = $8,
			visibility = $9, parent = $10, forum = $11 WHERE site = $1 AND id = $2`,
			site, h.ID, micros(now), reason, c.Title, c.Markdown, c.HTML, c.FirstLine, visibility, parent, forum)
		if err != nil {
			return err
		}
		return s.index(ctx, tx, h.ID, c)
	})
}

// setFlags sets flags of an item, all or none.
func (s *store) setFlags(ctx context.Context, site int64, h *head, flags map[string]bool) error {
	return s.inTx(ctx, func(tx queryer) error {
		for _, name := range []string{"sticky", "open", "deleted", "moderated"} {
			if value, ok := flags[name]; ok {
				if err := change(ctx, tx, "UPDATE items SET "+name+" = $3 WHERE site = $1 AND id = $2", site, h.ID, bit(value)); err != nil {
					return err
				}
			}
		}
		if h.Kind != kindComment {
			return nil
		}
		return execute(ctx, tx, `UPDATE items SET
			comments = (SELECT COUNT(*) FROM items c WHERE c.site = $1 AND c.kind = 'comment' AND c.parent = $2 AND c.deleted = 0 AND c.moderated = 0),
			last_comment = COALESCE((SELECT MAX(c.id) FROM items c WHERE c.site = $1 AND c.kind = 'comment' AND c.parent = $2 AND c.deleted = 0 AND c.moderated = 0), 0)
			WHERE site = $1 AND id = $2`, site, h.Parent)
	})
}

// index adds an item's words to the search.
func (s *store) index(ctx context.Context, tx queryer, id int64, c content) error {
	query := "INSERT OR REPLACE INTO words (rowid, text) VALUES ($1, $2)"
	if s.url != "" {
		query = "INSERT INTO words (id, text) VALUES ($1, to_tsvector('simple', $2)) ON CONFLICT (id) DO UPDATE SET text = excluded.text"
	}
	return execute(ctx, tx, query, id, c.Title+"\n"+c.Markdown)
}

// searching returns a table w to join to items i that has those with the words, which are
// argument number n, and how to order by how well they fit. The tables of words know no
// sites.
func (s *store) searching(q string, n int) (join, order, arg string) {
	if s.url != "" {
		query := fmt.Sprintf("plainto_tsquery('simple', $%d)", n)
		return " JOIN (SELECT id, ts_rank(text, " + query + ") AS rank FROM words WHERE text @@ " + query + ") w ON w.id = i.id", "w.rank DESC", q
	}
	var quoted []string
	for word := range strings.FieldsSeq(q) {
		quoted = append(quoted, `"`+strings.ReplaceAll(word, `"`, `""`)+`"`)
	}
	return fmt.Sprintf(" JOIN (SELECT rowid AS id, rank FROM words WHERE words MATCH $%d) w ON w.id = i.id", n), "w.rank", strings.Join(quoted, " ") // rank is that of bm25
}
