package tigertonic_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/rcrowley/go-tigertonic"

// The rooms, from the top down, each with those below it that it may import. What
// isn't in the table isn't allowed, and a line that nothing needs any more is to go.
//
//	  markup
//	  /    \
//	admin  openapi ← openapitest   client   mocking
//	     \     |                   /       /
//	        the root: what users name
//	     /          \        \         \        \         \       \
//	bind answers   certs   handover   conns   linelog   timer   tally   cors
//	  /   |  \                                       |
//	trie  |   typeschema                           record
//	 |  codec   /    |
//	 |   |   \ /     |
//	 |   |   / \     |
//	 |  check   jsontype
//	 |   |   \
//	 |   |    schema
//	 |  jsonscan
//	 |   |
//	 ├─ swar
//	 └─ httpfield, callsite
//
// Below the root stands nothing that knows a handler of ours, and the compiler holds
// that: the root imports them. Package schema is the one down there that users name.
var rooms = map[string][]string{
	"": {
		"schema",
		"internal/answers",
		"internal/bind",
		"internal/call",
		"internal/callsite",
		"internal/certs",
		"internal/check",
		"internal/codec",
		"internal/conns",
		"internal/cors",
		"internal/form",
		"internal/handover",
		"internal/httpfield",
		"internal/jsonscan",
		"internal/jsontype",
		"internal/linelog",
		"internal/record",
		"internal/swar",
		"internal/tally",
		"internal/timer",
		"internal/trie",
		"internal/typeschema",
	},
	"admin":               {"", "schema", "internal/callsite", "internal/markup"},
	"client":              {"", "internal/call", "internal/callsite", "internal/httpfield"},
	"mocking":             {""},
	"openapi":             {"", "schema", "internal/callsite", "internal/httpfield", "internal/markup"},
	"openapi/openapitest": {"openapi"},

	"schema":              {},
	"internal/answers":    {"schema", "internal/codec", "internal/httpfield", "internal/jsontype", "internal/typeschema"},
	"internal/bind":       {"schema", "internal/check", "internal/codec", "internal/form", "internal/httpfield", "internal/jsonscan", "internal/jsontype", "internal/trie", "internal/typeschema"},
	"internal/call":       {},
	"internal/callsite":   {},
	"internal/certs":      {},
	"internal/check":      {"schema", "internal/jsonscan"},
	"internal/codec":      {"internal/check", "internal/jsonscan", "internal/jsontype"},
	"internal/conns":      {},
	"internal/cors":       {"internal/httpfield"},
	"internal/form":       {},
	"internal/handover":   {},
	"internal/httpfield":  {},
	"internal/jsonscan":   {"internal/swar"},
	"internal/jsontype":   {"internal/jsonscan"},
	"internal/linelog":    {"internal/httpfield", "internal/jsonscan", "internal/record"},
	"internal/markup":     {},
	"internal/record":     {},
	"internal/swar":       {},
	"internal/tally":      {},
	"internal/timer":      {},
	"internal/trie":       {"internal/callsite", "internal/httpfield", "internal/swar"},
	"internal/typeschema": {"schema", "internal/check", "internal/jsonscan", "internal/jsontype"},
}

// libraries are the modules of others that a room may be made of, where it may.
var libraries = map[string][]string{
	"":                    {"github.com/rcrowley/go-metrics", "github.com/go-json-experiment/json"},
	"client":              {"github.com/rcrowley/go-metrics", "github.com/go-json-experiment/json"},
	"internal/call":       {"github.com/go-json-experiment/json"},
	"admin":               {"github.com/rcrowley/go-metrics", "github.com/go-json-experiment/json"},
	"internal/answers":    {"github.com/go-json-experiment/json"},
	"internal/bind":       {"github.com/go-json-experiment/json"},
	"internal/check":      {"github.com/go-json-experiment/json"},
	"internal/jsontype":   {"github.com/go-json-experiment/json"},
	"internal/linelog":    {"github.com/go-json-experiment/json"},
	"internal/timer":      {"github.com/rcrowley/go-metrics"},
	"internal/typeschema": {"github.com/go-json-experiment/json"},
	"internal/codec":      {"github.com/go-json-experiment/json"},
	"internal/jsonscan":   {"github.com/go-json-experiment/json"},
}

type goPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func goList(t *testing.T, args ...string) []byte {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("go list: %s", exit.Stderr)
	}
	require.NoError(t, err)
	return out
}

