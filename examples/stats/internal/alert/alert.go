// Package alert evaluates alerts, and calls webhooks when they fire.
package alert

import (
	"context"
	"log/slog"
	"math"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/frame"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

// A Store has the alerts and the numbers. A [store.Store] is one.
type Store interface {
	AllAlerts(ctx context.Context, after int64, limit int) ([]store.Alert, error)
	TurnAlert(ctx context.Context, now int64, a store.Alert, firing bool) (bool, error)
	AccountByID(ctx context.Context, id int64) (store.Account, error)
	Series(ctx context.Context, stat int64, a frame.Axis) ([]store.Cell, error)
}

// An Event says that an alert has begun to fire.
type Event struct {
	Account store.Account
	Alert   store.Alert
	Value   float64 // of the window
	Before  float64 // of the one that a delta is compared with
	Time    int64
}

// portion is how many alerts are read at a time.
const portion = 200

// Evaluate evaluates all alerts once, and calls fire for each that begins to fire. If
// many processes do this at a time, only one of them calls fire for it.
func Evaluate(ctx context.Context, s Store, now time.Time, fire func(Event)) error {
	for after := int64(0); ; {
		alerts, err := s.AllAlerts(ctx, after, portion)
		if err != nil {
			return err
		}
		for i := range alerts {
			after = alerts[i].ID
			if err := evaluate(ctx, s, alerts[i], now.Unix(), fire); err != nil {
				return err
			}
		}
		if len(alerts) < portion {
			return nil
		}
	}
}

func evaluate(ctx context.Context, s Store, a store.Alert, now int64, fire func(Event)) error {
	is, value, before, err := holds(ctx, s, a, now)
	if err != nil || is == a.Firing {
		return err
	}
	turned, err := s.TurnAlert(ctx, now, a, is)
	if err != nil || !turned || !is {
		return err
	}
	account, err := s.AccountByID(ctx, a.Account)
	if err != nil {
		return err
	}
	slog.Info("an alert fires", "alert", a.PublicID, "stat", a.StatName)
	a.Firing, a.Edges = true, a.Edges+1
	fire(Event{account, a, value, before, now})
	return nil
}

// holds reports whether the condition of an alert is true now, and returns the values
// that decided it.
func holds(ctx context.Context, s Store, a store.Alert, now int64) (is bool, value, before float64, err error) {
	window, err := frame.ParseDuration(a.Window)
	if err != nil {
		return false, 0, 0, err
	}
	end := now/60 + 1
	latest, err := read(ctx, s, a, end, window)
	if err != nil {
		return false, 0, 0, err
	}
	value = latest.Figure(a.Counter)
	switch a.Kind {
	case store.AlertData:
		return latest.N == 0 && a.Created <= (end-window)*60, value, 0, nil
	case store.AlertValue:
		return (latest.N > 0 || a.Counter) && compare(a.Operator, value, a.Threshold), value, 0, nil
	}
	delta, err := frame.ParseDuration(a.Delta)
	if err != nil {
		return false, 0, 0, err
	}
	earlier, err := read(ctx, s, a, end-delta, window)
	before = earlier.Figure(a.Counter)
	known := a.Counter || latest.N > 0 && earlier.N > 0
	return known && compareChange(a.Operator, value, before, a.Percentage), value, before, err
}

func read(ctx context.Context, s Store, a store.Alert, end, window int64) (store.Cell, error) {
	cells, err := s.Series(ctx, a.Stat, frame.Axis{Start: end - window, Step: window, N: 1})
	if err != nil {
		return store.Cell{}, err
	}
	return cells[0], nil
}

func compare(operator string, value, threshold float64) bool {
	if operator == "less than" {
		return value < threshold
	}
	return value > threshold
}

// compareChange reports whether a value differs from the one before by more than so many
// percent, in the direction of the operator. From 0, any change is more.
func compareChange(operator string, value, before, percentage float64) bool {
	change := 0.0
	if value != before {
		change = 100 * (value - before) / math.Abs(before) // infinite for 0
	}
	switch operator {
	case "less than":
		return change < -percentage
	case "greater than":
		return change > percentage
	}
	return math.Abs(change) > percentage
}
