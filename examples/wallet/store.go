package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

// A store keeps the money in a database. What it promises rests on three things:
//
//   - A transfer is one transaction, which first locks the rows of its accounts,
//     in the order of their IDs. So two transfers of an account come one after the
//     other, none waits for one that waits for it, and the IDs of an account's
//     transfers, which are given out behind the locks, rise in the order in which
//     they become visible: who lists them by ID misses none.
//   - The row of a transfer has its Idempotency-Key, which is unique, and all of
//     the request and the answer. So a request has been acted on if and only if
//     its key is there, and its answer can be given again. Of two requests at once
//     with the same key one fails, if they got that far, is tried again, and then
//     finds the other's row.
//   - The database has the last word: it refuses a negative balance (CHECK) and a
//     key that is there (UNIQUE), and a commit is on disk before it is answered.
//
// Its methods may be called by many goroutines, and many processes may have the
// same database open, as during a restart.
type store struct {
	write *sql.DB // on which all transactions are
	read  *sql.DB // may be the same
	dialect
}

// A dialect is how databases differ.
type dialect struct {
	hasSchema string           // a query for whether there is what schema makes
	schema    string           // statements that change nothing if others have been faster
	lock      string           // selectBalances, which also locks the rows
	transient func(error) bool // the transaction has failed, and mightn't another time
}

// openStore opens the database and makes its tables.
func openStore(ctx context.Context, name string) (*store, error) {
	open := openSQLite
	if strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://") {
		open = openPostgres
	}
	s, err := open(name)
	if err != nil {
		return nil, fmt.Errorf("the database: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := s.makeSchema(ctx); err != nil {
		s.close()
		return nil, fmt.Errorf("the database: %w", err)
	}
	return s, nil
}

// startTimeout is how long opening the database may take.
const startTimeout = 10 * time.Second

// makeSchema makes what isn't there. All is made or nothing, and all that is there
// needs no lock, for which a process that takes over would have to compete.
func (s *store) makeSchema(ctx context.Context) error {
	var there bool
	if err := s.readRow(ctx, s.hasSchema)(&there); err != nil || there {
		return err
	}
	return s.inTransaction(ctx, func(tx *sql.Tx) error {
		for statement := range strings.SplitSeq(s.schema, ";") {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *store) close() {
	_ = s.read.Close()
	_ = s.write.Close() // closed twice if it is the same, which does nothing; all that is answered is on disk
}

func (s *store) ping(ctx context.Context) error {
	var n int
	return s.readRow(ctx, "SELECT COUNT(*) FROM accounts WHERE id = $1", "")(&n)
}

const (
	attempts   = 50
	firstPause = 2 * time.Millisecond
	longPause  = 50 * time.Millisecond
)

// again calls f, and calls it again if it fails because of others that go on at
// the same time.
func (s *store) again(ctx context.Context, f func() error) error {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		err := f()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil && !errors.Is(err, ctx.Err()):
			return fmt.Errorf("%w: %w", ctx.Err(), err) // as drivers have errors of their own for it
		case ctx.Err() != nil || !s.transient(err):
			return err
		case attempt == attempts:
			return tigertonic.ServiceUnavailable{Err: fmt.Errorf("tried %d times: %w", attempts, err)}
		}
		select {
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // no secret: so that those who collided don't again
		case <-ctx.Done():
		}
		pause = min(2*pause, longPause)
	}
}

// inTransaction calls f in a transaction, and commits it unless there is an error.
func (s *store) inTransaction(ctx context.Context, f func(*sql.Tx) error) error {
	return s.again(ctx, func() error {
		tx, err := s.write.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback() //nolint:errcheck // it is committed, or has failed already
		if err := f(tx); err != nil {
			return err
		}
		return tx.Commit()
	})
}

// readRow returns what scans the row that a query finds, or sql.ErrNoRows.
func (s *store) readRow(ctx context.Context, query string, args ...any) (scan func(into ...any) error) {
	return func(into ...any) error {
		return s.again(ctx, func() error { return s.read.QueryRowContext(ctx, query, args...).Scan(into...) })
	}
}

func (s *store) insertAccount(ctx context.Context, id string) error {
	return s.inTransaction(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, "INSERT INTO accounts (id) VALUES ($1) ON CONFLICT (id) DO NOTHING", id)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return errTaken
	})
}

// move transfers money, or returns the receipt of when it did.
func (s *store) move(ctx context.Context, key string, t transfer) (r receipt, err error) {
	err = s.inTransaction(ctx, func(tx *sql.Tx) error {
		balances, err := s.lockBalances(ctx, tx, t)
		if err != nil {
			return err
		}
		var made bool
		if r, made, err = madeBefore(ctx, tx, key, t); made || err != nil {
			return err
		}
		if r.Balance, err = settle(t, balances); err != nil {
			return err
		}
		r.ID, err = insertTransfer(ctx, tx, t, key, r.Balance)
		return err
	})
	return r, err
}

const selectBalances = "SELECT id, balance FROM accounts WHERE id IN ($1, $2) ORDER BY id"

