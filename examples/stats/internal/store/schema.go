package store

// schema is the schema of both databases; each replaces the words in capitals that aren't
// SQL. Times are in seconds since 1970, except the column at of a table of cells, which
// is in the table's unit. Trashed stats keep their rows for a while, so a name is unique
// among the others only.
const schema = `
	CREATE TABLE IF NOT EXISTS meta (
		name  TEXT PRIMARY KEY,
		value NUMBER NOT NULL
	END TABLE;
	INSERT INTO meta (name, value) VALUES ('generation', 0), ('minutes_from', 0), ('hours_from', 0) ON CONFLICT DO NOTHING;
	CREATE TABLE IF NOT EXISTS accounts (
		id       SERIAL,
		email    TEXT NOT NULL UNIQUE,
		password TEXT NOT NULL,
		ezkey    BYTES NOT NULL UNIQUE, -- a digest
		ez       NUMBER NOT NULL DEFAULT 1, -- whether the ezkey may be used
		ukey     TEXT NOT NULL UNIQUE,
		hookkey  TEXT NOT NULL,
		created  NUMBER NOT NULL
	END TABLE;
	CREATE TABLE IF NOT EXISTS tokens (
		digest  BYTES PRIMARY KEY,
		id      TEXT NOT NULL UNIQUE,
		account NUMBER NOT NULL REFERENCES accounts,
		name    TEXT NOT NULL,
		created NUMBER NOT NULL
	END TABLE;
	CREATE INDEX IF NOT EXISTS tokens_by_account ON tokens (account);
	CREATE TABLE IF NOT EXISTS sessions (
		digest  BYTES PRIMARY KEY,
		account NUMBER NOT NULL REFERENCES accounts,
		expires NUMBER NOT NULL
	END TABLE;
	CREATE TABLE IF NOT EXISTS stats (
		id          SERIAL,
		account     NUMBER NOT NULL REFERENCES accounts,
		public_id   TEXT NOT NULL UNIQUE,
		name        TEXT NOT NULL,
		counter     NUMBER NOT NULL,
		public      NUMBER NOT NULL DEFAULT 0,
		unit        TEXT NOT NULL DEFAULT '',
		classic_key TEXT NOT NULL UNIQUE,
		embed_key   TEXT NOT NULL UNIQUE,
		destroy_key BYTES NOT NULL, -- a digest
		created     NUMBER NOT NULL,
		received    NUMBER NOT NULL DEFAULT 0,
		trashed     NUMBER NOT NULL DEFAULT 0
	END TABLE;
	CREATE UNIQUE INDEX IF NOT EXISTS stats_by_name ON stats (account, name) WHERE trashed = 0;
	CREATE INDEX IF NOT EXISTS stats_by_account ON stats (account, id);
	CREATE TABLE IF NOT EXISTS minutes (
		stat NUMBER NOT NULL, at NUMBER NOT NULL, total FLOAT NOT NULL, n NUMBER NOT NULL, low FLOAT NOT NULL, high FLOAT NOT NULL,
		PRIMARY KEY (stat, at)
	END CELLS;
	CREATE TABLE IF NOT EXISTS tens ( -- of minutes
		stat NUMBER NOT NULL, at NUMBER NOT NULL, total FLOAT NOT NULL, n NUMBER NOT NULL, low FLOAT NOT NULL, high FLOAT NOT NULL,
		PRIMARY KEY (stat, at)
	END CELLS;
	CREATE TABLE IF NOT EXISTS hours (
		stat NUMBER NOT NULL, at NUMBER NOT NULL, total FLOAT NOT NULL, n NUMBER NOT NULL, low FLOAT NOT NULL, high FLOAT NOT NULL,
		PRIMARY KEY (stat, at)
	END CELLS;
	CREATE TABLE IF NOT EXISTS days (
		stat NUMBER NOT NULL, at NUMBER NOT NULL, total FLOAT NOT NULL, n NUMBER NOT NULL, low FLOAT NOT NULL, high FLOAT NOT NULL,
		PRIMARY KEY (stat, at)
	END CELLS;
	CREATE TABLE IF NOT EXISTS pending ( -- tens that are yet to be added to tens, hours and days
		stat NUMBER NOT NULL, at NUMBER NOT NULL, total FLOAT NOT NULL, n NUMBER NOT NULL, low FLOAT NOT NULL, high FLOAT NOT NULL,
		received NUMBER NOT NULL,
		PRIMARY KEY (stat, at)
	END CELLS;
	CREATE TABLE IF NOT EXISTS requests (
		account NUMBER NOT NULL,
		key     TEXT NOT NULL,
		digest  BYTES NOT NULL, -- of what was asked for
		made    NUMBER NOT NULL,
		PRIMARY KEY (account, key)
	END TABLE;
	CREATE INDEX IF NOT EXISTS requests_by_time ON requests (made);
	CREATE TABLE IF NOT EXISTS alerts (
		id          SERIAL,
		public_id   TEXT NOT NULL UNIQUE,
		account     NUMBER NOT NULL REFERENCES accounts,
		stat        NUMBER NOT NULL REFERENCES stats ON DELETE CASCADE,
		kind        TEXT NOT NULL,
		operator    TEXT NOT NULL,
		threshold   FLOAT NOT NULL,
		percentage  FLOAT NOT NULL,
		time_window TEXT NOT NULL,
		time_delta  TEXT NOT NULL,
		hook        TEXT NOT NULL,
		firing      NUMBER NOT NULL DEFAULT 0,
		edges       NUMBER NOT NULL DEFAULT 0,
		changed     NUMBER NOT NULL
	END TABLE;
	CREATE INDEX IF NOT EXISTS alerts_by_account ON alerts (account, id);
	CREATE INDEX IF NOT EXISTS alerts_by_stat ON alerts (stat);
	CREATE TABLE IF NOT EXISTS reports (
		account NUMBER NOT NULL REFERENCES accounts,
		day     NUMBER NOT NULL,
		PRIMARY KEY (account, day)
	END TABLE;
	CREATE TABLE IF NOT EXISTS leases (
		name   TEXT PRIMARY KEY,
		holder TEXT NOT NULL,
		expires NUMBER NOT NULL
	END TABLE`
