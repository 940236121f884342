package tigertonic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// An input is how requests become values of a type, compiled once.
type input struct {
	typ      reflect.Type
	params   []param
	queries  bool // there are some among the params
	body     *bodyInput
	validate *validation // nil if nothing is to be
}

// A param is a field that a parameter of the request is put into.
type param struct {
	name, in  string
	field     string // its name, for the programmer
	offset    uintptr
	many      bool
	plain     bool // a string, which takes whatever its check does
	set       setter
	check     *check
	schema    *Schema
	required  bool
	defaults  []string // that it has if it is absent
	canonical string   // name of a header
	outer     bool     // a wildcard of a namespace round the mux
}

// compileInput returns the input for a type, or all that is wrong with it.
func compileInput(t reflect.Type) (*input, error) {
	c := inputCompiler{in: &input{typ: t}}
	if t.Kind() == reflect.Pointer {
		return nil, fmt.Errorf("the input is a pointer to the pointer %v", t)
	}
	if t.Kind() == reflect.Struct && c.schemas.known(t) == nil && hasParameters(t, nil) {
		c.fields(t, 0)
	} else if t.Kind() != reflect.Struct || t.NumField() > 0 {
		c.body(t, 0, true)
	}
	c.in.validate = compileValidation(t)
	err := c.schemas.finish()
	return c.in, errors.Join(append(c.errs, err)...)
}

// places are the tags that say where a field comes from.
var places = [...]string{"path", "query", "header", "cookie", "body"} //nolint:gochecknoglobals // a constant

// placeOf returns where a field comes from and what it is called there.
func placeOf(f reflect.StructField) (in, name string, ok bool) {
	for _, in := range places {
		if name, ok := f.Tag.Lookup(in); ok {
			return in, name, true
		}
	}
	return "", "", false
}

// isFlattened tells whether the fields of an embedded struct are the outer one's.
func isFlattened(f reflect.StructField) bool {
	_, _, placed := placeOf(f)
	return f.Anonymous && f.Type.Kind() == reflect.Struct && !placed
}

// hasParameters tells whether a field of t comes from a place of its own.
func hasParameters(t reflect.Type, seen []reflect.Type) bool {
	for f := range t.Fields() {
		if _, _, ok := placeOf(f); ok {
			return true
		}
		elem := indirect(f.Type)
		if f.Anonymous && elem.Kind() == reflect.Struct && !slices.Contains(seen, elem) && hasParameters(elem, append(seen, t)) {
			return true
		}
	}
	return false
}

type inputCompiler struct {
	in      *input
	schemas schemaCompiler
	errs    []error
}

func (c *inputCompiler) wrong(t reflect.Type, field, format string, args ...any) {
	c.errs = append(c.errs, wrongType(t, field, format, args...))
}

// fields compiles the fields of a struct that lies at an offset.
func (c *inputCompiler) fields(t reflect.Type, offset uintptr) {
	for f := range t.Fields() {
		in, name, placed := placeOf(f)
		switch {
		case isFlattened(f):
			c.fields(f.Type, offset+f.Offset)
		case !placed && f.IsExported():
			c.wrong(t, f.Name, "it has none of the tags %s; a field that isn't bound is unexported", strings.Join(places[:], ", "))
		case !placed && f.Anonymous && indirect(f.Type).Kind() == reflect.Struct && hasParameters(indirect(f.Type), nil):
			c.wrong(t, f.Name, "a struct with parameters is embedded itself, not by a pointer")
		case !placed:
		case !f.IsExported():
			c.wrong(t, f.Name, "a field with the tag %q must be exported", in)
		case in == "body":
			c.bodyField(t, f, offset)
		default:
			c.param(t, f, in, name, offset)
		}
		if placed || isFlattened(f) {
			c.tags(t, f)
		}
	}
}

