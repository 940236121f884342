package tigertonic

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"slices"
)

// A recorder is the library's one wrapper round a ResponseWriter. It knows the
// status and the bytes of the body as they go out on the wire, and lets
// observers see the response pass. However many middlewares are nested, they
// share one.
//
// A recorder alone is a ResponseWriter without any optional interface but
// Unwrap, FlushError and io.StringWriter, none of which claims an ability that
// the wrapped writer may lack. The types at the end of this file add Flush,
// Hijack, Push and ReadFrom where it has them.
type recorder struct {
	http.ResponseWriter
	status   int // 0 until the header is written
	bytes    int64
	head     bool // the request's method is HEAD: no body is on the wire
	dropBody bool // nor does whoever is below keep it off
	hijacked bool
	observer observer
	more     []observer
}

// An observer sees a response pass.
type observer interface {
	// onHeader is called before the header is written, once, and may change it.
	onHeader(status int, h http.Header)
	// onBody is called with what was written of the body. It must not keep p.
	onBody(p []byte)
}

// record returns a recorder for w, and w with it in front. If w has one in
// front already, these are it and w. The request is nil where it isn't known.
func record(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *recorder) {
	switch tee := w.(type) {
	case *TeeResponseWriter:
		w = tee.ResponseWriter
	case *TeeHeaderResponseWriter:
		w = tee.ResponseWriter
	}
	head := r != nil && r.Method == http.MethodHead
	if w, ok := w.(recording); ok {
		rec := w.rec()
		rec.head = rec.head || head
		return w, rec
	}
	return newRecorder(w, head)
}

type recording interface {
	http.ResponseWriter
	rec() *recorder
}

func (rec *recorder) rec() *recorder { return rec }

// observe adds an observer. The one that was added last sees the response
// first, as it is the innermost.
func (rec *recorder) observe(o observer) {
	if rec.observer != nil {
		rec.more = append(rec.more, rec.observer)
	}
	rec.observer = o
}

// withoutBody returns a writer that keeps a response to HEAD free of a body,
// which net/http's server does by itself and others don't.
func withoutBody(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	if r.Context().Value(http.ServerContextKey) != nil {
		return w
	}
	w, rec := record(w, r)
	rec.dropBody = true
	return w
}

// finalStatus returns the status on the wire once the handler is done. Without
// one by then, it has taken over the connection, or has panicked, or has left
// it to be 200.
func (rec *recorder) finalStatus(panicked bool) int {
	switch {
	case rec.status != 0:
		return rec.status
	case rec.hijacked:
		return http.StatusSwitchingProtocols
	case panicked:
		return http.StatusInternalServerError
	}
	return http.StatusOK
}

// Unwrap is for http.ResponseController.
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

func (rec *recorder) WriteHeader(status int) {
	if rec.status != 0 || status < 200 && status != http.StatusSwitchingProtocols {
		rec.ResponseWriter.WriteHeader(status) // superfluous or informational
		return
	}
	rec.notifyHeader(status)
	rec.ResponseWriter.WriteHeader(status)
	rec.status = status
}

// begin notes an implicit 200.
func (rec *recorder) begin() {
	if rec.status == 0 && !rec.hijacked {
		rec.notifyHeader(http.StatusOK)
		rec.status = http.StatusOK
	}
}

func (rec *recorder) Write(p []byte) (int, error) {
	rec.begin()
	if rec.dropBody {
		return len(p), nil
	}
	n, err := rec.ResponseWriter.Write(p)
	rec.wrote(p[:n])
	return n, err
}

func (rec *recorder) WriteString(s string) (int, error) {
	if rec.observer != nil || rec.dropBody {
		return rec.Write([]byte(s))
	}
	rec.begin()
	n, err := io.WriteString(rec.ResponseWriter, s)
	rec.count(int64(n))
	return n, err
}

func (rec *recorder) wrote(p []byte) {
	if rec.head {
		return
	}
	rec.bytes += int64(len(p))
	if rec.observer == nil {
		return
	}
	rec.observer.onBody(p)
	for _, o := range rec.more {
		o.onBody(p)
	}
}

func (rec *recorder) count(n int64) {
	if !rec.head {
		rec.bytes += n
	}
}

func (rec *recorder) notifyHeader(status int) {
	if rec.observer == nil {
		return
	}
	h := rec.Header()
	rec.observer.onHeader(status, h)
	for _, o := range slices.Backward(rec.more) {
		o.onHeader(status, h)
	}
}

