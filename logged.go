package tigertonic

import (
	"fmt"
	"log"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
)

// maxLoggedLines is how many lines of a body are logged.
const maxLoggedLines = 1000

// Logger is where log lines go. A *[log.Logger] is one. It must be safe for
// concurrent use.
type Logger interface {
	Output(calldepth int, s string) error
	Print(v ...any)
	Printf(format string, v ...any)
	Println(v ...any)
}

// MultilineLogger logs requests and responses in lines as they are on the wire.
// Its fields are to be set before serving. It is made by [Logged]; the zero
// value isn't usable.
type MultilineLogger struct {
	Logger                                         // standard output by default
	RequestIDCreator func(*http.Request) RequestID // by default, what Identified gives, or NewRequestID
	handler          http.Handler
	redactor         Redactor
	identifies       bool
}

// Logged returns a handler that logs the requests to h and its responses, on
// standard output by default. Each line begins with the request's ID, so that
// those of one request can be told from others between them:
//
//	ID > GET /path HTTP/1.1
//	ID > Name: value
//	ID >
//	ID > the body, as far as h has read it
//	ID < HTTP/1.1 200 OK
//	ID < Name: value
//	ID <
//	ID < the body
//	ID < ** error: what has gone wrong, if the response doesn't tell **
//	ID < the stack of a panic, a line each, if a Recovered in h has answered it
//
// The redactor, which may be nil, is called with each text before it is logged.
// Authorization, Proxy-Authorization, Cookie and Set-Cookie are never logged, and
// a body only if it is text or JSON, up to 16 KiB and 1,000 lines. With a redactor, nothing is of
// a body that is longer or wasn't read, or written, to its end. Characters that can't be printed are escaped.
func Logged(h http.Handler, redactor Redactor) *MultilineLogger {
	return &MultilineLogger{
		Logger:     log.New(os.Stdout, "", 0),
		handler:    mustHandler("Logged", h),
		redactor:   redactor,
		identifies: identifies(h),
	}
}

// ServeHTTP calls the handler and logs the request before, and the response
// after, also if the handler panics.
func (l *MultilineLogger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := escape(string(createRequestID(l.RequestIDCreator, l.identifies, r)), "")
	l.start(id+" >", r.Method+" "+requestURI(r)+" "+r.Proto, r.Header)
	requestType := http.Header{"Content-Type": r.Header["Content-Type"], "Content-Encoding": r.Header["Content-Encoding"]}
	requestBody := keepBody(r)
	w, rec, response := keepResponse(w, r)
	defer rec.tell(RequestID(id), r)()
	panicked := true
	defer func() {
		l.body(id+" >", requestBody.text(requestType, l.redactor))
		status := rec.finalStatus(panicked)
		l.start(id+" <", r.Proto+" "+strconv.Itoa(status)+" "+http.StatusText(status), response.header)
		l.body(id+" <", response.body.text("response", !panicked && !rec.failed, response.header, l.redactor))
		if panicked {
			l.line(id+" <", "** the handler panicked **")
		}
		if cause := rec.report(); cause != "" {
			l.line(id+" <", "** error: "+l.redactor.redact(cause)+" **")
			if stack := rec.cause.stack(); stack != "" {
				l.body(id+" <", l.redactor.redact(stack))
			}
		}
	}()
	l.handler.ServeHTTP(w, r)
	panicked = false
}

// Unwrap returns the handler whose requests are logged.
func (l *MultilineLogger) Unwrap() http.Handler { return l.handler }

// String is how [Explain] shows the handler.
func (l *MultilineLogger) String() string { return "Logged" }

// start logs the first line of a request or response, its headers and an empty
// line.
func (l *MultilineLogger) start(prefix, first string, h http.Header) {
	l.line(prefix, l.redactor.redact(first))
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			l.line(prefix, name+": "+l.redactor.header(name, value))
		}
	}
	l.line(prefix, "")
}

func (l *MultilineLogger) body(prefix, text string) {
	if text == "" {
		return
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for _, line := range lines[:min(len(lines), maxLoggedLines)] {
		l.line(prefix, strings.TrimSuffix(line, "\r"))
	}
	if more := len(lines) - maxLoggedLines; more > 0 {
		l.line(prefix, fmt.Sprintf("** %d more lines **", more))
	}
}

func (l *MultilineLogger) line(prefix, text string) {
	if text != "" {
		text = " " + escape(text, "")
	}
	_ = l.Output(2, prefix+text) // there is nowhere to report it
}

// createRequestID returns the ID to log a request under: by create, or the one
// that it has, or the one that it will get if the handler identifies it, or a
// random one.
func createRequestID(create func(*http.Request) RequestID, identifies bool, r *http.Request) RequestID {
	if create != nil {
		return create(r)
	}
	id := RequestIDFrom(r.Context())
	if id == "" && identifies {
		id = sentID(r.Header)
	}
	if id == "" {
		id = NewRequestID()
	}
	return id
}

// tell has a logger's ID known, unless the request has one already, and that it
// will log the cause, until the function that it returns is called.
func (rec *recorder) tell(id RequestID, r *http.Request) (done func()) {
	others := rec.tells
	rec.tells = true
	if RequestIDFrom(r.Context()) == "" {
		rec.id = id
	}
	return func() { rec.tells = others }
}
