package tigertonic

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/rcrowley/go-tigertonic/internal/bind"
	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
	"github.com/rcrowley/go-tigertonic/internal/record"
	"github.com/rcrowley/go-tigertonic/schema"
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
	// Header is set on the response, as that of a [Response] is. A problem with Retry-After is a refusal: it
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

// appendTexts appends what json.Marshal makes of the problem, if all its extensions are
// strings, as codes mostly are, and reports whether it has.
func (p Problem) appendTexts(b []byte) ([]byte, bool) {
	texts := [...]string{p.Type, p.title(), p.Detail}
	valid := utf8.ValidString(texts[0]) && utf8.ValidString(texts[1]) && utf8.ValidString(texts[2])
	for name, value := range p.Extensions {
		text, isText := value.(string)
		valid = valid && isText && utf8.ValidString(name) && utf8.ValidString(text)
	}
	if !valid {
		return b, false
	}
	b = append(b, '{')
	member := func(name, text string) {
		b = append(jsonscan.AppendHTMLSafeString(b, name), ':')
		b = append(jsonscan.AppendHTMLSafeString(b, text), ',')
	}
	for i, name := range [...]string{"type", "title"} {
		if texts[i] != "" {
			member(name, texts[i])
		}
	}
	b = append(strconv.AppendInt(append(b, `"status":`...), int64(p.StatusCode()), 10), ',')
	if p.Detail != "" {
		member("detail", p.Detail)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Extensions)) {
		switch name {
		case "type", "title", "status", "detail":
		default:
			member(name, p.Extensions[name].(string))
		}
	}
	b[len(b)-1] = '}'
	return b, true
}

// A plainProblem is what the client is told of an error that isn't a [Problem].
type plainProblem struct {
	status int
	detail string
	errs   FieldErrors
	found  []bind.Finding // what else is wrong with the request
	id     RequestID
}

// plainProblemOf returns what the client is told of an error.
func plainProblemOf(err error) plainProblem {
	p := plainProblem{status: statusOf(err)}
	if p.status >= http.StatusInternalServerError {
		return p // the text is for the log
	}
	if t, ok := errors.AsType[translated](err); ok {
		p.detail, p.errs = t.detail, t.FieldErrors
	} else if errs, ok := errors.AsType[FieldErrors](err); ok {
		p.detail, p.errs = "the request isn't valid", errs
	} else if invalid, ok := errors.AsType[*bind.Invalid](err); ok {
		if p.detail, p.found = "the request isn't valid", invalid.Findings; invalid.Unreadable {
			p.detail = "the request can't be read"
		}
	} else if equiv, ok := errors.AsType[HTTPEquivError](err); ok {
		p.detail = record.Text(equiv) // what wraps it may not be for clients
	}
	return p
}

// append appends the problem as RFC 9457 has it.
func (p *plainProblem) append(b []byte) []byte {
	b = append(b, '{')
	if title := http.StatusText(p.status); title != "" {
		b = append(jsonscan.AppendHTMLSafeString(append(b, `"title":`...), title), ',')
	}
	b = strconv.AppendInt(append(b, `"status":`...), int64(p.status), 10)
	if p.detail != "" {
		b = jsonscan.AppendHTMLSafeString(append(b, `,"detail":`...), p.detail)
	}
	separator := `,"errors":[`
	for _, e := range p.errs {
		b = e.append(append(b, separator...))
		separator = ","
	}
	for _, f := range p.found {
		e := FieldError(f)
		b = e.append(append(b, separator...))
		separator = ","
	}
	if separator == "," {
		b = append(b, ']')
	}
	if p.id != "" {
		b = jsonscan.AppendHTMLSafeString(append(b, `,"request_id":`...), string(p.id))
	}
	return append(b, '}')
}

// remote is an error of package client that another service has sent. Its content was
// meant for this service, not for its clients.
type remote interface {
	error
	Remote() bool
}

