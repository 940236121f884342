package main

import (
	"context"
	"net/http"
	"strings"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

func (s *service) addComment(ctx context.Context, in *forumapi.Change[forumapi.CommentInput]) (a forumapi.Made[forumapi.Comment], err error) {
	v, err := s.member(ctx)
	if err != nil {
		return a, err
	}
	h, p, err := s.look(ctx, v, kindConversation, in.Body.ItemID)
	switch {
	case err != nil:
		return a, err
	case !p.Create || !h.Open && !p.Moderator:
		return a, v.refuse(http.StatusForbidden, codeCreate, "the caller may not comment on this")
	}
	if in.Body.InReplyTo > 0 {
		if to, _, err := s.look(ctx, v, kindComment, in.Body.InReplyTo); err != nil || to.Parent != h.ID {
			return a, v.refuse(http.StatusBadRequest, codeContent, "inReplyTo is not a comment of this conversation")
		}
	}
	c, err := s.said(v, in.Body.Markdown)
	if err != nil {
		return a, err
	}
	id, err := s.store.add(ctx, s.now(), &newItem{
		Kind: kindComment, Visibility: "public", Site: v.site.ID, Author: v.me(), Parent: h.ID, Forum: h.Forum, To: in.Body.InReplyTo, content: c,
	})
	if err != nil {
		return a, unavailable(err)
	}
	s.live.wake(v.site.ID)
	comment, err := s.comment(ctx, v, id)
	if err != nil {
		return a, err
	}
	return made(in.Echo, href(kindComment, id), comment), nil
}

// said returns what a comment says, rendered.
func (s *service) said(v *visit, markdown string) (content, error) {
	if strings.TrimSpace(markdown) == "" {
		return content{}, v.refuse(http.StatusBadRequest, codeContent, "the comment says nothing")
	}
	html, firstLine, err := render(markdown)
	if err != nil {
		return content{}, v.refuse(http.StatusBadRequest, codeContent, "the markdown can't be rendered")
	}
	return content{Markdown: markdown, HTML: html, FirstLine: firstLine}, nil
}

// comment returns a comment as the caller sees it.
func (s *service) comment(ctx context.Context, v *visit, id int64) (c forumapi.Comment, err error) {
	h, _, err := s.look(ctx, v, kindComment, id)
	if err != nil {
		return c, err
	}
	contents, err := s.store.contents(ctx, v.site.ID, *h)
	return v.commentOf(h, contents[h.ID]), unavailable(err)
}

func (s *service) getComment(ctx context.Context, in *forumapi.ID) (a forumapi.Answer[forumapi.Comment], err error) {
	v, err := s.enter(ctx)
	if err != nil {
		return a, err
	}
	c, err := s.comment(ctx, v, in.ID)
	if err != nil {
		return a, err
	}
	return answer(in.Echo, c)
}

func (s *service) putComment(ctx context.Context, in *forumapi.ChangeOf[forumapi.CommentEdit]) (a forumapi.Answer[forumapi.Comment], err error) {
	v, h, err := s.toEdit(ctx, kindComment, in.ID.ID)
	if err != nil {
		return a, err
	}
	said, err := s.said(v, in.Body.Markdown)
	if err != nil {
		return a, err
	}
	if err := s.store.edit(ctx, s.now(), v.site.ID, h, said, "public", h.Forum, in.Body.Meta.EditReason); err != nil {
		return a, v.orNotHere(err)
	}
	c, err := s.comment(ctx, v, h.ID)
	if err != nil {
		return a, err
	}
	return answer(in.Echo, c)
}
