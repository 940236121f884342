package rpc

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.uber.org/goleak"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/trace"
)

func TestMain(m *testing.M) {
	tigertonic.ResponseErrorWriter = tigertonic.ProblemWriter{}
	slog.SetDefault(slog.New(slog.DiscardHandler))
	goleak.VerifyTestMain(m)
}

var (
	read  = tigertonic.Declare[struct{}, string]("GET", "/read")
	write = tigertonic.Declare[struct{}, string]("POST", "/write")
)

// A rig is a service "it", and a node that calls it in process.
type rig struct {
	node  *Node
	store *trace.Store
	ring  *trace.Ring
	asked atomic.Int32
}

// newRig returns a rig whose service answers as f does.
func newRig(t *testing.T, settings Settings, f func(ctx context.Context, n int) (string, error), hedged ...string) *rig {
	t.Helper()
	r := &rig{store: trace.NewStore(trace.StoreOptions{})}
	r.ring = trace.NewRing(r.store, 10_000, 100, time.Hour)
	provider := sdk.NewTracerProvider(sdk.WithSpanProcessor(r.ring), sdk.WithResource(trace.NewResource("one", "", "zone-a")))
	t.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	local := &Local{}
	r.node = NewNode(Options{
		Instance: "one", Zone: "zone-a", Network: local, Tracers: provider,
		Settings: func() *Settings { return &settings }, Hedged: hedged,
	})
	mux := tigertonic.NewTrieServeMux()
	answer := func(ctx context.Context, _ *struct{}) (string, error) { return f(ctx, int(r.asked.Add(1))) }
	read.HandleFunc(mux, answer)
	write.HandleFunc(mux, answer)
	local.Serve(r.node.Mount(Service{"it", mux}))
	return r
}

func settingsOf(mean, upper95 time.Duration, multiplier float64) Settings {
	sla := SLA{mean, upper95}
	return Settings{Multiplier: multiplier, Tokens: 1000, SLAs: map[string]SLA{"it.read": sla, "it.write": sla}}
}

// traced calls in a trace, and returns the messages of it.
func (r *rig) traced(t *testing.T, call func(ctx context.Context) error) (*trace.Trace, error) {
	t.Helper()
	ctx, span := r.node.Open(t.Context(), "test", "start", true)
	failed := call(ctx)
	span.End()
	if err := r.ring.ForceFlush(t.Context()); err != nil {
		t.Fatal(err)
	}
	return trace.Build(r.store.Get(span.SpanContext().TraceID())), failed
}

func (r *rig) read(ctx context.Context) error {
	_, err := client.Call(ctx, r.node.Client("me", "it"), read, nil)
	return err
}

func TestTimeoutsAreMultipliedAsFractionsWithinLimits(t *testing.T) {
	for _, tt := range []struct {
		upper95    time.Duration
		multiplier float64
		attempt    int
		want       time.Duration
	}{
		{100 * time.Millisecond, 1.5, 1, 150 * time.Millisecond}, // the published cast made 100 of it
		{100 * time.Millisecond, 0.5, 1, 50 * time.Millisecond},  // and 0 of this
		{100 * time.Millisecond, 1.5, 3, 450 * time.Millisecond},
		{time.Millisecond, 1, 1, shortestAttempt},
		{time.Hour, 1, 1, longestAttempt},
		{0, 1, 1, unknownAttempt},
	} {
		s := settingsOf(0, tt.upper95, tt.multiplier)
		if got := s.timeout("it.read", tt.attempt); got != tt.want {
			t.Errorf("%v: got %v", tt, got)
		}
	}
}

// A service that is slow is asked three times, for longer each time, and never beyond the
// deadline of the caller. Each attempt has its span, and the call's says how it has ended.
func TestSlowServiceIsAskedForLongerEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var given []time.Duration
		r := newRig(t, settingsOf(0, 100*time.Millisecond, 1), func(ctx context.Context, _ int) (string, error) {
			began := time.Now()
			<-ctx.Done()
			mu.Lock()
			defer mu.Unlock()
			given = append(given, time.Since(began))
			return "", ctx.Err()
		})
		began := time.Now()
		tree, err := r.traced(t, r.read)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took < 600*time.Millisecond || took > 800*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		synctest.Wait()
		if len(given) != 3 || given[0] != 100*time.Millisecond || given[1] != 200*time.Millisecond || given[2] != 300*time.Millisecond {
			t.Errorf("the attempts took %v", given)
		}
		var kinds []string
		for _, m := range tree.Messages {
			kinds = append(kinds, m.Type)
		}
		if got := strings.Join(kinds, ","); got != "START,CALL,ATTEMPT,ATTEMPT,ATTEMPT" {
			t.Errorf("got %s", got)
		}
		given = nil
		ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
		defer cancel()
		began = time.Now()
		if err := r.read(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 250*time.Millisecond {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
		synctest.Wait()
		time.Sleep(time.Second)
		if n := r.asked.Load(); n != 5 {
			t.Errorf("it was asked %d times", n)
		}
	})
}

