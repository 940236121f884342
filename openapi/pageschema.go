package openapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/rcrowley/go-tigertonic/schema"
)

// A schemaView is a schema in words.
type schemaView struct {
	Name         string // of the member or parameter
	Any          bool   // any member that has no name of its own
	Required     bool
	Deprecated   bool
	Type         []word
	Description  []block
	Facts        []string
	Pattern      string
	Enum         []string
	Default      string
	Example      string
	Members      []schemaView
	MembersLabel string // "members", "alternatives"
	Alternatives bool   // the members are schemas of which one must be met
	Open         bool   // the members are unfolded
}

// A word is a piece of text that may lead to a schema.
type word struct {
	Text  string
	Named bool // it is the name of a schema that others refer to
}

const (
	maxSchemaDepth = 5   // of members in each other; beyond it there is the link
	maxSchemaViews = 150 // in one tree
)

// A schemaViewer puts one tree of schemas into words.
type schemaViewer struct {
	names map[*schema.Schema]string
	root  *schema.Schema // not to be shown as a link to itself
	onWay []*schema.Schema
	views int
}

// view returns a schema in words.
func (v *schemaViewer) view(name string, s *schema.Schema) schemaView {
	v.views++
	if s == nil {
		return schemaView{Name: name, Type: []word{{Text: "any"}}}
	}
	e := resolve(s)
	view := schemaView{
		Name:        name,
		Deprecated:  e.Deprecated,
		Type:        v.words(s),
		Description: blocksOf(e.Description),
		Facts:       facts(&e),
		Pattern:     documented(e.Pattern),
		Enum:        texts(e.Enum),
	}
	if e.Const != nil {
		view.Facts = append(view.Facts, "always "+plain(e.Const))
	}
	if e.ReadOnly {
		view.Facts = append(view.Facts, "only in answers")
	}
	if e.WriteOnly {
		view.Facts = append(view.Facts, "only in requests")
	}
	if e.Title != "" {
		view.Facts = append([]string{e.Title}, view.Facts...)
	}
	if e.Items != nil {
		items := resolve(e.Items)
		for _, fact := range facts(&items) {
			view.Facts = append(view.Facts, "each "+fact)
		}
		if view.Enum == nil {
			view.Enum = texts(items.Enum)
		}
		if view.Pattern == "" {
			view.Pattern = documented(items.Pattern)
		}
	}
	if e.Default != nil {
		view.Default = plain(e.Default)
	}
	if len(e.Examples) > 0 && e.Types != nil && !slices.Contains(e.Types, "object") && !slices.Contains(e.Types, "array") {
		view.Example = plain(e.Examples[0])
	}
	view.Members, view.MembersLabel = v.members(s)
	view.Alternatives = view.MembersLabel == alternativesLabel
	return view
}

// documented returns a pattern as the document has it.
func documented(pattern string) string {
	text, err := ecmaPattern(pattern)
	if err != nil {
		return pattern // New has refused it
	}
	return text
}

// members returns the members of the objects that a value is or holds.
func (v *schemaViewer) members(s *schema.Schema) (views []schemaView, label string) {
	if v.views > maxSchemaViews || len(v.onWay) > maxSchemaDepth || slices.Contains(v.onWay, target(s)) {
		return nil, ""
	}
	v.onWay = append(v.onWay, target(s))
	defer func() { v.onWay = v.onWay[:len(v.onWay)-1] }()
	e := resolve(s)
	if e.Items != nil && len(e.Properties) == 0 {
		views, label = v.members(e.Items)
		if label != alternativesLabel {
			label += " of each item"
		}
		return views, label
	}
	if alternatives := withoutNull(slices.Concat(e.AnyOf, e.OneOf)); len(alternatives) == 1 {
		return v.members(alternatives[0])
	} else if len(alternatives) > 1 {
		return v.alternatives(alternatives)
	}
	for _, p := range e.Properties {
		member := v.view(p.Name, p.Schema)
		member.Required = p.Required
		views = append(views, member)
	}
	if e.Additional != nil {
		member := v.view(additionalName(e.PropertyNames), e.Additional)
		member.Any = true
		if len(views) > 0 || member.speaks() || e.PropertyNames != nil {
			views = append(views, member)
		}
	}
	if len(views) == 1 {
		return views, "member"
	}
	return views, membersLabel
}

const (
	membersLabel      = "members"
	alternativesLabel = "alternatives"
)

// alternatives returns those of which one must be met, unless their types tell
// all there is.
func (v *schemaViewer) alternatives(schemas []*schema.Schema) (views []schemaView, label string) {
	telling := false
	for _, s := range schemas {
		view := v.view("", s)
		view.Open = true
		telling = telling || view.speaks()
		views = append(views, view)
	}
	if !telling {
		return nil, ""
	}
	return views, alternativesLabel
}

// speaks reports whether there is more to say than the type.
func (s *schemaView) speaks() bool {
	return s.Members != nil || s.Facts != nil || s.Description != nil || s.Enum != nil || s.Pattern != ""
}

// words returns the type of a schema, with links to those that have a name.
func (v *schemaViewer) words(s *schema.Schema) []word {
	return v.wordsWithin(s, 0)
}

