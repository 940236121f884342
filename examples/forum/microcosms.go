package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

func (s *service) getSite(ctx context.Context, in *forumapi.Echo) (a forumapi.Answer[forumapi.Site], err error) {
	v := visitOf(ctx) // one who is banned may see it
	if err := s.learnRoles(ctx, v); err != nil {
		return a, err
	}
	return answer(*in, v.siteOf(v.site))
}

func (v *visit) siteOf(r *siteRow) forumapi.Site {
	return forumapi.Site{
		ID: r.ID, Title: r.Title, Description: r.Description, SubdomainKey: r.Subdomain, OwnedBy: r.Owner,
		Meta: forumapi.Meta{
			Created: timeOf(r.Created), Edited: optional(r.Edited), EditReason: r.EditReason, Flags: forumapi.Flags{Visible: true, Open: true},
			Links: []forumapi.Link{{Rel: "self", Href: forumapi.Base + "/site"}}, Permissions: v.permissions(0, "public", r.Owner),
		},
	}
}

func (s *service) putSite(ctx context.Context, in *forumapi.Change[forumapi.SiteInput]) (a forumapi.Answer[forumapi.Site], err error) {
	v, err := s.admin(ctx)
	if err != nil {
		return a, err
	}
	err = change(ctx, s.store.write, "UPDATE sites SET title = $2, description = $3, edited = $4, edit_reason = $5 WHERE id = $1",
		v.site.ID, in.Body.Title, in.Body.Description, micros(s.now()), in.Body.Meta.EditReason)
	if err != nil {
		return a, unavailable(err)
	}
	site, err := s.store.site(ctx, v.site.Subdomain)
	if err != nil {
		return a, v.orNotHere(err)
	}
	return answer(in.Echo, v.siteOf(site))
}

// A forumRow is a microcosm as others are told of it.
type forumRow struct {
	head
	title string
}

// forums returns the microcosms that the caller can read, and of those the ones in which
// they read only what is their own.
func (s *service) forums(ctx context.Context, v *visit) (all []forumRow, others, own []int64, err error) {
	heads, err := list(ctx, s.store.read, scanHead, selectHeads+"AND i.kind = 'microcosm' ORDER BY i.sticky DESC, i.id", v.site.ID, v.me())
	if err != nil {
		return nil, nil, nil, unavailable(err)
	}
	heads = slices.DeleteFunc(heads, func(h head) bool {
		p := v.of(&h)
		return !p.Read || !h.visible() && !p.Moderator
	})
	contents, err := s.store.contents(ctx, v.site.ID, heads...)
	if err != nil {
		return nil, nil, nil, unavailable(err)
	}
	for i := range heads {
		all = append(all, forumRow{heads[i], contents[heads[i].ID].Title})
		if v.of(&heads[i]).ReadOthers {
			others = append(others, heads[i].ID)
		} else {
			own = append(own, heads[i].ID)
		}
	}
	return all, others, own, nil
}

// readable is a condition on conversations i that the caller may read in these microcosms.
func (v *visit) readable(others, own []int64) string {
	return fmt.Sprintf(" AND (i.forum IN %s OR i.forum IN %s AND i.author = %d)", idList(others), idList(own), v.me())
}

func (s *service) listMicrocosms(ctx context.Context, in *forumapi.Paging) (a forumapi.Answer[forumapi.Microcosms], err error) {
	v, err := s.enter(ctx)
	if err == nil {
		err = v.checkPage(in)
	}
	if err != nil {
		return a, err
	}
	all, _, _, err := s.forums(ctx, v)
	if err != nil {
		return a, err
	}
	rows := all[min(int(in.Offset), len(all)):min(int(in.Offset+in.Limit), len(all))]
	heads := make([]head, len(rows))
	for i := range rows {
		heads[i] = rows[i].head
	}
	items := make([]forumapi.Microcosm, len(rows))
	contents, err := s.store.contents(ctx, v.site.ID, heads...)
	if err != nil {
		return a, unavailable(err)
	}
	for i := range heads {
		items[i] = v.microcosmOf(&heads[i], contents[heads[i].ID])
	}
	return answer(in.Echo, forumapi.Microcosms{Microcosms: pageOf(in, "/microcosms", nil, "/microcosms", int64(len(all)), items), Meta: v.listMeta()})
}

func (v *visit) microcosmOf(h *head, c content) forumapi.Microcosm {
	return forumapi.Microcosm{
		ID: h.ID, ParentID: h.Parent, Title: c.Title, Description: c.Markdown, Visibility: h.Visibility,
		ItemTypes: []string{kindConversation}, Meta: v.metaOf(h),
	}
}

func (s *service) getMicrocosm(ctx context.Context, in *forumapi.PageOf) (a forumapi.Answer[forumapi.Microcosm], err error) {
	v, err := s.enter(ctx)
	if err == nil {
		err = v.checkPage(&in.Paging)
	}
	if err != nil {
		return a, err
	}
	h, _, err := s.look(ctx, v, kindMicrocosm, in.ID)
	if err != nil {
		return a, err
	}
	m, err := s.microcosm(ctx, v, h)
	if err != nil {
		return a, err
	}
	page, err := s.conversations(ctx, v, &in.Paging, path(kindMicrocosm, h.ID), []forumRow{{head: *h}})
	m.Items = &page
	if err != nil {
		return a, err
	}
	return answer(in.Echo, m)
}

