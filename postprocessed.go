package tigertonic

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/record"
)

// PostProcessor shows the responses of a handler to a function. It is made by
// [PostProcessed]; the zero value isn't usable.
type PostProcessor struct {
	handler http.Handler
	f       func(*http.Request, *http.Response)
}

// PostProcessed returns a handler that calls f after h, with the request and a copy of
// the response, without trailers. The response has been sent by then, so f can only
// look at it. The whole body is kept in memory for f. If h panics, f isn't called.
func PostProcessed(h http.Handler, f func(*http.Request, *http.Response)) *PostProcessor {
	if f == nil {
		callsite.Panicf("PostProcessed: the function is nil")
	}
	return &PostProcessor{mustHandler("PostProcessed", h), f}
}

// ServeHTTP calls the handler and then the function.
func (pp *PostProcessor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sent := &sentResponse{}
	w, rec := record.Wrap(w, r)
	rec.Observe(sent)
	pp.handler.ServeHTTP(w, r)
	status, header := rec.FinalStatus(false), sent.header
	if header == nil {
		header = w.Header().Clone()
	}
	query := lendQuery(r)
	defer query.takeBack(r)
	pp.f(r, &http.Response{
		Status:        fmt.Sprintf("%d %s", status, http.StatusText(status)),
		StatusCode:    status,
		Proto:         r.Proto,
		ProtoMajor:    r.ProtoMajor,
		ProtoMinor:    r.ProtoMinor,
		Header:        header,
		Body:          io.NopCloser(bytes.NewReader(sent.body.Bytes())),
		ContentLength: int64(sent.body.Len()),
		Request:       r,
		TLS:           r.TLS,
	})
}

// A sentResponse is the header and the body of a response, as they were sent.
type sentResponse struct {
	header http.Header
	body   bytes.Buffer
}

// OnHeader keeps the header.
func (s *sentResponse) OnHeader(_ int, h http.Header) { s.header = h.Clone() }

// OnBody keeps the body.
func (s *sentResponse) OnBody(p []byte) { s.body.Write(p) }

// Unwrap returns the handler whose responses are shown.
func (pp *PostProcessor) Unwrap() http.Handler { return pp.handler }

// String is how [Explain] shows the handler.
func (pp *PostProcessor) String() string { return "PostProcessed" }

// TeeResponseWriter is a ResponseWriter that also records the status and the whole body.
// One from [NewTeeResponseWriter] has the StatusCode 200 until another is written; a
// literal with a ResponseWriter has 0 until something is written. It must not be copied.
type TeeResponseWriter struct {
	http.Flusher // or nil, if the ResponseWriter is none
	http.ResponseWriter
	Body        bytes.Buffer
	StatusCode  int
	transparent                     // for its method
	front       http.ResponseWriter // the recorder that is in the ResponseWriter, or nil
}

// A tee can be flushed by its type, whatever is behind it.
type transparent = record.Transparent

// NewTeeResponseWriter returns a TeeResponseWriter in front of w.
func NewTeeResponseWriter(w http.ResponseWriter) *TeeResponseWriter {
	tee := &TeeResponseWriter{ResponseWriter: w, StatusCode: http.StatusOK, transparent: transparent{}}
	tee.Flusher, _ = w.(http.Flusher)
	tee.recorded()
	return tee
}

// recorded returns the ResponseWriter, which lets w see what is written.
func (w *TeeResponseWriter) recorded() http.ResponseWriter {
	w.front = teeInto((*teeObserver)(w), w.ResponseWriter, w.front)
	w.ResponseWriter = w.front
	return w.front
}

// WriteHeader writes the header and keeps the status.
func (w *TeeResponseWriter) WriteHeader(status int) { w.recorded().WriteHeader(status) }

// Write writes to the body and keeps what has been written.
func (w *TeeResponseWriter) Write(p []byte) (int, error) { return w.recorded().Write(p) }

// Flush sends what has been written, if that is possible.
func (w *TeeResponseWriter) Flush() { _ = w.FlushError() }

// FlushError is Flush for [http.ResponseController].
func (w *TeeResponseWriter) FlushError() error { return flushTee(w.recorded(), w.Flusher) }

// Unwrap is for [http.ResponseController].
func (w *TeeResponseWriter) Unwrap() http.ResponseWriter { return w.recorded() }

// A teeObserver is a TeeResponseWriter that sees a response pass.
type teeObserver TeeResponseWriter

// OnHeader keeps the status.
func (o *teeObserver) OnHeader(status int, _ http.Header) { o.StatusCode = status }

// OnBody keeps the body.
func (o *teeObserver) OnBody(p []byte) { o.Body.Write(p) }

// TeeHeaderResponseWriter is a ResponseWriter that also records the status. One from
// [NewTeeHeaderResponseWriter] has the StatusCode 200 until another is written; a literal
// with a ResponseWriter has 0 until something is written. It must not be copied.
type TeeHeaderResponseWriter struct {
	http.Flusher // or nil, if the ResponseWriter is none
	http.ResponseWriter
	StatusCode  int
	transparent                     // for its method
	front       http.ResponseWriter // the recorder that is in the ResponseWriter, or nil
}

// NewTeeHeaderResponseWriter returns a TeeHeaderResponseWriter in front of w.
func NewTeeHeaderResponseWriter(w http.ResponseWriter) *TeeHeaderResponseWriter {
	tee := &TeeHeaderResponseWriter{ResponseWriter: w, StatusCode: http.StatusOK, transparent: transparent{}}
	tee.Flusher, _ = w.(http.Flusher)
	tee.recorded()
	return tee
}

// recorded returns the ResponseWriter, which lets w see what is written.
func (w *TeeHeaderResponseWriter) recorded() http.ResponseWriter {
	w.front = teeInto((*teeHeaderObserver)(w), w.ResponseWriter, w.front)
	w.ResponseWriter = w.front
	return w.front
}

// WriteHeader writes the header and keeps the status.
func (w *TeeHeaderResponseWriter) WriteHeader(status int) { w.recorded().WriteHeader(status) }

// Write writes to the body.
func (w *TeeHeaderResponseWriter) Write(p []byte) (int, error) { return w.recorded().Write(p) }

// Flush sends what has been written, if that is possible.
func (w *TeeHeaderResponseWriter) Flush() { _ = w.FlushError() }

// FlushError is Flush for [http.ResponseController].
func (w *TeeHeaderResponseWriter) FlushError() error { return flushTee(w.recorded(), w.Flusher) }

// Unwrap is for [http.ResponseController].
func (w *TeeHeaderResponseWriter) Unwrap() http.ResponseWriter { return w.recorded() }

// A teeHeaderObserver is a TeeHeaderResponseWriter that sees a response pass.
type teeHeaderObserver TeeHeaderResponseWriter

// OnHeader keeps the status.
func (o *teeHeaderObserver) OnHeader(status int, _ http.Header) { o.StatusCode = status }

// teeInto returns a recorder in front of w that o observes: front, if w is already
// that.
func teeInto(o record.HeaderObserver, w, front http.ResponseWriter) http.ResponseWriter {
	if front == nil || w != front {
		return record.New(w, o)
	}
	return front
}

// flushTee flushes the recorded writer, or else the tee's own Flusher.
func flushTee(w http.ResponseWriter, f http.Flusher) error {
	err := http.NewResponseController(w).Flush()
	if errors.Is(err, http.ErrNotSupported) && f != nil {
		f.Flush()
		return nil
	}
	return err
}
