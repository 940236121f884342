package tigertonic

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// PostProcessor shows the responses of a handler to a function. It is made by
// [PostProcessed]; the zero value isn't usable.
type PostProcessor struct {
	handler http.Handler
	f       func(*http.Request, *http.Response)
}

// PostProcessed returns a handler that calls f after h with the request and a
// copy of what was answered, without trailers. It has been written by then, so it
// is only for f to look at. The whole body is kept in memory for it. f isn't
// called if h panics.
func PostProcessed(h http.Handler, f func(*http.Request, *http.Response)) *PostProcessor {
	if f == nil {
		misuse("PostProcessed: the function is nil")
	}
	return &PostProcessor{mustHandler("PostProcessed", h), f}
}

// ServeHTTP calls the handler and then the function.
func (pp *PostProcessor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tee := &TeeResponseWriter{}
	w, rec := record(w, r)
	rec.observe(tee)
	pp.handler.ServeHTTP(w, r)
	status, header := rec.finalStatus(false), tee.header
	if header == nil {
		header = w.Header().Clone()
	}
	pp.f(r, &http.Response{
		Status:        fmt.Sprintf("%d %s", status, http.StatusText(status)),
		StatusCode:    status,
		Proto:         r.Proto,
		ProtoMajor:    r.ProtoMajor,
		ProtoMinor:    r.ProtoMinor,
		Header:        header,
		Body:          io.NopCloser(bytes.NewReader(tee.Body.Bytes())),
		ContentLength: int64(tee.Body.Len()),
		Request:       r,
		TLS:           r.TLS,
	})
}

// Unwrap returns the handler whose responses are shown.
func (pp *PostProcessor) Unwrap() http.Handler { return pp.handler }

// String is how [Explain] shows the handler.
func (pp *PostProcessor) String() string { return "PostProcessed" }

// TeeResponseWriter is a ResponseWriter that keeps what is written to it: the
// status, which is 200 until another is written, and the whole body. It is made
// by [NewTeeResponseWriter].
type TeeResponseWriter struct {
	http.ResponseWriter
	Body       bytes.Buffer
	StatusCode int
	header     http.Header // as it was written, or nil
}

// NewTeeResponseWriter returns a TeeResponseWriter in front of w.
func NewTeeResponseWriter(w http.ResponseWriter) *TeeResponseWriter {
	tee := &TeeResponseWriter{StatusCode: http.StatusOK}
	rec := newRecorder(w)
	rec.rec().observe(tee)
	tee.ResponseWriter = rec
	return tee
}

// Unwrap is for [http.ResponseController].
func (w *TeeResponseWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *TeeResponseWriter) onHeader(status int, h http.Header) {
	w.StatusCode, w.header = status, h.Clone()
}

func (w *TeeResponseWriter) onBody(p []byte) { w.Body.Write(p) }

// TeeHeaderResponseWriter is a ResponseWriter that keeps the status, which is
// 200 until another is written. It is made by [NewTeeHeaderResponseWriter].
type TeeHeaderResponseWriter struct {
	http.ResponseWriter
	StatusCode int
}

// NewTeeHeaderResponseWriter returns a TeeHeaderResponseWriter in front of w.
func NewTeeHeaderResponseWriter(w http.ResponseWriter) *TeeHeaderResponseWriter {
	tee := &TeeHeaderResponseWriter{StatusCode: http.StatusOK}
	rec := newRecorder(w)
	rec.rec().observe(tee)
	tee.ResponseWriter = rec
	return tee
}

// Unwrap is for [http.ResponseController].
func (w *TeeHeaderResponseWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *TeeHeaderResponseWriter) onHeader(status int, _ http.Header) { w.StatusCode = status }
