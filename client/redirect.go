package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// mostRedirects is how many redirects of a call are followed.
const mostRedirects = 10

// redirected returns the request that a response redirects r to, or why it isn't sent. It
// has all of r's headers, so it only ever goes to r's own origin.
func redirected(r *http.Request, rs *http.Response, redirects int) (*http.Request, error) {
	location, err := r.URL.Parse(rs.Header.Get("Location"))
	if err != nil {
		return nil, errors.New("it redirects to an invalid URL")
	}
	bare := url.URL{Scheme: location.Scheme, Host: location.Host, Path: location.Path} // neither credentials nor a query
	get := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case redirects >= mostRedirects:
		return nil, fmt.Errorf("it redirects more than %d times", mostRedirects)
	case origin(location) != origin(r.URL):
		return nil, fmt.Errorf("it redirects to another origin, %s, which isn't followed", clean(bare.String()))
	case location.User != nil:
		return nil, fmt.Errorf("it redirects to %s with credentials, which isn't followed", clean(bare.String()))
	case !get && rs.StatusCode != http.StatusSeeOther:
		return nil, fmt.Errorf("it redirects to %s, which isn't followed for %s", clean(bare.String()), r.Method)
	}
	switch rs.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil, fmt.Errorf("it redirects to %s with %d, which isn't followed", clean(bare.String()), rs.StatusCode)
	}
	next := r.Clone(r.Context())
	location.Fragment, location.RawFragment = "", ""
	next.URL, next.Host = location, r.Host
	if !get {
		next.Method = http.MethodGet
		next.Body, next.GetBody, next.ContentLength = nil, nil, 0
		for _, name := range []string{"Content-Type", "Content-Encoding", "Content-Language", "Content-Length", "Idempotency-Key"} {
			next.Header.Del(name)
		}
		return next, nil
	}
	if next.Body == nil || next.Body == http.NoBody {
		return next, nil
	}
	if r.GetBody == nil {
		return nil, fmt.Errorf("it redirects to %s, and the body can't be sent again", clean(bare.String()))
	}
	next.Body, err = r.GetBody()
	return next, err
}

// origin returns the scheme, the host and the port of a URL.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}