// tags checks that a field has no tags but ours: whoever binds parameters by it
// has no other use for it.
func (c *inputCompiler) tags(t reflect.Type, f reflect.StructField) {
	n := 0
	for key := range tagsOf(f.Tag) {
		if !isOurTag(key) && misspelt(key) == "" { // which is found with the schema
			c.wrong(t, f.Name, "there is no tag %q", key)
		}
		if slices.Contains(places[:], key) {
			n++
		}
	}
	if n > 1 {
		c.wrong(t, f.Name, "it has more than one of the tags %s", strings.Join(places[:], ", "))
	}
}

func (c *inputCompiler) bodyField(t reflect.Type, f reflect.StructField, offset uintptr) {
	if name := f.Tag.Get("body"); name != "" {
		c.wrong(t, f.Name, `body:%q isn't body:""`, name)
	}
	for key := range tagsOf(f.Tag) {
		if isConstraint(key) || key == "default" || key == "required" {
			c.wrong(t, f.Name, "%s can't be said of the body", key)
		}
	}
	if c.in.body != nil {
		c.wrong(t, f.Name, "there is another field for the body")
		return
	}
	_, isOpt := optElem(f.Type)
	c.body(f.Type, offset+f.Offset, f.Type.Kind() != reflect.Pointer && !isOpt)
	c.in.body.description = f.Tag.Get("doc")
}

// body compiles a body of type t that lies at an offset.
func (c *inputCompiler) body(t reflect.Type, offset uintptr, required bool) {
	c.in.body = newBodyInput(&c.schemas, t, offset, required)
}

func (c *inputCompiler) param(t reflect.Type, f reflect.StructField, in, name string, offset uintptr) {
	name, option, _ := strings.Cut(name, ",")
	h, elem := holds(f.Type)
	p := param{
		name: name, in: in, field: f.Name, offset: offset + f.Offset,
		many: h == holdsMany, plain: f.Type.Kind() == reflect.String && !isTextType(f.Type), set: setterOf(f.Type), canonical: textproto.CanonicalMIMEHeaderKey(name),
	}
	p.outer = in == "path" && option == "namespace"
	switch {
	case name == "":
		c.wrong(t, f.Name, "the tag %q has no name", in)
	case option != "" && !p.outer:
		c.wrong(t, f.Name, "the tag %q has no option %q", in, option)
	case in == "header" && !isToken(name), in == "cookie" && !isToken(name):
		c.wrong(t, f.Name, "%q is not the name of a %s", name, in)
	case p.set == nil || h == holdsMany && elem.Kind() == reflect.Uint8 && elem != durationType:
		c.wrong(t, f.Name, "a %v can't be a parameter", f.Type)
	case p.many && (in == "path" || in == "cookie"):
		c.wrong(t, f.Name, "a slice is for a query or a header, not for a %s", in)
	case slices.ContainsFunc(c.in.params, func(other param) bool { return other.in == in && other.canonicalName() == p.canonicalName() }):
		c.wrong(t, f.Name, "another field has the %s %q", in, name)
	default:
		c.queriesAndRules(&p, t, f)
		c.in.params = append(c.in.params, p)
	}
}

// textsOf returns the texts of a JSON value's items, or of itself.
func textsOf(value json.RawMessage) (texts []string) {
	s := scanner{src: value}
	one := func() string {
		if s.src[s.pos] == '"' {
			return string(s.unescaped())
		}
		return string(s.skip())
	}
	if s.space() != '[' {
		return []string{one()}
	}
	for s.pos++; s.space() != ']'; {
		texts = append(texts, one())
	}
	return texts
}

// canonicalName returns what parameters that are the same have in common.
func (p *param) canonicalName() string {
	if p.in == "header" {
		return p.canonical
	}
	return p.name
}

// queriesAndRules compiles what a parameter must be.
func (c *inputCompiler) queriesAndRules(p *param, t reflect.Type, f reflect.StructField) {
	c.in.queries = c.in.queries || p.in == "query"
	p.schema = withoutNull(c.schemas.constrain(withoutNull(c.schemas.schema(f.Type)), t, f))
	p.required = p.in == "path"
	if text, ok := f.Tag.Lookup("required"); ok {
		if text != "true" {
			c.wrong(t, f.Name, `required:%q isn't required:"true"`, text)
		}
		p.required = true
	}
	if p.schema.Default != nil {
		p.defaults = textsOf(p.schema.Default)
		if p.required {
			c.wrong(t, f.Name, "what is required has no default")
		}
		scratch := reflect.New(f.Type)
		for _, text := range p.defaults {
			if !p.set(scratch.UnsafePointer(), text) {
				c.wrong(t, f.Name, "the default %q can't be its value", text)
			}
		}
	}
	var err error
	if p.check, err = compileCheck(p.schema); err != nil {
		c.errs = append(c.errs, err)
	}
}

