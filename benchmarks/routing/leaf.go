package routing

// A Leaf is the end of a route: it says what the handler does, and records that it was
// called.
type Leaf struct {
	// These come first, so that a call touches one cache line of the leaf.
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

// reached is the work of every router's handlers: get reads a wildcard from what the
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
