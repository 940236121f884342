package tigertonic

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// What the handlers of this package say of themselves.

// Describe adds the endpoint's input, output and errors.
func (e *Endpoint) Describe(op *Operation) {
	op.ID, op.Summary, op.Description, op.Deprecated = e.id, e.summary, e.description, e.deprecated
	op.Tags = append(op.Tags, e.tags...)
	e.out.describe(op)
	e.in.describe(op)
	for _, err := range e.errors {
		p := problemOf(err)
		op.addProblem(p.Status, p.Error())
	}
	op.addProblem(http.StatusInternalServerError, "the service has failed")
}

func (in *input) describe(op *Operation) {
	for i := range in.params {
		p := &in.params[i]
		schema := *p.schema
		parameter := Parameter{
			Name: p.name, In: p.in, Description: schema.Description, Required: p.required, Schema: &schema,
		}
		if p.in == "header" {
			parameter.Name = p.canonical
		}
		schema.Description = ""
		op.Parameters = append(op.Parameters, parameter)
	}
	if in.body != nil {
		op.Body = &RequestBody{
			Description: in.body.description,
			Required:    in.body.required,
			Content:     map[string]MediaType{in.body.mediaType: {Schema: in.body.schema}},
		}
		op.addProblem(http.StatusRequestEntityTooLarge, "the body is too long")
		op.addProblem(http.StatusUnsupportedMediaType, "the body is not "+in.body.mediaType)
	}
	if in.body != nil || in.queries || len(in.params) > 0 || in.validate != nil {
		op.addProblem(http.StatusBadRequest, "the request can't be read")
		op.addProblem(http.StatusUnprocessableEntity, "the request isn't valid")
	}
}

func (o *output) describe(op *Operation) {
	status := "200"
	if o.enveloped != nil {
		code, _, _ := o.enveloped.envelope()
		if status = strconv.Itoa(code); code == 0 {
			status = "2XX"
		}
	} else if o.kind == noOutput {
		status = "204"
	}
	rs := op.Response(status)
	switch o.kind {
	case noOutput:
		return
	case streamOutput:
		rs.Add("*/*", MediaType{})
		op.addProblem(http.StatusNotAcceptable, "the media type isn't accepted")
		return
	case sequenceOutput:
		rs.Add(jsonType, MediaType{Schema: &Schema{Types: []string{"array"}, Items: o.schema}, Items: o.schema})
		for _, mediaType := range sequenceTypes[1:] {
			rs.Add(mediaType, MediaType{Schema: &Schema{Types: []string{"string"}}, Items: o.schema})
		}
	default:
		rs.Add(jsonType, MediaType{Schema: o.schema})
	}
	if status == "201" || status == "202" {
		rs.SetHeader("Location", "Where it is.", &Schema{Types: []string{"string"}, Format: "uri-reference"})
	}
	if o.nilable && o.enveloped == nil {
		op.Response("204")
	}
	op.addProblem(http.StatusNotAcceptable, "the media type isn't accepted")
}

// Describe adds what the function takes and returns. Its status is known only
// when it is called.
func (m *Marshaler) Describe(op *Operation) {
	c := schemaCompiler{classic: true}
	rs := op.Response("2XX")
	if out := m.function.Type().Out(2); m.streams {
		rs.Add("*/*", MediaType{})
	} else {
		rs.Add(jsonType, MediaType{Schema: c.schema(out)})
	}
	if m.request != nil && !m.empty {
		op.Body = &RequestBody{Required: true, Content: map[string]MediaType{jsonType: {Schema: c.schema(m.request)}}}
		op.AddError(http.StatusBadRequest, "the body can't be decoded")
		op.AddError(http.StatusRequestEntityTooLarge, "the body is too long")
		op.AddError(http.StatusUnsupportedMediaType, "the body is not "+jsonType)
	}
	op.AddError(http.StatusNotAcceptable, "the media type isn't accepted")
	op.Response("default").addErrorContent()
}

// Describe adds that requests are authenticated.
func (ba *basicAuth) Describe(op *Operation) {
	op.Security = append(op.Security, SecurityScheme{
		Name: "basic", Scheme: "basic", Description: fmt.Sprintf("A user and a password for %q.", ba.realm),
	})
	op.AddError(http.StatusUnauthorized, "the user or the password isn't right")
	op.Response("401").SetHeader("WWW-Authenticate", "How to authenticate.", &Schema{Types: []string{"string"}})
}

// Describe adds that the condition may answer with an error of any kind.
func (c *condition) Describe(op *Operation) {
	op.Response("default").addErrorContent()
}

// Describe adds the headers that browsers look at.
func (c *CORSHandler) Describe(op *Operation) {
	for _, rs := range op.Responses {
		rs.SetHeader(CORSAllowOrigin, "The origin of the request if it may read the response.", &Schema{Types: []string{"string"}})
	}
}

// Describe adds Cache-Control to the responses.
func (c *CachedHandler) Describe(op *Operation) {
	for status, rs := range op.Responses {
		if value := c.cacheControl; strings.HasPrefix(status, "2") && value != "" {
			rs.SetHeader("Cache-Control", "How long the response may be kept: "+value+" unless the handler knows better.", &Schema{Types: []string{"string"}})
		}
	}
}

// Describe adds that there is a limit to the body.
func (s *Sizer) Describe(op *Operation) {
	if op.Body != nil {
		op.AddError(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is longer than %d bytes", s.limit))
	}
}

// Describe adds what the handler responds with.
func (v Version) Describe(op *Operation) {
	op.Summary = "The version that is running"
	op.Response("200").Add("text/plain", MediaType{Schema: &Schema{Types: []string{"string"}}})
}

var _ = []Describer{
	&Endpoint{}, &Marshaler{}, &basicAuth{}, &condition{}, &CORSHandler{}, &CachedHandler{}, &Sizer{}, Version(""), &DescribedHandler{},
}