// asProblem returns the problem that err is, or wraps, as a value or a pointer,
// with a status that a response can have.
func asProblem(err error) (p Problem, ok bool) {
	if r, ok := errors.AsType[remote](err); ok && r.Remote() {
		return p, false
	}
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

// ProblemWriter is an [ErrorWriter] that sends problems (RFC 9457) in JSON, whatever
// the client accepts. Set [ResponseErrorWriter] to it, and all handlers send errors as
// [Typed] ones do. The zero value works.
//
// It sends errors with a status under 500 with their text, and [Problem] errors as
// they are. For any other error, the client gets only an ID; the log has the cause.
type ProblemWriter struct{}

// WriteError writes a problem.
func (pw ProblemWriter) WriteError(r *http.Request, w http.ResponseWriter, err error) {
	if r != nil && statusOf(err) >= http.StatusInternalServerError {
		w = identified(w, r)
		err = inTime(r, w, err)
	}
	if r != nil {
		err = localized(r, w, err)
	}
	pw.WriteJSONError(w, err)
}

// WriteJSONError writes a problem.
func (ProblemWriter) WriteJSONError(w http.ResponseWriter, err error) {
	e := codec.NewBuffer()
	defer e.Release()
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
		text, plain := problem.appendTexts(b)
		var failure error
		if !plain {
			var marshaled []byte
			if marshaled, failure = json.Marshal(problem); failure == nil {
				text = append(text, marshaled...)
			}
		}
		if failure == nil {
			if problem.Status >= http.StatusInternalServerError {
				noteProblem(w, err, problem)
			}
			return text, problem.Status
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
	w, rec := record.Wrap(w, r)
	rec.ID = cmp.Or(rec.ID, string(id))
	return w
}

// noteCause is [record.Note].
func noteCause(w http.ResponseWriter, err error) RequestID {
	return RequestID(record.Note(w, err, newID))
}

func newID() string { return string(NewRequestID()) }

// retryAfterHeader says when to try again. It also distinguishes a refusal from a
// failure.
const retryAfterHeader = "Retry-After"

// setProblemHeader sets the headers of err if it is a problem.
func setProblemHeader(w http.ResponseWriter, err error) {
	if p, ok := asProblem(err); ok && p.Header != nil {
		setHeaders(w.Header(), p.Header, "")
	}
}

// noteProblem notes a problem as the cause of the response. It is logged on its own
// unless it is a refusal.
func noteProblem(w http.ResponseWriter, err error, p Problem) {
	if p.isRefusal() {
		record.NoteRefusal(w, err, newID)
		return
	}
	noteCause(w, err)
}

// isRefusal reports whether the problem means that the service can't take the request now,
// rather than that it has failed.
func (p *Problem) isRefusal() bool {
	for name := range p.Header {
		if http.CanonicalHeaderKey(name) == retryAfterHeader {
			return true
		}
	}
	return false
}

// describeHeader adds the problem's headers to the response that describes it.
func (p *Problem) describeHeader(rs *ResponseInfo) {
	for name, values := range p.Header {
		if http.CanonicalHeaderKey(name) == retryAfterHeader {
			rs.describeRetryAfter(values)
			continue
		}
		rs.SetHeader(name, "", &schema.Schema{Types: []string{"string"}})
	}
}

// describeRetryAfter adds the header Retry-After with the type of these values:
// seconds, unless one is a date.
func (rs *ResponseInfo) describeRetryAfter(values []string) {
	for _, value := range values {
		if _, err := strconv.ParseUint(value, 10, 64); err != nil {
			rs.SetHeader(retryAfterHeader, "When to try again.", &schema.Schema{Types: []string{"string"}})
			return
		}
	}
	rs.SetHeader(retryAfterHeader, "After how many seconds to try again.", &schema.Schema{Types: []string{"integer"}, Minimum: "0"})
}

// The schemas of the bodies of errors.

// errorsPackage is where the types of errors are.
const errorsPackage = "github.com/rcrowley/go-tigertonic"

func stringSchema(description string) *schema.Schema {
	return &schema.Schema{Types: []string{"string"}, Description: description}
}

// Each is created once: every operation of a service has some of them.
//
//nolint:gochecknoglobals // what they return never changes
var (
	classicErrorSchema   = sync.OnceValue(newClassicErrorSchema)
	plainProblemSchema   = sync.OnceValue(func() *schema.Schema { return newProblemSchema(false) })
	invalidProblemSchema = sync.OnceValue(func() *schema.Schema { return newProblemSchema(true) })
)

// problemSchema returns the schema of a problem. With invalid, it includes the errors
// of a request that isn't valid.
func problemSchema(invalid bool) *schema.Schema {
	if invalid {
		return invalidProblemSchema()
	}
	return plainProblemSchema()
}

func newClassicErrorSchema() *schema.Schema {
	return &schema.Schema{
		Name: "Error", Origin: schema.Origin{Package: errorsPackage}, Types: []string{"object"}, Closed: true,
		Description: "What has gone wrong.",
		Properties: []schema.Property{
			{Name: "description", Required: true, Schema: stringSchema("What has gone wrong, for people.")},
			{Name: "error", Required: true, Schema: stringSchema("What the error is called.")},
		},
	}
}

func newProblemSchema(invalid bool) *schema.Schema {
	s := &schema.Schema{
		Name: "Problem", Origin: schema.Origin{Package: errorsPackage}, Types: []string{"object"},
		Description: "What has gone wrong (RFC 9457).",
		Properties: []schema.Property{
			{Name: "type", Schema: &schema.Schema{Types: []string{"string"}, Format: "uri-reference", Description: "The kind of the problem, about:blank if it isn't there."}},
			{Name: "title", Schema: stringSchema("The kind of the problem, for people.")},
			{Name: "status", Required: true, Schema: &schema.Schema{Types: []string{"integer"}, Minimum: "200", Maximum: "999", Description: "The status of the response."}},
			{Name: "detail", Schema: stringSchema("This problem, for people.")},
		},
	}
	if !invalid {
		s.Properties = append(s.Properties, schema.Property{Name: "request_id", Schema: stringSchema("What the service logs the cause under.")})
		return s
	}
	s.Name, s.Description = "InvalidRequest", "What is wrong with the request (RFC 9457)."
	s.Properties = append(s.Properties, schema.Property{Name: "errors", Schema: &schema.Schema{
		Types: []string{"array"}, Description: "Everything wrong with the request.", Items: &schema.Schema{
			Name: "FieldError", Origin: schema.Origin{Package: errorsPackage}, Types: []string{"object"}, Closed: true,
			Description: "What is wrong with one place in the request.",
			Properties: []schema.Property{
				{Name: "pointer", Schema: stringSchema("The place in the body (RFC 6901).")},
				{Name: "parameter", Schema: stringSchema("The name of the parameter.")},
				{Name: "in", Schema: &schema.Schema{Types: []string{"string"}, Enum: []json.RawMessage{
					json.RawMessage(`"path"`), json.RawMessage(`"query"`), json.RawMessage(`"header"`), json.RawMessage(`"cookie"`), json.RawMessage(`"form"`), json.RawMessage(`"request"`),
				}, Description: "Where the parameter is."}},
				{Name: "keyword", Schema: stringSchema("The keyword of JSON Schema that isn't met.")},
				{Name: "limit", Schema: &schema.Schema{Description: "What the keyword allows."}},
				{Name: "detail", Required: true, Schema: stringSchema("What is wrong, for people.")},
			},
		},
	}})
	return s
}
