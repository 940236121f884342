package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

func (s *service) whoAmI(ctx context.Context, in *forumapi.Echo) (a forumapi.Answer[forumapi.Self], err error) {
	v := visitOf(ctx) // one who is banned may know
	if v.profile == nil {
		return a, v.refuse(http.StatusForbidden, codeLogin, "sign in first")
	}
	if err := s.learnRoles(ctx, v); err != nil {
		return a, err
	}
	unread, err := number(ctx, s.store.read, "SELECT COUNT(*) FROM updates u WHERE u.site = $1 AND u.profile = $2 AND u.item > "+readUpTo, v.site.ID, v.me())
	if err != nil {
		return a, unavailable(err)
	}
	return answer(*in, forumapi.Self{Profile: v.profileOf(v.profile), UnreadUpdates: unread})
}

// readUpTo is up to which item the profile $2 has read where an update u is of.
const readUpTo = "COALESCE((SELECT r.comment FROM reads r JOIN items i ON i.id = u.item WHERE r.profile = $2 AND r.item IN (i.id, i.parent)), 0)"

func (v *visit) profileOf(p *profileRow) forumapi.Profile {
	return forumapi.Profile{
		Author: forumapi.Author{ID: p.ID, ProfileName: p.Name, Avatar: p.Avatar}, ItemCount: p.Items, CommentCount: p.Comments,
		LastActive: optional(p.LastActive), Member: p.Member,
		Meta: forumapi.Meta{
			Created: timeOf(p.Created), Edited: optional(p.Edited), EditReason: p.EditReason, Flags: forumapi.Flags{Visible: true, Open: true},
			Links: []forumapi.Link{{Rel: "self", Href: href("profile", p.ID)}}, Permissions: v.permissions(0, "public", p.ID),
		},
	}
}

// profiles returns a page of profiles p for which a condition on arguments from $2 is true.
func (s *service) profiles(ctx context.Context, v *visit, in *forumapi.Paging, at, where string, args ...any) (page forumapi.Page[forumapi.Profile], err error) {
	args = append([]any{v.site.ID}, args...)
	where = "WHERE p.site = $1 AND p.deleted = 0 " + where
	total, err := number(ctx, s.store.read, "SELECT COUNT(*) FROM profiles p "+where, args...)
	if err != nil {
		return page, unavailable(err)
	}
	rows, err := list(ctx, s.store.read, scanProfile, selectProfiles+where+fmt.Sprintf(" ORDER BY p.id LIMIT %d OFFSET %d", in.Limit, in.Offset), args...)
	items := make([]forumapi.Profile, len(rows))
	for i := range rows {
		items[i] = v.profileOf(&rows[i])
	}
	return pageOf(in, at, nil, "/profiles", total, items), unavailable(err)
}

func (s *service) listProfiles(ctx context.Context, in *forumapi.Paging) (a forumapi.Answer[forumapi.Profiles], err error) {
	v, err := s.reader(ctx, in)
	if err != nil {
		return a, err
	}
	page, err := s.profiles(ctx, v, in, "/profiles", "")
	if err != nil {
		return a, err
	}
	return answer(in.Echo, forumapi.Profiles{Profiles: page, Meta: v.listMeta()})
}

// reader returns the visit of one who may read the site, and asks for a page.
func (s *service) reader(ctx context.Context, in *forumapi.Paging) (*visit, error) {
	v, err := s.enter(ctx)
	switch {
	case err != nil:
		return nil, err
	case !v.permissions(0, "public", 0).Read:
		return nil, v.refuse(http.StatusForbidden, codeRead, "the caller may not read this")
	}
	err = v.checkPage(in)
	return v, err
}

// someone returns a profile of the site.
func (s *service) someone(ctx context.Context, v *visit, id int64) (*profileRow, error) {
	p, err := s.store.profile(ctx, v.site.ID, id)
	if err != nil {
		return nil, v.orNotHere(err)
	}
	return p, nil
}

