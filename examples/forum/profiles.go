package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

func (s *service) whoAmI(ctx context.Context, v *visit, _ *forumapi.Echo) (self forumapi.Self, err error) {
	if v.profile == nil {
		return self, v.refuse(http.StatusForbidden, codeLogin, "sign in first")
	}
	unread, err := number(ctx, s.store.read, "SELECT COUNT(*) FROM updates u WHERE u.site = $1 AND u.profile = $2 AND u.item > "+readUpTo, v.site.ID, v.me())
	return forumapi.Self{Profile: v.profileOf(v.profile), UnreadUpdates: unread}, err
}

// readUpTo selects the last item that the profile $2 has read in the place of an update u.
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
func (s *service) profiles(ctx context.Context, v *visit, in forumapi.Paging, at, where string, args ...any) (a forumapi.Profiles, err error) {
	args = append([]any{v.site.ID}, args...)
	where = "WHERE p.site = $1 AND p.deleted = 0 " + where
	total, err := number(ctx, s.store.read, "SELECT COUNT(*) FROM profiles p "+where, args...)
	if err != nil {
		return a, err
	}
	rows, err := list(ctx, s.store.read, scanProfile, selectProfiles+where+fmt.Sprintf(" ORDER BY p.id LIMIT $%d OFFSET $%d", len(args)+1, len(args)+2), append(args, in.Limit, in.Offset)...)
	items := make([]forumapi.Profile, len(rows))
	for i := range rows {
		items[i] = v.profileOf(&rows[i])
	}
	return forumapi.Profiles{Profiles: pageOf(in, at, nil, "/profiles", total, items), Meta: v.listMeta()}, err
}

func (s *service) listProfiles(ctx context.Context, v *visit, in *forumapi.Paging) (forumapi.Profiles, error) {
	return s.profiles(ctx, v, *in, "/profiles", "")
}

// getProfile shows people their own profile even if they are banned.
func (s *service) getProfile(ctx context.Context, v *visit, in *forumapi.ID) (p forumapi.Profile, err error) {
	if v.profile == nil || v.me() != in.ID {
		if _, err := s.reader(ctx); err != nil {
			return p, err
		}
	}
	row, err := s.store.profile(ctx, v.site.ID, in.ID)
	if err != nil {
		return p, err
	}
	return v.profileOf(row), nil
}

// ownProfile returns a profile that the caller may change.
func (s *service) ownProfile(ctx context.Context, v *visit, id int64, code int) (*profileRow, error) {
	p, err := s.store.profile(ctx, v.site.ID, id)
	if err == nil && v.me() != id && !v.isSiteOwner() {
		err = v.refuse(http.StatusForbidden, code, "this profile belongs to somebody else")
	}
	return p, err
}

func (s *service) putProfile(ctx context.Context, v *visit, in *forumapi.ChangeOf[forumapi.ProfileInput]) (p forumapi.Profile, err error) {
	row, err := s.ownProfile(ctx, v, in.ID.ID, codeUpdate)
	if err != nil {
		return p, err
	}
	err = change(ctx, s.store.write, "UPDATE profiles SET name = $3, avatar = $4, edited = $5, edit_reason = $6 WHERE site = $1 AND id = $2",
		v.site.ID, row.ID, in.Body.ProfileName, in.Body.Avatar, micros(s.now()), in.Body.Meta.EditReason)
	if isDuplicate(err) {
		return p, v.refuse(http.StatusConflict, codeContent, "another profile has this name")
	}
	if err == nil {
		row, err = s.store.profile(ctx, v.site.ID, row.ID)
	}
	if err != nil {
		return p, err
	}
	return v.profileOf(row), nil
}

func (s *service) patchProfile(ctx context.Context, v *visit, in *forumapi.Patches) (forumapi.Nothing, error) {
	p, err := s.store.profile(ctx, v.site.ID, in.ID.ID)
	if err != nil {
		return nil, err
	}
	set, err := v.checkPatches(in.Body, map[string]patchable{"/member": {"member", byModerators}}, v.permissions(0, "public", p.ID))
	if err != nil {
		return nil, err
	}
	return nil, change(ctx, s.store.write, "UPDATE profiles SET member = $3 WHERE site = $1 AND id = $2", v.site.ID, p.ID, bit(set["member"]))
}

// deleteProfile takes a profile away from its owner, and leaves its name and what it said.
func (s *service) deleteProfile(ctx context.Context, v *visit, in *forumapi.ID) (forumapi.Nothing, error) {
	p, err := s.ownProfile(ctx, v, in.ID, codeDelete)
	if err != nil {
		return nil, err
	}
	if p.ID == v.site.Owner {
		return nil, v.refuse(http.StatusConflict, codeDelete, "the owner of a site can't be deleted")
	}
	return nil, s.store.inTx(ctx, func(tx queryer) error {
		err := execute(ctx, tx, "DELETE FROM tokens WHERE site = $1 AND profile = $2", v.site.ID, p.ID)
		if err != nil {
			return err
		}
		return execute(ctx, tx, "UPDATE profiles SET deleted = 1, name = 'deleted-' || id, avatar = '' WHERE site = $1 AND id = $2", v.site.ID, p.ID)
	})
}

func (s *service) markRead(ctx context.Context, v *visit, in *forumapi.Change[forumapi.Place]) (forumapi.Nothing, error) {
	h, _, err := s.look(ctx, v, in.Body.ItemType, in.Body.ItemID)
	if err != nil {
		return nil, err
	}
	item, upTo := h.ID, h.LastComment
	if h.Kind == kindComment {
		item, upTo = h.Parent, h.ID
	}
	return nil, s.store.markRead(ctx, []readMark{{v.me(), item, upTo}})
}
