package linelog_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/linelog"
)

// A faultyWriter counts writes. It fails, after some bytes, while failing is set.
type faultyWriter struct {
	mu      sync.Mutex
	b       bytes.Buffer
	writes  int
	failing bool
	most    int // bytes a write while it fails
}

var errFull = errors.New("no space left")

func (w *faultyWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes++
	if !w.failing {
		return w.b.Write(p)
	}
	n, _ := w.b.Write(p[:min(w.most, len(p))])
	return n, errFull
}

// seen returns how often it was written to, and what.
func (w *faultyWriter) seen() (writes int, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.writes, w.b.String()
}

func (w *faultyWriter) fail(failing bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failing = failing
}

// A handler has slog format records, and writes them to a Buffer.
type handler struct {
	slog.Handler
	*linelog.Buffer
}

func buffered(w io.Writer) handler {
	b := linelog.NewBuffer(w, 0, 0)
	return handler{slog.NewJSONHandler(b, nil), b}
}

// lines returns the objects in a log.
func lines(t *testing.T, text string) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(text) {
		var object map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &object), "%q", line)
		all = append(all, object)
	}
	return all
}

func TestBufferedLinesAreWrittenATenthOfASecondAfterTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w faultyWriter
		logger := slog.New(buffered(&w))
		for round := range 3 {
			for range 10 {
				logger.Info("line")
			}
			time.Sleep(99 * time.Millisecond)
			writes, _ := w.seen()
			assert.Equal(t, round, writes)
			time.Sleep(time.Millisecond)
			synctest.Wait()
			writes, text := w.seen()
			assert.Equal(t, round+1, writes)
			assert.Len(t, lines(t, text), 10*(round+1))
		}
		time.Sleep(time.Hour)
		writes, _ := w.seen()
		assert.Equal(t, 3, writes, "there is nothing to write")
	})
}

func TestBufferedLinesAreWrittenWhenThereAreEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w faultyWriter
		h := buffered(&w)
		text := strings.Repeat("x", 1<<10)
		for range 640 {
			slog.New(h).Info(text)
		}
		writes, _ := w.seen()
		assert.InDelta(t, 10, writes, 1)
		require.NoError(t, h.Flush())
		_, all := w.seen()
		assert.Len(t, lines(t, all), 640)
	})
}

func TestBufferedLinesAreWrittenByClose(t *testing.T) {
	var w faultyWriter
	h := buffered(&w)
	logger := slog.New(h)
	logger.Info("before")
	require.NoError(t, h.Close())
	assert.Equal(t, 1, w.writes)
	logger.Info("after")
	assert.Equal(t, 2, w.writes, "it is written at once")
	require.NoError(t, h.Close())
	assert.Len(t, lines(t, w.b.String()), 2)
}

func TestBufferedLinesThatCannotBeWrittenAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := faultyWriter{failing: true, most: 7}
		h := buffered(&w)
		logger := slog.New(h)
		for range 10 {
			logger.Info("line")
		}
		require.ErrorIs(t, h.Flush(), errFull)
		time.Sleep(time.Second)
		synctest.Wait()
		logger.Info("line")
		require.ErrorIs(t, h.Close(), errFull)
		w.fail(false)
		require.NoError(t, h.Close(), "after which nothing is tried by itself")
		_, text := w.seen()
		assert.Len(t, lines(t, text), 11, "each once, though they were written in pieces")
	})
}

func TestLostLinesAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := faultyWriter{failing: true}
		h := buffered(&w)
		text, refused := strings.Repeat("x", 1<<10), 0
		for range 2000 {
			r := slog.NewRecord(time.Now(), slog.LevelInfo, text, 0)
			if h.Handle(t.Context(), r) != nil {
				refused++
			}
			time.Sleep(time.Millisecond)
		}
		w.fail(false)
		time.Sleep(time.Second)
		synctest.Wait()
		_, written := w.seen()
		all := lines(t, written)
		last := all[len(all)-1]
		assert.Equal(t, "log lines were lost", last["msg"])
		assert.Equal(t, "ERROR", last["level"])
		assert.Equal(t, errFull.Error(), last["error"])
		assert.EqualValues(t, 2000-(len(all)-1), last["lines"])
		assert.InDelta(t, 1000, len(all), 100, "1 MiB is kept")
		assert.GreaterOrEqual(t, refused, 900, "who logs is told, too")
		slog.New(h).Info("later")
		require.NoError(t, h.Close())
		_, written = w.seen()
		assert.Len(t, lines(t, written), len(all)+1, "it is told once")
	})
}

// Who writes to something slow waits, and so memory stays bounded.
func TestASlowWriterHoldsUpWhoLogs(t *testing.T) {
	open := make(chan struct{})
	var written, most atomic.Int64
	h := buffered(writerFunc(func(p []byte) (int, error) {
		<-open
		written.Add(int64(bytes.Count(p, []byte("\n"))))
		most.Store(max(most.Load(), int64(len(p)))) // there is one write at a time
		return len(p), nil
	}))
	var logged atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				_, _ = h.Buffer.Write([]byte(strings.Repeat("x", 1<<10) + "\n")) // slog has a lock of its own
				logged.Add(1)
			}
		})
	}
	require.Eventually(t, func() bool { return logged.Load() > 60 }, 30*time.Second, time.Millisecond)
	assert.Less(t, logged.Load(), int64(200))
	close(open)
	wg.Wait()
	require.NoError(t, h.Close())
	assert.EqualValues(t, 4000, written.Load())
	assert.Less(t, most.Load(), int64(70<<10))
}

// After Close there is no timer, even where the writer fails.
func TestBufferedLinesAreNotTimedAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var writes atomic.Int64
		h := buffered(writerFunc(func([]byte) (int, error) {
			writes.Add(1)
			return 0, errFull
		}))
		log := slog.New(h)
		log.Info("one")
		time.Sleep(time.Second)
		require.ErrorIs(t, h.Close(), errFull)
		closed := writes.Load()
		assert.Greater(t, closed, int64(1), "it was tried again")
		time.Sleep(time.Minute)
		assert.Equal(t, closed, writes.Load())
		log.Info("two")
		time.Sleep(time.Minute)
		assert.Equal(t, closed+1, writes.Load(), "at once")
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
