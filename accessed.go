package tigertonic

import (
	"log/slog"
	"maps"
	"net/http"
	"sync/atomic"
	"time"
)

// A line is a slog.Record, which holds five attributes without an allocation.
// What three more say, the method, the pattern and the status, is the same for
// many requests. So there is a handler that has them already for each
// combination, made by its WithAttrs, which also formats them only once.

// AccessLogger logs each request in a line. It is made by [Accessed]; the zero
// value isn't usable.
type AccessLogger struct {
	handler http.Handler
	logger  *slog.Logger // nil stands for slog.Default
	lines   atomic.Pointer[accessLines]
}

// Accessed returns a handler that logs each request to h once it is over, in a
// record "request" with these attributes:
//
//	method      as sent
//	pattern     that it was routed by, "GET /stuff/{id}", or ""
//	status      of the response
//	path        as sent, without the query, escaped; of a long one the beginning
//	bytes       of the body of the response
//	duration    a time.Duration
//	remote      the address of the client, if it is known
//	request_id  if it has one: see Identified
//	aborted     true if the handler has broken off the response
//	error       what has gone wrong, if the response doesn't tell
//	stack       of the panic, if that is it
//
// The level is Error for a status from 500 on and if there is an error, Warn for
// what was aborted without, and Info for all else. Nothing at all is done for a
// logger that isn't enabled for Error. A nil logger is [slog.Default] as it is at
// the time of the request.
//
// The status is 101 if the handler has taken over the connection without writing
// one, and 500 if it has panicked or was aborted before it wrote one. A panic is
// passed on. The pattern is found, too, in copies of the request that handlers
// in between have made for a [TrieServeMux], if their ResponseWriters can be
// unwrapped. For what a status is to be in the log that another handler writes,
// such as [Recovered], Accessed belongs outside of that.
//
// How cheap a line is depends on the logger's handler. Those of slog write each by
// a system call; a [BufferedJSONHandler] writes many at a time.
func Accessed(h http.Handler, logger *slog.Logger) *AccessLogger {
	return &AccessLogger{handler: mustHandler("Accessed", h), logger: logger}
}

// ServeHTTP calls the handler and logs the request after it, also if it panics.
func (a *AccessLogger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	logger := a.logger
	if logger == nil {
		logger = slog.Default()
	}
	if !logger.Enabled(r.Context(), slog.LevelError) {
		a.handler.ServeHTTP(w, r)
		return
	}
	w, rec := record(w, r)
	x := access{
		logger: logger, w: w, r: r, rec: rec, others: rec.tells,
		method: r.Method, path: sentPath(r), remote: r.RemoteAddr, start: time.Now(), cut: true,
	}
	rec.tells = true
	defer a.end(&x)
	a.handler.ServeHTTP(w, r)
	x.cut = false
}

// Unwrap returns the handler whose requests are logged.
func (a *AccessLogger) Unwrap() http.Handler { return a.handler }

// String is how [Explain] shows the handler.
func (a *AccessLogger) String() string { return "Accessed" }

// An access is a request that is to be logged.
type access struct {
	logger               *slog.Logger
	w                    http.ResponseWriter
	r                    *http.Request
	rec                  *recorder
	others               bool // will log the cause as well
	method, path, remote string
	start                time.Time
	cut                  bool // the handler hasn't returned
}

// end is what is deferred.
func (a *AccessLogger) end(x *access) {
	value := recover()
	if value != nil && !isAbort(value) {
		notePanic(x.w, x.rec, value)
	}
	a.log(x, x.cut && (value == nil || isAbort(value)))
	x.rec.tells = x.others
	if value != nil {
		panic(value)
	}
}

