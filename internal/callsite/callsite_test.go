package callsite

import (
	"runtime"
	"strings"
	"testing"
)

func TestFunctionsOfTheLibraryAreOurs(t *testing.T) {
	for function, want := range map[string]bool{
		library + ".Typed[...]":                   true,
		library + ".(*TrieServeMux).Handle":       true,
		library + "/internal/trie.(*Node).Add":    true,
		library + "/admin.New":                    true,
		library + "/client.New":                   true,
		library + "/openapi/contract.Of":          true,
		library + "/openapi.New.func1":            true,
		library + "/schema.Of[...]":               true,
		library + "_test.TestMux":                 false,
		library + "/openapi_test.TestDocument":    false,
		library + "/openapi/openapitest.Golden":   false,
		library + "/examples/stuff.service":       false,
		"main.main":                               false,
		"example.com/go-tigertonic/admin.New":     false,
		"github.com/rcrowley/go-tigertonics.Make": false,
	} {
		if got := isOurs(runtime.Frame{Function: function}); got != want {
			t.Errorf("%s: got %v, want %v", function, got, want)
		}
	}
}

// A closure of a function that is inlined has the name of the one that it is inlined in.
func TestFilesOfTheLibraryAreOurs(t *testing.T) {
	for file, want := range map[string]bool{
		"stack.go":                      true,
		"internal/trie/trie.go":         true,
		"client/client.go":              true,
		"stack_test.go":                 false,
		"internal/trie/trie_test.go":    false,
		"openapi/openapitest/golden.go": false,
		"examples/stuff/main.go":        false,
	} {
		if got := isOurs(runtime.Frame{Function: "main.main.MiddlewareWith[...].func1", File: root() + file}); got != want {
			t.Errorf("%s: got %v, want %v", file, got, want)
		}
	}
	if isOurs(runtime.Frame{Function: "main.main", File: "/elsewhere/stack.go"}) {
		t.Error("a file of the user's is ours")
	}
}

// All of a test in here is the library's, so the caller is package testing.
func TestCallerIsTheInnermostThatIsNotOurs(t *testing.T) {
	if got := Caller().String(); !strings.Contains(got, "/testing.go:") {
		t.Errorf("got %s", got)
	}
	defer func() {
		text, _ := recover().(string)
		if !strings.HasPrefix(text, "tigertonic: mux: 3 is odd (at ") || !strings.Contains(text, "/testing.go:") {
			t.Errorf("got %q", text)
		}
	}()
	Panicf("mux: %d is odd", 3)
}

// At the end of the stack there is nobody left who isn't ours.
func TestCallerEndsWithTheStack(t *testing.T) {
	done := make(chan string)
	go func() { done <- Caller().String() }()
	if got := <-done; !strings.Contains(got, ".s:") && !strings.Contains(got, ".go:") {
		t.Errorf("got %s on %s", got, runtime.GOARCH)
	}
}