// withoutNull returns the schema of what meets s and isn't null, for parameters
// are never null.
func withoutNull(s *Schema) *Schema {
	s = bare(s)
	if !slices.Contains(s.Types, "null") {
		return s
	}
	clone := *s
	clone.Types = slices.DeleteFunc(slices.Clone(s.Types), func(t string) bool { return t == "null" })
	return &clone
}

// bind puts the request into the value that in points to.
func (in *input) bind(ctx context.Context, value unsafe.Pointer, target any, w http.ResponseWriter, r *http.Request) error {
	var f findings
	if err := in.bindParams(&f, value, r); err != nil {
		return err
	}
	if in.body != nil {
		if err := in.body.bind(&f, value, w, r); err != nil {
			return err
		}
	}
	if err := f.err(); err != nil {
		return err
	}
	if in.validate == nil {
		return nil
	}
	at := FieldError{}
	if len(in.params) > 0 {
		at.In = inRequest
	}
	return in.validate.run(ctx, target, at)
}

// A text is the value of a parameter, by its index.
type text struct {
	param int
	value string
}

// bindParams returns an error if the tree of handlers is wrong.
func (in *input) bindParams(f *findings, value unsafe.Pointer, r *http.Request) error {
	var buf [8]text
	queries := buf[:0]
	if in.queries && r.URL.RawQuery != "" {
		queries = in.parseQuery(f, queries, r.URL.RawQuery)
	}
	for i := range in.params {
		p := &in.params[i]
		switch p.in {
		case "path":
			text := PathValue(r, p.name)
			if text == "" && p.outer {
				return fmt.Errorf("tigertonic: no namespace on the way has the wildcard {%s}", p.name)
			}
			p.one(f, value, text)
		case "query":
			p.fromQuery(f, value, queries, i)
		case "header":
			if p.canonical == "Host" { // net/http keeps it apart
				p.one(f, value, r.Host)
				continue
			}
			p.fromHeader(f, value, r.Header[p.canonical])
		case "cookie":
			p.fromCookies(f, value, r.CookiesNamed(p.name))
		}
	}
	return nil
}

// parseQuery returns the values of the query's parameters that there are fields
// for.
func (in *input) parseQuery(f *findings, queries []text, query string) []text {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, value, _ := strings.Cut(pair, "=")
		name, ok := unescapeQuery(name)
		if !ok {
			f.unreadable = true
			f.parameter("query", "", "a name isn't percent-encoded as it should be")
			continue
		}
		i := slices.IndexFunc(in.params, func(p param) bool { return p.in == "query" && p.name == name })
		if i < 0 {
			continue
		}
		if value, ok = unescapeQuery(value); !ok {
			f.unreadable = true
			f.parameter("query", name, "isn't percent-encoded as it should be")
			continue
		}
		queries = append(queries, text{i, value})
	}
	return queries
}

func unescapeQuery(s string) (string, bool) {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s, true
	}
	s, err := url.QueryUnescape(s)
	return s, err == nil
}

func (p *param) fromQuery(f *findings, value unsafe.Pointer, queries []text, i int) {
	n, first := 0, ""
	var many []string
	for _, q := range queries {
		if q.param != i {
			continue
		}
		if p.many {
			many = append(many, q.value)
		} else if n == 0 {
			first = q.value
		}
		n++
	}
	p.values(f, value, n, first, many)
}

