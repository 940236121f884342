package geo

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

var dublin = Point{53.34, -6.26}

func TestDistanceIsThatOfTheSphere(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		a := Move(dublin, r.NormFloat64()*2e4, r.NormFloat64()*2e4)
		b := Move(dublin, r.NormFloat64()*2e4, r.NormFloat64()*2e4)
		rad := math.Pi / 180
		h := math.Pow(math.Sin((b.Lat-a.Lat)*rad/2), 2) + math.Cos(a.Lat*rad)*math.Cos(b.Lat*rad)*math.Pow(math.Sin((b.Lng-a.Lng)*rad/2), 2)
		want := 2 * earth * math.Asin(math.Sqrt(h))
		if got := Distance(a, b); math.Abs(got-want) > want/1000 {
			t.Fatalf("%v to %v: got %f, want %f", a, b, got, want)
		}
	}
}

func TestPolygonContains(t *testing.T) {
	l := Polygon{{0, 0}, {0, 4}, {2, 4}, {2, 2}, {4, 2}, {4, 0}}
	for _, tt := range []struct {
		p    Point
		want bool
	}{{Point{1, 3}, true}, {Point{3, 3}, false}, {Point{3, 1}, true}, {Point{-1, 1}, false}, {Point{1, 5}, false}} {
		if got := l.Contains(tt.p); got != tt.want {
			t.Errorf("%v: got %v", tt.p, got)
		}
	}
	if (Polygon{{0, 0}, {1, 1}}).Check() == nil || (Polygon{{0, 0}, {1, math.NaN()}, {0, 1}}).Check() == nil {
		t.Error("a polygon that is none passes")
	}
}

// filled returns an index, and the same drivers in a list. Some are outside of the square.
func filled(n int) (*Index, []Driver) {
	r := rand.New(rand.NewPCG(1, 2))
	x := NewIndex(dublin, 40_000)
	all := make([]Driver, n)
	for i := range all {
		all[i] = Driver{ID: fmt.Sprint("d", i), At: Move(dublin, r.NormFloat64()*8000, r.NormFloat64()*8000), Seen: time.Unix(int64(1000+i%7), 0)}
		x.Set(all[i])
	}
	return x, all
}

func TestNearestAreThoseOfAnExhaustiveSearch(t *testing.T) {
	x, all := filled(3000)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 150 {
		p := Move(dublin, r.NormFloat64()*12_000, r.NormFloat64()*12_000)
		n, limit, since := 1+r.IntN(20), 500+r.Float64()*30_000, time.Unix(int64(1000+i%4), 0)
		var want []Hit
		for _, d := range all {
			if m := Distance(p, d.At); m <= limit && !d.Seen.Before(since) {
				want = append(want, Hit{d, m})
			}
		}
		slices.SortFunc(want, func(a, b Hit) int { return cmp.Compare(a.Meters, b.Meters) })
		want = want[:min(len(want), n)]
		if got := x.Nearest(p, n, limit, since); !slices.Equal(got, want) {
			t.Fatalf("the %d nearest of %v:\ngot  %v\nwant %v", n, p, got, want)
		}
	}
	if x.Nearest(dublin, 0, 1, time.Time{}) != nil {
		t.Error("none were asked for")
	}
}

func TestOldPositionsAreDropped(t *testing.T) {
	x := NewIndex(dublin, 1000)
	at := func(s int64, east float64) Driver {
		return Driver{ID: "d", At: Move(dublin, east, 0), Seen: time.Unix(s, 0)}
	}
	for _, tt := range []struct {
		d    Driver
		want bool
	}{{at(10, 0), true}, {at(9, 400), false}, {at(10, 400), false}, {at(11, 400), true}, {at(12, 5000), true}} {
		if got := x.Set(tt.d); got != tt.want {
			t.Errorf("%v: got %v", tt.d, got)
		}
	}
	if d, ok := x.Get("d"); !ok || d.Seen.Unix() != 12 || x.Len() != 1 {
		t.Errorf("got %v, %v, %d", d, ok, x.Len())
	}
	if n := x.Expire(time.Unix(12, 0)); n != 0 {
		t.Errorf("%d are gone", n)
	}
	if n := x.Expire(time.Unix(13, 0)); n != 1 || x.Len() != 0 || len(x.Sample(9)) != 0 {
		t.Errorf("%d are gone, and there are %d", n, x.Len())
	}
	if _, ok := x.Get("d"); ok {
		t.Error("it is still there")
	}
}

// While drivers move between cells, none is found twice, and one that stays is found.
func TestSearchesWhileDriversMove(t *testing.T) {
	x, all := filled(2000)
	still := Driver{ID: "still", At: dublin, Seen: time.Unix(1, 0)}
	x.Set(still)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for w := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(9, uint64(w)))
			for i := int64(2000); ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				d := all[r.IntN(len(all)/4)*4+w]
				d.At, d.Seen = Move(dublin, r.NormFloat64()*3000, r.NormFloat64()*3000), time.Unix(i, 0)
				x.Set(d)
			}
		})
	}
	for range 400 {
		hits, seen := x.Nearest(dublin, 20, 20_000, time.Time{}), map[string]bool{}
		for _, h := range hits {
			if seen[h.ID] {
				t.Fatalf("%s is there twice", h.ID)
			}
			seen[h.ID] = true
		}
		if !seen["still"] {
			t.Fatalf("the nearest isn't among %v", hits)
		}
	}
	close(stop)
	wg.Wait()
	if x.Len() != 2001 {
		t.Errorf("there are %d", x.Len())
	}
}

func BenchmarkNearestTen(b *testing.B) {
	x, _ := filled(20_000)
	for i := 0; b.Loop(); i++ {
		x.Nearest(Move(dublin, float64(i%200)*20, 0), 10, 10_000, time.Time{})
	}
}

func BenchmarkMove(b *testing.B) {
	x, all := filled(20_000)
	for i := 0; b.Loop(); i++ {
		d := all[i%len(all)]
		d.At, d.Seen = Move(d.At, float64(i%300), 0), time.Unix(int64(10_000+i), 0)
		x.Set(d)
	}
}

func TestBoxesEndSoManyMetersFromTheirCenters(t *testing.T) {
	center := Query{Lat: 53.34, Lng: -6.26}.Point()
	box := Box(center, 1000, 500)
	if err := box.Check(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		east, north float64
		want        bool
	}{{0, 0, true}, {990, 490, true}, {-990, -490, true}, {1010, 0, false}, {-1010, 0, false}, {0, 510, false}, {0, -510, false}} {
		if got := box.Contains(Move(center, tt.east, tt.north)); got != tt.want {
			t.Errorf("%v: got %v", tt, got)
		}
	}
}
