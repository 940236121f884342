package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
)

// portion is how many rows one transaction of the upkeep handles, so that writes don't
// wait long.
const portion = 500

// RollUp adds the pending tens to the tens, hours and days, and returns how many there
// were. Several processes may call it at a time.
func (s *Store) RollUp(ctx context.Context) (n int, err error) {
	for {
		moved := 0
		err := s.inTransaction(ctx, func(tx *sql.Tx) (err error) {
			moved, err = s.rollPortion(ctx, tx)
			return err
		})
		n += moved
		if err != nil || moved < portion {
			return n, unavailable(err)
		}
	}
}

func (s *Store) rollPortion(ctx context.Context, tx *sql.Tx) (n int, err error) {
	h, err := s.head(ctx, tx)
	if err != nil {
		return 0, err
	}
	pending, err := takePending(ctx, tx, `DELETE FROM pending WHERE (stat, at) IN (
		SELECT stat, at FROM pending ORDER BY stat, at LIMIT $1`+s.skipLocked+`)
		RETURNING stat, at, total, n, low, high, received`, portion)
	if err != nil || len(pending) == 0 {
		return 0, err
	}
	cells, received := sortOut(pending, h)
	for _, table := range []string{"tens", "hours", "days"} {
		if len(cells[table]) == 0 {
			continue
		}
		if err := s.addCells(ctx, s, tx, table, cells[table]); err != nil {
			return 0, err
		}
	}
	for _, c := range received {
		if _, err := tx.ExecContext(ctx, "UPDATE stats SET received = $2 WHERE id = $1 AND received < $2", c.Stat, c.Received); err != nil {
			return 0, err
		}
	}
	return len(pending), nil
}

func takePending(ctx context.Context, tx *sql.Tx, query string, args ...any) (cells []Cell, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err reports it
	for rows.Next() {
		var c Cell
		if err := rows.Scan(&c.Stat, &c.At, &c.Sum, &c.N, &c.Low, &c.High, &c.Received); err != nil {
			return nil, err
		}
		cells = append(cells, c)
	}
	return cells, rows.Err()
}

// sortOut returns what to add to each table, and when each stat last received a number.
// It leaves out tens and hours of times that aren't kept any more.
func sortOut(pending []Cell, h head) (cells map[string][]Cell, received []Cell) {
	var tens []Cell
	byHour, byDay, byStat := map[place]*Cell{}, map[place]*Cell{}, map[place]*Cell{}
	for _, c := range pending {
		hour, day := c.At/6, c.At/144
		if hour >= h.minutesFrom {
			tens = append(tens, c)
		}
		if day >= h.hoursFrom {
			mergeInto(byHour, place{c.Stat, hour}, c)
		}
		mergeInto(byDay, place{c.Stat, day}, c)
		mergeInto(byStat, place{c.Stat, 0}, c)
	}
	return map[string][]Cell{
		"tens": sorted(tens), "hours": sorted(values(byHour)), "days": sorted(values(byDay)),
	}, sorted(values(byStat))
}

// Keep deletes the minutes before one hour and the hours before one day, both numbered
// from 1970. It also deletes stats that were trashed, and Idempotency-Keys that were
// used, before trashedBefore, and expired sessions.
func (s *Store) Keep(ctx context.Context, minutesFrom, hoursFrom, trashedBefore, now int64) error {
	for name, value := range map[string]int64{"minutes_from": minutesFrom, "hours_from": hoursFrom} {
		if _, err := s.exec(ctx, "UPDATE meta SET value = $2 WHERE name = $1 AND value < $2", name, value); err != nil {
			return err
		}
	}
	ids, err := s.ids(ctx, "SELECT id FROM stats ORDER BY id")
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.forgetCells(ctx, id, minutesFrom*60, hoursFrom*24); err != nil {
			return err
		}
	}
	if err := s.emptyTrash(ctx, trashedBefore); err != nil {
		return err
	}
	_, err = s.exec(ctx, "DELETE FROM requests WHERE made < $1", trashedBefore)
	if err == nil {
		_, err = s.exec(ctx, "DELETE FROM sessions WHERE expires <= $1", now)
	}
	return err
}

// forgetCells deletes the cells of a stat before a minute and an hour.
func (s *Store) forgetCells(ctx context.Context, stat, minute, hour int64) error {
	for table, before := range map[string]int64{"minutes": minute, "tens": minute / 10, "hours": hour} {
		for {
			n, err := s.exec(ctx, "DELETE FROM "+table+" WHERE stat = $1 AND at < (SELECT MIN(at) FROM "+table+" WHERE stat = $1) + $3 AND at < $2", stat, before, int64(10*portion))
			if err != nil {
				return err
			}
			if n == 0 {
				break
			}
		}
	}
	return nil
}

const endOfTime = 1 << 40

func (s *Store) emptyTrash(ctx context.Context, before int64) error {
	ids, err := s.ids(ctx, "SELECT id FROM stats WHERE trashed > 0 AND trashed < $1", before)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.forgetCells(ctx, id, endOfTime, endOfTime); err != nil {
			return err
		}
		err := s.inTransaction(ctx, func(tx *sql.Tx) error {
			errs := make([]error, 0, 4)
			for _, query := range []string{
				"DELETE FROM days WHERE stat = $1", "DELETE FROM pending WHERE stat = $1", "DELETE FROM alerts WHERE stat = $1",
				"DELETE FROM stats WHERE id = $1",
			} {
				_, err := tx.ExecContext(ctx, query, id)
				errs = append(errs, err)
			}
			return errors.Join(errs...)
		})
		if err != nil {
			return unavailable(err)
		}
	}
	return nil
}

func (s *Store) ids(ctx context.Context, query string, args ...any) (ids []int64, err error) {
	err = each(ctx, s.read, func(scan func(...any) error) error {
		var id int64
		err := scan(&id)
		ids = append(ids, id)
		return err
	}, query, args...)
	return ids, err
}

// Lease takes or extends a lease, and reports whether this holder has it now. It uses the
// database's clock, so that the clocks of processes don't matter.
func (s *Store) Lease(ctx context.Context, lease, holder string, seconds int64) (bool, error) {
	n, err := s.exec(ctx, `INSERT INTO leases (name, holder, expires) VALUES ($1, $2, `+s.now+` + $3)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires = excluded.expires
		WHERE leases.holder = excluded.holder OR leases.expires < `+s.now, lease, holder, seconds)
	return n == 1, err
}

// Release gives up a lease.
func (s *Store) Release(ctx context.Context, lease, holder string) error {
	_, err := s.exec(ctx, "DELETE FROM leases WHERE name = $1 AND holder = $2", lease, holder)
	return err
}

func sorted(cells []Cell) []Cell {
	slices.SortFunc(cells, byPlace)
	return cells
}

func values(m map[place]*Cell) []Cell {
	cells := make([]Cell, 0, len(m))
	for _, c := range m {
		cells = append(cells, *c)
	}
	return cells
}
