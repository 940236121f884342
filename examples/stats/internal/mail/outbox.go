// Package mail sends mails to accounts: a daily report, alerts, and news of stats that
// were created by counting under a new name.
package mail

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/internal/mailer"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

const (
	// maxWaiting is how many mails may wait.
	maxWaiting = 256
	// maxNews is how many new stats may wait to be announced.
	maxNews = 2000
	// perMail is how many new stats a mail names.
	perMail = 100
)

// An Outbox sends mails in the background. A full Outbox drops mails.
type Outbox struct {
	mailer *mailer.Mailer
	store  *store.Store
	base   string
	every  time.Duration // between mails of new stats
	queue  chan mailer.Message
	ctx    context.Context
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	mu   sync.Mutex
	news []store.MadeOfName

	// Counters of mails.
	Sent, Failed, Dropped atomic.Int64
}

// NewOutbox starts an outbox, which must be closed.
func NewOutbox(m *mailer.Mailer, s *store.Store, base string, every time.Duration) *Outbox {
	ctx, cancel := context.WithCancel(context.Background())
	o := &Outbox{mailer: m, store: s, base: base, every: every, queue: make(chan mailer.Message, maxWaiting), ctx: ctx, cancel: cancel}
	o.tasks.Go(o.run)
	return o
}

// Close stops the outbox.
func (o *Outbox) Close() {
	o.cancel()
	o.tasks.Wait()
}

// Send queues a mail.
func (o *Outbox) Send(msg mailer.Message) {
	if o.mailer == nil {
		return
	}
	select {
	case o.queue <- msg:
	default:
		o.Dropped.Add(1)
	}
}

// Made queues news of created stats for their owners. It doesn't block.
func (o *Outbox) Made(made []store.MadeOfName) {
	if o.mailer == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	room := min(maxNews-len(o.news), len(made))
	o.news = append(o.news, made[:room]...)
	o.Dropped.Add(int64(len(made) - room))
}

func (o *Outbox) run() {
	ticks := time.NewTicker(o.every)
	defer ticks.Stop()
	for {
		select {
		case <-o.ctx.Done():
			return
		case msg := <-o.queue:
			o.deliver(msg)
		case <-ticks.C:
			o.tellNews()
		}
	}
}

func (o *Outbox) deliver(msg mailer.Message) {
	if err := o.mailer.Send(o.ctx, msg); err != nil {
		o.Failed.Add(1)
		slog.Warn("can't send a mail", "to", msg.To, "error", err)
		return
	}
	o.Sent.Add(1)
}

// tellNews sends a mail to each account with new stats.
func (o *Outbox) tellNews() {
	o.mu.Lock()
	news := o.news
	o.news = nil
	o.mu.Unlock()
	slices.SortStableFunc(news, func(a, b store.MadeOfName) int { return cmp.Compare(a.Account, b.Account) })
	for len(news) > 0 {
		n := 1
		for n < len(news) && n < perMail && news[n].Account == news[0].Account {
			n++
		}
		account, err := o.store.AccountByID(o.ctx, news[0].Account)
		if err != nil {
			slog.Warn("can't tell an account about its new stats", "error", err)
			return
		}
		o.deliver(o.newsOf(account, news[:n]))
		news = news[n:]
	}
}

type newStat struct{ Name, Link string }

func (o *Outbox) newsOf(a store.Account, made []store.MadeOfName) mailer.Message {
	var text strings.Builder
	text.WriteString("These stats are new, for something was counted under their names. Whoever has a link can remove the stat.\n\n")
	all := make([]newStat, len(made))
	for i, m := range made {
		all[i] = newStat{m.Name, o.base + "/destroy/" + m.DestroyKey}
		text.WriteString(strings.Map(printable, m.Name) + "\n  " + all[i].Link + "\n")
	}
	html, err := render(`<!doctype html><html lang="en"><body><p>These stats are new, for something was counted under their names. Whoever has a link can remove the stat.</p>`+
		`<ul>{{range .}}<li>{{.Name}} (<a href="{{.Link}}">remove it</a>)</li>{{end}}</ul></body></html>`, all)
	if err != nil {
		slog.Error("can't compose a mail", "error", err)
	}
	subject := "New stat: " + made[0].Name
	if len(made) > 1 {
		subject = "New stats"
	}
	return mailer.Message{To: a.Email, Subject: subject, Text: text.String(), HTML: html}
}
