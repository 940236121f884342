package tigertonic

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/bind"
	"github.com/rcrowley/go-tigertonic/internal/call"
	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/internal/trie"
	"github.com/rcrowley/go-tigertonic/internal/typeschema"
)

// How an input becomes a request: the inverse of package bind, on the same plan.
//
// The other end must bind exactly what is written here. So a field with a default is
// written even if it is zero, or the other end would fill in the default. The exception
// is a zero that the field's own tags refuse, which can't be meant: that goes for members
// of a JSON body as well. Any other zero parameter is left out unless it is required.

// An inputWriter writes values of a type into requests.
type inputWriter struct {
	in     *bind.Plan
	params []bind.Param
	fields int               // where those of a form begin in params
	texts  []codec.Formatter // of the params
	append *codec.Encoder    // of the body, or nil if all is the codec's
}

func newInputWriter(in *bind.Plan) (*inputWriter, error) {
	w := &inputWriter{in: in, params: in.Params()}
	if body := in.Body(); body != nil && body.Form != nil {
		w.fields = len(w.params)
		w.params = append(slices.Clip(w.params), body.Form.Fields...)
	}
	var errs []error
	for i := range w.params {
		p := &w.params[i]
		elem := p.Elem
		if p.Each != nil {
			elem = p.Each.Elem
		}
		text := codec.FormatterOf(elem)
		if p.IsDate {
			text = httpfield.FormatDate
		}
		if text == nil {
			errs = append(errs, typeschema.Errorf(in.Type(), p.Field, "a %v can be read as text, but not be written: it has no method MarshalText", elem))
		}
		w.texts = append(w.texts, text)
	}
	if body := in.Body(); body != nil && body.Form == nil && body.Raw == nil {
		w.append = codec.CompileEncoder(body.Type, codec.Omission{Tag: "readOnly", Zero: body.RefusesZero}, hasJSON)
	}
	return w, errors.Join(errs...)
}

// fits returns the mismatches between the input and a place. own are the segments of the
// pattern without its namespace.
func (w *inputWriter) fits(own []trie.Segment, at place, inNamespace bool) error {
	var errs []error
	for i := range w.params {
		p := &w.params[i]
		if at.host != nil && p.Canonical == "Host" {
			errs = append(errs, fmt.Errorf("the field %s.%s is header:\"Host\", which is %v", typeschema.NameOf(w.in.Type()), p.Field, at.host))
		}
		if p.In != "path" || p.Namespace && (!inNamespace || at.has(p.Name)) {
			continue
		}
		if p.Namespace || !(place{segments: own}).has(p.Name) {
			errs = append(errs, fmt.Errorf("the field %s.%s is path:%q, but the path has no wildcard {%[3]s}", typeschema.NameOf(w.in.Type()), p.Field, p.Name))
		}
	}
	for _, s := range at.segments {
		if s.Kind != trie.Literal && w.param(s.Text) < 0 {
			errs = append(errs, fmt.Errorf("no field of %s reads the wildcard {%s}", typeschema.NameOf(w.in.Type()), s.Text))
		}
	}
	if name := at.host.wildcard(); name != "" && !slices.ContainsFunc(w.params, func(p bind.Param) bool { return p.Namespace && p.Name == name }) {
		errs = append(errs, fmt.Errorf("no field of %s is path:\"%s,namespace\", for the wildcard of %v", typeschema.NameOf(w.in.Type()), name, at.host))
	}
	return errors.Join(errs...)
}

// has reports whether there is a wildcard of that name.
func (at place) has(name string) bool {
	return at.host.wildcard() == name && name != "" ||
		slices.ContainsFunc(at.segments, func(s trie.Segment) bool { return s.Kind != trie.Literal && isCalled(s.Text, name) })
}

// isCalled reports whether the wildcard of that text has the name. {{id}} has two
// names.
func isCalled(text, name string) bool {
	for ok := true; ok; text, ok = trie.WithoutBraces(text) {
		if text == name {
			return true
		}
	}
	return false
}

// param returns the index of a wildcard's parameter, or -1.
func (w *inputWriter) param(text string) int {
	return slices.IndexFunc(w.params, func(p bind.Param) bool { return p.In == "path" && isCalled(text, p.Name) })
}

