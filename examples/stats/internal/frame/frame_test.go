package frame_test

import (
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/frame"
)

func TestFramesAreRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1w3h":     "1 week @ 3 hours",
		"30m1m":    "30 minutes @ 1 minute",
		"1M1h":     "1 month @ 1 hour",
		"1y1d":     "1 year @ 1 day",
		"2h1h":     "2 hours @ 1 hour",
		"1d15m1w":  "1 day @ 15 minutes, 1 week ago",
		"10000m1m": "10000 minutes @ 1 minute",
		"7d1d":     "1 week @ 1 day",
	} {
		f, err := frame.Parse(text)
		if err != nil || f.String() != want {
			t.Errorf("%q: got %q, %v, want %q", text, f, err, want)
		}
		if again, err := frame.Parse(f.Text()); err != nil || again != f {
			t.Errorf("%q is written %q, which is %v, %v", text, f.Text(), again, err)
		}
	}
}

func TestFramesThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "1w", "w3h", "13", "1w3", "0w3h", "1w0h", "1w-3h", "1.5w3h", "1W3h", "1w3h1d1d", "1x1m",
		"99999999999999999999w1h", "9223372036854775807m1m", "200y1d", "10001m1m", "1h1d", "１w3h", strings.Repeat("1w", 100),
	} {
		if f, err := frame.Parse(text); err == nil {
			t.Errorf("%q: got %q", text, f)
		}
	}
}

func TestAxisEndsWithTheMinuteThatItIs(t *testing.T) {
	t.Parallel()
	f, _ := frame.Parse("2h1h")
	a := f.At(1700007599)
	if a.N != 2 || a.Time(0) != 1700000400 || a.Time(1) != 1700004000 || a.End()*60 != 1700007600 {
		t.Errorf("got %+v from %d to %d", a, a.Time(0), a.End()*60)
	}
	if before := a.Before(); before.End() != a.Start || before.N != 2 {
		t.Errorf("the period before is %+v", before)
	}
	shifted, _ := frame.Parse("2h1h1d")
	if b := shifted.At(1700007599); a.Start-b.Start != frame.Day {
		t.Errorf("got %+v", b)
	}
	if from := f.From(1700000459); from != a {
		t.Errorf("got %+v", from)
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	if got, err := frame.ParseDuration("7d"); err != nil || got != frame.Week {
		t.Errorf("got %d, %v", got, err)
	}
	for _, text := range []string{"", "7", "7d1h", "d", "0d"} {
		if got, err := frame.ParseDuration(text); err == nil {
			t.Errorf("%q: got %d", text, got)
		}
	}
}
