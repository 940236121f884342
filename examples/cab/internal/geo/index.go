package geo

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"time"
)

// An Index has the positions of drivers. The plane is a grid of cells of 500 meters, each
// with its own lock, so that positions can be set during searches. A search for the n
// nearest goes ring by ring around the cell of the place, and ends once n have been found
// and the next ring can't have one that is nearer than the farthest of them.
//
// An Index covers a square. Drivers outside of it are kept in the cells at its edge, and a
// search finds them there.
//
// Its methods may be called concurrently. A driver that changes cells during a search may
// be found in either cell or in none, but never twice.
type Index struct {
	center Point
	side   int     // cells
	width  float64 // of a cell, meters
	cells  []cell
	shards [shards]shard
}

type cell struct {
	mu      sync.RWMutex
	drivers []Driver
}

const (
	shards   = 64
	cellSize = 500
)

// A shard has some of the drivers, by their IDs.
type shard struct {
	mu    sync.Mutex
	cells map[string]int32
}

// A Driver is one in an [Index].
type Driver struct {
	ID string
	At Point
	// Heading is where it is going, in degrees from north, and Seen when it was there.
	Heading float64
	Seen    time.Time
}

// A Hit is a driver, and how far it is away, in meters.
type Hit struct {
	Driver
	Meters float64
}

// NewIndex returns an index of a square with this center and this side, in meters.
func NewIndex(center Point, side float64) *Index {
	n := max(1, int(math.Ceil(side/cellSize)))
	x := &Index{center: center, side: n, width: cellSize, cells: make([]cell, n*n)}
	for i := range x.shards {
		x.shards[i].cells = map[string]int32{}
	}
	return x
}

// column and row return where a point is, in cells, on the grid without its edges.
func (x *Index) column(p Point) float64 {
	return (p.Lng-x.center.Lng)*math.Cos(x.center.Lat*math.Pi/180)*Degree/x.width + float64(x.side)/2
}

func (x *Index) row(p Point) float64 {
	return (p.Lat-x.center.Lat)*Degree/x.width + float64(x.side)/2
}

func (x *Index) clamp(v float64) int {
	return int(min(max(v, 0), float64(x.side-1)))
}

func (x *Index) cellOf(p Point) int32 {
	return int32(x.clamp(x.row(p))*x.side + x.clamp(x.column(p))) //nolint:gosec // there are fewer cells
}

func (x *Index) shard(id string) *shard {
	h := uint32(2166136261)
	for i := range len(id) {
		h = (h ^ uint32(id[i])) * 16777619
	}
	return &x.shards[h%shards]
}

// Set sets the position of a driver, unless a later one is known. It reports whether it
// did.
func (x *Index) Set(d Driver) bool {
	s := x.shard(d.ID)
	s.mu.Lock()
	defer s.mu.Unlock()
	to := x.cellOf(d.At)
	from, known := s.cells[d.ID]
	if known {
		old := &x.cells[from]
		old.mu.Lock()
		i := old.find(d.ID)
		if !d.Seen.After(old.drivers[i].Seen) {
			old.mu.Unlock()
			return false
		}
		if from == to {
			old.drivers[i] = d
			old.mu.Unlock()
			return true
		}
		old.remove(i)
		old.mu.Unlock()
	}
	fresh := &x.cells[to]
	fresh.mu.Lock()
	fresh.drivers = append(fresh.drivers, d)
	fresh.mu.Unlock()
	s.cells[d.ID] = to
	return true
}

func (c *cell) find(id string) int {
	for i := range c.drivers {
		if c.drivers[i].ID == id {
			return i
		}
	}
	return -1 // never, for the shard says that it is here
}

func (c *cell) remove(i int) {
	last := len(c.drivers) - 1
	c.drivers[i] = c.drivers[last]
	c.drivers[last] = Driver{}
	c.drivers = c.drivers[:last]
}

// Get returns a driver.
func (x *Index) Get(id string) (Driver, bool) {
	s := x.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	at, known := s.cells[id]
	if !known {
		return Driver{}, false
	}
	c := &x.cells[at]
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.drivers[c.find(id)], true
}

