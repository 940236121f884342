package main

import (
	"context"
	"net/http"
	"slices"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

// conversations returns a page of the conversations in some microcosms.
func (s *service) conversations(ctx context.Context, v *visit, in forumapi.Paging, at string, forums []head) (page forumapi.Page[forumapi.Conversation], err error) {
	others, own := v.readIn(forums)
	heads, total, err := s.store.heads(ctx, v.site.ID, v.me(), &filter{
		kind: kindConversation, where: " AND " + s.store.readable(4, 5, "i.author"), args: []any{s.store.ids(others), s.store.ids(own)},
		order: "i.sticky DESC, i.last_at DESC, i.id DESC", page: in, hidden: len(forums) == 1 && v.of(&forums[0]).Moderator,
	})
	if err != nil {
		return page, err
	}
	contents, err := s.store.contents(ctx, v.site.ID, heads...)
	items := make([]forumapi.Conversation, len(heads))
	for i := range heads {
		items[i] = v.conversationOf(&heads[i], contents[heads[i].ID])
	}
	return pageOf(in, at, nil, "/conversations", total, items), err
}

func (v *visit) conversationOf(h *head, c content) forumapi.Conversation {
	return forumapi.Conversation{
		ID: h.ID, MicrocosmID: h.Forum, Title: c.Title, CommentCount: h.Comments, ViewCount: h.Views, LastComment: h.LastComment, Meta: v.metaOf(h),
	}
}

func (s *service) listConversations(ctx context.Context, v *visit, in *forumapi.Paging) (a forumapi.Conversations, err error) {
	all, err := s.forums(ctx, v)
	if err != nil {
		return a, err
	}
	a.Meta = v.listMeta()
	a.Conversations, err = s.conversations(ctx, v, *in, "/conversations", all)
	return a, err
}

func (s *service) getConversation(ctx context.Context, v *visit, in *forumapi.PageOf) (forumapi.Conversation, error) {
	return s.conversation(ctx, v, in.ID, in.Paging)
}

// conversation returns a conversation with a page of its comments, and marks them as read
// by the caller.
func (s *service) conversation(ctx context.Context, v *visit, id int64, paging forumapi.Paging) (c forumapi.Conversation, err error) {
	h, p, err := s.look(ctx, v, kindConversation, id)
	if err != nil {
		return c, err
	}
	heads, total, err := s.store.heads(ctx, v.site.ID, v.me(), &filter{
		kind: kindComment, where: "AND i.parent = $4", args: []any{h.ID}, order: "i.id", page: paging, hidden: p.Moderator,
	})
	if err != nil {
		return c, err
	}
	contents, err := s.store.contents(ctx, v.site.ID, append(slices.Clip(heads), *h)...)
	if err != nil {
		return c, err
	}
	items := make([]forumapi.Comment, len(heads))
	for i := range heads {
		items[i] = v.commentOf(&heads[i], contents[heads[i].ID])
	}
	page := pageOf(paging, pathOf(kindConversation, h.ID), nil, "/comments", total, items)
	c = v.conversationOf(h, contents[h.ID])
	c.Comments = &page
	if len(heads) > 0 {
		s.later.read(v.me(), h.ID, heads[len(heads)-1].ID)
	}
	return c, nil
}

func (v *visit) commentOf(h *head, c content) forumapi.Comment {
	return forumapi.Comment{
		ID: h.ID, ItemType: kindConversation, ItemID: h.Parent, InReplyTo: h.ReplyTo, Markdown: c.Markdown, HTML: c.HTML, FirstLine: c.FirstLine,
		Revisions: h.Version, Attachments: h.Attachments, Meta: v.metaOf(h),
	}
}

// forumToFill returns a microcosm that the caller may add to.
func (s *service) forumToFill(ctx context.Context, v *visit, id int64) error {
	h, p, err := s.look(ctx, v, kindMicrocosm, id)
	switch {
	case err != nil:
		return err
	case !p.Create || !h.Open && !p.Moderator:
		return v.refuse(http.StatusForbidden, codeCreate, "the caller may not begin conversations in this microcosm")
	}
	return nil
}

// theFirst is the page for requests that don't ask for one.
func theFirst() forumapi.Paging { return forumapi.Paging{Limit: defaultItems} }

func (s *service) addConversation(ctx context.Context, v *visit, in *forumapi.Change[forumapi.ConversationInput]) (location string, c forumapi.Conversation, err error) {
	if err := s.forumToFill(ctx, v, in.Body.MicrocosmID); err != nil {
		return "", c, err
	}
	id, err := s.store.add(ctx, s.now(), &newItem{
		Kind: kindConversation, Visibility: "public", Site: v.site.ID, Author: v.me(), Parent: in.Body.MicrocosmID, Forum: in.Body.MicrocosmID,
		content: content{Title: in.Body.Title},
	})
	if err != nil {
		return "", c, err
	}
	c, err = s.conversation(ctx, v, id, theFirst())
	return href(kindConversation, id), c, err
}

func (s *service) putConversation(ctx context.Context, v *visit, in *forumapi.ChangeOf[forumapi.ConversationEdit]) (c forumapi.Conversation, err error) {
	h, err := s.toEdit(ctx, v, kindConversation, in.ID.ID)
	if err == nil && in.Body.MicrocosmID != h.Forum {
		err = s.forumToFill(ctx, v, in.Body.MicrocosmID)
	}
	if err == nil {
		err = s.store.edit(ctx, s.now(), v.site.ID, h, content{Title: in.Body.Title}, "public", in.Body.MicrocosmID, in.Body.Meta.EditReason)
	}
	if err != nil {
		return c, err
	}
	return s.conversation(ctx, v, h.ID, theFirst())
}

// toComment returns the page of a conversation that has a comment.
func (s *service) toComment(ctx context.Context, v *visit, page forumapi.Paging, conversation, comment int64) (location string, err error) {
	_, p, err := s.look(ctx, v, kindConversation, conversation)
	if err != nil {
		return "", err
	}
	where := ""
	if !p.Moderator {
		where = " AND deleted = 0 AND moderated = 0"
	}
	before, err := number(ctx, s.store.read, "SELECT COUNT(*) FROM items WHERE site = $1 AND kind = 'comment' AND parent = $2 AND id < $3"+where, v.site.ID, conversation, comment)
	return at(pathOf(kindConversation, conversation), nil, page.Limit, before/page.Limit*page.Limit), err
}

func (s *service) newComment(ctx context.Context, v *visit, in *forumapi.PageOf) (location string, err error) {
	h, _, err := s.look(ctx, v, kindConversation, in.ID)
	if err != nil {
		return "", err
	}
	return s.toComment(ctx, v, in.Paging, in.ID, min(h.ReadUpTo+1, max(h.LastComment, 1)))
}

func (s *service) lastComment(ctx context.Context, v *visit, in *forumapi.PageOf) (location string, err error) {
	h, _, err := s.look(ctx, v, kindConversation, in.ID)
	if err != nil {
		return "", err
	}
	return s.toComment(ctx, v, in.Paging, in.ID, h.LastComment)
}

func (s *service) inContext(ctx context.Context, v *visit, in *forumapi.PageOf) (location string, err error) {
	h, _, err := s.look(ctx, v, kindComment, in.ID)
	if err != nil {
		return "", err
	}
	return s.toComment(ctx, v, in.Paging, h.Parent, in.ID)
}
