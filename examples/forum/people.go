package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"regexp"
	"time"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

type siteRow struct {
	ID, Owner, Created, Edited                int64
	Subdomain, Title, Description, EditReason string
}

// site returns the site of a subdomain, unless it was deleted.
func (s *store) site(ctx context.Context, subdomain string) (*siteRow, error) {
	return one(ctx, s.read, func(r *siteRow) []any {
		return []any{&r.ID, &r.Subdomain, &r.Title, &r.Description, &r.Owner, &r.Created, &r.Edited, &r.EditReason}
	}, "SELECT id, subdomain, title, description, owner, created, edited, edit_reason FROM sites WHERE subdomain = $1 AND deleted = 0", subdomain)
}

// A profileRow is a person on a site.
type profileRow struct {
	ID, Created, Edited, LastActive, Items, Comments int64
	Name, Avatar, EditReason                         string
	Member                                           bool
}

const selectProfiles = `SELECT p.id, p.name, p.avatar, p.created, p.edited, p.edit_reason, p.last_active, p.items, p.comments, p.member FROM profiles p `

func scanProfile(p *profileRow) []any {
	return []any{&p.ID, &p.Name, &p.Avatar, &p.Created, &p.Edited, &p.EditReason, &p.LastActive, &p.Items, &p.Comments, &p.Member}
}

func (s *store) profile(ctx context.Context, site, id int64) (*profileRow, error) {
	return one(ctx, s.read, scanProfile, selectProfiles+"WHERE p.site = $1 AND p.id = $2 AND p.deleted = 0", site, id)
}

// A tokenRow is what a token is worth.
type tokenRow struct {
	profileRow
	expires int64
}

func digestOf(token string) []byte {
	digest := sha256.Sum256([]byte(token))
	return digest[:]
}

// bearer returns whose a token is on a site, and until when.
func (s *store) bearer(ctx context.Context, site int64, token string) (*tokenRow, error) {
	return one(ctx, s.read, func(r *tokenRow) []any { return append(scanProfile(&r.profileRow), &r.expires) },
		`SELECT p.id, p.name, p.avatar, p.created, p.edited, p.edit_reason, p.last_active, p.items, p.comments, p.member, t.expires
		FROM tokens t JOIN profiles p ON p.id = t.profile WHERE t.digest = $1 AND t.site = $2 AND p.site = $2 AND p.deleted = 0`, digestOf(token), site)
}

// tokenLength is how many characters a token has, of 62 each.
const tokenLength = 128

// signIn makes a token for a person's profile on a site, and the profile if need be.
func (s *store) signIn(ctx context.Context, now time.Time, site int64, email, name string, expires time.Time) (token string, err error) {
	token = tigertonic.RandomBase62String(tokenLength)
	return token, s.inTx(ctx, func(tx *sql.Tx) error {
		profile, err := makeProfile(ctx, tx, now, site, email, name)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO tokens (digest, profile, site, created, expires) VALUES ($1, $2, $3, $4, $5)",
			digestOf(token), profile, site, micros(now), micros(expires))
		return err
	})
}

// makeProfile returns the profile of a person on a site, which is made if it isn't there.
func makeProfile(ctx context.Context, tx *sql.Tx, now time.Time, site int64, email, name string) (id int64, err error) {
	if _, err := tx.ExecContext(ctx, "INSERT INTO users (email) VALUES ($1) ON CONFLICT DO NOTHING", email); err != nil {
		return 0, err
	}
	user, err := number(ctx, tx, "SELECT id FROM users WHERE email = $1", email)
	if err != nil {
		return 0, err
	}
	id, err = number(ctx, tx, "SELECT id FROM profiles WHERE site = $1 AND person = $2", site, user)
	if !errors.Is(err, errMissing) {
		return id, err
	}
	for _, try := range []string{name, name + "-" + tigertonic.RandomBase62String(4)} {
		id, err = number(ctx, tx, "INSERT INTO profiles (site, person, name, created, last_active) VALUES ($1, $2, $3, $4, $4) ON CONFLICT DO NOTHING RETURNING id",
			site, user, try, micros(now))
		if !errors.Is(err, errMissing) {
			break
		}
	}
	return id, err
}

func (s *store) signOut(ctx context.Context, token string) error {
	_, err := s.write.ExecContext(ctx, "DELETE FROM tokens WHERE digest = $1", digestOf(token))
	return err
}

// A roleRow is a role, and whether the one who asks has been given it.
type roleRow struct {
	forumapi.Role
	held bool
}

const roleColumns = "r.id, r.scope, r.title, r.moderator, r.banned, r.guests, r.users, r.may_create, r.may_read, r.may_update, r.may_delete, r.close_own, r.open_own, r.read_others"

