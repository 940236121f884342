package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/rcrowley/go-tigertonic/examples/internal/postgrestest"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/frame"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

// onEach runs a test with each kind of database, of which it gets a fresh one.
func onEach(t *testing.T, f func(t *testing.T, db string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, filepath.Join(t.TempDir(), "some stats?.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, postgrestest.Fresh(t))
	})
}

func open(t *testing.T, db string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), db, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

const noon = 1_700_049_600 // of a day in November 2023

func account(t *testing.T, s *store.Store, email string) store.Account {
	t.Helper()
	a, err := s.MakeAccount(t.Context(), noon, email, "", "key of "+email)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func apply(t *testing.T, s *store.Store, writes ...*store.Write) {
	t.Helper()
	if err := s.Apply(t.Context(), noon, writes); err != nil {
		t.Fatal(err)
	}
}

func count(name string, minute int64, value float64) store.Sample {
	return store.Sample{Name: name, Counter: true, Minute: minute, Value: value}
}

func series(t *testing.T, s *store.Store, stat int64, text string, now int64) []store.Cell {
	t.Helper()
	f, err := frame.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	cells, err := s.Series(t.Context(), stat, f.At(now))
	if err != nil {
		t.Fatal(err)
	}
	return cells
}

func named(t *testing.T, s *store.Store, a store.Account, name string) store.Stat {
	t.Helper()
	stat, err := s.StatByName(t.Context(), a.ID, name)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return stat
}

func TestWritesAreAdded(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		s := open(t, db)
		a, b := account(t, s, "ann"), account(t, s, "bob")
		const minute = noon / 60
		w := &store.Write{Account: a.ID, Samples: []store.Sample{count("x", minute, 2), count("x", minute, 3), count("x", minute-1, 1e6), {Name: "v", Minute: minute, Value: 0.5}}}
		apply(t, s, w, &store.Write{Account: b.ID, Samples: []store.Sample{count("x", minute, 7)}})
		if len(w.Made) != 2 || w.Made[0].DestroyKey == "" {
			t.Errorf("it has made %v", w.Made)
		}
		w = &store.Write{Account: a.ID, Samples: []store.Sample{count("x", minute, -1), {Name: "v", Minute: minute, Value: 1.5}}}
		apply(t, s, w)
		if len(w.Made) != 0 {
			t.Errorf("it has made %v", w.Made)
		}
		x, v := named(t, s, a, "x"), named(t, s, a, "v")
		if !x.Counter || v.Counter || x.PublicID == v.PublicID || x.Created != noon {
			t.Errorf("got %+v and %+v", x, v)
		}
		for range 2 {
			cells := series(t, s, x.ID, "2m1m", noon)
			if cells[0].Sum != 1e6 || cells[1].Sum != 4 || cells[1].N != 3 || cells[1].Low != -1 || cells[1].High != 3 {
				t.Errorf("got %+v", cells)
			}
			if total := store.Total(series(t, s, x.ID, "1w3h", noon)); total.Sum != 1_000_004 {
				t.Errorf("got %+v", total)
			}
			if got := series(t, s, v.ID, "1m1m", noon)[0].Figure(false); got != 1 {
				t.Errorf("the mean is %v", got)
			}
			if n, err := s.RollUp(t.Context()); err != nil {
				t.Errorf("%d, %v", n, err)
			}
		}
		if x = named(t, s, a, "x"); x.Received != noon {
			t.Errorf("it was received at %d", x.Received)
		}
		if got := store.Total(series(t, s, named(t, s, b, "x").ID, "1h1m", noon)).Sum; got != 7 {
			t.Errorf("the other account has %v", got)
		}
	})
}

func TestKindIsThatOfTheFirstSample(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		s := open(t, db)
		a := account(t, s, "ann")
		value := func(name string) store.Sample { return store.Sample{Name: name, Minute: 1, Value: 1} }
		good := &store.Write{Account: a.ID, Samples: []store.Sample{count("x", 1, 1)}}
		bad := &store.Write{Account: a.ID, Key: "k", Digest: []byte("1"), Samples: []store.Sample{count("y", 1, 1), value("x"), value("z")}}
		both := &store.Write{Account: a.ID, Samples: []store.Sample{count("w", 1, 1), value("w")}}
		apply(t, s, good, bad, both)
		var mismatch *store.Mismatch
		if good.Err != nil || !errors.As(bad.Err, &mismatch) || !slices.Equal(mismatch.Samples, []int{1}) || !errors.As(both.Err, &mismatch) {
			t.Errorf("got %v, %v and %v", good.Err, bad.Err, both.Err)
		}
		for _, name := range []string{"y", "z", "w"} {
			if _, err := s.StatByName(t.Context(), a.ID, name); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s is there: %v", name, err)
			}
		}
		bad.Samples = []store.Sample{count("y", 1, 1)}
		bad.Digest = []byte("2")
		apply(t, s, bad)
		if bad.Err != nil {
			t.Errorf("the key of a write that was refused is taken: %v", bad.Err)
		}
	})
}

