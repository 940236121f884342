package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

// A visit is the site and the user of a request.
type visit struct {
	host    string      // the label of the site
	site    *siteRow    // nil until it was asked for
	profile *profileRow // nil is a guest
	token   string
	roles   []grant
}

func visitOf(ctx context.Context) *visit { return tigertonic.ContextFrom[visit](ctx) }

// The codes of errors. None of them repeats the status.
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

// refuse returns an error with the members that clients of the original API know, besides
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

// nameSite records which site a request is for.
func nameSite(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	tigertonic.ContextOf[visit](r).host = tigertonic.PathValue(r, "site")
}

// told returns an error as clients get it: a 404 for what doesn't exist, and a 503 if the
// database fails.
func (v *visit) told(err error) error {
	if errors.Is(err, errMissing) {
		return v.errNotHere()
	}
	if _, ok := errors.AsType[failure](err); !ok || errors.Is(err, context.Canceled) {
		return err
	}
	return errors.Join(err, tigertonic.Problem{
		Status: http.StatusServiceUnavailable, Detail: "the database is unavailable", Header: http.Header{"Retry-After": {"2"}},
	})
}

// arrive finds the site of a request, and the owner of its token.
func (s *service) arrive(ctx context.Context, v *visit, token string) error {
	a, err := s.store.arrive(ctx, v.host, token)
	if errors.Is(err, errMissing) {
		return v.refuse(http.StatusNotFound, codeSite, "there is no such site")
	}
	if err != nil {
		return err
	}
	switch {
	case token == "":
	case a.profile.ID == 0:
		v.site = &a.site
		return v.refuse(http.StatusUnauthorized, codeInvalid, "the token isn't valid on this site")
	case a.expires <= micros(s.now()):
		v.site = &a.site
		return v.refuse(http.StatusForbidden, codeExpired, "the token has expired")
	}
	v.token = token
	return v.take(a)
}

// take copies an arrival into the visit.
func (v *visit) take(a *arrival) (err error) {
	v.site, v.profile = &a.site, nil
	if a.profile.ID > 0 {
		v.profile = &a.profile
	}
	v.roles, err = a.grants()
	return err
}

// isRefusal reports whether an error is the client's.
func isRefusal(err error) bool {
	p, ok := errors.AsType[tigertonic.Problem](err)
	return errors.Is(err, errMissing) || ok && p.Status < http.StatusInternalServerError
}

// bearer finds the owner of a token.
func (s *service) bearer(ctx context.Context, token string) (*profileRow, error) {
	v := visitOf(ctx)
	err := s.arrive(ctx, v, token)
	return v.profile, v.told(err)
}

// These say who may call an operation. Each returns the visit of a request, or refuses it.

// anybody lets everybody in, even who is banned.
func (s *service) anybody(ctx context.Context) (*visit, error) {
	v := visitOf(ctx)
	if v.site != nil {
		return v, nil
	}
	return v, s.arrive(ctx, v, "")
}

// visitor lets in who isn't banned.
func (s *service) visitor(ctx context.Context) (*visit, error) {
	v, err := s.anybody(ctx)
	if err == nil && v.permissions(0, "public", 0).Banned {
		err = v.refuse(http.StatusForbidden, codeBanned, "the profile is banned")
	}
	return v, err
}

// reader lets in who may read the site.
func (s *service) reader(ctx context.Context) (*visit, error) {
	v, err := s.visitor(ctx)
	if err == nil && !v.permissions(0, "public", 0).Read {
		err = v.refuse(http.StatusForbidden, codeRead, "the caller may not read this")
	}
	return v, err
}

// member lets in who has signed in.
func (s *service) member(ctx context.Context) (*visit, error) {
	v, err := s.visitor(ctx)
	if err == nil && v.profile == nil {
		err = v.refuse(http.StatusUnauthorized, codeLogin, "sign in first")
	}
	return v, err
}

// admin lets in the owner of the site.
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

// permissions returns what the caller may do in a microcosm with what an author has made.
// The roles of the microcosm count, or the site's if it has none; only the site's can ban
// everywhere. No role takes away what another one gives, except by a ban.
func (v *visit) permissions(scope int64, visibility string, author int64) forumapi.Permissions {
	p := forumapi.Permissions{Guest: v.profile == nil, SiteOwner: v.isSiteOwner(), Owner: v.profile != nil && author == v.profile.ID}
	own, may := false, int64(0)
	for _, r := range v.roles {
		own = own || scope > 0 && r.scope == scope
	}
	for _, r := range v.roles {
		includes := r.may&bitUsers != 0 && v.profile != nil || r.may&bitGuests != 0 && (v.profile != nil || visibility == "public")
		switch {
		case !r.held && (visibility == "private" || !includes) || r.scope != 0 && r.scope != scope:
		case r.may&bitBanned != 0 && r.held:
			p.Banned = !p.SiteOwner
		case r.scope == scope || !own:
			may |= r.may
		}
	}
	switch {
	case p.Banned:
		return forumapi.Permissions{Banned: true, Owner: p.Owner}
	case p.SiteOwner || may&bitModerator != 0 && !p.Guest:
		may = bitModerator | bitRead | bitReadOthers | bitCreate | bitUpdate | bitDelete | bitCloseOwn | bitOpenOwn
	case p.Owner && may&bitRead != 0:
		may |= bitUpdate | bitDelete
	case p.Guest:
		may &= bitRead | bitReadOthers
	}
	p.Read, p.ReadOthers, p.Moderator = may&bitRead != 0, may&bitReadOthers != 0, may&bitModerator != 0
	p.Create, p.Update, p.Delete = may&bitCreate != 0, may&bitUpdate != 0, may&bitDelete != 0
	p.CloseOwn, p.OpenOwn = may&bitCloseOwn != 0, may&bitOpenOwn != 0
	return p
}

// of returns what the caller may do with an item. Whoever may read a conversation may read
// its comments.
func (v *visit) of(h *head) forumapi.Permissions {
	p := v.permissions(h.scope(), h.Visibility, h.Author)
	topic := h.Author
	if h.Kind == kindComment {
		topic = h.ParentAuthor
	}
	p.Read = p.Read && (p.ReadOthers || h.Kind == kindMicrocosm || v.profile != nil && topic == v.profile.ID)
	return p
}

// look returns an item if the caller may read it.
func (s *service) look(ctx context.Context, v *visit, kind string, id int64) (*head, forumapi.Permissions, error) {
	h, err := s.store.head(ctx, v.site.ID, v.me(), kind, id)
	if err != nil {
		return nil, forumapi.Permissions{}, err
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
