package admin_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/admin"
)

func TestReadyWithoutChecks(t *testing.T) {
	w := ask(t, newAdmin(service, admin.Options{}), "GET", "/ready", "")
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Equal(t, `{"ready":true,"draining":false,"checks":[]}`+"\n", w.Body.String())
}

func TestChecksRunAtOnceAndTellWhatIsWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAdmin(service, admin.Options{})
		a.Check("database", 2*time.Second, func(context.Context) error {
			time.Sleep(300 * time.Millisecond)
			return nil
		})
		a.Check("store", 2*time.Second, func(context.Context) error {
			time.Sleep(400 * time.Millisecond)
			return errors.New("no route\nto \"host\"\xff")
		})
		began := time.Now()
		w := ask(t, a, "GET", "/ready", "")
		assert.Equal(t, 400*time.Millisecond, time.Since(began))
		assert.Equal(t, http.StatusServiceUnavailable, w.Code)
		assert.Equal(t, `{"ready":false,"draining":false,"checks":[`+
			`{"name":"database","ok":true,"took":"300ms"},`+
			`{"name":"store","ok":false,"took":"400ms","error":"no route\nto \"host\"`+"\uFFFD"+`"}]}`+"\n", w.Body.String())
	})
}

// Nothing that a check returns keeps the others' results from being shown.
func TestChecksMayReturnErrorsWithoutText(t *testing.T) {
	type hollow struct{ error }
	a := newAdmin(service, admin.Options{})
	a.Check("status", time.Second, func(context.Context) error { return tigertonic.ServiceUnavailable{} })
	a.Check("hollow", time.Second, func(context.Context) error { return hollow{} })
	w := ask(t, a, "GET", "/ready", "")
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.Contains(t, w.Body.String(), `"error":"Service Unavailable"`)
	assert.Contains(t, w.Body.String(), `"error":"admin_test.hollow without a text"`)
}

func TestChecksHaveATimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAdmin(service, admin.Options{})
		wait := func(err func(context.Context) error) func(context.Context) error {
			return func(ctx context.Context) error {
				<-ctx.Done()
				time.Sleep(time.Nanosecond) // after those who wait have seen it
				return err(ctx)
			}
		}
		a.Check("heeds", time.Second, wait(func(ctx context.Context) error { return fmt.Errorf("ping: %w", ctx.Err()) }))
		a.Check("says why", time.Second, wait(func(context.Context) error { return errors.New("dial: i/o timeout") }))
		a.Check("says it is well", time.Second, wait(func(context.Context) error { return nil }))
		began := time.Now()
		rd, status := ready(t, a)
		assert.Equal(t, time.Second, time.Since(began))
		assert.Equal(t, http.StatusServiceUnavailable, status)
		for _, c := range rd.Checks {
			assert.False(t, c.OK)
			assert.Equal(t, "1s", c.Took)
			assert.Equal(t, "no response within 1s", c.Error)
		}
		time.Sleep(time.Millisecond)
		rd, _ = ready(t, a) // what has come since is kept
		assert.Equal(t, "no response within 1s", rd.Checks[0].Error)
		assert.Equal(t, "no response within 1s: dial: i/o timeout", rd.Checks[1].Error)
		assert.Equal(t, "no response within 1s", rd.Checks[2].Error)
	})
}

func TestCheckThatIgnoresItsContextBlocksNothingAndRunsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAdmin(service, admin.Options{})
		release := make(chan struct{})
		var running, runs atomic.Int32
		a.Check("stuck", 2*time.Second, func(context.Context) error {
			running.Add(1)
			runs.Add(1)
			<-release
			running.Add(-1)
			return nil
		})
		rd, _ := ready(t, a)
		assert.Equal(t, "2s", rd.Checks[0].Took)
		for range 100 {
			time.Sleep(3 * time.Second)
			began := time.Now()
			rd, status := ready(t, a)
			assert.Zero(t, time.Since(began), "it isn't waited for again")
			assert.Equal(t, http.StatusServiceUnavailable, status)
			assert.Equal(t, "no response within 2s", rd.Checks[0].Error)
		}
		assert.EqualValues(t, 1, running.Load())
		rd, _ = ready(t, a)
		assert.Equal(t, "5m2s", rd.Checks[0].Took, "for how long it has been stuck")
		close(release)
		synctest.Wait()
		rd, _ = ready(t, a)
		assert.Equal(t, "no response within 2s", rd.Checks[0].Error, "an answer that is late is none")
		time.Sleep(time.Second)
		rd, _ = ready(t, a)
		assert.True(t, rd.Ready)
		assert.EqualValues(t, 2, runs.Load())
	})
}

func TestChecksAreKeptForASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAdmin(service, admin.Options{})
		runs := 0
		a.Check("counted", time.Second, func(context.Context) error {
			runs++
			time.Sleep(100 * time.Millisecond)
			return fmt.Errorf("run %d", runs)
		})
		for _, test := range []struct {
			after time.Duration
			want  string
		}{{0, "run 1"}, {999 * time.Millisecond, "run 1"}, {time.Millisecond, "run 2"}, {time.Hour, "run 3"}, {0, "run 3"}} {
			time.Sleep(test.after)
			rd, _ := ready(t, a)
			assert.Equal(t, test.want, rd.Checks[0].Error)
		}
		assert.Contains(t, get(t, a, "/"), "run 3", "the index shows the same")
	})
}

func TestChecksRunOnceForAllWhoAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAdmin(service, admin.Options{})
		var runs atomic.Int32
		a.Check("slow", time.Second, func(context.Context) error {
			runs.Add(1)
			time.Sleep(500 * time.Millisecond)
			return nil
		})
		began := time.Now()
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				rd, _ := ready(t, a)
				assert.True(t, rd.Ready)
			})
		}
		wg.Wait()
		assert.EqualValues(t, 1, runs.Load())
		assert.Equal(t, 500*time.Millisecond, time.Since(began))
	})
}

func TestCheckThatPanicsOrEndsItsGoroutineFails(t *testing.T) {
	a := newAdmin(service, admin.Options{})
	a.Check("panics", time.Second, func(context.Context) error { panic("no database") })
	a.Check("panics with an error", time.Second, func(context.Context) error { panic(errors.New("none")) })
	a.Check("panics with nil", time.Second, func(context.Context) error { panic(nil) }) //nolint:govet // it is what is tested
	a.Check("ends", time.Second, func(context.Context) error { runtime.Goexit(); return nil })
	a.Check("passes", time.Second, passes)
	rd, status := ready(t, a)
	assert.Equal(t, http.StatusServiceUnavailable, status)
	var texts []string
	for _, c := range rd.Checks {
		assert.Equal(t, c.Name == "passes", c.OK)
		texts = append(texts, c.Error)
	}
	assert.Equal(t, []string{
		"panic: no database", "panic: none",
		"panic: " + new(runtime.PanicNilError).Error(), "the check has ended its goroutine", "",
	}, texts)
}

// A client that is gone must not fail the check for those who are still there.
func TestCheckOutlivesTheRequestThatBeganIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAdmin(service, admin.Options{})
		a.Check("slow", 2*time.Second, func(ctx context.Context) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Second):
				return nil
			}
		})
		gone, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			began := time.Now()
			askContext(gone, a, "/ready")
			assert.Equal(t, 100*time.Millisecond, time.Since(began))
		})
		time.Sleep(100 * time.Millisecond)
		cancel()
		rd, _ := ready(t, a)
		assert.True(t, rd.Ready)
		wg.Wait()
	})
}

func TestChecksMayBeAddedWhileServing(t *testing.T) {
	a := newAdmin(service, admin.Options{})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() { a.Check(fmt.Sprint(i), time.Second, passes) })
		wg.Go(func() { ready(t, a) })
		wg.Go(func() { get(t, a, "/") })
	}
	wg.Wait()
	rd, _ := ready(t, a)
	assert.Len(t, rd.Checks, 20)
}
