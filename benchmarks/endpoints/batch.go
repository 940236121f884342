package endpoints

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// What devices and imports send: many objects in one body.

type batch struct {
	Readings []reading `json:"readings"`
}

type reading struct {
	Device  string    `json:"device"`
	Metric  string    `json:"metric"`
	At      time.Time `json:"at"`
	Value   float64   `json:"value"`
	Battery int       `json:"battery"`
	OK      bool      `json:"ok"`
}

type taken struct {
	Taken   int       `json:"taken"`
	Highest float64   `json:"highest"`
	Latest  time.Time `json:"latest"`
}

// take is the service's work on a batch.
func take(b *batch) *taken {
	t := &taken{Taken: len(b.Readings)}
	for i := range b.Readings {
		rd := &b.Readings[i]
		if rd.OK {
			t.Highest = max(t.Highest, rd.Value)
		}
		if rd.At.After(t.Latest) {
			t.Latest = rd.At
		}
	}
	return t
}

// manyReadings returns a batch of n, of some 100 bytes each as JSON.
func manyReadings(n int) string {
	b := batch{make([]reading, n)}
	begin := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for i := range b.Readings {
		b.Readings[i] = reading{
			fmt.Sprintf("pump-%04d", i%977), "temp", begin.Add(time.Duration(i) * time.Second),
			20 + float64(i%800)/16, 100 - i%90, i%3 > 0,
		}
	}
	var text strings.Builder
	if err := json.NewEncoder(&text).Encode(b); err != nil {
		panic(err)
	}
	return text.String()
}

// What a graph is drawn of: floats, times, and slices in slices.

type series struct {
	Name   string      `json:"name"`
	Begin  time.Time   `json:"begin"`
	Step   float64     `json:"step"`
	Cells  [][]float64 `json:"cells"` // lowest, mean, highest
	Labels []string    `json:"labels"`
}

// manySeries returns 20 series of 100 cells, 70 KB as JSON.
func manySeries() []series {
	all := make([]series, 20)
	begin := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for i := range all {
		cells := make([][]float64, 100)
		for j := range cells {
			low := float64(i*j%97) / 7
			cells[j] = []float64{low, low + 0.1 + float64(j)/3, 1e3 / float64(1+j)}
		}
		all[i] = series{fmt.Sprintf("pump-%04d", i), begin.Add(time.Duration(i) * 1234567891), 0.25, cells, []string{"low", "mean", "high"}}
	}
	return all
}
