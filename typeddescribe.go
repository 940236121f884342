package tigertonic

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
)

// Describe adds the endpoint's input, output and errors.
func (e *Endpoint) Describe(op *Operation) {
	op.ID, op.Summary, op.Description, op.Deprecated = e.id, e.summary, e.description, e.deprecated
	op.Tags = append(op.Tags, e.tags...)
	e.out.describe(op)
	e.in.describe(op)
	for _, err := range e.errors {
		if p, ok := asProblem(err); ok {
			op.addProblem(p.Status, p.Error())
			p.describeHeader(op.Response(strconv.Itoa(p.Status)))
			continue
		}
		p := plainProblemOf(err)
		op.addProblem(p.status, cmp.Or(p.detail, http.StatusText(p.status)))
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
	if in.body != nil || len(in.params) > 0 {
		op.addProblem(http.StatusBadRequest, "the request can't be read")
	}
	if in.body != nil || in.validate != nil || slices.ContainsFunc(in.params, func(p param) bool { return !p.takesAnything() }) {
		op.addProblem(http.StatusUnprocessableEntity, "the request isn't valid")
	}
}

// takesAnything tells whether any text will do.
func (p *param) takesAnything() bool {
	return p.in == "path" && p.check.types == stringType && !p.check.looksAtText() && p.schema.Ref == nil && len(p.schema.AnyOf) == 0 && p.plain
}

func (o *output) describe(op *Operation) {
	status := "200"
	if o.enveloped != nil {
		code, _ := o.enveloped.envelope()
		if status = strconv.Itoa(code); code == 0 {
			status = "2XX"
		}
	} else if o.kind == noOutput {
		status = "204"
	}
	rs := op.Response(status)
	if status == "201" || status == "202" {
		rs.SetHeader("Location", "Where it is.", &Schema{Types: []string{"string"}, Format: "uri-reference"})
	}
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
	if o.nilable && o.enveloped == nil {
		op.Response("204")
	}
	op.addProblem(http.StatusNotAcceptable, "the media type isn't accepted")
}
