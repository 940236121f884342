package tigertonic_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/slogtest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

func TestBufferedJSONHandlerIsAHandler(t *testing.T) {
	var b bytes.Buffer
	var h *tigertonic.BufferedJSONHandler
	slogtest.Run(t, func(*testing.T) slog.Handler {
		b.Reset()
		h = tigertonic.NewBufferedJSONHandler(&b, nil)
		return h
	}, func(t *testing.T) map[string]any {
		require.NoError(t, h.Flush())
		return line(t, b.String())
	})
}

// someAttr returns an attribute, mostly one that is formatted by hand.
func someAttr(random *rand.Rand) slog.Attr {
	texts := append([]string{"", "key", "GET /stuff/{id}", "<&>", "127.0.0.1:80", "\u2028", "日本", "a\x7f"}, hostile...)
	key := texts[random.IntN(3)]
	if random.IntN(10) == 0 {
		key = texts[random.IntN(len(texts))]
	}
	values := []any{
		texts[random.IntN(len(texts))], texts[random.IntN(5)], random.Int64() - 1<<62, random.Uint64(), random.IntN(2) == 0,
		time.Duration(random.Int64()), 0, "text", -1, time.Hour,
		random.NormFloat64(), time.Unix(random.Int64N(1e10), random.Int64N(1e9)), errors.New("it broke"), nil,
		stuff{ID: "<ID>"},
		[]string{"a"},
		slog.GroupValue(), slog.GroupValue(slog.Int("a", 1), slog.String("b", "2")), valuer(1), &slog.Source{Line: 3},
		func() {}, (*tigertonic.NotFound)(nil),
	}
	n := 10
	if random.IntN(4) == 0 {
		n = len(values)
	}
	return slog.Any(key, values[random.IntN(n)])
}

// A valuer is a LogValuer.
type valuer int

func (v valuer) LogValue() slog.Value { return slog.StringValue(fmt.Sprintf("value %d", v)) }

func someAttrs(random *rand.Rand) []slog.Attr {
	attrs := make([]slog.Attr, random.IntN(12))
	for i := range attrs {
		attrs[i] = someAttr(random)
	}
	return attrs
}

// The oracle is slog.
func TestBufferedJSONHandlerWritesWhatSlogDoes(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	times := []time.Time{
		time.Now(),
		{},
		time.Unix(0, 0), time.Unix(-1, 0), time.Unix(1e9, 120_000_000).UTC(),
		time.Unix(1e9, 1).In(time.FixedZone("", -3*3600-1800)), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	for round := range 5000 {
		opts := &slog.HandlerOptions{}
		switch random.IntN(20) {
		case 0:
			opts = nil
		case 1:
			opts.AddSource = true
		case 2:
			opts.ReplaceAttr = func(_ []string, a slog.Attr) slog.Attr { a.Key = "X" + a.Key; return a }
		case 3:
			opts.Level = slog.Level(random.IntN(20) - 10)
		}
		var got, want bytes.Buffer
		var own *tigertonic.BufferedJSONOptions
		if opts != nil {
			own = &tigertonic.BufferedJSONOptions{HandlerOptions: *opts}
		}
		buffered := tigertonic.NewBufferedJSONHandler(&got, own)
		handlers := []slog.Handler{buffered, slog.NewJSONHandler(&want, opts)}
		for range random.IntN(3) {
			attrs, group := someAttrs(random), []string{"", "g", "a b"}[random.IntN(3)]
			for i := range handlers {
				handlers[i] = handlers[i].WithAttrs(attrs)
			}
			if random.IntN(4) == 0 {
				for i := range handlers {
					handlers[i] = handlers[i].WithGroup(group)
				}
			}
		}
		r := slog.NewRecord(times[random.IntN(len(times))], slog.Level(random.IntN(20)-10), []string{"request", "", "ü", `"`}[random.IntN(4)], 0)
		r.AddAttrs(someAttrs(random)...)
		require.Equal(t, handlers[1].Enabled(t.Context(), r.Level), handlers[0].Enabled(t.Context(), r.Level))
		for _, h := range handlers {
			require.NoError(t, h.Handle(t.Context(), r.Clone()))
		}
		require.NoError(t, buffered.Flush())
		require.Equal(t, want.String(), got.String(), round)
	}
}

func TestAccessLinesAreThoseOfSlog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		captureSlog(t)
		var got, want bytes.Buffer
		buffered := tigertonic.NewBufferedJSONHandler(&got, nil)
		loggers := []*slog.Logger{slog.New(buffered), slog.New(slog.NewJSONHandler(&want, nil))}
		for i, with := range []func(*slog.Logger) *slog.Logger{
			func(l *slog.Logger) *slog.Logger { return l },
			func(l *slog.Logger) *slog.Logger { return l.With("service", "tea", "port", 80) },
			func(l *slog.Logger) *slog.Logger { return l.With("service", "té") },
			func(l *slog.Logger) *slog.Logger { return l.WithGroup("http") },
		} {
			for _, h := range []http.Handler{
				answers(200, "body"), answers(404, ""), answers(503, ""), failing(errLeak),
				tigertonic.Identified(hello, nil), panics(http.ErrAbortHandler), tigertonic.Identified(failing(errLeak), nil),
			} {
				for _, target := range []string{"/stuff/1?x=1", "/%22", "/ü", "/a%2Fb"} {
					for _, logger := range loggers {
						recovered(func() {
							serve(t, tigertonic.Accessed(h, &tigertonic.AccessOptions{Logger: with(logger)}), "GET", target, "", "X-Request-Id", "ID")
						})
					}
				}
			}
			require.NoError(t, buffered.Flush())
			assert.Equal(t, anyID(want.String()), anyID(got.String()), i)
		}
	})
}

