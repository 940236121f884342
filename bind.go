package tigertonic

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// How a request becomes an input.

// bind puts the request into the value that target points to.
func (in *input) bind(ctx context.Context, target any, w http.ResponseWriter, r *http.Request) error {
	var f findings
	value := reflect.ValueOf(target).Elem()
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
func (in *input) bindParams(f *findings, value reflect.Value, r *http.Request) error {
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
			if text == "" && !p.isWildcardOf(r) {
				return fmt.Errorf("tigertonic: nothing on the way has the wildcard {%s}", p.name)
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

// isWildcardOf tells whether the request's pattern has the wildcard, or may have:
// a mux of another kind may not tell its pattern.
func (p *param) isWildcardOf(r *http.Request) bool {
	if p.outer || r.Pattern == "" {
		return !p.outer
	}
	for _, after := range strings.Split(r.Pattern, "{"+p.name)[1:] {
		if after != "" && strings.IndexByte("}.:", after[0]) >= 0 { // chi has {name:regexp}
			return true
		}
	}
	return false
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

func (p *param) fromQuery(f *findings, value reflect.Value, queries []text, i int) {
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

func (p *param) fromHeader(f *findings, value reflect.Value, lines []string) {
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

func (p *param) fromCookies(f *findings, value reflect.Value, cookies []*http.Cookie) {
	if len(cookies) == 0 {
		p.values(f, value, 0, "", nil)
		return
	}
	p.values(f, value, len(cookies), cookies[0].Value, nil)
}

// values stores the n values of a parameter, the first of them or all.
func (p *param) values(f *findings, value reflect.Value, n int, first string, many []string) {
	switch {
	case n == 0 && p.required:
		f.parameter(p.in, p.name, "is required")
	case n == 0:
		for _, text := range p.defaults {
			p.set(fieldOf(value, p.index), text)
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
func (p *param) one(f *findings, value reflect.Value, text string) {
	for _, err := range p.take(f, value, p.check, text) {
		f.parameter(p.in, p.name, err.Detail)
	}
}

// take stores a value, or returns what is wrong with it.
func (p *param) take(f *findings, value reflect.Value, k *check, text string) (wrong FieldErrors) {
	if !utf8.ValidString(text) {
		f.unreadable = true
		return FieldErrors{{Detail: "isn't valid UTF-8"}}
	}
	wrong = k.refusesText(text)
	if len(wrong) == 0 && !p.set(fieldOf(value, p.index), text) {
		return FieldErrors{{Detail: "isn't valid"}}
	}
	return wrong
}

// all stores several values.
func (p *param) all(f *findings, value reflect.Value, texts []string) {
	c := checking{}
	c.length(p.check, len(texts))
	if p.check.unique && p.hasTwice(texts) {
		c.wrong("must have no item twice")
	}
	for _, err := range c.errs {
		f.parameter(p.in, p.name, err.Detail)
	}
	for i, text := range texts {
		for _, err := range p.take(f, value, p.check.items, text) {
			f.parameter(p.in, p.name, "value "+strconv.Itoa(i+1)+" "+err.Detail)
		}
	}
}

// hasTwice tells whether two of the texts are equal, as numbers if they are to be
// some.
func (p *param) hasTwice(texts []string) bool {
	seen := map[string]bool{}
	for _, text := range texts {
		if isNumber(text) && p.check.items != nil && !p.check.items.kinds().has(stringType) {
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
func (k *check) refusesText(text string) FieldErrors {
	if k.acceptsAll() {
		return nil
	}
	kinds, alone := k.kinds(), k.ref == nil && len(k.anyOf) == 0
	switch isBool := text == "true" || text == "false"; {
	case kinds.has(stringType) && alone && !k.looksAtText():
		return nil
	case kinds.has(stringType) && alone:
		var c checking
		c.text(k, []byte(text))
		return c.errs
	case kinds.has(stringType):
		return k.check(quoteJSON(text))
	case isBool && kinds&booleanType != 0:
	case !isNumber(text), kinds&numericType == 0 && strings.ContainsAny(text, ".eE"):
		return FieldErrors{{Detail: "must be " + kinds.noun()}}
	case alone && kinds&(numericType|integerType) != 0 && acceptsFixed(k, text):
		return nil
	}
	return k.check([]byte(text))
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
