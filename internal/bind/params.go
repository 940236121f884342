package bind

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/internal/trie"
)

// How a request becomes an input.

// Bind decodes the request into the value that target points to, and calls its
// Validators. The error is an [*Invalid], one with a status from a type or Validator of
// the user's, or a plain one if the tree of handlers is wrong.
func (in *Plan) Bind(ctx context.Context, target any, w http.ResponseWriter, r *http.Request) error {
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
	at := Finding{}
	if len(in.params) > 0 {
		at.In = inRequest
	}
	return in.validate.run(ctx, target, at, in.rules)
}

// A seen is what a query has for a parameter.
type seen struct {
	n     int
	first string
}

// bindParams returns an error if the tree of handlers is wrong.
func (in *Plan) bindParams(f *findings, value reflect.Value, r *http.Request) error {
	var buf [8]seen
	queries := buf[:]
	if in.queries && len(in.params) > len(buf) {
		queries = make([]seen, len(in.params))
	}
	if r.URL.RawQuery != "" && (in.queries || in.isStrict(r)) {
		in.parseQuery(f, queries, r)
	}
	for i := range in.params {
		p := &in.params[i]
		switch p.In {
		case "path":
			text := trie.ValueOf(r, p.Name)
			if text == "" && !p.isWildcardOf(r) {
				return fmt.Errorf("tigertonic: nothing on the way has the wildcard {%s}", p.Name)
			}
			p.one(f, value, text)
		case "query":
			if p.Each != nil {
				p.bindMap(f, value, in.params, r.URL.RawQuery)
				continue
			}
			list := valueList{params: in.params, in: p.In, param: i, query: r.URL.RawQuery}
			if p.Joined && queries[i].n > 0 {
				list.query, list.joined = "", queries[i].first
				list.trailing = list.joined == ""
				if queries[i].n == 1 {
					queries[i].n = strings.Count(list.joined, ",") + 1
				} else {
					f.parameter("query", p.Name, check.Violation{Detail: "must be there only once, with commas between its values"})
					continue
				}
			}
			p.values(f, value, queries[i].n, queries[i].first, list)
		case "header":
			if p.Canonical == "Host" { // net/http keeps it apart
				p.one(f, value, r.Host)
				continue
			}
			p.fromHeader(f, value, r.Header[p.Canonical])
		case "cookie":
			p.fromCookies(f, value, r.Header["Cookie"])
		}
	}
	return f.own
}

// isWildcardOf reports whether the request's pattern has the wildcard, or might have:
// another router may not set the pattern.
func (p *Param) isWildcardOf(r *http.Request) bool {
	if p.Namespace || r.Pattern == "" {
		return !p.Namespace
	}
	for _, after := range strings.Split(r.Pattern, "{"+p.Name)[1:] {
		if after != "" && strings.IndexByte("}.:", after[0]) >= 0 { // chi has {name:regexp}
			return true
		}
	}
	return false
}

// isStrict reports whether unknown query parameters of the request are refused.
func (in *Plan) isStrict(r *http.Request) bool {
	return in.RefusesOtherQueries(false) ||
		in.rules.StrictQuery != nil && in.RefusesOtherQueries(true) && in.rules.StrictQuery(r.Context())
}

// parseQuery finds the query's parameters that have fields. However many values there
// are, it keeps only the first of each.
func (in *Plan) parseQuery(f *findings, queries []seen, r *http.Request) {
	lenient := false // once an unknown one has been met
	for query := r.URL.RawQuery; query != ""; {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		i, value, ok := pairOf(in.params, "query", pair)
		if !ok {
			f.unreadable()
			if i < 0 {
				f.parameter("query", "", check.Violation{Detail: "a name isn't percent-encoded as it should be"})
			} else {
				f.parameter("query", in.params[i].Name, check.Violation{Detail: "isn't percent-encoded as it should be"})
			}
			continue
		}
		if i == unknownPair && !lenient && pair != "" && f.count() < check.MaxViolations {
			if lenient = !in.isStrict(r); !lenient {
				in.refuseOther(f, pair, r)
			}
		}
		if i < 0 {
			continue
		}
		queries[i].n++
		if queries[i].n == 1 {
			queries[i].first = value
		}
	}
}

