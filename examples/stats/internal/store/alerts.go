package store

import (
	"context"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/secret"
)

// The kinds of alerts.
const (
	AlertValue = "value"
	AlertDelta = "delta"
	AlertData  = "data"
)

// An Alert is a condition whose owner is notified when it becomes true.
type Alert struct {
	ID         int64
	PublicID   string
	Account    int64
	Stat       int64
	StatID     string // its public ID
	StatName   string
	Counter    bool
	Created    int64 // of the stat
	Kind       string
	Operator   string
	Threshold  float64
	Percentage float64
	Window     string
	Delta      string
	Hook       string // a URL, or ""
	Firing     bool
	Edges      int64 // how often it began or ended to fire
	Changed    int64 // when it last did, or was made
}

const selectAlert = `SELECT l.id, l.public_id, l.account, l.stat, s.public_id, s.name, s.counter = 1, s.created, l.kind, l.operator,
	l.threshold, l.percentage, l.time_window, l.time_delta, l.hook, l.firing = 1, l.edges, l.changed
	FROM alerts l JOIN stats s ON s.id = l.stat AND s.trashed = 0 `

func scanAlert(scan func(...any) error) (a Alert, err error) {
	err = scan(&a.ID, &a.PublicID, &a.Account, &a.Stat, &a.StatID, &a.StatName, &a.Counter, &a.Created, &a.Kind, &a.Operator,
		&a.Threshold, &a.Percentage, &a.Window, &a.Delta, &a.Hook, &a.Firing, &a.Edges, &a.Changed)
	return a, unavailable(err)
}

func (s *Store) alerts(ctx context.Context, where string, args ...any) (all []Alert, err error) {
	err = each(ctx, s.read, func(scan func(...any) error) error {
		a, err := scanAlert(scan)
		all = append(all, a)
		return err
	}, selectAlert+where, args...)
	return all, err
}

// MakeAlert creates an alert, and returns it with its IDs.
func (s *Store) MakeAlert(ctx context.Context, now int64, a Alert) (Alert, error) {
	id := secret.NewID()
	_, err := s.exec(ctx, `INSERT INTO alerts (public_id, account, stat, kind, operator, threshold, percentage, time_window, time_delta, hook, changed)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		id, a.Account, a.Stat, a.Kind, a.Operator, a.Threshold, a.Percentage, a.Window, a.Delta, a.Hook, now)
	if err != nil {
		return a, err
	}
	return s.AlertOf(ctx, a.Account, id)
}

// Alerts returns the alerts of an account, in the order of their creation.
func (s *Store) Alerts(ctx context.Context, account int64) ([]Alert, error) {
	return s.alerts(ctx, "WHERE l.account = $1 ORDER BY l.id", account)
}

// AllAlerts returns the alerts of all accounts with an ID above after.
func (s *Store) AllAlerts(ctx context.Context, after int64, limit int) ([]Alert, error) {
	return s.alerts(ctx, "WHERE l.id > $1 ORDER BY l.id LIMIT $2", after, limit)
}

// AlertOf returns an alert of an account.
func (s *Store) AlertOf(ctx context.Context, account int64, publicID string) (Alert, error) {
	return scanAlert(s.read.QueryRowContext(ctx, selectAlert+"WHERE l.account = $1 AND l.public_id = $2", account, publicID).Scan)
}

// RemoveAlert removes an alert.
func (s *Store) RemoveAlert(ctx context.Context, account int64, publicID string) error {
	return s.execOne(ctx, "DELETE FROM alerts WHERE account = $1 AND public_id = $2", account, publicID)
}

// TurnAlert records that an alert has begun or ceased to fire, and reports whether this
// call changed it. Of concurrent calls, only one does.
func (s *Store) TurnAlert(ctx context.Context, now int64, a Alert, firing bool) (bool, error) {
	n, err := s.exec(ctx, "UPDATE alerts SET firing = $2, edges = edges + 1, changed = $3 WHERE id = $1 AND firing <> $2 AND edges = $4",
		a.ID, number(firing), now, a.Edges)
	return n == 1, err
}

// ClaimReport reports whether this is the first call for the report of an account and a
// day.
func (s *Store) ClaimReport(ctx context.Context, account, day int64) (bool, error) {
	n, err := s.exec(ctx, "INSERT INTO reports (account, day) VALUES ($1, $2) ON CONFLICT DO NOTHING", account, day)
	return n == 1, err
}

// UnclaimReport lets ClaimReport succeed again, for a report that couldn't be sent.
func (s *Store) UnclaimReport(ctx context.Context, account, day int64) error {
	_, err := s.exec(ctx, "DELETE FROM reports WHERE account = $1 AND day = $2", account, day)
	return err
}
