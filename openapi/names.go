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
	"github.com/rcrowley/go-tigertonic/schema"
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
func nameSchemas(operations []operation) ([]namedSchema, map[*schema.Schema]string) {
	named := referred(reachable(func(visit func(*schema.Schema)) {
		for i := range operations {
			forEachSchema(operations[i].described, visit)
		}
	}))
	classes := classify(named)
	var firsts []*schema.Schema
	for _, s := range named {
		if classes[s] == len(firsts) {
			firsts = append(firsts, s)
		}
	}
	given := giveNames(variants(named, firsts, classes))
	names := map[*schema.Schema]string{}
	for _, s := range named {
		names[s] = given[classes[s]]
	}
	schemas := make([]namedSchema, len(firsts))
	for i, s := range firsts {
		schemas[i] = namedSchema{name: given[i], schema: s}
	}
	slices.SortFunc(schemas, func(a, b namedSchema) int { return cmp.Compare(a.name, b.name) })
	return schemas, names
}

// variants returns the firsts of their classes as they are to be named: what a type is
// sent as has the variant "output" only where what is taken is something else.
func variants(named, firsts []*schema.Schema, classes map[*schema.Schema]int) []*schema.Schema {
	type typ struct{ pkg, name, variant string }
	taken, alike := map[typ]bool{}, map[int]bool{}
	for _, s := range named {
		if s.Origin.Variant == taking(s) {
			taken[typ{s.Origin.Package, s.Name, s.Origin.Variant}], alike[classes[s]] = true, true
		}
	}
	unions := map[typ]map[string]bool{} // that a type is a variant of, or "" if it is none
	for _, s := range named {
		t := typ{s.Origin.Package, s.Name, ""}
		if unions[t] == nil {
			unions[t] = map[string]bool{}
		}
		unions[t][unionOf(s.Origin.Variant)] = true
	}
	variants := make([]*schema.Schema, len(firsts))
	for i, s := range firsts {
		copied := *s
		if alike[i] || !taken[typ{s.Origin.Package, s.Name, taking(s)}] {
			copied.Origin.Variant = taking(s)
		}
		if union := unionOf(s.Origin.Variant); union != "" && len(unions[typ{s.Origin.Package, s.Name, ""}]) == 1 {
			copied.Origin.Variant = strings.TrimPrefix(strings.TrimPrefix(copied.Origin.Variant, union), ".")
		}
		variants[i] = &copied
	}
	return variants
}

// unionOf returns the union that a schema of this variant is for, or "".
func unionOf(variant string) string {
	union, _, _ := strings.Cut(variant, ".")
	if slices.Contains([]string{"output", "classic", "patch"}, union) {
		return ""
	}
	return union
}

// taking returns the variant of what is taken, where the schema is of what is sent.
func taking(s *schema.Schema) string {
	return strings.TrimSuffix(strings.TrimSuffix(s.Origin.Variant, "output"), ".")
}

// forEachSchema calls f with the schemas of an operation, in a fixed order.
func forEachSchema(op *tigertonic.Operation, f func(*schema.Schema)) {
	for _, p := range op.Parameters {
		f(p.Schema)
	}
	if op.Body != nil {
		forEachInContent(op.Body.Content, f)
	}
	for _, rs := range sorted(op.Responses) {
		forEachInResponse(rs, f)
	}
}

func forEachInResponse(rs *tigertonic.ResponseInfo, f func(*schema.Schema)) {
	for _, h := range sorted(rs.Headers) {
		f(h.Schema)
	}
	forEachInContent(rs.Content, f)
}

func forEachInContent(content map[string]tigertonic.MediaType, f func(*schema.Schema)) {
	for _, m := range sorted(content) {
		f(m.Schema)
		f(m.Items)
		for _, s := range sorted(m.Events) {
			f(s)
		}
	}
}

// forEachWithin calls f with the schemas that stand in s, in a fixed order. Some
// are nil.
func forEachWithin(s *schema.Schema, f func(*schema.Schema)) {
	f(s.Ref)
	for _, alternative := range s.AnyOf {
		f(alternative)
	}
	for _, variant := range s.OneOf {
		f(variant)
	}
	f(s.Items)
	for _, p := range s.Properties {
		f(p.Schema)
	}
	f(s.Additional)
	f(s.PropertyNames)
}

