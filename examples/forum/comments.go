package main

import (
	"context"
	"net/http"
	"strings"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
)

func (s *service) addComment(ctx context.Context, v *visit, in *forumapi.Change[forumapi.CommentInput]) (location string, c forumapi.Comment, err error) {
	h, p, err := s.look(ctx, v, kindConversation, in.Body.ItemID)
	switch {
	case err != nil:
		return "", c, err
	case !p.Create || !h.Open && !p.Moderator:
		return "", c, v.refuse(http.StatusForbidden, codeCreate, "the caller may not comment on this")
	}
	if in.Body.InReplyTo > 0 {
		to, _, err := s.look(ctx, v, kindComment, in.Body.InReplyTo)
		if err != nil && !isRefusal(err) {
			return "", c, err
		}
		if err != nil || to.Parent != h.ID {
			return "", c, v.refuse(http.StatusBadRequest, codeContent, "inReplyTo isn't a comment of this conversation")
		}
	}
	said, err := v.said(in.Body.Markdown)
	if err != nil {
		return "", c, err
	}
	id, err := s.store.add(ctx, s.now(), &newItem{
		Kind: kindComment, Visibility: "public", Site: v.site.ID, Author: v.me(), Parent: h.ID, Forum: h.Forum, To: in.Body.InReplyTo, content: said,
	})
	if err != nil {
		return "", c, err
	}
	s.live.wake(v.site.ID)
	c, err = s.comment(ctx, v, id)
	return href(kindComment, id), c, err
}

// said returns the contents of a comment, rendered.
func (v *visit) said(markdown string) (content, error) {
	if strings.TrimSpace(markdown) == "" {
		return content{}, v.refuse(http.StatusBadRequest, codeContent, "the comment is empty")
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
	return v.commentOf(h, contents[h.ID]), err
}

func (s *service) getComment(ctx context.Context, v *visit, in *forumapi.ID) (forumapi.Comment, error) {
	return s.comment(ctx, v, in.ID)
}

func (s *service) putComment(ctx context.Context, v *visit, in *forumapi.ChangeOf[forumapi.CommentEdit]) (c forumapi.Comment, err error) {
	h, err := s.toEdit(ctx, v, kindComment, in.ID.ID)
	if err != nil {
		return c, err
	}
	said, err := v.said(in.Body.Markdown)
	if err == nil {
		err = s.store.edit(ctx, s.now(), v.site.ID, h, said, "public", h.Forum, in.Body.Meta.EditReason)
	}
	if err != nil {
		return c, err
	}
	return s.comment(ctx, v, h.ID)
}
