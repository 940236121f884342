package tigertonic

import (
	"fmt"
	"log"
	"maps"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/linelog"
	"github.com/rcrowley/go-tigertonic/internal/record"
)

const (
	maxLoggedLines  = 1000 // of a body
	handlerPanicked = "** the handler panicked **"
)

// Logger is where log lines go. A *[log.Logger] is one. It must be safe for
// concurrent use.
type Logger interface {
	Output(calldepth int, s string) error
	Print(v ...any)
	Printf(format string, v ...any)
	Println(v ...any)
}

// A Redactor removes secrets from a text before it is logged. It always gets whole texts,
// never fragments, and gets each of them twice. First it gets the text as sent: the first
// line of a request or response, a header as "Name: value" (with all its values for
// [JSONLogged]), or a body. Then it gets the text as logged: a line "ID > Name: value"
// for [Logged], or the line with the whole object for [JSONLogged]. So it can match
// either form, and sees its own replacements. If it panics, nothing of the text is
// logged. It must be safe for concurrent use.
type Redactor func(string) string

// MultilineLogger logs requests and responses in lines as they are on the wire.
// Its fields are to be set before serving. It is made by [Logged]; the zero
// value isn't usable.
type MultilineLogger struct {
	Logger                            // standard output by default
	RequestIDCreator RequestIDCreator // by default, what Identified gives, or NewRequestID
	handler          http.Handler
	redactor         linelog.Redactor
	secrets          secretKeys
	identifier       *identifiedHandler // in the handler, or nil
}

// Logged returns a handler that logs the requests to h and its responses, on standard
// output by default. Each line begins with the request's ID, so that you can tell
// concurrent requests apart:
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
// The redactor, which may be nil, is called with each text and each line before it is
// logged: see [Redactor].
// Authorization, Proxy-Authorization, Cookie and Set-Cookie are never logged, nor is the
// key that an [Authenticated] in h or round it reads from another header or the query, and
// a body only if it is text or JSON, up to 16 KiB and 1,000 lines. With a redactor, nothing is of
// a body that is longer or wasn't read, or written, to its end. Characters that can't be printed are escaped.
func Logged(h http.Handler, redactor Redactor) *MultilineLogger {
	return &MultilineLogger{
		Logger:     log.New(os.Stdout, "", 0),
		handler:    mustHandler("Logged", h),
		redactor:   linelog.Redactor(redactor),
		identifier: identifierIn(h),
	}
}

// ServeHTTP calls the handler and logs the request before, and the response
// after, also if the handler panics.
func (l *MultilineLogger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := linelog.Escape(string(createRequestID(l.RequestIDCreator, l.identifier, r)), "")
	secret := l.secrets.of(l.handler, r)
	l.start(id+" >", r.Method+" "+secret.uri(requestURI(r))+" "+r.Proto, r.Header, secret)
	requestType := http.Header{"Content-Type": r.Header["Content-Type"], "Content-Encoding": r.Header["Content-Encoding"]}
	requestBody := linelog.KeepBody(r)
	w, rec, response := linelog.KeepResponse(w, r)
	others := tell(rec, RequestID(id), r)
	defer func() { rec.HasLogger = others }()
	panicked := true
	defer func() {
		l.body(id+" >", requestBody.Text(requestType, l.redactor))
		status := rec.Outcome(r, panicked)
		l.start(id+" <", r.Proto+" "+strconv.Itoa(status)+" "+statusText(status), response.Header, keyMask{})
		l.body(id+" <", response.Text(!panicked && !rec.HasFailed(), l.redactor))
		if panicked {
			l.write(id+" <", handlerPanicked, handlerPanicked)
		}
		if cause := rec.Report(); cause != "" {
			l.write(id+" <", "** error: "+l.redactor.Redact(cause)+" **", "** error: "+linelog.NotLogged+" **")
			if stack := rec.Stack(); stack != "" {
				l.body(id+" <", l.redactor.Redact(stack))
			}
		}
	}()
	l.handler.ServeHTTP(w, r)
	panicked = false
}

// Output logs s as the Logger does, without what the redactor takes out of it.
func (l *MultilineLogger) Output(calldepth int, s string) error {
	return l.Logger.Output(calldepth+1, l.redactor.Redact(s))
}

