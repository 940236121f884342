package alert

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const now = 1_700_049_600

// A fixture is a database with a counter and a value.
type fixture struct {
	*store.Store
	account store.Account
	stats   map[string]store.Stat
	fired   []Event
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "s.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	f := &fixture{Store: s, stats: map[string]store.Stat{}}
	if f.account, err = s.MakeAccount(t.Context(), now-1e6, "ann", "", "k"); err != nil {
		t.Fatal(err)
	}
	f.add(t, "hits", true, now-86400*300, 1)
	f.add(t, "load", false, now-86400*300, 1)
	for _, name := range []string{"hits", "load"} {
		if f.stats[name], err = s.StatByName(t.Context(), f.account.ID, name); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func (f *fixture) add(t *testing.T, name string, counter bool, at int64, value float64) {
	t.Helper()
	w := &store.Write{Account: f.account.ID, Samples: []store.Sample{{Name: name, Counter: counter, Minute: at / 60, Value: value}}}
	if err := f.Apply(t.Context(), now-1e6, []*store.Write{w}); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) alert(t *testing.T, name string, a store.Alert) store.Alert {
	t.Helper()
	a.Account, a.Stat = f.account.ID, f.stats[name].ID
	made, err := f.MakeAlert(t.Context(), now, a)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// at returns whether an alert fires after it was looked at, and how often it has begun to.
func (f *fixture) at(t *testing.T, a store.Alert, seconds int64) (firing bool, fired int) {
	t.Helper()
	f.fired = nil
	if err := Evaluate(t.Context(), f.Store, time.Unix(now+seconds, 0), func(e Event) { f.fired = append(f.fired, e) }); err != nil {
		t.Fatal(err)
	}
	got, err := f.AlertOf(t.Context(), f.account.ID, a.PublicID)
	if err != nil {
		t.Fatal(err)
	}
	return got.Firing, len(f.fired)
}

func (f *fixture) want(t *testing.T, a store.Alert, seconds int64, wantFiring bool, wantFired int) {
	t.Helper()
	if firing, fired := f.at(t, a, seconds); firing != wantFiring || fired != wantFired {
		t.Errorf("%s %s, after %d s: it fires: %v, and has begun %d times; want %v and %d", a.Kind, a.Operator, seconds, firing, fired, wantFiring, wantFired)
	}
}

func TestValueAlertFiresOnceForEachEdge(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.alert(t, "hits", store.Alert{Kind: store.AlertValue, Operator: "greater than", Threshold: 10, Window: "5m"})
	f.want(t, a, 0, false, 0)
	f.add(t, "hits", true, now, 6)
	f.add(t, "hits", true, now+60, 5)
	f.want(t, a, 60, true, 1)
	if e := f.fired[0]; e.Value != 11 || e.Alert.Edges != 1 {
		t.Errorf("got %+v", e)
	}
	f.want(t, a, 120, true, 0)
	f.want(t, a, 600, false, 0)
	f.add(t, "hits", true, now+600, 11)
	f.want(t, a, 600, true, 1)
}

func TestConditions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(t, "load", false, now, 4)
	f.add(t, "load", false, now, 2)
	f.add(t, "hits", true, now-86400, 100)
	f.add(t, "hits", true, now, 60)
	for _, tt := range []struct {
		name  string
		alert store.Alert
		want  bool
	}{
		{"load", store.Alert{Kind: "value", Operator: "greater than", Threshold: 2.9, Window: "5m"}, true},
		{"load", store.Alert{Kind: "value", Operator: "greater than", Threshold: 3, Window: "5m"}, false},
		{"load", store.Alert{Kind: "value", Operator: "less than", Threshold: 3.1, Window: "5m"}, true},
		{"hits", store.Alert{Kind: "delta", Operator: "less than", Percentage: 39, Window: "1h", Delta: "1d"}, true},
		{"hits", store.Alert{Kind: "delta", Operator: "less than", Percentage: 41, Window: "1h", Delta: "1d"}, false},
		{"hits", store.Alert{Kind: "delta", Operator: "different than", Percentage: 39, Window: "1h", Delta: "1d"}, true},
		{"hits", store.Alert{Kind: "delta", Operator: "greater than", Percentage: 39, Window: "1h", Delta: "1d"}, false},
		{"hits", store.Alert{Kind: "delta", Operator: "greater than", Percentage: 1000, Window: "1h", Delta: "1w"}, true}, // from nothing
		{"load", store.Alert{Kind: "delta", Operator: "different than", Percentage: 1, Window: "1h", Delta: "1w"}, false}, // nothing to compare with
		{"load", store.Alert{Kind: "data", Window: "5m"}, false},
	} {
		a := f.alert(t, tt.name, tt.alert)
		if firing, _ := f.at(t, a, 0); firing != tt.want {
			t.Errorf("%+v: it fires: %v", tt.alert, firing)
		}
	}
}

func TestSilenceIsAnAlert(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(t, "load", false, now, 1)
	a := f.alert(t, "load", store.Alert{Kind: store.AlertData, Window: "1h"})
	f.want(t, a, 3000, false, 0)
	f.want(t, a, 4000, true, 1)
	f.add(t, "load", false, now+4020, 1)
	f.want(t, a, 4020, false, 0)
}

// Two processes that both believe to be the one that looks at alerts fire once.
func TestManyEvaluateOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 5 {
		f.alert(t, "hits", store.Alert{Kind: store.AlertValue, Operator: "less than", Threshold: 1, Window: "5m"})
	}
	var mu sync.Mutex
	fired := 0
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			err := Evaluate(t.Context(), f.Store, time.Unix(now, 0), func(Event) {
				mu.Lock()
				defer mu.Unlock()
				fired++
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if fired != 5 {
		t.Errorf("got %d, want 5", fired)
	}
}

func event(hook string) Event {
	return Event{store.Account{HookKey: "s3cret"}, store.Alert{PublicID: "al", StatName: "hits", Kind: "value", Operator: "greater than", Threshold: 1, Window: "5m", Hook: hook, Edges: 3}, 2, 0, now}
}

func TestHookIsSigned(t *testing.T) {
	t.Parallel()
	got := make(chan *http.Request, 1)
	var text []byte
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ = io.ReadAll(r.Body)
		got <- r
	}))
	defer server.Close()
	h := NewHooks(1, true)
	defer h.Close()
	h.Send(event(server.URL))
	r := <-got
	if want := Sign("s3cret", now, text); r.Header.Get(SignatureHeader) != want || r.Header.Get("Idempotency-Key") != "al-3" {
		t.Errorf("got %v, want %s", r.Header, want)
	}
	var members map[string]any
	if err := json.Unmarshal(text, &members); err != nil || members["value"] != 2.0 || members["threshold"] != 1.0 || members["stat_name"] != "hits" {
		t.Errorf("got %s", text)
	}
	if got := Sign("k", 1, []byte("{}")); got != "t=1,v1=3dd49b2593d0f9a349e9e71c4bde3e2b862c2be4003fe9b4ba81332029310158" {
		t.Errorf("got %s", got)
	}
}

