package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// PostgreSQL accepts the writes of many processes. Each transaction locks rows in the
// same order, to avoid deadlocks: keys of requests, names of stats, minutes, pending
// hours; each sorted. A commit is as safe as the server's synchronous_commit and fsync
// make it, which are on by default.
const postgresConnections = 12

func openPostgres(url string, o Options) (*Store, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err // without the password that may be in the URL
	}
	if o.NoSync {
		config.RuntimeParams["synchronous_commit"] = "off"
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(postgresConnections)
	db.SetMaxIdleConns(postgresConnections)
	return &Store{write: db, read: db, dialect: dialect{
		hasSchema: "SELECT to_regclass('leases') IS NOT NULL", schema: postgresSchema(),
		now: "EXTRACT(EPOCH FROM clock_timestamp())::bigint", greatest: "GREATEST", least: "LEAST",
		lateral: "CROSS JOIN LATERAL (", lateralEnd: " OFFSET 0)", skipLocked: " FOR UPDATE SKIP LOCKED",
		addCells: postgresAddCells, transient: postgresTransient,
	}}, nil
}

// postgresTransient reports whether a transaction failed because of another: it was
// rolled back (class 40), or another one inserted the same key just before it.
func postgresTransient(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (strings.HasPrefix(e.Code, "40") || e.Code == "23505")
}

// postgresAddCells adds all cells with one statement.
func postgresAddCells(ctx context.Context, _ *Store, tx *sql.Tx, table string, cells []Cell) error {
	n := len(cells)
	stats, ats, counts, received := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	sums, lows, highs := make([]float64, n), make([]float64, n), make([]float64, n)
	for i, c := range cells {
		stats[i], ats[i], counts[i], received[i] = c.Stat, c.At, c.N, c.Received
		sums[i], lows[i], highs[i] = c.Sum, c.Low, c.High
	}
	arrays := "$1::bigint[], $2::bigint[], $3::float8[], $4::bigint[], $5::float8[], $6::float8[]"
	args := []any{stats, ats, sums, counts, lows, highs}
	if table == "pending" {
		arrays += ", $7::bigint[]"
		args = append(args, received)
	}
	_, err := tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO %s (%s) SELECT * FROM unnest(%s)%s",
		table, cellColumns(table), arrays, onConflict(table, "LEAST", "GREATEST")), args...)
	return err
}

// postgresSchema takes a lock first, because CREATE TABLE IF NOT EXISTS fails if two
// processes run it at once. The lock's number is arbitrary.
func postgresSchema() string {
	types := strings.NewReplacer(
		"SERIAL", "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "NUMBER", "bigint", "FLOAT", "float8", "BYTES", "bytea",
		"TEXT", `text COLLATE "C"`, "END TABLE", ")", "END CELLS", ") WITH (fillfactor = 80)", // room to update rows in place
	)
	return "SELECT pg_advisory_xact_lock(7305520242);" + types.Replace(schema)
}
