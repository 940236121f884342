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
// a root without patterns. A node fills one line of the processor's cache; what few nodes
// have is in the branch. Once everything is added, any number of goroutines may search the
// nodes.
type Node struct {
	text     string // of a literal, after a slash
	next     *Node  // in a chain of literals
	literals literals
	wildcard *Node
	Routes   *Route // those that end here, linked by Next, one per method
	branch   *branch
}

// A branch is what a node has where the path goes on, except a wildcard.
type branch struct {
	rest    *Node
	mount   *Mount  // the namespace that ends here
	named   []*Node // the children for literals, in the order of registration
	slashed *Node   // the chain of those with a slash in them, which only a %2F matches
}

// Mount returns the namespace that ends here, or nil.
func (n *Node) Mount() *Mount {
	if n.branch == nil {
		return nil
	}
	return n.branch.mount
}

// SetMount sets the namespace that ends here.
func (n *Node) SetMount(m *Mount) { n.branched().mount = m }

// branched returns the node's branch, which it makes if there is none.
func (n *Node) branched() *branch {
	if n.branch == nil {
		n.branch = &branch{}
	}
	return n.branch
}

// takesRest reports whether there is a {name...} or a namespace here.
func (n *Node) takesRest() bool {
	return n.branch != nil && (n.branch.rest != nil || n.branch.mount != nil)
}

// child returns the child for a segment, and creates it if there is none.
func (n *Node) child(s Segment) *Node {
	var next **Node
	switch s.Kind {
	case Wildcard:
		next = &n.wildcard
	case Rest:
		next = &n.branched().rest
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
	if c := n.childFor(text); c != nil {
		return c
	}
	c, b := &Node{text: "/" + text}, n.branched()
	b.named = append(b.named, c)
	if strings.Contains(text, "/") {
		c.next, b.slashed = b.slashed, c
	} else {
		n.literals.add(c, len(b.named))
	}
	return c
}

// childFor returns the child whose literal is text, or nil.
func (n *Node) childFor(text string) (c *Node) {
	switch {
	case !strings.Contains(text, "/"):
		c = n.literals.candidates("/" + text)
	case n.branch != nil:
		c = n.branch.slashed
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
	if n.branch == nil {
		n.wildcard.Walk(visit)
		return
	}
	for _, c := range n.branch.named {
		c.Walk(visit)
	}
	n.wildcard.Walk(visit)
	n.branch.rest.Walk(visit)
}
