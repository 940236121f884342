package main

import (
	"context"
	"net/http"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

// rolesOf returns a page of the roles of a site, or of one of its microcosms.
func (s *service) rolesOf(ctx context.Context, in *forumapi.Paging, scope int64) (a forumapi.Answer[forumapi.Roles], err error) {
	v, err := s.admin(ctx)
	if err == nil {
		err = v.checkPage(in)
	}
	if err != nil {
		return a, err
	}
	at := "/roles"
	all := []forumapi.Role{}
	for i := range v.roles {
		if v.roles[i].MicrocosmID == scope || scope == 0 {
			all = append(all, v.roles[i].Role)
		}
	}
	if scope > 0 {
		if _, _, err := s.look(ctx, v, kindMicrocosm, scope); err != nil {
			return a, err
		}
		at = path(kindMicrocosm, scope) + "/roles"
	}
	total := int64(len(all))
	page := pageOf(in, at, nil, "/roles", total, all[min(in.Offset, total):min(in.Offset+in.Limit, total)])
	return answer(in.Echo, forumapi.Roles{Roles: page, Meta: v.listMeta()})
}

func (s *service) listRoles(ctx context.Context, in *forumapi.Paging) (forumapi.Answer[forumapi.Roles], error) {
	return s.rolesOf(ctx, in, 0)
}

func (s *service) forumRoles(ctx context.Context, in *forumapi.PageOf) (forumapi.Answer[forumapi.Roles], error) {
	return s.rolesOf(ctx, &in.Paging, in.ID)
}

// mostRoles is how many a site has: all of them are read for each request.
const mostRoles = 500

func (s *service) addRole(ctx context.Context, in *forumapi.Change[forumapi.RoleInput]) (a forumapi.Made[forumapi.Role], err error) {
	v, err := s.admin(ctx)
	if err != nil {
		return a, err
	}
	if len(v.roles) >= mostRoles {
		return a, v.refuse(http.StatusConflict, codeQuota, "a site has 500 roles at most")
	}
	if in.Body.MicrocosmID > 0 {
		if _, _, err := s.look(ctx, v, kindMicrocosm, in.Body.MicrocosmID); err != nil {
			return a, err
		}
	}
	id, err := addRole(ctx, s.store.write, v.site.ID, &in.Body)
	if err != nil {
		return a, unavailable(err)
	}
	return made(in.Echo, href("role", id), forumapi.Role{ID: id, RoleInput: in.Body}), nil
}

// aRole returns a role of the site, for its owner.
func (s *service) aRole(ctx context.Context, id int64) (*visit, *forumapi.Role, error) {
	v, err := s.admin(ctx)
	if err != nil {
		return nil, nil, err
	}
	for i := range v.roles {
		if v.roles[i].ID == id {
			return v, &v.roles[i].Role, nil
		}
	}
	err = v.errNotHere()
	return v, nil, err
}

func (s *service) getRole(ctx context.Context, in *forumapi.ID) (a forumapi.Answer[forumapi.Role], err error) {
	_, r, err := s.aRole(ctx, in.ID)
	if err != nil {
		return a, err
	}
	return answer(in.Echo, *r)
}

func (s *service) putRole(ctx context.Context, in *forumapi.ChangeOf[forumapi.RoleInput]) (a forumapi.Answer[forumapi.Role], err error) {
	v, r, err := s.aRole(ctx, in.ID.ID)
	if err != nil {
		return a, err
	}
	if in.Body.MicrocosmID != r.MicrocosmID {
		return a, v.refuse(http.StatusBadRequest, codeContent, "a role stays where it is")
	}
	err = change(ctx, s.store.write, `UPDATE roles SET title = $3, moderator = $4, banned = $5, guests = $6, users = $7, may_create = $8, may_read = $9,
		may_update = $10, may_delete = $11, close_own = $12, open_own = $13, read_others = $14 WHERE site = $1 AND scope = $2 AND id = $15`,
		append(roleValues(v.site.ID, &in.Body), r.ID)...)
	if err != nil {
		return a, v.orNotHere(err)
	}
	return answer(in.Echo, forumapi.Role{ID: r.ID, RoleInput: in.Body})
}

func (s *service) deleteRole(ctx context.Context, in *forumapi.ID) (a forumapi.Answer[forumapi.Nothing], err error) {
	v, err := s.admin(ctx)
	if err != nil {
		return a, err
	}
	for _, statement := range []string{
		"DELETE FROM role_profiles WHERE role IN (SELECT id FROM roles WHERE site = $1 AND id = $2)", "DELETE FROM roles WHERE site = $1 AND id = $2",
	} {
		if _, err := s.store.write.ExecContext(ctx, statement, v.site.ID, in.ID); err != nil {
			return a, unavailable(err)
		}
	}
	return nothing(in.Echo)
}

func (s *service) roleProfiles(ctx context.Context, in *forumapi.PageOf) (a forumapi.Answer[forumapi.Profiles], err error) {
	v, r, err := s.aRole(ctx, in.ID)
	if err == nil {
		err = v.checkPage(&in.Paging)
	}
	if err != nil {
		return a, err
	}
	page, err := s.profiles(ctx, v, &in.Paging, path("role", r.ID)+"/profiles", "AND p.id IN (SELECT profile FROM role_profiles WHERE role = $2)", r.ID)
	if err != nil {
		return a, err
	}
	return answer(in.Echo, forumapi.Profiles{Profiles: page, Meta: v.listMeta()})
}

// setRole changes who has a role.
func (s *service) setRole(statement string) func(context.Context, *forumapi.RoleProfile) (forumapi.Answer[forumapi.Nothing], error) {
	return func(ctx context.Context, in *forumapi.RoleProfile) (a forumapi.Answer[forumapi.Nothing], err error) {
		v, r, err := s.aRole(ctx, in.ID.ID)
		if err != nil {
			return a, err
		}
		p, err := s.someone(ctx, v, in.Profile)
		if err != nil {
			return a, err
		}
		if _, err := s.store.write.ExecContext(ctx, statement, r.ID, p.ID); err != nil {
			return a, unavailable(err)
		}
		return nothing(in.Echo)
	}
}

const (
	giveRole = "INSERT INTO role_profiles (role, profile) VALUES ($1, $2) ON CONFLICT DO NOTHING"
	takeRole = "DELETE FROM role_profiles WHERE role = $1 AND profile = $2"
)