func (a *AccessLogger) log(x *access, aborted bool) {
	duration := time.Since(x.start)
	status, failure := x.rec.finalStatus(x.cut), x.rec.report()
	level := slog.LevelInfo
	switch {
	case status >= http.StatusInternalServerError || failure != "":
		level = slog.LevelError
	case aborted:
		level = slog.LevelWarn
	}
	ctx := x.r.Context()
	if !x.logger.Enabled(ctx, level) {
		return
	}
	var few [8]slog.Attr
	attrs := x.appendAttrs(few[:0], duration)
	if aborted {
		attrs = append(attrs, slog.Bool("aborted", true))
	}
	if failure != "" {
		attrs = append(attrs, slog.String("error", failure))
	}
	if stack := x.rec.cause.stack(); stack != "" {
		attrs = append(attrs, slog.String("stack", stack))
	}
	h, end := a.line(x.logger, lineKind{x.method, x.pattern(), status}), x.start.Add(duration)
	if buffered, ok := h.(*BufferedJSONHandler); ok {
		// Without a slog.Record, which would be copied twice on its way there.
		if ok, _ := buffered.writePlain(end, level, accessMessage, attrs); ok {
			return
		}
	}
	line := slog.NewRecord(end, level, accessMessage, 0)
	line.AddAttrs(attrs...)
	_ = h.Handle(ctx, line) // there is nowhere to report it
}

const accessMessage = "request"

// appendAttrs appends what each line has besides its kind.
func (x *access) appendAttrs(attrs []slog.Attr, duration time.Duration) []slog.Attr {
	attrs = append(attrs,
		slog.String("path", loggedPath(x.path)),
		slog.Int64("bytes", x.rec.bytes),
		slog.Duration("duration", duration),
	)
	if x.remote != "" {
		attrs = append(attrs, slog.String("remote", x.remote))
	}
	if id := x.id(); id != "" {
		attrs = append(attrs, slog.String("request_id", string(id)))
	}
	return attrs
}

// pattern returns the one that the request was routed by, which may be that of a
// copy.
func (x *access) pattern() string {
	if x.rec.request.Pattern != "" {
		return x.rec.request.Pattern
	}
	return x.r.Pattern
}

func (x *access) id() RequestID {
	if x.rec.id != "" {
		return x.rec.id
	}
	return RequestIDFrom(x.r.Context())
}

// A lineKind is what the lines of many requests have in common.
type lineKind struct {
	method, pattern string
	status          int
}

// maxLineKinds is for how many kinds of lines there are handlers. A service with
// more formats the rest anew.
const maxLineKinds = 1024

// accessLines are handlers of a logger by the kind of their lines.
type accessLines struct {
	logger   *slog.Logger
	handlers map[lineKind]slog.Handler // never written to
}

// line returns the handler for a kind of lines.
func (a *AccessLogger) line(logger *slog.Logger, kind lineKind) slog.Handler {
	lines := a.lines.Load()
	if lines != nil && lines.logger == logger {
		if h, ok := lines.handlers[kind]; ok {
			return h
		}
	}
	h := logger.Handler().WithAttrs([]slog.Attr{
		slog.String("method", kind.method), slog.String("pattern", kind.pattern), slog.Int("status", kind.status),
	})
	switch kind.method { // of which clients can make up any number
	case http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPatch, http.MethodPost, http.MethodPut:
		a.keep(lines, logger, kind, h)
	}
	return h
}

// keep adds a handler to the lines that there are, unless another request does,
// or there are enough.
func (a *AccessLogger) keep(lines *accessLines, logger *slog.Logger, kind lineKind, h slog.Handler) {
	more := map[lineKind]slog.Handler{kind: h}
	if lines != nil && lines.logger == logger {
		if len(lines.handlers) >= maxLineKinds {
			return
		}
		maps.Copy(more, lines.handlers)
	}
	a.lines.CompareAndSwap(lines, &accessLines{logger, more})
}

// maxLoggedPath is how many bytes of a path are logged.
const maxLoggedPath = 2 << 10

// loggedPath returns a path as it is logged.
func loggedPath(path string) string {
	if len(path) > maxLoggedPath {
		path = path[:maxLoggedPath] + "..."
	}
	for i := range len(path) {
		if path[i] < ' ' || path[i] >= 0x7f {
			return escape(path, "")
		}
	}
	return path
}
