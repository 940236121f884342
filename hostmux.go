package tigertonic

import (
	"fmt"
	"net/http"
	"net/netip"
	"reflect"
	"strings"
)

// HostServeMux routes requests by the name of the host, which is r.Host or, if
// that is empty, r.URL.Host. Case, a trailing dot and a port make no difference.
// A host that isn't well-formed is answered 400 and one that isn't known 404,
// through [ResponseErrorWriter].
//
// A map that is made without [HostServeMux.Handle] has names in lower case,
// without trailing dots, ports and the brackets of IPv6. A nil map has no hosts and
// can't be added to.
// Register everything before serving; after that a HostServeMux may be
// used by any number of goroutines.
type HostServeMux map[string]http.Handler

// NewHostServeMux returns a mux without hosts.
func NewHostServeMux() HostServeMux { return HostServeMux{} }

// Handle registers the handler for a host. It panics if the name isn't
// well-formed, if it has a handler already, or if the handler is nil, leads back
// to this mux or has an Unwrap that leads in a circle.
func (mux HostServeMux) Handle(hostname string, h http.Handler) {
	host, ok := normalizeHost(hostname)
	problem := ""
	switch {
	case !ok || host == "":
		problem = "not the name of a host"
	case isMissing(h):
		problem = "the handler is nil"
	case endless(h):
		problem = "what the handler's Unwrap returns leads in a circle"
	case mux[host] != nil:
		problem = fmt.Sprintf("conflicts with the handler %s that %q has already", nameOfHandler(mux[host]), host)
	case reaches(h, mux.is):
		problem = "the handler leads back to this mux with the same host"
	}
	if problem != "" {
		panic(fmt.Sprintf("tigertonic: host %q: at offset 0: %s (registered at %v)", hostname, problem, caller()))
	}
	mux[host] = h
}

// HandleFunc registers a function, as [HostServeMux.Handle] does a handler.
func (mux HostServeMux) HandleFunc(hostname string, f func(http.ResponseWriter, *http.Request)) {
	mux.Handle(hostname, http.HandlerFunc(f))
}

// Handler returns the handler for the request and the name of its host. For a
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
	return NotFoundHandler{}, ""
}

// ServeHTTP calls the handler for the request.
func (mux HostServeMux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, _ := mux.Handler(r)
	h.ServeHTTP(w, r)
}

// is tells whether h is this mux.
func (mux HostServeMux) is(h http.Handler) bool {
	other, ok := h.(HostServeMux)
	return ok && reflect.ValueOf(other).Pointer() == reflect.ValueOf(mux).Pointer()
}

type badHostHandler struct{ host string }

func (h badHostHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ResponseErrorWriter.WriteError(r, w, BadRequest{fmt.Errorf("%q is not a host", h.host)})
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
