package tigertonic

import (
	"bytes"
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
//  1. the child with the segment as its literal,
//  2. the child for {name}, unless the segment is empty or a dot segment,
//  3. the child for {name...}, unless a dot segment is left,
//  4. the namespace mounted at the node itself, likewise,
//
// and whatever fails is taken back. The first end that the caller accepts is
// the answer: so a literal beats a wildcard, the decision nearer to the root
// counts for more, the longest namespace wins, and a pattern that matches the
// path but lacks the method doesn't hide one that has it.
//
// Wildcards have no names here. Names belong to the patterns, which is why two
// patterns can share a node and call it differently, and why nothing is
// captured on the way: whoever wants a value finds it by the position of its
// name in the pattern (see params.go).

// A node is a segment of one or more patterns.
type node struct {
	children edges
	wildcard *node
	rest     *node
	ends     []end  // of the patterns that end here, one a method
	mount    *mount // the namespace that ends here
}

// An end is the route that a node has for a method.
type end struct {
	method string
	route  *route
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
		return n.children.add(s.text)
	}
	if *next == nil {
		*next = &node{}
	}
	return *next
}

// descend returns the node that the segments lead to, made if there is none.
func (n *node) descend(segments []segment) *node {
	for _, s := range segments {
		n = n.child(s)
	}
	return n
}

// route returns the route for exactly this method, or nil.
func (n *node) route(method string) *route {
	for i := range n.ends {
		if n.ends[i].method == method {
			return n.ends[i].route
		}
	}
	return nil
}

// A lookup is a search for where a path ends.
type lookup struct {
	escaped bool                            // the path is percent-encoded
	accept  func(n *node, left string) bool // of what matches; of a pattern, nothing is left
}

// in searches the nodes from n on for the ends that match path, the most
// specific first, until one is accepted.
//
// The last thing to try at a node needs no way back, so the loop goes on there.
func (l *lookup) in(n *node, path string) bool {
	for path != "" {
		more := n.rest != nil || n.mount != nil
		if c, left := n.children.match(path, l.escaped); c != nil {
			if n.wildcard == nil && !more {
				n, path = c, left
				continue
			}
			if l.in(c, left) {
				return true
			}
		}
		if n.wildcard != nil {
			if text, left := cutSegment(path); l.fills(text) {
				if !more {
					n, path = n.wildcard, left
					continue
				}
				if l.in(n.wildcard, left) {
					return true
				}
			}
		}
		if !more || l.hasDots(path[1:]) {
			return false
		}
		if n.rest != nil && l.accept(n.rest, "") {
			return true
		}
		return n.mount != nil && l.accept(n, path)
	}
	return l.accept(n, "")
}

// fills tells whether a segment can stand for a wildcard: it isn't empty, nor a
// dot segment.
func (l *lookup) fills(text string) bool {
	return text != "" && (text[0] != '.' && !l.escaped || !l.hasDots(text))
}

// hasDots tells whether text, which wildcards or a namespace would take, has a
// dot segment once it is unescaped. Literals have none.
func (l *lookup) hasDots(text string) bool {
	if l.escaped {
		text = unescape(text)
	}
	return hasDotSegment(text)
}

// walk calls visit for n and every node below it, in the order of
// registration, but literals before wildcards.
func (n *node) walk(visit func(*node)) {
	if n == nil {
		return
	}
	visit(n)
	for _, e := range n.children.list {
		e.node.walk(visit)
	}
	n.wildcard.walk(visit)
	n.rest.walk(visit)
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

// Edges are a node's children by their literals. They are told apart by their
// first bytes, which is quicker than hashing, as long as few begin alike.
type edges struct {
	list  []edge
	heads []byte           // of the list's literals
	index map[string]*node // nil as long as heads will do
}

type edge struct {
	text  string
	plain bool // has no slash, which only an escaped path can match
	node  *node
}

const (
	maxHeads = 48 // that are looked through
	maxAlike = 8  // of these, that lead to a comparison
)

// head returns what tells most literals of a node apart: the first byte, or the
// slash that an empty one ends with.
func head(text string) byte {
	if text == "" {
		return '/'
	}
	return text[0]
}

// match returns the child whose literal is the path's first segment, and what
// is left of the path.
func (e *edges) match(path string, escaped bool) (n *node, left string) {
	if escaped || e.index != nil {
		text, left := cutSegment(path)
		if escaped {
			text = unescape(text)
		}
		return e.find(text), left
	}
	first := head(path[1:])
	for i, h := range e.heads {
		if h != first {
			continue
		}
		text := e.list[i].text
		end := len("/") + len(text)
		if len(path) >= end && path[1:end] == text && (len(path) == end || path[end] == '/') && e.list[i].plain {
			return e.list[i].node, path[end:]
		}
	}
	return nil, ""
}

func (e *edges) find(text string) *node {
	if e.index != nil {
		return e.index[text]
	}
	for i := range e.list {
		if e.list[i].text == text {
			return e.list[i].node
		}
	}
	return nil
}

func (e *edges) add(text string) *node {
	if n := e.find(text); n != nil {
		return n
	}
	n := &node{}
	e.list = append(e.list, edge{text, !strings.Contains(text, "/"), n})
	e.heads = append(e.heads, head(text))
	alike := bytes.Count(e.heads, []byte{head(text)})
	switch {
	case e.index != nil:
		e.index[text] = n
	case alike > maxAlike || len(e.list) > maxHeads:
		e.index = make(map[string]*node, len(e.list))
		for _, old := range e.list {
			e.index[old.text] = old.node
		}
	}
	return n
}
