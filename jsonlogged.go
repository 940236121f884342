package tigertonic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/linelog"
)

// JSONLogger logs each request and its response as one JSON object. Its fields
// are to be set before serving. It is made by [JSONLogged]; the zero value isn't
// usable.
type JSONLogger struct {
	Logger                            // standard output by default
	RequestIDCreator RequestIDCreator // by default, what Identified gives, or NewRequestID
	handler          http.Handler
	redactor         linelog.Redactor
	secrets          secretKeys
	identifier       *identifiedHandler // in the handler, or nil
}

// JSONLogged returns a handler that logs the requests to h and its responses, on
// standard output by default, each in a line of "@json: " and an object:
//
//	{
//	  "duration": 12,
//	  "http": {
//	    "request": {"body": "…", "headers": {"accept": "…"}, "method": "GET", "url": "/path"},
//	    "response": {"body": "…", "headers": {…}, "reason": "OK", "status": 200},
//	    "version": "1.1"
//	  },
//	  "@message": "GET /path HTTP/1.1\nHTTP/1.1 200 OK",
//	  "@request_id": "…",
//	  "@type": "http"
//	}
//
// There is an "error", too, if something has gone wrong that the response doesn't
// tell, and a "stack" if that is a panic and [Recovered] is in h. The duration is
// in whole milliseconds. The values of a header are joined by "; ".
// What is redacted, cut off and escaped is the same as for [Logged], but that
// lines aren't counted.
func JSONLogged(h http.Handler, redactor Redactor) *JSONLogger {
	return &JSONLogger{
		Logger:     log.New(os.Stdout, "", 0),
		handler:    mustHandler("JSONLogged", h),
		redactor:   linelog.Redactor(redactor),
		identifier: identifierIn(h),
	}
}

type jsonRecord struct {
	Duration  int64     `json:"duration"`
	Error     string    `json:"error,omitempty"`
	HTTP      jsonHTTP  `json:"http"`
	Stack     string    `json:"stack,omitempty"`
	Message   string    `json:"@message"`
	RequestID RequestID `json:"@request_id"`
	Type      string    `json:"@type"`
}

type jsonHTTP struct {
	Request  jsonRequest  `json:"request"`
	Response jsonResponse `json:"response"`
	Version  string       `json:"version"`
}

type jsonRequest struct {
	Body    string            `json:"body"`
	Headers map[string]string `json:"headers"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
}

type jsonResponse struct {
	Body    string            `json:"body"`
	Headers map[string]string `json:"headers"`
	Reason  string            `json:"reason"`
	Status  int               `json:"status"`
}

// ServeHTTP calls the handler and logs the request and the response after it,
// also if the handler panics.
func (l *JSONLogger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	record := jsonRecord{RequestID: createRequestID(l.RequestIDCreator, l.identifier, r), Type: "http"}
	method, version, requestHeader := r.Method, r.Proto, r.Header.Clone()
	secret := l.secrets.of(l.handler, r)
	line := l.redactor.Redact(method + " " + secret.uri(requestURI(r)) + " " + version)
	uri := strings.TrimSuffix(strings.TrimPrefix(line, method+" "), " "+version)
	record.HTTP.Version = strings.TrimPrefix(version, "HTTP/")
	requestBody := linelog.KeepBody(r)
	w, rec, response := linelog.KeepResponse(w, r)
	others := tell(rec, record.RequestID, r)
	defer func() { rec.HasLogger = others }()
	panicked := true
	defer func() {
		status := rec.Outcome(r, panicked)
		record.Duration = time.Since(start).Milliseconds()
		record.HTTP.Request = jsonRequest{
			requestBody.Text(requestHeader, l.redactor), l.headers(requestHeader, secret), method, uri,
		}
		record.HTTP.Response = jsonResponse{
			response.Text(!panicked && !rec.HasFailed(), l.redactor), l.headers(response.Header, keyMask{}), statusText(status), status,
		}
		record.Message = fmt.Sprintf("%s\n%s %d %s", line, version, status, statusText(status))
		if panicked {
			record.Error = "the handler panicked"
		}
		if cause := rec.Report(); cause != "" {
			record.Error = l.redactor.Redact(cause)
			if stack := rec.Stack(); stack != "" {
				record.Stack = l.redactor.Redact(stack)
			}
		}
		l.log(record)
	}()
	l.handler.ServeHTTP(w, r)
	panicked = false
}

// Output logs s as the Logger does, without what the redactor takes out of it.
func (l *JSONLogger) Output(calldepth int, s string) error {
	return l.Logger.Output(calldepth+1, l.redactor.Redact(s))
}

// Print is [JSONLogger.Output] with what [fmt.Sprint] makes.
func (l *JSONLogger) Print(v ...any) { _ = l.Output(2, fmt.Sprint(v...)) }

// Printf is [JSONLogger.Output] with what [fmt.Sprintf] makes.
func (l *JSONLogger) Printf(format string, v ...any) { _ = l.Output(2, fmt.Sprintf(format, v...)) }

// Println is [JSONLogger.Output] with what [fmt.Sprintln] makes.
func (l *JSONLogger) Println(v ...any) { _ = l.Output(2, fmt.Sprintln(v...)) }

// Unwrap returns the handler whose requests are logged.
func (l *JSONLogger) Unwrap() http.Handler { return l.handler }

// String is how [Explain] shows the handler.
func (l *JSONLogger) String() string { return "JSONLogged" }

func (l *JSONLogger) headers(h http.Header, secret keyMask) map[string]string {
	headers := make(map[string]string, len(h))
	for name, values := range h {
		headers[strings.ToLower(name)] = l.redactor.Header(name, secret.header(name, strings.Join(values, "; ")))
	}
	return headers
}

func (l *JSONLogger) log(record jsonRecord) {
	line, ok := l.redactor.Object(record.line())
	if !ok {
		line = record.withheld().line()
	}
	_ = l.Logger.Output(2, line) // there is nowhere to report it
}

// line returns the record as it is logged.
func (record jsonRecord) line() string {
	var b bytes.Buffer
	b.WriteString("@json: ")
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(record) // strings and numbers always encode
	return linelog.EscapeJSON(b.Bytes()[:b.Len()-1])
}

// withheld returns the record with nothing that the request or the response has said
// but its status.
func (record jsonRecord) withheld() jsonRecord {
	record.HTTP.Request = jsonRequest{linelog.NotLogged, map[string]string{}, linelog.NotLogged, linelog.NotLogged}
	record.HTTP.Response.Body, record.HTTP.Response.Headers = linelog.NotLogged, map[string]string{}
	record.Message = linelog.NotLogged
	if record.Error != "" {
		record.Error, record.Stack = linelog.NotLogged, ""
	}
	return record
}