// reachable returns the schemas that each calls its function with and those within
// them, in a fixed order.
func reachable(each func(func(*schema.Schema))) (all []*schema.Schema) {
	seen := map[*schema.Schema]bool{nil: true}
	var visit func(*schema.Schema)
	visit = func(s *schema.Schema) {
		if !seen[s] {
			seen[s] = true
			all = append(all, s)
			forEachWithin(s, visit)
		}
	}
	each(visit)
	return all
}

// referred returns those schemas that are referred to: those with a name, and of
// those without that stand within each other, one a circle.
func referred(all []*schema.Schema) []*schema.Schema {
	circular := map[*schema.Schema]bool{}
	visited, within := map[*schema.Schema]bool{nil: true}, map[*schema.Schema]bool{}
	var visit func(*schema.Schema)
	visit = func(s *schema.Schema) {
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
	return slices.DeleteFunc(all, func(s *schema.Schema) bool { return s.Name == "" && !circular[s] })
}

// classify returns a number for each schema, from 0 on in their order, which is
// the same for those that are the same.
func classify(schemas []*schema.Schema) map[*schema.Schema]int {
	at := make(map[*schema.Schema]int, len(schemas))
	for i, s := range schemas {
		at[s] = i
	}
	refs := make([][]int, len(schemas)) // of which schemas they are, in the order in which they are written
	classes, count := numberBy(len(schemas), func(i int) string {
		s := schemas[i]
		text, err := marshal(schemaBody(s, func(other *schema.Schema) (string, bool) {
			j, ok := at[other]
			if ok {
				refs[i] = append(refs[i], j)
			}
			return "", ok
		}))
		if err != nil { // which is found where it is used
			text = nil
		}
		return fmt.Sprintf("%q %q %q %s", s.Name, s.Origin.Package, taking(s), text) // what is sent is mostly the same
	})
	for {
		var key []byte
		refined, more := numberBy(len(schemas), func(i int) string {
			key = strconv.AppendInt(key[:0], int64(classes[i]), 10)
			for _, j := range refs[i] {
				key = strconv.AppendInt(append(key, ' '), int64(classes[j]), 10)
			}
			return string(key)
		})
		if more == count {
			break
		}
		classes, count = refined, more
	}
	byPointer := make(map[*schema.Schema]int, len(schemas))
	for i, s := range schemas {
		byPointer[s] = classes[i]
	}
	return byPointer
}

// numberBy numbers things by their keys, in the order in which these appear.
func numberBy(n int, key func(i int) string) (numbers []int, count int) {
	numbers = make([]int, n)
	byKey := map[string]int{}
	for i := range numbers {
		k := key(i)
		number, ok := byKey[k]
		if !ok {
			number = len(byKey)
			byKey[k] = number
		}
		numbers[i] = number
	}
	return numbers, len(byKey)
}

// giveNames returns a name for each of the schemas, none of which are the same.
func giveNames(schemas []*schema.Schema) []string {
	rivals := map[string][]*schema.Schema{}
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
// apart, or most of them if none does.
func qualifier(rivals []*schema.Schema) (best func(*schema.Schema) string) {
	most := 0
	for _, name := range []func(*schema.Schema) string{
		func(s *schema.Schema) string { return join("", sanitize(s.Name), s.Origin.Variant) },
		func(s *schema.Schema) string { return join(path.Base(s.Origin.Package), sanitize(s.Name), "") },
		func(s *schema.Schema) string {
			return join(path.Base(s.Origin.Package), sanitize(s.Name), s.Origin.Variant)
		},
		func(s *schema.Schema) string { return join(s.Origin.Package, sanitize(s.Name), "") },
		func(s *schema.Schema) string { return join(s.Origin.Package, sanitize(s.Name), s.Origin.Variant) },
	} {
		if _, count := numberBy(len(rivals), func(i int) string { return name(rivals[i]) }); count > most {
			best, most = name, count
		}
	}
	return best
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
