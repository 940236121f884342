package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

func (s *service) search(ctx context.Context, v *visit, in *forumapi.Query) (a forumapi.Results, err error) {
	if strings.TrimSpace(in.Q) == "" {
		return a, v.refuse(http.StatusBadRequest, codeContent, "q has no word")
	}
	forums, err := s.forums(ctx, v)
	if err != nil {
		return a, err
	}
	if in.ForumID > 0 {
		forums = slices.DeleteFunc(forums, func(h head) bool { return h.ID != in.ForumID })
	}
	others, own := v.readIn(forums)
	query := url.Values{"q": {in.Q}}
	join, byRank, arg := s.store.searching(in.Q, 4)
	f := &filter{kind: kindComment, join: join, page: in.Paging, args: []any{arg, s.store.ids(others), s.store.ids(own)}, order: "i.id DESC"}
	if in.Type == kindConversation {
		f.kind, f.where = kindConversation, " AND "+s.store.readable(5, 6, "i.author")
		query.Set("type", in.Type)
	} else {
		f.where = " AND " + s.store.readable(5, 6, "COALESCE((SELECT q.author FROM items q WHERE q.id = i.parent), 0)") +
			" AND NOT EXISTS (SELECT 1 FROM items q WHERE q.id = i.parent AND (q.deleted = 1 OR q.moderated = 1))"
	}
	also := func(name, value, where string, arg any) {
		query.Set(name, value)
		f.args = append(f.args, arg)
		f.where += fmt.Sprintf(where, len(f.args)+3)
	}
	if in.AuthorID > 0 {
		also("authorId", fmt.Sprint(in.AuthorID), " AND i.author = $%d", in.AuthorID)
	}
	if !in.Since.IsZero() {
		also("since", in.Since.Format("2006-01-02T15:04:05Z07:00"), " AND i.created >= $%d", micros(in.Since))
	}
	if !in.Until.IsZero() {
		also("until", in.Until.Format("2006-01-02T15:04:05Z07:00"), " AND i.created < $%d", micros(in.Until))
	}
	if in.Following {
		query.Set("following", "true")
		f.where += " AND EXISTS (SELECT 1 FROM watchers w WHERE w.profile = $2 AND (w.item = i.id OR w.item = i.parent))"
	}
	if in.Has != "" {
		query.Set("has", in.Has)
		f.where += " AND i.attachments > 0"
	}
	if in.ForumID > 0 {
		query.Set("forumId", fmt.Sprint(in.ForumID))
	}
	switch in.Sort {
	case "oldest":
		f.order = "i.id"
	case "relevance":
		f.order = byRank + ", i.id DESC"
	}
	if in.Sort != "newest" {
		query.Set("sort", in.Sort)
	}
	return s.found(ctx, v, in, f, query)
}

// found returns a page of what a search finds.
func (s *service) found(ctx context.Context, v *visit, in *forumapi.Query, f *filter, query url.Values) (a forumapi.Results, err error) {
	ctx, cancel := context.WithTimeout(ctx, searchPatience)
	defer cancel()
	heads, total, err := s.store.heads(ctx, v.site.ID, v.me(), f)
	if err != nil && ctx.Err() != nil {
		return a, v.refuse(http.StatusInternalServerError, codeSearch, "the search takes too long")
	}
	if err != nil {
		return a, err
	}
	contents, err := s.store.contents(ctx, v.site.ID, heads...)
	items := make([]forumapi.Result, len(heads))
	for i := range heads {
		h, c := &heads[i], contents[heads[i].ID]
		text := c.Title
		if h.Kind == kindComment {
			text = c.FirstLine
		}
		items[i] = forumapi.Result{
			ItemType: h.Kind, ItemID: h.ID, ParentID: h.Parent, Text: text, Created: timeOf(h.Created),
			By: forumapi.Author{ID: h.Author, ProfileName: h.AuthorName, Avatar: h.AuthorAvatar}, Links: v.metaOf(h).Links,
		}
	}
	return forumapi.Results{Results: pageOf(in.Paging, "/search", query, "/search", total, items), Meta: v.listMeta()}, err
}
