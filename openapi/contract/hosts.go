package contract

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strings"
)

// Servers are where operations are (OpenAPI 3.1.1 §4.8.5): a host, and a path in front of
// those of the document. Either may have variables.

// A server is one of the document's.
type server struct {
	host     string         // with the defaults of its variables, or "" for any
	hostname *regexp.Regexp // of a host in lower case, without a port unless it has one
	hasPort  bool
	base     *regexp.Regexp // of the path in front, or nil for none
}

// readServers returns the servers of an object.
func readServers(o object) (servers []*server) {
	for _, value := range list(o["servers"]) {
		s := members(value)
		address, _ := s["url"].(string)
		variables := members(s["variables"])
		rest := address
		read := &server{}
		if _, behind, ok := strings.Cut(address, "//"); ok {
			host, path, _ := strings.Cut(behind, "/")
			rest = "/" + path
			read.host = filled(host, variables)
			read.hasPort = portOf(host)
			read.hostname = templated(strings.ToLower(host), variables, "$")
		}
		if rest = strings.TrimSuffix(rest, "/"); strings.HasPrefix(rest, "/") {
			read.base = templated(rest, variables, "(?:/|$)")
		}
		servers = append(servers, read)
	}
	return servers
}

// portOf reports whether the last part of a host is a port.
func portOf(host string) bool {
	colon := strings.LastIndexByte(host, ':')
	return colon > strings.LastIndexByte(host, ']')
}

// filled returns a template with the defaults of its variables.
func filled(template string, variables object) string {
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		value, _ := members(variables[name])["default"].(string)
		template = strings.ReplaceAll(template, "{"+name+"}", value)
	}
	return template
}

// templated returns an expression for the texts that a template stands for.
func templated(template string, variables object, end string) *regexp.Regexp {
	var b strings.Builder
	for i, part := range strings.Split(template, "{") {
		name, literal, ok := strings.Cut(part, "}")
		if i == 0 || !ok {
			b.WriteString(regexp.QuoteMeta(part))
			continue
		}
		var values []string
		for _, value := range list(variableOf(variables, name)["enum"]) {
			values = append(values, regexp.QuoteMeta(fmt.Sprint(value)))
		}
		b.WriteString("(?:" + cmp.Or(strings.Join(values, "|"), "[^/]+") + ")" + regexp.QuoteMeta(literal))
	}
	return regexp.MustCompile("^" + b.String() + end)
}

// variableOf returns the variable of a name, whose case a host may have lost.
func variableOf(variables object, name string) object {
	for known, value := range variables {
		if strings.EqualFold(known, name) {
			return members(value)
		}
	}
	return nil
}

// is reports whether the server is on a host, which can have a port.
func (s *server) is(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil && !s.hasPort {
		if host = name; strings.Contains(name, ":") {
			host = "[" + name + "]"
		}
	}
	return s.hostname == nil || s.hostname.MatchString(strings.ToLower(strings.TrimSuffix(host, ".")))
}

// within returns a path without the one in front of those of the document, if it has that.
func (s *server) within(path string) (inner string, ok bool) {
	if s.base == nil {
		return "", false
	}
	at := s.base.FindStringIndex(path)
	if at == nil {
		return "", false
	}
	return "/" + path[at[1]:], true
}
