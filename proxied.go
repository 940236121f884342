package tigertonic

import (
	"cmp"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/internal/record"
)

// The headers that proxies set on a request (RFC 7239, and the ones it replaced).
const (
	forwardedHeader      = "Forwarded"
	forwardedForHeader   = "X-Forwarded-For"
	forwardedProtoHeader = "X-Forwarded-Proto"
	forwardedHostHeader  = "X-Forwarded-Host"
)

// ProxyOptions are the options of [Proxied]. The zero value selects the defaults.
type ProxyOptions struct {
	// Header is the header with the client's address: "X-Forwarded-For", the default, which
	// goes with X-Forwarded-Proto, or "Forwarded" (RFC 7239). Choose the one that all of
	// your proxies set: they pass on a header that they don't know just as the client sent
	// it.
	Header string
	// TrustHost trusts X-Forwarded-Host. Many proxies pass it on as the client sent it:
	// make sure that yours sets it.
	TrustHost bool
	// TrustUnix trusts proxies that connect over a Unix socket, which have no address.
	TrustUnix bool
}

// A proxiedHandler gives each request the client's address, scheme and host, as the proxies
// saw them.
type proxiedHandler struct {
	handler http.Handler
	header  string
	trusted []netip.Prefix
	unix    bool
	hosts   bool
}

// Proxied returns a handler that gives h the client's address and the scheme and host that
// it used, from a header set by the proxies in front of the service. Only proxies with an
// address in the prefixes are trusted:
//
//	tigertonic.Proxied(h, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, nil)
//
// Put it round everything that depends on them: loggers, limits, [HostServeMux].
//
// Each proxy appends the address of its peer. So the client is the rightmost address that
// isn't in the prefixes; if all are, it is the leftmost. If the entry there isn't an
// address ("unknown", an obfuscated identifier, garbage), the proxy that added it counts as
// the client. h gets a copy of the request:
//   - r.RemoteAddr is the client's address, with the port if it is known, else with port 0;
//   - r.URL.Scheme is "http" or "https", as the proxy next to the client says;
//   - r.Host and r.URL.Host are the host that it says, for X-Forwarded-Host only with
//     TrustHost.
//
// r.TLS stays that of the connection. If X-Forwarded-Proto or X-Forwarded-Host has several
// values, the one at the client's position counts if there are as many as addresses, and
// otherwise none does.
//
// A request from any other peer loses Forwarded and all X-Forwarded headers, so that h
// can't trust them by mistake, and is otherwise unchanged.
//
// The options may be nil. It panics if Header is anything else, if a prefix is invalid, or
// if h is nil.
func Proxied(h http.Handler, trusted []netip.Prefix, opts *ProxyOptions) http.Handler {
	o := ProxyOptions{}
	if opts != nil {
		o = *opts
	}
	header := http.CanonicalHeaderKey(cmp.Or(o.Header, forwardedForHeader))
	if header != forwardedHeader && header != forwardedForHeader {
		callsite.Panicf("Proxied: the header %q is neither %s nor %s", header, forwardedForHeader, forwardedHeader)
	}
	ph := &proxiedHandler{handler: mustHandler("Proxied", h), header: header, unix: o.TrustUnix, hosts: o.TrustHost}
	for _, p := range trusted {
		if !p.IsValid() {
			callsite.Panicf("Proxied: a prefix is invalid")
		}
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		ph.trusted = append(ph.trusted, p.Masked())
	}
	return ph
}

// ServeHTTP calls the handler with what is known about the client.
func (ph *proxiedHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var inner *http.Request
	switch {
	case ph.trusts(r.RemoteAddr):
		known := ph.client(r)
		if known.isNothing() {
			ph.handler.ServeHTTP(w, r)
			return
		}
		inner = known.apply(r)
	case claimsProxy(r.Header):
		inner = withoutProxies(r)
	default:
		ph.handler.ServeHTTP(w, r)
		return
	}
	record.NoteRequest(w, inner)
	defer handBack(r, inner)
	ph.handler.ServeHTTP(w, inner)
}

// Unwrap returns the wrapped handler.
func (ph *proxiedHandler) Unwrap() http.Handler { return ph.handler }

// String is how [Explain] shows the handler.
func (ph *proxiedHandler) String() string { return fmt.Sprintf("Proxied(%s)", ph.header) }

func isProxyHeader(name string) bool {
	return name == forwardedHeader || strings.HasPrefix(name, "X-Forwarded-")
}

func claimsProxy(h http.Header) bool {
	for name := range h {
		if isProxyHeader(name) {
			return true
		}
	}
	return false
}

