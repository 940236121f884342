package openloop

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// The placeholders of a request.
const (
	seqMark = "{seq}" // the number of the request, from 0
	runMark = "{run}" // Options.Run
)

// A Request is a template for requests. In its URL, its header and its body, {seq}
// stands for the number of the request, from 0, and {run} for [Options.Run].
type Request struct {
	Method string   // "" means POST if there is a body, else GET
	URL    string   // http or https
	Header []string // lines such as "Accept: text/plain"
	Body   string

	// Member names the member of a JSON body that identifies the request in the
	// Outcomes. Where the body has no such member, the whole of it does.
	Member string
}

// A template is a request as text, split at the placeholders.
type template struct {
	address string
	tls     bool
	head    bool // the method is HEAD
	fixed   int  // the length of all that stays the same

	header text
	body   [3]text // before the member that identifies it, the member, after it
}

// A text is pieces with the request's number between them.
type text []string

func cut(s string) text { return strings.Split(s, seqMark) }

func (t text) len(digits int) int {
	n := (len(t) - 1) * digits
	for _, piece := range t {
		n += len(piece)
	}
	return n
}

func (t text) append(b []byte, number string) []byte {
	b = append(b, t[0]...)
	for _, piece := range t[1:] {
		b = append(b, number...)
		b = append(b, piece...)
	}
	return b
}

// render appends a request to b, and returns the part that identifies it.
func (t *template) render(b []byte, seq int64) (request, member []byte) {
	var digits [20]byte
	number := string(strconv.AppendInt(digits[:0], seq, 10))
	length := 0
	for _, part := range t.body {
		length += part.len(len(number))
	}
	b = t.header.append(b, number)
	b = strconv.AppendInt(b, int64(length), 10)
	b = append(b, "\r\n\r\n"...)
	b = t.body[0].append(b, number)
	from := len(b)
	b = t.body[1].append(b, number)
	to := len(b)
	b = t.body[2].append(b, number)
	return b, b[from:to]
}

// compile checks a request and splits it.
func (r Request) compile(run string) (*template, error) {
	if r.Method == "" && r.Body != "" {
		r.Method = "POST"
	} else if r.Method == "" {
		r.Method = "GET"
	}
	t := &template{head: r.Method == "HEAD"}
	target, host, err := t.parseURL(strings.ReplaceAll(r.URL, runMark, run))
	if err != nil {
		return nil, err
	}
	if strings.Trim(r.Method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
		return nil, fmt.Errorf("the method %q isn't in capital letters", r.Method)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, target, host)
	for _, line := range r.Header {
		line = strings.ReplaceAll(line, runMark, run)
		if err := checkField(line); err != nil {
			return nil, err
		}
		b.WriteString(line + "\r\n")
	}
	b.WriteString("Content-Length: ")
	body := strings.ReplaceAll(r.Body, runMark, run)
	from, to := find(body, r.Member)
	t.header = cut(b.String())
	t.body = [3]text{cut(body[:from]), cut(body[from:to]), cut(body[to:])}
	t.fixed = b.Len() + len(body)
	return t, nil
}

// parseURL finds where to connect, and returns the parts of the request that depend on
// it.
func (t *template) parseURL(s string) (target, host string, err error) {
	scheme, rest, _ := strings.Cut(s, "://")
	host, target = rest, "/"
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host, target = rest[:i], rest[i:]
	}
	u, err := url.Parse(scheme + "://" + host)
	if err != nil || u.Host == "" || u.User != nil || scheme != "http" && scheme != "https" {
		return "", "", fmt.Errorf("the URL %q isn't of the form http://host/path or https://host/path", s)
	}
	if strings.ContainsFunc(target, func(c rune) bool { return c <= ' ' || c == '#' || c >= 0x7f }) {
		return "", "", fmt.Errorf("the path of the URL %q isn't escaped", s)
	}
	if target[0] == '?' {
		target = "/" + target
	}
	t.tls = scheme == "https"
	port := u.Port()
	if port == "" {
		port = scheme
	}
	t.address = net.JoinHostPort(u.Hostname(), port)
	return target, u.Host, nil
}

func checkField(line string) error {
	name, _, ok := strings.Cut(line, ":")
	if !ok || name == "" || strings.ContainsAny(name, " \t") || strings.ContainsAny(line, "\r\n\x00") {
		return fmt.Errorf("the header %q isn't of the form Name: value", line)
	}
	switch strings.ToLower(name) {
	case "host", "content-length", "transfer-encoding", "connection":
		return fmt.Errorf("the header %q is set by itself", name)
	}
	return nil
}

// find returns where the value of a member begins and ends in a JSON object, or the whole
// text if there is no such member. Digits of the same length take the place of the mark.
func find(body, member string) (from, to int) {
	filled := []byte(strings.ReplaceAll(body, seqMark, strings.Repeat("1", len(seqMark))))
	d := jsontext.NewDecoder(bytes.NewReader(filled), jsontext.AllowDuplicateNames(true))
	from, to, err := findMember(d, member)
	if err != nil {
		return 0, len(body)
	}
	return from, to
}

var errNoMember = errors.New("no such member")

func findMember(d *jsontext.Decoder, member string) (from, to int, err error) {
	if d.PeekKind() != '{' {
		return 0, 0, errNoMember
	}
	if _, err := d.ReadToken(); err != nil {
		return 0, 0, err
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return 0, 0, err
		}
		found := name.String() == member
		value, err := d.ReadValue()
		if err != nil {
			return 0, 0, err
		}
		if found {
			to = int(d.InputOffset())
			from = to - len(value)
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return 0, 0, err
	}
	if to == 0 || d.PeekKind() != 0 {
		return 0, 0, errNoMember
	}
	return from, to, nil
}