// refuseOther adds a finding for an unknown query parameter, which lists the known ones.
func (in *Plan) refuseOther(f *findings, pair string, r *http.Request) {
	name, _, _ := strings.Cut(pair, "=")
	name, _ = unescapeQuery(name) // pairOf could
	if in.rules.OwnQuery != nil && in.rules.OwnQuery(r, name) {
		return
	}
	var known []string
	for i := range in.params {
		switch p := &in.params[i]; {
		case p.In != "query":
		case p.Each != nil:
			known = append(known, p.Each.Name)
		default:
			known = append(known, p.Name)
		}
	}
	detail := "isn't known: there are no parameters of the query"
	if known != nil {
		detail = "isn't known: there are " + strings.Join(known, ", ")
	}
	f.unreadable()
	f.parameter("query", shortName(name), check.Violation{Detail: detail})
}

const (
	unknownPair = -1
	emptyPair   = -2 // an empty text that counts as none
)

// pairOf returns which of the params in a place a pair of name and value belongs to, or
// one of the constants, and its value. It reports false if the percent-encoding of either
// is malformed.
func pairOf(params []Param, place, pair string) (i int, value string, ok bool) {
	name, value, _ := strings.Cut(pair, "=")
	if name, ok = unescapeQuery(name); !ok {
		return unknownPair, "", false
	}
	for i = range params {
		if p := &params[i]; p.In == place && p.isCalled(name) {
			if value == "" && p.skipsEmpty {
				return emptyPair, "", true
			}
			value, ok = unescapeQuery(value)
			return i, value, ok
		}
	}
	return unknownPair, "", true
}

// A valueList is the values of one parameter, as they are in a query or a form, which
// has no lines, or in a header.
type valueList struct {
	params   []Param
	in       string
	param    int
	query    string
	texts    []string // of a multipart form
	joined   string   // with commas between them
	trailing bool     // an empty text behind the last comma is left
	lines    []string
	line     string
}

// next takes the next value from the list.
func (l *valueList) next() (value string, ok bool) {
	for l.query != "" {
		var pair string
		pair, l.query, _ = strings.Cut(l.query, "&")
		if i, value, ok := pairOf(l.params, l.in, pair); ok && i == l.param {
			return value, true
		}
	}
	if l.joined != "" {
		value, l.joined, ok = strings.Cut(l.joined, ",")
		l.trailing = ok && l.joined == ""
		return value, true
	}
	if l.trailing {
		l.trailing = false
		return "", true
	}
	if len(l.texts) > 0 {
		value, l.texts = l.texts[0], l.texts[1:]
		return value, true
	}
	for l.line != "" || len(l.lines) > 0 { // RFC 9110 §5.3
		if l.line == "" {
			l.line, l.lines = l.lines[0], l.lines[1:]
		}
		if value, l.line = httpfield.CutElement(l.line, ','); value != "" {
			return value, true
		}
	}
	return "", false
}

func unescapeQuery(s string) (string, bool) {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s, true
	}
	s, err := url.QueryUnescape(s)
	return s, err == nil
}

func (p *Param) fromHeader(f *findings, value reflect.Value, lines []string) {
	if !p.Many {
		first := ""
		if len(lines) > 0 {
			first = lines[0]
		}
		if p.IsDate && httpfield.IgnoresDate(p.Canonical) {
			if _, err := http.ParseTime(strings.TrimSpace(first)); err != nil || len(lines) > 1 {
				lines = nil
			}
		}
		p.values(f, value, len(lines), first, valueList{})
		return
	}
	n, list := 0, valueList{lines: lines}
	for _, ok := list.next(); ok; _, ok = list.next() {
		n++
	}
	p.values(f, value, n, "", valueList{lines: lines})
}

func (p *Param) fromCookies(f *findings, value reflect.Value, lines []string) {
	n, first, malformed := 0, "", false
	for _, line := range lines {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			if name, text, _ := strings.Cut(textproto.TrimString(pair), "="); textproto.TrimString(name) == p.Name {
				text, ok := CookieValue(text)
				if malformed = malformed || !ok; n == 0 {
					first = text
				}
				n++
			}
		}
	}
	if malformed {
		f.unreadable()
		f.parameter("cookie", p.Name, check.Violation{Detail: "has characters that a cookie can't have (RFC 6265 §4.1.1)"})
		return
	}
	p.values(f, value, n, first, valueList{})
}