// Len returns how many drivers there are.
func (x *Index) Len() (n int) {
	for i := range x.shards {
		s := &x.shards[i]
		s.mu.Lock()
		n += len(s.cells)
		s.mu.Unlock()
	}
	return n
}

// Expire removes the drivers that were last seen before a time, and returns how many.
func (x *Index) Expire(before time.Time) (n int) {
	for i := range x.shards {
		s := &x.shards[i]
		s.mu.Lock()
		for id, at := range s.cells {
			c := &x.cells[at]
			c.mu.Lock()
			if j := c.find(id); c.drivers[j].Seen.Before(before) {
				c.remove(j)
				delete(s.cells, id)
				n++
			}
			c.mu.Unlock()
		}
		s.mu.Unlock()
	}
	return n
}

// Nearest returns up to n drivers that were seen at a time or later, the nearest first,
// none farther away than limit, in meters.
func (x *Index) Nearest(p Point, n int, limit float64, since time.Time) []Hit {
	if n <= 0 {
		return nil
	}
	best := make([]Hit, 0, n+1)
	row, column := x.row(p), x.column(p)
	r, c := x.clamp(row), x.clamp(column)
	inside := row >= 0 && row < float64(x.side) && column >= 0 && column < float64(x.side)
	for ring := 0; ring < x.side; ring++ {
		near := 0.0 // what is in this ring is at least as far as this
		if inside && ring > 0 {
			near = x.border(row, column, r, c, ring)
		}
		if near > limit || len(best) == n && near > best[n-1].Meters {
			break
		}
		x.ring(r, c, ring, func(cell *cell) { best = cell.nearest(best, p, n, limit, since) })
	}
	return distinct(best)
}

// border returns the distance from a place to the outside of the rings before this one. A
// cell's width in degrees is that of the center, so it is a little less elsewhere.
func (x *Index) border(row, column float64, r, c, ring int) float64 {
	d := min(row-float64(r-ring+1), float64(r+ring)-row, column-float64(c-ring+1), float64(c+ring)-column)
	const flat = 0.98
	return d * x.width * flat
}

// ring calls f for each cell of a ring.
func (x *Index) ring(r, c, ring int, f func(*cell)) {
	for i := max(0, r-ring); i <= min(x.side-1, r+ring); i++ {
		step := 1
		if i != r-ring && i != r+ring {
			step = 2 * ring // only its two ends
		}
		for j := c - ring; j <= c+ring; j += max(step, 1) {
			if j >= 0 && j < x.side {
				f(&x.cells[i*x.side+j])
			}
		}
	}
}

// nearest adds the drivers of a cell that are among the n nearest.
func (c *cell) nearest(best []Hit, p Point, n int, limit float64, since time.Time) []Hit {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for i := range c.drivers {
		d := &c.drivers[i]
		m := Distance(p, d.At)
		if m > limit || len(best) == n && m >= best[n-1].Meters || d.Seen.Before(since) {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, m, func(h Hit, m float64) int { return cmp.Compare(h.Meters, m) })
		best = slices.Insert(best, at, Hit{*d, m})
		best = best[:min(len(best), n)]
	}
	return best
}

func distinct(hits []Hit) []Hit {
	kept := hits[:0]
	for _, h := range hits {
		if !slices.ContainsFunc(kept, func(k Hit) bool { return k.ID == h.ID }) {
			kept = append(kept, h)
		}
	}
	return kept
}

// Sample returns up to n drivers: the same ones each time, as long as they are there.
func (x *Index) Sample(n int) []Driver {
	found := make([]Driver, 0, n)
	for i := range x.shards {
		s := &x.shards[i]
		s.mu.Lock()
		ids := make([]string, 0, len(s.cells))
		for id := range s.cells {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		for _, id := range ids[:min(len(ids), (n+shards-1)/shards)] {
			c := &x.cells[s.cells[id]]
			c.mu.RLock()
			found = append(found, c.drivers[c.find(id)])
			c.mu.RUnlock()
		}
		s.mu.Unlock()
	}
	return found[:min(len(found), n)]
}
