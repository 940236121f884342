package main

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"time"
)

// What reading changes is written later: up to which comment somebody has read, and view
// counts. The queue is bounded, and what doesn't fit is dropped and counted, so a reader
// never waits for it.

const (
	laterQueue = 4096
	laterEvery = 500 * time.Millisecond
	viewsEvery = time.Minute // each changes an ETag
	mostMarks  = 512
)

// A readMark is up to where a profile, or 0, has read.
type readMark struct{ profile, item, comment int64 }

type later struct {
	store   *store
	marks   chan readMark
	dropped atomic.Int64
	views   map[int64]int64 // by item, of run
}

func newLater(s *store) *later {
	return &later{store: s, marks: make(chan readMark, laterQueue), views: map[int64]int64{}}
}

// read records that somebody has read up to a comment.
func (l *later) read(profile, item, comment int64) {
	select {
	case l.marks <- readMark{profile, item, comment}:
	default:
		l.dropped.Add(1)
	}
}

// run writes what was recorded until the context ends, and then the rest.
func (l *later) run(ctx context.Context) {
	tick := time.NewTicker(laterEvery)
	defer tick.Stop()
	for last := time.Now(); ctx.Err() == nil; {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
		l.flush(context.WithoutCancel(ctx))
		if time.Since(last) >= viewsEvery || ctx.Err() != nil {
			last = time.Now()
			l.flushViews(context.WithoutCancel(ctx))
		}
	}
}

func (l *later) flushViews(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, laterPatience)
	defer cancel()
	if len(l.views) == 0 {
		return
	}
	err := l.store.inTx(ctx, func(tx queryer) error {
		for _, item := range slices.Sorted(maps.Keys(l.views)) { // two processes lock rows in one order
			if err := execute(ctx, tx, "UPDATE items SET views = views + $2 WHERE id = $1", item, l.views[item]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		l.dropped.Add(int64(len(l.views)))
		slog.Warn("view counts can't be written", "items", len(l.views), "error", err)
	}
	clear(l.views)
}

func (l *later) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, laterPatience)
	defer cancel()
	for {
		var marks []readMark
		for len(marks) < mostMarks {
			select {
			case m := <-l.marks:
				l.views[m.item]++
				marks = append(marks, m)
				continue
			default:
			}
			break
		}
		if len(marks) == 0 {
			return
		}
		if err := l.store.markRead(ctx, marks); err != nil {
			l.dropped.Add(int64(len(marks)))
			slog.Warn("read marks can't be written", "marks", len(marks), "error", err)
			return
		}
	}
}

const laterPatience = 5 * time.Second

// markRead writes up to where profiles have read.
func (s *store) markRead(ctx context.Context, marks []readMark) error {
	last := map[[2]int64]int64{}
	for _, m := range marks {
		if m.profile != 0 {
			key := [2]int64{m.profile, m.item}
			last[key] = max(last[key], m.comment)
		}
	}
	greatest := "MAX"
	if s.url != "" {
		greatest = "GREATEST"
	}
	if len(last) == 0 {
		return nil
	}
	return s.inTx(ctx, func(tx queryer) error {
		for key, comment := range last {
			err := execute(ctx, tx, `INSERT INTO reads (profile, item, comment) VALUES ($1, $2, $3)
				ON CONFLICT (profile, item) DO UPDATE SET comment = `+greatest+`(reads.comment, excluded.comment)`, key[0], key[1], comment)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
