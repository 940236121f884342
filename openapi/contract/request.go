package contract

import (
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A request is a request as it was sent.
type request struct {
	*http.Request
	path string // as it was asked for: a mux may have cut it
	body []byte
	cut  bool // the body isn't all there
}

// checkRequest returns how a request violates the document, and which of the parameters
// were sent.
func (c *Contract) checkRequest(op *operation, r *request) (problems []string, sent []*parameter) {
	for _, p := range op.parameters {
		texts := op.texts(p, r)
		if len(texts) == 0 {
			if p.required && p.in != "path" { // a part of a path that was cut can't be told
				problems = append(problems, fmt.Sprintf("%s %s is missing", p.in, p.name))
			}
			continue
		}
		sent = append(sent, p)
		if p.schema == "" {
			continue
		}
		if err := c.checkParameter(p, texts); err != nil {
			problems = append(problems, fmt.Sprintf("%s %s: %v", p.in, p.name, err))
		}
	}
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		problems = append(problems, fmt.Sprintf("the query: %v", err))
	}
	if problem := c.checkRequestBody(op, r); problem != "" {
		problems = append(problems, problem)
	}
	return problems, sent
}

// texts returns a parameter's values in a request.
func (op *operation) texts(p *parameter, r *request) []string {
	switch p.in {
	case "path":
		return op.wildcard(p.name, r.path)
	case "query":
		query := r.URL.Query()
		if p.each == "" && p.skipsEmpty {
			return slices.DeleteFunc(query[p.name], func(text string) bool { return text == "" })
		}
		if p.each == "" {
			return query[p.name]
		}
		var texts []string
		for _, name := range slices.Sorted(maps.Keys(query)) {
			if member, ok := strings.CutSuffix(strings.TrimPrefix(name, p.name+"["), "]"); ok && strings.HasPrefix(name, p.name+"[") {
				for _, text := range query[name] {
					texts = append(texts, member+"="+text)
				}
			}
		}
		return texts
	case "header":
		return r.Header.Values(p.name)
	case "cookie":
		var texts []string
		for _, cookie := range r.CookiesNamed(p.name) {
			texts = append(texts, cookie.Value)
		}
		return texts
	}
	return nil
}

// wildcard returns the value of a wildcard in a path. A wildcard in the last segment
// takes the rest of the path, as a mux's {name...} does.
func (op *operation) wildcard(name, path string) []string {
	segments, wanted := strings.Split(path, "/"), strings.Split(op.path, "/")
	for i, segment := range wanted {
		if segment != "{"+name+"}" || i >= len(segments) {
			continue
		}
		text := segments[i]
		if i == len(wanted)-1 {
			text = strings.Join(segments[i:], "/")
		}
		if decoded, err := url.PathUnescape(text); err == nil {
			text = decoded
		}
		return []string{text}
	}
	return nil
}

func (c *Contract) checkParameter(p *parameter, texts []string) error {
	if p.each != "" {
		return c.checkMembers(p, texts)
	}
	if !c.isList(p.schema) {
		return c.schemas.text(p.schema, texts[0])
	}
	if p.joined {
		var split []string
		for _, text := range texts {
			for part := range strings.SplitSeq(text, ",") {
				split = append(split, strings.TrimSpace(part))
			}
		}
		texts = split
	}
	return c.schemas.texts(p.schema, texts)
}

// checkMembers checks an object in the query, of which each text is name=value.
func (c *Contract) checkMembers(p *parameter, texts []string) error {
	all := map[string][]string{}
	for _, text := range texts {
		name, value, _ := strings.Cut(text, "=")
		if name == "" || strings.ContainsAny(name, "[]") {
			return fmt.Errorf("%q isn't the name of a member", name)
		}
		all[name] = append(all[name], value)
	}
	s := members(lookUp(c.document, p.schema))
	if least, most := count(s["minProperties"], 0), count(s["maxProperties"], -1); len(all) < least || most >= 0 && len(all) > most {
		return fmt.Errorf("it has %d members", len(all))
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		member := &parameter{schema: p.each}
		if len(all[name]) > 1 && !c.isList(p.each) {
			return fmt.Errorf("%q is there %d times", name, len(all[name]))
		}
		if err := c.checkParameter(member, all[name]); err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
	}
	return nil
}

// isList reports whether a schema describes an array.
func (c *Contract) isList(at string) bool {
	return (reader{members(c.document)}).isList(lookUp(c.document, at), 0)
}

func (r reader) isList(schema any, depth int) bool {
	s, _ := r.follow(schema, "")
	return s["type"] == "array" || s["items"] != nil || slices.Contains(list(s["type"]), any("array")) ||
		depth < 3 && slices.ContainsFunc(slices.Concat(list(s["anyOf"]), list(s["oneOf"]), list(s["allOf"])), func(part any) bool { return r.isList(part, depth+1) })
}

// checkRequestBody returns the problem with a body, or "".
func (c *Contract) checkRequestBody(op *operation, r *request) string {
	switch {
	case op.body == nil || r.cut || isEncoded(r.Header):
		return ""
	case len(r.body) == 0:
		if op.body.required {
			return "the body is missing"
		}
		return ""
	}
	sent := mediaTypeOf(r.Header)
	name, content, ok := choose(op.body.content, sent)
	switch {
	case !ok:
		return fmt.Sprintf("the body is %q, and the document has only %q", sent, slices.Sorted(maps.Keys(op.body.content)))
	case content.schema == "" || !isJSON(sent) && !isJSON(name):
		return ""
	}
	if err := c.schemas.json(content.schema, r.body); err != nil {
		return fmt.Sprintf("the body: %v", err)
	}
	return ""
}

// isEncoded reports whether a body is compressed, so that the document doesn't
// describe its bytes.
func isEncoded(h http.Header) bool {
	encoding := h.Get("Content-Encoding")
	return encoding != "" && !strings.EqualFold(encoding, "identity")
}

func mediaTypeOf(h http.Header) string {
	mediaType, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return h.Get("Content-Type")
	}
	return mediaType
}

// choose returns the entry for a media type, or for a range that it is in.
func choose(content map[string]mediaType, sent string) (string, mediaType, bool) {
	major, _, _ := strings.Cut(sent, "/")
	for _, candidate := range []string{sent, major + "/*", "*/*"} {
		for name, m := range content {
			if base, _, _ := strings.Cut(name, ";"); strings.TrimSpace(base) == candidate {
				return candidate, m, true
			}
		}
	}
	return "", mediaType{}, false
}

func isJSON(mediaType string) bool {
	return mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}
