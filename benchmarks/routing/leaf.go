package routing

// A Leaf is the end of a route: what its handler does, and that it was called.
type Leaf struct {
	// These are first, so that a call reaches for one cache line of the leaf.
	Calls int  // of the handler
	Reads bool // the handler reads every wildcard

	Values []string // of the wildcards, as read by the last call
	Route
}

// Leaves returns a leaf for each route.
func Leaves(routes []Route, read bool) []*Leaf {
	leaves := make([]*Leaf, len(routes))
	for i, rt := range routes {
		leaves[i] = &Leaf{Route: rt, Reads: read, Values: make([]string, len(rt.Names))}
	}
	return leaves
}

// reached is what every router's handlers do: get reads a wildcard of what the
// router passed.
func reached[From any](l *Leaf, from From, get func(From, string) string) {
	l.Calls++
	if !l.Reads {
		return
	}
	for i, name := range l.Names {
		l.Values[i] = get(from, name)
	}
}
