package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/forum/forumapi"
	"github.com/rcrowley/go-tigertonic/examples/internal/mailer"
)

// People sign up, and choose a new password, with a code that is mailed to their address.
// Only those who read its mails learn whether it has an account.

const (
	codeFor      = time.Hour
	lengthOfCode = 43 // of 62 characters each: 256 bits
	mostMails    = 64
	mailsPerName = 3
	mailEvery    = 10 * time.Minute
)

// An outbox sends mails in the background. A full one refuses more.
type outbox struct{ queue chan mailer.Message }

func newOutbox() *outbox { return &outbox{make(chan mailer.Message, mostMails)} }

// put reports whether there was room for the mail.
func (o *outbox) put(m mailer.Message) bool {
	select {
	case o.queue <- m:
		return true
	default:
		return false
	}
}

// run sends mails until the context ends.
func (o *outbox) run(ctx context.Context, s *service) {
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-o.queue:
			if err := s.settings.Load().mailer.Send(ctx, m); err != nil {
				slog.Warn("can't send a mail", "error", err)
			}
		}
	}
}

// urlOf returns the URL of a path on the pages of a site.
func (s *service) urlOf(site *siteRow, path string) string {
	return strings.ReplaceAll(s.settings.Load().Public, "{site}", site.Subdomain) + path
}

func (s *service) sendCode(ctx context.Context, v *visit, in *forumapi.Change[forumapi.Address]) (forumapi.Nothing, error) {
	email := strings.ToLower(in.Body.Email)
	switch {
	case s.settings.Load().mailer == nil:
		return nil, v.refuse(http.StatusNotImplemented, codeContent, "this forum can't send mails; ask its owner for an account")
	case !s.codes.allow(email):
		return nil, v.refuse(http.StatusTooManyRequests, codeQuota, "too many codes were sent to this address")
	}
	code := tigertonic.RandomBase62String(lengthOfCode)
	if err := s.store.addCode(ctx, email, code, s.now().Add(codeFor)); err != nil {
		return nil, err
	}
	sent := s.mails.put(mailer.Message{
		To: email, Subject: "Your password for " + v.site.Title,
		Text: fmt.Sprintf("Choose a password for %s within an hour:\n\n%s\n\nIf you didn't ask for this, ignore this mail.\n", v.site.Title, s.urlOf(v.site, "/password?code="+code)),
	})
	if !sent {
		return nil, v.refuse(http.StatusTooManyRequests, codeQuota, "too many mails are waiting")
	}
	return nil, nil //nolint:nilnil // there is nothing to say
}

func (s *service) choosePassword(ctx context.Context, v *visit, in *forumapi.Change[forumapi.NewPassword]) (t forumapi.Token, err error) {
	wrong := v.refuse(http.StatusUnauthorized, codeLogin, "the code is wrong or has expired")
	known, err := number(ctx, s.store.read, "SELECT COUNT(*) FROM codes WHERE digest = $1 AND expires > $2", digestOf(in.Body.Code), micros(s.now()))
	if err != nil {
		return t, err
	}
	if known == 0 {
		return t, wrong // at little cost
	}
	kept, err := s.passwords.hash(ctx, in.Body.Password)
	if err != nil {
		return t, v.refuse(http.StatusTooManyRequests, codeQuota, "too many passwords are being chosen")
	}
	email, err := s.store.useCode(ctx, s.now(), in.Body.Code, kept)
	if err != nil {
		return t, err
	}
	if email == "" {
		return t, wrong
	}
	return s.newToken(ctx, v, email, nameOf(email))
}

// addCode stores the digest of a code, and replaces older ones of the address.
func (s *store) addCode(ctx context.Context, email, code string, expires time.Time) error {
	return s.inTx(ctx, func(tx queryer) error {
		if err := execute(ctx, tx, "DELETE FROM codes WHERE email = $1", email); err != nil {
			return err
		}
		return execute(ctx, tx, "INSERT INTO codes (digest, email, expires) VALUES ($1, $2, $3)", digestOf(code), email, micros(expires))
	})
}

// useCode sets the password of the address that a code was sent to, once, and revokes its
// tokens. It returns "" if the code is wrong.
func (s *store) useCode(ctx context.Context, now time.Time, code, password string) (email string, err error) {
	err = s.inTx(ctx, func(tx queryer) error {
		found, err := values[string](ctx, tx, "DELETE FROM codes WHERE digest = $1 AND expires > $2 RETURNING email", digestOf(code), micros(now))
		if err != nil || len(found) == 0 {
			return err
		}
		email = found[0]
		if err := setPassword(ctx, tx, email, password); err != nil {
			return err
		}
		return execute(ctx, tx, "DELETE FROM tokens WHERE profile IN (SELECT p.id FROM profiles p JOIN users u ON u.id = p.person WHERE u.email = $1)", email)
	})
	return email, err
}

// mailsAtATime is how many mails about updates one run of the job sends.
const mailsAtATime = 200

// A notice is an update that has to be mailed.
type notice struct {
	id, profile, item            int64
	kind, email, site, title, by string
}

// sendNotices mails updates to those who want that and may still read what they are about.
// It retries those that can't be sent in the next runs, for a day.
func (s *service) sendNotices(ctx context.Context, now time.Time) error {
	notices, err := list(ctx, s.store.read, func(n *notice) []any {
		return []any{&n.id, &n.profile, &n.item, &n.kind, &n.email, &n.site, &n.title, &n.by}
	}, `SELECT u.id, u.profile, u.item, i.kind, a.email, s.subdomain, s.title, b.name FROM updates u JOIN items i ON i.id = u.item JOIN profiles p ON p.id = u.profile
		JOIN users a ON a.id = p.person JOIN sites s ON s.id = u.site JOIN profiles b ON b.id = u.author WHERE u.mail = 1 AND u.created > $1 ORDER BY u.id LIMIT $2`,
		micros(now.Add(-24*time.Hour)), mailsAtATime)
	if err != nil {
		return err
	}
	for _, n := range notices {
		if err := s.sendNotice(ctx, &n); err != nil {
			return err
		}
		if err := execute(ctx, s.store.write, "UPDATE updates SET mail = 0 WHERE id = $1", n.id); err != nil {
			return err
		}
	}
	return nil
}

func (s *service) sendNotice(ctx context.Context, n *notice) error {
	v := &visit{host: n.site}
	a, err := s.store.arriveAs(ctx, n.site, n.profile)
	if err == nil {
		err = v.take(a)
	}
	if err != nil {
		return err
	}
	h, _, err := s.look(ctx, v, n.kind, n.item)
	if isRefusal(err) {
		return nil // they may no longer read it
	}
	if err != nil {
		return err
	}
	contents, err := s.store.contents(ctx, v.site.ID, *h)
	if err != nil {
		return err
	}
	c := contents[h.ID]
	return s.settings.Load().mailer.Send(ctx, mailer.Message{
		To: n.email, Subject: fmt.Sprintf("%s wrote on %s", n.by, n.title),
		Text: fmt.Sprintf("%s%s\n\n%s\n\nTo stop these mails, change what you watch.\n", c.Title, c.FirstLine, s.urlOf(v.site, fmt.Sprintf("/%ss/%d", n.kind, n.item))),
	})
}
