package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

// A visit is a request: its site and its user. Each request has its own.
type visit struct {
	site    *siteRow
	profile *profileRow // nil is a guest
	token   string
	roles   []roleRow
}

func visitOf(ctx context.Context) *visit { return tigertonic.ContextFrom[visit](ctx) }

// The codes of errors. None of them says what the status says already.
const (
	codeContent  = 2
	codeType     = 3
	codeRange    = 4
	codeLogin    = 5
	codeExpired  = 6
	codeInvalid  = 7
	codeNotAdmin = 8
	codeRead     = 9
	codeCreate   = 10
	codeUpdate   = 11
	codeDelete   = 12
	codeBanned   = 13
	codeSite     = 14
	codeDeleted  = 15
	codeQuota    = 16
	codeFile     = 20
	codeSearch   = 24
)

// refuse returns an error with the members that the clients of the original know, besides
// those of RFC 9457.
func (v *visit) refuse(status, code int, detail string) error {
	data := map[string]any{"errorCode": code, "errorDetail": detail}
	if v.site != nil {
		data["siteId"] = v.site.ID
	}
	if v.profile != nil {
		data["profileId"] = v.profile.ID
	}
	p := tigertonic.Problem{Status: status, Detail: detail, Extensions: map[string]any{"error": []string{detail}, "data": data}}
	switch status {
	case http.StatusTooManyRequests:
		p.Header = http.Header{"Retry-After": {"60"}}
	case http.StatusUnauthorized:
		p.Header = http.Header{"Www-Authenticate": {`Bearer realm="forum"`}}
	}
	return p
}

// errNotHere is the error for what isn't on this site.
func (v *visit) errNotHere() error {
	return v.refuse(http.StatusNotFound, 0, "there is no such item on this site")
}

// findSite finds out which site a request is to, and answers it if there is none.
func (s *service) findSite(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	v := tigertonic.ContextOf[visit](r)
	name := tigertonic.PathValue(r, "site")
	site, err := s.store.site(r.Context(), name)
	switch {
	case err == nil:
		v.site = site
	case errors.Is(err, errMissing):
		tigertonic.ProblemWriter{}.WriteError(r, w, v.refuse(http.StatusNotFound, codeSite, "there is no such site"))
	default:
		tigertonic.ProblemWriter{}.WriteError(r, w, unavailable(err))
	}
}

// unavailable returns the error for a database that can't be used.
func unavailable(err error) error {
	if _, ok := errors.AsType[tigertonic.Problem](err); ok || err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return errors.Join(err, tigertonic.Problem{
		Status: http.StatusServiceUnavailable, Detail: "the database can't be used at the moment", Header: http.Header{"Retry-After": {"2"}},
	})
}

// bearer finds out who makes a request.
func (s *service) bearer(ctx context.Context, token string) (*profileRow, error) {
	v := visitOf(ctx)
	row, err := s.store.bearer(ctx, v.site.ID, token)
	switch {
	case errors.Is(err, errMissing):
		return nil, v.refuse(http.StatusUnauthorized, codeInvalid, "the token isn't one of this site")
	case err != nil:
		return nil, unavailable(err)
	case row.expires <= micros(s.now()):
		return nil, v.refuse(http.StatusForbidden, codeExpired, "the token has expired")
	}
	v.profile, v.token = &row.profileRow, token
	return &row.profileRow, nil
}

// enter returns the visit of a request with its roles, unless its profile is banned.
func (s *service) enter(ctx context.Context) (*visit, error) {
	v := visitOf(ctx)
	if err := s.learnRoles(ctx, v); err != nil {
		return nil, err
	}
	if v.permissions(0, "public", 0).Banned {
		return nil, v.refuse(http.StatusForbidden, codeBanned, "the profile is banned")
	}
	return v, nil
}

func (s *service) learnRoles(ctx context.Context, v *visit) (err error) {
	v.roles, err = s.store.roles(ctx, v.site.ID, v.me())
	return unavailable(err)
}

// member returns the visit of a request that isn't a guest's.
func (s *service) member(ctx context.Context) (*visit, error) {
	v, err := s.enter(ctx)
	if err == nil && v.profile == nil {
		err = v.refuse(http.StatusUnauthorized, codeLogin, "sign in first")
	}
	return v, err
}

