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
// and backtracks from whatever fails. The first end that has the method is the
// answer: so a literal beats a wildcard, the decision nearer to the root counts
// for more, the longest namespace wins, and a pattern that matches the path but
// lacks the method doesn't hide one that has it.

// A Search looks for what answers a request, a route or a mount. Set what is asked,
// call Find once, and read what it found.
type Search struct {
	// What is asked.
	Method  Method
	Escaped bool // the path is percent-encoded
	Collect bool // fill Found for any method; Method is the zero value

	// What Find found.
	Route *Route   // that answers: one for Method or, for HEAD, for GET
	Mount *Mount   // that answers, if no more specific route does
	Left  string   // of the path, what is below the mount: "" or what begins with a slash
	Other bool     // a pattern matches that lacks Method, more specific than what answers if anything does
	Found []*Route // if Collect: those that match and no mount hides, the most specific first

	own bool // it is OPTIONS for a pattern, which is the mux's own to answer
}

// Find searches from n down for what path, which is "" or begins with a slash, leads
// to. It stops at the most specific route or mount that answers, and reports whether
// it stopped before it had tried everything. With Collect, and for OPTIONS if Other,
// that can be at a mount that only hides what is less specific.
//
// The last thing to try at a node needs no way back, so the loop goes on there.
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
			if n.wildcard == nil && n.rest == nil && n.Mount == nil {
				n, path = c, left
				continue
			}
			if s.Find(c, left) {
				return true
			}
		}
		if n.wildcard != nil {
			if text, left := CutSegment(path); s.fills(text) {
				if n.rest == nil && n.Mount == nil {
					n, path = n.wildcard, left
					continue
				}
				if s.Find(n.wildcard, left) {
					return true
				}
			}
		}
		if n.rest == nil && n.Mount == nil || s.hasDots(path[1:]) {
			return false
		}
		return n.rest != nil && s.ends(n.rest) || s.mounts(n, path)
	}
	if s.Route = n.Route(s.Method); s.Route != nil { // what ends does, but without a call
		return true
	}
	return s.ends(n) || s.mounts(n, "")
}

// escapedChild returns the child for the path's first segment once it is unescaped,
// or nil, and what is left of the path.
func (n *Node) escapedChild(path string) (c *Node, left string) {
	text, left := CutSegment(path)
	return n.childFor(Unescape(text)), left
}

// begins reports whether the path's first segment is the node's literal.
func (n *Node) begins(path string) bool {
	end := len(n.text)
	return len(path) >= end && (len(path) == end || path[end] == '/') && path[:end] == n.text
}

// ends reports whether a route that answers ends at n. It notes those of other
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
	if s.Collect {
		for rt := n.Routes; rt != nil; rt = rt.Next {
			s.Found = append(s.Found, rt)
		}
	}
	return false
}

// mounts reports whether a namespace is mounted at n, which hides what is less
// specific. It answers unless the mux itself does.
func (s *Search) mounts(n *Node, left string) bool {
	if n.Mount != nil && !s.own {
		s.Mount, s.Left = n.Mount, left
	}
	return n.Mount != nil
}

// fills reports whether a segment can stand for a wildcard: it isn't empty, nor a
// dot segment.
func (s *Search) fills(text string) bool {
	return text != "" && (text[0] != '.' && !s.Escaped || !s.hasDots(text))
}

// hasDots reports whether text, which wildcards or a namespace would take, has a
// dot segment once it is unescaped. Literals have none.
func (s *Search) hasDots(text string) bool {
	if s.Escaped {
		text = Unescape(text)
	}
	return hasDotSegment(text)
}