// write writes what in points to into a request.
func (w *inputWriter) write(at place, in any, to *call.Request) error {
	value := reflect.ValueOf(in)
	if value.IsNil() {
		value = reflect.New(w.in.Type())
	}
	value = value.Elem()
	if err := w.writeURL(at, value, to); err != nil {
		return err
	}
	var cookies []byte
	for i := range w.params {
		p := &w.params[i]
		if p.In != "header" && p.In != "cookie" {
			continue
		}
		texts, err := w.textsOf(i, value, nil)
		if err != nil {
			return err
		}
		if len(texts) == 0 {
			continue
		}
		if p.In == "cookie" {
			cookies, err = appendCookie(cookies, p.Name, texts[0])
		} else {
			err = writeHeader(to, p, texts)
		}
		if err != nil {
			return wrongParam(p, err)
		}
	}
	if cookies != nil {
		setHeader(to, "Cookie", string(cookies))
	}
	if w.in.Body() == nil {
		return nil
	}
	return w.writeBody(value, to)
}

func setHeader(to *call.Request, name, value string) {
	if to.Header == nil {
		to.Header = make(http.Header, 8)
	}
	to.Header[name] = []string{value}
}

// wrongParam returns why a parameter can't be written.
func wrongParam(p *bind.Param, err error) error { return fmt.Errorf("%s %s: %w", p.In, p.Name, err) }

// writeURL writes the host, the path and the query.
func (w *inputWriter) writeURL(at place, value reflect.Value, to *call.Request) error {
	wildcard := func(name string) (string, error) {
		texts, err := w.textsOf(w.param(name), value, nil)
		if err != nil || len(texts) == 0 {
			return "", err
		}
		return texts[0], nil
	}
	if at.host != nil {
		if err := at.host.write(wildcard, to); err != nil {
			return err
		}
	}
	var kept [128]byte
	path, err := trie.AppendPath(kept[:0], at.segments, wildcard)
	if err != nil {
		return err
	}
	to.Path = string(path)
	query := path[:0]
	var room [1]string
	for i := range w.params {
		p := &w.params[i]
		switch {
		case p.Namespace && !at.has(p.Name):
			return fmt.Errorf("the path has no wildcard {%s}: it is one of a namespace, for Under, or of a host, for On", p.Name)
		case p.In != "query":
			continue
		case p.Each != nil:
			if query, err = w.appendMap(query, i, value); err != nil {
				return err
			}
			continue
		}
		texts, err := w.textsOf(i, value, room[:0])
		if err != nil {
			return err
		}
		for i, text := range texts {
			switch {
			case p.Joined && (strings.Contains(text, ",") || text == "" && len(texts) == 1):
				return wrongParam(p, errors.New("has a value that is empty or has a comma, which can't be in a list with commas"))
			case p.Joined && i > 0:
				query = append(query, ',')
			default:
				if len(query) > 0 {
					query = append(query, '&')
				}
				query = append(appendEscaped(query, p.Name), '=')
			}
			query = appendEscaped(query, text)
		}
	}
	to.Query = string(query)
	return nil
}

// appendMap appends the members of a map to a query, sorted by name.
func (w *inputWriter) appendMap(query []byte, i int, in reflect.Value) ([]byte, error) {
	p := &w.params[i]
	field := jsontype.FieldOf(in, p.Index)
	keys := field.MapKeys()
	if len(keys) == 0 && p.Required {
		return nil, wrongParam(p, errors.New("is required"))
	}
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, key := range keys {
		if wrong := p.WrongKey(key.String()); wrong != "" {
			return nil, wrongParam(p, fmt.Errorf("the name %q %s", key, wrong))
		}
		list := reflect.New(p.Elem).Elem()
		list.Set(field.MapIndex(key))
		values := []reflect.Value{list}
		if p.Each.Many {
			values = nil
			for j := range list.Len() {
				values = append(values, list.Index(j))
			}
			if len(values) == 0 {
				return nil, wrongParam(p, fmt.Errorf("%q has no value, and would be lost", key))
			}
		}
		for _, value := range values {
			text, err := w.textOf(i, value)
			if err != nil {
				return nil, err
			}
			if len(query) > 0 {
				query = append(query, '&')
			}
			query = append(appendEscaped(query, p.MemberName(key.String())), '=')
			query = appendEscaped(query, text)
		}
	}
	return query, nil
}