func TestKeysCountOnce(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		s := open(t, db)
		a, b := account(t, s, "ann"), account(t, s, "bob")
		write := func(a store.Account, key, digest string) *store.Write {
			return &store.Write{Account: a.ID, Key: key, Digest: []byte(digest), Samples: []store.Sample{count("x", 10, 1)}}
		}
		first, twice, again, other, theirs := write(a, "k", "1"), write(a, "k", "1"), write(a, "k", "1"), write(a, "k", "2"), write(b, "k", "3")
		apply(t, s, first, twice)
		apply(t, s, again, other, theirs)
		for _, w := range []*store.Write{first, twice, again, theirs} {
			if w.Err != nil {
				t.Errorf("got %v", w.Err)
			}
		}
		if !errors.Is(other.Err, store.ErrOtherRequest) {
			t.Errorf("got %v", other.Err)
		}
		if got := series(t, s, named(t, s, a, "x").ID, "1m1m", 600)[0].Sum; got != 1 {
			t.Errorf("it counts %v", got)
		}
	})
}

// Two processes, which are two stores here, write the same names and minutes at once.
func TestManyWritersAddUp(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		const writers, rounds, width = 4, 12, 20
		stores := []*store.Store{open(t, db), open(t, db)}
		a := account(t, stores[0], "ann")
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				s := stores[i%2]
				for r := range rounds {
					w := &store.Write{Account: a.ID, Key: fmt.Sprint(i, r), Digest: []byte{1}}
					for j := range width {
						w.Samples = append(w.Samples, count(fmt.Sprint("stat ", (j*7+i)%width), int64(noon/60-r%3), 1))
					}
					if err := s.Apply(t.Context(), noon, []*store.Write{w}); err != nil || w.Err != nil {
						t.Errorf("got %v, %v", err, w.Err)
					}
					if r%5 == 0 {
						if _, err := s.RollUp(t.Context()); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		wg.Wait()
		all, err := stores[0].Stats(t.Context(), a.ID, 0, 100)
		if err != nil || len(all) != width {
			t.Fatalf("there are %d stats, %v", len(all), err)
		}
		for _, stat := range all {
			for _, text := range []string{"5m1m", "1d1h", "1M1d"} {
				if total := store.Total(series(t, stores[1], stat.ID, text, noon)); total.Sum != writers*rounds || total.N != writers*rounds {
					t.Errorf("%s has %+v in %s", stat.Name, total, text)
				}
			}
			days, err := stores[0].Days(t.Context(), stat.ID, noon/86400, 1)
			if err != nil || days[0].Sum != writers*rounds {
				t.Errorf("the day has %+v, %v", days, err)
			}
		}
	})
}

