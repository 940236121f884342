package tigertonic

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/internal/typeschema"
	"github.com/rcrowley/go-tigertonic/schema"
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
// 3.1. The zero value describes nothing.
type Operation struct {
	// Method is that of the requests, such as "GET", or "" where it isn't known. Package
	// openapi sets it before it asks the Describers, and ignores changes.
	Method string

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
	// Scopes are the scopes that a request needs and that no scheme in Security has yet:
	// an [Authenticated] round the handler adds them to its schemes.
	Scopes []string

	strictable bool // a StrictQuery round the handler applies to it
}

// Parameter is a part of the request other than the body.
type Parameter struct {
	Name        string
	In          string // "path", "query", "header" or "cookie"
	Description string
	Required    bool
	Deprecated  bool
	// Style is "" for the usual one of the place, or "deepObject" for an object of the query
	// whose members are parameters each, filter[status].
	Style string
	// Joined says that a list in the query is one value, with commas (explode: false).
	Joined bool
	// AllowEmpty says that a value of the query may be empty.
	AllowEmpty bool
	Schema     *schema.Schema
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
	Links       map[string]Link      // by name
}

// Link leads from a response to an operation that a client may call next.
type Link struct {
	OperationID string
	Description string
	// Parameters are the values of the operation's parameters, and Body is that of its
	// body: each a constant, or an expression such as $response.body#/id (OpenAPI 3.1,
	// §4.8.20.4).
	Parameters map[string]string
	Body       string
}

// HeaderInfo is a header of a response.
type HeaderInfo struct {
	Description string
	Schema      *schema.Schema
	Required    bool // it is in each of these responses
}

// MediaType is what a body of a media type holds.
type MediaType struct {
	Schema *schema.Schema // of the body, or nil if it isn't known
	Items  *schema.Schema // of each item of a stream, or nil if it isn't one
	// Events are the schemas of the data of server-sent events by their names, if they are of
	// several types. Items is then that of all.
	Events map[string]*schema.Schema
	// Examples are the examples by name.
	Examples map[string]Example
	// Encoding is how the fields of a form are written, by name, where it isn't as their
	// schemas say.
	Encoding map[string]Encoding
}

// Encoding is how a field of a form is written.
type Encoding struct {
	// ContentType is the media type of a part, or several with commas between them.
	ContentType string
	// Style is how a list is written, such as "form", and Explode says that each of its
	// values is a field.
	Style   string
	Explode bool
}

// Example is an example of a body.
type Example struct {
	Summary, Description string
	Value                json.RawMessage // in JSON, whatever the media type
}

// SecurityScheme is a way to authenticate requests. Set the fields of one of these:
//   - a scheme of HTTP's Authorization header: Scheme, with BearerFormat for a bearer;
//   - a key somewhere else: In and Key;
//   - OAuth 2.0: Flows;
//   - OpenID Connect: OpenIDConnectURL;
//   - a certificate of the client: MutualTLS.
//
// A scheme without any of these, as one of several alternatives, allows requests
// without a credential.
type SecurityScheme struct {
	Name         string
	Scheme       string // "basic", "bearer", or another that IANA has registered
	Description  string
	In           string // "header", "query" or "cookie"
	Key          string // the name of the header, parameter or cookie
	BearerFormat string // such as "JWT"

	Flows            []OAuthFlow
	OpenIDConnectURL string
	MutualTLS        bool

	Scopes []string         // that the operation needs
	Or     []SecurityScheme // alternatives, each of which is enough; they have none themselves
}

// OAuthFlow is a way to get a token of OAuth 2.0 (RFC 6749 §4).
type OAuthFlow struct {
	Grant            string // "authorizationCode", "clientCredentials", "implicit" or "password"
	AuthorizationURL string // of authorizationCode and implicit
	TokenURL         string // of all but implicit
	RefreshURL       string
	Scopes           map[string]string // what each of them allows
}