// lockBalances locks the accounts of a transfer, and returns their balances.
func (s *store) lockBalances(ctx context.Context, tx *sql.Tx, t transfer) (map[string]int64, error) {
	rows, err := tx.QueryContext(ctx, s.lock, t.From, t.To)
	if err != nil {
		return nil, err
	}
	balances := map[string]int64{}
	err = each(rows, func() error {
		var a account
		err := rows.Scan(&a.ID, &a.Balance)
		balances[a.ID] = a.Balance
		return err
	})
	return balances, err
}

// madeBefore returns the receipt of the transfer with this key, if there is one,
// or an error if that was another transfer.
func madeBefore(ctx context.Context, tx *sql.Tx, key string, t transfer) (r receipt, made bool, err error) {
	var old transfer
	err = tx.QueryRowContext(ctx, `SELECT id, COALESCE(source, ''), destination, cents, balance
		FROM transfers WHERE idempotency_key = $1`, key).Scan(&r.ID, &old.From, &old.To, &old.Cents, &r.Balance)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return receipt{}, false, nil
	case err != nil:
		return receipt{}, false, err
	case old != t:
		return receipt{}, false, errOtherRequest
	}
	return r, true, nil
}

// settle returns what the balance in the receipt is to be, or why there can be no
// such transfer.
func settle(t transfer, balances map[string]int64) (int64, error) {
	to, ok := balances[t.To]
	from, isThere := balances[t.From]
	isDeposit := t.From == ""
	switch {
	case !isThere && !isDeposit:
		return 0, noAccount(t.From)
	case !ok:
		return 0, noAccount(t.To)
	case !isDeposit && from < t.Cents:
		return 0, errTooLittle
	case to > mostCents-t.Cents:
		return 0, errTooMuch
	case isDeposit:
		return to + t.Cents, nil
	}
	return from - t.Cents, nil
}

func noAccount(id string) error {
	return tigertonic.NotFound{Err: fmt.Errorf("there is no account %q", id)}
}

// insertTransfer adds the transfer, moves the money, and returns the ID.
func insertTransfer(ctx context.Context, tx *sql.Tx, t transfer, key string, balance int64) (id int64, err error) {
	err = tx.QueryRowContext(ctx, `INSERT INTO transfers (idempotency_key, source, destination, cents, balance, made)
		VALUES ($1, NULLIF($2, ''), $3, $4, $5, $6) RETURNING id`,
		key, t.From, t.To, t.Cents, balance, time.Now().UnixMicro()).Scan(&id)
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE accounts SET balance = CASE id WHEN $1 THEN balance - $3 ELSE balance + $3 END
		WHERE id IN ($1, $2)`, t.From, t.To, t.Cents)
	return id, err
}

func (s *store) selectAccount(ctx context.Context, id string) (account, error) {
	a := account{ID: id}
	err := s.readRow(ctx, "SELECT balance FROM accounts WHERE id = $1", id)(&a.Balance)
	if errors.Is(err, sql.ErrNoRows) {
		err = noAccount(id)
	}
	return a, err
}

// selectTotals adds up in one statement, which sees all transfers whole or not at
// all.
func (s *store) selectTotals(ctx context.Context) (t totals, err error) {
	err = s.readRow(ctx, `SELECT
		(SELECT COUNT(*) FROM accounts), (SELECT COUNT(*) FROM transfers), (SELECT COALESCE(SUM(balance), 0) FROM accounts),
		(SELECT COALESCE(SUM(cents), 0) FROM transfers WHERE source IS NULL)`)(
		&t.Accounts, &t.Transfers, &t.Balance, &t.Deposited)
	return t, err
}

const selectTransfer = "SELECT id, COALESCE(source, ''), destination, cents, made FROM transfers "

func (s *store) selectTransfer(ctx context.Context, id int64) (transfer, error) {
	t, err := scanTransfer(s.readRow(ctx, selectTransfer+"WHERE id = $1", id))
	if errors.Is(err, sql.ErrNoRows) {
		err = errNoTransfer
	}
	return t, err
}

// selectTransfers returns the first n transfers of an account after one of them.
// Each half of the query has an index in the order that is asked for.
func (s *store) selectTransfers(ctx context.Context, id string, after int64, n int) (found []transfer, err error) {
	const query = "SELECT * FROM (" + selectTransfer + "WHERE source = $1 AND id > $2 ORDER BY id LIMIT $3) AS sent UNION ALL " +
		"SELECT * FROM (" + selectTransfer + "WHERE destination = $1 AND id > $2 ORDER BY id LIMIT $3) AS received ORDER BY id LIMIT $3"
	err = s.again(ctx, func() error {
		found = nil
		rows, err := s.read.QueryContext(ctx, query, id, after, n)
		if err != nil {
			return err
		}
		return each(rows, func() error {
			t, err := scanTransfer(rows.Scan)
			found = append(found, t)
			return err
		})
	})
	return found, err
}

func scanTransfer(scan func(into ...any) error) (t transfer, err error) {
	var made int64
	err = scan(&t.ID, &t.From, &t.To, &t.Cents, &made)
	t.Made = time.UnixMicro(made).UTC()
	return t, err
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
