package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/secret"
)

// A name is the name of a stat in an account.
type name struct {
	account int64
	text    string
}

// An identity is what a write needs to know about a stat.
type identity struct {
	stat    int64
	counter bool
}

// names caches the stats of recent writes. The cache is only good for one generation of
// the database.
type names struct {
	mu         sync.Mutex
	generation int64
	byName     map[name]identity
}

// maxNames is how many stats are cached before the cache is emptied.
const maxNames = 100_000

func (n *names) get(generation int64, key name) (identity, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.generation != generation {
		return identity{}, false
	}
	id, ok := n.byName[key]
	return id, ok
}

func (n *names) add(generation int64, found map[name]identity) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.generation != generation || n.byName == nil || len(n.byName)+len(found) > maxNames {
		n.generation, n.byName = generation, map[name]identity{}
	}
	maps.Copy(n.byName, found)
}

// find finds the stats that the writes name, and creates the missing ones. It refuses
// writes whose kind differs from the stat's, before it creates anything for them.
func (g *group) find(ctx context.Context) error {
	wanted := map[name]bool{} // whether it is to be a counter
	for _, w := range g.writes {
		if g.done[w] {
			continue
		}
		if err := g.lookUp(ctx, w); err != nil {
			return err
		}
		fresh := map[name]bool{}
		wrong := w.wrong(func(key name) (counter, ok bool) {
			if id, ok := g.found[key]; ok {
				return id.counter, true
			}
			if counter, ok = wanted[key]; !ok {
				counter, ok = fresh[key]
			}
			return counter, ok
		}, func(key name, counter bool) { fresh[key] = counter })
		if wrong != nil {
			if err := g.refuse(ctx, w, wrong); err != nil {
				return err
			}
			continue
		}
		maps.Copy(wanted, fresh)
	}
	if err := g.makeAll(ctx, wanted); err != nil || len(wanted) == 0 {
		return err
	}
	// Another process may meanwhile have created one of them with the other kind.
	for _, w := range g.writes {
		if g.done[w] {
			continue
		}
		wrong := w.wrong(func(key name) (bool, bool) { return g.found[key].counter, true }, nil)
		if wrong != nil {
			if err := g.refuse(ctx, w, wrong); err != nil {
				return err
			}
		}
	}
	return nil
}

// wrong returns the samples whose kind isn't the one from kindOf. It calls isNew for
// stats that kindOf doesn't know.
func (w *Write) wrong(kindOf func(name) (counter, ok bool), isNew func(key name, counter bool)) (wrong []int) {
	for i := range w.Samples {
		sample := &w.Samples[i]
		if sample.Stat != 0 {
			continue
		}
		key := name{w.Account, sample.Name}
		counter, ok := kindOf(key)
		switch {
		case !ok:
			isNew(key, sample.Counter)
		case counter != sample.Counter:
			wrong = append(wrong, i)
		}
	}
	return wrong
}

// lookUp finds the existing stats of a write, with one query for each name.
func (g *group) lookUp(ctx context.Context, w *Write) error {
	for i := range w.Samples {
		if w.Samples[i].Stat != 0 {
			continue
		}
		key := name{w.Account, w.Samples[i].Name}
		if _, ok := g.found[key]; ok {
			continue
		}
		if id, ok := g.s.known.get(g.head.generation, key); ok {
			g.found[key] = id
			continue
		}
		if g.missing[key] {
			continue
		}
		id, err := g.selectIdentity(ctx, key)
		switch {
		case err == nil:
			g.found[key] = id
		case errors.Is(err, sql.ErrNoRows):
			g.missing[key] = true
		default:
			return err
		}
	}
	return nil
}

func (g *group) selectIdentity(ctx context.Context, key name) (id identity, err error) {
	err = g.tx.QueryRowContext(ctx, "SELECT id, counter = 1 FROM stats WHERE account = $1 AND name = $2 AND trashed = 0",
		key.account, key.text).Scan(&id.stat, &id.counter)
	return id, err
}

// makeAll creates stats, in an order that is the same in all processes.
func (g *group) makeAll(ctx context.Context, wanted map[name]bool) error {
	order := make([]name, 0, len(wanted))
	for key := range wanted {
		order = append(order, key)
	}
	slices.SortFunc(order, func(a, b name) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.text, b.text))
	})
	for _, key := range order {
		destroy := secret.New()
		id := identity{counter: wanted[key]}
		err := g.tx.QueryRowContext(ctx, `INSERT INTO stats (account, public_id, name, counter, classic_key, embed_key, destroy_key, created)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (account, name) WHERE trashed = 0 DO NOTHING RETURNING id`,
			key.account, secret.NewID(), key.text, number(id.counter), secret.New(), secret.New(), secret.Digest(destroy), g.now).Scan(&id.stat)
		if errors.Is(err, sql.ErrNoRows) {
			id, err = g.selectIdentity(ctx, key)
			destroy = ""
		}
		if err != nil {
			return err
		}
		g.found[key] = id
		if destroy != "" {
			g.tell(MadeOfName{key.account, key.text, destroy})
		}
	}
	return nil
}

// tell adds a created stat to the first write that names it.
func (g *group) tell(made MadeOfName) {
	for _, w := range g.writes {
		if g.done[w] || w.Account != made.Account {
			continue
		}
		for i := range w.Samples {
			if w.Samples[i].Stat == 0 && w.Samples[i].Name == made.Name {
				w.Made = append(w.Made, made)
				return
			}
		}
	}
}

// number returns a bool as the databases store it.
func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
