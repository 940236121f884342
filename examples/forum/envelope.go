package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json"
	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

// What every operation does before and after its own work is written here once: checking
// who may call it, paging, and the envelope.

// who returns the visit of a request, or an error if the operation isn't for its caller.
type who func(ctx context.Context) (*visit, error)

// An asked is the input of an operation.
type asked interface{ Asked() string }

// come returns the visit of a request, unless it asks for an impossible page.
func come(ctx context.Context, by who, in any) (*visit, error) {
	v, err := by(ctx)
	if p, ok := in.(interface{ Page() forumapi.Paging }); ok && err == nil {
		err = v.checkPage(p.Page())
	}
	return v, err
}

// answers is an operation that returns data.
func answers[In asked, T any](by who, f func(context.Context, *visit, *In) (T, error)) *tigertonic.Endpoint {
	return tigertonic.Typed(func(ctx context.Context, in *In) (a forumapi.Answer[T], err error) {
		v, err := come(ctx, by, in)
		if err != nil {
			return a, err
		}
		data, err := f(ctx, v, in)
		if err != nil {
			return a, err
		}
		return answer((*in).Asked(), data)
	})
}

// answer returns data in its envelope. The entity tag covers all of it, including the
// permissions, so a client never gets a 304 when something has changed.
func answer[T any](echo string, data T) (forumapi.Answer[T], error) {
	a := forumapi.Answer[T]{CacheControl: "no-cache", Link: linksOf(data), Body: envelope(echo, http.StatusOK, data)}
	if _, secret := any(data).(forumapi.Token); secret {
		a.CacheControl = "no-store"
		return a, nil
	}
	text, err := json.Marshal(&a.Body, json.Deterministic(true))
	digest := sha256.Sum256(text)
	a.ETag = `"` + base64.RawURLEncoding.EncodeToString(digest[:12]) + `"`
	return a, err
}

// makes is an operation that creates something, and returns it with its location.
func makes[In asked, T any](by who, f func(context.Context, *visit, *In) (location string, data T, err error)) *tigertonic.Endpoint {
	return tigertonic.Typed(func(ctx context.Context, in *In) (m forumapi.Made[T], err error) {
		v, err := come(ctx, by, in)
		if err != nil {
			return m, err
		}
		location, data, err := f(ctx, v, in)
		return forumapi.Made[T]{Location: location, Body: envelope((*in).Asked(), http.StatusCreated, data)}, err
	})
}

// leads is an operation that leads to a comment on its page.
func leads[In asked](by who, f func(context.Context, *visit, *In) (location string, err error)) *tigertonic.Endpoint {
	return tigertonic.Typed(func(ctx context.Context, in *In) (e forumapi.Elsewhere, err error) {
		v, err := come(ctx, by, in)
		if err != nil {
			return e, err
		}
		location, err := f(ctx, v, in)
		return forumapi.Elsewhere{Location: location}, err
	})
}

func envelope[T any](echo string, status int, data T) forumapi.Envelope[T] {
	return forumapi.Envelope[T]{Context: echo, Status: status, Data: data}
}

// linksOf returns the links of an answer's page as the header Link has them (RFC 8288).
func linksOf(data any) string {
	paged, ok := data.(interface{ PageLinks() []forumapi.Link })
	if !ok {
		return ""
	}
	var text []byte
	for i, l := range paged.PageLinks() {
		if i > 0 {
			text = append(text, ", "...)
		}
		text = fmt.Appendf(text, "<%s>; rel=%q", l.Href, l.Rel)
	}
	return string(text)
}

// The maximum and the default of items per page, and what the number must be a multiple of.
const (
	mostItems    = 250
	defaultItems = 25
	stepOfItems  = 5
	mostOffset   = 1e12
)

// checkPage returns an error for an impossible page.
func (v *visit) checkPage(p forumapi.Paging) error {
	switch {
	case p.Limit < stepOfItems || p.Limit > mostItems || p.Limit%stepOfItems != 0:
		return v.refuse(http.StatusBadRequest, codeRange, "limit must be a multiple of 5, from 5 to 250")
	case p.Offset < 0 || p.Offset > mostOffset || p.Offset%p.Limit != 0:
		return v.refuse(http.StatusBadRequest, codeRange, "offset must be a multiple of limit, and less than a trillion")
	}
	return nil
}

// pageOf returns a page of items, of which there are total, at a path with a query.
func pageOf[T any](p forumapi.Paging, path string, query url.Values, collection string, total int64, items []T) forumapi.Page[T] {
	pages := max(1, (total+p.Limit-1)/p.Limit)
	page := forumapi.Page[T]{
		Total: total, Limit: p.Limit, Offset: p.Offset, MaxOffset: (pages - 1) * p.Limit, TotalPages: pages, Page: p.Offset/p.Limit + 1,
		Type: forumapi.Base + collection, Items: items,
	}
	link := func(rel string, offset int64) {
		page.Links = append(page.Links, forumapi.Link{Rel: rel, Href: at(path, query, p.Limit, offset), Title: fmt.Sprint(offset/p.Limit + 1)})
	}
	if p.Offset > p.Limit {
		link("first", 0)
	}
	if p.Offset > 0 {
		link("prev", min(p.Offset-p.Limit, page.MaxOffset))
	}
	link("self", p.Offset)
	if p.Offset+p.Limit < total {
		link("next", p.Offset+p.Limit)
	}
	if p.Offset+p.Limit < page.MaxOffset {
		link("last", page.MaxOffset)
	}
	return page
}