func (v *schemaViewer) wordsWithin(s *schema.Schema, depth int) (words []word) {
	if s == nil || depth > maxSchemaDepth {
		return []word{{Text: "any"}}
	}
	if name, ok := v.names[target(s)]; ok && (depth > 0 || target(s) != v.root) {
		return []word{{name, true}}
	}
	e := resolve(s)
	if alternatives := slices.Concat(e.AnyOf, e.OneOf); len(alternatives) > 0 {
		return v.wordsOfAny(alternatives, depth)
	}
	types := e.Types
	switch {
	case len(types) == 0 && len(e.Properties) > 0:
		types = []string{"object"}
	case len(types) == 0:
		types = []string{"any"}
	}
	for i, t := range types {
		if i > 0 {
			words = append(words, word{Text: " or "})
		}
		switch {
		case t == "array" && e.Items != nil:
			words = append(words, word{Text: "array of "})
			words = append(words, v.wordsWithin(e.Items, depth+1)...)
		case t == "object" && len(e.Properties) == 0 && e.Additional != nil:
			words = append(words, word{Text: "map of "})
			words = append(words, v.wordsWithin(e.Additional, depth+1)...)
		default:
			words = append(words, word{Text: typeName(t, &e)})
		}
	}
	return words
}

// wordsOfAny returns the different types of alternatives.
func (v *schemaViewer) wordsOfAny(schemas []*schema.Schema, depth int) (words []word) {
	var all [][]word
	for _, s := range schemas {
		one := v.wordsWithin(s, depth+1)
		if slices.ContainsFunc(all, func(other []word) bool { return slices.Equal(other, one) }) {
			continue
		}
		if all = append(all, one); len(all) > 1 {
			words = append(words, word{Text: " or "})
		}
		words = append(words, one...)
	}
	return words
}

// typeName returns a type with its format.
func typeName(t string, e *schema.Schema) string {
	switch {
	case t == "string" && e.Format == formatBinary:
		return "file"
	case t == "string" && e.ContentEncoding != "":
		return e.ContentEncoding + " string"
	case t != "null" && e.Format != "":
		return t + " (" + e.Format + ")"
	}
	return t
}

// facts returns the constraints that a type doesn't tell.
func facts(e *schema.Schema) (facts []string) {
	add := func(fact string) {
		if fact != "" {
			facts = append(facts, fact)
		}
	}
	minimum, maximum := beside64(e.Minimum), beside64(e.Maximum)
	if minimum != "" && maximum != "" {
		add(between(minimum, maximum))
	} else {
		add(between(minimum, ""))
		add(prefixed("more than ", e.ExclusiveMinimum))
		add(prefixed("less than ", e.ExclusiveMaximum))
		add(between("", maximum))
	}
	add(prefixed("multiple of ", e.MultipleOf))
	if e.Format == formatBinary {
		add(counted(e.MinLength, e.MaxLength, "byte"))
	} else {
		add(counted(e.MinLength, e.MaxLength, "character"))
	}
	add(counted(e.MinItems, e.MaxItems, "item"))
	add(counted(e.MinProperties, e.MaxProperties, "member"))
	if e.UniqueItems {
		add("no item twice")
	}
	return facts
}

// beside64 returns a limit, unless it is one of all integers of 64 bits, which are so
// many that it helps nobody.
func beside64(limit string) string {
	switch limit {
	case "-9223372036854775808", "9223372036854775807", "18446744073709551615":
		return ""
	}
	return limit
}

// between returns the words for a closed range, of which each end may be "".
func between(minimum, maximum string) string {
	switch {
	case minimum != "" && maximum != "" && minimum == maximum:
		return "exactly " + minimum
	case minimum != "" && maximum != "":
		return minimum + " to " + maximum
	case minimum != "":
		return "at least " + minimum
	}
	return prefixed("at most ", maximum)
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// counted returns the words for how many of something there may be.
func counted(minimum, maximum *int, noun string) string {
	digits := func(n *int) string {
		if n == nil {
			return ""
		}
		return fmt.Sprint(*n)
	}
	low := digits(minimum)
	if low == "0" {
		low = ""
	}
	words := between(low, digits(maximum))
	switch {
	case words == "":
		return ""
	case maximum != nil && *maximum == 1 || maximum == nil && *minimum == 1:
		return words + " " + noun
	}
	return words + " " + noun + "s"
}

// target returns the schema that s is another word for, or s.
func target(s *schema.Schema) *schema.Schema {
	for range maxSchemaDepth {
		if s.Ref == nil {
			break
		}
		s = s.Ref
	}
	return s
}

// resolve returns a schema with what it says by reference, as far as it doesn't
// say it itself.
func resolve(s *schema.Schema) schema.Schema {
	merged := *s
	to := reflect.ValueOf(&merged).Elem()
	for range maxSchemaDepth {
		if s = s.Ref; s == nil {
			break
		}
		from := reflect.ValueOf(s).Elem()
		for i := range to.NumField() {
			if to.Field(i).CanSet() && to.Field(i).IsZero() {
				to.Field(i).Set(from.Field(i))
			}
		}
	}
	return merged
}

func withoutNull(schemas []*schema.Schema) (others []*schema.Schema) {
	for _, s := range schemas {
		if !slices.Equal(s.Types, []string{"null"}) {
			others = append(others, s)
		}
	}
	return others
}

// additionalName returns the words for members that aren't listed.
func additionalName(names *schema.Schema) string {
	if names != nil {
		e := resolve(names)
		if e.Types == nil {
			e.Types = []string{"string"}
		}
		if name := typeName("string", &e); name != "string" {
			return "any " + strings.TrimSuffix(strings.TrimPrefix(name, "string ("), ")")
		}
	}
	return "any name"
}

// texts returns JSON values as people write them.
func texts(values []json.RawMessage) (texts []string) {
	for _, value := range values {
		texts = append(texts, plain(value))
	}
	return texts
}

// plain returns a JSON value, and of a string its text if that shows.
func plain(value json.RawMessage) string {
	if text := unquoted(compact(value)); strings.TrimSpace(text) == text && text != "" {
		return text
	}
	return compact(value)
}