// Print is [MultilineLogger.Output] with what [fmt.Sprint] makes.
func (l *MultilineLogger) Print(v ...any) { _ = l.Output(2, fmt.Sprint(v...)) }

// Printf is [MultilineLogger.Output] with what [fmt.Sprintf] makes.
func (l *MultilineLogger) Printf(format string, v ...any) { _ = l.Output(2, fmt.Sprintf(format, v...)) }

// Println is [MultilineLogger.Output] with what [fmt.Sprintln] makes.
func (l *MultilineLogger) Println(v ...any) { _ = l.Output(2, fmt.Sprintln(v...)) }

// Unwrap returns the handler whose requests are logged.
func (l *MultilineLogger) Unwrap() http.Handler { return l.handler }

// String is how [Explain] shows the handler.
func (l *MultilineLogger) String() string { return "Logged" }

// start logs the first line of a request or response, its headers and an empty
// line.
func (l *MultilineLogger) start(prefix, first string, h http.Header, secret keyMask) {
	l.line(prefix, l.redactor.Redact(first))
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			l.line(prefix, name+": "+l.redactor.Header(name, secret.header(name, value)))
		}
	}
	l.line(prefix, "")
}

func (l *MultilineLogger) body(prefix, text string) {
	if text == "" {
		return
	}
	lines := strings.Split(strings.TrimSuffix(l.redactor.Block(prefix, strings.TrimSuffix(text, "\n")), "\n"), "\n")
	for _, line := range lines[:min(len(lines), maxLoggedLines)] {
		l.line(prefix, strings.TrimSuffix(line, "\r"))
	}
	if more := len(lines) - maxLoggedLines; more > 0 {
		l.line(prefix, fmt.Sprintf("** %d more lines **", more))
	}
}

func (l *MultilineLogger) line(prefix, text string) { l.write(prefix, text, linelog.NotLogged) }

// write logs a line, or another text in it if the redactor panics.
func (l *MultilineLogger) write(prefix, text, withheld string) {
	_ = l.Logger.Output(2, l.redactor.Line(prefix, text, withheld)) // there is nowhere to report it
}

// createRequestID returns the ID to log a request under: by create, or the one
// that it has, or the one that it will get if the handler identifies it, or a
// random one.
func createRequestID(create RequestIDCreator, identifier *identifiedHandler, r *http.Request) RequestID {
	if create != nil {
		return create(r)
	}
	id := RequestIDFrom(r.Context())
	if id != "" {
		return id
	}
	if identifier == nil {
		return NewRequestID()
	}
	if id := identifier.sentID(r); id != "" {
		return id
	}
	return identifier.newID(r)
}

// tell makes a logger's ID known, unless the request has one already, and that it will
// log the cause. It returns what HasLogger was; the logger restores that when done.
func tell(rec *record.Recorder, id RequestID, r *http.Request) (others bool) {
	others, rec.HasLogger = rec.HasLogger, true
	if RequestIDFrom(r.Context()) == "" {
		rec.ID = string(id)
	}
	return others
}

// requestURI returns the request's target as it was sent, without any user name and
// password.
func requestURI(r *http.Request) string {
	if r.RequestURI == "" {
		return r.URL.RequestURI()
	}
	scheme, left, absolute := strings.Cut(r.RequestURI, "://")
	if !absolute || strings.HasPrefix(scheme, "/") {
		return r.RequestURI
	}
	authority := len(left)
	if i := strings.IndexAny(left, "/?#"); i >= 0 {
		authority = i
	}
	return scheme + "://" + left[strings.LastIndexByte(left[:authority], '@')+1:]
}

// SecretKeys are the headers and parameters that an [Authenticated] round or in a handler
// reads credentials from. They aren't logged, whatever their names. The tree is walked
// once, on the first request. The zero value is usable.
type secretKeys struct {
	once  sync.Once
	inner []credentialSource
}

// A keyMask is the secret keys of a request.
type keyMask struct{ inner, outer []credentialSource }

// of returns the secret keys of a request to h.
func (s *secretKeys) of(h http.Handler, r *http.Request) keyMask {
	s.once.Do(func() {
		for _, rt := range Routes(h) {
			for _, wrapper := range rt.Wrappers {
				if ah, ok := wrapper.(*authHandler); ok {
					s.inner = appendKeys(s.inner, ah.sources)
				}
			}
		}
	})
	mask := keyMask{inner: s.inner}
	for a, _ := r.Context().Value(authKey{}).(*authentication); a != nil; a, _ = a.Context.Value(authKey{}).(*authentication) {
		mask.outer = appendKeys(mask.outer, a.by.beside)
	}
	return mask
}

