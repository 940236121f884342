package tigertonic

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

const problemType = "application/problem+json"

// Problem is an error in the form of RFC 9457, which [Typed] functions return to
// have it sent as it is, also with a status of 500 and more. The zero value is a
// 500.
type Problem struct {
	Status int
	Type   string // a URI, about:blank if it is ""
	Title  string // the text of the status if it is ""
	Detail string
	// Header is set on the response. A problem with Retry-After is a refusal: it
	// isn't logged as something that has gone wrong.
	Header http.Header
	// Extensions are further members. Those called like a field are left out.
	Extensions map[string]any
}

// Error returns the detail, or the title.
func (p Problem) Error() string { return cmp.Or(p.Detail, p.title()) }

// StatusCode returns the status.
func (p Problem) StatusCode() int { return cmp.Or(p.Status, http.StatusInternalServerError) }

func (p Problem) title() string { return cmp.Or(p.Title, http.StatusText(p.StatusCode())) }

// MarshalJSON returns the problem as RFC 9457 has it, its extensions in the order
// of their names.
func (p Problem) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := jsontext.NewEncoder(&b)
	var errs []error
	member := func(name string, value any) {
		text, err := json.Marshal(value)
		errs = append(errs, err, enc.WriteToken(jsontext.String(name)), enc.WriteValue(text))
	}
	errs = append(errs, enc.WriteToken(jsontext.BeginObject))
	if p.Type != "" {
		member("type", p.Type)
	}
	if title := p.title(); title != "" {
		member("title", title)
	}
	member("status", p.StatusCode())
	if p.Detail != "" {
		member("detail", p.Detail)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Extensions)) {
		switch name {
		case "type", "title", "status", "detail":
		default:
			member(name, p.Extensions[name])
		}
	}
	errs = append(errs, enc.WriteToken(jsontext.EndObject))
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// A plainProblem is what the client is told of an error that isn't a [Problem].
type plainProblem struct {
	status int
	detail string
	errs   FieldErrors
	id     RequestID
}

// plainProblemOf returns what the client is told of an error.
func plainProblemOf(err error) plainProblem {
	p := plainProblem{status: statusOf(err)}
	if p.status >= http.StatusInternalServerError {
		return p // the text is for the log
	}
	if errs, ok := errors.AsType[FieldErrors](err); ok {
		p.detail, p.errs = "the request isn't valid", errs
	} else if errs, ok := errors.AsType[unreadable](err); ok {
		p.detail, p.errs = "the request can't be read", errs.FieldErrors
	} else if equiv, ok := errors.AsType[HTTPEquivError](err); ok {
		p.detail = description(equiv) // what wraps it may not be for clients
	}
	return p
}

// append appends the problem as RFC 9457 has it.
func (p *plainProblem) append(b []byte) []byte {
	b = append(b, '{')
	if title := http.StatusText(p.status); title != "" {
		b = append(appendHTMLSafe(append(b, `"title":`...), title), ',')
	}
	b = strconv.AppendInt(append(b, `"status":`...), int64(p.status), 10)
	if p.detail != "" {
		b = appendHTMLSafe(append(b, `,"detail":`...), p.detail)
	}
	for i, e := range p.errs {
		separator := `,"errors":[`
		if i > 0 {
			separator = ","
		}
		b = e.append(append(b, separator...))
	}
	if len(p.errs) > 0 {
		b = append(b, ']')
	}
	if p.id != "" {
		b = appendHTMLSafe(append(b, `,"request_id":`...), string(p.id))
	}
	return append(b, '}')
}

// asProblem returns the problem that err is, or wraps, as a value or a pointer,
// with a status that a response can have.
func asProblem(err error) (p Problem, ok bool) {
	if p, ok = errors.AsType[Problem](err); !ok {
		pointer, _ := errors.AsType[*Problem](err)
		if pointer == nil {
			return p, false
		}
		p = *pointer
	}
	if p.Status < 200 || p.Status > 999 {
		p.Status = http.StatusInternalServerError
	}
	return p, true
}

// ProblemWriter is an [ErrorWriter] that answers with problems (RFC 9457) in
// JSON, whatever the client accepts. Set [ResponseErrorWriter] to it to have all
// handlers answer as [Typed] ones do. The zero value works.
//
// Errors with a status under 500 are told with their text, and [Problem] errors
// as they are. Of others the client is told no more than an ID, by which it is
// found in the log.
type ProblemWriter struct{}

// WriteError writes a problem.
func (pw ProblemWriter) WriteError(r *http.Request, w http.ResponseWriter, err error) {
	if r != nil && statusOf(err) >= http.StatusInternalServerError {
		w = identified(w, r)
		err = inTime(r, w, err)
	}
	pw.WriteJSONError(w, err)
}

// WriteJSONError writes a problem.
func (ProblemWriter) WriteJSONError(w http.ResponseWriter, err error) {
	e := getEncoder()
	defer putEncoder(e)
	e.Grow(serverCounts / 4)
	text, status := appendProblem(e.AvailableBuffer(), w, err)
	setProblemHeader(w, err)
	writeErrorHeader(w, problemType, Problem{Status: status})
	_, _ = w.Write(append(text, '\n')) // a client that is gone is no error
}

// WritePlaintextError writes a problem in JSON, too.
func (pw ProblemWriter) WritePlaintextError(w http.ResponseWriter, err error) {
	pw.WriteJSONError(w, err)
}

// appendProblem appends what the client is told of an error, and returns its
// status. What it isn't told goes to the log.
func appendProblem(b []byte, w http.ResponseWriter, err error) (text []byte, status int) {
	p := plainProblem{status: http.StatusInternalServerError}
	if problem, ok := asProblem(err); ok {
		text, failure := json.Marshal(problem)
		if failure == nil {
			if problem.Status >= http.StatusInternalServerError {
				noteProblem(w, err, problem)
			}
			return append(b, text...), problem.Status
		}
		err = errors.Join(err, failure)
	} else {
		p = plainProblemOf(err)
	}
	if p.status >= http.StatusInternalServerError {
		p.id = noteCause(w, err)
	}
	return p.append(b), p.status
}

// identified returns w with the request's ID known to it, also where a writer
// that can't be unwrapped is between it and the one that knows.
func identified(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	id := RequestIDFrom(r.Context())
	if id == "" {
		return w
	}
	w, rec := record(w, r)
	rec.id = cmp.Or(rec.id, id)
	return w
}

// noteCause lets the handlers that log the request know what has gone wrong, and
// returns the ID that they log it under. It logs by itself if there is none.
func noteCause(w http.ResponseWriter, err error) (id RequestID) {
	if noted, ok := errors.AsType[*withheld](err); ok {
		return noted.id
	}
	return (&cause{err: err}).note(w)
}

// note notes the cause, and logs it if it hasn't been and nobody else will.
func (c *cause) note(w http.ResponseWriter) (id RequestID) {
	all := recorders(w)
	for _, rec := range all {
		id = cmp.Or(id, rec.id)
	}
	if id == "" {
		id = NewRequestID()
	}
	tells := c.told
	for _, rec := range all {
		rec.cause, rec.id = c, cmp.Or(rec.id, id)
		tells = tells || rec.tells
	}
	if !tells {
		args := []any{"request_id", string(id), "error", causeText(c.err)}
		if stack := c.stack(); stack != "" {
			args = append(args, "stack", stack)
		}
		slog.Error("tigertonic: a request has failed", args...)
		c.told = true
	}
	return id
}
