package tigertonic

import (
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// ApacheLogger logs each request in Apache's combined log format. Its field is
// to be set before serving. It is made by [ApacheLogged]; the zero value isn't
// usable.
type ApacheLogger struct {
	Logger  // standard output by default
	handler http.Handler
}

// ApacheLogged returns a handler that logs the requests to h in Apache's combined
// log format, on standard output by default, once they are answered:
//
//	127.0.0.1 - user [02/Jan/2006:15:04:05 -0700] "GET /path HTTP/1.1" 200 12 "referer" "user agent"
//
// The user is the one that the request claims to be. Quotes, backslashes and
// characters that can't be printed are escaped.
func ApacheLogged(h http.Handler) *ApacheLogger {
	return &ApacheLogger{log.New(os.Stdout, "", 0), mustHandler("ApacheLogged", h)}
}

// ServeHTTP calls the handler and logs the request, also if the handler panics.
func (l *ApacheLogger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	user, _, _ := r.BasicAuth()
	host, line := remoteHost(r), r.Method+" "+requestURI(r)+" "+r.Proto
	referer, agent := r.Referer(), r.UserAgent()
	w, rec := record(w, r)
	panicked := true
	defer func() {
		size := "-"
		if rec.bytes > 0 {
			size = strconv.FormatInt(rec.bytes, 10)
		}
		_ = l.Output(2, strings.Join([]string{ // there is nowhere to report an error
			apacheField(host, " "),
			"-",
			apacheField(user, " "),
			start.Format("[02/Jan/2006:15:04:05 -0700]"),
			`"` + apacheField(line, "") + `"`,
			strconv.Itoa(rec.finalStatus(panicked)),
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
	return escape(text, special+"\t\\\"")
}

func remoteHost(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
