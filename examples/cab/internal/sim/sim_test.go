package sim

import (
	"slices"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/geo"
)

var (
	dublin = geo.Point{Lat: 53.34, Lng: -6.26}
	noon   = time.Date(2014, 9, 1, 12, 0, 0, 0, time.UTC)
)

func run(n int, seed uint64, d time.Duration) (reports []Report) {
	c := New(dublin, n, seed, noon)
	for at := noon; at.Before(noon.Add(d)); at = at.Add(250 * time.Millisecond) {
		reports = slices.AppendSeq(reports, c.Until(at))
	}
	return reports
}

func TestSameSeedMakesTheSameReports(t *testing.T) {
	if a, b := run(50, 7, time.Minute), run(50, 7, time.Minute); !slices.Equal(a, b) || len(a) == 0 {
		t.Errorf("%d reports differ from %d", len(a), len(b))
	}
	if slices.Equal(run(50, 7, time.Minute), run(50, 8, time.Minute)) {
		t.Error("another seed makes the same")
	}
}

// Drivers keep to the streets, to the speed and to the city, and report every five seconds.
func TestDriversDriveOnStreets(t *testing.T) {
	const n, minutes = 600, 4
	reports := run(n, 1, minutes*time.Minute)
	if want := n * minutes * 12 * 0.95 * 0.92; float64(len(reports)) < want*0.95 || float64(len(reports)) > want*1.05 {
		t.Errorf("there are %d reports, want some %.0f", len(reports), want)
	}
	last, late, idle := map[string]Report{}, 0, 0
	for _, r := range reports {
		if d := geo.Distance(dublin, r.At); d > 1.5*half {
			t.Fatalf("%v is %f m from the center", r, d)
		}
		old, known := last[r.ID]
		if known && r.Seen.Before(old.Seen) {
			late++
			continue
		}
		if known {
			// As the cab drives: never farther than the fastest could.
			moved := geo.Distance(old.At, r.At)
			if limit := r.Seen.Sub(old.Seen).Seconds()*12.1 + 1; moved > limit {
				t.Fatalf("%s moved %f m in %v", r.ID, moved, r.Seen.Sub(old.Seen))
			}
			if moved == 0 {
				idle++
			}
		}
		last[r.ID] = r
	}
	if late == 0 || late > len(reports)/20 {
		t.Errorf("%d reports are late", late)
	}
	if part := float64(idle) / float64(len(reports)); part < 0.1 || part > 0.6 {
		t.Errorf("%.2f of the reports are of drivers that stand", part)
	}
}
