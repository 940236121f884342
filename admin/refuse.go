package admin

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/rcrowley/go-tigertonic"
)

// refuse returns an error if a request may be one that a browser was made to
// send: for a name that was rebound to this address, or by a page of another
// origin.
func (a *Admin) refuse(r *http.Request) error {
	if !a.knows(r.Host) {
		return tigertonic.MisdirectedRequest{Err: fmt.Errorf("%q is neither an IP address nor a name that this port is known by", r.Host)}
	}
	if err := a.cross.Check(r); err != nil || isEmbedding(r) {
		return tigertonic.Forbidden{Err: errors.New("pages of another origin may link here, and nothing else")}
	}
	return nil
}

// knows reports whether a client that asks for this host knows whom it talks to. A
// browser always says for which host; what doesn't isn't one.
func (a *Admin) knows(host string) bool {
	name := nameOf(host)
	address, err := netip.ParseAddr(name)
	return host == "" || err == nil && address.Zone() == "" || name == "localhost" || a.hosts[name]
}

// nameOf returns a host without port and brackets, in lower case, or "" if it
// isn't one.
func nameOf(host string) string {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	if strings.Trim(port, "0123456789") != "" {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// isName reports whether a host is a name, without a port.
func isName(host string) bool {
	return strings.Trim(host, ".") != "" && strings.IndexFunc(host, func(c rune) bool {
		return (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_'
	}) < 0
}

// isEmbedding reports whether a page of another origin asks for more than to be
// left for this one (Fetch Metadata §2): scripts, images and frames cost work
// here, though their page can't read what comes.
func isEmbedding(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	return r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document"
}
