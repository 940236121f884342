package store

import (
	"context"
	"fmt"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/frame"
)

// A read of a series takes whole hours from the table of hours. An hour that two steps
// share is put together from tens, cells of ten minutes, and ten minutes that two steps
// share from minutes. So a year by the day reads 14,000 rows, and not 525,000. Where the
// minutes and tens are gone, all of an hour goes to the step in which it begins, and
// likewise for days. One statement reads everything, so the result is a snapshot.
//
// A plus before a column keeps SQLite from using the condition to look up rows.
//
// $1 is the stat, $2 the start of the axis, $3 its step, $4 its end.

const horizon = `WITH RECURSIVE horizon AS (
		SELECT (SELECT value FROM meta WHERE name = 'minutes_from') AS hour, (SELECT value FROM meta WHERE name = 'hours_from') AS day
	)`

const sums = ", SUM(total), SUM(n), MIN(low), MAX(high) "

// oldSeries is for what is older than the minutes.
const oldSeries = `
	UNION ALL
	SELECT (at * 60 - $2) / $3` + sums + `FROM hours
		WHERE stat = $1 AND at >= ($2 + 59) / 60 AND at <= ($4 - 1) / 60
		AND at < (SELECT hour FROM horizon) AND at >= (SELECT day * 24 FROM horizon) GROUP BY 1
	UNION ALL
	SELECT (at * 1440 - $2) / $3` + sums + `FROM days
		WHERE stat = $1 AND at >= ($2 + 1439) / 1440 AND at <= ($4 - 1) / 1440 AND at < (SELECT day FROM horizon) GROUP BY 1`

// pendingSeries returns the part of a query for pending tens: those that are older than
// the minutes, and newer ones that meet a condition.
func pendingSeries(newer string) string {
	return `
	UNION ALL
	SELECT (begins - $2) / $3` + sums + `FROM (
		SELECT CASE WHEN at / 144 < horizon.day THEN at / 144 * 1440 WHEN at / 6 < horizon.hour THEN at / 6 * 60 ELSE at * 10 END AS begins,
			total, n, low, high
		FROM pending, horizon WHERE stat = $1 AND (at / 6 < horizon.hour OR ` + newer + `)
	) AS p WHERE begins >= $2 AND begins < $4 GROUP BY 1`
}

// fineSeries returns the query for steps shorter than an hour.
func fineSeries() string {
	return horizon + `
	SELECT (at - $2) / $3` + sums + `FROM minutes
		WHERE stat = $1 AND at >= $2 AND at < $4 AND +at >= (SELECT hour * 60 FROM horizon) GROUP BY 1` + oldSeries + pendingSeries("1 = 0")
}

// coarseSeries returns the query for longer steps. A cell of n minutes lies in one step
// if it begins at least n minutes before the end of that.
func (s *Store) coarseSeries() string {
	const wholeTen = "at * 10 >= $2 AND at * 10 + 10 <= $4 AND (at * 10 - $2) % $3 <= $3 - 10"
	return horizon + `, steps (at) AS (
		SELECT CAST($2 AS BIGINT) UNION ALL SELECT at + $3 FROM steps WHERE at < $4
	), edges AS (
		SELECT at AS edge FROM steps, horizon WHERE at % 60 <> 0 AND at / 60 >= horizon.hour
	)
	SELECT (at - $2) / $3` + sums + `FROM edges ` + s.near("minutes", "edge / 10 * 10", 10) + `
		WHERE edge % 10 <> 0 AND +at >= $2 AND +at < $4 GROUP BY 1
	UNION ALL
	SELECT (at * 10 - $2) / $3` + sums + `FROM edges ` + s.near("tens", "edge / 60 * 6", 6) + `
		WHERE ` + wholeTen + ` GROUP BY 1
	UNION ALL
	SELECT (at * 60 - $2) / $3` + sums + `FROM hours
		WHERE stat = $1 AND at >= ($2 + 59) / 60 AND at < $4 / 60
		AND at >= (SELECT hour FROM horizon) AND (at * 60 - $2) % $3 <= $3 - 60 GROUP BY 1` + oldSeries + pendingSeries(wholeTen)
}

// near joins the n cells of a table from a place on. Both databases must look these up
// for each row on the left: SQLite takes the tables of a CROSS JOIN in this order, and
// PostgreSQL has a dialect's lateral.
func (s *Store) near(table, from string, n int) string {
	condition := fmt.Sprintf("c.stat = $1 AND c.at >= %[1]s AND c.at < %[1]s + %[2]d", from, n)
	if s.lateral == "" {
		return "CROSS JOIN " + table + " c ON " + condition
	}
	return s.lateral + "SELECT * FROM " + table + " c WHERE " + condition + s.lateralEnd + " AS c"
}

// Series returns a cell for each step of the axis, with its number as At.
func (s *Store) Series(ctx context.Context, stat int64, a frame.Axis) ([]Cell, error) {
	query := fineSeries()
	if a.Step >= frame.Hour {
		query = s.coarseSeries()
	}
	return s.cells(ctx, stat, a.N, query, stat, a.Start, a.Step, a.End())
}

// Days returns a cell for each of n days, from a day numbered since 1970.
func (s *Store) Days(ctx context.Context, stat, from int64, n int) ([]Cell, error) {
	return s.cells(ctx, stat, n, `SELECT at - $2`+sums+`FROM (
		SELECT at, total, n, low, high FROM days WHERE stat = $1 AND at >= $2 AND at < $3
		UNION ALL SELECT at / 144, total, n, low, high FROM pending WHERE stat = $1 AND at / 144 >= $2 AND at / 144 < $3
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
