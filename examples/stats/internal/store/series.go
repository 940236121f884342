package store

import (
	"context"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/frame"
)

// A read of a series takes what it can from the hours, and from the minutes only those of
// hours that two steps have in common, which are as many as there are steps: a year by the
// day needs 9,000 hours and 22,000 minutes, and not 525,000. Of hours whose minutes are
// gone, all goes to the step in which the hour begins, and likewise for days. Everything is
// read by one statement, so it is as it was at one point in time.
//
// A plus before a column has SQLite use another condition to look rows up by.
//
// $1 is the stat, $2 where the axis starts, $3 its step, $4 its end.

const horizon = `WITH RECURSIVE horizon AS (
		SELECT (SELECT value FROM meta WHERE name = 'minutes_from') AS hour, (SELECT value FROM meta WHERE name = 'hours_from') AS day
	)`

// Hours and days with what is to be added to them.
const (
	allHours = `(SELECT at, total, n, low, high FROM hours WHERE stat = $1 AND at * 60 >= $2 AND at >= $2 / 60 AND at <= $4 / 60
		UNION ALL SELECT at, total, n, low, high FROM pending WHERE stat = $1)`
	allDays = `(SELECT at, total, n, low, high FROM days WHERE stat = $1 AND at >= $2 / 1440 AND at <= $4 / 1440
		UNION ALL SELECT at / 24, total, n, low, high FROM pending WHERE stat = $1)`
	sums = ", SUM(total), SUM(n), MIN(low), MAX(high) "
)

const oldDays = `
	SELECT (at * 1440 - $2) / $3` + sums + `FROM ` + allDays + ` AS d, horizon
		WHERE at < horizon.day AND at * 1440 >= $2 AND at * 1440 < $4 GROUP BY 1`

// fineSeries is for steps that are shorter than an hour.
const fineSeries = horizon + `
	SELECT (at - $2) / $3` + sums + `FROM minutes, horizon
		WHERE stat = $1 AND at >= $2 AND at < $4 AND +at >= horizon.hour * 60 GROUP BY 1
	UNION ALL
	SELECT (at * 60 - $2) / $3` + sums + `FROM ` + allHours + ` AS h, horizon
		WHERE at < horizon.hour AND at >= horizon.day * 24 AND at * 60 >= $2 AND at * 60 < $4 GROUP BY 1
	UNION ALL` + oldDays

// coarseSeries returns the query for others.
func (s *Store) coarseSeries() string {
	// SQLite takes the tables of a CROSS JOIN in this order, and so looks for few minutes.
	edges := `CROSS JOIN minutes m ON m.stat = $1 AND m.at >= edges.hour * 60 AND m.at < edges.hour * 60 + 60`
	if s.lateral != "" {
		edges = s.lateral + `SELECT * FROM minutes i WHERE i.stat = $1 AND i.at >= edges.hour * 60 AND i.at < edges.hour * 60 + 60` + s.lateralEnd + ` AS m`
	}
	return horizon + `, steps (at) AS (
		SELECT CAST($2 AS BIGINT) UNION ALL SELECT at + $3 FROM steps WHERE at < $4
	), edges AS (
		SELECT at / 60 AS hour FROM steps, horizon WHERE at % 60 <> 0 AND at / 60 >= horizon.hour
	)
	SELECT (m.at - $2) / $3` + sums + `FROM edges ` + edges + `
		WHERE +m.at >= $2 AND +m.at < $4 GROUP BY 1
	UNION ALL
	SELECT (at * 60 - $2) / $3` + sums + `FROM ` + allHours + ` AS h, horizon
		WHERE at * 60 >= $2 AND at * 60 < $4 AND at >= horizon.day * 24
		AND (at < horizon.hour OR at * 60 + 60 <= $4 AND (at * 60 - $2) / $3 = (at * 60 + 59 - $2) / $3) GROUP BY 1
	UNION ALL` + oldDays
}

// Series returns a cell for each step of the axis, with its number as At.
func (s *Store) Series(ctx context.Context, stat int64, a frame.Axis) ([]Cell, error) {
	query := fineSeries
	if a.Step >= frame.Hour {
		query = s.coarseSeries()
	}
	return s.cells(ctx, stat, a.N, query, stat, a.Start, a.Step, a.End())
}

// Days returns a cell for each of n days from one on, which is counted from 1970.
func (s *Store) Days(ctx context.Context, stat, from int64, n int) ([]Cell, error) {
	return s.cells(ctx, stat, n, `SELECT at - $2`+sums+`FROM (
		SELECT at, total, n, low, high FROM days WHERE stat = $1 AND at >= $2 AND at < $3
		UNION ALL SELECT at / 24, total, n, low, high FROM pending WHERE stat = $1 AND at / 24 >= $2 AND at / 24 < $3
	) AS d GROUP BY 1`, stat, from, from+int64(n))
}

func (s *Store) cells(ctx context.Context, stat int64, n int, query string, args ...any) ([]Cell, error) {
	cells := make([]Cell, n)
	for i := range cells {
		cells[i] = Cell{Stat: stat, At: int64(i)}
	}
	err := each(ctx, s.read, func(scan func(...any) error) error {
		var c Cell
		if err := scan(&c.At, &c.Sum, &c.N, &c.Low, &c.High); err != nil {
			return err
		}
		if c.At >= 0 && c.At < int64(n) {
			cells[c.At].merge(c)
		}
		return nil
	}, query, args...)
	return cells, err
}

// Figure returns the number that a graph shows of a cell: the sum of counts, or the mean
// of values.
func (c Cell) Figure(counter bool) float64 {
	if counter || c.N == 0 {
		return c.Sum
	}
	return c.Sum / float64(c.N)
}

// Total returns all cells as one.
func Total(cells []Cell) (total Cell) {
	for _, c := range cells {
		if c.N > 0 {
			total.merge(c)
		}
	}
	return total
}
