package jobs

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// The states of an offer.
const (
	open     = "offered"
	declined = "declined"
	lapsed   = "lapsed"
	taken    = "accepted"
	lost     = "lost" // somebody else has taken it
)

const selectJob = "SELECT id, customer, lat, lng, service, state, driver, created, changed, expires, due FROM jobs "

// row is a job as it is stored.
type row struct {
	Job
	expires, due int64
}

func scan(f func(...any) error) (r row, err error) {
	var created, changed int64
	err = f(&r.ID, &r.Customer, &r.Lat, &r.Lng, &r.Service, &r.State, &r.Driver, &created, &changed, &r.expires, &r.due)
	if errors.Is(err, sql.ErrNoRows) {
		err = errNoJob()
	}
	r.Created, r.Changed, r.Offered = time.UnixMicro(created).UTC(), time.UnixMicro(changed).UTC(), []string{}
	return r, err
}

// locked returns a job that nobody else can change until the transaction ends.
func (s *Store) locked(ctx context.Context, tx *sql.Tx, id string) (row, error) {
	return scan(tx.QueryRowContext(ctx, selectJob+"WHERE id = $1"+s.lock, id).Scan)
}

// finish returns the job as it is now, with its offers.
func (s *Store) finish(ctx context.Context, tx *sql.Tx, id string, now time.Time) (Job, error) {
	r, err := scan(tx.QueryRowContext(ctx, selectJob+"WHERE id = $1", id).Scan)
	if err != nil {
		return Job{}, err
	}
	rows, err := tx.QueryContext(ctx, "SELECT driver FROM offers WHERE job = $1 AND state = 'offered' AND until > $2 ORDER BY driver", id, now.UnixMicro())
	if err != nil {
		return Job{}, err
	}
	err = each(rows, func() error {
		var driver string
		err := rows.Scan(&driver)
		r.Offered = append(r.Offered, driver)
		return err
	})
	return r.Job, err
}

