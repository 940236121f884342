package tigertonic

import (
	"net/url"
	"strings"
)

// The trie. Each node stands for one segment of the patterns that lead through
// it, and each path from the root to a node is met by at most one path of
// nodes, so that a search visits no node twice and needs no memory of where it
// has been.
//
// A search goes down the path segment by segment. At each node it tries, in
// this order,
//
//  1. the child with the segment as its literal,
//  2. the child for {name}, unless the segment is empty,
//  3. the child for {name...},
//  4. the namespace mounted at the node itself,
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
	routes   []*route // of the patterns that end here, one a method
	mount    *mount   // the namespace that ends here
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
	for _, rt := range n.routes {
		if rt.method() == method {
			return rt
		}
	}
	return nil
}

// search offers accept the ends of the patterns and namespaces that match
// path, the most specific first, until it accepts one. What is left of the
// path is only ever not empty, or found at a node without routes of this
// length, for a namespace. If escaped, the path is percent-encoded.
func (n *node) search(path string, escaped bool, accept func(n *node, left string) bool) bool {
	if path == "" {
		return accept(n, "")
	}
	text, left := cutSegment(path)
	if escaped {
		text = unescape(text)
	}
	if c := n.children.find(text); c != nil && c.search(left, escaped, accept) {
		return true
	}
	if n.wildcard != nil && text != "" && n.wildcard.search(left, escaped, accept) {
		return true
	}
	if n.rest != nil && accept(n.rest, "") {
		return true
	}
	return n.mount != nil && accept(n, path)
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

// Edges are a node's children by their literals.
type edges struct {
	list  []edge
	index map[string]*node // only for a list longer than fewEdges
}

type edge struct {
	text string
	node *node
}

// fewEdges is how many literals are looked through sooner than hashed.
const fewEdges = 8

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
	e.list = append(e.list, edge{text, n})
	if len(e.list) == fewEdges+1 {
		e.index = make(map[string]*node, len(e.list))
		for _, old := range e.list {
			e.index[old.text] = old.node
		}
	} else if e.index != nil {
		e.index[text] = n
	}
	return n
}
