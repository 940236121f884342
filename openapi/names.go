package openapi

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rcrowley/go-tigertonic"
)

// Schemas with a name are written once and referred to. Which are the same isn't
// told by their pointers alone, as a type's schema can have been made more than
// once: schemas of the same name, package and variant are the same unless what
// they hold differs. Whether it does depends on whether the schemas that they
// refer to are the same, and these can refer back. So all that might be the same
// are taken to be, and told apart, by what is written of them with that
// assumption, again and again until no more can be. (The minimization of automata
// goes this way.)
//
// Then each name is given away. Where it is wanted by more than one, all of these
// get the shortest addition that tells them apart: the variant, the last element
// of the package's path, the whole path; and at last numbers.

// nameSchemas returns the schemas that others refer to, sorted by name, and the
// name that goes with each pointer to one.
func nameSchemas(operations []operation) ([]namedSchema, map[*tigertonic.Schema]string) {
	named := referred(reachable(operations))
	classes := classify(named)
	var firsts []*tigertonic.Schema
	for _, s := range named {
		if classes[s] == len(firsts) {
			firsts = append(firsts, s)
		}
	}
	given := giveNames(firsts)
	names := map[*tigertonic.Schema]string{}
	for _, s := range named {
		names[s] = given[classes[s]]
	}
	schemas := make([]namedSchema, len(firsts))
	for i, s := range firsts {
		schemas[i] = namedSchema{given[i], s}
	}
	slices.SortFunc(schemas, func(a, b namedSchema) int { return cmp.Compare(a.name, b.name) })
	return schemas, names
}

// forEachSchema calls f with the schemas of an operation, in a fixed order.
func forEachSchema(op *tigertonic.Operation, f func(*tigertonic.Schema)) {
	content := func(content map[string]tigertonic.MediaType) {
		for _, m := range sorted(content) {
			f(m.Schema)
			f(m.Items)
		}
	}
	for _, p := range op.Parameters {
		f(p.Schema)
	}
	if op.Body != nil {
		content(op.Body.Content)
	}
	for _, rs := range sorted(op.Responses) {
		for _, h := range sorted(rs.Headers) {
			f(h.Schema)
		}
		content(rs.Content)
	}
}

// forEachWithin calls f with the schemas that stand in s, in a fixed order. Some
// are nil.
func forEachWithin(s *tigertonic.Schema, f func(*tigertonic.Schema)) {
	f(s.Ref)
	for _, alternative := range s.AnyOf {
		f(alternative)
	}
	f(s.Items)
	for _, p := range s.Properties {
		f(p.Schema)
	}
	f(s.Additional)
	f(s.PropertyNames)
}

// reachable returns the schemas of operations and those within them, in a fixed
// order.
func reachable(operations []operation) (all []*tigertonic.Schema) {
	seen := map[*tigertonic.Schema]bool{nil: true}
	var visit func(*tigertonic.Schema)
	visit = func(s *tigertonic.Schema) {
		if !seen[s] {
			seen[s] = true
			all = append(all, s)
			forEachWithin(s, visit)
		}
	}
	for i := range operations {
		forEachSchema(operations[i].Operation, visit)
	}
	return all
}

// referred returns those schemas that are referred to: those with a name, and of
// those without that stand within each other, one a circle.
func referred(all []*tigertonic.Schema) []*tigertonic.Schema {
	circular := map[*tigertonic.Schema]bool{}
	visited, within := map[*tigertonic.Schema]bool{nil: true}, map[*tigertonic.Schema]bool{}
	var visit func(*tigertonic.Schema)
	visit = func(s *tigertonic.Schema) {
		if within[s] {
			circular[s] = true
		}
		if visited[s] || s.Name != "" {
			return
		}
		visited[s], within[s] = true, true
		forEachWithin(s, visit)
		within[s] = false
	}
	for _, s := range all {
		visit(s)
	}
	return slices.DeleteFunc(all, func(s *tigertonic.Schema) bool { return s.Name == "" && !circular[s] })
}