// withoutProxies returns a copy of a request without the headers of proxies.
func withoutProxies(r *http.Request) *http.Request {
	inner := new(http.Request)
	*inner = *r
	inner.Header = r.Header.Clone()
	for name := range inner.Header {
		if isProxyHeader(name) {
			delete(inner.Header, name)
		}
	}
	return inner
}

// trusts reports whether the peer of a connection is a trusted proxy.
func (ph *proxiedHandler) trusts(peer string) bool {
	if peer == "" || peer[0] == '@' || peer[0] == '/' { // net has no other addresses of Unix sockets
		return ph.unix
	}
	addr, err := netip.ParseAddrPort(peer)
	return err == nil && ph.contains(addr.Addr().WithZone("").Unmap())
}

func (ph *proxiedHandler) contains(addr netip.Addr) bool {
	return slices.ContainsFunc(ph.trusted, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// A hop is what a proxy says about its peer.
type hop struct {
	addr         netip.AddrPort
	scheme, host string
}

func (h *hop) isNothing() bool { return !h.addr.IsValid() && h.scheme == "" && h.host == "" }

// apply returns a copy of a request with the hop's address, scheme and host.
func (h *hop) apply(r *http.Request) *http.Request {
	inner := new(http.Request)
	*inner = *r
	if h.addr.IsValid() {
		inner.RemoteAddr = h.addr.String()
	}
	if h.scheme == "" && h.host == "" {
		return inner
	}
	u := url.URL{}
	if r.URL != nil {
		u = *r.URL
	}
	if h.scheme != "" {
		u.Scheme = h.scheme
	}
	if h.host != "" {
		inner.Host, u.Host = h.host, h.host
	}
	inner.URL = &u
	return inner
}

// client returns what is known about the client of a request that a proxy sent.
func (ph *proxiedHandler) client(r *http.Request) (client hop) {
	if ph.header == forwardedForHeader {
		return ph.xForwarded(r.Header)
	}
	lines := r.Header[forwardedHeader]
	for _, line := range slices.Backward(lines) {
		var hops hopRing
		if !hops.parse(line) {
			return client
		}
		for h := range hops.backward {
			client.scheme, client.host = h.scheme, h.host
			if !h.addr.IsValid() {
				return client
			}
			client.addr = h.addr
			if !ph.contains(h.addr.Addr()) {
				return client
			}
		}
		if hops.n > len(hops.last) {
			return client
		}
	}
	return client
}

// xForwarded is client for X-Forwarded-For.
func (ph *proxiedHandler) xForwarded(h http.Header) (client hop) {
	place := 0 // from the right, of the client as known so far
	lines := h[forwardedForHeader]
search:
	for _, line := range slices.Backward(lines) {
		for left, more := line, true; more; {
			at := strings.LastIndexByte(left, ',')
			element := strings.TrimSpace(left[at+1:])
			more = at >= 0
			left = left[:max(at, 0)]
			if element == "" {
				continue
			}
			place++
			addr, ok := parseNode(element)
			if !ok {
				break search
			}
			client.addr = addr
			if !ph.contains(addr.Addr()) {
				break search
			}
		}
	}
	if scheme := strings.ToLower(valueAt(h, forwardedProtoHeader, place)); scheme == "http" || scheme == "https" {
		client.scheme = scheme
	}
	if host := valueAt(h, forwardedHostHeader, place); ph.hosts && isHost(host) {
		client.host = host
	}
	return client
}

// valueAt returns a header's only value, or the one at a place from the right if there are
// as many values as addresses, or "".
func valueAt(h http.Header, name string, place int) string {
	lines := h[name]
	if len(lines) == 1 && !strings.Contains(lines[0], ",") {
		return strings.TrimSpace(lines[0])
	}
	if len(lines) == 0 || place == 0 {
		return ""
	}
	count := func(lines []string) (n int) {
		for _, line := range lines {
			n += 1 + strings.Count(line, ",")
		}
		return n
	}
	if count(lines) != count(h[forwardedForHeader]) {
		return ""
	}
	for _, line := range slices.Backward(lines) {
		for left, more := line, true; more; place-- {
			at := strings.LastIndexByte(left, ',')
			if place == 1 {
				return strings.TrimSpace(left[at+1:])
			}
			more = at >= 0
			left = left[:max(at, 0)]
		}
	}
	return ""
}

// parseNode returns the address of a node, with port 0 if there is none: 192.0.2.1,
// 192.0.2.1:80, [2001:db8::1], [2001:db8::1]:80 or 2001:db8::1. An address with a zone
// doesn't count, since the zone belongs to another machine.
func parseNode(s string) (netip.AddrPort, bool) {
	if len(s) > len("[0000:0000:0000:0000:0000:0000:255.255.255.255]:65535") {
		return netip.AddrPort{}, false
	}
	if host, ok := strings.CutPrefix(s, "["); ok {
		if host, ok = strings.CutSuffix(host, "]"); ok {
			s = host
		}
	}
	addr, err := netip.ParseAddr(s)
	port := uint16(0)
	if err != nil {
		both, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.AddrPort{}, false
		}
		addr, port = both.Addr(), both.Port()
	}
	return netip.AddrPortFrom(addr.Unmap(), port), addr.Zone() == ""
}

// isHost reports whether a text can be the host of a URL, with or without a port.
func isHost(s string) bool {
	if s == "" || len(s) > 255 {
		return false
	}
	name, bracketed := s, s[0] == '['
	if host, port, err := net.SplitHostPort(s); err == nil {
		if name = host; port == "" || strings.Trim(port, "0123456789") != "" {
			return false
		}
	}
	if inner, ok := strings.CutPrefix(name, "["); ok {
		name = strings.TrimSuffix(inner, "]")
	}
	if strings.Contains(name, ":") || bracketed {
		addr, err := netip.ParseAddr(name)
		return err == nil && bracketed && addr.Is6() && addr.Zone() == ""
	}
	return httpfield.IsToken(name) && !strings.ContainsAny(name, "!#$&'*+^`|~%")
}

// A hopRing keeps the last hops of a list, since clients may send any number of them.
type hopRing struct {
	last [16]hop
	n    int
}

// backward yields the hops, the last one first.
func (hr *hopRing) backward(yield func(*hop) bool) {
	for i := range min(hr.n, len(hr.last)) {
		if !yield(&hr.last[(hr.n-1-i)%len(hr.last)]) {
			return
		}
	}
}

// parse adds the elements of a Forwarded header (RFC 7239 §4), and reports whether it is
// well-formed. A malformed header is ignored, including what a proxy appended to it, since
// a client could have begun a quoted string that ends in there.
func (hr *hopRing) parse(list string) bool {
	for list != "" {
		var h hop
		var seen [4]bool
		isHop := false
		list = strings.TrimLeft(list, " \t")
		for list != "" && list[0] != ',' {
			name, value, left, ok := cutPair(list)
			if !ok || !h.set(name, value, &seen) {
				return false
			}
			left = strings.TrimLeft(left, " \t")
			if left != "" && left[0] == ';' {
				left = strings.TrimLeft(left[1:], " \t;")
			} else if left != "" && left[0] != ',' {
				return false
			}
			list, isHop = left, true
		}
		list = strings.TrimPrefix(list, ",")
		if isHop {
			hr.last[hr.n%len(hr.last)] = h
			hr.n++
		}
	}
	return true
}

// cutPair cuts a parameter off the beginning of a list. A value that isn't quoted is
// taken up to where the next one begins, since many write a port without quotes.
func cutPair(list string) (name, value, left string, ok bool) {
	name, left, ok = strings.Cut(list, "=")
	if !ok || !httpfield.IsToken(name) {
		return "", "", "", false
	}
	if left == "" || left[0] != '"' {
		end := strings.IndexAny(left, ",; \t")
		if end < 0 {
			end = len(left)
		}
		return name, left[:end], left[end:], !strings.Contains(left[:end], `"`)
	}
	for i := 1; i < len(left); i++ {
		switch left[i] {
		case '\\':
			i++
		case '"':
			return name, left[1:i], left[i+1:], !strings.Contains(left[1:i], `\`) // no node or host has one
		}
	}
	return "", "", "", false
}

// set sets a parameter, and reports whether it occurs for the first time.
func (h *hop) set(name, value string, seen *[4]bool) bool {
	at := slices.IndexFunc([]string{"for", "proto", "host", "by"}, func(known string) bool { return strings.EqualFold(name, known) })
	if at < 0 {
		return true // an extension
	}
	if seen[at] {
		return false
	}
	seen[at] = true
	switch at {
	case 0:
		if addr, ok := parseNode(value); ok {
			h.addr = addr
		}
	case 1:
		if scheme := strings.ToLower(value); scheme == "http" || scheme == "https" {
			h.scheme = scheme
		}
	case 2:
		if isHost(value) {
			h.host = value
		}
	}
	return true
}
