package main

import (
	"context"
	"net/http"
	"slices"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

func (*service) getSite(_ context.Context, v *visit, _ *forumapi.Echo) (forumapi.Site, error) {
	return v.siteOf(v.site), nil
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

func (s *service) putSite(ctx context.Context, v *visit, in *forumapi.Change[forumapi.SiteInput]) (site forumapi.Site, err error) {
	err = change(ctx, s.store.write, "UPDATE sites SET title = $2, description = $3, edited = $4, edit_reason = $5 WHERE id = $1",
		v.site.ID, in.Body.Title, in.Body.Description, micros(s.now()), in.Body.Meta.EditReason)
	if err != nil {
		return site, err
	}
	row, err := s.store.site(ctx, v.site.Subdomain)
	if err != nil {
		return site, err
	}
	return v.siteOf(row), nil
}

// forums returns the microcosms that the caller can read.
func (s *service) forums(ctx context.Context, v *visit) ([]head, error) {
	heads, err := list(ctx, s.store.read, scanHead, selectHeads+"AND i.kind = 'microcosm' ORDER BY i.sticky DESC, i.id", v.site.ID, v.me())
	return slices.DeleteFunc(heads, func(h head) bool {
		p := v.of(&h)
		return !p.Read || !h.visible() && !p.Moderator
	}), err
}

// readIn divides microcosms into those in which the caller may read everything, and those
// in which they may read only their own.
func (v *visit) readIn(forums []head) (others, own []int64) {
	for i := range forums {
		if v.of(&forums[i]).ReadOthers {
			others = append(others, forums[i].ID)
		} else {
			own = append(own, forums[i].ID)
		}
	}
	return others, own
}

func (s *service) listMicrocosms(ctx context.Context, v *visit, in *forumapi.Paging) (a forumapi.Microcosms, err error) {
	all, err := s.forums(ctx, v)
	if err != nil {
		return a, err
	}
	heads := partOf(all, *in)
	contents, err := s.store.contents(ctx, v.site.ID, heads...)
	items := make([]forumapi.Microcosm, len(heads))
	for i := range heads {
		items[i] = v.microcosmOf(&heads[i], contents[heads[i].ID])
	}
	return forumapi.Microcosms{Microcosms: pageOf(*in, "/microcosms", nil, "/microcosms", int64(len(all)), items), Meta: v.listMeta()}, err
}

func (v *visit) microcosmOf(h *head, c content) forumapi.Microcosm {
	return forumapi.Microcosm{
		ID: h.ID, ParentID: h.Parent, Title: c.Title, Description: c.Markdown, Visibility: h.Visibility,
		ItemTypes: []string{kindConversation}, Meta: v.metaOf(h),
	}
}

func (s *service) getMicrocosm(ctx context.Context, v *visit, in *forumapi.PageOf) (m forumapi.Microcosm, err error) {
	h, _, err := s.look(ctx, v, kindMicrocosm, in.ID)
	if err != nil {
		return m, err
	}
	if m, err = s.microcosm(ctx, v, h); err != nil {
		return m, err
	}
	page, err := s.conversations(ctx, v, in.Paging, pathOf(kindMicrocosm, h.ID), []head{*h})
	m.Items = &page
	return m, err
}

// microcosm returns a microcosm with those above it.
func (s *service) microcosm(ctx context.Context, v *visit, h *head) (m forumapi.Microcosm, err error) {
	above := []head{*h}
	for len(above) <= mostDepth && above[len(above)-1].Parent != 0 {
		parent, _, err := s.look(ctx, v, kindMicrocosm, above[len(above)-1].Parent)
		if isRefusal(err) {
			break // the caller may not see it
		}
		if err != nil {
			return m, err
		}
		above = append(above, *parent)
	}
	contents, err := s.store.contents(ctx, v.site.ID, above...)
	m = v.microcosmOf(h, contents[h.ID])
	for i := len(above) - 1; i > 0; i-- {
		m.Breadcrumb = append(m.Breadcrumb, crumbOf(&above[i], contents[above[i].ID]))
	}
	return m, err
}

// mostDepth is how deep microcosms may be nested.
const mostDepth = 8

func crumbOf(h *head, c content) forumapi.Crumb {
	return forumapi.Crumb{ID: h.ID, Title: c.Title, Href: href(kindMicrocosm, h.ID)}
}

func (s *service) tree(ctx context.Context, v *visit, _ *forumapi.Echo) (t forumapi.Tree, err error) {
	all, err := s.forums(ctx, v)
	if err != nil {
		return t, err
	}
	contents, err := s.store.contents(ctx, v.site.ID, all...)
	var below func(parent int64, depth int) []forumapi.Branch
	below = func(parent int64, depth int) []forumapi.Branch {
		branches := []forumapi.Branch{}
		for i := range all {
			if all[i].Parent == parent && depth < mostDepth {
				branches = append(branches, forumapi.Branch{Crumb: crumbOf(&all[i], contents[all[i].ID]), Children: below(all[i].ID, depth+1)})
			}
		}
		return branches
	}
	return forumapi.Tree{Microcosms: below(0, 0)}, err
}

// checkParent returns an error if a microcosm can't be below another.
func (s *service) checkParent(ctx context.Context, v *visit, id, parent int64) error {
	for depth := 1; parent != 0; depth++ {
		if depth >= mostDepth || parent == id {
			return v.refuse(http.StatusBadRequest, codeRange, "microcosms can be nested 8 deep at most, and none can be in itself")
		}
		h, _, err := s.look(ctx, v, kindMicrocosm, parent)
		if err != nil {
			return err
		}
		parent = h.Parent
	}
	return nil
}

func (s *service) addMicrocosm(ctx context.Context, v *visit, in *forumapi.Change[forumapi.MicrocosmInput]) (location string, m forumapi.Microcosm, err error) {
	if !v.permissions(0, "public", 0).Moderator {
		return "", m, v.refuse(http.StatusForbidden, codeCreate, "only moderators of the site may make microcosms")
	}
	if err := s.checkParent(ctx, v, 0, in.Body.ParentID); err != nil {
		return "", m, err
	}
	id, err := s.store.add(ctx, s.now(), &newItem{
		Kind: kindMicrocosm, Visibility: in.Body.Visibility, Site: v.site.ID, Author: v.me(), Parent: in.Body.ParentID,
		content: content{Title: in.Body.Title, Markdown: in.Body.Description},
	})
	if err != nil {
		return "", m, err
	}
	m, err = s.microcosmAgain(ctx, v, id)
	return href(kindMicrocosm, id), m, err
}

// microcosmAgain returns a microcosm after a change.
func (s *service) microcosmAgain(ctx context.Context, v *visit, id int64) (m forumapi.Microcosm, err error) {
	h, _, err := s.look(ctx, v, kindMicrocosm, id)
	if err != nil {
		return m, err
	}
	return s.microcosm(ctx, v, h)
}

func (s *service) putMicrocosm(ctx context.Context, v *visit, in *forumapi.ChangeOf[forumapi.MicrocosmEdit]) (m forumapi.Microcosm, err error) {
	h, err := s.toEdit(ctx, v, kindMicrocosm, in.ID.ID)
	if err == nil {
		err = s.checkParent(ctx, v, h.ID, in.Body.ParentID)
	}
	if err == nil {
		c := content{Title: in.Body.Title, Markdown: in.Body.Description}
		err = s.store.edit(ctx, s.now(), v.site.ID, h, c, in.Body.Visibility, in.Body.ParentID, in.Body.Meta.EditReason)
	}
	if err != nil {
		return m, err
	}
	return s.microcosmAgain(ctx, v, h.ID)
}

// toEdit returns an item that the caller may change.
func (s *service) toEdit(ctx context.Context, v *visit, kind string, id int64) (*head, error) {
	h, p, err := s.look(ctx, v, kind, id)
	if err == nil && !p.Update {
		err = v.refuse(http.StatusForbidden, codeUpdate, "the caller may not change this")
	}
	return h, err
}
