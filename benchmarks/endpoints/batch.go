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

// What other services report: events whose data has any form.

type events struct {
	Events []event `json:"events"`
}

type event struct {
	ID   string         `json:"id"`
	Type string         `json:"type"`
	At   time.Time      `json:"at"`
	Data map[string]any `json:"data"`
}

// note is the service's work on events.
func note(all *events) *taken {
	t := &taken{Taken: len(all.Events)}
	for i := range all.Events {
		e := &all.Events[i]
		if amount, ok := e.Data["amount"].(float64); ok {
			t.Highest = max(t.Highest, amount)
		}
		if e.At.After(t.Latest) {
			t.Latest = e.At
		}
	}
	return t
}

// manyEvents returns n of them, of some 370 bytes each as JSON.
func manyEvents(n int) string {
	all := events{make([]event, n)}
	begin := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for i := range all.Events {
		all.Events[i] = event{fmt.Sprintf("evt_%06d", i), "invoice.paid", begin.Add(time.Duration(i) * time.Second), map[string]any{
			"id": fmt.Sprintf("in_%06d", i), "amount": float64(i*7919%100_000) / 100, "currency": "eur", "paid": i%5 > 0, "reason": nil,
			"customer": map[string]any{"name": "Ada Lovelace", "email": fmt.Sprintf("ada%d@example.com", i), "since": 1815.0},
			"lines": []any{
				map[string]any{"sku": "ENGINE-1", "quantity": 2.0, "price": 12.5}, map[string]any{"sku": "CARD-100", "quantity": 100.0, "price": 0.25},
			},
			"tags": []any{"new", "eu"}, "metadata": map[string]any{},
		}}
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return string(text)
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