func TestHookIsTriedAgainIfItHasNotArrived(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answers []int
		want    int // requests
		sent    int64
	}{
		"not now":   {[]int{503, 429, 204}, 3, 1},
		"never now": {[]int{503, 503, 503, 503, 204}, 4, 0},
		"refused":   {[]int{400, 204}, 1, 0},
		"broken":    {[]int{500, 204}, 1, 0}, // it may have been acted on
		"elsewhere": {[]int{302, 204}, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			n := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				w.Header().Set("Location", "/")
				w.WriteHeader(tt.answers[n])
				n++
			}))
			defer server.Close()
			h := NewHooks(1, true)
			h.pause = time.Millisecond
			h.deliver(event(server.URL))
			h.Close()
			if n != tt.want || h.Sent.Load() != tt.sent || h.Sent.Load()+h.Failed.Load() != 1 {
				t.Errorf("got %d requests, %d sent, %d failed", n, h.Sent.Load(), h.Failed.Load())
			}
		})
	}
}

// Hooks that hang hold up no more than the queue, and what it has no room for is counted.
func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	began := make(chan struct{}, 100)
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		began <- struct{}{}
		<-release
	}))
	defer server.Close()
	defer close(release)
	h := NewHooks(8, true)
	for range hookWorkers {
		h.Send(event(server.URL))
		<-began
	}
	for range 20 {
		h.Send(event(server.URL))
	}
	if got := h.Dropped.Load(); got != 12 {
		t.Errorf("%d are dropped, want 12", got)
	}
	h.Send(event(""))
	h.Close() // though they hang
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was called") }))
	defer server.Close()
	h := NewHooks(1, false)
	h.pause = time.Hour
	h.deliver(event(server.URL))
	h.deliver(event(strings.Replace(server.URL, "127.0.0.1", "localhost", 1)))
	h.Close()
	if h.Failed.Load() != 2 {
		t.Errorf("%d have failed", h.Failed.Load())
	}
	for _, text := range []string{server.URL, "http://localhost/", "http://[::1]/", "http://10.1.2.3/", "http://169.254.169.254/latest", "ftp://example.com", "http://", "x", "http://[::ffff:127.0.0.1]/"} {
		if err := CheckHook(text, false); err == nil {
			t.Errorf("%s is accepted", text)
		}
	}
	if err := CheckHook(server.URL, true); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"8.8.8.8", "2606:4700::1111"} {
		if isPrivate(netip.MustParseAddr(text)) {
			t.Errorf("%s is private", text)
		}
	}
	for _, text := range []string{"0.0.0.0", "100.64.1.1", "192.168.0.1", "172.16.0.1", "fe80::1", "fd00::1", "::", "224.0.0.1", "255.255.255.255", "64:ff9b::7f00:1", "::ffff:10.0.0.1"} {
		if !isPrivate(netip.MustParseAddr(text)) {
			t.Errorf("%s isn't private", text)
		}
	}
}