// What may change something is sent once, however it fails.
func TestOnlyWhatMayBeRepeatedIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, settingsOf(0, 100*time.Millisecond, 1), func(ctx context.Context, n int) (string, error) {
			if n%2 == 1 {
				<-ctx.Done()
				return "", ctx.Err()
			}
			return "ok", nil
		})
		c := r.node.Client("me", "it")
		if _, err := client.Call(t.Context(), c, write, nil); !errors.Is(err, context.DeadlineExceeded) || r.asked.Load() != 1 {
			t.Errorf("got %v after %d", err, r.asked.Load())
		}
		r.asked.Store(0)
		if _, err := client.Call(t.Context(), c, write, nil, client.Header("Idempotency-Key", "k")); err != nil || r.asked.Load() != 2 {
			t.Errorf("got %v after %d", err, r.asked.Load())
		}
		r.asked.Store(0)
		if err := r.read(t.Context()); err != nil || r.asked.Load() != 2 {
			t.Errorf("got %v after %d", err, r.asked.Load())
		}
	})
}

// A service that has failed by its own fault a hundred times is given a rest, which is 100 ms
// and then twice as long each time. One request finds out whether it is well again.
func TestBreakerOpensAndProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var well atomic.Bool
		r := newRig(t, settingsOf(0, time.Second, 1), func(_ context.Context, n int) (string, error) {
			if well.Load() {
				return "ok", nil
			}
			if n <= 50 {
				return "", tigertonic.NotFound{} // which is no fault
			}
			return "", errors.New("broken")
		})
		for range 150 {
			_ = r.read(t.Context())
		}
		if r.node.Called()[0].Breaker != "closed" { // 100 of 150
			t.Errorf("got %+v", r.node.Called()[0])
		}
		time.Sleep(20 * time.Second) // those are forgotten
		for range 100 {
			_ = r.read(t.Context())
		}
		asked := r.asked.Load()
		err := r.read(t.Context())
		failed, is := errors.AsType[*client.Error](err)
		if !is || failed.Status != 503 || failed.Header.Get("Retry-After") != "1" || !strings.Contains(err.Error(), "given a rest") {
			t.Errorf("got %v", err)
		}
		if c := r.node.Called()[0]; c.Breaker != "open" || c.Refused != 1 || r.asked.Load() != asked {
			t.Errorf("got %+v after %d", c, r.asked.Load()-asked)
		}
		for wait := 100 * time.Millisecond; wait <= 800*time.Millisecond; wait *= 2 {
			time.Sleep(wait - time.Millisecond)
			_ = r.read(t.Context())
			if r.asked.Load() != asked {
				t.Fatalf("it was asked within %v", wait)
			}
			time.Sleep(time.Millisecond)
			_ = r.read(t.Context()) // the probe
			asked++
			if r.asked.Load() != asked {
				t.Fatalf("it wasn't asked after %v", wait)
			}
		}
		well.Store(true)
		time.Sleep(1600 * time.Millisecond)
		if err := r.read(t.Context()); err != nil || r.node.Called()[0].Breaker != "closed" {
			t.Errorf("got %v, %+v", err, r.node.Called()[0])
		}
	})
}

// Who has too many requests going on is refused, and nobody else is.
func TestFloodingCallerAloneIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := settingsOf(50*time.Millisecond, time.Minute, 1)
		s.Tokens = 10
		r := newRig(t, s, func(ctx context.Context, _ int) (string, error) {
			time.Sleep(300 * time.Millisecond)
			return "ok", nil
		})
		var refused, served atomic.Int32
		var group sync.WaitGroup
		flood := r.node.Client("flood", "it")
		for range 100 {
			group.Go(func() {
				_, err := client.Call(t.Context(), flood, read, nil)
				failed, is := errors.AsType[*client.Error](err)
				switch {
				case err == nil:
					served.Add(1)
				case is && failed.Status == 503 && failed.Header.Get("Retry-After") == "1" && Code(err) == "it.capacity":
					refused.Add(1)
				default:
					t.Errorf("got %v", err)
				}
			})
		}
		synctest.Wait()
		began := time.Now()
		if err := r.read(t.Context()); err != nil || time.Since(began) != 300*time.Millisecond {
			t.Errorf("another one got %v after %v", err, time.Since(began))
		}
		group.Wait()
		if served.Load() != 10 || refused.Load() != 90 {
			t.Errorf("%d were served, and %d refused", served.Load(), refused.Load())
		}
	})
}

