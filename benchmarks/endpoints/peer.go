package endpoints

import "net/http"

// A Peer is a way to build the service.
type Peer struct {
	Name string
	// New returns the service, which handles all tasks, and validates its input if
	// checked is set.
	New func(checked bool) http.Handler
}

// Peers returns all ways, ours first.
func Peers() []Peer {
	return []Peer{
		{"typed", either(newTyped[order], newTyped[checkedOrder])},
		{"marshaled", either(newMarshaled[order], newMarshaled[checkedOrder])},
		{"marshaled-by-hand", either(newUnmarshaled[order], newUnmarshaled[checkedOrder])},
		{"encoding-json", either(newByHand[order](v1()), newByHand[checkedOrder](v1()))},
		{"json-v2", either(newByHand[order](v2()), newByHand[checkedOrder](v2()))},
		{"gin", either(newGin[order], newGin[checkedOrder])},
		{"echo", either(newEcho[order], newEcho[checkedOrder])},
		{"huma", either(newHuma[order], newHuma[checkedOrder])},
	}
}

// Codecs returns ours and services by hand with other JSON packages, for what a response
// costs by itself.
func Codecs() []Peer {
	return []Peer{
		Named("typed"),
		Named("encoding-json"),
		Named("json-v2"),
		{"go-json", newByHand[order](goJSON())},
		{"sonic", newByHand[order](sonicJSON())},
	}
}

func either(plain, checked func(bool) http.Handler) func(bool) http.Handler {
	return func(check bool) http.Handler {
		if check {
			return checked(true)
		}
		return plain(false)
	}
}

// Named returns the peer of this name. It panics if there is none.
func Named(name string) Peer {
	for _, p := range Peers() {
		if p.Name == name {
			return p
		}
	}
	panic("there is no peer " + name)
}
