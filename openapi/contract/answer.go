package contract

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// An answer is a response as it was sent.
type answer struct {
	status int
	header http.Header
	body   []byte
	cut    bool // the body isn't all there
}

// checkAnswer returns how an answer violates the document.
func (c *Contract) checkAnswer(op *operation, method string, a *answer) (problems []string) {
	rs, name := op.declared(a.status)
	if rs == nil {
		return []string{fmt.Sprintf("the document has only %q", op.statuses())}
	}
	problems = c.checkHeaders(rs, name, a.header)
	empty := len(a.body) == 0 && a.header.Get("Content-Type") == ""
	switch {
	case method == http.MethodHead:
		return problems
	case a.status == http.StatusNoContent || a.status == http.StatusNotModified:
		if len(a.body) > 0 {
			problems = append(problems, "there is a body")
		}
		return problems
	case name == "default" && (empty || len(rs.content) == 0): // of which nothing may be known
		return problems
	case empty && len(rs.content) == 0:
		return problems
	case empty:
		if a.cut {
			return problems
		}
		return append(problems, "there is no body")
	case len(rs.content) == 0:
		return append(problems, "the document has no body")
	}
	return append(problems, c.checkBody(rs, a)...)
}

// checkHeaders checks the documented headers, and that there are no others.
func (c *Contract) checkHeaders(rs *response, name string, h http.Header) (problems []string) {
	for _, name := range slices.Sorted(maps.Keys(rs.headers)) {
		declared, values := rs.headers[name], h.Values(name)
		if len(values) == 0 && declared.required {
			problems = append(problems, fmt.Sprintf("there is no %s", name))
		}
		switch {
		case declared.schema == "" || len(values) == 0:
			continue
		case c.isList(declared.schema):
			if err := c.schemas.texts(declared.schema, elements(name, values)); err != nil {
				problems = append(problems, fmt.Sprintf("%s: %q: %v", name, values, err))
			}
			continue
		}
		for _, value := range values {
			if err := c.schemas.text(declared.schema, value); err != nil {
				problems = append(problems, fmt.Sprintf("%s: %q: %v", name, value, err))
			}
		}
	}
	if name == "default" && len(rs.headers) == 0 {
		return problems
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if _, ok := rs.headers[canonical(name)]; !ok && !c.headers[canonical(name)] && !strings.HasPrefix(name, http.TrailerPrefix) {
			problems = append(problems, fmt.Sprintf("the document doesn't have the header %s", name))
		}
	}
	return problems
}

// elements returns the elements of a header that is a list (RFC 9110 §5.6.1). Set-Cookie
// isn't one, but has a line for each.
func elements(name string, lines []string) (texts []string) {
	if name == "Set-Cookie" {
		return lines
	}
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			if element = strings.TrimSpace(element); element != "" {
				texts = append(texts, element)
			}
		}
	}
	return texts
}

// checkBody checks a body's media type and schema.
func (c *Contract) checkBody(rs *response, a *answer) (problems []string) {
	sent := mediaTypeOf(a.header)
	if !strings.Contains(sent, "/") {
		return []string{fmt.Sprintf("its Content-Type is %q", a.header.Get("Content-Type"))}
	}
	_, content, ok := choose(rs.content, sent)
	var err error
	switch {
	case !ok:
		return []string{fmt.Sprintf("it is %s, and the document has only %q", sent, slices.Sorted(maps.Keys(rs.content)))}
	case content.item != "" && !isJSON(sent) && !isEncoded(a.header):
		return c.checkItems(&content, sent, a)
	case content.schema == "" || a.cut || isEncoded(a.header):
		return nil
	case isJSON(sent):
		err = c.schemas.sent(content.schema, a.body)
	default:
		err = c.schemas.text(content.schema, string(a.body))
	}
	if err != nil {
		problems = append(problems, err.Error())
	}
	return problems
}

// checkItems checks the items of a stream, one per line or event. The last event of a
// stream, called end or problem, isn't an item.
func (c *Contract) checkItems(content *mediaType, sent string, a *answer) (problems []string) {
	body := a.body
	if a.cut {
		body = body[:bytes.LastIndexByte(body, '\n')+1]
	}
	pointer, name := content.item, ""
	for text := range bytes.SplitSeq(body, []byte("\n")) {
		if sent == "text/event-stream" {
			if called, ok := bytes.CutPrefix(text, []byte("event:")); ok {
				name = string(bytes.TrimPrefix(called, []byte(" ")))
			}
			var isData bool
			if text, isData = bytes.CutPrefix(text, []byte("data:")); !isData {
				continue
			}
			if name == "end" || name == "problem" {
				break
			}
			if len(content.events) > 0 {
				if pointer = content.events[name]; pointer == "" {
					problems = append(problems, fmt.Sprintf("the document doesn't have the event %q", name))
					name = ""
					continue
				}
			}
			name = ""
		}
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		if err := c.schemas.sent(pointer, text); err != nil {
			problems = append(problems, err.Error())
		}
	}
	return problems
}

func excerpt(body []byte) []byte { return body[:min(len(body), 2000)] }
