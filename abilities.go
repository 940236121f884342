package tigertonic

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// The abilities of a ResponseWriter beyond that interface: F to Flush, H to
// Hijack, R to ReadFrom, P to Push. A recorder has those that the writer behind
// it has, and what it has a caller can see by a type assertion. Hence a type for
// each combination.

const flush, hijack, readFrom, push = 1, 2, 4, 8

// abilities returns what w can do. What it wraps counts for flush and hijack, as
// for http.ResponseController, but not for readFrom and push: to go past
// somebody's Write would be wrong.
func abilities(w http.ResponseWriter) (all int) {
	if _, ok := w.(io.ReaderFrom); ok {
		all |= readFrom
	}
	if _, ok := w.(http.Pusher); ok {
		all |= push
	}
	for {
		if _, ok := w.(http.Flusher); ok {
			all |= flush
		}
		if _, ok := w.(http.Hijacker); ok {
			all |= hijack
		}
		u, ok := w.(unwrapper)
		if !ok || all&(flush|hijack) == flush|hijack {
			return all
		}
		w = u.Unwrap()
	}
}

// newRecorder returns a recorder with the abilities of w.
func newRecorder(w http.ResponseWriter) recording {
	switch abilities(w) {
	case flush:
		return &recorderF{recorder{ResponseWriter: w}}
	case hijack:
		return &recorderH{recorder{ResponseWriter: w}}
	case flush | hijack:
		return &recorderFH{recorderF{recorder{ResponseWriter: w}}}
	case readFrom:
		return &recorderR{recorder{ResponseWriter: w}}
	case flush | readFrom:
		return &recorderFR{recorderF{recorder{ResponseWriter: w}}}
	case hijack | readFrom:
		return &recorderHR{recorderH{recorder{ResponseWriter: w}}}
	case flush | hijack | readFrom:
		return &recorderFHR{recorderFH{recorderF{recorder{ResponseWriter: w}}}}
	case push:
		return &recorderP{recorder{ResponseWriter: w}}
	case flush | push:
		return &recorderFP{recorderF{recorder{ResponseWriter: w}}}
	case hijack | push:
		return &recorderHP{recorderH{recorder{ResponseWriter: w}}}
	case flush | hijack | push:
		return &recorderFHP{recorderFH{recorderF{recorder{ResponseWriter: w}}}}
	case readFrom | push:
		return &recorderRP{recorderR{recorder{ResponseWriter: w}}}
	case flush | readFrom | push:
		return &recorderFRP{recorderFR{recorderF{recorder{ResponseWriter: w}}}}
	case hijack | readFrom | push:
		return &recorderHRP{recorderHR{recorderH{recorder{ResponseWriter: w}}}}
	case flush | hijack | readFrom | push:
		return &recorderFHRP{recorderFHR{recorderFH{recorderF{recorder{ResponseWriter: w}}}}}
	}
	return &recorder{ResponseWriter: w}
}

type (
	recorderF    struct{ recorder }
	recorderH    struct{ recorder }
	recorderFH   struct{ recorderF }
	recorderR    struct{ recorder }
	recorderFR   struct{ recorderF }
	recorderHR   struct{ recorderH }
	recorderFHR  struct{ recorderFH }
	recorderP    struct{ recorder }
	recorderFP   struct{ recorderF }
	recorderHP   struct{ recorderH }
	recorderFHP  struct{ recorderFH }
	recorderRP   struct{ recorderR }
	recorderFRP  struct{ recorderFR }
	recorderHRP  struct{ recorderHR }
	recorderFHRP struct{ recorderFHR }
)

func (w *recorderF) Flush()                                        { w.flush() }
func (w *recorderH) Hijack() (net.Conn, *bufio.ReadWriter, error)  { return w.hijack() }
func (w *recorderFH) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }
func (w *recorderR) ReadFrom(src io.Reader) (int64, error)         { return w.readFrom(src) }
func (w *recorderFR) ReadFrom(src io.Reader) (int64, error)        { return w.readFrom(src) }
func (w *recorderHR) ReadFrom(src io.Reader) (int64, error)        { return w.readFrom(src) }
func (w *recorderFHR) ReadFrom(src io.Reader) (int64, error)       { return w.readFrom(src) }
func (w *recorderP) Push(t string, o *http.PushOptions) error      { return w.push(t, o) }
func (w *recorderFP) Push(t string, o *http.PushOptions) error     { return w.push(t, o) }
func (w *recorderHP) Push(t string, o *http.PushOptions) error     { return w.push(t, o) }
func (w *recorderFHP) Push(t string, o *http.PushOptions) error    { return w.push(t, o) }
func (w *recorderRP) Push(t string, o *http.PushOptions) error     { return w.push(t, o) }
func (w *recorderFRP) Push(t string, o *http.PushOptions) error    { return w.push(t, o) }
func (w *recorderHRP) Push(t string, o *http.PushOptions) error    { return w.push(t, o) }
func (w *recorderFHRP) Push(t string, o *http.PushOptions) error   { return w.push(t, o) }
