package tigertonic

import (
	"errors"
	"net/http"

	"github.com/rcrowley/go-metrics"
)

// panicsMetric is the name of the counter of panics.
const panicsMetric = "tigertonic.panics"

// RecoveredHandler answers for a handler that panics. It is made by [Recovered];
// the zero value isn't usable. Its field may be changed before serving.
type RecoveredHandler struct {
	// Panics counts the panics. By default it is the counter tigertonic.panics in
	// metrics.DefaultRegistry, which all RecoveredHandlers share.
	Panics  metrics.Counter
	handler http.Handler
}

// Recovered returns a handler that answers 500 through [ResponseErrorWriter] if h
// panics before it has written anything, with no more than the request's ID. If
// h has written something, or has taken over the connection, then that is cut
// off, as by [http.ErrAbortHandler].
//
// The panic is logged with its stack, once: by the [Accessed], [Logged] or
// [JSONLogged] outside of the handler, or by an Accessed in it, else by the
// [Server], else by [slog.Default]. It is counted once, too. http.ErrAbortHandler
// is passed on and neither logged nor counted, and so is [runtime.Goexit].
//
// Goroutines that h has started aren't its panics: each has to recover by itself.
//
// Recovered panics if metrics.DefaultRegistry has something else under the name
// of the counter.
func Recovered(h http.Handler) *RecoveredHandler {
	mustHandler("Recovered", h)
	panics, ok := metrics.DefaultRegistry.GetOrRegister(panicsMetric, metrics.NewCounter).(metrics.Counter)
	if !ok {
		misuse("Recovered: the metric %q isn't a counter", panicsMetric)
	}
	return &RecoveredHandler{panics, h}
}

// ServeHTTP calls the handler.
func (rh *RecoveredHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w, rec := record(w, r)
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
func (rh *RecoveredHandler) rescue(w http.ResponseWriter, rec *recorder, r *http.Request, encoded bool) {
	value := recover()
	if value == nil {
		return
	}
	if !isAbort(value) {
		rh.Panics.Inc(1)
		if rec.id == "" {
			rec.id = RequestIDFrom(r.Context())
		}
		id := notePanic(w, rec, value)
		if rec.status == 0 && !rec.hijacked() && answerPanic(w, rec, r, id, encoded) {
			return
		}
	}
	if taken := rec.taken; taken != nil && taken.Conn != nil {
		_ = taken.Close() // which net/http leaves open
	}
	panic(http.ErrAbortHandler)
}

// answerPanic writes the response, and tells whether it could.
func answerPanic(w http.ResponseWriter, rec *recorder, r *http.Request, id RequestID, encoded bool) (ok bool) {
	defer func() {
		if value := recover(); value != nil && !isAbort(value) {
			notePanic(w, rec, value)
		}
	}()
	h := w.Header()
	h.Del("Cache-Control")
	if !encoded {
		h.Del("Content-Encoding")
	}
	if rec.head {
		w = withoutBody(w, r)
	}
	ResponseErrorWriter.WriteError(r, w, &withheld{InternalServerError{errors.New("request " + string(id) + " has failed")}, id})
	if rec.status == 0 {
		w.WriteHeader(http.StatusInternalServerError)
	}
	return true
}
