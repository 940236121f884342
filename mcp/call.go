package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

var errOrigin = errors.New("pages of this origin may not call tools")

// passedOn are the headers of a caller that each handler gets: those that identify the
// caller, and those of traces and proxies.
func passedOn() []string {
	return []string{
		"Authorization", "User-Agent", "X-Request-Id", "Traceparent", "Tracestate", "Baggage",
		"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip",
	}
}

// call calls the handler, and returns its response.
func (s *Server) call(ctx context.Context, t *tool, rq *mcp.CallToolRequest) *mcp.CallToolResult {
	by, _ := ctx.Value(callerKey{}).(*caller)
	if by == nil {
		by = &caller{}
	}
	ctx, leave := context.WithCancelCause(ctx)
	defer leave(nil)
	if by.request != nil { // who has gone, hears no answer
		stop := context.AfterFunc(by.request.Context(), func() { leave(by.request.Context().Err()) })
		defer stop()
	}
	r, err := s.request(ctx, t, by, rq.Params.Arguments)
	if err != nil {
		return failure("%v", err)
	}
	w := newWriter(s, t, leave)
	if t.items != nil {
		defer w.listen(ctx, rq)()
	}
	w.serve(s.handler, r)
	return s.result(t, w)
}

// request returns the request to the handler. If an argument can't be part of one, the
// error says which and why.
func (s *Server) request(ctx context.Context, t *tool, by *caller, raw json.RawMessage) (*http.Request, error) {
	arguments, err := t.read(raw)
	if err != nil {
		return nil, err
	}
	path, query, header := t.path, url.Values{}, http.Header{}
	var body json.RawMessage
	var ofHost []string
	host := argument{name: "host"} // of which there may be none
	for _, a := range t.arguments {
		if a.in == "host" {
			host = a
		}
		value, ok := arguments[a.name]
		if !ok {
			if a.in == "path" {
				return nil, fmt.Errorf("the argument %q is required", a.name)
			}
			continue
		}
		if a.in == "body" {
			body = value
			continue
		}
		if a.object {
			if err := a.members(query, value); err != nil {
				return nil, err
			}
			continue
		}
		texts, err := textsOf(value)
		if err != nil {
			return nil, fmt.Errorf("the argument %q %w", a.name, err)
		}
		switch a.in {
		case "path":
			escaped, err := t.escape(a, texts)
			if err != nil {
				return nil, fmt.Errorf("the argument %q %w", a.name, err)
			}
			path = strings.Replace(path, "{"+a.parameter+"}", escaped, 1)
		case "host":
			ofHost = texts
		case "query":
			if query[a.parameter] = texts; a.joined {
				query[a.parameter] = []string{strings.Join(texts, ",")}
			}
		case "header", "cookie":
			if err := a.put(header, texts); err != nil {
				return nil, fmt.Errorf("the argument %q %w", a.name, err)
			}
		}
	}
	t.identifyByQuery(query, by)
	r, err := s.assemble(ctx, t, by, &url.URL{RawPath: path, RawQuery: query.Encode()}, header, body)
	if err != nil {
		return nil, err
	}
	if r.Host, err = t.hostOf(r.Host, ofHost); err != nil {
		return nil, fmt.Errorf("the argument %q %w", host.name, err)
	}
	return r, nil
}

// members adds the members of an object to a query, each as a parameter of its own.
func (a argument) members(query url.Values, value json.RawMessage) error {
	var all map[string]json.RawMessage
	if json.Unmarshal(value, &all) != nil {
		return fmt.Errorf("the argument %q must be an object", a.name)
	}
	for name, value := range all {
		if string(value) == "null" {
			continue
		}
		texts, err := textsOf(value)
		if err != nil {
			return fmt.Errorf("the argument %q: %q %w", a.name, name, err)
		}
		query[a.parameter+"["+name+"]"] = texts
	}
	return nil
}

