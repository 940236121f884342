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

func (s *service) search(ctx context.Context, in *forumapi.Query) (a forumapi.Answer[forumapi.Results], err error) {
	v, err := s.enter(ctx)
	if err == nil {
		err = v.checkPage(&in.Paging)
	}
	if err != nil {
		return a, err
	}
	_, others, own, err := s.forums(ctx, v)
	if err != nil {
		return a, err
	}
	if in.ForumID > 0 {
		only := func(id int64) bool { return id != in.ForumID }
		others, own = slices.DeleteFunc(others, only), slices.DeleteFunc(own, only)
	}
	query := url.Values{"q": {in.Q}}
	condition, arg := s.store.searching(in.Q, 4)
	if strings.TrimSpace(in.Q) == "" {
		return a, v.refuse(http.StatusBadRequest, codeContent, "q has no word")
	}
	f := &filter{kind: kindComment, byWords: true, limit: in.Limit, offset: in.Offset, args: []any{arg}, order: "i.id DESC"}
	f.where = condition + fmt.Sprintf(` AND (i.forum IN %s OR i.forum IN %s AND COALESCE((SELECT q.author FROM items q WHERE q.id = i.parent), 0) = %d)
		AND NOT EXISTS (SELECT 1 FROM items q WHERE q.id = i.parent AND (q.deleted = 1 OR q.moderated = 1))`, idList(others), idList(own), v.me())
	if in.Type == kindConversation {
		f.kind, f.where = kindConversation, condition+v.readable(others, own)
		query.Set("type", in.Type)
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
	if in.Sort == "oldest" {
		query.Set("sort", in.Sort)
		f.order = "i.id"
	}
	return s.found(ctx, v, in, f, query)
}

// found returns a page of what a search finds.
func (s *service) found(ctx context.Context, v *visit, in *forumapi.Query, f *filter, query url.Values) (a forumapi.Answer[forumapi.Results], err error) {
	ctx, cancel := context.WithTimeout(ctx, searchPatience)
	defer cancel()
	heads, total, err := s.store.heads(ctx, v.site.ID, v.me(), f)
	if err != nil && ctx.Err() != nil {
		return a, v.refuse(http.StatusInternalServerError, codeSearch, "the search takes too long")
	}
	if err != nil {
		return a, unavailable(err)
	}
	contents, err := s.store.contents(ctx, v.site.ID, heads...)
	if err != nil {
		return a, unavailable(err)
	}
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
	return answer(in.Echo, forumapi.Results{Results: pageOf(&in.Paging, "/search", query, "/search", total, items), Meta: v.listMeta()})
}