// Series are compared with sums of what was written, for frames that begin and end
// anywhere.
func TestSeriesAreExact(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		s := open(t, db)
		a := account(t, s, "ann")
		random := rand.New(rand.NewPCG(1, 2))
		type sample struct {
			minute int64
			value  float64
		}
		var all []sample
		w := &store.Write{Account: a.ID}
		for range 2000 {
			minute := int64(noon/60) - random.Int64N(20*frame.Day)
			value := float64(random.IntN(1000))
			all = append(all, sample{minute, value})
			w.Samples = append(w.Samples, count("x", minute, value))
		}
		apply(t, s, w)
		stat := named(t, s, a, "x")
		check := func(text string, now int64) {
			t.Helper()
			f, err := frame.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			axis := f.At(now)
			want := make([]float64, axis.N)
			for _, o := range all {
				if o.minute >= axis.Start && o.minute < axis.End() {
					want[(o.minute-axis.Start)/axis.Step] += o.value
				}
			}
			for i, c := range series(t, s, stat.ID, text, now) {
				if c.Sum != want[i] {
					t.Errorf("%s at %d: step %d has %v, want %v", text, now, i, c.Sum, want[i])
				}
			}
		}
		for round := range 2 {
			for _, text := range []string{"1h1m", "3h7m", "1d45m", "1d1h", "1w3h", "1w90m", "2w1d", "20d1d", "1M1w", "1y1d", "5d61m", "1d1h2d", "10000m1m"} {
				for range 2 {
					check(text, noon-random.Int64N(86400))
				}
				check(text, noon-noon%3600-1) // on the hour
			}
			if round == 0 {
				if _, err := s.RollUp(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// Of what is forgotten by the minute the hours remain, and then the days.
func TestRetentionKeepsTheSums(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		s := open(t, db)
		a := account(t, s, "ann")
		const now = noon - noon%86400 + 86400 - 1 // the last second of a day
		last := int64(now / 60)
		w := &store.Write{Account: a.ID}
		for i := range int64(40 * 24) {
			w.Samples = append(w.Samples, count("x", last-i*60, 1))
		}
		apply(t, s, w)
		if _, err := s.RollUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		today := int64(now / 86400)
		if err := s.Keep(t.Context(), (today-9)*24, today-19, 0, now); err != nil {
			t.Fatal(err)
		}
		late := &store.Write{Account: a.ID, Samples: []store.Sample{count("x", last-15*frame.Day, 10), count("x", last-30*frame.Day, 100)}}
		apply(t, s, late)
		stat := named(t, s, a, "x")
		for range 2 {
			if total := store.Total(series(t, s, stat.ID, "40d1d", now)); total.Sum != 40*24+110 {
				t.Errorf("got %+v", total)
			}
			days := series(t, s, stat.ID, "40d1d", now)
			if days[39].Sum != 24 || days[24].Sum != 34 || days[9].Sum != 124 {
				t.Errorf("got %v, %v and %v", days[39].Sum, days[24].Sum, days[9].Sum)
			}
			if total := store.Total(series(t, s, stat.ID, "40d6h", now-40)); total.Sum != 40*24+110 {
				t.Errorf("got %+v", total)
			}
			if total := store.Total(series(t, s, stat.ID, "15d1h", now)); total.Sum != 15*24 {
				t.Errorf("got %+v", total)
			}
			if _, err := s.RollUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestTrashIsKeptForAWhile(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		ctx := t.Context()
		s := open(t, db)
		other := open(t, db)
		a := account(t, s, "ann")
		one := &store.Write{Account: a.ID, Samples: []store.Sample{count("x", 10, 1)}}
		apply(t, s, one)
		apply(t, other, one)
		x := named(t, s, a, "x")
		if err := s.Remove(ctx, noon, a.ID, x.PublicID); err != nil {
			t.Fatal(err)
		}
		apply(t, other, one) // which knew the name
		y := named(t, s, a, "x")
		if y.ID == x.ID || store.Total(series(t, s, y.ID, "1m1m", 600)).Sum != 1 {
			t.Errorf("what is counted goes into the trash")
		}
		if err := s.Restore(ctx, a.ID, x.PublicID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("there are two of one name: %v", err)
		}
		if err := s.Destroy(ctx, noon, one.Made[0].DestroyKey); err != nil {
			t.Fatal(err)
		}
		if err := s.Restore(ctx, a.ID, x.PublicID); err != nil {
			t.Fatal(err)
		}
		if got := store.Total(series(t, s, x.ID, "1m1m", 600)).Sum; got != 2 {
			t.Errorf("it comes back with %v", got)
		}
		if err := s.Keep(ctx, 0, 0, noon+1, noon); err != nil {
			t.Fatal(err)
		}
		if trash, err := s.Trash(ctx, a.ID); err != nil || len(trash) != 0 {
			t.Errorf("got %v, %v", trash, err)
		}
		if err := s.Remove(ctx, noon, a.ID, y.PublicID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("it isn't gone: %v", err)
		}
		if got := named(t, s, a, "x").ID; got != x.ID {
			t.Errorf("the other one is gone")
		}
	})
}

func TestAccountsTokensAndSessions(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		ctx := t.Context()
		s := open(t, db)
		a := account(t, s, "ann")
		if _, err := s.MakeAccount(ctx, noon, "ann", "", "k"); !errors.Is(err, store.ErrTaken) {
			t.Errorf("got %v", err)
		}
		if got, err := s.AccountByKey(ctx, "key of ann"); err != nil || got != a {
			t.Errorf("got %v, %v", got, err)
		}
		token, err := s.MakeToken(ctx, noon, a.ID, "laptop")
		if err != nil {
			t.Fatal(err)
		}
		session, err := s.MakeSession(ctx, a.ID, noon+10)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.AccountByToken(ctx, token); err != nil || got != a {
			t.Errorf("got %v, %v", got, err)
		}
		if got, err := s.AccountBySession(ctx, noon, session); err != nil || got != a {
			t.Errorf("got %v, %v", got, err)
		}
		tokens, _ := s.Tokens(ctx, a.ID)
		if len(tokens) != 1 || tokens[0].Name != "laptop" {
			t.Fatalf("got %v", tokens)
		}
		if err := errors.Join(s.RevokeToken(ctx, a.ID, tokens[0].ID), s.EndSession(ctx, session)); err != nil {
			t.Fatal(err)
		}
		late, _ := s.MakeSession(ctx, a.ID, noon)
		for what, f := range map[string]func() (store.Account, error){
			"a token that was revoked":  func() (store.Account, error) { return s.AccountByToken(ctx, token) },
			"a session that was ended":  func() (store.Account, error) { return s.AccountBySession(ctx, noon, session) },
			"a session that has passed": func() (store.Account, error) { return s.AccountBySession(ctx, noon, late) },
			"no token":                  func() (store.Account, error) { return s.AccountByToken(ctx, "") },
			"no key":                    func() (store.Account, error) { return s.AccountByKey(ctx, "") },
		} {
			if _, err := f(); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s is good: %v", what, err)
			}
		}
	})
}

func TestOneHoldsTheLease(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		s, other := open(t, db), open(t, db)
		lease := func(s *store.Store, holder string, seconds int64) bool {
			held, err := s.Lease(t.Context(), "alerts", holder, seconds)
			if err != nil {
				t.Fatal(err)
			}
			return held
		}
		if !lease(s, "a", 600) || lease(other, "b", 600) || !lease(s, "a", -600) || !lease(other, "b", 600) || lease(s, "a", 600) {
			t.Error("two hold it")
		}
		if err := other.Release(t.Context(), "alerts", "b"); err != nil || !lease(s, "a", 600) {
			t.Errorf("it isn't released: %v", err)
		}
	})
}

