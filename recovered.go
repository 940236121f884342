package tigertonic

import (
	"errors"
	"net/http"

	"github.com/rcrowley/go-metrics"
	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/record"
)

// panicsMetric is the name of the counter of panics.
const panicsMetric = "tigertonic.panics"

// RecoveredHandler answers for a handler that panics. It is made by [Recovered];
// the zero value isn't usable. Its field may be changed before serving.
type RecoveredHandler struct {
	// Panics counts the panics. By default it is the counter tigertonic.panics in
	// metrics.DefaultRegistry, which all RecoveredHandlers share, and which is there
	// from the first panic on.
	Panics  metrics.Counter
	handler http.Handler
}

// Recovered returns a handler that sends a 500 through [ResponseErrorWriter], with
// only the request's ID, if h panics before it writes anything. If h has written
// something or hijacked the connection, that is cut off, as by [http.ErrAbortHandler].
//
// The panic is logged with its stack, once: by the [Accessed], [Logged] or
// [JSONLogged] outside of the handler, or by an Accessed in it, else by the
// [Server], else by [slog.Default]. It is counted once, too. http.ErrAbortHandler
// is passed on and neither logged nor counted, and so is [runtime.Goexit].
//
// It can't recover from panics in goroutines that h has started.
//
// Recovered panics if metrics.DefaultRegistry has something else under the name
// of the counter.
func Recovered(h http.Handler) *RecoveredHandler {
	mustHandler("Recovered", h)
	if taken := metrics.DefaultRegistry.Get(panicsMetric); taken != nil {
		if _, ok := taken.(metrics.Counter); !ok {
			callsite.Panicf("Recovered: the metric %q isn't a counter", panicsMetric)
		}
	}
	return &RecoveredHandler{&panicCounter{}, h}
}

// A panicCounter is the counter of panics in the registry, which it adds when there is
// the first panic: a program may walk the registry, and take all that is in it for its
// own.
type panicCounter struct {
	own metrics.StandardCounter // if the registry has something else by then
}

func (c *panicCounter) counter() metrics.Counter {
	if counter, ok := metrics.DefaultRegistry.GetOrRegister(panicsMetric, metrics.NewCounter).(metrics.Counter); ok {
		return counter
	}
	return &c.own
}

// Inc adds n.
func (c *panicCounter) Inc(n int64) { c.counter().Inc(n) }

// Dec takes n away.
func (c *panicCounter) Dec(n int64) { c.counter().Dec(n) }

// Count returns how many panics there have been.
func (c *panicCounter) Count() int64 {
	switch counter := metrics.DefaultRegistry.Get(panicsMetric).(type) {
	case nil:
		return 0
	case metrics.Counter:
		return counter.Count()
	}
	return c.own.Count()
}

// Clear sets the counter to 0.
func (c *panicCounter) Clear() {
	if c.Count() != 0 {
		c.counter().Clear()
	}
}

// Snapshot returns the counter as it is now.
func (c *panicCounter) Snapshot() metrics.Counter { return metrics.CounterSnapshot(c.Count()) }

// ServeHTTP calls the handler.
func (rh *RecoveredHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w, rec := record.Wrap(w, r)
	encoded := w.Header()["Content-Encoding"] != nil
	defer rh.rescue(w, rec, r, encoded)
	rh.handler.ServeHTTP(w, r)
}

// Unwrap returns the handler that may panic.
func (rh *RecoveredHandler) Unwrap() http.Handler { return rh.handler }

// Describe adds that the handler may fail.
func (rh *RecoveredHandler) Describe(op *Operation) {
	op.AddError(http.StatusInternalServerError, "the service has failed")
}

// String is how [Explain] shows the handler.
func (rh *RecoveredHandler) String() string { return "Recovered" }

// rescue is what is deferred. A response is encoded if a handler round this one
// encodes it.
func (rh *RecoveredHandler) rescue(w http.ResponseWriter, rec *record.Recorder, r *http.Request, encoded bool) {
	value := recover()
	if value == nil {
		return
	}
	if !record.IsAbort(value) {
		rh.Panics.Inc(1)
		if rec.ID == "" {
			rec.ID = string(RequestIDFrom(r.Context()))
		}
		id := rec.NotePanic(w, value, newID)
		if !rec.HasBegun() && answerPanic(w, rec, r, id, encoded) {
			return
		}
	}
	rec.CloseHijacked() // which net/http leaves open
	panic(http.ErrAbortHandler)
}

// answerPanic writes the response, and reports whether it could.
func answerPanic(w http.ResponseWriter, rec *record.Recorder, r *http.Request, id string, encoded bool) (ok bool) {
	defer func() {
		if value := recover(); value != nil && !record.IsAbort(value) {
			rec.NotePanic(w, value, newID)
		}
	}()
	h := w.Header()
	h.Del("Cache-Control")
	if !encoded {
		h.Del("Content-Encoding")
	}
	if rec.IsHead() {
		w = record.WithoutBody(w, r)
	}
	writeError(w, r, record.Withhold(InternalServerError{errors.New("request " + id + " has failed")}, id))
	if !rec.HasBegun() {
		w.WriteHeader(http.StatusInternalServerError)
	}
	return true
}
