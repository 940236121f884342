package client

import "net/http"

// Fields are a header as it was, if it has few fields with a value each. Most handlers don't
// change the header once they have written the status, so that it needn't be copied before: it
// is compared, and becomes that of the response.
type fields struct {
	n      int
	names  [mostFields]string
	values [mostFields]string
}

const mostFields = 4

// take copies a header, or reports that it has too much.
func (f *fields) take(h http.Header) bool {
	if len(h) > mostFields {
		return false
	}
	f.n = 0
	for name, values := range h {
		if len(values) != 1 {
			return false
		}
		f.names[f.n], f.values[f.n] = name, values[0]
		f.n++
	}
	return true
}

// header returns the header that was taken, and is h now: h itself if it is still the same, with
// values that nobody else has.
func (f *fields) header(h http.Header) http.Header {
	if !f.is(h) {
		h = make(http.Header, f.n)
	}
	for i, name := range f.names[:f.n] {
		h[name] = f.values[i : i+1 : i+1]
	}
	return h
}

func (f *fields) is(h http.Header) bool {
	if len(h) != f.n {
		return false
	}
	for i, name := range f.names[:f.n] {
		if values := h[name]; len(values) != 1 || values[0] != f.values[i] {
			return false
		}
	}
	return true
}
