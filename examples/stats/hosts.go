package main

import (
	"net/http"

	"github.com/rcrowley/go-tigertonic"
)

// hosts routes requests by names that are listed or else by the first label of their host,
// for clients of StatHat's keep asking for api.stathat.com, whatever they connect to.
type hosts struct{ described, others tigertonic.HostServeMux }

// newHosts returns hosts of a domain, and with these aliases.
func newHosts(api, www http.Handler, domain string, apiNames, wwwNames []string) *hosts {
	h := &hosts{tigertonic.NewHostServeMux(), tigertonic.NewHostServeMux()}
	h.described.Handle("api."+domain, api)
	h.described.Handle("www."+domain, www)
	for _, name := range append(apiNames, "api.{domain...}") {
		h.others.Handle(name, api)
	}
	for _, name := range append(wwwNames, "www.{domain...}") {
		h.others.Handle(name, www)
	}
	return h
}

// ServeHTTP calls the handler of the request's host.
func (h *hosts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, name := h.described.Handler(r)
	if name == "" {
		found, _ = h.others.Handler(r)
	}
	found.ServeHTTP(w, r)
}

// Unwrap returns the hosts that are described.
func (h *hosts) Unwrap() http.Handler { return h.described }

// String is how Explain shows it.
func (*hosts) String() string { return "hosts" }
