package tigertonic

import (
	"log/slog"
	"maps"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/record"

	"github.com/rcrowley/go-tigertonic/internal/linelog"
)

// A line is a slog.Record, which holds five attributes without an allocation.
// What three more say, the method, the pattern and the status, is the same for
// many requests. So there is a handler that has them already for each
// combination, made by its WithAttrs, which also formats them only once.

// AccessOptions are the options of [Accessed]. The zero value selects the defaults.
type AccessOptions struct {
	// Logger receives the records. Nil means slog.Default at the time of the request.
	Logger *slog.Logger
	// Attrs, if it isn't nil, returns attributes to append to the record, such as the
	// authenticated user. It is called after the handler, with the innermost copy of the
	// request that handlers of this package have made, so its context has everything they
	// put there, and its body has been read. It must be safe for concurrent use, and
	// mustn't panic.
	Attrs func(r *http.Request) []slog.Attr
}

// An accessLogger logs one line per request.
type accessLogger struct {
	handler http.Handler
	options AccessOptions
	lines   atomic.Pointer[accessLines]
}

// Accessed returns a handler that logs each request to h once it is over, in a
// record "request" with these attributes:
//
//	method      as sent
//	pattern     that it was routed by, "GET /stuff/{id}", or ""
//	status      of the response
//	host        that was asked, as sent, if the request says
//	path        as sent, without the query, escaped; of a long one the beginning
//	bytes       of the body of the response
//	duration    a time.Duration
//	remote      the address of the client, if it is known
//	request_id  if it has one: see Identified
//	aborted     true if the handler has broken off the response
//	error       what has gone wrong, if the response doesn't tell
//	stack       of the panic, if that is it
//
// The level is Error for a status of 500 or more and if there is an error, Warn for an
// aborted response without one, and Info otherwise. If the logger isn't enabled for
// Error, nothing is done at all. Nil options are the defaults.
//
// The status is 101 if the handler has taken over the connection without writing
// one, 500 if it has panicked or was aborted before it wrote one, and 499 if the client
// had gone before it was sent one, whatever the handler has written. A panic is
// passed on. The pattern is found, too, in copies of the request that handlers
// in between have made for a [TrieServeMux], if their ResponseWriters can be
// unwrapped. For what a status is to be in the log that another handler writes,
// such as [Recovered], Accessed belongs outside of that.
//
// The cost of a line depends on the logger's handler. Those of slog make a system call
// per line; a [BufferedJSONHandler] writes many lines per call.
func Accessed(h http.Handler, opts *AccessOptions) http.Handler {
	a := &accessLogger{handler: mustHandler("Accessed", h)}
	if opts != nil {
		a.options = *opts
	}
	return a
}

// ServeHTTP calls the handler and logs the request after it, also if it panics.
func (a *accessLogger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	logger := a.options.Logger
	if logger == nil {
		logger = slog.Default()
	}
	if !logger.Enabled(r.Context(), slog.LevelError) {
		a.handler.ServeHTTP(w, r)
		return
	}
	w, rec := record.Wrap(w, r)
	x := access{
		logger: logger, w: w, r: r, rec: rec, others: rec.HasLogger,
		method: r.Method, host: r.Host, path: sentPath(r), remote: r.RemoteAddr, start: time.Now(), cut: true,
	}
	rec.HasLogger = true
	defer a.end(&x)
	a.handler.ServeHTTP(w, r)
	x.cut = false
}

// Unwrap returns the handler whose requests are logged.
func (a *accessLogger) Unwrap() http.Handler { return a.handler }

// String is how [Explain] shows the handler.
func (a *accessLogger) String() string { return "Accessed" }

// An access is a request that is to be logged.
type access struct {
	logger       *slog.Logger
	w            http.ResponseWriter
	r            *http.Request
	rec          *record.Recorder
	others       bool // will log the cause as well
	method, host string
	path, remote string
	start        time.Time
	cut          bool // the handler hasn't returned
}

// end is what is deferred.
func (a *accessLogger) end(x *access) {
	value := recover()
	if value != nil && !record.IsAbort(value) {
		x.rec.NotePanic(x.w, value, newID)
	}
	a.log(x, x.cut && (value == nil || record.IsAbort(value)))
	x.rec.HasLogger = x.others
	if value != nil {
		panic(value)
	}
}

func (a *accessLogger) log(x *access, aborted bool) {
	duration := time.Since(x.start)
	status, failure := x.rec.Outcome(x.r, x.cut), x.rec.Report()
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
	var few [10]slog.Attr
	attrs := x.appendAttrs(few[:0], duration)
	if aborted {
		attrs = append(attrs, slog.Bool("aborted", true))
	}
	if failure != "" {
		attrs = append(attrs, slog.String("error", failure))
	}
	if stack := x.rec.Stack(); stack != "" {
		attrs = append(attrs, slog.String("stack", stack))
	}
	plain := true // that is, no key needs an escape
	if a.options.Attrs != nil {
		attrs, plain = appendOwn(attrs, a.options.Attrs(x.rec.Request()))
	}
	h, end := a.line(x.logger, lineKind{x.method, x.pattern(), status}), x.start.Add(duration)
	if buffered, ok := h.(*BufferedJSONHandler); ok && buffered.plain && plain {
		// Without a slog.Record, which would be copied twice on its way there.
		if ok, _ := buffered.lines.WriteJSON(end, level, accessMessage, buffered.attrs, attrs); ok {
			return
		}
	}
	line := slog.NewRecord(end, level, accessMessage, 0)
	line.AddAttrs(attrs...)
	_ = h.Handle(ctx, line) // there is nowhere to report it
}

const accessMessage = "request"

// appendOwn appends the user's attributes, and reports whether their keys are plain.
func appendOwn(attrs, own []slog.Attr) (_ []slog.Attr, plain bool) {
	plain = true
	for _, a := range own {
		plain = plain && linelog.IsPlain(a.Key)
	}
	return append(attrs, own...), plain
}

// appendAttrs appends what each line has besides its kind.
func (x *access) appendAttrs(attrs []slog.Attr, duration time.Duration) []slog.Attr {
	attrs = append(attrs,
		slog.String("path", loggedPath(x.path)),
		slog.Int64("bytes", x.rec.Sent()),
		slog.Duration("duration", duration),
	)
	if x.host != "" {
		attrs = append(attrs, slog.String("host", loggedPath(x.host)))
	}
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
	if pattern := x.rec.Pattern(); pattern != "" {
		return pattern
	}
	return x.r.Pattern
}

func (x *access) id() RequestID {
	if x.rec.ID != "" {
		return RequestID(x.rec.ID)
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
func (a *accessLogger) line(logger *slog.Logger, kind lineKind) slog.Handler {
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
func (a *accessLogger) keep(lines *accessLines, logger *slog.Logger, kind lineKind, h slog.Handler) {
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
			return linelog.Escape(path, "")
		}
	}
	return path
}
