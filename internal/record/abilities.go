package record

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// The abilities of a ResponseWriter beyond that interface: F to Flush, H to Hijack, R to
// ReadFrom, C to CloseNotify. A Recorder has the abilities of the writer behind it, and
// callers find them by type assertion. Hence a type for each combination.
//
// http.Pusher is left out, because it would double the number of types and browsers no
// longer support HTTP/2 push. A handler finds it behind the Recorder by Unwrap.

const flush, hijack, readFrom, closeNotify = 1, 2, 4, 8

// abilities returns what w can do. The writers that it wraps count for flush and hijack,
// as in http.ResponseController, and for closeNotify, which is about the connection, but
// not for readFrom, which would bypass somebody's Write.
func abilities(w http.ResponseWriter) (all int) {
	if _, ok := w.(io.ReaderFrom); ok {
		all |= readFrom
	}
	for {
		u, wraps := w.(unwrapper)
		if wraps {
			if _, ok := w.(transparent); ok {
				w = u.Unwrap()
				continue
			}
		}
		if _, ok := w.(http.Flusher); ok {
			all |= flush
		}
		if _, ok := w.(http.Hijacker); ok {
			all |= hijack
		}
		if _, ok := w.(closeNotifier); ok {
			all |= closeNotify
		}
		if !wraps || all&(flush|hijack|closeNotify) == flush|hijack|closeNotify {
			return all
		}
		w = u.Unwrap()
	}
}

// newRecorder returns a Recorder with the abilities of w.
func newRecorder(w http.ResponseWriter) recording {
	all := abilities(w)
	if all&closeNotify != 0 {
		return newRecorderC(w, all)
	}
	switch all {
	case flush:
		return &recorderF{Recorder{ResponseWriter: w}}
	case hijack:
		return &recorderH{Recorder{ResponseWriter: w}}
	case flush | hijack:
		return &recorderFH{recorderF{Recorder{ResponseWriter: w}}}
	case readFrom:
		return &recorderR{Recorder{ResponseWriter: w}}
	case flush | readFrom:
		return &recorderFR{recorderF{Recorder{ResponseWriter: w}}}
	case hijack | readFrom:
		return &recorderHR{recorderH{Recorder{ResponseWriter: w}}}
	case flush | hijack | readFrom:
		return &recorderFHR{recorderFH{recorderF{Recorder{ResponseWriter: w}}}}
	}
	return &Recorder{ResponseWriter: w}
}

// newRecorderC returns one that can CloseNotify, besides.
func newRecorderC(w http.ResponseWriter, all int) recording {
	switch all {
	case flush | closeNotify:
		return &recorderFC{recorderF{Recorder{ResponseWriter: w}}}
	case hijack | closeNotify:
		return &recorderHC{recorderH{Recorder{ResponseWriter: w}}}
	case flush | hijack | closeNotify:
		return &recorderFHC{recorderFH{recorderF{Recorder{ResponseWriter: w}}}}
	case readFrom | closeNotify:
		return &recorderRC{recorderR{Recorder{ResponseWriter: w}}}
	case flush | readFrom | closeNotify:
		return &recorderFRC{recorderFR{recorderF{Recorder{ResponseWriter: w}}}}
	case hijack | readFrom | closeNotify:
		return &recorderHRC{recorderHR{recorderH{Recorder{ResponseWriter: w}}}}
	case flush | hijack | readFrom | closeNotify:
		return &recorderFHRC{recorderFHR{recorderFH{recorderF{Recorder{ResponseWriter: w}}}}}
	}
	return &recorderC{Recorder{ResponseWriter: w}}
}

type (
	recorderF   struct{ Recorder }
	recorderH   struct{ Recorder }
	recorderFH  struct{ recorderF }
	recorderR   struct{ Recorder }
	recorderFR  struct{ recorderF }
	recorderHR  struct{ recorderH }
	recorderFHR struct{ recorderFH }

	recorderC    struct{ Recorder }
	recorderFC   struct{ recorderF }
	recorderHC   struct{ recorderH }
	recorderFHC  struct{ recorderFH }
	recorderRC   struct{ recorderR }
	recorderFRC  struct{ recorderFR }
	recorderHRC  struct{ recorderHR }
	recorderFHRC struct{ recorderFHR }
)

func (w *recorderF) Flush()                                        { w.flush() }
func (w *recorderH) Hijack() (net.Conn, *bufio.ReadWriter, error)  { return w.hijack() }
func (w *recorderFH) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }
func (w *recorderR) ReadFrom(src io.Reader) (int64, error)         { return w.readFrom(src) }
func (w *recorderFR) ReadFrom(src io.Reader) (int64, error)        { return w.readFrom(src) }
func (w *recorderHR) ReadFrom(src io.Reader) (int64, error)        { return w.readFrom(src) }
func (w *recorderFHR) ReadFrom(src io.Reader) (int64, error)       { return w.readFrom(src) }

func (w *recorderC) CloseNotify() <-chan bool    { return w.closeNotify() }
func (w *recorderFC) CloseNotify() <-chan bool   { return w.closeNotify() }
func (w *recorderHC) CloseNotify() <-chan bool   { return w.closeNotify() }
func (w *recorderFHC) CloseNotify() <-chan bool  { return w.closeNotify() }
func (w *recorderRC) CloseNotify() <-chan bool   { return w.closeNotify() }
func (w *recorderFRC) CloseNotify() <-chan bool  { return w.closeNotify() }
func (w *recorderHRC) CloseNotify() <-chan bool  { return w.closeNotify() }
func (w *recorderFHRC) CloseNotify() <-chan bool { return w.closeNotify() }