// An endpoint that is nearly always quick is asked a second time when it isn't, and the
// quicker answer is taken.
func TestHedgingSparesTheTail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, settingsOf(0, time.Minute, 1), func(ctx context.Context, n int) (string, error) {
			d := 2 * time.Millisecond
			if n == 60 {
				d = 10 * time.Second
			}
			select {
			case <-time.After(d):
				return "ok", nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}, "it.read")
		var slowest time.Duration
		for range 100 {
			began := time.Now()
			if err := r.read(t.Context()); err != nil {
				t.Fatal(err)
			}
			slowest = max(slowest, time.Since(began))
		}
		if slowest > 100*time.Millisecond {
			t.Errorf("the slowest took %v", slowest)
		}
		synctest.Wait()
	})
}

// A call has one row in the trace, with what both ends have written, and a failure has its
// code in it.
func TestBothEndsOfACallAreOneMessage(t *testing.T) {
	r := newRig(t, settingsOf(0, time.Second, 1), func(_ context.Context, n int) (string, error) {
		if n == 2 {
			return "", Fail(404, "it.read.none", "there is none")
		}
		return "ok", nil
	})
	tree, err := r.traced(t, func(ctx context.Context) error { return errors.Join(r.read(ctx), r.read(ctx)) })
	if err == nil || len(tree.Messages) != 3 || tree.Errors != 1 || tree.Spans != 5 {
		t.Fatalf("got %v, %+v", err, tree)
	}
	m := tree.Messages[2]
	if m.Code != "it.read.none" || m.Text != "there is none" || m.From != "me" || m.To != "it.read" || m.Handler != "one" || m.Zone != "zone-a" || len(m.Flags) > 0 {
		t.Errorf("got %+v", m)
	}
	for _, m := range tree.Messages[1:] {
		if !(*m.Req <= *m.In && *m.In <= *m.Out && *m.Out <= *m.Rep && *m.Out > *m.In) {
			t.Errorf("got %v %v %v %v", *m.Req, *m.In, *m.Out, *m.Rep)
		}
	}
	if c := r.ring.Counts(); c.Sent != 5 || c.Delivered != 5 || c.Dropped != 0 {
		t.Errorf("got %+v", c)
	}
}

func TestNobodyIsThereYet(t *testing.T) {
	n := NewNode(Options{Network: &Local{}})
	_, err := client.Call(t.Context(), n.Client("me", "it"), write, nil)
	failed, is := errors.AsType[*client.Error](err)
	if !is || failed.Status != http.StatusServiceUnavailable || n.Called()[0].Retries != maxRetries {
		t.Errorf("got %v, %+v", err, n.Called())
	}
	if _, is := errors.AsType[tigertonic.Problem](Pass(err)); !is {
		t.Errorf("it is passed on as %v", Pass(err))
	}
}

// A rate is that of the last ten seconds.
func TestRatesAreThoseOfTheLastSeconds(t *testing.T) {
	r := newRig(t, settingsOf(0, time.Minute, 1), func(context.Context, int) (string, error) { return "ok", nil })
	calls := func(n int) {
		for range n {
			if err := r.read(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		r.node.Tick()
	}
	for _, tt := range []struct {
		seconds, calls int
		want           float64
	}{{1, 0, 0}, {1, 5, 0}, {4, 5, 5}, {6, 0, 2}, {10, 0, 0}, {5, 8, 4}, {20, 8, 8}} {
		for range tt.seconds {
			calls(tt.calls)
		}
		served, called := r.node.Served(), r.node.Called()
		if tt.calls == 0 && len(served) == 0 {
			continue // nothing was called yet
		}
		if served[0].PerSecond != tt.want || called[0].PerSecond != tt.want {
			t.Errorf("after %v: got %v served and %v called", tt, served[0].PerSecond, called[0].PerSecond)
		}
	}
}