// roomsOf returns the packages of the root's module by their paths in it.
func roomsOf(t *testing.T) map[string]goPackage {
	t.Helper()
	all := map[string]goPackage{}
	decoder := json.NewDecoder(strings.NewReader(string(goList(t, "-json=ImportPath,Imports,Deps", "./..."))))
	for decoder.More() {
		var p goPackage
		require.NoError(t, decoder.Decode(&p))
		all[roomOf(p.ImportPath)] = p
	}
	return all
}

// roomOf returns the path of a package of ours in the module.
func roomOf(path string) string { return strings.TrimPrefix(strings.TrimPrefix(path, module), "/") }

func TestPackagesKeepTheirArrows(t *testing.T) {
	all := roomsOf(t)
	for room, p := range all {
		allowed, known := rooms[room]
		assert.True(t, known, "%q is not in the table", room)
		var needed []string
		for _, imported := range p.Imports {
			if imported == module || strings.HasPrefix(imported, module+"/") {
				needed = append(needed, roomOf(imported))
			}
		}
		assert.ElementsMatch(t, allowed, needed, "what %q imports", room)
	}
	for room := range rooms {
		assert.Contains(t, all, room)
	}
}

// Who reads a package must know those below it, too. So no way down is long.
func TestRoomsBelowTheRootStandOnFewFloors(t *testing.T) {
	var floors func(room string) int
	floors = func(room string) int {
		below := 0
		for _, imported := range rooms[room] {
			below = max(below, floors(imported))
		}
		return 1 + below
	}
	for _, room := range rooms[""] {
		assert.LessOrEqual(t, floors(room), 5, room)
		files, err := filepath.Glob(filepath.Join(room, "*.go"))
		require.NoError(t, err)
		files = slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
		assert.LessOrEqual(t, len(files), 15, room)
	}
}

func TestRoomsAreMadeOfFewLibraries(t *testing.T) {
	for room, p := range roomsOf(t) {
		if allowed := libraries[room]; room != "mocking" && !strings.HasPrefix(room, "openapi") { // which have the root's
			assert.Subset(t, allowed, modulesOf(p.Deps), "what %q is made of", room)
		}
		if room == "" {
			for _, forbidden := range []string{"testing", "expvar", "net/http/pprof"} {
				assert.NotContains(t, p.Deps, forbidden)
			}
		}
	}
}

// The root, and packages that services link with it, do nothing that the compiler
// can't check, whatever way there is round the import of package unsafe.
func TestNothingIsUnsafe(t *testing.T) {
	forbidden := map[string]bool{
		"NewAt": true, "UnsafePointer": true, "UnsafeAddr": true, "StringData": true, "SliceData": true,
		"SliceHeader": true, "StringHeader": true,
	}
	for room := range roomsOf(t) {
		dir := filepath.FromSlash("./" + room)
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		require.NoError(t, err)
		require.NotEmpty(t, names)
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
			require.NoError(t, err)
			for _, spec := range file.Imports {
				assert.NotContains(t, []string{`"unsafe"`, `"C"`}, spec.Path.Value, name)
			}
			for _, group := range file.Comments {
				for _, comment := range group.List {
					assert.False(t, strings.HasPrefix(comment.Text, "//go:linkname") || strings.HasPrefix(comment.Text, "//go:noescape"),
						"%v: %s", fset.Position(comment.Pos()), comment.Text)
				}
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					assert.False(t, forbidden[s.Sel.Name], "%v: %s", fset.Position(s.Pos()), s.Sel.Name)
				}
				return true
			})
		}
		assembly, err := filepath.Glob(filepath.Join(dir, "*.s"))
		require.NoError(t, err)
		assert.Empty(t, assembly)
	}
}

// modulesOf returns the modules of others that packages are in.
func modulesOf(packages []string) (modules []string) {
	for _, p := range packages {
		elements := strings.Split(p, "/")
		if !strings.Contains(elements[0], ".") || strings.HasPrefix(p, module) {
			continue
		}
		if m := strings.Join(elements[:min(3, len(elements))], "/"); !slices.Contains(modules, m) {
			modules = append(modules, m)
		}
	}
	return modules
}

func TestRootRequiresThreeModules(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json").Output()
	require.NoError(t, err)
	var mod struct {
		Go, Toolchain string
		Require       []struct {
			Path     string
			Indirect bool
		}
	}
	require.NoError(t, json.Unmarshal(out, &mod))
	var direct []string
	for _, r := range mod.Require {
		if !r.Indirect {
			direct = append(direct, r.Path)
		}
	}
	assert.ElementsMatch(t, []string{
		"github.com/go-json-experiment/json", "github.com/rcrowley/go-metrics", "github.com/stretchr/testify",
	}, direct)
	assert.Equal(t, "1.26", mod.Go)
	assert.Empty(t, mod.Toolchain)
}