// FlushError is what http.ResponseController calls.
func (rec *recorder) FlushError() error {
	if !can[http.Flusher](rec.ResponseWriter) && !can[interface{ FlushError() error }](rec.ResponseWriter) {
		return http.ErrNotSupported
	}
	rec.begin()
	return http.NewResponseController(rec.ResponseWriter).Flush()
}

func (rec *recorder) flush() { _ = rec.FlushError() } // as http.Flusher, which has no error

func (rec *recorder) hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(rec.ResponseWriter).Hijack()
	rec.hijacked = rec.hijacked || err == nil
	return conn, rw, err
}

// readFrom lets the server send a file by itself, unless it is to be seen.
func (rec *recorder) readFrom(src io.Reader) (int64, error) {
	if rec.observer != nil || rec.dropBody {
		return io.Copy(struct{ io.Writer }{rec}, src)
	}
	rec.begin()
	n, err := rec.ResponseWriter.(io.ReaderFrom).ReadFrom(src)
	rec.count(n)
	return n, err
}

// can tells whether w, or what it wraps, is a T, as http.ResponseController
// would find.
func can[T any](w http.ResponseWriter) bool {
	for {
		if _, ok := w.(T); ok {
			return true
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return false
		}
		w = u.Unwrap()
	}
}

// innermost returns the writer at the end of w's Unwrap chain, the server's own.
func innermost(w http.ResponseWriter) http.ResponseWriter {
	for {
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = u.Unwrap()
	}
}

// newRecorder returns a recorder and, in front of it, the type with the
// abilities that w has. ReadFrom counts only if w itself has it: to go past
// somebody's Write would be wrong. HTTP/2 can push and can't hijack.
func newRecorder(w http.ResponseWriter, head bool) (http.ResponseWriter, *recorder) {
	const flush, hijack, readFrom, push = 1, 2, 4, 8
	abilities := 0
	if can[http.Flusher](w) {
		abilities |= flush
	}
	if can[http.Hijacker](w) {
		abilities |= hijack
	}
	if _, ok := w.(io.ReaderFrom); ok {
		abilities |= readFrom
	}
	if _, ok := w.(http.Pusher); ok && abilities == flush {
		abilities |= push
	}
	rec := recorder{ResponseWriter: w, head: head}
	switch abilities {
	case flush:
		w := &recorderF{rec}
		return w, &w.recorder
	case hijack:
		w := &recorderH{rec}
		return w, &w.recorder
	case readFrom:
		w := &recorderR{rec}
		return w, &w.recorder
	case flush | hijack:
		w := &recorderFH{recorderF{rec}}
		return w, &w.recorder
	case flush | readFrom:
		w := &recorderFR{recorderF{rec}}
		return w, &w.recorder
	case hijack | readFrom:
		w := &recorderHR{recorderH{rec}}
		return w, &w.recorder
	case flush | hijack | readFrom:
		w := &recorderFHR{recorderFH{recorderF{rec}}}
		return w, &w.recorder
	case flush | push:
		w := &recorderFP{recorderF{rec}}
		return w, &w.recorder
	}
	plain := rec
	return &plain, &plain
}

type (
	recorderF   struct{ recorder }
	recorderH   struct{ recorder }
	recorderR   struct{ recorder }
	recorderFH  struct{ recorderF }
	recorderFR  struct{ recorderF }
	recorderHR  struct{ recorderH }
	recorderFHR struct{ recorderFH }
	recorderFP  struct{ recorderF }
)

func (w *recorderF) Flush()                                        { w.flush() }
func (w *recorderH) Hijack() (net.Conn, *bufio.ReadWriter, error)  { return w.hijack() }
func (w *recorderFH) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }
func (w *recorderR) ReadFrom(src io.Reader) (int64, error)         { return w.readFrom(src) }
func (w *recorderFR) ReadFrom(src io.Reader) (int64, error)        { return w.readFrom(src) }
func (w *recorderHR) ReadFrom(src io.Reader) (int64, error)        { return w.readFrom(src) }
func (w *recorderFHR) ReadFrom(src io.Reader) (int64, error)       { return w.readFrom(src) }

func (w *recorderFP) Push(target string, opts *http.PushOptions) error {
	return w.ResponseWriter.(http.Pusher).Push(target, opts)
}
