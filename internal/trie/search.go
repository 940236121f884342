package trie

import "net/http"

// A search goes down the path segment by segment. At each node it tries, in
// this order,
//
//  1. the child with the segment as its literal (found as literals.go says),
//  2. the child for {name}, unless the segment is empty or a dot segment,
//  3. the child for {name...}, unless a dot segment is left,
//  4. the namespace mounted at the node itself, likewise,
//
// and backtracks from whatever fails. The first end with the method is the result. So a
// literal beats a wildcard, the decision nearer to the root counts more, the longest
// namespace wins, and a pattern that matches the path but lacks the method doesn't hide
// one that has it.

// A Search looks for the route or mount that serves a request. Set the first group of
// fields, call Find once, and read the second.
type Search struct {
	// What is asked.
	Method  Method
	Escaped bool     // the path is percent-encoded
	Matches *Matches // to fill for any method, or nil; Method is the zero value then

	// What Find found.
	Route *Route // that answers: one for Method or, for HEAD, for GET
	Mount *Mount // that answers, if no more specific route does
	Left  string // of the path, what is below the mount: "" or what begins with a slash
	Other bool   // a pattern matches that lacks Method, more specific than what answers if anything does

	own bool // it is OPTIONS for a pattern, which is the mux's own to answer
}

// Matches are the routes that match a path and no mount hides, the most specific first, and
// the mount that has what no route answers, as in [Search]. A search allocates nothing for
// a few.
type Matches struct {
	Mount *Mount
	Left  string

	few   [8]*Route
	count int
	more  []*Route // all of them, once there are more
}

func (m *Matches) add(rt *Route) {
	if m.count < len(m.few) {
		m.few[m.count] = rt
		m.count++
		return
	}
	if m.more == nil {
		m.more = append(m.more, m.few[:]...)
	}
	m.more = append(m.more, rt)
}

// Routes returns the routes, in a slice that belongs to m.
func (m *Matches) Routes() []*Route {
	if m.more != nil {
		return m.more
	}
	return m.few[:m.count]
}

// Find searches below n for path, which is "" or begins with a slash. It stops at the
// most specific route or mount that serves it, and reports whether it stopped before
// trying everything. With Matches, and for OPTIONS with Other, it may stop at a mount
// that only hides what is less specific.
//
// The last attempt at a node needs no backtracking, so it continues the loop.
func (s *Search) Find(n *Node, path string) bool {
	for path != "" {
		var c *Node
		left := ""
		if s.Escaped {
			c, left = n.escapedChild(path)
		} else {
			for c = n.literals.candidates(path); c != nil; c = c.next {
				if c.begins(path) {
					left = path[len(c.text):]
					break
				}
			}
		}
		if c != nil {
			if n.wildcard == nil && !n.takesRest() {
				n, path = c, left
				continue
			}
			if s.Find(c, left) {
				return true
			}
		}
		if n.wildcard != nil {
			if text, left := CutSegment(path); s.fills(text) {
				if !n.takesRest() {
					n, path = n.wildcard, left
					continue
				}
				if s.Find(n.wildcard, left) {
					return true
				}
			}
		}
		if !n.takesRest() || s.hasDots(path[1:]) {
			return false
		}
		return n.branch.rest != nil && s.ends(n.branch.rest) || s.mounts(n, path)
	}
	if s.Route = n.Route(s.Method); s.Route != nil { // what ends does, but without a call
		return true
	}
	return s.ends(n) || s.mounts(n, "")
}

// escapedChild returns the child for the path's first segment after unescaping it, or
// nil, and the rest of the path.
func (n *Node) escapedChild(path string) (c *Node, left string) {
	text, left := CutSegment(path)
	return n.childFor(Unescape(text)), left
}

// begins reports whether the path's first segment equals the node's literal.
func (n *Node) begins(path string) bool {
	end := len(n.text)
	return len(path) >= end && (len(path) == end || path[end] == '/') && path[:end] == n.text
}

// ends reports whether a route for the method ends at n. It records those for other
// methods.
func (s *Search) ends(n *Node) bool {
	s.Route = n.Route(s.Method)
	if s.Route == nil && s.Method.number == head {
		s.Route = n.Route(Method{http.MethodGet, get})
	}
	if s.Route != nil {
		return true
	}
	s.Other = s.Other || n.Routes != nil
	s.own = s.Other && s.Method.number == options
	if s.Matches != nil {
		for rt := n.Routes; rt != nil; rt = rt.Next {
			s.Matches.add(rt)
		}
	}
	return false
}

// mounts reports whether a namespace is mounted at n, which hides what is less specific.
// It serves the request unless the mux itself does.
func (s *Search) mounts(n *Node, left string) bool {
	m := n.Mount()
	if m != nil && !s.own {
		s.Mount, s.Left = m, left
		if s.Matches != nil {
			s.Matches.Mount, s.Matches.Left = m, left
		}
	}
	return m != nil
}

// fills reports whether a segment can be the value of a wildcard: it is neither empty nor
// a dot segment.
func (s *Search) fills(text string) bool {
	return text != "" && (text[0] != '.' && !s.Escaped || !s.hasDots(text))
}

// hasDots reports whether text, which a wildcard or a namespace would match, has a dot
// segment after unescaping. Literals have none.
func (s *Search) hasDots(text string) bool {
	if s.Escaped {
		text = Unescape(text)
	}
	return hasDotSegment(text)
}
