package bind

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/internal/typeschema"
	"github.com/rcrowley/go-tigertonic/schema"
)

// Objects in the query, filter[status]=open, in OpenAPI's style deepObject (OpenAPI 3.1
// §4.8.12.3). It is defined for one level: what the value of a member is that is itself an
// object isn't said, and libraries disagree. A struct is one parameter for each of its
// fields. A map is one parameter, whose members are bound in turn.

// maxMembers is how many members a map in the query may have, unless it has the tag
// maxProperties.
const maxMembers = 100

const nested = "OpenAPI defines no deepObject within another (OpenAPI 3.1 §4.8.12.3): take the object in the body, or as a text that the function decodes"

// deepObject compiles a struct or a map of parameters that have its name before theirs.
func (c *compiler) deepObject(t reflect.Type, f reflect.StructField, name string, index []int) {
	switch {
	case f.Type.Kind() == reflect.Map && name != "" && !jsontype.IsText(f.Type):
		c.deepMap(t, f, name, index)
		return
	case f.Type.Kind() != reflect.Struct || c.schemas.HasForm(f.Type) || name == "":
		c.wrong(t, f.Name, "a deepObject has a name, and is a map, or a struct whose fields have the tag query")
		return
	case slices.ContainsFunc(c.in.params, func(p Param) bool { return p.In == "query" && p.Each != nil && p.Name == name }):
		c.wrong(t, f.Name, "another field has the query %q", name)
	}
	for key := range typeschema.TagsOf(f.Tag) {
		if key != "query" && key != "doc" {
			c.wrong(t, f.Name, "%s is said of the fields of a deepObject, not of the whole", key)
		}
	}
	for inner := range f.Type.Fields() {
		member, ok := inner.Tag.Lookup("query")
		text, _, _ := strings.Cut(member, ",")
		switch {
		case !ok && !inner.IsExported():
			continue
		case ok && isObject(inner.Type):
			c.wrong(f.Type, inner.Name, "%s", nested)
			continue
		case !ok || !inner.IsExported() || text == "" || strings.HasSuffix(member, ",deepObject"):
			c.wrong(f.Type, inner.Name, "a field of a deepObject is exported, and has the tag query with the name of a value")
			continue
		}
		option := strings.TrimPrefix(member, text)
		p, ok := c.newParam(f.Type, inner, "query", name+"["+text+"]"+option, append(slices.Clip(index), f.Index...))
		c.tags(f.Type, inner)
		if ok {
			p.Object, p.Member, p.ObjectDoc = name, text, f.Tag.Get("doc")
			c.in.queries = true
			c.in.params = append(c.in.params, p)
		}
	}
}

// isObject reports whether values of type t are objects in JSON.
func isObject(t reflect.Type) bool {
	_, elem := codec.Holds(t)
	return !jsontype.IsText(elem) && elem != jsontype.Time && (elem.Kind() == reflect.Struct || elem.Kind() == reflect.Map)
}

// deepMap compiles a map. Its tags are for its values, but for those that only an object can
// have, or that describe it.
func (c *compiler) deepMap(t reflect.Type, f reflect.StructField, name string, index []int) {
	var whole, each []string
	required := false
	for key, value := range typeschema.TagsOf(f.Tag) {
		tag := key + ":" + strconv.Quote(value)
		switch key {
		case "query":
		case "required":
			if required = value == "true"; !required {
				c.wrong(t, f.Name, `required:%q isn't required:"true"`, value)
			}
		case "default":
			c.wrong(t, f.Name, "a map in the query has no default")
		case "doc", "title", "deprecated", "minProperties", "maxProperties":
			whole = append(whole, tag)
		default:
			each = append(each, tag)
		}
	}
	key, elem := f.Type.Key(), f.Type.Elem()
	holder, _ := codec.Holds(elem)
	switch {
	case key.Kind() != reflect.String || jsontype.IsText(key):
		c.wrong(t, f.Name, "the names of a deepObject are strings, not %v", key)
		return
	case isObject(elem):
		c.wrong(t, f.Name, "%s", nested)
		return
	case holder != codec.HoldsOne && holder != codec.HoldsMany:
		c.wrong(t, f.Name, "a %v can't be the value of a map in the query, which is there or isn't", elem)
		return
	case slices.ContainsFunc(c.in.params, func(p Param) bool { return p.In == "query" && (p.Object == name || p.Name == name) }):
		c.wrong(t, f.Name, "another field has the query %q", name)
	}
	member, ok := c.newParam(t, reflect.StructField{Name: f.Name, Type: elem, Tag: reflect.StructTag(strings.Join(each, " "))}, "query", name+"[…]", nil)
	if !ok {
		return
	}
	s := &schema.Schema{Types: []string{"object"}, Additional: member.Schema}
	s = c.schemas.Constrain(s, t, reflect.StructField{Name: f.Name, Type: f.Type, Tag: reflect.StructTag(strings.Join(whole, " "))})
	if s.MaxProperties == nil {
		most := maxMembers
		s.MaxProperties = &most
	}
	c.in.queries = true
	c.in.params = append(c.in.params, Param{
		Name: name, Canonical: name, In: "query", Field: f.Name, Index: append(slices.Clip(index), f.Index...), Type: f.Type, Elem: elem,
		Required: required, Schema: s, Each: &member, rules: c.in.rules,
	})
}

