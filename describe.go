package tigertonic

import (
	"net/http"
	"strconv"
	"strings"
)

// A Describer is a handler that adds facts about itself to the description of
// the operation that it serves. The handlers and wrappers of this package are
// some, and yours can be. It is asked by package openapi: first the handler at
// the end of the way to the operation, then the wrappers from the innermost to
// the outermost. What Describe puts into the operation may be shared with others
// of its calls, but for schemas it isn't changed.
type Describer interface {
	Describe(op *Operation)
}

// Operation is what is known of a method of a path, in the words of OpenAPI
// 3.1. The zero value is one of which nothing is known.
type Operation struct {
	ID          string
	Summary     string
	Description string
	Tags        []string
	Deprecated  bool
	Hidden      bool // left out of the document
	Parameters  []Parameter
	Body        *RequestBody
	// Responses are by status: "200", "2XX" for those of a class that aren't
	// listed, or "default" for all others.
	Responses map[string]*ResponseInfo
	Security  []SecurityScheme // all of which are required
}

// Parameter is a part of the request other than the body.
type Parameter struct {
	Name        string
	In          string // "path", "query", "header" or "cookie"
	Description string
	Required    bool
	Deprecated  bool
	Schema      *Schema
}

// RequestBody is the body of a request.
type RequestBody struct {
	Description string
	Required    bool
	Content     map[string]MediaType // by media type
}

// ResponseInfo is a response.
type ResponseInfo struct {
	Description string
	Headers     map[string]HeaderInfo
	Content     map[string]MediaType // by media type
}

// HeaderInfo is a header of a response.
type HeaderInfo struct {
	Description string
	Schema      *Schema
}

// MediaType is what a body of a media type holds.
type MediaType struct {
	Schema *Schema // of the body, or nil if it isn't known
	Items  *Schema // of each item of a stream, or nil if it isn't one
}

// SecurityScheme is a way in which requests are authenticated.
type SecurityScheme struct {
	Name        string
	Scheme      string // of HTTP's Authorization header: "basic", "bearer"
	Description string
}

// Response returns the response with this status, "200", "2XX" or "default",
// after adding it if it isn't there. Its description is that of the status.
func (op *Operation) Response(status string) *ResponseInfo {
	if op.Responses == nil {
		op.Responses = map[string]*ResponseInfo{}
	}
	rs := op.Responses[status]
	if rs == nil {
		rs = &ResponseInfo{Description: describeStatus(status)}
		op.Responses[status] = rs
	}
	return rs
}

func describeStatus(status string) string {
	if code, err := strconv.Atoi(status); err == nil && http.StatusText(code) != "" {
		return http.StatusText(code)
	}
	switch status {
	case "2XX":
		return "Success"
	case "3XX":
		return "Redirection"
	case "4XX":
		return "The request can't be served as it is"
	case "5XX":
		return "The service has failed"
	}
	return "Any other response"
}

// Add adds a media type to the response.
func (rs *ResponseInfo) Add(mediaType string, content MediaType) {
	if rs.Content == nil {
		rs.Content = map[string]MediaType{}
	}
	rs.Content[mediaType] = content
}

// SetHeader adds a header to the response.
func (rs *ResponseInfo) SetHeader(name, description string, schema *Schema) {
	if rs.Headers == nil {
		rs.Headers = map[string]HeaderInfo{}
	}
	rs.Headers[http.CanonicalHeaderKey(name)] = HeaderInfo{description, schema}
}

// AddError adds a response that [ResponseErrorWriter] writes. Its body is
// described if that is the one that the package begins with, or a
// [ProblemWriter].
func (op *Operation) AddError(status int, description string) {
	rs := op.Response(strconv.Itoa(status))
	rs.describe(description)
	rs.addErrorContent()
}

// addErrorContent adds what ResponseErrorWriter writes.
func (rs *ResponseInfo) addErrorContent() {
	switch ResponseErrorWriter.(type) {
	case ProblemWriter, *ProblemWriter:
		rs.Add(problemType, MediaType{Schema: problemSchema(false)})
	case defaultErrorWriter:
		rs.Add(jsonType, MediaType{Schema: classicErrorSchema()})
		rs.Add("text/plain", MediaType{Schema: &Schema{Types: []string{"string"}}})
	}
}

// addProblem adds a response that is a problem, whatever ResponseErrorWriter is.
func (op *Operation) addProblem(status int, description string) {
	rs := op.Response(strconv.Itoa(status))
	rs.describe(description)
	invalid := status == http.StatusBadRequest || status == http.StatusUnprocessableEntity
	rs.Add(problemType, MediaType{Schema: problemSchema(invalid)})
}

// describe adds to a response's description, unless that has it already.
func (rs *ResponseInfo) describe(text string) {
	switch {
	case text == "" || strings.Contains(rs.Description, text):
	case isStatusText(rs.Description):
		rs.Description = text
	default:
		rs.Description += "; or " + text
	}
}

func isStatusText(text string) bool {
	for code := 100; code < 600; code++ {
		if text == http.StatusText(code) {
			return true
		}
	}
	return text == ""
}

// Described returns a handler that describes h, whatever it is, by a function
// that adds to the description or changes it. It panics if one of the two is nil.
func Described(h http.Handler, describe func(op *Operation)) *DescribedHandler {
	if describe == nil {
		misuse("Described: the function is nil")
	}
	return &DescribedHandler{mustHandler("Described", h), describe}
}

// DescribedHandler is a handler with a description. It is made by [Described];
// the zero value isn't usable.
type DescribedHandler struct {
	handler  http.Handler
	describe func(op *Operation)
}

// ServeHTTP calls the handler.
func (d *DescribedHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.handler.ServeHTTP(w, r)
}

// Unwrap returns the handler that is described.
func (d *DescribedHandler) Unwrap() http.Handler { return d.handler }

// Describe calls the function.
func (d *DescribedHandler) Describe(op *Operation) { d.describe(op) }

// String is how [Explain] shows the handler.
func (d *DescribedHandler) String() string { return "Described" }
