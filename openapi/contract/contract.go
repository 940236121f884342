// Package contract tests a service against its OpenAPI document, 3.1 or 3.2. [Contract.Server]
// checks the requests and responses of your tests, [Covered] finds the operations that no
// test calls, and [Contract.Fuzz] generates requests. It is a separate module, only for
// tests: your service doesn't link it.
package contract

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/rcrowley/go-tigertonic/openapi"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A Contract checks a service against an OpenAPI document. Create one with [Parse] or [Of].
// It is safe for concurrent use by any number of tests, and counts all their calls.
type Contract struct {
	operations []*operation // in the order of the search: those with fewer wildcards first
	servers    []*server    // of all that have none of their own
	schemas    *schemas
	document   any

	mu      sync.Mutex
	headers map[string]bool // that needn't be declared
	except  []string
	seen    map[*operation]*calls
}

// Parse reads an OpenAPI 3.1 or 3.2 document in JSON, from any source. It must be self-contained:
// references can't lead outside.
func Parse(doc []byte) (*Contract, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		return nil, fmt.Errorf("contract: the document isn't JSON: %w", err)
	}
	s, err := newSchemas(document)
	if err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	c := &Contract{schemas: s, document: document, headers: map[string]bool{}, seen: map[*operation]*calls{}}
	for _, name := range commonHeaders() {
		c.headers[name] = true
	}
	if c.operations, err = readOperations(document); err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	c.servers = readServers(members(document))
	for _, op := range c.operations {
		c.seen[op] = newCalls()
	}
	return c, nil
}

// MustParse is like [Parse], but panics on errors. It is for documents known to be
// valid, such as those of [openapi.Document.JSON].
func MustParse(doc []byte) *Contract {
	c, err := Parse(doc)
	if err != nil {
		panic(err)
	}
	return c
}

// Of returns the contract for a tree of Tiger Tonic handlers, from the document that
// they describe.
func Of(h http.Handler) *Contract {
	return MustParse(openapi.New(h, openapi.Info{Title: "Contract", Version: "0"}).JSON())
}

// AllowHeaders adds headers that any response may have undeclared, such as those that
// middleware adds everywhere, and returns the contract. Headers that HTTP itself defines,
// such as ETag or Retry-After, are always allowed, except for Location, Link and
// Set-Cookie.
func (c *Contract) AllowHeaders(names ...string) *Contract {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range names {
		c.headers[http.CanonicalHeaderKey(name)] = true
	}
	return c
}

// commonHeaders are the headers with the same meaning in any service: RFC 9110, RFC 9111,
// RFC 6797, Fetch and related standards.
func commonHeaders() []string {
	return []string{
		"Accept", "Accept-Encoding", "Accept-Patch", "Accept-Post", "Accept-Ranges", "Age", "Allow", "Alt-Svc",
		"Cache-Control", "Connection", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length",
		"Content-Location", "Content-Range", "Content-Security-Policy", "Content-Type", "Date", "Etag", "Expires",
		"Keep-Alive", "Last-Modified", "Pragma", "Proxy-Authenticate", "Referrer-Policy", "Retry-After", "Server",
		"Strict-Transport-Security", "Trailer", "Transfer-Encoding", "Upgrade", "Vary", "Via", "Www-Authenticate",
		"X-Content-Type-Options", "X-Frame-Options",
		"Access-Control-Allow-Credentials", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods",
		"Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "Access-Control-Max-Age",
		"Cross-Origin-Embedder-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy",
	}
}

// Except leaves out patterns and operations, such as "/docs" or "POST /debug/gc". Calls of
// them aren't checked, whether the document has them or not, and [Covered] doesn't ask for
// them. It returns the contract.
func (c *Contract) Except(patterns ...string) *Contract {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, pattern := range patterns {
		method, path, ok := strings.Cut(pattern, " ")
		if !ok {
			method, path = "", pattern
		}
		c.except = append(c.except, method+" "+keyOf(path))
	}
	return c
}

// excepts reports whether an operation, or a path without one, is left out.
func (c *Contract) excepts(method, path string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := keyOf(path)
	return slices.Contains(c.except, " "+key) || slices.Contains(c.except, method+" "+key)
}

// keyOf returns a key that is the same for templates that differ only in the names of
// wildcards.
func keyOf(template string) string {
	segments := strings.Split(template, "/")
	for i, segment := range segments {
		if strings.HasPrefix(segment, "{") {
			segments[i] = "{}"
		} else if text, err := url.PathUnescape(segment); err == nil {
			segments[i] = url.PathEscape(text)
		}
	}
	return strings.Join(segments, "/")
}

// find returns the operation that serves a pattern of a mux, or else a path.
func (c *Contract) find(method, host, pattern, path string) *operation {
	for _, method := range readAs(method) {
		if op := c.withKey(method, keyOf(withoutMethod(pattern))); op != nil && pattern != "" && op.isOf(host) {
			return op
		}
	}
	segments := strings.Split(keyOf(path), "/")
	for _, method := range readAs(method) {
		for _, op := range c.operations {
			if op.method == method && op.takes(segments) && op.isOf(host) {
				return op
			}
		}
	}
	return nil
}

// locate returns the operation of a request and the path that it has in the document, which
// is the path that was asked for without that of the server.
func (c *Contract) locate(method, host, pattern, path string) (op *operation, inner string) {
	if op := c.find(method, host, pattern, path); op != nil {
		return op, path
	}
	servers := slices.Clone(c.servers)
	for _, op := range c.operations {
		servers = append(servers, op.servers...)
	}
	for _, s := range servers {
		if inner, ok := s.within(path); ok && s.is(host) {
			if op := c.find(method, host, "", inner); op != nil {
				return op, inner
			}
		}
	}
	return nil, path
}

// readAs returns the methods whose operations can serve a request with this one: GET can
// serve HEAD.
func readAs(method string) []string {
	if method == http.MethodHead {
		return []string{http.MethodHead, http.MethodGet}
	}
	return []string{method}
}

func (c *Contract) withKey(method, key string) *operation {
	for _, op := range c.operations {
		if op.method == method && op.key == key {
			return op
		}
	}
	return nil
}

// withoutMethod returns the path of a pattern, without the method and the host.
func withoutMethod(pattern string) string { return pattern[max(strings.IndexByte(pattern, '/'), 0):] }
