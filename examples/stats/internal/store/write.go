package store

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
)

// A Sample is a number to add to a stat.
type Sample struct {
	Stat    int64  // or 0, and then it is found by its name
	Name    string // of a stat that is made if there is none
	Counter bool   // whether it is a count, and not a value
	Minute  int64  // since 1970
	Value   float64
	Item    int // which element of a batch it is of: the store doesn't care
}

// A Write has the samples of a request. All of them are stored, or none.
type Write struct {
	Account int64
	Key     string // under which it is done once, or ""
	Digest  []byte // of the request with the key
	Samples []Sample

	// The outcome.
	Err  error        // *Mismatch or ErrOtherRequest: it isn't done, unlike the others
	Made []MadeOfName // stats that it has made
}

// MadeOfName is a stat that was created because there was none with its name.
type MadeOfName struct {
	Account    int64
	Name       string
	DestroyKey string // with which whoever has it can remove the stat
}

// ErrOtherRequest is returned if another request had the key.
var ErrOtherRequest = errors.New("another request had this Idempotency-Key")

// A Mismatch lists the samples of a write whose kind differs from their stat's.
type Mismatch struct{ Samples []int }

// Error says what is wrong.
func (*Mismatch) Error() string { return "the stat is of the other kind" }

// A Cell sums up what a stat received in a minute, an hour or a day; At is its number
// since 1970.
type Cell struct {
	Stat, At  int64
	Sum       float64
	N         int64
	Low, High float64
	Received  int64 // when the last of it was, in seconds since 1970
}

// add adds a number to the cell.
func (c *Cell) add(value float64) {
	if c.N == 0 {
		c.Low, c.High = value, value
	}
	c.Sum += value
	c.N++
	c.Low, c.High = min(c.Low, value), max(c.High, value)
}

// merge adds another cell to this one.
func (c *Cell) merge(o Cell) {
	if c.N == 0 {
		c.Low, c.High = o.Low, o.High
	}
	c.Sum += o.Sum
	c.N += o.N
	c.Low, c.High = min(c.Low, o.Low), max(c.High, o.High)
	c.Received = max(c.Received, o.Received)
}

// Apply does many writes in one transaction, and sets the outcome of each. If it returns
// an error, none of them is done. now is in seconds since 1970.
func (s *Store) Apply(ctx context.Context, now int64, writes []*Write) error {
	var g group
	err := s.tryTransaction(ctx, s.lockWait, func(tx *sql.Tx) error {
		g = group{s: s, tx: tx, now: now, writes: writes, done: map[*Write]bool{}, found: map[name]identity{}, missing: map[name]bool{}}
		return g.apply(ctx)
	})
	if err != nil {
		return unavailable(err)
	}
	s.known.add(g.head.generation, g.found)
	return nil
}

// A group holds the writes of one transaction.
type group struct {
	s      *Store
	tx     *sql.Tx
	now    int64
	writes []*Write
	head   head
	done   map[*Write]bool   // those that need nothing more
	found  map[name]identity // that the writes name
	// missing are the names without a stat.
	missing map[name]bool
}

func (g *group) apply(ctx context.Context) (err error) {
	s, tx := g.s, g.tx
	if g.head, err = s.head(ctx, tx); err != nil {
		return err
	}
	for _, w := range g.writes {
		w.Err, w.Made = nil, nil
	}
	if err := g.claim(ctx); err != nil {
		return err
	}
	if err := g.find(ctx); err != nil {
		return err
	}
	minutes, tens := g.gather()
	if len(tens) == 0 {
		return nil
	}
	if len(minutes) > 0 {
		if err := s.addCells(ctx, s, tx, "minutes", minutes); err != nil {
			return err
		}
	}
	return s.addCells(ctx, s, tx, "pending", tens)
}

// A head is the state of the database as a whole.
type head struct {
	generation  int64 // changes when stats are renamed, removed or brought back
	minutesFrom int64 // the first hour of which there are minutes
	hoursFrom   int64 // the first day of which there are hours
}

func (*Store) head(ctx context.Context, tx *sql.Tx) (h head, err error) {
	err = tx.QueryRowContext(ctx, `SELECT (SELECT value FROM meta WHERE name = 'generation'),
		(SELECT value FROM meta WHERE name = 'minutes_from'), (SELECT value FROM meta WHERE name = 'hours_from')`).
		Scan(&h.generation, &h.minutesFrom, &h.hoursFrom)
	return h, err
}

// claim inserts the keys of the writes. Writes that were done before, or whose key
// another request has, are done.
func (g *group) claim(ctx context.Context) error {
	var keyed []*Write
	for _, w := range g.writes {
		if w.Key != "" {
			keyed = append(keyed, w)
		}
	}
	slices.SortStableFunc(keyed, func(a, b *Write) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Key, b.Key))
	})
	for _, w := range keyed {
		result, err := g.tx.ExecContext(ctx, `INSERT INTO requests (account, key, digest, made) VALUES ($1, $2, $3, $4)
			ON CONFLICT (account, key) DO NOTHING`, w.Account, w.Key, w.Digest, g.now)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return err
		}
		if n == 1 {
			continue
		}
		var digest []byte
		if err := g.tx.QueryRowContext(ctx, "SELECT digest FROM requests WHERE account = $1 AND key = $2", w.Account, w.Key).Scan(&digest); err != nil {
			return err
		}
		g.done[w] = true
		if !bytes.Equal(digest, w.Digest) {
			w.Err = ErrOtherRequest
		}
	}
	return nil
}

// refuse refuses a write, and deletes its key again.
func (g *group) refuse(ctx context.Context, w *Write, wrong []int) error {
	g.done[w], w.Err = true, &Mismatch{wrong}
	if w.Key == "" {
		return nil
	}
	_, err := g.tx.ExecContext(ctx, "DELETE FROM requests WHERE account = $1 AND key = $2", w.Account, w.Key)
	return err
}

type place struct{ stat, at int64 }

// gather merges the samples of the writes into sorted cells.
func (g *group) gather() (minutes, tens []Cell) {
	byMinute := map[place]*Cell{}
	for _, w := range g.writes {
		if g.done[w] {
			continue
		}
		for i := range w.Samples {
			sample := &w.Samples[i]
			stat := sample.Stat
			if stat == 0 {
				stat = g.found[name{w.Account, sample.Name}].stat
			}
			at := place{stat, sample.Minute}
			c := byMinute[at]
			if c == nil {
				c = &Cell{Stat: stat, At: sample.Minute, Received: g.now}
				byMinute[at] = c
			}
			c.add(sample.Value)
		}
	}
	byTen := map[place]*Cell{}
	for at, c := range byMinute {
		if at.at/60 >= g.head.minutesFrom {
			minutes = append(minutes, *c)
		}
		mergeInto(byTen, place{at.stat, at.at / 10}, *c)
	}
	return sorted(minutes), sorted(values(byTen))
}

// mergeInto merges a cell into the one at a place.
func mergeInto(cells map[place]*Cell, at place, c Cell) {
	if cells[at] == nil {
		cells[at] = &Cell{Stat: at.stat, At: at.at}
	}
	cells[at].merge(c)
}

func byPlace(a, b Cell) int { return cmp.Or(cmp.Compare(a.Stat, b.Stat), cmp.Compare(a.At, b.At)) }