// admin returns the visit of a request by the owner of the site.
func (s *service) admin(ctx context.Context) (*visit, error) {
	v, err := s.member(ctx)
	if err == nil && !v.isSiteOwner() {
		err = v.refuse(http.StatusForbidden, codeNotAdmin, "only the owner of the site may do this")
	}
	return v, err
}

// me returns the ID of the profile, or 0 for a guest.
func (v *visit) me() int64 {
	if v.profile == nil {
		return 0
	}
	return v.profile.ID
}

func (v *visit) isSiteOwner() bool { return v.profile != nil && v.profile.ID == v.site.Owner }

// permissions returns what the caller may do in a microcosm with what somebody has made.
// The roles of the microcosm count, or the site's if it has none, and those of the site
// alone can ban everywhere. What one role gives, no other takes away, but for a ban.
func (v *visit) permissions(scope int64, visibility string, author int64) forumapi.Permissions {
	p := forumapi.Permissions{Guest: v.profile == nil, SiteOwner: v.isSiteOwner(), Owner: v.profile != nil && author == v.profile.ID}
	own := false
	for i := range v.roles {
		own = own || scope > 0 && v.roles[i].MicrocosmID == scope
	}
	for i := range v.roles {
		r := &v.roles[i]
		held := r.held || visibility != "private" && (r.IncludeUsers && v.profile != nil || r.IncludeGuests && (v.profile != nil || visibility == "public"))
		switch {
		case !held || r.MicrocosmID != 0 && r.MicrocosmID != scope:
		case r.Banned && r.held:
			p.Banned = true
		case r.MicrocosmID == scope || !own:
			p.Moderator = p.Moderator || r.Moderator
			p.Read, p.ReadOthers = p.Read || r.Read, p.ReadOthers || r.ReadOthers
			p.Create, p.Update, p.Delete = p.Create || r.Create, p.Update || r.Update, p.Delete || r.Delete
			p.CloseOwn, p.OpenOwn = p.CloseOwn || r.CloseOwn, p.OpenOwn || r.OpenOwn
		}
	}
	if p.Moderator || p.SiteOwner {
		p.Moderator, p.Read, p.ReadOthers, p.Create, p.Update, p.Delete, p.CloseOwn, p.OpenOwn = true, true, true, true, true, true, true, true
	}
	if p.Owner && p.Read {
		p.Update, p.Delete = true, true
	}
	if p.Guest {
		p.Create, p.Update, p.Delete, p.CloseOwn, p.OpenOwn, p.Moderator = false, false, false, false, false, false
	}
	if p.Banned && !p.SiteOwner {
		p = forumapi.Permissions{Banned: true, Owner: p.Owner}
	}
	return p
}

// of returns what the caller may do with an item. What is said in a conversation is read
// by who may read the conversation.
func (v *visit) of(h *head) forumapi.Permissions {
	p := v.permissions(h.scope(), h.Visibility, h.Author)
	topic := h.Author
	if h.Kind == kindComment {
		topic = h.ParentAuthor
	}
	p.Read = p.Read && (p.ReadOthers || h.Kind == kindMicrocosm || v.profile != nil && topic == v.profile.ID)
	return p
}

// look returns an item that the caller may read.
func (s *service) look(ctx context.Context, v *visit, kind string, id int64) (*head, forumapi.Permissions, error) {
	h, err := s.store.head(ctx, v.site.ID, v.me(), kind, id)
	if errors.Is(err, errMissing) {
		return nil, forumapi.Permissions{}, v.errNotHere()
	}
	if err != nil {
		return nil, forumapi.Permissions{}, unavailable(err)
	}
	p := v.of(h)
	switch {
	case !p.Read:
		err = v.refuse(http.StatusForbidden, codeRead, "the caller may not read this")
	case !h.visible() && !p.Moderator:
		err = v.refuse(http.StatusNotFound, codeDeleted, "the item was deleted")
	}
	return h, p, err
}

// now is the time, in the precision of the database.
func (s *service) now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
