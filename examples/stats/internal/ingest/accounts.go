package ingest

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

const (
	// freshFor is how long a key's target is cached.
	freshFor = 5 * time.Second
	// maxKnown is how many keys are cached before the cache is emptied: strangers can
	// make up any number of keys.
	maxKnown = 10_000
)

// A target is what a key stands for: an account, or a stat.
type target struct {
	account int64
	refused string // why nothing is taken, or ""
	stat    int64  // for classic calls
	counter bool
	until   time.Time
}

// targets caches what keys stand for.
type targets struct {
	now  func() time.Time
	rate float64

	mu     sync.Mutex
	known  map[string]target
	limits map[int64]*rate.Limiter
}

// get returns what a key stands for, from the cache or from look.
func (t *targets) get(key string, look func() (target, error)) (target, error) {
	now := t.now()
	t.mu.Lock()
	found, ok := t.known[key]
	t.mu.Unlock()
	if ok && now.Before(found.until) {
		return found, nil
	}
	found, err := look()
	if err != nil {
		return found, err
	}
	found.until = now.Add(freshFor)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil || len(t.known) >= maxKnown {
		t.known = map[string]target{}
	}
	t.known[key] = found
	return found, nil
}

// wait returns how long an account has to wait before it may send n more samples.
func (t *targets) wait(account int64, n int) time.Duration {
	if t.rate <= 0 {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.limits == nil {
		t.limits = map[int64]*rate.Limiter{}
	}
	limit := t.limits[account]
	if limit == nil {
		limit = rate.NewLimiter(rate.Limit(t.rate), max(maxSamples, int(t.rate)))
		t.limits[account] = limit
	}
	now := t.now()
	reservation := limit.ReserveN(now, n)
	delay := reservation.DelayFrom(now)
	if delay > 0 {
		reservation.CancelAt(now)
	}
	return delay
}

// An Accounts looks up keys. A [store.Store] is one.
type Accounts interface {
	AccountByKey(ctx context.Context, ezkey string) (store.Account, error)
	StatByClassic(ctx context.Context, userKey, key string) (store.Stat, error)
}

func lookUpKey(ctx context.Context, a Accounts, ezkey string) (target, error) {
	account, err := a.AccountByKey(ctx, ezkey)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return target{refused: "the ezkey isn't known"}, nil
	case err != nil:
		return target{}, err
	case !account.EZ:
		return target{refused: "the account takes no stats by its ezkey"}, nil
	}
	return target{account: account.ID}, nil
}

func lookUpClassic(ctx context.Context, a Accounts, userKey, key string) (target, error) {
	stat, err := a.StatByClassic(ctx, userKey, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return target{refused: "there is no stat with this key and ukey"}, nil
	case err != nil:
		return target{}, err
	}
	return target{account: stat.Account, stat: stat.ID, counter: stat.Counter}, nil
}
