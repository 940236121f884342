package tigertonic_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

// Whoever keeps records may do so.
func TestAccessedReusesNothingOfARecord(t *testing.T) {
	var kept keptRecords
	h := tigertonic.Accessed(tigertonic.Identified(hello, nil), &tigertonic.AccessOptions{Logger: slog.New(&kept)})
	for i := range 100 {
		serve(t, h, "GET", fmt.Sprintf("/%d", i), "", "X-Request-Id", fmt.Sprintf("id-%d", i))
	}
	for i, r := range kept.records {
		got := map[string]string{}
		r.Attrs(func(a slog.Attr) bool { got[a.Key] = a.Value.String(); return true })
		assert.Equal(t, fmt.Sprintf("/%d", i), got["path"])
		assert.Equal(t, fmt.Sprintf("id-%d", i), got["request_id"])
	}
	assert.Len(t, kept.records, 100)
}

type keptRecords struct{ records []slog.Record }

func (*keptRecords) Enabled(context.Context, slog.Level) bool { return true }
func (k *keptRecords) WithAttrs([]slog.Attr) slog.Handler     { return k }
func (k *keptRecords) WithGroup(string) slog.Handler          { return k }
func (k *keptRecords) Handle(_ context.Context, r slog.Record) error {
	k.records = append(k.records, r)
	return nil
}

// Clients can't have handlers made and kept without a limit.
func TestAccessedKeepsAConstantNumberOfHandlers(t *testing.T) {
	counting := &countingHandler{}
	h := tigertonic.Accessed(answers(404, ""), &tigertonic.AccessOptions{Logger: slog.New(counting)})
	for i := range 1000 {
		serve(t, h, fmt.Sprintf("M%d", i), fmt.Sprintf("/%d", i), "", "User-Agent", fmt.Sprint(i))
	}
	assert.Equal(t, 1000, counting.made, "for made-up methods none is kept")
	counting.made = 0
	for i := range 1000 {
		serve(t, h, "GET", fmt.Sprintf("/%d", i), "")
	}
	assert.Equal(t, 1, counting.made)

	counting.made = 0
	h = tigertonic.Accessed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { r.Pattern = r.URL.Path }), &tigertonic.AccessOptions{Logger: slog.New(counting)})
	for range 2 {
		for i := range 2000 {
			serve(t, h, "GET", fmt.Sprintf("/%d", i), "")
		}
	}
	assert.Equal(t, 4000-1024, counting.made)
}

type countingHandler struct {
	slog.Handler
	made int
}

func (*countingHandler) Enabled(context.Context, slog.Level) bool  { return true }
func (*countingHandler) Handle(context.Context, slog.Record) error { return nil }
func (h *countingHandler) WithAttrs([]slog.Attr) slog.Handler      { h.made++; return h }

func TestAccessedByManyAtATime(t *testing.T) {
	var b lockedBuffer
	h := accessedTo(&b, tigertonic.Identified(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Pattern = "/" + r.URL.Path[1:2]
		saysItsID(w, r)
	}), nil))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", fmt.Sprintf("/%d", i), nil))
			}
		})
	}
	wg.Wait()
	all := lines(t, b.String())
	assert.Len(t, all, 400)
	for _, object := range all {
		assert.Equal(t, object["pattern"], object["path"])
	}
}

func TestAccessedCostsNoMoreThanARecorder(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	null := tigertonic.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusOK) })
	text := slog.New(slog.NewTextHandler(io.Discard, nil))
	for name, tt := range map[string]struct {
		logger *slog.Logger
		want   float64
	}{
		"a handler that discards": {slog.New(discardingHandler{}), 1},
		"slog's JSON":             {jsonLines(), 1},
		"ours":                    {bufferedLines(), 1},
		"slog's text":             {text, 1},
		"a handler that is off":   {slog.New(slog.DiscardHandler), 0},
	} {
		got := testing.AllocsPerRun(1000, asker(t, tigertonic.Accessed(null, &tigertonic.AccessOptions{Logger: tt.logger}), "GET", "/stuff/1", ""))
		assert.LessOrEqual(t, got, tt.want, name)
	}
}

// The whole stack of a service: issue 5's bar.
func TestStackCostsThreeAllocationsMoreThanATypedEndpoint(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	bare := testing.AllocsPerRun(1000, postOrder(t, typedReceive()))
	for name, logger := range map[string]*slog.Logger{"slog's": jsonLines(), "ours": bufferedLines()} {
		post := postOrder(t, stack(typedReceive(), logger))
		for range 1028 { // until the sample of Timed is full
			post()
		}
		assert.LessOrEqual(t, testing.AllocsPerRun(1000, post), bare+3, name)
	}
}
