package guides

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// library returns the documentation of the root package, with its Examples.
func library(t *testing.T) *doc.Package {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	pkg, err := doc.NewFromFiles(fset, files, "github.com/rcrowley/go-tigertonic")
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}

// exported returns the exported names of a package, each with whether it has an Example:
// one of its own, of a method, or of a function that returns it, and for a type also one
// that uses it. The many status errors share that of HTTPEquivError.
func exported(pkg *doc.Package) map[string]bool {
	names, used := map[string]bool{}, usedInExamples(pkg)
	for _, f := range pkg.Funcs {
		names[f.Name] = len(f.Examples) > 0
	}
	for _, typ := range pkg.Types {
		has := len(typ.Examples) > 0 || used[typ.Name] || isStatusError(typ)
		for _, f := range slices.Concat(typ.Funcs, typ.Methods) {
			has = has || len(f.Examples) > 0
		}
		names[typ.Name] = has
		for _, f := range typ.Funcs {
			names[f.Name] = has // leads to the type's
		}
	}
	values := slices.Concat(pkg.Vars, pkg.Consts)
	for _, typ := range pkg.Types {
		values = slices.Concat(values, typ.Vars, typ.Consts)
	}
	for _, v := range values {
		for _, name := range v.Names {
			names[name] = true // a guide shows how it is set
		}
	}
	return names
}

// usedInExamples returns the names of the package that its Examples use.
func usedInExamples(pkg *doc.Package) map[string]bool {
	used := map[string]bool{}
	see := func(examples []*doc.Example) {
		for _, example := range examples {
			ast.Inspect(example.Code, func(n ast.Node) bool {
				if selector, ok := n.(*ast.SelectorExpr); ok {
					if x, ok := selector.X.(*ast.Ident); ok && x.Name == pkg.Name {
						used[selector.Sel.Name] = true
					}
				}
				return true
			})
		}
	}
	see(pkg.Examples)
	for _, f := range pkg.Funcs {
		see(f.Examples)
	}
	for _, typ := range pkg.Types {
		see(typ.Examples)
		for _, f := range slices.Concat(typ.Funcs, typ.Methods) {
			see(f.Examples)
		}
	}
	return used
}

func isStatusError(typ *doc.Type) bool {
	for _, spec := range typ.Decl.Specs {
		fields, ok := spec.(*ast.TypeSpec).Type.(*ast.StructType)
		if !ok || len(fields.Fields.List) != 1 {
			continue
		}
		embedded, ok := fields.Fields.List[0].Type.(*ast.Ident)
		if ok && embedded.Name == "Err" && len(fields.Fields.List[0].Names) == 0 {
			return true
		}
	}
	return false
}

var (
	qualified = regexp.MustCompile(`\btigertonic\.([A-Z]\w*)`)
	inline    = regexp.MustCompile("`([A-Z]\\w*)(?:[({\\[.][^`]*)?`")
)

func TestNamesOnThePagesExist(t *testing.T) {
	t.Parallel()
	names := exported(library(t))
	for file, text := range pages(t) {
		for _, found := range qualified.FindAllStringSubmatch(text, -1) {
			if _, ok := names[found[1]]; !ok && filepath.Base(file) != "MIGRATION.md" && filepath.Base(file) != "CHANGELOG.md" {
				t.Errorf("%s: there is no %s", file, found[0])
			}
		}
	}
}

// elsewhere are names that mean something else on the pages: the header Link, chi's Logger.
var elsewhere = map[string]bool{"Link": true, "Logger": true}

// What a guide names is looked up by its readers, who want to see it used.
func TestNamesInTheGuidesHaveExamples(t *testing.T) {
	t.Parallel()
	names := exported(library(t))
	missing := map[string]string{}
	for file, text := range pages(t) {
		if filepath.Base(filepath.Dir(file)) != "docs" || filepath.Base(file) == "BENCHMARKS.md" {
			continue
		}
		for _, pattern := range []*regexp.Regexp{qualified, inline} {
			for _, found := range pattern.FindAllStringSubmatch(text, -1) {
				if has, ok := names[found[1]]; ok && !has && !elsewhere[found[1]] {
					missing[found[1]] = filepath.Base(file)
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		t.Errorf("%s has no Example, and docs/%s names it", name, missing[name])
	}
}