// CookieValue returns the text of a cookie-value, and whether it is well-formed. Like
// net/http, it allows spaces and commas.
func CookieValue(text string) (value string, ok bool) {
	if n := len(text); n > 1 && text[0] == '"' && text[n-1] == '"' {
		text = text[1 : n-1]
	}
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return "", false
		}
	}
	return text, true
}

// values stores the n values of a parameter, the first of them or all.
func (p *Param) values(f *findings, value reflect.Value, n int, first string, many valueList) {
	switch {
	case n == 0 && p.Required:
		f.parameter(p.In, p.Name, check.Violation{Keyword: "required", Detail: "is required"})
	case n == 0:
		for _, text := range p.Defaults {
			_ = p.set(jsontype.FieldOf(value, p.Index), text) // it was tried when the handler was made
		}
	case p.Many:
		p.all(f, value, n, many)
	case n > 1:
		f.parameter(p.In, p.Name, check.Violation{Detail: "must be there only once"})
	default:
		p.one(f, value, first)
	}
}

// one stores a value.
func (p *Param) one(f *findings, value reflect.Value, text string) {
	wrong := f.refuses(p.check, text)
	if len(wrong) == 0 {
		wrong = p.store(f, value, text)
	}
	for _, err := range wrong {
		f.parameter(p.In, p.Name, err)
	}
}

// refuses returns what is wrong with a text.
func (f *findings) refuses(k *check.Check, text string) []check.Violation {
	if !utf8.ValidString(text) {
		f.unreadable()
		return []check.Violation{{Detail: "isn't valid UTF-8"}}
	}
	return k.TextViolations(text)
}

// store stores a value that the check accepts, or returns its type's objection.
func (p *Param) store(f *findings, value reflect.Value, text string) []check.Violation {
	err := p.set(jsontype.FieldOf(value, p.Index), text)
	if err == nil {
		return nil
	}
	if equiv, ok := errors.AsType[statusError](err); ok && f.own == nil {
		f.own = equiv
	}
	if p.IsDate {
		return []check.Violation{{Keyword: "format", Limit: `"http-date"`, Detail: "must be a date of HTTP, such as Tue, 01 Dec 2026 12:00:00 GMT"}}
	}
	return []check.Violation{{Detail: ownText(p.Elem, err, p.rules.Printable)}}
}

// all checks the n values of a parameter, and stores them unless they are too many.
func (p *Param) all(f *findings, value reflect.Value, n int, texts valueList) {
	for _, err := range p.check.ListViolations(n, p.check.IsUnique() && p.hasTwice(texts)) {
		f.parameter(p.In, p.Name, err)
	}
	tooMany := p.check.MaxItems() >= 0 && n > p.check.MaxItems()
	if !tooMany && p.Elem.Size() <= maxAhead {
		codec.List(jsontype.FieldOf(value, p.Index), true).Grow(n)
	}
	for i := 1; ; i++ {
		text, ok := texts.next()
		if !ok || f.count() >= check.MaxViolations { // nobody is told more
			return
		}
		wrong := f.refuses(p.check.Items(), text)
		if len(wrong) == 0 && !tooMany {
			wrong = p.store(f, value, text)
		}
		for _, err := range wrong {
			err.Detail = "value " + strconv.Itoa(i) + " " + err.Detail
			f.parameter(p.In, p.Name, err)
		}
	}
}

// maxAhead is how many bytes of values get memory before they are known to be valid.
const maxAhead = 32

// hasTwice reports whether two of the texts are equal; numbers are compared as numbers.
func (p *Param) hasTwice(texts valueList) bool {
	numbers := p.check.Items() != nil && !p.check.Items().TakesStrings()
	known := map[string]struct{}{}
	for text, ok := texts.next(); ok; text, ok = texts.next() {
		if numbers && jsonscan.IsNumber(text) {
			text = string(jsonscan.ParseNumber([]byte(text)).AppendCanonical(nil))
		}
		if _, twice := known[text]; twice {
			return true
		}
		known[text] = struct{}{}
	}
	return false
}