// textsOf returns the texts of a parameter's values, or none to leave it out. They are in the
// room, if that is large enough.
func (w *inputWriter) textsOf(i int, in reflect.Value, room []string) (texts []string, err error) {
	p := &w.params[i]
	field := jsontype.FieldOf(in, p.Index)
	h, _ := codec.Holds(field.Type())
	switch h {
	case codec.HoldsMany, codec.HoldsOptMany:
		texts = room
		list := codec.List(field, false)
		if !list.IsValid() && !field.IsZero() {
			return nil, wrongParam(p, errors.New("can't be null"))
		}
		for j := 0; list.IsValid() && j < list.Len(); j++ {
			text, err := w.textOf(i, list.Index(j))
			if err != nil {
				return nil, err
			}
			texts = append(texts, text)
		}
		if len(texts) == 0 && p.Required {
			return nil, wrongParam(p, errors.New("is required"))
		}
		return texts, nil
	case codec.HoldsPointer:
		if field.IsNil() {
			return noTexts(p)
		}
		field = field.Elem()
	case codec.HoldsOpt:
		pointer := field.Addr().Interface().(jsontype.Optional).ValuePointer(false)
		if pointer == nil {
			if !field.IsZero() {
				return nil, wrongParam(p, errors.New("can't be null"))
			}
			return noTexts(p)
		}
		field = reflect.ValueOf(pointer).Elem()
	case codec.HoldsOne:
		if field.IsZero() && !p.Required {
			return w.zero(i, field, room)
		}
	}
	text, err := w.textOf(i, field)
	if err != nil {
		return nil, err
	}
	return append(room, text), nil
}

// noTexts returns no texts for a parameter without a value.
func noTexts(p *bind.Param) ([]string, error) {
	if p.Required {
		return nil, wrongParam(p, errors.New("is required"))
	}
	return nil, nil
}

// zero returns the text of a zero parameter that has a default, unless its tags refuse a
// zero.
func (w *inputWriter) zero(i int, field reflect.Value, room []string) ([]string, error) {
	p := &w.params[i]
	if p.Defaults == nil {
		return nil, nil
	}
	text, err := w.textOf(i, field)
	if err != nil || p.Refuses(text) {
		return nil, nil //nolint:nilerr // what can't be written isn't meant
	}
	return append(room, text), nil
}

func (w *inputWriter) textOf(i int, value reflect.Value) (string, error) {
	text, err := w.texts[i](value)
	if err != nil {
		return "", wrongParam(&w.params[i], err)
	}
	return text, nil
}

// writeHeader writes the values of a header, which are one or a list (RFC 9110 §5.6.1).
func writeHeader(to *call.Request, p *bind.Param, texts []string) error {
	for _, text := range texts {
		for i := range len(text) {
			if c := text[i]; c < ' ' && c != '\t' || c == 0x7f {
				return errors.New("has a control character, which a header can't have (RFC 9110 §5.5)")
			}
		}
		if strings.Trim(text, " \t") != text {
			return errors.New("begins or ends with a space, which a header loses (RFC 9110 §5.5)")
		}
		if !p.Many {
			continue
		}
		if element, left := httpfield.CutElement(text+",.", ','); element != text || left != "." || text == "" {
			return errors.New("has a value that is empty, or has a comma or a quote, which can't be in a list (RFC 9110 §5.6.1)")
		}
	}
	if p.Canonical == "Host" {
		to.Host = texts[0]
		return nil
	}
	setHeader(to, p.Canonical, strings.Join(texts, ", "))
	return nil
}

// appendCookie appends a cookie (RFC 6265 §4.2.1).
func appendCookie(b []byte, name, text string) ([]byte, error) {
	if _, ok := bind.CookieValue(`"` + text + `"`); !ok || strings.IndexByte(text, ';') >= 0 {
		return nil, errors.New("has characters that a cookie can't have (RFC 6265 §4.1.1)")
	}
	if len(b) > 0 {
		b = append(b, "; "...)
	}
	b = append(append(b, name...), '=')
	if strings.Trim(text, " ") != text {
		return append(append(append(b, '"'), text...), '"'), nil
	}
	return append(b, text...), nil
}

// writeBody writes the body, unless it is absent and optional.
func (w *inputWriter) writeBody(in reflect.Value, to *call.Request) error {
	b := w.in.Body()
	switch {
	case b.Form != nil:
		return w.writeForm(b.Form, in, to)
	case b.Raw != nil:
		return writeRaw(b, in, to)
	}
	body := jsontype.FieldOf(in, b.Index)
	if !b.Required {
		_, isOpt := jsontype.OptElem(body.Type())
		if isOpt && body.IsZero() || !isOpt && body.IsNil() {
			return nil
		}
	}
	e := codec.NewBuffer()
	defer e.Release()
	if err := e.AppendJSON(body.Addr().Interface(), w.append, b.Options); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	to.Body, to.BodyType = slices.Clone(e.Bytes()), b.MediaType
	return nil
}