// microcosm returns a microcosm with those above it.
func (s *service) microcosm(ctx context.Context, v *visit, h *head) (forumapi.Microcosm, error) {
	all, _, _, err := s.forums(ctx, v)
	if err != nil {
		return forumapi.Microcosm{}, err
	}
	contents, err := s.store.contents(ctx, v.site.ID, *h)
	if err != nil {
		return forumapi.Microcosm{}, unavailable(err)
	}
	m := v.microcosmOf(h, contents[h.ID])
	for parent, depth := h.Parent, 0; parent != 0 && depth < mostDepth; depth++ {
		at := slices.IndexFunc(all, func(f forumRow) bool { return f.ID == parent })
		if at < 0 {
			break
		}
		m.Breadcrumb = append(m.Breadcrumb, crumbOf(&all[at]))
		parent = all[at].Parent
	}
	slices.Reverse(m.Breadcrumb)
	return m, nil
}

// mostDepth is how deep microcosms are in each other.
const mostDepth = 8

func crumbOf(f *forumRow) forumapi.Crumb {
	return forumapi.Crumb{ID: f.ID, Title: f.title, Href: href(kindMicrocosm, f.ID)}
}

func (s *service) tree(ctx context.Context, in *forumapi.Echo) (a forumapi.Answer[forumapi.Tree], err error) {
	v, err := s.enter(ctx)
	if err != nil {
		return a, err
	}
	all, _, _, err := s.forums(ctx, v)
	if err != nil {
		return a, err
	}
	var below func(parent int64, depth int) []forumapi.Branch
	below = func(parent int64, depth int) []forumapi.Branch {
		branches := []forumapi.Branch{}
		for i := range all {
			if all[i].Parent == parent && depth < mostDepth {
				branches = append(branches, forumapi.Branch{Crumb: crumbOf(&all[i]), Children: below(all[i].ID, depth+1)})
			}
		}
		return branches
	}
	return answer(*in, forumapi.Tree{Microcosms: below(0, 0)})
}

// checkParent returns an error if a microcosm can't be below another.
func (s *service) checkParent(ctx context.Context, v *visit, id, parent int64) error {
	for depth := 1; parent != 0; depth++ {
		if depth >= mostDepth || parent == id {
			return v.refuse(http.StatusBadRequest, codeRange, "microcosms are in each other 8 deep at most, and none is in itself")
		}
		h, _, err := s.look(ctx, v, kindMicrocosm, parent)
		if err != nil {
			return err
		}
		parent = h.Parent
	}
	return nil
}

func (s *service) addMicrocosm(ctx context.Context, in *forumapi.Change[forumapi.MicrocosmInput]) (a forumapi.Made[forumapi.Microcosm], err error) {
	v, err := s.member(ctx)
	if err != nil {
		return a, err
	}
	if !v.permissions(0, "public", 0).Moderator {
		return a, v.refuse(http.StatusForbidden, codeCreate, "only moderators of the site may make microcosms")
	}
	if err := s.checkParent(ctx, v, 0, in.Body.ParentID); err != nil {
		return a, err
	}
	id, err := s.store.add(ctx, s.now(), &newItem{
		Kind: kindMicrocosm, Visibility: in.Body.Visibility, Site: v.site.ID, Author: v.me(), Parent: in.Body.ParentID,
		content: content{Title: in.Body.Title, Markdown: in.Body.Description},
	})
	if err != nil {
		return a, unavailable(err)
	}
	h, _, err := s.look(ctx, v, kindMicrocosm, id)
	if err != nil {
		return a, err
	}
	m, err := s.microcosm(ctx, v, h)
	if err != nil {
		return a, err
	}
	return made(in.Echo, href(kindMicrocosm, id), m), nil
}

func (s *service) putMicrocosm(ctx context.Context, in *forumapi.ChangeOf[forumapi.MicrocosmEdit]) (a forumapi.Answer[forumapi.Microcosm], err error) {
	v, h, err := s.toEdit(ctx, kindMicrocosm, in.ID.ID)
	if err != nil {
		return a, err
	}
	if err := s.checkParent(ctx, v, h.ID, in.Body.ParentID); err != nil {
		return a, err
	}
	c := content{Title: in.Body.Title, Markdown: in.Body.Description}
	if err := s.store.edit(ctx, s.now(), v.site.ID, h, c, in.Body.Visibility, in.Body.ParentID, in.Body.Meta.EditReason); err != nil {
		return a, v.orNotHere(err)
	}
	if h, _, err = s.look(ctx, v, kindMicrocosm, h.ID); err != nil {
		return a, err
	}
	m, err := s.microcosm(ctx, v, h)
	if err != nil {
		return a, err
	}
	return answer(in.Echo, m)
}

// toEdit returns an item that the caller may change.
func (s *service) toEdit(ctx context.Context, kind string, id int64) (*visit, *head, error) {
	v, err := s.member(ctx)
	if err != nil {
		return nil, nil, err
	}
	h, p, err := s.look(ctx, v, kind, id)
	if err == nil && !p.Update {
		err = v.refuse(http.StatusForbidden, codeUpdate, "the caller may not change this")
	}
	return v, h, err
}
