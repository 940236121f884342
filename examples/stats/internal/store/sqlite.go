package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// SQLite has one writer at a time. Writers in this process queue for its only write
// connection. SQLite waits briefly for other processes, as during a restart
// (busy_timeout), and then the transaction is tried again. The write-ahead log lets
// others read meanwhile, and synchronous=FULL makes a commit wait for the disk.
const (
	sqlitePragmas = "_pragma=busy_timeout(100)&_pragma=foreign_keys(1)&_pragma=cache_size(-4096)"
	sqliteReaders = 8
)

// chunk is how many cells one statement adds.
const chunk = 64

func openSQLite(file string, o Options) (*Store, error) {
	if file == "" || file == ":memory:" {
		return nil, fmt.Errorf("%q is not a file, and what is counted is to be kept", file)
	}
	synchronous := "&_pragma=synchronous(FULL)&_pragma=fullfsync(1)"
	if o.NoSync {
		synchronous = "&_pragma=synchronous(OFF)"
	}
	name := "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + sqlitePragmas
	write, err := sql.Open("sqlite", name+synchronous+"&_pragma=journal_mode(WAL)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	read, err := sql.Open("sqlite", name+"&_query_only=1")
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(sqliteReaders)
	read.SetMaxIdleConns(2)
	d := dialect{
		hasSchema: "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'meta'", schema: sqliteSchema(),
		now: "unixepoch()", greatest: "MAX", least: "MIN",
		addCells: sqliteAddCells, transient: sqliteTransient,
	}
	for _, table := range []string{"minutes", "pending", "tens", "hours", "days"} {
		d.prepare = append(d.prepare, addCellsQuery(table, chunk), addCellsQuery(table, 1))
	}
	return &Store{dialect: d, write: write, read: read, lockWait: o.LockWait}, nil
}

// sqliteTransient reports whether a transaction failed because of another process.
func sqliteTransient(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		primary := e.Code() & 0xff
		return primary == sqlite3.SQLITE_BUSY || primary == sqlite3.SQLITE_LOCKED
	}
	return false
}

// sqliteAddCells adds cells with statements of many rows, at a fifth of the cost of one
// statement each.
func sqliteAddCells(ctx context.Context, s *Store, tx *sql.Tx, table string, cells []Cell) error {
	for len(cells) > 0 {
		n := 1
		if len(cells) >= chunk {
			n = chunk
		}
		args := make([]any, 0, 7*n)
		for _, c := range cells[:n] {
			args = append(args, c.Stat, c.At, c.Sum, c.N, c.Low, c.High)
			if table == "pending" {
				args = append(args, c.Received)
			}
		}
		if _, err := tx.StmtContext(ctx, s.statements[addCellsQuery(table, n)]).ExecContext(ctx, args...); err != nil {
			return err
		}
		cells = cells[n:]
	}
	return nil
}

// addCellsQuery returns the SQLite statement that adds n cells to a table.
func addCellsQuery(table string, n int) string {
	var b strings.Builder
	columns := cellColumns(table)
	width := strings.Count(columns, ",") + 1
	b.WriteString("INSERT INTO " + table + " (" + columns + ") VALUES ")
	for i := range n {
		b.WriteString(map[bool]string{true: "(", false: ", ("}[i == 0])
		for j := range width {
			if j > 0 {
				b.WriteByte(',')
			}
			b.WriteString("$" + strconv.Itoa(i*width+j+1))
		}
		b.WriteByte(')')
	}
	b.WriteString(onConflict(table, "MIN", "MAX"))
	return b.String()
}

// cellColumns returns the columns of a table of cells.
func cellColumns(table string) string {
	if table == "pending" {
		return "stat, at, total, n, low, high, received"
	}
	return "stat, at, total, n, low, high"
}

// onConflict returns the clause that adds a cell to an existing one.
func onConflict(table, least, greatest string) string {
	set := fmt.Sprintf(" ON CONFLICT (stat, at) DO UPDATE SET total = %[1]s.total + excluded.total, n = %[1]s.n + excluded.n,"+
		" low = %[2]s(%[1]s.low, excluded.low), high = %[3]s(%[1]s.high, excluded.high)", table, least, greatest)
	if table == "pending" {
		set += fmt.Sprintf(", received = %s(pending.received, excluded.received)", greatest)
	}
	return set
}

func sqliteSchema() string {
	types := strings.NewReplacer(
		"SERIAL", "INTEGER PRIMARY KEY", "NUMBER", "INTEGER", "FLOAT", "REAL", "BYTES", "BLOB",
		"END TABLE", ") STRICT", "END CELLS", ") STRICT, WITHOUT ROWID",
	)
	return types.Replace(schema)
}
