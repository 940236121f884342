package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"regexp"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

type siteRow struct {
	ID, Owner, Created, Edited                int64
	Subdomain, Title, Description, EditReason string
}

const siteColumns = "s.id, s.subdomain, s.title, s.description, s.owner, s.created, s.edited, s.edit_reason"

func scanSite(r *siteRow) []any {
	return []any{&r.ID, &r.Subdomain, &r.Title, &r.Description, &r.Owner, &r.Created, &r.Edited, &r.EditReason}
}

// site returns the site of a subdomain, unless it was deleted.
func (s *store) site(ctx context.Context, subdomain string) (*siteRow, error) {
	return one(ctx, s.read, scanSite, "SELECT "+siteColumns+" FROM sites s WHERE s.subdomain = $1 AND s.deleted = 0", subdomain)
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

func digestOf(token string) []byte {
	digest := sha256.Sum256([]byte(token))
	return digest[:]
}

// A grant is what a role allows, and whether the caller has the role.
type grant struct {
	scope, may int64
	held       bool
}

// An arrival is what the database knows about who makes a request, and to which site.
type arrival struct {
	site    siteRow
	profile profileRow // the zero value if the token is none of the site
	expires int64
	roles   string // as JSON without its brackets: of each its scope, what it may, and whether it is held
}

// selectArrivals selects the site with subdomain $1, its roles, and the profile p and the
// token t that are joined to it, if any.
const selectArrivals = `SELECT ` + siteColumns + `, COALESCE(p.id, 0), COALESCE(p.name, ''), COALESCE(p.avatar, ''), COALESCE(p.created, 0), COALESCE(p.edited, 0),
	COALESCE(p.edit_reason, ''), COALESCE(p.last_active, 0), COALESCE(p.items, 0), COALESCE(p.comments, 0), COALESCE(p.member, 0), COALESCE(t.expires, 0),
	COALESCE((SELECT string_agg('[' || r.scope || ',' || r.may || ',' || CASE WHEN h.role IS NULL THEN 0 ELSE 1 END || ']', ',')
		FROM roles r LEFT JOIN role_profiles h ON h.role = r.id AND h.profile = p.id WHERE r.site = s.id), '')
	FROM sites s LEFT JOIN tokens t ON t.digest = $2 AND t.site = s.id LEFT JOIN profiles p ON p.id = CASE WHEN $3 > 0 THEN $3 ELSE t.profile END AND p.site = s.id AND p.deleted = 0
	WHERE s.subdomain = $1 AND s.deleted = 0`

func (s *store) arrival(ctx context.Context, args ...any) (*arrival, error) {
	return one(ctx, s.read, func(a *arrival) []any {
		return append(append(scanSite(&a.site), scanProfile(&a.profile)...), &a.expires, &a.roles)
	}, selectArrivals, args...)
}

// arrive returns the site of a subdomain, the owner of a token there, and all roles of the
// site as they apply to that profile. It is one query, the first of every request.
func (s *store) arrive(ctx context.Context, subdomain, token string) (*arrival, error) {
	return s.arrival(ctx, subdomain, digestOf(token), 0)
}

// arriveAs returns what arrive would return if this profile made a request.
func (s *store) arriveAs(ctx context.Context, subdomain string, profile int64) (*arrival, error) {
	return s.arrival(ctx, subdomain, digestOf(""), profile)
}

// grants returns what the roles of the site give.
func (a *arrival) grants() ([]grant, error) {
	var rows [][3]int64
	err := json.Unmarshal([]byte("["+a.roles+"]"), &rows)
	all := make([]grant, len(rows))
	for i, r := range rows {
		all[i] = grant{scope: r[0], may: r[1], held: r[2] != 0}
	}
	return all, err
}

// tokenLength is the length of a token, in characters out of 62.
const tokenLength = 128

// signIn creates a token for a person's profile on a site, and the profile if there is
// none.
func (s *store) signIn(ctx context.Context, now time.Time, site int64, email, name string, expires time.Time) (token string, err error) {
	token = tigertonic.RandomBase62String(tokenLength)
	return token, s.inTx(ctx, func(tx queryer) error {
		profile, err := makeProfile(ctx, tx, now, site, email, name)
		if err != nil {
			return err
		}
		err = execute(ctx, tx, "INSERT INTO tokens (digest, profile, site, created, expires) VALUES ($1, $2, $3, $4, $5)",
			digestOf(token), profile, site, micros(now), micros(expires))
		return err
	})
}

// makeProfile returns the profile of a person on a site, which is made if it isn't there.
func makeProfile(ctx context.Context, tx queryer, now time.Time, site int64, email, name string) (id int64, err error) {
	if err := execute(ctx, tx, "INSERT INTO users (email) VALUES ($1) ON CONFLICT DO NOTHING", email); err != nil {
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
	if err != nil {
		return 0, err
	}
	// The owner gets an update, which has nothing to read.
	return id, execute(ctx, tx, `INSERT INTO updates (site, profile, kind, item, author, created) SELECT s.id, s.owner, 'new_user', 0, $2, $3 FROM sites s
		WHERE s.id = $1 AND s.owner > 0 AND NOT EXISTS (SELECT 1 FROM preferences f WHERE f.profile = s.owner AND f.kind = 'new_user' AND f.send = 0)
		ON CONFLICT DO NOTHING`, site, id, micros(now))
}

func (s *store) signOut(ctx context.Context, token string) error {
	return execute(ctx, s.write, "DELETE FROM tokens WHERE digest = $1", digestOf(token))
}

// The bits of a role's permissions. Each is the index of a flag in flagsOfRole.
const (
	bitModerator = 1 << iota
	bitBanned
	bitGuests
	bitUsers
	bitCreate
	bitRead
	bitUpdate
	bitDelete
	bitCloseOwn
	bitOpenOwn
	bitReadOthers
)

func flagsOfRole(r *forumapi.RoleInput) []*bool {
	return []*bool{&r.Moderator, &r.Banned, &r.IncludeGuests, &r.IncludeUsers, &r.Create, &r.Read, &r.Update, &r.Delete, &r.CloseOwn, &r.OpenOwn, &r.ReadOthers}
}

// bitsOf returns what a role may, as the database has it.
func bitsOf(r forumapi.RoleInput) (may int64) {
	for i, flag := range flagsOfRole(&r) {
		may |= bit(*flag) << i
	}
	return may
}

// roles returns the roles of a site, or of one of its microcosms.
func (s *store) roles(ctx context.Context, site, scope int64) ([]forumapi.Role, error) {
	return s.rolesWhere(ctx, "site = $1 AND ($2 = 0 OR scope = $2) ORDER BY id", site, scope)
}

// role returns a role of a site.
func (s *store) role(ctx context.Context, site, id int64) (forumapi.Role, error) {
	all, err := s.rolesWhere(ctx, "site = $1 AND id = $2", site, id)
	if err == nil && len(all) == 0 {
		err = errMissing
	}
	if err != nil {
		return forumapi.Role{}, err
	}
	return all[0], nil
}

func (s *store) rolesWhere(ctx context.Context, where string, args ...any) ([]forumapi.Role, error) {
	type row struct {
		forumapi.Role
		may int64
	}
	rows, err := list(ctx, s.read, func(r *row) []any { return []any{&r.ID, &r.MicrocosmID, &r.Title, &r.may} }, "SELECT id, scope, title, may FROM roles WHERE "+where, args...)
	all := make([]forumapi.Role, len(rows))
	for i, r := range rows {
		for bit, flag := range flagsOfRole(&r.RoleInput) {
			*flag = r.may>>bit&1 == 1
		}
		all[i] = r.Role
	}
	return all, err
}

func addRole(ctx context.Context, q queryer, site int64, r *forumapi.RoleInput) (id int64, err error) {
	return number(ctx, q, "INSERT INTO roles (site, scope, title, may) VALUES ($1, $2, $3, $4) RETURNING id", site, r.MicrocosmID, r.Title, bitsOf(*r))
}

// makeSite creates a site with its owner and its initial roles.
func (s *store) makeSite(ctx context.Context, now time.Time, subdomain, title, email, name string) (site, owner int64, err error) {
	err = s.inTx(ctx, func(tx queryer) error {
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
	return []string{"new_comment", "reply_to_comment", "mentioned", "new_item", "new_user"}
}

var mention = regexp.MustCompile(`(?:^|[^\pL\pN_])@([\pL\pN_-]{1,25})`)

// mostMentions is how many people a comment can mention.
const mostMentions = 20

// notify writes updates about a new item: for the author that it replies to, the people
// that it mentions, and those who watch its place. Each gets one, of the first kind that
// applies. Permissions are checked when they read their updates.
func (s *store) notify(ctx context.Context, tx queryer, now time.Time, id int64, n *newItem) error {
	tell := func(kind, who string, args ...any) error {
		query := `INSERT INTO updates (site, profile, kind, item, author, created, mail)
			SELECT p.site, p.id, '` + kind + `', $1, $2, $3, COALESCE((SELECT w.send_email FROM watchers w WHERE w.profile = p.id AND w.item = $5), 0) FROM profiles p WHERE p.site = $4 AND p.id <> $2 AND p.deleted = 0 AND p.id IN (` + who + `)
			AND NOT EXISTS (SELECT 1 FROM preferences f WHERE f.profile = p.id AND f.kind = '` + kind + `' AND f.send = 0) ON CONFLICT DO NOTHING`
		return execute(ctx, tx, query, append([]any{id, n.Author, micros(now), n.Site, n.Parent}, args...)...)
	}
	kind := "new_item"
	if n.Kind == kindComment {
		kind = "new_comment"
	}
	if n.To > 0 {
		if err := tell("reply_to_comment", "SELECT author FROM items WHERE site = $4 AND id = $6", n.To); err != nil {
			return err
		}
	}
	for _, m := range mention.FindAllStringSubmatch(n.Markdown, mostMentions) {
		if err := tell("mentioned", "SELECT id FROM profiles WHERE site = $4 AND name = $6", m[1]); err != nil {
			return err
		}
	}
	return tell(kind, "SELECT profile FROM watchers WHERE site = $4 AND item = $5")
}
