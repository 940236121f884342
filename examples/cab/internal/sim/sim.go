// Package sim moves drivers around a city whose streets form a grid. The same seed makes
// the same drivers take the same turns.
package sim

import (
	"iter"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/geo"
)

const (
	block   = 150.0  // between two streets, meters
	half    = 19_950 // of the city: 133 blocks
	spread  = 5_000  // of the drivers, at first
	ranks   = 40
	idle    = 0.30 // of the drivers, at ranks
	resting = 0.08 // of the drivers, off shift
	lost    = 0.05 // of the reports
	late    = 0.02 // of the reports

	every  = 5 * time.Second
	jitter = 2 * time.Second
)

// A Report is where a driver says they are.
type Report struct {
	ID      string
	At      geo.Point
	Heading float64
	Seen    time.Time // before it arrives, if it is late
}

// A City has drivers on its streets. It isn't safe for concurrent use.
type City struct {
	center  geo.Point
	random  *rand.Rand
	ranks   [][2]int
	drivers []driver
	held    []Report // that are late
}

type driver struct {
	id        string
	x, y      int     // the crossing that it comes from
	direction int     // 0 is north, and then clockwise
	along     float64 // meters from the crossing
	speed     float64
	waits     time.Time // until when it stands
	off       bool      // shift
	moved     time.Time
	next      time.Time // report
}

// New returns a city with n drivers, d0 and so on, at a time.
func New(center geo.Point, n int, seed uint64, at time.Time) *City {
	c := &City{center: center, random: rand.New(rand.NewPCG(seed, 2014))} //nolint:gosec // it is to be the same again
	for range ranks {
		c.ranks = append(c.ranks, c.crossing())
	}
	c.drivers = make([]driver, n)
	for i := range c.drivers {
		d := &c.drivers[i]
		place := c.crossing()
		d.id, d.x, d.y, d.direction, d.moved = "d"+strconv.Itoa(i), place[0], place[1], c.random.IntN(4), at
		d.speed, d.off = c.pace(at), c.random.Float64() < resting
		if c.random.Float64() < idle {
			rank := c.ranks[c.random.IntN(ranks)]
			d.x, d.y, d.waits = rank[0], rank[1], at.Add(c.upTo(10*time.Minute))
		}
		d.next = at.Add(c.upTo(every))
	}
	return c
}

// crossing returns one that is more likely to be near the center.
func (c *City) crossing() [2]int {
	const last = half / block
	one := func() int {
		return int(min(max(math.Round(c.random.NormFloat64()*spread/block), -last), last))
	}
	return [2]int{one(), one()}
}

func (c *City) upTo(d time.Duration) time.Duration { return time.Duration(c.random.Int64N(int64(d))) }

// pace returns how fast a driver is, in meters per second: slower by day.
func (c *City) pace(at time.Time) float64 {
	const slowest, most, rush = 3, 12, 8
	top := float64(most)
	if h := at.Hour(); h >= 7 && h < 19 {
		top = rush
	}
	return slowest + c.random.Float64()*(top-slowest)
}

// Until returns the reports that arrive until a time.
func (c *City) Until(now time.Time) iter.Seq[Report] {
	return func(yield func(Report) bool) {
		held := c.held
		c.held = nil
		for i, r := range held {
			if now.Sub(r.Seen) < every+jitter {
				c.held = append(c.held, r)
			} else if !yield(r) {
				c.held = append(c.held, held[i+1:]...)
				return
			}
		}
		for i := range c.drivers {
			d := &c.drivers[i]
			for !d.next.After(now) {
				at := d.next
				d.next = at.Add(every - jitter + c.upTo(2*jitter))
				if report, said := c.report(d, at); said && !yield(report) {
					return
				}
			}
		}
	}
}

// report moves a driver, and returns their report, unless that is lost.
func (c *City) report(d *driver, at time.Time) (Report, bool) {
	const turns = 0.0008 // of those who begin or end their shift, each time
	if c.random.Float64() < turns {
		d.off = !d.off
	}
	c.move(d, at)
	r := Report{d.id, reported(c.place(d)), float64(d.direction) * 90, at}
	switch chance := c.random.Float64(); {
	case d.off || chance < lost:
		return r, false
	case chance < lost+late:
		c.held = append(c.held, r)
		return r, false
	}
	return r, true
}

// reported returns a place as a telephone reports it, to a tenth of a meter.
func reported(p geo.Point) geo.Point {
	const precision = 1e6
	return geo.Point{Lat: math.Round(p.Lat*precision) / precision, Lng: math.Round(p.Lng*precision) / precision}
}

func (c *City) move(d *driver, at time.Time) {
	from := d.moved
	d.moved = at
	if d.waits.After(from) {
		from = d.waits
	}
	if !from.Before(at) || d.off {
		return
	}
	d.along += d.speed * at.Sub(from).Seconds()
	for d.along >= block {
		d.along -= block
		d.x += [4]int{0, 1, 0, -1}[d.direction]
		d.y += [4]int{1, 0, -1, 0}[d.direction]
		c.turn(d, at)
	}
}

// turn chooses the next street at a crossing, or stops there.
func (c *City) turn(d *driver, at time.Time) {
	const last = half / block
	straight, stops := c.random.Float64() < 0.6, c.random.Float64() < 0.04
	if !straight {
		d.direction = (d.direction + 1 + 2*c.random.IntN(2)) % 4
	}
	if d.x >= last && d.direction == 1 || d.x <= -last && d.direction == 3 || d.y >= last && d.direction == 0 || d.y <= -last && d.direction == 2 {
		d.direction = (d.direction + 2) % 4
	}
	d.speed = c.pace(at)
	if stops {
		d.along, d.waits = 0, at.Add(10*time.Second+c.upTo(110*time.Second))
	}
}

func (c *City) place(d *driver) geo.Point {
	east, north := float64(d.x)*block, float64(d.y)*block
	switch d.direction {
	case 0:
		north += d.along
	case 1:
		east += d.along
	case 2:
		north -= d.along
	default:
		east -= d.along
	}
	return geo.Move(c.center, east, north)
}
