package trie

import (
	"net/http"
	"testing"
)

func TestMethodsHaveNumbersOfTheirOwn(t *testing.T) {
	names := map[number]string{}
	for _, name := range []string{
		http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodHead, http.MethodOptions,
	} {
		n := NewMethod(name).number
		if names[n] != "" || n == others {
			t.Errorf("%s has number %d, as %q has", name, n, names[n])
		}
		names[n] = name
	}
	for _, name := range []string{"", "get", "BREW", http.MethodConnect, http.MethodTrace} {
		if n := NewMethod(name).number; n != others {
			t.Errorf("%q has number %d, want %d", name, n, others)
		}
	}
}

func TestRouteAnswersItsMethodAlone(t *testing.T) {
	methods := []string{"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "BREW", "BREWS", "get"}
	var tb table
	for _, method := range methods {
		tb.add(t, method, "/a")
	}
	n := tb.root.Descend([]Segment{{"a", Literal}})
	for _, method := range methods {
		if rt := n.Route(NewMethod(method)); method == "get" && rt != nil || method != "get" && (rt == nil || rt.Method() != method || rt.Path() != "/a") {
			t.Errorf("%s: %+v", method, rt)
		}
	}
	for _, m := range []Method{{}, NewMethod("WHEN"), NewMethod("TRACE")} {
		if rt := n.Route(m); rt != nil {
			t.Errorf("%+v: %s", m, rt.Pattern)
		}
	}
}

// RFC 9110 §9.1.
func TestIsMethod(t *testing.T) {
	for s, want := range map[string]bool{
		"GET": true, "CONNECT": true, "TRACE": true, "M-SEARCH": true, "search": true, "GETS": true, "!#$%&'*+-.^_`|~0aZ": true,
		"": false, "get": false, "Post": false, "cONNECT": false, "tracE": false, "G ET": false, "GET,POST": false, "G\r\nT": false,
		"GÉT": false, "GET/": false, "\x7f": false, "{x}": false, "GET ": false,
	} {
		if got := IsMethod(s); got != want {
			t.Errorf("IsMethod(%q): got %v, want %v", s, got, want)
		}
	}
}
