package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/internal/processtest"
)

// The whole of it is "go test ./wallet -run Fault -restarts 15 -kills 5".
var (
	restarts = flag.Int("restarts", 5, "how many times the service is to be restarted under load")
	kills    = flag.Int("kills", 2, "how many times it is to be killed")
)

const (
	loadClients  = 16
	loadAccounts = 8
	loadCents    = 10_000
)

// A load is clients that transfer money, and repeat each request until they have
// an answer.
type load struct {
	base   string
	ids    []string
	stop   chan struct{}
	wg     sync.WaitGroup
	done   atomic.Int64 // answered requests
	failed atomic.Int64 // attempts without an answer

	mu    sync.Mutex
	asked map[string]asked // by key
}

type asked struct {
	transfer
	answer
}

func newLoad(base string, ids []string) *load {
	l := &load{base: base, ids: ids, stop: make(chan struct{}), asked: map[string]asked{}}
	for n := range loadClients {
		l.wg.Go(func() { l.run(n) })
	}
	return l
}

// run is one client. Some use a new connection for each request.
func (l *load) run(n int) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: n%4 == 0}, Timeout: patient}
	defer client.CloseIdleConnections()
	for i := 0; ; i++ {
		select {
		case <-l.stop:
			return
		default:
		}
		key := fmt.Sprintf("client-%d-%d", n, i)
		t := transfer{Cents: 1 + rand.Int64N(loadCents/4)}
		t.From, t.To = pick(l.ids)
		got := l.repeat(client, key, t)
		l.mu.Lock()
		l.asked[key] = asked{t, got}
		l.mu.Unlock()
		l.done.Add(1)
	}
}

// repeat sends a request until it is answered. It is not for a client to know
// whether an attempt without an answer was acted on.
func (l *load) repeat(client *http.Client, key string, t transfer) answer {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patient)
	defer cancel()
	for {
		got, err := l.post(ctx, client, key, t)
		if err == nil && got.status < http.StatusInternalServerError {
			return got
		}
		l.failed.Add(1)
		select {
		case <-time.After(5*time.Millisecond + rand.N(20*time.Millisecond)):
		case <-ctx.Done():
			return answer{0, fmt.Sprint("no answer: ", got, err)}
		}
	}
}

func (l *load) post(ctx context.Context, client *http.Client, key string, t transfer) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.base+"/1.0/transfers", strings.NewReader(order(t.From, t.To, t.Cents)))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", key)
	rs, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer rs.Body.Close()
	text, err := io.ReadAll(rs.Body)
	return answer{rs.StatusCode, string(text)}, err
}

// more waits until so many more requests have been answered.
func (l *load) more(t *testing.T, n int64) {
	t.Helper()
	want := l.done.Load() + n
	for deadline := time.Now().Add(patient); l.done.Load() < want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("only %d of %d requests have been answered, and %d attempts weren't", l.done.Load(), want, l.failed.Load())
		}
	}
}

// A fault is what happens to the service, which is running again after it.
type fault struct {
	name  string
	cause func(t *testing.T, p *processtest.Process) *processtest.Process
}

// plan returns the faults, mixed in the same way each time.
func plan() (faults []fault) {
	again := func(t *testing.T, p *processtest.Process) *processtest.Process { return p.Again(t) }
	for i := range *restarts {
		faults = append(faults, fault{"SIGUSR2", func(t *testing.T, p *processtest.Process) *processtest.Process { p.Restart(t); return p }})
		if i%5 == 2 {
			faults = append(faults, fault{"SIGTERM", func(t *testing.T, p *processtest.Process) *processtest.Process { p.Stop(t); return again(t, p) }})
		}
	}
	for i := range *kills {
		killing := fault{"kill -9", func(t *testing.T, p *processtest.Process) *processtest.Process { p.Kill(t); return again(t, p) }}
		faults = slices.Insert(faults, min(len(faults), 1+i*(*restarts / *kills + 2)), killing)
	}
	return faults
}

func TestNoFaultLosesOrDoublesATransfer(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, db string) {
		s := mustOpen(t, db)
		ids := s.fund(t, loadAccounts, loadCents)
		p := processtest.Start(t, binary, "-listen", processtest.FreeAddress(t), "-admin", "", "-db", db)
		l := newLoad(p.Base(), ids)
		for _, fault := range plan() {
			l.more(t, 3*loadClients)
			before, failed := time.Now(), l.failed.Load()
			p = fault.cause(t, p)
			l.more(t, loadClients)
			failed = l.failed.Load() - failed
			t.Logf("%s took %v, and %d attempts weren't answered", fault.name, time.Since(before).Round(time.Millisecond), failed)
			if fault.name == "SIGUSR2" && failed > 0 {
				t.Errorf("%d attempts weren't answered during a restart", failed)
			}
		}
		close(l.stop)
		l.wg.Wait()
		mustHaveMadeOnce(t, l, s)
		p.Stop(t)
	})
}

// mustHaveMadeOnce holds what the clients have been answered against the database.
func mustHaveMadeOnce(t *testing.T, l *load, s *store) {
	t.Helper()
	mustAddUp(t, s)
	if got, err := s.selectTotals(t.Context()); err != nil || got.Balance != loadAccounts*loadCents || got.Deposited != got.Balance {
		t.Errorf("got %+v, %v, want the sum to be %d", got, err, loadAccounts*loadCents)
	}
	rows, err := s.read.Query("SELECT idempotency_key, id, source, destination, cents, balance FROM transfers WHERE source IS NOT NULL")
	if err != nil {
		t.Fatal(err)
	}
	left := maps.Clone(l.asked)
	if err := each(rows, func() error {
		var key string
		var id, balance int64
		var made transfer
		err := rows.Scan(&key, &id, &made.From, &made.To, &made.Cents, &balance)
		want := answer{http.StatusCreated, fmt.Sprintf(`{"id":%d,"balance":%d}`+"\n", id, balance)}
		if got := left[key]; got.transfer != made || got.answer != want {
			t.Errorf("%q has moved %+v with %v, and the client has asked for %+v and been answered %v", key, made, want, got.transfer, got.answer)
		}
		delete(left, key)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for key, got := range left {
		if got.status != http.StatusPaymentRequired {
			t.Errorf("%q was answered %v, and isn't there", key, got.answer)
		}
	}
	t.Logf("%d requests were answered, %d with 402; %d attempts weren't answered", len(l.asked), len(left), l.failed.Load())
	l.mustRepeat(t)
}

// mustRepeat sends requests once more, which must have the same answers, and others
// with the same keys, which must not be acted on.
func (l *load) mustRepeat(t *testing.T) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}, Timeout: patient}
	defer client.CloseIdleConnections()
	repeated := 0
	for key, made := range l.asked {
		repeated++
		if repeated > 300 {
			return
		}
		if made.status != http.StatusCreated {
			continue
		}
		if got, err := l.post(t.Context(), client, key, made.transfer); err != nil || got != made.answer {
			t.Errorf("%q was answered %v and, once more, %v, %v", key, made.answer, got, err)
		}
		made.Cents++
		if got, err := l.post(t.Context(), client, key, made.transfer); err != nil || got.status != http.StatusConflict {
			t.Errorf("%q with another body was answered %v, %v", key, got, err)
		}
	}
}
