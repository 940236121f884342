package main

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// With PostgreSQL, transfers lock the rows of their accounts, and are read
// committed: what each statement sees is what others have committed before it, so
// behind the locks it is how things are. Serializable transactions would be right
// without the locks, and fail much more often where many transfers have an account
// in common; should the server be set to them, they are tried again. The lock is
// FOR NO KEY UPDATE, for a stronger one would collide with those that foreign keys
// take, which have no order.
//
// A commit is as safe as the server's synchronous_commit and fsync, which are on by
// default, make it.

// postgresConnections is for one process, of which there are two during a restart.
// Servers allow 100 by default.
const postgresConnections = 16

const postgresHasSchema = `SELECT to_regclass('transfers_by_destination') IS NOT NULL`

// CREATE TABLE IF NOT EXISTS fails if two do it at once, so they take turns: the
// number of the lock stands for the wallet's schema.
const postgresSchema = `
	SELECT pg_advisory_xact_lock(7305520241);
	CREATE TABLE IF NOT EXISTS accounts (
		id      text COLLATE "C" PRIMARY KEY,
		balance bigint NOT NULL DEFAULT 0 CHECK (balance BETWEEN 0 AND 9007199254740991)
	);
	CREATE TABLE IF NOT EXISTS transfers (
		id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		idempotency_key text COLLATE "C" NOT NULL UNIQUE,
		source          text COLLATE "C" REFERENCES accounts, -- NULL for a deposit
		destination     text COLLATE "C" NOT NULL REFERENCES accounts,
		cents           bigint NOT NULL CHECK (cents > 0),
		balance         bigint NOT NULL, -- of the receipt
		made            bigint NOT NULL, -- in microseconds since 1970
		CHECK (source <> destination)
	);
	CREATE INDEX IF NOT EXISTS transfers_by_source ON transfers (source, id);
	CREATE INDEX IF NOT EXISTS transfers_by_destination ON transfers (destination, id)`

func openPostgres(url string) (*store, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err // without the password that may be in the URL
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(postgresConnections)
	db.SetMaxIdleConns(postgresConnections)
	return &store{db, db, dialect{postgresHasSchema, postgresSchema, selectBalances + " FOR NO KEY UPDATE", postgresTransient}}, nil
}

// postgresTransient reports whether another transaction was in the way: it was
// rolled back for the sake of others (class 40), or found that another one has
// inserted the same key just before it. The next attempt will see that one.
func postgresTransient(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (strings.HasPrefix(e.Code, "40") || e.Code == "23505")
}
