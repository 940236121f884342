package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// A draft is a request to be made, in parts that can be left out.
type draft struct {
	op        *operation
	values    map[*parameter][]string // those that are missing aren't sent
	accept    string
	mediaType string // of the body
	body      any    // a JSON value
	raw       []byte // the body as it is, if it isn't nil
	hasBody   bool
	anonymous bool // without credentials
	uncertain bool // the document doesn't fully say which values are valid
}

// draft returns a request for an operation. In most of them, one part is spoilt.
func (f *fuzzer) draft(op *operation) *draft {
	g := f.generator
	g.uncertain = false
	d := &draft{op: op, values: map[*parameter][]string{}, anonymous: op.secured && f.rng.IntN(10) == 0}
	for _, p := range op.parameters {
		if p.required || f.rng.IntN(2) == 0 {
			d.set(p, g.parameter(p))
		}
	}
	if types := op.acceptable(); len(types) > 0 && f.rng.IntN(2) == 0 {
		d.accept = types[f.rng.IntN(len(types))]
	}
	if op.body != nil && (op.body.required || f.rng.IntN(4) > 0) {
		d.mediaType, d.hasBody = pick(f.rng, slices.Sorted(maps.Keys(op.body.content))), true
		if m := op.body.content[d.mediaType]; isJSON(d.mediaType) {
			d.body = g.at(m.schema)
		} else {
			d.raw, d.mediaType = f.other(d.mediaType, m)
		}
	}
	if f.rng.IntN(5) < 3 {
		f.spoil(d)
	}
	d.uncertain = g.uncertain
	return d
}

// acceptable returns the media types of successes, sorted.
func (op *operation) acceptable() (types []string) {
	for status, rs := range op.responses {
		if status[0] == '2' {
			types = append(types, slices.Collect(maps.Keys(rs.content))...)
		}
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// set sets a parameter, unless the value has no text that can be sent.
func (d *draft) set(p *parameter, value any) {
	var texts []string
	if p.each != "" {
		d.setMembers(p, value)
		return
	}
	if l, ok := value.([]any); ok {
		for _, element := range l {
			texts = append(texts, textOf(element))
		}
		if p.joined && len(texts) > 0 {
			texts = []string{strings.Join(texts, ",")}
		}
	} else {
		texts = []string{textOf(value)}
	}
	if p.in != "query" && slices.ContainsFunc(texts, func(text string) bool { return !p.holds(text) }) {
		return
	}
	if len(texts) > 0 {
		d.values[p] = texts
	}
}

// setMembers sets an object in the query, of which each text is name=value.
func (d *draft) setMembers(p *parameter, value any) {
	o := members(value)
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if name == "" || strings.ContainsAny(name, "[]=") {
			continue
		}
		values, isList := o[name].([]any)
		if !isList {
			values = []any{o[name]}
		}
		for _, value := range values {
			texts = append(texts, name+"="+textOf(value))
		}
	}
	if len(texts) > 0 {
		d.values[p] = texts
	}
}

// holds reports whether the parameter can hold a text on the wire.
func (p *parameter) holds(text string) bool {
	switch p.in {
	case "path":
		return text != "" && text != "." && text != ".." && !strings.ContainsAny(text, "/\\")
	case "header":
		return strings.TrimSpace(text) == text && !strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' })
	}
	return !strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune(`",;\`, c) })
}

// textOf returns the text of a value in a parameter.
func textOf(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// spoil changes a part of a request so that it is invalid, or only just valid.
func (f *fuzzer) spoil(d *draft) {
	g := f.generator
	parts := len(d.op.parameters)
	if d.hasBody {
		parts += 2
	}
	if parts == 0 {
		return
	}
	n := f.rng.IntN(parts)
	if n >= len(d.op.parameters) {
		f.spoilBody(d)
		return
	}
	p := d.op.parameters[n]
	if p.in != "path" && f.rng.IntN(4) == 0 {
		delete(d.values, p)
		return
	}
	if p.schema != "" {
		d.set(p, g.spoilt(p.schema, g.parameter(p)))
	}
}

// spoilBody does the same to the body, as a value or as a text.
func (f *fuzzer) spoilBody(d *draft) {
	g := f.generator
	schema := d.op.body.content[d.mediaType].schema
	if d.raw == nil && schema != "" && f.rng.IntN(8) > 0 {
		d.body = g.spoilt(schema, d.body)
		return
	}
	text := d.text()
	switch f.rng.IntN(5) {
	case 0:
		d.hasBody = false
	case 1:
		d.raw = text[:f.rng.IntN(len(text)+1)]
	case 2:
		d.raw = append(bytes.Clone(text), pick(f.rng, []string{"}", "]", "x", ",", "{}"})...)
	case 3:
		d.raw = bytes.Replace(text, []byte(`"`), []byte("\"\xff"), 1)
	case 4:
		d.mediaType = pick(f.rng, []string{"text/plain", "application/xml", "application/jsonp", "application/octet-stream"})
		d.raw = text
	}
}

// text returns the body as it is sent.
func (d *draft) text() []byte {
	if !d.hasBody {
		return nil
	}
	if d.raw != nil {
		return d.raw
	}
	text, err := json.Marshal(d.body)
	if err != nil {
		return nil // a number that isn't one
	}
	return text
}

// path returns the path, escaped. A wildcard without a value stays as it is.
func (d *draft) path() string {
	path := d.op.path
	for _, p := range d.op.parameters {
		if texts := d.values[p]; p.in == "path" && len(texts) > 0 {
			path = strings.Replace(path, "{"+p.name+"}", url.PathEscape(texts[0]), 1)
		}
	}
	return strings.NewReplacer("{", "%7B", "}", "%7D").Replace(path)
}

func (d *draft) query() string {
	query := url.Values{}
	for p, texts := range d.values {
		switch {
		case p.each != "":
			for _, text := range texts {
				name, value, _ := strings.Cut(text, "=")
				query.Add(p.name+"["+name+"]", value)
			}
		case p.in == "query" && p.joined:
			query.Set(p.name, strings.Join(texts, ","))
		case p.in == "query":
			query[p.name] = texts
		}
	}
	return query.Encode()
}

// headers returns the names and values of the headers that are sent.
func (d *draft) headers() (headers [][2]string) {
	for _, p := range d.op.parameters {
		for _, text := range d.values[p] {
			switch p.in {
			case "header":
				headers = append(headers, [2]string{p.name, text})
			case "cookie":
				headers = append(headers, [2]string{"Cookie", p.name + "=" + text})
			}
		}
	}
	if d.accept != "" {
		headers = append(headers, [2]string{"Accept", d.accept})
	}
	if len(d.text()) > 0 {
		headers = append(headers, [2]string{"Content-Type", d.mediaType})
	}
	return headers
}
