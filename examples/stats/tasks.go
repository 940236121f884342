package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/alert"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/mail"
)

const (
	rollUpEvery = 15 * time.Second
	keepEvery   = 10 * time.Minute
	trashFor    = 48 * time.Hour
)

// keep carries what is pending over to hours and days, and forgets what is old.
func (p *process) keep(ctx context.Context) {
	rollUp, old := time.NewTicker(rollUpEvery), time.NewTicker(keepEvery)
	defer rollUp.Stop()
	defer old.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-rollUp.C:
			_, err = p.store.RollUp(ctx)
		case <-old.C:
			now := time.Now()
			err = p.store.Keep(ctx, now.Unix()/3600-p.options.keepMinutes, now.Unix()/86400-p.options.keepHours, now.Add(-trashFor).Unix(), now.Unix())
		}
		if err != nil && ctx.Err() == nil {
			slog.Warn("the upkeep of the database failed", "error", err)
		}
	}
}

const (
	leaseFor  = 30 // seconds
	leadEvery = 5 * time.Second
)

// lead does what one process of many does: it looks at alerts. Which one that is, a lease
// in the database says; whoever has lost it without knowing does no harm, for each turn
// of an alert is made once.
func (p *process) lead(ctx context.Context) {
	holder := tigertonic.RandomBase62String(16)
	ticks := time.NewTicker(leadEvery)
	defer ticks.Stop()
	var nextReport time.Time
	for {
		select {
		case <-ctx.Done():
			_ = p.store.Release(context.WithoutCancel(ctx), "leader", holder) // or it expires
			return
		case <-ticks.C:
		}
		held, err := p.store.Lease(ctx, "leader", holder, leaseFor)
		if err == nil && held {
			err = p.leadOnce(ctx, &nextReport)
		}
		if err != nil && ctx.Err() == nil {
			slog.Warn("a task that one process does for all failed", "error", err)
		}
	}
}

// reportEvery is how long after reports were sent, or couldn't be, it is looked for others.
const reportEvery = time.Minute

func (p *process) leadOnce(ctx context.Context, nextReport *time.Time) error {
	now := time.Now()
	err := alert.Evaluate(ctx, p.store, now, func(e alert.Event) {
		p.hooks.Send(e)
		p.outbox.Send(mail.Alert(e, p.options.baseURL()))
	})
	if now.UTC().Hour() < p.options.reportAt || now.Before(*nextReport) {
		return err
	}
	*nextReport = now.Add(reportEvery)
	return errors.Join(err, p.reports.Send(ctx, now.Unix()/86400-1))
}
