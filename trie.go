package tigertonic

import (
	"net/http"
	"net/url"
	"strings"
)

// The trie. Each node stands for one segment of the patterns that lead through
// it. It is reached from the root in one way only and stands at one depth, so
// that, for a given path, a search visits no node twice however it backtracks.
//
// A search goes down the path segment by segment. At each node it tries, in
// this order,
//
//  1. the child with the segment as its literal (found as literals.go says),
//  2. the child for {name}, unless the segment is empty or a dot segment,
//  3. the child for {name...}, unless a dot segment is left,
//  4. the namespace mounted at the node itself, likewise,
//
// and whatever fails is taken back. The first end that has the method is the
// answer: so a literal beats a wildcard, the decision nearer to the root counts
// for more, the longest namespace wins, and a pattern that matches the path but
// lacks the method doesn't hide one that has it.
//
// Wildcards have no names here. Names belong to the patterns, which is why two
// patterns can share a node and call it differently, and why nothing is
// captured on the way: whoever wants a value finds it by the position of its
// name in the pattern (see params.go).

// A node is a segment of one or more patterns. What a search looks at comes
// first, so that it is near together in memory.
type node struct {
	text     string // of a literal, after a slash
	next     *node  // in a chain of literals
	literals literals
	wildcard *node
	routes   *route // the chain of those that end here, one a method
	rest     *node
	mount    *mount // the namespace that ends here

	slashed *node // the chain of literals with a slash in them, which only a %2F matches
	count   int32 // of children for literals
	order   int32 // of a literal among its siblings, by registration
}

// child returns the node that s leads to, made if there is none.
func (n *node) child(s segment) *node {
	var next **node
	switch s.kind {
	case wildcard:
		next = &n.wildcard
	case rest:
		next = &n.rest
	case literal:
		return n.literal(s.text)
	}
	if *next == nil {
		*next = &node{}
	}
	return *next
}

// literal returns the child for a literal, made if there is none.
func (n *node) literal(text string) *node {
	c := n.unescaped(text)
	if c != nil {
		return c
	}
	n.count++
	c = &node{text: "/" + text, order: n.count}
	if strings.Contains(text, "/") {
		c.next, n.slashed = n.slashed, c
	} else {
		n.literals.add(c, int(n.count))
	}
	return c
}

// unescaped returns the child for a literal, or nil.
func (n *node) unescaped(text string) *node {
	c := n.slashed
	if !strings.Contains(text, "/") {
		c = n.literals.like("/" + text)
	}
	for c != nil && c.text[1:] != text {
		c = c.next
	}
	return c
}

// descend returns the node that the segments lead to, made if there is none.
func (n *node) descend(segments []segment) *node {
	for _, s := range segments {
		n = n.child(s)
	}
	return n
}

// add adds a route that ends at n.
func (n *node) add(rt *route) {
	last := &n.routes
	for *last != nil {
		last = &(*last).next
	}
	*last = rt
}

// route returns the route for exactly this method, or nil.
func (n *node) route(m method) *route {
	rt := n.routes
	for rt != nil && !rt.answers(m) {
		rt = rt.next
	}
	return rt
}

// walk calls visit for n and every node below it, in the order of
// registration, but literals before wildcards.
func (n *node) walk(visit func(*node)) {
	if n == nil {
		return
	}
	visit(n)
	children := make([]*node, n.count)
	n.literals.each(func(c *node) { children[c.order-1] = c })
	for c := n.slashed; c != nil; c = c.next {
		children[c.order-1] = c
	}
	for _, c := range children {
		c.walk(visit)
	}
	n.wildcard.walk(visit)
	n.rest.walk(visit)
}

// A search looks for what answers a request, a route or a mount.
type search struct {
	method  method
	escaped bool // the path is percent-encoded
	collect bool // all methods are wanted, and method is none

	route *route
	mount *mount
	left  string   // of the path, below the mount
	other bool     // a pattern matches that lacks the method
	own   bool     // it is OPTIONS, which the mux itself has the answer to
	allow []string // the methods of the patterns that match
}

// in searches the nodes from n on for what path ends at, the most specific
// first, until something answers the request, which it reports.
//
// The last thing to try at a node needs no way back, so the loop goes on there.
func (s *search) in(n *node, path string) bool {
	for path != "" {
		var c *node
		left := ""
		if s.escaped {
			c, left = n.escaped(path)
		} else {
			for c = n.literals.like(path); c != nil; c = c.next {
				if c.begins(path) {
					left = path[len(c.text):]
					break
				}
			}
		}
		if c != nil {
			if n.wildcard == nil && n.rest == nil && n.mount == nil {
				n, path = c, left
				continue
			}
			if s.in(c, left) {
				return true
			}
		}
		if n.wildcard != nil {
			if text, left := cutSegment(path); s.fills(text) {
				if n.rest == nil && n.mount == nil {
					n, path = n.wildcard, left
					continue
				}
				if s.in(n.wildcard, left) {
					return true
				}
			}
		}
		if n.rest == nil && n.mount == nil || s.hasDots(path[1:]) {
			return false
		}
		return n.rest != nil && s.ends(n.rest) || s.mounts(n, path)
	}
	if s.route = n.route(s.method); s.route != nil { // what ends does, but without a call
		return true
	}
	return s.ends(n) || s.mounts(n, "")
}

// escaped returns the child for the path's first segment once it is unescaped,
// or nil, and what is left of the path.
func (n *node) escaped(path string) (c *node, left string) {
	text, left := cutSegment(path)
	return n.unescaped(unescape(text)), left
}

// begins tells whether the path's first segment is the node's literal.
func (n *node) begins(path string) bool {
	end := len(n.text)
	return len(path) >= end && (len(path) == end || path[end] == '/') && path[:end] == n.text
}

// ends tells whether a pattern with the method ends at n.
func (s *search) ends(n *node) bool {
	s.route = n.route(s.method)
	if s.route == nil && s.method.number == numberOfHead {
		s.route = n.route(method{http.MethodGet, numberOfGet})
	}
	if s.route != nil {
		return true
	}
	s.other = s.other || n.routes != nil
	s.own = s.other && s.method.number == numberOfOptions
	if s.collect {
		for rt := n.routes; rt != nil; rt = rt.next {
			s.allow = append(s.allow, rt.method())
		}
	}
	return false
}

// mounts tells whether there is a namespace at n, which hides what is less
// specific.
func (s *search) mounts(n *node, left string) bool {
	if n.mount != nil && !s.own {
		s.mount, s.left = n.mount, left
	}
	return n.mount != nil
}

// fills tells whether a segment can stand for a wildcard: it isn't empty, nor a
// dot segment.
func (s *search) fills(text string) bool {
	return text != "" && (text[0] != '.' && !s.escaped || !s.hasDots(text))
}

// hasDots tells whether text, which wildcards or a namespace would take, has a
// dot segment once it is unescaped. Literals have none.
func (s *search) hasDots(text string) bool {
	if s.escaped {
		text = unescape(text)
	}
	return hasDotSegment(text)
}

// unescape decodes a segment once. The path that it is from is known to be
// well-formed.
func unescape(text string) string {
	if strings.IndexByte(text, '%') < 0 {
		return text
	}
	if s, err := url.PathUnescape(text); err == nil {
		return s
	}
	return text
}
