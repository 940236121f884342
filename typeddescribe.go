package tigertonic

import (
	"cmp"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/rcrowley/go-tigertonic/internal/answers"
	"github.com/rcrowley/go-tigertonic/internal/bind"
	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/form"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/schema"
)

// Describe adds the endpoint's input, output and errors.
func (e *Endpoint) Describe(op *Operation) {
	op.ID, op.Summary, op.Description, op.Deprecated = e.id, e.summary, e.description, e.deprecated
	op.Tags = append(op.Tags, e.tags...)
	e.out.describe(op)
	describeInput(e.in, op)
	e.out.describeConditions(op)
	if op.Body != nil {
		addExamples(op.Body.Content, e.inExamples)
	}
	for status, examples := range e.outExamples {
		addExamples(op.Responses[status].Content, examples)
	}
	for _, err := range e.errors {
		if p, ok := asProblem(err); ok {
			op.addProblem(p.Status, p.Error())
			p.describeHeader(op.Response(p.Status))
			continue
		}
		p := plainProblemOf(err)
		op.addProblem(p.status, cmp.Or(p.detail, http.StatusText(p.status)))
	}
	op.addProblem(http.StatusInternalServerError, "the service has failed")
}

// withExample returns the examples with one more, whose JSON encode returns.
func withExample(examples map[string]Example, method, name string, encode func() ([]byte, error)) map[string]Example {
	if _, ok := examples[name]; ok || name == "" {
		callsite.Panicf("%s: the name %q is missing or there twice", method, name)
	}
	text, err := encode()
	if err != nil {
		callsite.Panicf("%s: %q: %v", method, name, err)
	}
	examples = maps.Clone(examples)
	if examples == nil {
		examples = map[string]Example{}
	}
	examples[name] = Example{Value: text}
	return examples
}

// mustBeOf panics if an example isn't of a type, or a pointer to one.
func mustBeOf(method, name string, body any, typ reflect.Type) {
	if t := reflect.TypeOf(body); t == nil || jsontype.Indirect(t) != jsontype.Indirect(typ) {
		callsite.Panicf("%s: %q is a %T, but the body is a %v", method, name, body, typ)
	}
}

// formExample returns the fields of a form as an object (OpenAPI 3.1.1 §4.8.14.4).
func formExample(in *bind.Plan, body any) ([]byte, error) {
	value := reflect.New(in.Type())
	if given := reflect.ValueOf(body); given.Kind() != reflect.Pointer {
		value.Elem().Set(given)
	} else if !given.IsNil() {
		value = given
	}
	w, err := newInputWriter(in)
	if err != nil {
		return nil, err
	}
	f := in.Body().Form
	members := map[string]any{}
	for i := range f.Fields {
		texts, err := w.textsOf(w.fields+i, value.Elem(), nil)
		if err != nil {
			return nil, err
		}
		if p := &f.Fields[i]; p.Many && texts != nil {
			members[p.Name] = exampleTexts(p, texts)
		} else if texts != nil {
			members[p.Name] = exampleTexts(p, texts)[0]
		}
	}
	if f.File != nil {
		files, err := exampleFiles(jsontype.FieldOf(value.Elem(), f.File.Index))
		switch {
		case err != nil:
			return nil, err
		case f.File.Many && files != nil:
			members[f.File.Name] = files
		case files != nil:
			members[f.File.Name] = files[0]
		}
	}
	return json.Marshal(members, json.Deterministic(true))
}

// exampleTexts returns the texts of a parameter as JSON values.
func exampleTexts(p *bind.Param, texts []string) (values []any) {
	for _, text := range texts {
		if value := jsontext.Value(text); !p.TakesStrings() && value.IsValid() {
			values = append(values, value)
		} else {
			values = append(values, text)
		}
	}
	return values
}

func exampleJSON(body any, without string, options json.Options) ([]byte, error) {
	v := reflect.ValueOf(body)
	if v.Kind() != reflect.Pointer {
		v = reflect.New(v.Type())
		v.Elem().Set(reflect.ValueOf(body))
	} else if v.IsNil() {
		return []byte("null"), nil
	}
	e := codec.NewBuffer()
	defer e.Release()
	err := e.AppendJSON(v.Interface(), codec.CompileEncoder(v.Type().Elem(), codec.Omission{Tag: without}, hasJSON), options)
	return slices.Clone(e.Bytes()), err
}

func addExamples(content map[string]MediaType, examples map[string]Example) {
	for mediaType, m := range content {
		m.Examples = examples
		content[mediaType] = m
	}
}

// addMember adds a member of an object in the query.
func (op *Operation) addMember(p *bind.Param) {
	i := slices.IndexFunc(op.Parameters, func(other Parameter) bool { return other.Name == p.Object && other.Style == "deepObject" })
	if i < 0 {
		i = len(op.Parameters)
		op.Parameters = append(op.Parameters, Parameter{
			Name: p.Object, In: p.In, Description: p.ObjectDoc, Style: "deepObject", Schema: &schema.Schema{Types: []string{"object"}},
		})
	}
	object := &op.Parameters[i]
	object.Required = object.Required || p.Required
	object.Schema.Properties = append(object.Schema.Properties, schema.Property{Name: p.Member, Required: p.Required, Schema: p.Schema})
}

func describeInput(in *bind.Plan, op *Operation) {
	params := in.Params()
	for i := range params {
		p := &params[i]
		schema := *p.Schema
		parameter := Parameter{
			Name: p.Canonical, In: p.In, Description: schema.Description, Required: p.Required, Deprecated: schema.Deprecated, Schema: &schema,
			Joined: p.Joined, AllowEmpty: p.SkipsEmpty(),
		}
		if p.IsDate {
			schema.Format = "http-date"
		}
		if p.Object != "" {
			op.addMember(p)
			continue
		}
		if p.Each != nil {
			parameter.Style = "deepObject"
		}
		schema.Description, schema.Deprecated = "", false
		op.Parameters = append(op.Parameters, parameter)
	}
	body := in.Body()
	if body != nil {
		op.Body = &RequestBody{
			Description: body.Description,
			Required:    body.Required,
			Content:     map[string]MediaType{},
		}
		for _, mediaType := range body.MediaTypes() {
			op.Body.Content[mediaType] = MediaType{Schema: body.Schema, Encoding: encodingOf(body.Form, mediaType)}
		}
		op.addProblem(http.StatusRequestEntityTooLarge, "the body is too long")
		op.addProblem(http.StatusUnsupportedMediaType, "the body is not "+strings.Join(body.MediaTypes(), " or "))
	}
	op.strictable = in.RefusesOtherQueries(true)
	if body != nil || len(params) > 0 || in.RefusesOtherQueries(false) {
		op.addUnreadable()
	}
	if embeds[Preconditions](in.Type()) {
		op.addProblem(http.StatusPreconditionFailed, errChanged.Error())
	}
	if embeds[RequiredPreconditions](in.Type()) {
		op.addProblem(http.StatusPreconditionRequired, errUnconditional.Error())
	}
	if in.CanRefuse() {
		op.addProblem(http.StatusUnprocessableEntity, "the request isn't valid")
	}
}

// addUnreadable adds the response to a request that can't be read.
func (op *Operation) addUnreadable() {
	op.addProblem(http.StatusBadRequest, "the request can't be read")
}

// describeRange adds what a request with Range gets (RFC 9110 §15.3.7 and §15.5.17).
func describeRange(op *Operation) {
	part := op.Response(http.StatusPartialContent)
	part.describe("the part that Range asks for, if the length of the whole is known")
	part.Add("*/*", MediaType{})
	text := &schema.Schema{Types: []string{"string"}}
	part.SetHeader("Content-Range", "Which part it is, and how long the whole.", text)
	op.addProblem(http.StatusRequestedRangeNotSatisfiable, "no such part")
}

// embeds reports whether a struct has a T embedded in it, at any depth.
func embeds[T any](t reflect.Type) bool {
	return t.Kind() == reflect.Struct && slices.ContainsFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool {
		return f.Anonymous && f.Type == reflect.TypeFor[T]()
	})
}

// examples returns the outputs by the statuses that a body may be an example of.
func (o *output) examples(body any) map[string]*output {
	if o.plan == nil && o.kind == jsonOutput {
		return map[string]*output{o.status(): o}
	}
	examples := map[string]*output{}
	for i, one := range o.bodies {
		if one.kind != jsonOutput {
			continue
		}
		fits := body != nil && jsontype.Indirect(reflect.TypeOf(body)) == jsontype.Indirect(one.typ)
		if fits || len(o.bodies) == 1 {
			examples[strconv.Itoa(cmp.Or(o.plan.Answers[i].Status, http.StatusOK))] = one
		}
	}
	return examples
}

// bodyType returns the type of the body.
func (o *output) bodyType() reflect.Type {
	if o.enveloped != nil {
		return o.enveloped.contentType()
	}
	return o.typ
}

// encodingOf returns how a form's fields are written in a media type, or nil.
func encodingOf(f *bind.Form, mediaType string) map[string]Encoding {
	if f == nil {
		return nil
	}
	encoding := map[string]Encoding{}
	if f.File != nil && len(f.File.MediaTypes) > 0 {
		encoding[f.File.Name] = Encoding{ContentType: strings.Join(f.File.MediaTypes, ", ")}
	}
	for i := range f.Fields {
		if p := &f.Fields[i]; p.Many && mediaType == form.URLEncoded {
			encoding[p.Name] = Encoding{Style: "form", Explode: true}
		}
	}
	return encoding
}

// status returns the status of a success as documents write it.
func (o *output) status() string {
	switch {
	case o.enveloped == nil && o.kind == noOutput:
		return "204"
	case o.enveloped == nil:
		return "200"
	}
	code, _ := o.enveloped.envelope()
	if code == 0 {
		return "2XX"
	}
	return strconv.Itoa(code)
}

func (o *output) describe(op *Operation) {
	if o.plan != nil {
		for i := range o.plan.Answers {
			o.describeAnswer(op, &o.plan.Answers[i], o.bodies[i])
		}
		return
	}
	status := o.status()
	rs := op.ResponseRange(status)
	if status == "201" || status == "202" {
		rs.SetHeader("Location", "Where it is.", &schema.Schema{Types: []string{"string"}, Format: "uri-reference"})
	}
	o.describeBody(op, rs)
	if o.nilable && o.enveloped == nil {
		op.Response(http.StatusNoContent)
	}
}

// describeAnswer adds one of several answers, or the only one.
func (o *output) describeAnswer(op *Operation, a *answers.Answer, body *output) {
	statuses := []int{a.Status}
	switch {
	case a.Status == 0 && a.Body == nil:
		statuses[0] = http.StatusNoContent
	case a.Status == 0:
		statuses[0] = http.StatusOK
		if body.nilable {
			statuses = append(statuses, http.StatusNoContent)
		}
	}
	for i, status := range statuses {
		rs := op.Response(status)
		rs.describe(a.Description)
		rs.addHeaders(a)
		if i == 0 {
			body.describeBody(op, rs)
		}
	}
}

// addHeaders adds the headers of an answer.
func (rs *ResponseInfo) addHeaders(a *answers.Answer) {
	for i := range a.Headers {
		h := &a.Headers[i]
		s := *h.Schema
		s.Description = ""
		rs.SetHeader(h.Name, h.Schema.Description, &s)
		if h.Required {
			rs.Headers[h.Name] = HeaderInfo{Description: h.Schema.Description, Schema: &s, Required: true}
		}
	}
}

// describeConditions adds the responses to conditional reads, if a response has
// validators: see [responseHead.answered].
func (o *output) describeConditions(op *Operation) {
	if o.plan == nil || op.Method != "" && !reads(op.Method) {
		return
	}
	for i := range o.plan.Answers {
		a := &o.plan.Answers[i]
		succeeds := a.Status == http.StatusOK || a.Status == 0 && a.Body != nil
		if !succeeds || !a.HasHeader("Etag") && !a.HasHeader("Last-Modified") {
			continue
		}
		rs := op.Response(http.StatusNotModified)
		rs.describe("the client has the current version")
		rs.addHeaders(a)
		op.addProblem(http.StatusPreconditionFailed, errChanged.Error())
		op.addCondition(a)
	}
}

// addCondition adds the header that a client gets a 304 by, unless the input has it.
func (op *Operation) addCondition(a *answers.Answer) {
	p := Parameter{Name: "If-None-Match", In: "header", Description: "The ETag of the version that the client has.", Schema: &schema.Schema{Types: []string{"string"}}}
	if !a.HasHeader("Etag") {
		p.Name, p.Description = "If-Modified-Since", "The Last-Modified of the version that the client has."
		p.Schema.Format = "http-date"
	}
	if !slices.ContainsFunc(op.Parameters, func(other Parameter) bool { return other.In == p.In && http.CanonicalHeaderKey(other.Name) == p.Name }) {
		op.Parameters = append(op.Parameters, p)
	}
}

// describeBody adds a body to a response.
func (o *output) describeBody(op *Operation, rs *ResponseInfo) {
	switch o.kind {
	case noOutput:
		return
	case streamOutput:
		rs.Add("*/*", MediaType{})
		if op.Method == http.MethodGet {
			describeRange(op)
		}
		op.addProblem(http.StatusNotAcceptable, "the media type isn't accepted")
		return
	case sequenceOutput:
		rs.Add(httpfield.JSON, MediaType{Schema: &schema.Schema{Types: []string{"array"}, Items: o.schema}, Items: o.schema})
		for _, mediaType := range sequenceTypes[1:] {
			content := MediaType{Schema: &schema.Schema{Types: []string{"string"}}, Items: o.schema}
			if mediaType == eventsType {
				content.Items, content.Events = o.eventSchemas()
			}
			rs.Add(mediaType, content)
		}
		rs.Description = "a stream; of server-sent events, the last one is called end, or problem if the stream has failed"
		op.Response(http.StatusNoContent).describe("a browser has had the last event, and says so in Last-Event-ID")
	default:
		rs.Add(httpfield.JSON, MediaType{Schema: o.schema})
	}
	op.addProblem(http.StatusNotAcceptable, "the media type isn't accepted")
}
