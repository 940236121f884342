package record

import (
	"cmp"
	"net/http"
)

// What is behind a ResponseWriter: the chain of Unwrap, in which there may be several
// Recorders.

// NoteRequest tells the Recorders in w that the request goes on as r.
func NoteRequest(w http.ResponseWriter, r *http.Request) {
	if u, ok := w.(unwrapper); ok { // apart from the rest, to cost nothing where there is none
		noteRequestIn(u, r)
	}
}

type unwrapper interface{ Unwrap() http.ResponseWriter }

func noteRequestIn(u unwrapper, r *http.Request) {
	for ok := true; ok; u, ok = u.Unwrap().(unwrapper) {
		if front, ok := u.(recording); ok {
			rec := front.rec()
			if rec.request = r; rec.OnRequest != nil {
				rec.OnRequest(r)
			}
		}
	}
}

// Transparent is embedded in a ResponseWriter with Unwrap to make Recorders look through
// it: it has the abilities of the writer that Unwrap returns, whatever its type claims.
type Transparent struct{}

func (Transparent) transparent() {}

type transparent interface{ transparent() }

// lookThrough returns what is behind w if that is transparent, else w.
func lookThrough(w http.ResponseWriter) http.ResponseWriter {
	if _, ok := w.(transparent); ok {
		return w.(unwrapper).Unwrap()
	}
	return w
}

// Beneath returns the writer behind the Recorders at the front of w.
func Beneath(w http.ResponseWriter) http.ResponseWriter {
	for {
		front, ok := lookThrough(w).(recording)
		if !ok {
			return w
		}
		w = front.rec().ResponseWriter
	}
}

// canFlush reports whether http.ResponseController can flush w.
func canFlush(w http.ResponseWriter) bool {
	for {
		switch u := lookThrough(w).(type) {
		case recording: // each has the method FlushError
			w = u.rec().ResponseWriter
		case http.Flusher, interface{ FlushError() error }:
			return true
		case unwrapper:
			w = u.Unwrap()
		default:
			return false
		}
	}
}

// Innermost returns the writer at the end of w's Unwrap chain, the server's own.
func Innermost(w http.ResponseWriter) http.ResponseWriter {
	for {
		u, ok := w.(unwrapper)
		if !ok {
			return w
		}
		w = u.Unwrap()
	}
}

// recorders returns the Recorders in w, the innermost last. There are several if a
// foreign wrapper is between them.
func recorders(w http.ResponseWriter) (all []*Recorder) {
	for {
		if r, ok := w.(recording); ok {
			all = append(all, r.rec())
		}
		u, ok := w.(unwrapper)
		if !ok {
			return all
		}
		w = u.Unwrap()
	}
}

// Reaches reports whether w is a writer from [Wrap], or Unwrap leads from w to it.
func Reaches(w, front http.ResponseWriter) bool {
	to := front.(recording).rec()
	for {
		if r, ok := w.(recording); ok && r.rec() == to {
			return true
		}
		u, ok := w.(unwrapper)
		if !ok {
			return false
		}
		w = u.Unwrap()
	}
}

// Adopt passes the cause of a response on to the Recorders in w. It is for a response
// that went out through them from a writer with its own Recorder and without Unwrap.
func Adopt(w http.ResponseWriter, inner *Recorder) {
	for _, rec := range recorders(w) {
		if rec.cause == nil {
			rec.cause = inner.cause
		}
		rec.ID = cmp.Or(rec.ID, inner.ID)
	}
}
