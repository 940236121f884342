package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

// conversations returns a page of the conversations in some microcosms.
func (s *service) conversations(ctx context.Context, v *visit, in *forumapi.Paging, at string, forums []forumRow) (forumapi.Page[forumapi.Conversation], error) {
	var others, own []int64
	for i := range forums {
		if v.of(&forums[i].head).ReadOthers {
			others = append(others, forums[i].ID)
		} else {
			own = append(own, forums[i].ID)
		}
	}
	heads, total, err := s.store.heads(ctx, v.site.ID, v.me(), &filter{
		kind: kindConversation, where: v.readable(others, own), order: "i.sticky DESC, i.last_at DESC, i.id DESC", limit: in.Limit, offset: in.Offset,
		hidden: len(forums) > 0 && v.of(&forums[0].head).Moderator && len(forums) == 1,
	})
	if err != nil {
		return forumapi.Page[forumapi.Conversation]{}, unavailable(err)
	}
	contents, err := s.store.contents(ctx, v.site.ID, heads...)
	items := make([]forumapi.Conversation, len(heads))
	for i := range heads {
		items[i] = v.conversationOf(&heads[i], contents[heads[i].ID])
	}
	return pageOf(in, at, nil, "/conversations", total, items), unavailable(err)
}

func (v *visit) conversationOf(h *head, c content) forumapi.Conversation {
	return forumapi.Conversation{
		ID: h.ID, MicrocosmID: h.Forum, Title: c.Title, CommentCount: h.Comments, ViewCount: h.Views, LastComment: h.LastComment, Meta: v.metaOf(h),
	}
}

func (s *service) listConversations(ctx context.Context, in *forumapi.Paging) (a forumapi.Answer[forumapi.Conversations], err error) {
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
	page, err := s.conversations(ctx, v, in, "/conversations", all)
	if err != nil {
		return a, err
	}
	return answer(in.Echo, forumapi.Conversations{Conversations: page, Meta: v.listMeta()})
}

func (s *service) getConversation(ctx context.Context, in *forumapi.PageOf) (a forumapi.Answer[forumapi.Conversation], err error) {
	v, err := s.enter(ctx)
	if err == nil {
		err = v.checkPage(&in.Paging)
	}
	if err != nil {
		return a, err
	}
	c, err := s.conversation(ctx, v, in.ID, &in.Paging)
	if err != nil {
		return a, err
	}
	return answer(in.Echo, c)
}