// at returns where a page is.
func at(path string, query url.Values, limit, offset int64) string {
	q := url.Values{}
	maps.Copy(q, query)
	if limit != defaultItems {
		q.Set("limit", fmt.Sprint(limit))
	}
	if offset > 0 {
		q.Set("offset", fmt.Sprint(offset))
	}
	if len(q) == 0 {
		return forumapi.Base + path
	}
	return forumapi.Base + path + "?" + q.Encode()
}

// partOf returns a page of a list.
func partOf[T any](all []T, p forumapi.Paging) []T {
	total := int64(len(all))
	return all[min(p.Offset, total):min(p.Offset+p.Limit, total)]
}

// pathOf returns the path of an item below that of the API.
func pathOf(collection string, id int64) string { return fmt.Sprintf("/%ss/%d", collection, id) }

// href returns the path of an item.
func href(kind string, id int64) string { return forumapi.Base + pathOf(kind, id) }

// metaOf returns what is known about an item, for the caller.
func (v *visit) metaOf(h *head) forumapi.Meta {
	m := forumapi.Meta{
		Created: timeOf(h.Created), Edited: optional(h.Edited), EditReason: h.EditReason,
		CreatedBy: &forumapi.Author{ID: h.Author, ProfileName: h.AuthorName, Avatar: h.AuthorAvatar},
		Flags: forumapi.Flags{
			Sticky: h.Sticky, Open: h.Open, Deleted: h.Deleted, Moderated: h.Moderated, Visible: h.visible(),
			Unread: v.profile != nil && h.Kind == kindConversation && h.LastComment > h.ReadUpTo,
		},
		Links: []forumapi.Link{{Rel: "self", Href: href(h.Kind, h.ID)}}, Permissions: v.of(h),
	}
	if h.Parent > 0 && h.Kind == kindComment {
		m.Links = append(m.Links, forumapi.Link{Rel: "up", Href: href(kindConversation, h.Parent)})
	}
	return m
}

// listMeta is about a list: what the caller may do on the site.
func (v *visit) listMeta() forumapi.ListMeta {
	return forumapi.ListMeta{Permissions: v.permissions(0, "public", 0)}
}

// A patchable is a flag that a patch can set, and who may.
type patchable struct {
	name string
	may  func(p forumapi.Permissions, value bool) bool
}

// byModerators and others say who may set a flag.
func byModerators(p forumapi.Permissions, _ bool) bool { return p.Moderator }

func byOpeners(p forumapi.Permissions, open bool) bool {
	return p.Moderator || p.Owner && (open && p.OpenOwn || !open && p.CloseOwn)
}

func byDeleters(p forumapi.Permissions, deleted bool) bool { return p.Moderator || deleted && p.Delete }

// flagsOf returns the flags of a kind of items.
func flagsOf(kind string) map[string]patchable {
	flags := map[string]patchable{
		"/meta/flags/deleted": {"deleted", byDeleters}, "/meta/flags/moderated": {"moderated", byModerators},
	}
	if kind != kindComment {
		flags["/meta/flags/sticky"], flags["/meta/flags/open"] = patchable{"sticky", byModerators}, patchable{"open", byOpeners}
	}
	return flags
}

const mostPatches = 20

// checkPatches returns the flags that patches set. All of them are checked before any is
// applied.
func (v *visit) checkPatches(ops []forumapi.PatchOp, flags map[string]patchable, p forumapi.Permissions) (map[string]bool, error) {
	set := map[string]bool{}
	bad := func(format string, args ...any) error {
		return v.refuse(http.StatusBadRequest, codeContent, fmt.Sprintf(format, args...))
	}
	if len(ops) == 0 || len(ops) > mostPatches {
		return nil, bad("there are 1 to %d patches", mostPatches)
	}
	for i, op := range ops {
		value, isBool := op.Value.(bool)
		f, ok := flags[op.Path]
		switch {
		case op.Op == "add" || op.Op == "remove" || op.Op == "move" || op.Op == "copy" || op.Op == "test":
			return nil, v.refuse(http.StatusNotImplemented, codeContent, fmt.Sprintf("patch %d: only replace is implemented", i))
		case op.Op != "replace":
			return nil, bad("patch %d: %q is not an operation", i, op.Op)
		case !ok:
			return nil, bad("patch %d: %q is not a path that can be replaced", i, op.Path)
		case !isBool:
			return nil, bad("patch %d: the value must be true or false", i)
		case !f.may(p, value):
			return nil, v.refuse(http.StatusForbidden, codeUpdate, fmt.Sprintf("patch %d: the caller may not set %s to %t", i, f.name, value))
		}
		set[f.name] = value
	}
	return set, nil
}

// patch returns what applies patches to items of a kind.
func (s *service) patch(kind string) func(context.Context, *visit, *forumapi.Patches) (forumapi.Nothing, error) {
	return func(ctx context.Context, v *visit, in *forumapi.Patches) (forumapi.Nothing, error) {
		h, p, err := s.look(ctx, v, kind, in.ID.ID)
		if err != nil {
			return nil, err
		}
		flags, err := v.checkPatches(in.Body, flagsOf(kind), p)
		if err != nil {
			return nil, err
		}
		return nil, s.store.setFlags(ctx, v.site.ID, h, flags)
	}
}

// remove returns what deletes items of a kind, which may be gone already.
func (s *service) remove(kind string) func(context.Context, *visit, *forumapi.ID) (forumapi.Nothing, error) {
	return func(ctx context.Context, v *visit, in *forumapi.ID) (forumapi.Nothing, error) {
		h, err := s.store.head(ctx, v.site.ID, v.me(), kind, in.ID)
		if err == nil && !v.of(h).Delete {
			err = v.refuse(http.StatusForbidden, codeDelete, "the caller may not delete this")
		}
		if err != nil {
			return nil, err
		}
		return nil, s.store.setFlags(ctx, v.site.ID, h, map[string]bool{"deleted": true})
	}
}