// appendKeys appends the sources that aren't there yet and whose names don't already
// mark them as secret.
func appendKeys(to, sources []credentialSource) []credentialSource {
	for _, s := range sources {
		if (s.in == "header" || s.in == "query") && !slices.Contains(to, s) {
			to = append(to, s)
		}
	}
	return to
}

func (m keyMask) has(in, name string) bool {
	s := credentialSource{in, name}
	return slices.Contains(m.inner, s) || slices.Contains(m.outer, s)
}

// isEmpty reports whether nothing is masked, which is the usual case.
func (m keyMask) isEmpty() bool { return len(m.inner) == 0 && len(m.outer) == 0 }

// header returns what may be logged of a header's value.
func (m keyMask) header(name, value string) string {
	switch name = textproto.CanonicalMIMEHeaderKey(name); {
	case m.isEmpty():
		return value
	case m.has("header", name):
		return linelog.Redacted
	case name == "Referer":
		return m.uri(value)
	}
	return value
}

// uri returns what may be logged of a request's target, or of another URI.
func (m keyMask) uri(uri string) string {
	at := strings.IndexByte(uri, '?')
	if m.isEmpty() || at < 0 {
		return uri
	}
	pairs := strings.Split(uri[at+1:], "&")
	for i, pair := range pairs {
		key, _, ok := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(key)
		if ok && err == nil && m.has("query", name) {
			pairs[i] = key + "=" + linelog.Redacted
		}
	}
	return uri[:at+1] + strings.Join(pairs, "&")
}

// ApacheLogger logs each request in Apache's combined log format. Its field is
// to be set before serving. It is made by [ApacheLogged]; the zero value isn't
// usable.
type ApacheLogger struct {
	Logger  // standard output by default
	handler http.Handler
	secrets secretKeys
}

// ApacheLogged returns a handler that logs the requests to h in Apache's combined log
// format, on standard output by default, once they have ended:
//
//	127.0.0.1 - user [02/Jan/2006:15:04:05 -0700] "GET /path HTTP/1.1" 200 12 "referer" "user agent"
//
// The user is the one that the request claims. Quotes, backslashes and unprintable
// characters are escaped.
func ApacheLogged(h http.Handler) *ApacheLogger {
	return &ApacheLogger{Logger: log.New(os.Stdout, "", 0), handler: mustHandler("ApacheLogged", h)}
}

// ServeHTTP calls the handler and logs the request, also if the handler panics.
func (l *ApacheLogger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	user, _, _ := r.BasicAuth()
	secret := l.secrets.of(l.handler, r)
	host, line := remoteHost(r), r.Method+" "+secret.uri(requestURI(r))+" "+r.Proto
	referer, agent := secret.uri(r.Referer()), r.UserAgent()
	w, rec := record.Wrap(w, r)
	panicked := true
	defer func() {
		size := "-"
		if rec.Sent() > 0 {
			size = strconv.FormatInt(rec.Sent(), 10)
		}
		_ = l.Output(2, strings.Join([]string{ // there is nowhere to report an error
			apacheField(host, " "),
			"-",
			apacheField(user, " "),
			start.Format("[02/Jan/2006:15:04:05 -0700]"),
			`"` + apacheField(line, "") + `"`,
			strconv.Itoa(rec.Outcome(r, panicked)),
			size,
			`"` + apacheField(referer, "") + `"`,
			`"` + apacheField(agent, "") + `"`,
		}, " "))
	}()
	l.handler.ServeHTTP(w, r)
	panicked = false
}

// Unwrap returns the handler whose requests are logged.
func (l *ApacheLogger) Unwrap() http.Handler { return l.handler }

// String is how [Explain] shows the handler.
func (l *ApacheLogger) String() string { return "ApacheLogged" }

// apacheField returns text as a field of a log line, which is - if it is empty,
// with special characters escaped besides quotes and backslashes.
func apacheField(text, special string) string {
	if text == "" {
		return "-"
	}
	return linelog.Escape(text, special+"\t\\\"")
}

func remoteHost(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
