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
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// JSONLogger logs each request and its response as one JSON object. Its fields
// are to be set before serving. It is made by [JSONLogged]; the zero value isn't
// usable.
type JSONLogger struct {
	Logger                                         // standard output by default
	RequestIDCreator func(*http.Request) RequestID // by default, what Identified gives, or NewRequestID
	handler          http.Handler
	redactor         Redactor
	identifies       bool
}

// JSONLogged returns a handler that logs the requests to h and its responses, on
// standard output by default, each in a line of "@json: " and an object:
//
//	{
//	  "duration": 1.234,
//	  "http": {
//	    "request": {"body": "…", "headers": {"accept": "…"}, "method": "GET", "url": "/path"},
//	    "response": {"body": "…", "headers": {…}, "reason": "OK", "status": 200},
//	    "version": "1.1"
//	  },
//	  "@message": "GET /path HTTP/1.1 200 OK",
//	  "@request_id": "…",
//	  "@type": "http"
//	}
//
// There is an "error", too, if something has gone wrong that the response doesn't
// tell, and a "stack" if that is a panic and [Recovered] is in h. The duration is
// in milliseconds. The values of a header are joined by "; ".
// What is redacted, cut off and escaped is the same as for [Logged], but that
// lines aren't counted.
func JSONLogged(h http.Handler, redactor Redactor) *JSONLogger {
	return &JSONLogger{
		Logger:     log.New(os.Stdout, "", 0),
		handler:    mustHandler("JSONLogged", h),
		redactor:   redactor,
		identifies: identifies(h),
	}
}

type jsonRecord struct {
	Duration  float64   `json:"duration"`
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
	record := jsonRecord{RequestID: createRequestID(l.RequestIDCreator, l.identifies, r), Type: "http"}
	method, version, requestHeader := r.Method, r.Proto, r.Header.Clone()
	line := l.redactor.redact(method + " " + requestURI(r) + " " + version)
	uri := strings.TrimSuffix(strings.TrimPrefix(line, method+" "), " "+version)
	record.HTTP.Version = strings.TrimPrefix(version, "HTTP/")
	requestBody := keepBody(r)
	w, rec, response := keepResponse(w, r)
	defer rec.tell(record.RequestID, r)()
	panicked := true
	defer func() {
		status := rec.finalStatus(panicked)
		record.Duration = float64(time.Since(start).Microseconds()) / 1000
		record.HTTP.Request = jsonRequest{
			requestBody.text(requestHeader, l.redactor), l.headers(requestHeader), method, uri,
		}
		record.HTTP.Response = jsonResponse{
			response.body.text("response", !panicked && !rec.failed, response.header, l.redactor), l.headers(response.header), http.StatusText(status), status,
		}
		record.Message = strings.TrimSpace(fmt.Sprintf("%s %d %s", line, status, http.StatusText(status)))
		if panicked {
			record.Message += ", and the handler panicked"
		}
		if cause := rec.report(); cause != "" {
			record.Error = l.redactor.redact(cause)
			if stack := rec.cause.stack(); stack != "" {
				record.Stack = l.redactor.redact(stack)
			}
		}
		l.log(record)
	}()
	l.handler.ServeHTTP(w, r)
	panicked = false
}

// Unwrap returns the handler whose requests are logged.
func (l *JSONLogger) Unwrap() http.Handler { return l.handler }

// String is how [Explain] shows the handler.
func (l *JSONLogger) String() string { return "JSONLogged" }

func (l *JSONLogger) headers(h http.Header) map[string]string {
	headers := make(map[string]string, len(h))
	for name, values := range h {
		headers[strings.ToLower(name)] = l.redactor.header(name, strings.Join(values, "; "))
	}
	return headers
}

func (l *JSONLogger) log(record jsonRecord) {
	var b bytes.Buffer
	b.WriteString("@json: ")
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(record)                               // strings and numbers always encode
	_ = l.Output(2, escapeJSON(b.Bytes()[:b.Len()-1])) // there is nowhere to report it
}

// escapeJSON escapes the characters within a JSON text that can't be printed but
// needn't be escaped in JSON.
func escapeJSON(text []byte) string {
	if !bytes.ContainsFunc(text, func(c rune) bool { return c >= 0x7f && !unicode.IsPrint(c) }) {
		return string(text)
	}
	var b strings.Builder
	b.Grow(len(text) + len(text)/4)
	for len(text) > 0 {
		c, size := utf8.DecodeRune(text)
		switch {
		case c < 0x7f || unicode.IsPrint(c):
			b.Write(text[:size])
		case c > 0xffff:
			high, low := utf16.EncodeRune(c)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, c)
		}
		text = text[size:]
	}
	return b.String()
}
