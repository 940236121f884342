package tigertonic

import (
	"fmt"
	"net/http"
	"net/netip"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/rcrowley/go-tigertonic/internal/call"
	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/trie"
)

// HostServeMux routes requests by the name of the host, which is r.Host or, if that is
// empty, r.URL.Host. Case, a trailing dot and a port make no difference. A malformed
// host gets a 400 and an unknown one a 404, through [ResponseErrorWriter].
//
// A name may have one wildcard, whose value handlers read with r.PathValue or
// [PathValue], in lower case. It gives way to a wildcard of that name in the path.
//
//	{site}.example.com  any one label in front of example.com
//	api.{domain...}     any labels behind api
//
// A name without a wildcard wins over both, and the first kind over the second. Neither
// matches an IP address, a host with an empty label, or one that is longer than names
// in DNS may be (RFC 1035 §2.3.4). A label such as xn--mnchen-3ya is passed on as it
// stands: nothing is decoded.
//
// A map that is made without [HostServeMux.Handle] has names in lower case,
// without trailing dots, ports and the brackets of IPv6, and no wildcards. In the map,
// a name with a wildcard has an asterisk in its place. A nil map has no hosts and
// can't be added to.
// Register everything before serving; after that a HostServeMux may be
// used by any number of goroutines.
type HostServeMux map[string]http.Handler

// NewHostServeMux returns a mux without hosts.
func NewHostServeMux() HostServeMux { return HostServeMux{} }

// Handle registers the handler for a host. It panics if the name isn't
// well-formed, if it has a handler already, or one that differs only in the name of its
// wildcard does, or if the handler is nil, leads back to this mux or has an Unwrap that
// leads in a circle.
func (mux HostServeMux) Handle(hostname string, h http.Handler) {
	host, wild, problem, offset := parseHost(hostname)
	switch {
	case problem != "":
	case isMissing(h):
		problem = "the handler is nil"
	case endless(h):
		problem = "what the handler's Unwrap returns leads in a circle"
	case mux[host] != nil:
		name, old := mux.entry(host)
		problem, offset = fmt.Sprintf("conflicts with the handler %s that %q has already", nameOfHandler(old), name), 0
	case reaches(h, mux.is):
		problem = "the handler leads back to this mux with the same host"
	}
	if problem != "" {
		panic(fmt.Sprintf("tigertonic: host %q: at offset %d: %s (registered at %v)", hostname, offset, problem, callsite.Caller()))
	}
	if wild != nil {
		wild.handler = h
		h = wild
	}
	mux[host] = h
}

// parseHost returns a host as it is in the map, with its wildcard if it has one, or what is
// wrong with it and where.
func parseHost(hostname string) (host string, wild *wildHost, problem string, offset int) {
	if at := strings.IndexAny(hostname, "{}"); at >= 0 {
		wild, problem = parseWildHost(hostname)
		host = wild.key()
		return host, wild, problem, at
	}
	host, ok := normalizeHost(hostname)
	switch {
	case !ok && strings.ContainsFunc(hostname, func(c rune) bool { return c >= utf8.RuneSelf }):
		problem = "not the name of a host in ASCII, such as xn--mnchen-3ya.de"
	case !ok || host == "":
		problem = "not the name of a host"
	}
	return host, nil, problem, 0
}

// HandleFunc registers a function, as [HostServeMux.Handle] does a handler.
func (mux HostServeMux) HandleFunc(hostname string, f func(http.ResponseWriter, *http.Request)) {
	mux.Handle(hostname, http.HandlerFunc(f))
}

// Handler returns the handler for the request and the name of its host, as the client
// has it, and sets the path value of the host's wildcard. For a
// host that isn't known it is a [NotFoundHandler], for one that isn't well-formed
// a handler that answers 400, and the name is "".
func (mux HostServeMux) Handler(r *http.Request) (h http.Handler, hostname string) {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	hostname, ok := normalizeHost(host)
	if !ok {
		return badHostHandler{host}, ""
	}
	if h := mux[hostname]; h != nil {
		return h, hostname
	}
	if wild, value := mux.wild(hostname); wild != nil {
		r.SetPathValue(wild.name, value)
		if r.Pattern == "" {
			r.Pattern = trie.EverythingBelow // so that a mux sets its wildcards of that name, too
		}
		return wild.handler, hostname
	}
	return NotFoundHandler{}, ""
}

// ServeHTTP calls the handler for the request.
func (mux HostServeMux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, _ := mux.Handler(r)
	h.ServeHTTP(w, r)
}

// is reports whether h is this mux.
func (mux HostServeMux) is(h http.Handler) bool {
	other, ok := h.(HostServeMux)
	return ok && reflect.ValueOf(other).Pointer() == reflect.ValueOf(mux).Pointer()
}

type badHostHandler struct{ host string }

func (h badHostHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	writeError(w, r, BadRequest{fmt.Errorf("%q is not a host", h.host)})
}

// A wildHost is a host with a wildcard and its handler.
type wildHost struct {
	before, name, after string // "" {name} ".example.com", or "api." {name...} ""
	handler             http.Handler
}

// parseWildHost returns the host with a wildcard, without its handler, or what is wrong
// with it.
func parseWildHost(hostname string) (wild *wildHost, problem string) {
	before, rest, _ := strings.Cut(hostname, "{")
	text, after, closed := strings.Cut(rest, "}")
	segments, err := trie.ParsePattern("/{" + text + "}")
	switch {
	case !closed:
		return nil, "unclosed wildcard"
	case err != nil:
		return nil, err.Text
	}
	name, isRest := segments[0].Text, segments[0].Kind == trie.Rest
	if _, port, _ := strings.Cut(after, ":"); isPort(port) {
		after, _, _ = strings.Cut(after, ":")
	}
	label, suffix := strings.TrimSuffix(before, "."), strings.TrimPrefix(after, ".")
	switch {
	case isRest && label+"." == before && after == "" && isLabel(label):
		return &wildHost{before: strings.ToLower(before), name: name}, ""
	case !isRest && before == "" && "."+suffix == after:
		if suffix, ok := normalizeHost(suffix); ok && canBeWild("x."+suffix) {
			return &wildHost{name: name, after: "." + suffix}, ""
		}
	}
	return nil, "a wildcard is the first label, as in {site}.example.com, or everything behind it, as in api.{domain...}"
}