func scanRole(r *forumapi.Role) []any {
	return []any{
		&r.ID, &r.MicrocosmID, &r.Title, &r.Moderator, &r.Banned, &r.IncludeGuests, &r.IncludeUsers,
		&r.Create, &r.Read, &r.Update, &r.Delete, &r.CloseOwn, &r.OpenOwn, &r.ReadOthers,
	}
}

// roles returns all roles of a site, as they are for a profile.
func (s *store) roles(ctx context.Context, site, profile int64) ([]roleRow, error) {
	return list(ctx, s.read, func(r *roleRow) []any { return append(scanRole(&r.Role), &r.held) },
		"SELECT "+roleColumns+", EXISTS (SELECT 1 FROM role_profiles h WHERE h.role = r.id AND h.profile = $2) FROM roles r WHERE r.site = $1 ORDER BY r.id", site, profile)
}

// roleValues are the arguments of a statement that writes a role.
func roleValues(site int64, r *forumapi.RoleInput) []any {
	return []any{
		site, r.MicrocosmID, r.Title, bit(r.Moderator), bit(r.Banned), bit(r.IncludeGuests), bit(r.IncludeUsers), bit(r.Create), bit(r.Read),
		bit(r.Update), bit(r.Delete), bit(r.CloseOwn), bit(r.OpenOwn), bit(r.ReadOthers),
	}
}

func addRole(ctx context.Context, q queryer, site int64, r *forumapi.RoleInput) (id int64, err error) {
	return number(ctx, q, `INSERT INTO roles (site, scope, title, moderator, banned, guests, users, may_create, may_read, may_update, may_delete, close_own, open_own, read_others)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id`, roleValues(site, r)...)
}

// makeSite makes a site, its owner and the roles that a site begins with.
func (s *store) makeSite(ctx context.Context, now time.Time, subdomain, title, email, name string) (site, owner int64, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		if site, err = number(ctx, tx, "INSERT INTO sites (subdomain, title, created) VALUES ($1, $2, $3) RETURNING id", subdomain, title, micros(now)); err != nil {
			return err
		}
		if owner, err = makeProfile(ctx, tx, now, site, email, name); err != nil {
			return err
		}
		if err := change(ctx, tx, "UPDATE sites SET owner = $2 WHERE id = $1", site, owner); err != nil {
			return err
		}
		for _, r := range []forumapi.RoleInput{
			{Title: "Guests", IncludeGuests: true, Read: true, ReadOthers: true},
			{Title: "Members", IncludeUsers: true, Read: true, ReadOthers: true, Create: true, CloseOwn: true},
			{Title: "Moderators", Moderator: true},
			{Title: "Banned", Banned: true},
		} {
			if _, err := addRole(ctx, tx, site, &r); err != nil {
				return err
			}
		}
		return nil
	})
	return site, owner, err
}

// The kinds of updates, in the order of their numbers.
func updateKinds() []string {
	return []string{"new_comment", "reply_to_comment", "mentioned", "new_item"}
}

var mention = regexp.MustCompile(`(?:^|[^\pL\pN_])@([\pL\pN_-]{1,25})`)

// mostMentions is how many people a comment can call.
const mostMentions = 20

// notify writes updates of a new item: for the author that it replies to, the people
// that it mentions, and those who watch its place. Each gets one, by the first of
// these kinds that applies. Permissions are checked when they read their updates.
func (s *store) notify(ctx context.Context, tx *sql.Tx, now time.Time, id int64, n *newItem) error {
	tell := func(kind, who string, args ...any) error {
		//nolint:gosec // of constants
		query := `INSERT INTO updates (site, profile, kind, item, author, created)
			SELECT p.site, p.id, '` + kind + `', $1, $2, $3 FROM profiles p WHERE p.site = $4 AND p.id <> $2 AND p.deleted = 0 AND p.id IN (` + who + `)
			AND NOT EXISTS (SELECT 1 FROM preferences f WHERE f.profile = p.id AND f.kind = '` + kind + `' AND f.send = 0) ON CONFLICT DO NOTHING`
		_, err := tx.ExecContext(ctx, query, append([]any{id, n.Author, micros(now), n.Site}, args...)...)
		return err
	}
	kind := "new_item"
	if n.Kind == kindComment {
		kind = "new_comment"
	}
	if n.To > 0 {
		if err := tell("reply_to_comment", "SELECT author FROM items WHERE site = $4 AND id = $5", n.To); err != nil {
			return err
		}
	}
	for _, m := range mention.FindAllStringSubmatch(n.Markdown, mostMentions) {
		if err := tell("mentioned", "SELECT id FROM profiles WHERE site = $4 AND name = $5", m[1]); err != nil {
			return err
		}
	}
	return tell(kind, "SELECT profile FROM watchers WHERE site = $4 AND item = $5", n.Parent)
}