// read returns the arguments by name. Only the tool's own arguments are allowed, and null
// counts as absent.
func (t *tool) read(raw json.RawMessage) (map[string]json.RawMessage, error) {
	arguments := map[string]json.RawMessage{}
	if len(raw) > 0 && json.Unmarshal(raw, &arguments) != nil {
		return nil, errors.New("the arguments aren't an object")
	}
	var known []string
	for _, a := range t.arguments {
		known = append(known, a.name)
		if string(arguments[a.name]) == "null" && a.in != "body" {
			delete(arguments, a.name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(arguments)) {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("there is no argument %q; there are %q", name, known)
		}
	}
	return arguments, nil
}

// textsOf returns the texts of a parameter: one text, or those of an array.
func textsOf(value json.RawMessage) ([]string, error) {
	var elements []json.RawMessage
	if json.Unmarshal(value, &elements) != nil {
		elements = []json.RawMessage{value}
	}
	texts := []string{}
	for _, element := range elements {
		var text string
		switch {
		case json.Unmarshal(element, &text) == nil && element[0] == '"':
		case element[0] == '{' || element[0] == '[' || string(element) == "null":
			return nil, errors.New("must be a string, a number, a boolean, or a list of these")
		default:
			text = string(element)
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// escape returns an argument as part of the path: one segment, whatever its characters, or
// more if the wildcard allows that. It refuses dot segments and empty ones, which would
// lead elsewhere.
func (t *tool) escape(a argument, texts []string) (string, error) {
	whole := strings.Join(texts, ",")
	segments := []string{whole}
	if t.rest && strings.HasSuffix(t.path, "{"+a.parameter+"}") {
		segments = strings.Split(whole, "/")
	}
	for i, segment := range segments {
		if segment == "" || segment == "." || segment == ".." {
			return "", fmt.Errorf("is %q, which can't be in a path: a segment is neither empty nor one or two dots", whole)
		}
		segments[i] = url.PathEscape(segment)
	}
	return strings.Join(segments, "/"), nil
}

// put sets a header or a cookie, unless the texts would be read as more than its value.
func (a argument) put(header http.Header, texts []string) error {
	whole := strings.Join(texts, ",")
	bad := func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7F }
	if a.in == "cookie" {
		bad = func(c rune) bool { return c <= ' ' || c >= 0x7F || strings.ContainsRune(`",;\`, c) }
	}
	if strings.ContainsFunc(whole, bad) {
		return fmt.Errorf("has a character that can't be in a %s", a.in)
	}
	if a.in == "cookie" {
		if old := header.Get("Cookie"); old != "" {
			whole = old + "; " + a.parameter + "=" + whole
		} else {
			whole = a.parameter + "=" + whole
		}
		header.Set("Cookie", whole)
		return nil
	}
	header.Set(a.parameter, textproto.TrimString(whole))
	return nil
}

// assemble returns the request as a server would read it from the caller.
func (s *Server) assemble(ctx context.Context, t *tool, by *caller, u *url.URL, header http.Header, body json.RawMessage) (*http.Request, error) {
	var err error
	if u.Path, err = url.PathUnescape(u.RawPath); err != nil {
		return nil, err // a template that isn't escaped as it should be
	}
	if !strings.HasPrefix(u.RawPath, "/") {
		return nil, errors.New("the path doesn't begin with a slash")
	}
	r := (&http.Request{
		Method: t.method, URL: u, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: http.NoBody, Host: "localhost", RemoteAddr: "127.0.0.1:0", RequestURI: u.RequestURI(),
	}).WithContext(ctx)
	if by.request != nil {
		r.Host, r.RemoteAddr, r.TLS = by.request.Host, by.request.RemoteAddr, by.request.TLS
	}
	header.Set("Accept", t.accept)
	for _, name := range slices.Concat(passedOn(), s.options.Headers) {
		if values := by.header.Values(name); len(values) > 0 {
			header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
		}
	}
	t.identify(header, by.header)
	if len(body) == 0 {
		return r, nil
	}
	contentType, content := t.mediaType, []byte(body)
	switch {
	case t.form != nil || t.whole != nil:
		if contentType, content, err = t.encode(body); err != nil {
			return nil, err
		}
	case !isJSON(t.mediaType):
		var plain string
		if err := json.Unmarshal(body, &plain); err != nil {
			return nil, errors.New(`the argument "body" must be a string`)
		}
		content = []byte(plain)
	}
	header.Set("Content-Type", contentType)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(content)), int64(len(content))
	return r, nil
}

// identifyByQuery copies the keys that the operation requires in the query from that of the
// caller.
func (t *tool) identifyByQuery(query url.Values, by *caller) {
	if by.request == nil {
		return
	}
	given := by.request.URL.Query()
	for _, k := range t.keys {
		if values := given[k.name]; k.in == "query" && len(values) > 0 {
			query[k.name] = values
		}
	}
}

// identify copies the keys that the operation requires from the caller.
func (t *tool) identify(header, by http.Header) {
	for _, k := range t.keys {
		switch k.in {
		case "header":
			if values := by.Values(k.name); len(values) > 0 {
				header[http.CanonicalHeaderKey(k.name)] = slices.Clone(values)
			}
		case "cookie":
			for _, cookie := range (&http.Request{Header: by}).CookiesNamed(k.name) {
				header.Add("Cookie", cookie.Name+"="+cookie.Value)
			}
		}
	}
}