// key returns the host with an asterisk in place of the wildcard, or "" if it is nil.
func (wild *wildHost) key() string {
	if wild == nil {
		return ""
	}
	return wild.before + "*" + wild.after
}

// fill returns the host with a value of its wildcard, as a client asks for it.
func (wild *wildHost) fill(value string) (host string, err error) {
	host = wild.before + value + wild.after
	normal, ok := normalizeHost(host)
	if !ok || normal != host || !canBeWild(host) || wild.after != "" && !isLabel(value) {
		return "", fmt.Errorf("the wildcard {%s} is %q, which can't be in the host %s: names are in lower case, and labels aren't empty", wild.name, value, wild.pattern())
	}
	return host, nil
}

// pattern returns the host as it is registered.
func (wild *wildHost) pattern() string {
	if wild.before != "" {
		return wild.before + "{" + wild.name + "...}"
	}
	return "{" + wild.name + "}" + wild.after
}

// ServeHTTP calls the handler.
func (wild *wildHost) ServeHTTP(w http.ResponseWriter, r *http.Request) { wild.handler.ServeHTTP(w, r) }

// Unwrap returns the handler.
func (wild *wildHost) Unwrap() http.Handler { return wild.handler }

// A declaredHost is the host of a declaration. Nil is any.
type declaredHost struct {
	name string
	wild *wildHost // or nil
}

// String returns the host as it was declared.
func (h *declaredHost) String() string {
	switch {
	case h == nil:
		return ""
	case h.wild != nil:
		return h.wild.pattern()
	case strings.IndexByte(h.name, ':') >= 0:
		return "[" + h.name + "]"
	}
	return h.name
}

// wildcard returns the name of the host's wildcard, or "".
func (h *declaredHost) wildcard() string {
	if h == nil || h.wild == nil {
		return ""
	}
	return h.wild.name
}

// write writes the host into a request, from the value of its wildcard.
func (h *declaredHost) write(wildcard func(name string) (string, error), to *call.Request) error {
	if h.wild == nil {
		to.Host = h.String()
		return nil
	}
	value, err := wildcard(h.wild.name)
	if err != nil {
		return err
	}
	to.Host, err = h.wild.fill(value)
	to.Domain = strings.TrimPrefix(h.wild.after, ".")
	return err
}

// entry returns the name, as it is registered, and the handler of a key of the map.
func (mux HostServeMux) entry(key string) (name string, h http.Handler) {
	if wild, ok := mux[key].(*wildHost); ok {
		return wild.pattern(), wild.handler
	}
	return key, mux[key]
}

// wild returns the host with a wildcard that matches a name, or nil, and what its wildcard
// stands for.
func (mux HostServeMux) wild(host string) (wild *wildHost, value string) {
	if !canBeWild(host) {
		return nil, ""
	}
	label, rest, _ := strings.Cut(host, ".")
	var key [maxHostname + len("*")]byte
	if wild, ok := mux[string(append(append(key[:0], "*."...), rest...))].(*wildHost); ok {
		return wild, label
	}
	wild, _ = mux[string(append(append(key[:0], label...), ".*"...))].(*wildHost)
	return wild, rest
}

// The longest that names in DNS and their labels may be (RFC 1035 §2.3.4).
const maxHostname, maxLabel = 253, 63

// canBeWild reports whether a normalized host has at least two labels, none of them
// empty or too long, and isn't an IP address: the last label of a name has more than
// digits (RFC 3696 §2).
func canBeWild(host string) bool {
	if len(host) > maxHostname {
		return false
	}
	labels, last := 0, ""
	for label := range strings.SplitSeq(host, ".") {
		if !isLabel(label) {
			return false
		}
		labels, last = labels+1, label
	}
	return labels > 1 && strings.Trim(last, "0123456789") != ""
}

func isLabel(s string) bool {
	return s != "" && len(s) <= maxLabel && isHostname(s) && strings.IndexByte(s, '.') < 0
}

// normalizeHost returns the one spelling of a host (RFC 3986 §3.2.2, §3.2.3),
// without its port, and whether it is well-formed.
func normalizeHost(host string) (name string, ok bool) {
	if inner, isLiteral := strings.CutPrefix(host, "["); isLiteral {
		address, port, _ := strings.Cut(inner, "]")
		if port != "" && (port[0] != ':' || !isPort(port[1:])) || len(inner) == len(address) {
			return "", false
		}
		return canonicalIPv6(address)
	}
	if name, ok := canonicalIPv6(host); ok { // as users write it who register one
		return name, true
	}
	name, port, _ := strings.Cut(host, ":")
	name = strings.TrimSuffix(name, ".")
	if !isPort(port) || !isHostname(name) || name == "" && host != "" {
		return "", false
	}
	return strings.ToLower(name), true
}

// canonicalIPv6 returns the one spelling of an IPv6 address.
func canonicalIPv6(s string) (name string, ok bool) {
	if strings.IndexByte(s, ':') < 0 {
		return "", false
	}
	address, err := netip.ParseAddr(s)
	return address.String(), err == nil && address.Is6() && address.Zone() == ""
}

func isPort(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) <= len("65535")
}

func isHostname(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return true
}
