package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

// answer returns data in its envelope. The entity tag is of all of it, permissions
// included, so a client is never told that nothing has changed when it has.
func answer[T any](echo forumapi.Echo, data T) (forumapi.Answer[T], error) {
	a := forumapi.Answer[T]{CacheControl: "no-cache", Link: linksOf(data), Body: envelope(echo, http.StatusOK, data)}
	text, err := json.Marshal(&a.Body, json.Deterministic(true))
	digest := sha256.Sum256(text)
	a.ETag = `"` + base64.RawURLEncoding.EncodeToString(digest[:12]) + `"`
	return a, err
}

func envelope[T any](echo forumapi.Echo, status int, data T) forumapi.Envelope[T] {
	return forumapi.Envelope[T]{Context: echo.Context, Status: status, Data: data}
}

// nothing is the answer of what has nothing to say.
func nothing(echo forumapi.Echo) (forumapi.Answer[forumapi.Nothing], error) {
	return answer[forumapi.Nothing](echo, nil)
}

// made is the answer of what has made something.
func made[T any](echo forumapi.Echo, location string, data T) forumapi.Made[T] {
	return forumapi.Made[T]{Location: location, Body: envelope(echo, http.StatusCreated, data)}
}

// linksOf returns the links of an answer's page as the header Link has them (RFC 8288).
func linksOf(data any) string {
	var links []forumapi.Link
	switch x := data.(type) {
	case forumapi.Profiles:
		links = x.Profiles.Links
	case forumapi.Microcosms:
		links = x.Microcosms.Links
	case forumapi.Microcosm:
		if x.Items != nil {
			links = x.Items.Links
		}
	case forumapi.Conversations:
		links = x.Conversations.Links
	case forumapi.Conversation:
		if x.Comments != nil {
			links = x.Comments.Links
		}
	case forumapi.Watchers:
		links = x.Watchers.Links
	case forumapi.Updates:
		links = x.Updates.Links
	case forumapi.Roles:
		links = x.Roles.Links
	case forumapi.Attachments:
		links = x.Attachments.Links
	case forumapi.Results:
		links = x.Results.Links
	}
	text := make([]string, len(links))
	for i, l := range links {
		text[i] = fmt.Sprintf("<%s>; rel=%q", l.Href, l.Rel)
	}
	return strings.Join(text, ", ")
}

// Pages have this many items at most, and by default, of which many are a multiple.
const (
	mostItems    = 250
	defaultItems = 25
	stepOfItems  = 5
	mostOffset   = 1e12
)

// checkPage returns an error for a page that there can't be.
func (v *visit) checkPage(p *forumapi.Paging) error {
	switch {
	case p.Limit < stepOfItems || p.Limit > mostItems || p.Limit%stepOfItems != 0:
		return v.refuse(http.StatusBadRequest, codeRange, "limit must be a multiple of 5, from 5 to 250")
	case p.Offset < 0 || p.Offset > mostOffset || p.Offset%p.Limit != 0:
		return v.refuse(http.StatusBadRequest, codeRange, "offset must be a multiple of limit, and less than a trillion")
	}
	return nil
}

// pageOf returns a page of items, of which there are total, at a path with a query.
func pageOf[T any](p *forumapi.Paging, path string, query url.Values, collection string, total int64, items []T) forumapi.Page[T] {
	pages := max(1, (total+p.Limit-1)/p.Limit)
	page := forumapi.Page[T]{
		Total: total, Limit: p.Limit, Offset: p.Offset, MaxOffset: (pages - 1) * p.Limit, TotalPages: pages, Page: p.Offset/p.Limit + 1,
		Type: forumapi.Base + collection, Items: items,
	}
	link := func(rel string, offset int64) {
		q := url.Values{}
		maps.Copy(q, query)
		if p.Limit != defaultItems {
			q.Set("limit", fmt.Sprint(p.Limit))
		}
		if offset > 0 {
			q.Set("offset", fmt.Sprint(offset))
		}
		href := forumapi.Base + path
		if len(q) > 0 {
			href += "?" + q.Encode()
		}
		page.Links = append(page.Links, forumapi.Link{Rel: rel, Href: href, Title: fmt.Sprint(offset/p.Limit + 1)})
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

// path returns the path of an item below that of the API.
func path(collection string, id int64) string { return fmt.Sprintf("/%ss/%d", collection, id) }

// href returns the path of an item.
func href(kind string, id int64) string { return forumapi.Base + path(kind, id) }

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
			return nil, bad("patch %d: the value is true or false", i)
		case !f.may(p, value):
			return nil, v.refuse(http.StatusForbidden, codeUpdate, fmt.Sprintf("patch %d: the caller may not set %s to %t", i, f.name, value))
		}
		set[f.name] = value
	}
	return set, nil
}

// patch applies patches to an item.
func (s *service) patch(kind string) func(context.Context, *forumapi.Patches) (forumapi.Answer[forumapi.Nothing], error) {
	return func(ctx context.Context, in *forumapi.Patches) (a forumapi.Answer[forumapi.Nothing], err error) {
		v, err := s.member(ctx)
		if err != nil {
			return a, err
		}
		h, p, err := s.look(ctx, v, kind, in.ID.ID)
		if err != nil {
			return a, err
		}
		flags, err := v.checkPatches(in.Body, flagsOf(kind), p)
		if err != nil {
			return a, err
		}
		if err := s.store.setFlags(ctx, v.site.ID, h, flags); err != nil {
			return a, unavailable(err)
		}
		return nothing(in.Echo)
	}
}

// remove deletes an item, which may be gone already.
func (s *service) remove(kind string) func(context.Context, *forumapi.ID) (forumapi.Answer[forumapi.Nothing], error) {
	return func(ctx context.Context, in *forumapi.ID) (a forumapi.Answer[forumapi.Nothing], err error) {
		v, err := s.member(ctx)
		if err != nil {
			return a, err
		}
		h, err := s.store.head(ctx, v.site.ID, v.me(), kind, in.ID)
		if err != nil {
			return a, v.orNotHere(err)
		}
		if p := v.of(h); !p.Delete {
			return a, v.refuse(http.StatusForbidden, codeDelete, "the caller may not delete this")
		}
		if err := s.store.setFlags(ctx, v.site.ID, h, map[string]bool{"deleted": true}); err != nil {
			return a, unavailable(err)
		}
		return nothing(in.Echo)
	}
}

// orNotHere returns the error of a client for what isn't on its site, or of the database.
func (v *visit) orNotHere(err error) error {
	if errors.Is(err, errMissing) {
		return v.errNotHere()
	}
	return unavailable(err)
}
