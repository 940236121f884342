package main

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// SQLite has one writer at a time. Those of this process queue for its one
// connection to write, where their contexts are heeded, and only other processes,
// as during a restart, are waited for by SQLite. It looks for its turn less and less
// often, so it soon gives up (busy_timeout), and begins anew when it is tried again.
// A transaction begins as one that writes, so that it can't fail on the way.
//
// The write-ahead log lets others read meanwhile, and makes the file outlive
// kill -9: who opens it next plays the log back as far as it was committed.
// synchronous=FULL is for power loss: a commit isn't answered before the log is on
// disk, so far as the disk tells the truth (fullfsync makes macOS ask it).
const (
	sqlitePragmas = "_pragma=busy_timeout(100)&_pragma=synchronous(FULL)&_pragma=fullfsync(1)&_pragma=foreign_keys(1)"
	sqliteReaders = 8
)

const sqliteHasSchema = `SELECT COUNT(*) FROM sqlite_schema WHERE name = 'transfers_by_destination'`

const sqliteSchema = `
	CREATE TABLE IF NOT EXISTS accounts (
		id      TEXT PRIMARY KEY,
		balance INTEGER NOT NULL DEFAULT 0 CHECK (balance BETWEEN 0 AND 9007199254740991)
	) STRICT;
	CREATE TABLE IF NOT EXISTS transfers (
		id              INTEGER PRIMARY KEY,
		idempotency_key TEXT NOT NULL UNIQUE,
		source          TEXT REFERENCES accounts, -- NULL for a deposit
		destination     TEXT NOT NULL REFERENCES accounts,
		cents           INTEGER NOT NULL CHECK (cents > 0),
		balance         INTEGER NOT NULL, -- of the receipt
		made            INTEGER NOT NULL, -- in microseconds since 1970
		CHECK (source <> destination)
	) STRICT;
	CREATE INDEX IF NOT EXISTS transfers_by_source ON transfers (source, id);
	CREATE INDEX IF NOT EXISTS transfers_by_destination ON transfers (destination, id)`

func openSQLite(file string) (*store, error) {
	if file == "" || file == ":memory:" {
		return nil, fmt.Errorf("%q is not a file, and money is to be kept", file)
	}
	name := "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + sqlitePragmas
	write, err := sql.Open("sqlite", name+"&_pragma=journal_mode(WAL)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	read, err := sql.Open("sqlite", name+"&_query_only=1")
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(sqliteReaders)
	read.SetMaxIdleConns(sqliteReaders)
	return &store{write, read, dialect{sqliteHasSchema, sqliteSchema, selectBalances, sqliteTransient}}, nil
}

// sqliteTransient reports whether another process was in the way.
func sqliteTransient(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		primary := e.Code() & 0xff
		return primary == sqlite3.SQLITE_BUSY || primary == sqlite3.SQLITE_LOCKED
	}
	return false
}
