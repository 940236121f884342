package record

import (
	"cmp"
	"net/http"
)

// What is behind a ResponseWriter: the chain of Unwrap, in which there may be several
// Recorders.

// NoteRequest lets those who have made the Recorders in w know that the request
// goes on as r.
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
			if rec.request = r; rec.Router != nil {
				rec.Router.OnRequest(r)
			}
		}
	}
}

// Transparent is embedded in a ResponseWriter with Unwrap, to have a Recorder look
// through it: it can do what the writer can that Unwrap returns, whatever its type
// claims.
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

// Beneath returns the writer behind the Recorders that are in front of w, one behind
// another.
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

// recorders returns the Recorders in w, the innermost last: there are several if
// a wrapper of somebody else's is between them.
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

// Reaches reports whether w is the writer that [Wrap] has returned, or Unwrap leads
// from w to it.
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

// Adopt lets those who have made the Recorders in w know what has gone wrong in a
// response that went out through them, and has a Recorder of its own that Unwrap
// doesn't lead out of.
func Adopt(w http.ResponseWriter, inner *Recorder) {
	for _, rec := range recorders(w) {
		if rec.cause == nil {
			rec.cause = inner.cause
		}
		rec.ID = cmp.Or(rec.ID, inner.ID)
	}
}