// conversation returns a conversation with a page of its comments, and notes that the
// caller has read them.
func (s *service) conversation(ctx context.Context, v *visit, id int64, paging *forumapi.Paging) (c forumapi.Conversation, err error) {
	h, p, err := s.look(ctx, v, kindConversation, id)
	if err != nil {
		return c, err
	}
	heads, total, err := s.store.heads(ctx, v.site.ID, v.me(), &filter{
		kind: kindComment, where: "AND i.parent = $4", args: []any{h.ID}, order: "i.id", limit: paging.Limit, offset: paging.Offset, hidden: p.Moderator,
	})
	if err != nil {
		return c, unavailable(err)
	}
	contents, err := s.store.contents(ctx, v.site.ID, append(slices.Clip(heads), *h)...)
	if err != nil {
		return c, unavailable(err)
	}
	items := make([]forumapi.Comment, len(heads))
	for i := range heads {
		items[i] = v.commentOf(&heads[i], contents[heads[i].ID])
	}
	page := pageOf(paging, path(kindConversation, h.ID), nil, "/comments", total, items)
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

func (s *service) addConversation(ctx context.Context, in *forumapi.Change[forumapi.ConversationInput]) (a forumapi.Made[forumapi.Conversation], err error) {
	v, err := s.member(ctx)
	if err != nil {
		return a, err
	}
	if err := s.forumToFill(ctx, v, in.Body.MicrocosmID); err != nil {
		return a, err
	}
	id, err := s.store.add(ctx, s.now(), &newItem{
		Kind: kindConversation, Visibility: "public", Site: v.site.ID, Author: v.me(), Parent: in.Body.MicrocosmID, Forum: in.Body.MicrocosmID,
		content: content{Title: in.Body.Title},
	})
	if err != nil {
		return a, unavailable(err)
	}
	c, err := s.conversation(ctx, v, id, &forumapi.Paging{Limit: defaultItems})
	if err != nil {
		return a, err
	}
	return made(in.Echo, href(kindConversation, id), c), nil
}

func (s *service) putConversation(ctx context.Context, in *forumapi.ChangeOf[forumapi.ConversationEdit]) (a forumapi.Answer[forumapi.Conversation], err error) {
	v, h, err := s.toEdit(ctx, kindConversation, in.ID.ID)
	if err != nil {
		return a, err
	}
	if in.Body.MicrocosmID != h.Forum {
		if err := s.forumToFill(ctx, v, in.Body.MicrocosmID); err != nil {
			return a, err
		}
	}
	err = s.store.edit(ctx, s.now(), v.site.ID, h, content{Title: in.Body.Title}, "public", in.Body.MicrocosmID, in.Body.Meta.EditReason)
	if err != nil {
		return a, v.orNotHere(err)
	}
	c, err := s.conversation(ctx, v, h.ID, &forumapi.Paging{Limit: defaultItems})
	if err != nil {
		return a, err
	}
	return answer(in.Echo, c)
}

// toComment leads to the page of a conversation that has a comment, which find finds.
func (s *service) toComment(ctx context.Context, in *forumapi.PageOf, find func(v *visit) (conversation, comment int64, err error)) (a forumapi.Elsewhere, err error) {
	v, err := s.enter(ctx)
	if err == nil {
		err = v.checkPage(&in.Paging)
	}
	if err != nil {
		return a, err
	}
	conversation, comment, err := find(v)
	if err != nil {
		return a, err
	}
	_, p, err := s.look(ctx, v, kindConversation, conversation)
	if err != nil {
		return a, err
	}
	where := ""
	if !p.Moderator {
		where = " AND deleted = 0 AND moderated = 0"
	}
	before, err := number(ctx, s.store.read, "SELECT COUNT(*) FROM items WHERE site = $1 AND kind = 'comment' AND parent = $2 AND id < $3"+where, v.site.ID, conversation, comment)
	if err != nil {
		return a, unavailable(err)
	}
	query := url.Values{}
	if in.Limit != defaultItems {
		query.Set("limit", fmt.Sprint(in.Limit))
	}
	if offset := before / in.Limit * in.Limit; offset > 0 {
		query.Set("offset", fmt.Sprint(offset))
	}
	to := href(kindConversation, conversation)
	if len(query) > 0 {
		to += "?" + query.Encode()
	}
	return forumapi.Elsewhere{Location: to}, nil
}

func (s *service) newComment(ctx context.Context, in *forumapi.PageOf) (forumapi.Elsewhere, error) {
	return s.toComment(ctx, in, func(v *visit) (int64, int64, error) {
		h, _, err := s.look(ctx, v, kindConversation, in.ID)
		if err != nil {
			return 0, 0, err
		}
		return in.ID, min(h.ReadUpTo+1, max(h.LastComment, 1)), nil
	})
}

func (s *service) lastComment(ctx context.Context, in *forumapi.PageOf) (forumapi.Elsewhere, error) {
	return s.toComment(ctx, in, func(v *visit) (int64, int64, error) {
		h, _, err := s.look(ctx, v, kindConversation, in.ID)
		if err != nil {
			return 0, 0, err
		}
		return in.ID, h.LastComment, nil
	})
}

func (s *service) inContext(ctx context.Context, in *forumapi.PageOf) (forumapi.Elsewhere, error) {
	return s.toComment(ctx, in, func(v *visit) (int64, int64, error) {
		h, _, err := s.look(ctx, v, kindComment, in.ID)
		if err != nil {
			return 0, 0, err
		}
		return h.Parent, in.ID, nil
	})
}
