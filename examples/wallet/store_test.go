package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

// patient is how long a test waits for what must happen.
const patient = 30 * time.Second

// mustAddUp makes all transfers again in the order of their IDs: what comes of them
// must be the receipts and the balances that there are, and none may be negative on
// the way.
func mustAddUp(t *testing.T, s *store) {
	t.Helper()
	rows, err := s.read.Query("SELECT id, idempotency_key, COALESCE(source, ''), destination, cents, balance FROM transfers ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	balances, keys := map[string]int64{}, map[string]bool{}
	err = each(rows, func() error {
		var made transfer
		var key string
		var balance int64
		if err := rows.Scan(&made.ID, &key, &made.From, &made.To, &made.Cents, &balance); err != nil {
			return err
		}
		balances[made.To] += made.Cents
		is := balances[made.To]
		if made.From != "" {
			balances[made.From] -= made.Cents
			is = balances[made.From]
		}
		if is != balance || is < 0 || keys[key] {
			t.Errorf("transfer %+v of %q left %d, and its receipt says %d", made, key, is, balance)
		}
		keys[key] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int64{}
	if rows, err = s.read.Query("SELECT id, balance FROM accounts WHERE balance <> 0"); err != nil {
		t.Fatal(err)
	}
	if err := each(rows, func() error {
		var a account
		err := rows.Scan(&a.ID, &a.Balance)
		found[a.ID] = a.Balance
		return err
	}); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(balances, func(_ string, balance int64) bool { return balance == 0 })
	if !maps.Equal(found, balances) {
		t.Errorf("the accounts hold %v, and by the transfers %v", found, balances)
	}
}

// fund opens accounts with money in them.
func (s *store) fund(t *testing.T, n int, cents int64) (ids []string) {
	t.Helper()
	for i := range n {
		id := fmt.Sprint("account-", i)
		if err := s.insertAccount(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if _, err := s.move(t.Context(), "fund-"+id, transfer{To: id, Cents: cents}); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// pick returns two accounts.
func pick(ids []string) (from, to string) {
	i := rand.IntN(len(ids))
	return ids[i], ids[(i+1+rand.IntN(len(ids)-1))%len(ids)]
}

// Two stores stand for two processes, which share the database during a restart.
// Readers see the same sum at any time.
func TestManyTransfersAtOnceKeepTheSum(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		const workers, each, cents = 16, 40, 500
		stores := []*store{mustOpen(t, db), mustOpen(t, db)}
		ids := stores[0].fund(t, 5, cents)
		ctx, cancel := context.WithCancel(t.Context())
		var readers, writers sync.WaitGroup
		readers.Go(func() {
			for ctx.Err() == nil {
				got, err := stores[1].selectTotals(t.Context())
				if err != nil || got.Balance != got.Deposited || got.Balance != cents*int64(len(ids)) {
					t.Errorf("got %+v, %v", got, err)
				}
				time.Sleep(time.Millisecond)
			}
		})
		var mu sync.Mutex
		tooLittle := 0
		for w := range workers {
			writers.Go(func() {
				for i := range each {
					from, to := pick(ids)
					_, err := stores[w%2].move(t.Context(), fmt.Sprint(w, "-", i), transfer{From: from, To: to, Cents: 1 + rand.Int64N(400)})
					if errors.Is(err, errTooLittle) {
						mu.Lock()
						tooLittle++
						mu.Unlock()
					} else if err != nil {
						t.Error(err)
					}
				}
			})
		}
		writers.Wait()
		cancel()
		readers.Wait()
		got, err := stores[0].selectTotals(t.Context())
		if want := int64(len(ids) + workers*each - tooLittle); err != nil || got.Transfers != want {
			t.Errorf("got %+v, %v, want %d transfers", got, err, want)
		}
		mustAddUp(t, stores[0])
	})
}

func TestTablesAreMadeOnceByManyAtOnce(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				s, err := openStore(t.Context(), db)
				if err != nil {
					t.Error(err)
					return
				}
				defer s.close()
				if err := s.insertAccount(t.Context(), "ann"); err != nil && !errors.Is(err, errTaken) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got, err := mustOpen(t, db).selectTotals(t.Context()); err != nil || got.Accounts != 1 {
			t.Errorf("got %+v, %v, want one account", got, err)
		}
	})
}

// What others have locked is waited for as long as a request may take, and no
// longer; and then nothing has happened.
func TestLockedDatabaseIsA503(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		a := newAPI(t, db)
		a.open(t, 100, "ann", "bob")
		other := mustOpen(t, db)
		tx, err := other.write.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec("UPDATE accounts SET balance = balance WHERE id = 'ann'"); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		got := a.send(t, "POST /1.0/transfers", order("ann", "bob", 30), "Idempotency-Key: k")
		if took := time.Since(begun); got.status != http.StatusServiceUnavailable || took < patience-time.Second || took > patience+5*time.Second {
			t.Errorf("got %v after %v, want a 503 after %v", got, took, patience)
		}
		if strings.Contains(got.body, "lock") {
			t.Errorf("the client is told %s", got.body)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		if got := a.send(t, "POST /1.0/transfers", order("ann", "bob", 30), "Idempotency-Key: k"); got.status != http.StatusCreated || !strings.Contains(got.body, `"balance":70}`) {
			t.Errorf("got %v, want what has never happened to happen now", got)
		}
		mustAddUp(t, a.store)
	})
}

func TestTransactionsAreTriedAgain(t *testing.T) {
	t.Parallel()
	collision := errors.New("a collision")
	s := &store{dialect: dialect{transient: func(err error) bool { return errors.Is(err, collision) }}}
	calls := 0
	fail := func(times int, err error) func() error {
		calls = 0
		return func() error {
			calls++
			if calls <= times {
				return err
			}
			return nil
		}
	}
	if err := s.again(t.Context(), fail(3, collision)); err != nil || calls != 4 {
		t.Errorf("got %v after %d calls, want success after 4", err, calls)
	}
	if err := s.again(t.Context(), fail(3, sql.ErrNoRows)); !errors.Is(err, sql.ErrNoRows) || calls != 1 {
		t.Errorf("got %v after %d calls, want the error after 1", err, calls)
	}
	var unavailable tigertonic.ServiceUnavailable
	if err := s.again(t.Context(), fail(1000, collision)); !errors.As(err, &unavailable) || !errors.Is(err, collision) || calls != attempts {
		t.Errorf("got %v after %d calls, want a 503 after %d", err, calls, attempts)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.again(ctx, fail(1000, collision)); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, collision) {
		t.Errorf("got %v after the deadline", err)
	}
}

func TestDatabasesThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	for _, db := range []string{
		"", ":memory:", t.TempDir(), filepath.Join(t.TempDir(), "none", "w.db"),
		"postgres://u:swordfish@127.0.0.1:1/w?connect_timeout=1", "postgres://u:swordfish@[::1", "postgresql:///w?host=/nowhere&password=swordfish",
	} {
		s, err := openStore(t.Context(), db)
		if err == nil {
			s.close()
		}
		if err == nil || strings.Contains(err.Error(), "swordfish") {
			t.Errorf("%q: got %v, want an error without the password", db, err)
		}
	}
}
