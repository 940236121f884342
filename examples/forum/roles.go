package main

import (
	"context"
	"net/http"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

// rolesOf returns a page of the roles of a site, or of one of its microcosms.
func (s *service) rolesOf(ctx context.Context, v *visit, in forumapi.Paging, at string, scope int64) (forumapi.Roles, error) {
	all, err := s.store.roles(ctx, v.site.ID, scope)
	return forumapi.Roles{Roles: pageOf(in, at, nil, "/roles", int64(len(all)), partOf(all, in)), Meta: v.listMeta()}, err
}

func (s *service) listRoles(ctx context.Context, v *visit, in *forumapi.Paging) (forumapi.Roles, error) {
	return s.rolesOf(ctx, v, *in, "/roles", 0)
}

func (s *service) forumRoles(ctx context.Context, v *visit, in *forumapi.PageOf) (r forumapi.Roles, err error) {
	if _, _, err := s.look(ctx, v, kindMicrocosm, in.ID); err != nil {
		return r, err
	}
	return s.rolesOf(ctx, v, in.Paging, pathOf(kindMicrocosm, in.ID)+"/roles", in.ID)
}

// mostRoles is how many roles a site may have: each request reads all of them.
const mostRoles = 500

func (s *service) addRole(ctx context.Context, v *visit, in *forumapi.Change[forumapi.RoleInput]) (location string, r forumapi.Role, err error) {
	if len(v.roles) >= mostRoles {
		return "", r, v.refuse(http.StatusConflict, codeQuota, "a site can have 500 roles at most")
	}
	if in.Body.MicrocosmID > 0 {
		if _, _, err := s.look(ctx, v, kindMicrocosm, in.Body.MicrocosmID); err != nil {
			return "", r, err
		}
	}
	r.RoleInput = in.Body
	err = s.store.inTx(ctx, func(tx queryer) error {
		r.ID, err = addRole(ctx, tx, v.site.ID, &in.Body)
		return err
	})
	return href("role", r.ID), r, err
}

func (s *service) getRole(ctx context.Context, v *visit, in *forumapi.ID) (forumapi.Role, error) {
	return s.store.role(ctx, v.site.ID, in.ID)
}

func (s *service) putRole(ctx context.Context, v *visit, in *forumapi.ChangeOf[forumapi.RoleInput]) (r forumapi.Role, err error) {
	if r, err = s.store.role(ctx, v.site.ID, in.ID.ID); err != nil {
		return r, err
	}
	if in.Body.MicrocosmID != r.MicrocosmID {
		return r, v.refuse(http.StatusBadRequest, codeContent, "a role can't be moved")
	}
	r.RoleInput = in.Body
	return r, change(ctx, s.store.write, "UPDATE roles SET title = $3, may = $4 WHERE site = $1 AND id = $2", v.site.ID, r.ID, in.Body.Title, bitsOf(in.Body))
}

func (s *service) deleteRole(ctx context.Context, v *visit, in *forumapi.ID) (forumapi.Nothing, error) {
	return nil, s.store.inTx(ctx, func(tx queryer) error {
		if err := execute(ctx, tx, "DELETE FROM role_profiles WHERE role IN (SELECT id FROM roles WHERE site = $1 AND id = $2)", v.site.ID, in.ID); err != nil {
			return err
		}
		return execute(ctx, tx, "DELETE FROM roles WHERE site = $1 AND id = $2", v.site.ID, in.ID)
	})
}

func (s *service) roleProfiles(ctx context.Context, v *visit, in *forumapi.PageOf) (a forumapi.Profiles, err error) {
	r, err := s.store.role(ctx, v.site.ID, in.ID)
	if err != nil {
		return a, err
	}
	return s.profiles(ctx, v, in.Paging, pathOf("role", r.ID)+"/profiles", "AND p.id IN (SELECT profile FROM role_profiles WHERE role = $2)", r.ID)
}

// roleMembers are all that a role applies to: those it was given to, and everybody if it
// includes users.
func (s *service) roleMembers(ctx context.Context, v *visit, in *forumapi.PageOf) (a forumapi.Profiles, err error) {
	r, err := s.store.role(ctx, v.site.ID, in.ID)
	if err != nil {
		return a, err
	}
	return s.profiles(ctx, v, in.Paging, pathOf("role", r.ID)+"/members", "AND (p.id IN (SELECT profile FROM role_profiles WHERE role = $2) OR $3 = 1)",
		r.ID, bit(r.IncludeUsers || r.IncludeGuests))
}

// setRole returns what changes who has a role.
func (s *service) setRole(statement string) func(context.Context, *visit, *forumapi.RoleProfile) (forumapi.Nothing, error) {
	return func(ctx context.Context, v *visit, in *forumapi.RoleProfile) (forumapi.Nothing, error) {
		r, err := s.store.role(ctx, v.site.ID, in.ID.ID)
		if err != nil {
			return nil, err
		}
		p, err := s.store.profile(ctx, v.site.ID, in.Profile)
		if err != nil {
			return nil, err
		}
		return nil, execute(ctx, s.store.write, statement, r.ID, p.ID)
	}
}

const (
	giveRole = "INSERT INTO role_profiles (role, profile) VALUES ($1, $2) ON CONFLICT DO NOTHING"
	takeRole = "DELETE FROM role_profiles WHERE role = $1 AND profile = $2"
)