// Response returns the response with this status, such as [http.StatusNotFound], after
// adding it if it isn't there. Its description is that of the status.
func (op *Operation) Response(status int) *ResponseInfo {
	return op.ResponseRange(strconv.Itoa(status))
}

// ResponseRange is [Operation.Response] for responses that have no single status: "4XX" for
// those of a class that aren't listed, "default" for all others (OpenAPI 3.1, §4.8.16).
func (op *Operation) ResponseRange(statuses string) *ResponseInfo {
	if op.Responses == nil {
		op.Responses = map[string]*ResponseInfo{}
	}
	rs := op.Responses[statuses]
	if rs == nil {
		rs = &ResponseInfo{Description: describeStatus(statuses)}
		op.Responses[statuses] = rs
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

// AddLink adds a link to the response.
func (rs *ResponseInfo) AddLink(name string, link Link) {
	if rs.Links == nil {
		rs.Links = map[string]Link{}
	}
	rs.Links[name] = link
}

// SetHeader adds a header to the response.
func (rs *ResponseInfo) SetHeader(name, description string, schema *schema.Schema) {
	if rs.Headers == nil {
		rs.Headers = map[string]HeaderInfo{}
	}
	rs.Headers[http.CanonicalHeaderKey(name)] = HeaderInfo{Description: description, Schema: schema}
}

// AddError adds a response that [ResponseErrorWriter] writes. Its body is
// described if that is the one that the package begins with, or a
// [ProblemWriter].
func (op *Operation) AddError(status int, description string) {
	rs := op.Response(status)
	rs.describe(description)
	rs.addErrorContent()
}

// addErrorContent adds what ResponseErrorWriter writes.
func (rs *ResponseInfo) addErrorContent() {
	switch ResponseErrorWriter.(type) {
	case ProblemWriter, *ProblemWriter:
		rs.Add(problemType, MediaType{Schema: problemSchema(false)})
	case defaultErrorWriter:
		rs.Add(httpfield.JSON, MediaType{Schema: classicErrorSchema()})
		rs.Add("text/plain", MediaType{Schema: &schema.Schema{Types: []string{"string"}}})
	}
}

// addProblem adds a response that is a problem, whatever ResponseErrorWriter is.
func (op *Operation) addProblem(status int, description string) {
	rs := op.Response(status)
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
func Described(h http.Handler, describe func(op *Operation)) http.Handler {
	if describe == nil {
		callsite.Panicf("Described: the function is nil")
	}
	return &describedHandler{mustHandler("Described", h), describe}
}

// A describedHandler is a handler with a description.
type describedHandler struct {
	handler  http.Handler
	describe func(op *Operation)
}

// ServeHTTP calls the handler.
func (d *describedHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.handler.ServeHTTP(w, r)
}

// Unwrap returns the handler that is described.
func (d *describedHandler) Unwrap() http.Handler { return d.handler }

// Describe calls the function.
func (d *describedHandler) Describe(op *Operation) { d.describe(op) }

// String is how [Explain] shows the handler.
func (d *describedHandler) String() string { return "Described" }

// SchemaOf returns the schema of T's JSON as [Typed] functions take and return
// it. It panics if T has none, or has tags that are wrong.
func SchemaOf[T any]() *schema.Schema {
	c := typeschema.Compiler{Refused: refused}
	s := c.Schema(reflect.TypeFor[T]())
	if err := c.Finish(); err != nil {
		callsite.Panicf("SchemaOf: %v", err)
	}
	return s
}

// refused returns why values of a type that a function may name aren't JSON, or "".
func refused(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[http.Request]():
		return "it has no JSON: for the request itself, register an http.HandlerFunc"
	case reflect.TypeFor[File]():
		return `it has no JSON: it is a field of a form, form:"name", or the body as a whole, body:""`
	case reflect.TypeFor[Stream]():
		return "it is the whole of what a function returns, and not by a pointer"
	}
	if t.Kind() == reflect.Struct && reflect.PointerTo(t).Implements(reflect.TypeFor[anyEvent]()) {
		return "it has no JSON: it is an item of a stream that a function returns"
	}
	return ""
}
