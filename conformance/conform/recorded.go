package conform

import (
	"bytes"
	"net/http"
)

// Recorded returns a handler that calls h and checks each of its responses. It
// belongs round the mux, where [http.Request.Pattern] is to be seen after the
// call: a handler between them that makes a request of its own hides it, and the
// path is taken instead. What isn't checked: a response that is cut off (an
// [http.ErrAbortHandler]), a connection that is taken over, a preflight, and the 404
// or 405 of a request for which there is no handler. End the server before the
// test ends.
func (c *Checker) Recorded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		rec := &recorder{ResponseWriter: w}
		h.ServeHTTP(rec, r)
		if rec.status == 0 {
			rec.WriteHeader(http.StatusOK)
		}
		nowhere := !c.has(r.Pattern) && (rec.status == http.StatusNotFound || rec.status == http.StatusMethodNotAllowed)
		if rec.status == http.StatusSwitchingProtocols || isPreflight(r) || nowhere {
			return
		}
		header := rec.header
		if len(header["Content-Type"]) == 0 && rec.body.Len() > 0 {
			header.Set("Content-Type", http.DetectContentType(rec.body.Bytes())) // as the server does
		}
		pattern := r.Pattern
		if !c.has(pattern) { // it can be of a part of the way
			pattern = path
		}
		c.Response(r.Method, pattern, rec.status, header, rec.body.Bytes())
	})
}

func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

// A recorder keeps what is written.
type recorder struct {
	http.ResponseWriter
	status int
	header http.Header
	body   bytes.Buffer
}

func (rec *recorder) WriteHeader(status int) {
	if rec.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		rec.status, rec.header = status, rec.Header().Clone()
	}
	rec.ResponseWriter.WriteHeader(status)
}

func (rec *recorder) Write(p []byte) (int, error) {
	if rec.status == 0 {
		rec.WriteHeader(http.StatusOK)
	}
	rec.body.Write(p)
	return rec.ResponseWriter.Write(p)
}

// Flush is for handlers that look for it.
func (rec *recorder) Flush() {
	if rec.status == 0 {
		rec.WriteHeader(http.StatusOK)
	}
	_ = http.NewResponseController(rec.ResponseWriter).Flush() // it can't be told
}

// Unwrap returns the writer that what is written goes to.
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }
