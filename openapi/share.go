package openapi

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/schema"
)

// A thousand operations have the same dozen errors, and most of their parameters and
// headers. So a parameter, a body and a response are kept once, whoever has them, and
// those in more than one place are written once, under components, and referred to: all
// but successes, which are what an operation is read for. What is the same is told by
// its JSON.

// A part is what operations may have in common.
type part[T any] struct {
	value T
	label string         // what it is called, or "" for what is always written in place
	text  jsontext.Value // as it is written in place
	name  string         // of the component, or ""
	uses  int
}

// Parts are those of one kind.
type parts[T any] struct {
	kind  string // "parameters"
	all   []*part[T]
	byKey map[string]*part[T]
}

func newParts[T any](kind string) parts[T] { return parts[T]{kind, nil, map[string]*part[T]{}} }

// add returns the part that is this value, or one that is written alike. What can't be
// written is an error.
func (ps *parts[T]) add(label string, value T, o object) (*part[T], error) {
	text, err := marshal(o)
	key := label + " " + string(text)
	p := ps.byKey[key]
	if p == nil || err != nil {
		p = &part[T]{value: value, label: label, text: text}
		ps.all = append(ps.all, p)
		ps.byKey[key] = p
	}
	p.uses++
	return p, err
}

// nameShared makes components of what is used more than once and longer than a reference.
func (ps *parts[T]) nameShared(n *componentNames) {
	for _, p := range ps.all {
		if p.uses > 1 && p.label != "" && len(p.text) > len(`{"$ref":"#/components/`+ps.kind+`/"}`)+len(p.label) {
			p.name = n.name(sanitize(p.label))
		}
	}
}

// written returns what is written where a part is used.
func (ps *parts[T]) written(p *part[T]) any {
	if p.name != "" {
		return object{{"$ref", "#/components/" + ps.kind + "/" + p.name}}
	}
	return p.text
}

// find returns what is written for a value, which may have been added.
func (ps *parts[T]) find(label string, o object) any {
	if len(ps.byKey) > 0 {
		if text, err := marshal(o); err == nil {
			if p := ps.byKey[label+" "+string(text)]; p != nil {
				return ps.written(p)
			}
		}
	}
	return o
}

// components returns what is referred to by its name.
func (ps *parts[T]) components() (o object) {
	named := map[string]jsontext.Value{}
	for _, p := range ps.all {
		if p.name != "" {
			named[p.name] = p.text
		}
	}
	for name, text := range sorted(named) {
		o.set(name, text)
	}
	return o
}

// ComponentNames are those that are given: no two are the same, whatever they are of, to
// generators that make types of them: "not-found" and "NotFound" are.
type componentNames struct{ taken map[string]bool }

func (n *componentNames) name(name string) string {
	name = unused(name, func(s string) bool { return n.taken[identifier(s)] })
	n.taken[identifier(name)] = true
	return name
}

// identifier returns the letters and digits of a name, in lower case.
func identifier(name string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return unicode.ToLower(c)
		}
		return -1
	}, name)
}

// A statusPart is a response with its status.
type statusPart struct {
	status string
	*part[*tigertonic.ResponseInfo]
}

// share takes the parts of operations out of their descriptions. What can't be written
// is an error.
func (d *Document) share() error {
	d.parameters, d.headers = newParts[tigertonic.Parameter]("parameters"), newParts[tigertonic.HeaderInfo]("headers")
	d.responses, d.bodies = newParts[*tigertonic.ResponseInfo]("responses"), newParts[*tigertonic.RequestBody]("requestBodies")
	for i := range d.operations {
		if err := d.shareOf(&d.operations[i]); err != nil {
			return err
		}
	}
	for i := range d.schemas {
		s := &d.schemas[i]
		o := schemaBody(s.schema, d.ref)
		text, err := marshal(o)
		if err != nil {
			return failure(o, "components", "schemas", s.name)
		}
		s.text = text
	}
	d.forgetNames()
	return d.nameParts()
}

// forgetNames leaves out of the names those of schemas that are of no part any more: each
// operation has brought its own, most of which say the same as others.
func (d *Document) forgetNames() {
	names := map[*schema.Schema]string{}
	for _, s := range reachable(d.forEachSchema) {
		if name, ok := d.names[s]; ok {
			names[s] = name
		}
	}
	d.names = names
}

func (d *Document) forEachSchema(f func(*schema.Schema)) {
	for _, s := range d.schemas {
		f(s.schema)
	}
	for _, p := range d.parameters.all {
		f(p.value.Schema)
	}
	for _, p := range d.bodies.all {
		forEachInContent(p.value.Content, f)
	}
	for _, p := range d.responses.all {
		forEachInResponse(p.value, f)
	}
}

// shareOf takes the parts of an operation out of its description.
func (d *Document) shareOf(op *operation) error {
	place := []string{"paths", op.path, strings.ToLower(op.method)}
	for i, p := range op.described.Parameters {
		o := d.parameter(p)
		shared, err := d.parameters.add(p.Name, p, o)
		if err != nil {
			return failure(o, append(place, "parameters", strconv.Itoa(i))...)
		}
		op.parameters = append(op.parameters, shared)
	}
	if body := op.described.Body; body != nil {
		o := d.body(body)
		shared, err := d.bodies.add("", body, o)
		if err != nil {
			return failure(o, append(place, "requestBody")...)
		}
		op.body = shared
	}
	for status, rs := range sorted(op.described.Responses) {
		o := d.response(rs)
		shared, err := d.responses.add(responseName(status), rs, o)
		if err != nil {
			return failure(o, append(place, "responses", status)...)
		}
		op.responses = append(op.responses, statusPart{status, shared})
	}
	op.described = nil
	return nil
}

// failure returns why an object can't be written, with its place in the document.
func failure(o object, place ...string) error {
	for _, name := range slices.Backward(place) {
		o = object{{name, o}}
	}
	_, err := marshal(o)
	return err
}

// nameParts gives names to what is referred to. All of it has been written once, so it
// can be.
func (d *Document) nameParts() error {
	n := &componentNames{map[string]bool{}}
	for _, s := range d.schemas {
		n.taken[identifier(s.name)] = true
	}
	d.responses.nameShared(n)
	d.parameters.nameShared(n)
	var errs []error
	for _, p := range d.responses.all {
		for name, h := range sorted(p.value.Headers) {
			_, err := d.headers.add(name, h, d.header(h))
			errs = append(errs, err)
		}
	}
	d.headers.nameShared(n)
	for _, p := range d.responses.all { // with references to headers
		var err error
		p.text, err = marshal(d.response(p.value))
		errs = append(errs, err)
	}
	d.parameters.byKey, d.headers.byKey, d.responses.byKey, d.bodies.byKey = nil, nil, nil, nil
	return errors.Join(errs...)
}

// responseName returns what a response with a status is called, or "" for a success.
func responseName(status string) string {
	switch {
	case status == "default":
		return "AnyOther"
	case status[0] == '2':
		return ""
	case status[1:] == "XX":
		return map[byte]string{'1': "Interim", '3': "Redirection", '4': "ClientError", '5': "ServerError"}[status[0]]
	}
	code, _ := strconv.Atoi(status) // New has refused what isn't one
	text := http.StatusText(code)
	if text == "" {
		return fmt.Sprintf("Status%d", code)
	}
	var name strings.Builder
	for word := range strings.FieldsFuncSeq(strings.ReplaceAll(text, "'", ""), isSeparator) {
		name.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return name.String()
}
