package markup_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// markupCalls are the calls that write markup, and which of their arguments that is.
var markupCalls = map[string]int{"Put": 0, "When": 1, "To": 0, "input": 0}

// markupOf returns the markup that stands in the source of a package, by its place.
func markupOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	found := map[string]string{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			selector, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			switch selector.Sel.Name {
			case "HTML":
				t.Errorf("%v: what isn't a constant is made markup", fset.Position(call.Pos()))
			case "Asset":
				if id, ok := call.Args[0].(*ast.Ident); !ok || id.Name != "pageStyle" && id.Name != "pageScript" {
					t.Errorf("%v: an asset that isn't the package's own", fset.Position(call.Pos()))
				}
			}
			at, ok := markupCalls[selector.Sel.Name]
			if !ok || len(call.Args) <= at {
				return true
			}
			if text, ok := call.Args[at].(*ast.BasicLit); ok && text.Kind == token.STRING {
				value, err := strconv.Unquote(text.Value)
				require.NoError(t, err)
				found[fset.Position(text.Pos()).String()] = value
			} else if id, ok := call.Args[at].(*ast.Ident); !ok || id.Name != "m" && id.Name != "begin" { // the parameters of when and input
				t.Errorf("%v: markup that isn't a literal", fset.Position(call.Pos()))
			}
			return true
		})
	}
	return found
}

var (
	verb      = regexp.MustCompile(`%.`)
	address   = regexp.MustCompile(`(href|src|action|formaction|data-index)="(?:%u|#[a-z]+|data:,|\?)"`)
	addresses = regexp.MustCompile(`\b(href|src|action|formaction|data-index)=`)
	attribute = regexp.MustCompile(`[a-z-]+="[^"<>]*"`)
)

// Between tags and within the quotes of an attribute, what is escaped is text. Nothing
// from elsewhere stands anywhere else: not in the name of a tag or an attribute, not
// without quotes, not in an attribute that is run. Addresses are links.
func TestMarkupHasHolesOnlyForTexts(t *testing.T) {
	markup := markupOf(t, "../../openapi")
	require.Greater(t, len(markup), 100)
	pages := markupOf(t, "../../admin")
	require.Greater(t, len(pages), 30)
	maps.Copy(markup, pages)
	for place, m := range markup {
		for _, v := range verb.FindAllString(m, -1) {
			assert.Contains(t, []string{"%s", "%d", "%u"}, v, "%s: %s", place, m)
		}
		assert.Len(t, address.FindAllString(m, -1), len(addresses.FindAllString(m, -1)), "%s: an address that isn't a link: %s", place, m)
		assert.NotRegexp(t, `(?i)\s(on[a-z]+|style|srcdoc)=`, m, place)
		assert.Equal(t, strings.Count(m, "%u"), strings.Count(strings.Join(address.FindAllString(m, -1), " "), "%u"), "%s: a link that isn't an address: %s", place, m)
		// The attributes go, and what is left of tags has no hole. Markup can begin within
		// a tag, or within an attribute that the markup before has opened.
		rest := attribute.ReplaceAllString(m, "")
		if i := strings.IndexAny(rest, "<>"); i >= 0 && rest[i] == '>' {
			assert.NotContains(t, rest[:i], "%", "%s: %s", place, m)
			rest = rest[i+1:]
		}
		for _, tag := range regexp.MustCompile(`<[^>]*(>|$)`).FindAllString(rest, -1) {
			assert.NotContains(t, tag, "%", "%s: %s", place, m)
			assert.False(t, strings.Contains(tag, "<script") && strings.Contains(m, "%"), place)
		}
	}
}