func (s *service) getProfile(ctx context.Context, in *forumapi.ID) (a forumapi.Answer[forumapi.Profile], err error) {
	v := visitOf(ctx)
	if v.me() == in.ID && v.profile != nil {
		err = s.learnRoles(ctx, v) // one who is banned may see their own
	} else {
		v, err = s.reader(ctx, &forumapi.Paging{Limit: defaultItems})
	}
	if err != nil {
		return a, err
	}
	p, err := s.someone(ctx, v, in.ID)
	if err != nil {
		return a, err
	}
	return answer(in.Echo, v.profileOf(p))
}

// ownProfile returns a profile that the caller may change.
func (s *service) ownProfile(ctx context.Context, id int64, code int) (*visit, *profileRow, error) {
	v, err := s.member(ctx)
	if err != nil {
		return nil, nil, err
	}
	p, err := s.someone(ctx, v, id)
	if err == nil && v.me() != id && !v.isSiteOwner() {
		err = v.refuse(http.StatusForbidden, code, "the profile is somebody else's")
	}
	return v, p, err
}

func (s *service) putProfile(ctx context.Context, in *forumapi.ChangeOf[forumapi.ProfileInput]) (a forumapi.Answer[forumapi.Profile], err error) {
	v, p, err := s.ownProfile(ctx, in.ID.ID, codeUpdate)
	if err != nil {
		return a, err
	}
	err = change(ctx, s.store.write, "UPDATE profiles SET name = $3, avatar = $4, edited = $5, edit_reason = $6 WHERE site = $1 AND id = $2",
		v.site.ID, p.ID, in.Body.ProfileName, in.Body.Avatar, micros(s.now()), in.Body.Meta.EditReason)
	if isDuplicate(err) {
		return a, v.refuse(http.StatusConflict, codeContent, "another profile has this name")
	}
	if err != nil {
		return a, unavailable(err)
	}
	if p, err = s.someone(ctx, v, p.ID); err != nil {
		return a, err
	}
	return answer(in.Echo, v.profileOf(p))
}

func (s *service) patchProfile(ctx context.Context, in *forumapi.Patches) (a forumapi.Answer[forumapi.Nothing], err error) {
	v, err := s.member(ctx)
	if err != nil {
		return a, err
	}
	p, err := s.someone(ctx, v, in.ID.ID)
	if err != nil {
		return a, err
	}
	set, err := v.checkPatches(in.Body, map[string]patchable{"/member": {"member", byModerators}}, v.permissions(0, "public", p.ID))
	if err != nil {
		return a, err
	}
	err = change(ctx, s.store.write, "UPDATE profiles SET member = $3 WHERE site = $1 AND id = $2", v.site.ID, p.ID, bit(set["member"]))
	if err != nil {
		return a, v.orNotHere(err)
	}
	return nothing(in.Echo)
}

// deleteProfile makes a profile a name that nobody has any more. What it said stays.
func (s *service) deleteProfile(ctx context.Context, in *forumapi.ID) (a forumapi.Answer[forumapi.Nothing], err error) {
	v, p, err := s.ownProfile(ctx, in.ID, codeDelete)
	if err != nil {
		return a, err
	}
	if p.ID == v.site.Owner {
		return a, v.refuse(http.StatusConflict, codeDelete, "the owner of a site stays")
	}
	for _, statement := range []string{
		"DELETE FROM tokens WHERE site = $1 AND profile = $2",
		"UPDATE profiles SET deleted = 1, name = 'deleted-' || id, avatar = '' WHERE site = $1 AND id = $2",
	} {
		if _, err := s.store.write.ExecContext(ctx, statement, v.site.ID, p.ID); err != nil {
			return a, unavailable(err)
		}
	}
	return nothing(in.Echo)
}

func (s *service) markRead(ctx context.Context, in *forumapi.Change[forumapi.Place]) (a forumapi.Answer[forumapi.Nothing], err error) {
	v, err := s.member(ctx)
	if err != nil {
		return a, err
	}
	h, _, err := s.look(ctx, v, in.Body.ItemType, in.Body.ItemID)
	if err != nil {
		return a, err
	}
	item, upTo := h.ID, h.LastComment
	if h.Kind == kindComment {
		item, upTo = h.Parent, h.ID
	}
	if err := s.store.markRead(ctx, []readMark{{v.me(), item, upTo}}); err != nil {
		return a, unavailable(err)
	}
	return nothing(in.Echo)
}
