package tigertonic_test

import (
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The names that the old library exported and their types are in
// testdata/classic-api.tsv, those of package mocking with its name in front: values
// and functions, types by what they are, then their fields and methods. A program
// that uses them compiles.

func TestClassicAPICompiles(t *testing.T) {
	table, err := os.ReadFile("testdata/classic-api.tsv")
	require.NoError(t, err)
	got := exportedNames(t)
	dropped := map[string]bool{}
	for line := range strings.Lines(string(table)) {
		name, want, ok := strings.Cut(strings.TrimSpace(line), "\t")
		require.True(t, ok, line)
		if has, ok := got[name]; !ok {
			dropped[strings.Trim(strings.SplitN(name, ".", 2)[0], "(*)")] = true
		} else {
			assert.Equal(t, want, has, name)
		}
	}
	assert.Equal(t, map[string]bool{"Conn": true, "Listener": true, "ONE_YEAR_IN_HOURS": true}, dropped)
	migration, err := os.ReadFile("MIGRATION.md")
	require.NoError(t, err)
	for name := range dropped {
		assert.Contains(t, string(migration), "`"+name+"`")
	}
}

// exportedNames returns what the root and package mocking export, as in the table.
func exportedNames(t *testing.T) map[string]string {
	t.Helper()
	exports := map[string]string{}
	for line := range strings.Lines(string(goList(t, "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", ".", "./mocking"))) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		exports[path] = file
	}
	gc := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	names := map[string]string{}
	for prefix, path := range map[string]string{"": module, "mocking.": module + "/mocking"} {
		pkg, err := gc.Import(path)
		require.NoError(t, err)
		for _, name := range pkg.Scope().Names() {
			if o := pkg.Scope().Lookup(name); o.Exported() {
				addNames(names, prefix, o)
			}
		}
	}
	return names
}

func addNames(names map[string]string, prefix string, o types.Object) {
	switch o := o.(type) {
	case *types.Const:
		names[prefix+o.Name()] = "const " + o.Val().String()
	case *types.TypeName:
		addType(names, prefix, o)
	default:
		names[prefix+o.Name()] = typeText(o.Type())
	}
}

// addType adds a type, and what can be selected from its values.
func addType(names map[string]string, prefix string, o *types.TypeName) {
	name := prefix + o.Name()
	switch u := o.Type().Underlying().(type) {
	case *types.Struct:
		names[name] = "struct"
		for field := range u.Fields() {
			if field.Exported() {
				names[name+"."+field.Name()] = typeText(field.Type())
			}
		}
	case *types.Interface:
		names[name] = "interface"
	default:
		names[name] = typeText(u)
	}
	values := types.NewMethodSet(o.Type())
	for method := range types.NewMethodSet(types.NewPointer(o.Type())).Methods() {
		if method.Obj().Exported() {
			names[fmt.Sprintf("(*%s).%s", name, method.Obj().Name())] = typeText(method.Type())
		}
	}
	for method := range values.Methods() {
		if method.Obj().Exported() {
			names[fmt.Sprintf("(%s).%s", name, method.Obj().Name())] = typeText(method.Type())
		}
	}
}

// typeText returns a type without the names of parameters and this package's own.
func typeText(t types.Type) string {
	return types.TypeString(nameless(t), func(p *types.Package) string {
		if strings.HasPrefix(p.Path(), module) {
			return ""
		}
		return p.Path()
	})
}

func nameless(t types.Type) types.Type {
	if m, ok := t.(*types.Map); ok {
		return types.NewMap(m.Key(), nameless(m.Elem()))
	}
	s, ok := t.(*types.Signature)
	if !ok {
		return t
	}
	tuple := func(of *types.Tuple) *types.Tuple {
		var vars []*types.Var
		for v := range of.Variables() {
			vars = append(vars, types.NewParam(token.NoPos, nil, "", nameless(v.Type())))
		}
		return types.NewTuple(vars...)
	}
	return types.NewSignatureType(nil, nil, nil, tuple(s.Params()), tuple(s.Results()), s.Variadic())
}
