package mcp

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
)

// A host is a host that an operation is on, as a server of the document has it: with the
// name of a wildcard between two texts, or without one.
type host struct{ before, wildcard, after string }

// readHost returns the host of a server's URL, "//{site}.example.com".
func readHost(server string) host {
	_, name, _ := strings.Cut(server, "//")
	name, _, _ = strings.Cut(name, "/")
	before, rest, ok := strings.Cut(name, "{")
	if !ok {
		return host{before: name}
	}
	wildcard, after, _ := strings.Cut(rest, "}")
	return host{before, wildcard, after}
}

// is reports whether the name of a host, as a request has it, is this one.
func (h host) is(name string) bool {
	if bare, _, err := net.SplitHostPort(name); err == nil {
		name = bare
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if h.wildcard == "" {
		return name == strings.ToLower(strings.Trim(h.before, "[]"))
	}
	value, ok := strings.CutPrefix(name, h.before)
	if ok {
		value, ok = strings.CutSuffix(value, h.after)
	}
	return ok && h.takes(value)
}

// takes reports whether the wildcard may have a value: a label of the name, or all of it that
// is behind another.
func (h host) takes(value string) bool {
	for label := range strings.SplitSeq(value, ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return h.after == "" || strings.IndexByte(value, '.') < 0
}

// hostOf returns the host that the tool is called on: the one with the value of its wildcard
// that the agent gives, or the one that the agent has called, or the first.
func (t *tool) hostOf(called string, texts []string) (string, error) {
	for _, h := range t.hosts {
		if h.wildcard != "" && texts != nil {
			value := strings.ToLower(strings.Join(texts, ","))
			if !h.takes(value) {
				return "", fmt.Errorf("is %q, which can't be part of a host name", value)
			}
			return h.before + value + h.after, nil
		}
	}
	if len(t.hosts) == 0 || slices.ContainsFunc(t.hosts, func(h host) bool { return h.is(called) }) {
		return called, nil
	}
	if t.hosts[0].wildcard != "" {
		return "", errors.New("is required")
	}
	return t.hosts[0].before, nil
}