// anyID returns a log without the IDs that are random.
func anyID(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		before, id, found := strings.Cut(line, `"request_id":"`)
		if _, after, ok := strings.Cut(id, `"`); found && ok {
			line = before + after
		}
		b.WriteString(line)
	}
	return b.String()
}

func TestBufferedJSONHandlerAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	logger := slog.New(tigertonic.NewBufferedJSONHandler(io.Discard, nil)).With("service", "tea")
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		logger.LogAttrs(context.Background(), slog.LevelInfo, "request", slog.String("path", "/stuff"), slog.Int("bytes", 7))
	}))
}

func TestBufferedJSONHandlerIsSafeForConcurrentUse(t *testing.T) {
	var b lockedBuffer
	h := tigertonic.NewBufferedJSONHandler(&b, nil)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			logger := slog.New(h).With("goroutine", i)
			for j := range 500 {
				logger.Info(strings.Repeat("x", j%100), "n", j)
				if j%100 == 0 {
					assert.NoError(t, h.Flush())
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, h.Close())
	next := map[any]float64{}
	for _, object := range lines(t, b.String()) {
		assert.InDelta(t, next[object["goroutine"]], object["n"], 0, "the lines of a goroutine are in order, and none is lost")
		next[object["goroutine"]]++
	}
	assert.Equal(t, map[any]float64{0.0: 500, 1.0: 500, 2.0: 500, 3.0: 500, 4.0: 500, 5.0: 500, 6.0: 500, 7.0: 500}, next)
}

func TestBufferedLinesAreWrittenAsTheOptionsSay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var writes atomic.Int64
		logger := slog.New(tigertonic.NewBufferedJSONHandler(writerFunc(func(p []byte) (int, error) {
			writes.Add(1)
			return len(p), nil
		}), &tigertonic.BufferedJSONOptions{
			HandlerOptions: slog.HandlerOptions{Level: slog.LevelWarn},
			Size:           2 << 10,
			Interval:       time.Minute,
		}))
		logger.Info("nothing")
		logger.Warn(strings.Repeat("x", 1<<10))
		time.Sleep(time.Minute - time.Nanosecond)
		assert.EqualValues(t, 0, writes.Load())
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		assert.EqualValues(t, 1, writes.Load())
		for range 2 {
			logger.Warn(strings.Repeat("x", 1<<10))
		}
		assert.EqualValues(t, 2, writes.Load(), "there are enough")
	})
	for _, opts := range []*tigertonic.BufferedJSONOptions{{Size: -1}, {Interval: -1}} {
		assert.Regexp(t, `^tigertonic: `+regexp.QuoteMeta("NewBufferedJSONHandler: Size: "+strconv.Itoa(opts.Size)+", Interval: "+opts.Interval.String())+` \(at .*/bufferedjson_test\.go:\d+\)$`,
			recovered(func() { tigertonic.NewBufferedJSONHandler(io.Discard, opts) }))
	}
}
