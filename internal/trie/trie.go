package trie

import "strings"

// The trie. Each node stands for one segment of the patterns that lead through it. There
// is only one way to it from the root, so a search (see search.go) visits no node twice
// however it backtracks.
//
// Wildcards have no names here. Names belong to the patterns, which is why two patterns
// can share a node under different names, and why a search captures nothing: a value is
// found later by the position of its name in the pattern (see pathvalue.go and
// captures.go).

// A Node is a segment of one or more patterns, or the root of them all. The zero value is
// a root without patterns. The fields that a search reads come first, so that they are
// close together in memory. Once everything is added, any number of goroutines may search
// the nodes.
type Node struct {
	text     string // of a literal, after a slash
	next     *Node  // in a chain of literals
	literals literals
	wildcard *Node
	Routes   *Route // those that end here, linked by Next, one per method
	rest     *Node
	Mount    *Mount // the namespace that ends here

	slashed *Node // the chain of literals with a slash in them, which only a %2F matches
	count   int32 // of children for literals
	order   int32 // of a literal among its siblings, by registration
}

// child returns the child for a segment, and creates it if there is none.
func (n *Node) child(s Segment) *Node {
	var next **Node
	switch s.Kind {
	case Wildcard:
		next = &n.wildcard
	case Rest:
		next = &n.rest
	case Literal:
		return n.literal(s.Text)
	}
	if *next == nil {
		*next = &Node{}
	}
	return *next
}

// literal returns the child for a literal, and creates it if there is none.
func (n *Node) literal(text string) *Node {
	c := n.childFor(text)
	if c != nil {
		return c
	}
	n.count++
	c = &Node{text: "/" + text, order: n.count}
	if strings.Contains(text, "/") {
		c.next, n.slashed = n.slashed, c
	} else {
		n.literals.add(c, int(n.count))
	}
	return c
}

// childFor returns the child whose literal is text, or nil.
func (n *Node) childFor(text string) *Node {
	c := n.slashed
	if !strings.Contains(text, "/") {
		c = n.literals.candidates("/" + text)
	}
	for c != nil && c.text[1:] != text {
		c = c.next
	}
	return c
}

// Descend returns the node that the segments lead to from n, and creates missing nodes on
// the way.
func (n *Node) Descend(segments []Segment) *Node {
	for _, s := range segments {
		n = n.child(s)
	}
	return n
}

// Add adds a route that ends at n, which must have none for its method.
func (n *Node) Add(rt *Route) {
	last := &n.Routes
	for *last != nil {
		last = &(*last).Next
	}
	*last = rt
}

// Route returns the route for exactly this method, or nil.
func (n *Node) Route(m Method) *Route {
	rt := n.Routes
	for rt != nil && !rt.answers(m) {
		rt = rt.Next
	}
	return rt
}

// Walk calls visit for n and every node below it. Literals come first, in the order
// of registration, then {name}, then {name...}.
func (n *Node) Walk(visit func(*Node)) {
	if n == nil {
		return
	}
	visit(n)
	children := make([]*Node, n.count)
	n.literals.each(func(c *Node) { children[c.order-1] = c })
	for c := n.slashed; c != nil; c = c.next {
		children[c.order-1] = c
	}
	for _, c := range children {
		c.Walk(visit)
	}
	n.wildcard.Walk(visit)
	n.rest.Walk(visit)
}