func (p *param) fromHeader(f *findings, value unsafe.Pointer, lines []string) {
	if !p.many {
		first := ""
		if len(lines) > 0 {
			first = lines[0]
		}
		p.values(f, value, len(lines), first, nil)
		return
	}
	var many []string
	for _, line := range lines { // RFC 9110 §5.3
		for line != "" {
			var element string
			if element, line = cutElement(line, ','); element != "" {
				many = append(many, element)
			}
		}
	}
	p.values(f, value, len(many), "", many)
}

func (p *param) fromCookies(f *findings, value unsafe.Pointer, cookies []*http.Cookie) {
	if len(cookies) == 0 {
		p.values(f, value, 0, "", nil)
		return
	}
	p.values(f, value, len(cookies), cookies[0].Value, nil)
}

// values stores the n values of a parameter, the first of them or all.
func (p *param) values(f *findings, value unsafe.Pointer, n int, first string, many []string) {
	switch {
	case n == 0 && p.required:
		f.parameter(p.in, p.name, "is required")
	case n == 0:
		for _, text := range p.defaults {
			p.set(fieldAt(value, p.offset), text)
		}
	case p.many:
		p.all(f, value, many)
	case n > 1:
		f.parameter(p.in, p.name, "must be there only once")
	default:
		p.one(f, value, first)
	}
}

// one stores a value.
func (p *param) one(f *findings, value unsafe.Pointer, text string) {
	for _, detail := range p.take(f, value, p.check, text) {
		f.parameter(p.in, p.name, detail)
	}
}

// take stores a value, or returns what is wrong with it.
func (p *param) take(f *findings, value unsafe.Pointer, k *check, text string) (wrong []string) {
	if !utf8.ValidString(text) {
		f.unreadable = true
		return []string{"isn't valid UTF-8"}
	}
	wrong = k.refusesText(text)
	if len(wrong) == 0 && !p.set(fieldAt(value, p.offset), text) {
		return []string{"isn't valid"}
	}
	return wrong
}

// all stores several values.
func (p *param) all(f *findings, value unsafe.Pointer, texts []string) {
	c := checking{}
	c.length(p.check, len(texts))
	if p.check.unique && p.hasTwice(texts) {
		c.wrong("must have no item twice")
	}
	for _, err := range c.errs {
		f.parameter(p.in, p.name, err.Detail)
	}
	for i, text := range texts {
		for _, detail := range p.take(f, value, p.check.items, text) {
			f.parameter(p.in, p.name, "value "+strconv.Itoa(i+1)+" "+detail)
		}
	}
}

// hasTwice tells whether two of the texts are equal, as numbers if they are to be
// some.
func (p *param) hasTwice(texts []string) bool {
	seen := make(map[string]bool, len(texts))
	for _, text := range texts {
		if isNumber(text) && !p.check.items.kinds().has(stringType) {
			text = string(parseNumber([]byte(text)).appendCanonical(nil))
		}
		if seen[text] {
			return true
		}
		seen[text] = true
	}
	return false
}

// refusesText returns in which ways a parameter's text isn't what is asked for.
func (k *check) refusesText(text string) []string {
	if k.acceptsAll() {
		return nil
	}
	kinds := k.kinds()
	if kinds.has(stringType) {
		if k.ref == nil && len(k.anyOf) == 0 && !k.looksAtText() {
			return nil
		}
		return k.refusesValue(quoteJSON(text))
	}
	isBool := text == "true" || text == "false"
	switch {
	case isBool && kinds&booleanType != 0:
	case !isNumber(text), kinds&numericType == 0 && strings.ContainsAny(text, ".eE"):
		return []string{"must be " + kinds.noun()}
	}
	return k.refusesValue([]byte(text))
}

// refusesValue returns in which ways k refuses a JSON value.
func (k *check) refusesValue(value []byte) (details []string) {
	for _, err := range k.check(value) {
		details = append(details, err.Detail)
	}
	return details
}

// kinds returns the types that the check, or what it refers to, allows.
func (k *check) kinds() (kinds typeSet) {
	if k.types != anyType || k.ref == nil && len(k.anyOf) == 0 {
		return k.types
	}
	if k.ref != nil {
		return k.ref.kinds()
	}
	for _, alternative := range k.anyOf {
		kinds |= alternative.kinds()
	}
	return kinds
}