func TestAlertsTurnOnce(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		s := open(t, db)
		a := account(t, s, "ann")
		apply(t, s, &store.Write{Account: a.ID, Samples: []store.Sample{count("x", 10, 1)}})
		x := named(t, s, a, "x")
		alert, err := s.MakeAlert(t.Context(), noon, store.Alert{Account: a.ID, Stat: x.ID, Kind: store.AlertValue, Operator: "greater than", Threshold: 1.5, Window: "5m"})
		if err != nil || alert.StatName != "x" || alert.StatID != x.PublicID || alert.Firing {
			t.Fatalf("got %+v, %v", alert, err)
		}
		var turned [8]bool
		var wg sync.WaitGroup
		for i := range turned {
			wg.Go(func() { turned[i], _ = s.TurnAlert(t.Context(), noon, alert, true) })
		}
		wg.Wait()
		n := 0
		for _, ok := range turned {
			if ok {
				n++
			}
		}
		if got, _ := s.AlertOf(t.Context(), a.ID, alert.PublicID); n != 1 || !got.Firing || got.Edges != 1 {
			t.Errorf("%d have turned it; it is %+v", n, got)
		}
		if err := s.RemoveAlert(t.Context(), a.ID, alert.PublicID); err != nil {
			t.Error(err)
		}
		if first, _ := s.ClaimReport(t.Context(), a.ID, 1); !first {
			t.Error("the first isn't")
		}
		if second, _ := s.ClaimReport(t.Context(), a.ID, 1); second {
			t.Error("the second is the first")
		}
	})
}

func TestDatabasesThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	for _, db := range []string{
		"", ":memory:", t.TempDir(), filepath.Join(t.TempDir(), "none", "s.db"),
		"postgres://u:swordfish@127.0.0.1:1/w?connect_timeout=1", "postgres://u:swordfish@[::1",
	} {
		s, err := store.Open(t.Context(), db, store.Options{})
		if err == nil {
			s.Close()
		}
		if err == nil || strings.Contains(err.Error(), "swordfish") {
			t.Errorf("%q: got %v, want an error without the password", db, err)
		}
	}
}

func TestErrorsOfTheDatabaseAreKnown(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Apply(ctx, noon, nil); !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	s.Close()
	if err := s.Ping(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

// A batch may be of one stat that is new, or of as many as it has samples.
func TestLargeBatchesOfNewNames(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		s := open(t, db)
		a := account(t, s, "a@localhost")
		w := &store.Write{Account: a.ID}
		for i := range 10_000 {
			w.Samples = append(w.Samples, count("one", noon/60, 1))
			if i < 500 {
				w.Samples = append(w.Samples, count(fmt.Sprint("one of many ", i), noon/60, 1))
			}
		}
		apply(t, s, w)
		if len(w.Made) != 501 {
			t.Errorf("%d stats are made", len(w.Made))
		}
		one, err := s.StatByName(t.Context(), a.ID, "one")
		if err != nil {
			t.Fatal(err)
		}
		if got := store.Total(series(t, s, one.ID, "1h1m", noon)); got.Sum != 10_000 || got.N != 10_000 {
			t.Errorf("got %+v", got)
		}
	})
}