// change calls f with a locked job, and returns the job as it is then.
func (s *Store) change(ctx context.Context, id string, now time.Time, f func(*sql.Tx, row) error) (j Job, err error) {
	err = s.in(ctx, func(tx *sql.Tx) error {
		r, err := s.locked(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := f(tx, r); err != nil {
			return err
		}
		j, err = s.finish(ctx, tx, id, now)
		return err
	})
	return j, err
}

func (s *Store) create(ctx context.Context, id, key string, n NewJob, now, expires time.Time) (j Job, err error) {
	err = s.in(ctx, func(tx *sql.Tx) error {
		if key != "" {
			old, err := scan(tx.QueryRowContext(ctx, selectJob+"WHERE key = $1", key).Scan)
			if err == nil {
				if (NewJob{old.Customer, old.Lat, old.Lng, old.Service}) != n {
					return errOtherRequest()
				}
				j, err = s.finish(ctx, tx, old.ID, now)
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO jobs (id, key, customer, lat, lng, service, state, created, changed, expires, due)
			VALUES ($1, NULLIF($2, ''), $3, $4, $5, $6, 'requested', $7, $7, $8, $7)`, id, key, n.Customer, n.Lat, n.Lng, n.Service, now.UnixMicro(), expires.UnixMicro())
		if err == nil {
			j, err = s.finish(ctx, tx, id, now)
		}
		return err
	})
	if err != nil && key != "" && s.conflict(err) { // the same request at the same time
		return s.create(ctx, id, key, n, now, expires)
	}
	return j, err
}

func (s *Store) show(ctx context.Context, id string, now time.Time) (j Job, err error) {
	err = s.in(ctx, func(tx *sql.Tx) error {
		j, err = s.finish(ctx, tx, id, now)
		return err
	})
	return j, err
}

// set sets the state of a job. If the job is over or taken, so are its offers.
func set(ctx context.Context, tx *sql.Tx, id, state, driver string, now time.Time) error {
	_, err := tx.ExecContext(ctx, "UPDATE jobs SET state = $2, driver = $3, changed = $4 WHERE id = $1", id, state, driver, now.UnixMicro())
	if err == nil && state != Offered {
		_, err = tx.ExecContext(ctx, "UPDATE offers SET state = $2 WHERE job = $1 AND state = 'offered'", id, lost)
	}
	return err
}

func (s *Store) accept(ctx context.Context, id, driver string, now time.Time) (Job, error) {
	j, err := s.change(ctx, id, now, func(tx *sql.Tx, r row) error {
		switch {
		case r.Driver == driver && r.State == Accepted:
			return nil // said before
		case r.State != Offered || r.expires <= now.UnixMicro():
			return errNotOffered()
		}
		result, err := tx.ExecContext(ctx, "UPDATE offers SET state = $4 WHERE job = $1 AND driver = $2 AND state = 'offered' AND until > $3", id, driver, now.UnixMicro(), taken)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errNotOffered())
		}
		return set(ctx, tx, id, Accepted, driver, now)
	})
	if err != nil && s.conflict(err) {
		return Job{}, errBusy()
	}
	return j, err
}

func (s *Store) decline(ctx context.Context, id, driver string, now time.Time) (Job, error) {
	return s.change(ctx, id, now, func(tx *sql.Tx, r row) error {
		result, err := tx.ExecContext(ctx, "UPDATE offers SET state = $3 WHERE job = $1 AND driver = $2 AND state = 'offered'", id, driver, declined)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errNotOffered())
		}
		_, err = tx.ExecContext(ctx, "UPDATE jobs SET due = $2 WHERE id = $1", id, now.UnixMicro())
		return err
	})
}

func (s *Store) move(ctx context.Context, id, driver, from, to string, now time.Time) (Job, error) {
	return s.change(ctx, id, now, func(tx *sql.Tx, r row) error {
		switch {
		case r.Driver == driver && r.State == to:
			return nil // said before
		case r.Driver != driver || r.State != from:
			return errWrongState()
		}
		return set(ctx, tx, id, to, driver, now)
	})
}

func (s *Store) cancel(ctx context.Context, id, customer string, now time.Time) (Job, error) {
	return s.change(ctx, id, now, func(tx *sql.Tx, r row) error {
		switch {
		case r.Customer != customer:
			return errNoJob()
		case r.State == Cancelled:
			return nil // said before
		case r.State == OnTrip || r.State == Completed || r.State == Expired:
			return errWrongState()
		}
		return set(ctx, tx, id, Cancelled, r.Driver, now)
	})
}

// due returns the jobs that the dispatcher has to look at.
func (s *Store) due(ctx context.Context, now time.Time, n int) (ids []string, err error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id FROM jobs WHERE state IN ('requested', 'offered') AND due <= $1 ORDER BY due LIMIT $2", now.UnixMicro(), n)
	if err != nil {
		return nil, err
	}
	err = each(rows, func() error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// A need is what a job needs.
type need struct {
	lat, lng float64
	offers   int
	tried    map[string]string // the states of its offers, by driver
}

// claim takes a job for a while, and returns how many more offers it needs: none if it is
// over or has enough.
func (s *Store) claim(ctx context.Context, id string, atOnce int, now time.Time, lease time.Duration) (n need, err error) {
	err = s.in(ctx, func(tx *sql.Tx) error {
		n = need{tried: map[string]string{}}
		r, err := s.locked(ctx, tx, id)
		if err != nil {
			return err
		}
		if r.State != Requested && r.State != Offered || r.due > now.UnixMicro() {
			return nil // another dispatcher was faster
		}
		if r.expires <= now.UnixMicro() {
			return set(ctx, tx, id, Expired, "", now)
		}
		if _, err := tx.ExecContext(ctx, "UPDATE offers SET state = $3 WHERE job = $1 AND state = 'offered' AND until <= $2", id, now.UnixMicro(), lapsed); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, "SELECT driver, state FROM offers WHERE job = $1", id)
		if err != nil {
			return err
		}
		n.lat, n.lng, n.offers = r.Lat, r.Lng, atOnce
		err = each(rows, func() error {
			var driver, state string
			err := rows.Scan(&driver, &state)
			n.tried[driver] = state
			if state == open {
				n.offers--
			}
			return err
		})
		if err != nil {
			return err
		}
		n.offers = max(n.offers, 0)
		due := now.Add(lease).UnixMicro()
		_, err = tx.ExecContext(ctx, "UPDATE jobs SET due = CASE WHEN expires < $2 THEN expires ELSE $2 END WHERE id = $1", id, due)
		return err
	})
	return n, err
}

// wait makes the dispatcher look at a job later.
func (s *Store) wait(ctx context.Context, id string, until time.Time) error {
	_, err := s.db.ExecContext(ctx, "UPDATE jobs SET due = CASE WHEN expires < $2 THEN expires ELSE $2 END WHERE id = $1", id, until.UnixMicro())
	return err
}

// offer offers a job to the first n of these drivers that aren't busy. If another
// dispatcher has just offered one of them another job, it starts over.
func (s *Store) offer(ctx context.Context, id string, drivers []string, n int, now time.Time, cycle time.Duration) (err error) {
	for range attempts {
		if err = s.offerOnce(ctx, id, drivers, n, now, cycle); err == nil || !s.conflict(err) {
			break
		}
	}
	return err
}

func (s *Store) offerOnce(ctx context.Context, id string, drivers []string, n int, now time.Time, cycle time.Duration) error {
	return s.in(ctx, func(tx *sql.Tx) error {
		r, err := s.locked(ctx, tx, id)
		if err != nil || r.State != Requested && r.State != Offered {
			return err // another dispatcher was faster
		}
		until, due, offered := now.Add(cycle), now.Add(tryAgain), 0
		for _, driver := range drivers {
			if offered == n {
				break
			}
			result, err := tx.ExecContext(ctx, `INSERT INTO offers (job, driver, state, until) SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), 'offered', CAST($3 AS BIGINT)
				WHERE NOT EXISTS (SELECT 1 FROM offers o WHERE o.driver = $2 AND o.state = 'offered')
				AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.driver = $2 AND j.state IN ('accepted', 'arrived', 'on_trip'))
				ON CONFLICT (job, driver) DO UPDATE SET state = 'offered', until = excluded.until`, id, driver, until.UnixMicro())
			if err != nil {
				return err
			}
			if k, err := result.RowsAffected(); err != nil || k == 0 {
				if err != nil {
					return err
				}
				continue
			}
			offered++
		}
		if offered > 0 {
			due = until
			if r.State == Requested {
				if err := set(ctx, tx, id, Offered, "", now); err != nil {
					return err
				}
			}
		}
		_, err = tx.ExecContext(ctx, "UPDATE jobs SET due = CASE WHEN expires < $2 THEN expires ELSE $2 END WHERE id = $1", id, due.UnixMicro())
		return err
	})
}

func (s *Store) offers(ctx context.Context, n int, now time.Time) ([]Offer, error) {
	found := []Offer{}
	rows, err := s.db.QueryContext(ctx, "SELECT job, driver, until FROM offers WHERE state = 'offered' AND until > $1 ORDER BY until LIMIT $2", now.UnixMicro(), n)
	if err != nil {
		return nil, s.told(ctx, err)
	}
	err = each(rows, func() error {
		var o Offer
		var until int64
		err := rows.Scan(&o.Job, &o.Driver, &until)
		o.Until = time.UnixMicro(until).UTC()
		found = append(found, o)
		return err
	})
	return found, err
}

// recent is how long a job is shown after it is over.
const recent = 15 * time.Second

func (s *Store) active(ctx context.Context, n int, now time.Time) ([]Job, error) {
	found := []Job{}
	rows, err := s.db.QueryContext(ctx, selectJob+`WHERE changed > $1 OR state NOT IN ('complete', 'cancelled', 'expired')
		ORDER BY changed DESC LIMIT $2`, now.Add(-recent).UnixMicro(), n)
	if err != nil {
		return nil, s.told(ctx, err)
	}
	err = each(rows, func() error {
		r, err := scan(rows.Scan)
		found = append(found, r.Job)
		return err
	})
	return found, err
}

// each calls f for each row.
func each(rows *sql.Rows, f func() error) error {
	defer rows.Close() //nolint:errcheck // Err reports it
	for rows.Next() {
		if err := f(); err != nil {
			return err
		}
	}
	return rows.Err()
}
