package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/config"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/nearest"
	"github.com/rcrowley/go-tigertonic/examples/cab/internal/rpc"
	"github.com/rcrowley/go-tigertonic/examples/internal/postgrestest"
)

func TestMain(m *testing.M) {
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{}
	goleak.VerifyTestMain(m)
}

// onEach runs a test with each kind of database, of which it gets a fresh one.
func onEach(t *testing.T, f func(t *testing.T, db string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, filepath.Join(t.TempDir(), "jobs.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, postgrestest.Fresh(t))
	})
}

// A clock is one that tests set.
type clock struct{ nanoseconds atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.nanoseconds.Store(time.Date(2014, 9, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time       { return time.Unix(0, c.nanoseconds.Load()).UTC() }
func (c *clock) pass(d time.Duration) { c.nanoseconds.Add(int64(d)) }

// A rig is the job service, with drivers d1 to d9 in the order in which they are near.
type rig struct {
	*Service
	clock *clock
	node  *rpc.Node
	local *rpc.Local
	api   *client.Client
	down  atomic.Bool // nobody knows where drivers are
}

func newRig(t *testing.T, db string, clock *clock, settings func(*Config)) *rig {
	t.Helper()
	store, err := Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	local := &rpc.Local{}
	r := &rig{clock: clock, node: rpc.NewNode(rpc.Options{Instance: "test", Network: local}), local: local}
	w := config.Watch[Config](Name, "", Path, nil)
	if settings != nil {
		settings(w.Get())
	}
	r.Service = New(r.node, store, w, clock.now)
	drivers := tigertonic.NewTrieServeMux()
	nearest.Search.HandleFunc(drivers, func(_ context.Context, in *nearest.In) ([]nearest.Driver, error) {
		if r.down.Load() {
			return nil, errors.New("it is down")
		}
		found := []nearest.Driver{}
		for i := range min(in.N, 9) {
			found = append(found, nearest.Driver{ID: fmt.Sprint("d", i+1), ETASeconds: 60 * (i + 1)})
		}
		return found, nil
	})
	local.Serve(r.node.Mount(rpc.Service{Name: Name, Handler: r.Handler()}, rpc.Service{Name: nearest.Name, Handler: drivers}))
	r.api = r.node.Client("test", Name)
	return r
}

func (r *rig) order(t *testing.T, key string) Job {
	t.Helper()
	created, err := client.Call(t.Context(), r.api, Create, &CreateIn{Key: key, Body: NewJob{"c1", 53.34, -6.26, "taxi"}})
	if err != nil {
		t.Fatal(err)
	}
	if created.Location != "/v1/jobs/"+created.Body.ID {
		t.Errorf("it is at %q", created.Location)
	}
	return created.Body
}

func (r *rig) dispatched(t *testing.T, id string) Job {
	t.Helper()
	if err := r.Dispatch(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r.showed(t, id)
}

func (r *rig) showed(t *testing.T, id string) Job {
	t.Helper()
	j, err := client.Call(t.Context(), r.api, Show, &OneJob{id})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// does has a driver do something, and returns the status.
func (r *rig) does(ctx context.Context, d *tigertonic.Declaration[DriverIn, Job], id, driver string) (Job, int) {
	j, err := client.Call(ctx, r.api, d, &DriverIn{OneJob{id}, ByDriver{driver}})
	if failed, is := errors.AsType[*client.Error](err); is {
		return j, failed.Status
	}
	return j, http.StatusOK
}

// is compares the state of a job, its driver, and who it is offered to.
func is(t *testing.T, j Job, state, driver string, offered ...string) {
	t.Helper()
	if j.State != state || j.Driver != driver || !slices.Equal(j.Offered, offered) && len(j.Offered)+len(offered) > 0 {
		t.Errorf("it is %s by %q and offered to %q, want %s by %q and %q", j.State, j.Driver, j.Offered, state, driver, offered)
	}
}

// The nearest is asked first. One who declines or is silent is followed by the next.
func TestLifeOfAJob(t *testing.T) {
	onEach(t, func(t *testing.T, db string) {
		c := newClock()
		r := newRig(t, db, c, nil)
		j := r.order(t, "k1")
		is(t, j, Requested, "")
		if again := r.order(t, "k1"); again.ID != j.ID {
			t.Error("the same request has made another job")
		}
		if _, err := client.Call(t.Context(), r.api, Create, &CreateIn{Key: "k1", Body: NewJob{"c2", 53.34, -6.26, "taxi"}}); rpc.Code(err) != Name+".key" {
			t.Errorf("another request with the key: %v", err)
		}
		is(t, r.dispatched(t, j.ID), Offered, "", "d1")
		if _, status := r.does(t.Context(), Accept, j.ID, "d2"); status != 409 {
			t.Errorf("who wasn't offered it: %d", status)
		}
		r.does(t.Context(), Decline, j.ID, "d1")
		is(t, r.dispatched(t, j.ID), Offered, "", "d2")
		c.pass(11 * time.Second) // d2 is silent
		is(t, r.dispatched(t, j.ID), Offered, "", "d3")
		if _, status := r.does(t.Context(), Accept, j.ID, "d2"); status != 409 {
			t.Errorf("who is late: %d", status)
		}
		won, _ := r.does(t.Context(), Accept, j.ID, "d3")
		is(t, won, Accepted, "d3")
		again, _ := r.does(t.Context(), Accept, j.ID, "d3")
		is(t, again, Accepted, "d3")
		if _, status := r.does(t.Context(), Board, j.ID, "d3"); status != 409 {
			t.Errorf("who isn't there yet: %d", status)
		}
		if _, status := r.does(t.Context(), Arrive, j.ID, "d1"); status != 409 {
			t.Errorf("another one: %d", status)
		}
		for _, d := range []*tigertonic.Declaration[DriverIn, Job]{Arrive, Board, Complete} {
			if _, status := r.does(t.Context(), d, j.ID, "d3"); status != 200 {
				t.Errorf("%v: %d", d, status)
			}
		}
		is(t, r.showed(t, j.ID), Completed, "d3")
		if _, err := client.Call(t.Context(), r.api, Cancel, &CancelIn{OneJob{j.ID}, ByCustomer{"c1"}}); rpc.Code(err) != Name+".state" {
			t.Errorf("cancelled when it was over: %v", err)
		}
		if _, err := client.Call(t.Context(), r.api, Show, &OneJob{"Jnone"}); rpc.Code(err) != Name+".nojob" {
			t.Errorf("got %v", err)
		}
	})
}

// A job that nobody takes expires, and not before; one that is cancelled isn't offered.
func TestJobsExpireAndAreCancelled(t *testing.T) {
	onEach(t, func(t *testing.T, db string) {
		c := newClock()
		r := newRig(t, db, c, nil)
		j := r.order(t, "")
		for i := range 7 {
			is(t, r.dispatched(t, j.ID), Offered, "", fmt.Sprint("d", i+1))
			c.pass(10 * time.Second)
		}
		is(t, r.dispatched(t, j.ID), Offered, "", "d8")
		c.pass(5 * time.Second)
		if _, status := r.does(t.Context(), Accept, j.ID, "d8"); status != 409 {
			t.Errorf("after the end: %d", status)
		}
		is(t, r.dispatched(t, j.ID), Expired, "")
		j = r.order(t, "")
		r.dispatched(t, j.ID)
		cancelled, err := client.Call(t.Context(), r.api, Cancel, &CancelIn{OneJob{j.ID}, ByCustomer{"c1"}})
		if err != nil {
			t.Fatal(err)
		}
		is(t, cancelled, Cancelled, "")
		if _, status := r.does(t.Context(), Accept, j.ID, "d1"); status != 409 {
			t.Errorf("after the customer has gone: %d", status)
		}
	})
}

// Of many drivers that accept at once, in many jobs, exactly one wins each.
func TestExactlyOneAcceptanceWins(t *testing.T) {
	onEach(t, func(t *testing.T, db string) {
		r := newRig(t, db, newClock(), func(c *Config) { c.AtOnce = 3 })
		for range 3 {
			j := r.order(t, "")
			j = r.dispatched(t, j.ID)
			if len(j.Offered) != 3 {
				t.Fatalf("it is offered to %q", j.Offered)
			}
			var winners sync.Map
			var won, lost, other atomic.Int32
			var group sync.WaitGroup
			for i := range 24 {
				group.Go(func() {
					driver := j.Offered[i%3]
					got, status := r.does(t.Context(), Accept, j.ID, driver)
					switch {
					case status == 200 && got.Driver == driver:
						won.Add(1)
						winners.Store(driver, true)
					case status == 409:
						lost.Add(1)
					default:
						other.Add(1)
					}
				})
			}
			group.Wait()
			n := 0
			winners.Range(func(_, _ any) bool { n++; return true })
			if n != 1 || won.Load() != 8 || lost.Load() != 16 || other.Load() != 0 {
				t.Errorf("%d drivers have won %d times, %d have lost, and %d something else", n, won.Load(), lost.Load(), other.Load())
			}
			is(t, r.showed(t, j.ID), Accepted, r.showed(t, j.ID).Driver)
		}
	})
}

// A driver takes one of two jobs that are offered at once.
func TestDriverHasOneJob(t *testing.T) {
	onEach(t, func(t *testing.T, db string) {
		c := newClock()
		r := newRig(t, db, c, nil)
		a, b := r.order(t, ""), r.order(t, "")
		if err := r.Dispatch(t.Context()); err != nil {
			t.Fatal(err)
		}
		offered := slices.Concat(r.showed(t, a.ID).Offered, r.showed(t, b.ID).Offered)
		slices.Sort(offered)
		if !slices.Equal(offered, []string{"d1", "d2"}) {
			t.Errorf("they are offered to %q", offered)
		}
		status := map[string]int{}
		for _, id := range []string{a.ID, b.ID} {
			if err := r.store.in(t.Context(), func(tx *sql.Tx) error {
				_, err := tx.ExecContext(t.Context(), "UPDATE offers SET driver = 'd9' WHERE job = $1", id)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			_, status[id] = r.does(t.Context(), Accept, id, "d9")
		}
		first, second := status[a.ID], status[b.ID]
		if first != 200 || second != 409 {
			t.Errorf("got %d and %d", first, second)
		}
	})
}

// The dispatcher dies after it has taken a job, or between its offer and the answer; drivers
// can't be found for a while. Another dispatcher goes on, and no job is lost.
func TestDispatcherMayDieAtAnyPoint(t *testing.T) {
	onEach(t, func(t *testing.T, db string) {
		c := newClock()
		r := newRig(t, db, c, nil)
		j := r.order(t, "")
		if n, err := r.store.claim(t.Context(), j.ID, 1, c.now(), lease); err != nil || n.offers != 1 {
			t.Fatalf("got %+v, %v", n, err)
		} // and it dies
		next := newRig(t, db, c, nil)
		is(t, next.dispatched(t, j.ID), Requested, "") // for somebody may be at it
		c.pass(lease)
		is(t, next.dispatched(t, j.ID), Offered, "", "d1") // and it dies
		third := newRig(t, db, c, nil)
		won, _ := third.does(t.Context(), Accept, j.ID, "d1")
		is(t, won, Accepted, "d1")

		j = r.order(t, "")
		r.down.Store(true)
		is(t, r.dispatched(t, j.ID), Requested, "")
		r.down.Store(false)
		c.pass(tryAgain)
		is(t, r.dispatched(t, j.ID), Offered, "", "d2") // d1 is busy
		c.pass(10 * time.Second)
		is(t, third.dispatched(t, j.ID), Offered, "", "d3")
	})
}

// Several dispatchers offer each job once.
func TestDispatchersDoNotCollide(t *testing.T) {
	onEach(t, func(t *testing.T, db string) {
		c := newClock()
		all := []*rig{newRig(t, db, c, nil), newRig(t, db, c, nil), newRig(t, db, c, nil)}
		ids := make([]string, 6)
		for i := range ids {
			ids[i] = all[0].order(t, "").ID
		}
		var group sync.WaitGroup
		for _, r := range all {
			group.Go(func() {
				if err := r.Dispatch(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		taken := map[string]bool{}
		for _, id := range ids {
			j := all[0].showed(t, id)
			if j.State != Offered || len(j.Offered) != 1 || taken[j.Offered[0]] {
				t.Errorf("got %+v", j)
				continue
			}
			taken[j.Offered[0]] = true
		}
	})
}