// classify returns a number for each schema, from 0 on in their order, which is
// the same for those that are the same.
func classify(schemas []*tigertonic.Schema) map[*tigertonic.Schema]int {
	classes, count := numberBy(schemas, func(s *tigertonic.Schema) string {
		return fmt.Sprintf("%q %q %q", s.Name, s.Package, s.Variant)
	})
	for {
		refs := map[*tigertonic.Schema]string{}
		for s, class := range classes {
			refs[s] = strconv.Itoa(class)
		}
		refined, more := numberBy(schemas, func(s *tigertonic.Schema) string {
			text, err := marshal(schemaBody(s, refs))
			if err != nil { // which rendering reports
				text = nil
			}
			return refs[s] + " " + string(text)
		})
		if more == count {
			return classes
		}
		classes, count = refined, more
	}
}

// numberBy numbers schemas by their keys.
func numberBy(schemas []*tigertonic.Schema, key func(*tigertonic.Schema) string) (numbers map[*tigertonic.Schema]int, count int) {
	numbers, byKey := map[*tigertonic.Schema]int{}, map[string]int{}
	for _, s := range schemas {
		k := key(s)
		if _, ok := byKey[k]; !ok {
			byKey[k] = len(byKey)
		}
		numbers[s] = byKey[k]
	}
	return numbers, len(byKey)
}

// giveNames returns a name for each of the schemas, none of which are the same.
func giveNames(schemas []*tigertonic.Schema) []string {
	rivals := map[string][]*tigertonic.Schema{}
	for _, s := range schemas {
		name := sanitize(s.Name)
		rivals[name] = append(rivals[name], s)
	}
	names := make([]string, len(schemas))
	taken := map[string]bool{}
	for i, s := range schemas {
		name := sanitize(s.Name)
		if among := rivals[name]; len(among) > 1 {
			name = qualifier(among)(s)
		}
		names[i] = unused(name, func(s string) bool { return taken[s] })
		taken[names[i]] = true
	}
	return names
}

// qualifier returns the function for the shortest names that tell the rivals
// apart, or the longest names if none does.
func qualifier(rivals []*tigertonic.Schema) (name func(*tigertonic.Schema) string) {
	for _, name = range []func(*tigertonic.Schema) string{
		func(s *tigertonic.Schema) string { return join("", sanitize(s.Name), s.Variant) },
		func(s *tigertonic.Schema) string { return join(path.Base(s.Package), sanitize(s.Name), "") },
		func(s *tigertonic.Schema) string { return join(path.Base(s.Package), sanitize(s.Name), s.Variant) },
		func(s *tigertonic.Schema) string { return join(s.Package, sanitize(s.Name), "") },
		func(s *tigertonic.Schema) string { return join(s.Package, sanitize(s.Name), s.Variant) },
	} {
		if _, count := numberBy(rivals, name); count == len(rivals) {
			return name
		}
	}
	return name
}

// join joins a package, a name and a variant.
func join(pkg, name, variant string) string {
	pkg = strings.Map(toName, strings.Trim(strings.ReplaceAll(pkg, "/", "."), "."))
	return strings.Trim(pkg+"."+name+"."+strings.Map(toName, variant), ".")
}

var (
	validName = regexp.MustCompile(`^[a-zA-Z0-9._-]+$`)
	nameWords = regexp.MustCompile(`\[\]|[^][,*{}()\s·"]+`)
)

// sanitize returns the name of a type as that of a component, for which the
// characters are few: of Page[github.com/x/y.Stuff] it is Page_Stuff.
func sanitize(name string) string {
	if validName.MatchString(name) {
		return name
	}
	var words []string
	for _, word := range nameWords.FindAllString(name, -1) {
		if word == "[]" {
			words = append(words, "list")
			continue
		}
		word = path.Base(word)
		word = word[strings.LastIndexByte(word, '.')+1:]
		if word = strings.Map(toName, word); word != "" {
			words = append(words, word)
		}
	}
	if len(words) == 0 {
		return "Schema"
	}
	return strings.Join(words, "_")
}

// toName returns the character that stands for c in a name.
func toName(c rune) rune {
	if isSeparator(c) && !strings.ContainsRune("_-.", c) {
		return '_'
	}
	return c
}