// isCalled reports whether a parameter of that name is the param, or a member of it.
func (p *Param) isCalled(name string) bool {
	if p.Each == nil {
		return p.Name == name
	}
	return strings.HasPrefix(name, p.Name) && len(name) > len(p.Name)+1 && name[len(p.Name)] == '[' && name[len(name)-1] == ']'
}

// MemberName returns what a member of a map is called in the query.
func (p *Param) MemberName(key string) string { return p.Name + "[" + key + "]" }

// WrongKey returns what is wrong with the name of a map's member, or "".
func (p *Param) WrongKey(key string) string {
	switch {
	case !utf8.ValidString(key):
		return "isn't valid UTF-8"
	case key == "":
		return "has no name between the brackets"
	case strings.ContainsAny(key, "[]"):
		return "has nested brackets, but the members of " + p.Name + " aren't objects or arrays"
	}
	return ""
}

// bindMap binds a map to its members in a query. The names are as long as the query allows.
func (p *Param) bindMap(f *findings, value reflect.Value, params []Param, query string) {
	var keys []string // in their order
	texts := map[string][]string{}
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, _, _ := strings.Cut(pair, "=")
		i, text, ok := pairOf(params, p.In, pair)
		if !ok || i < 0 || &params[i] != p {
			continue
		}
		name, _ = unescapeQuery(name) // pairOf could
		key := name[len(p.Name)+1 : len(name)-1]
		_, known := texts[key]
		switch wrong := p.WrongKey(key); {
		case f.count() >= check.MaxViolations: // nobody is told more
			return
		case wrong != "":
			f.unreadable()
			f.parameter(p.In, shortName(name), check.Violation{Detail: wrong})
			continue
		case known:
		case len(keys) == *p.Schema.MaxProperties:
			f.parameter(p.In, p.Name, limitViolation("maxProperties", "at most", *p.Schema.MaxProperties))
			return
		default:
			keys = append(keys, key)
		}
		texts[key] = append(texts[key], text)
	}
	if least := p.Schema.MinProperties; len(keys) == 0 && p.Required {
		f.parameter(p.In, p.Name, check.Violation{Keyword: "required", Detail: "is required"})
	} else if least != nil && len(keys) < *least && (p.Required || len(keys) > 0) {
		f.parameter(p.In, p.Name, limitViolation("minProperties", "at least", *least))
	}
	if len(keys) == 0 {
		return
	}
	field := jsontype.FieldOf(value, p.Index)
	field.Set(reflect.MakeMapWithSize(p.Type, len(keys)))
	for _, key := range keys {
		member, elem := *p.Each, reflect.New(p.Elem).Elem()
		member.Name = shortName(p.MemberName(key))
		member.values(f, elem, len(texts[key]), texts[key][0], valueList{texts: texts[key]})
		field.SetMapIndex(reflect.ValueOf(key).Convert(p.Type.Key()), elem)
	}
}

func limitViolation(keyword, most string, limit int) check.Violation {
	noun := "members"
	if limit == 1 {
		noun = "member"
	}
	return check.Violation{Keyword: keyword, Limit: strconv.Itoa(limit), Detail: fmt.Sprintf("must have %s %d %s", most, limit, noun)}
}
