package tigertonic

import (
	"errors"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
)

// A grafting puts into a Go value what a merge patch has made of its JSON,
// wherever the patch names something, and nowhere else. What pointers and maps
// lead to is copied before it is changed.
type grafting struct {
	options json.Options
	schemas schemaCompiler
	structs map[reflect.Type]*graftedStruct
	err     error
}

// A graftedStruct is how a struct has its members.
type graftedStruct struct {
	fields []jsonField
	rest   *jsonField
	byName map[string]int
}

func (g *grafting) structOf(t reflect.Type) *graftedStruct {
	if known := g.structs[t]; known != nil {
		return known
	}
	fields, rest, _ := jsonFields(t, false) // the type has been found right
	s := &graftedStruct{fields, rest, make(map[string]int, len(fields))}
	for i := range fields {
		s.byName[fields[i].name] = i
	}
	if g.structs == nil {
		g.structs = map[reflect.Type]*graftedStruct{}
	}
	g.structs[t] = s
	return s
}

// value changes v where patch says so, to what merged, which is nil if it has
// been removed, says.
func (g *grafting) value(v reflect.Value, patch, merged *tree, pointer string) {
	t := v.Type()
	_, isOpt := optElem(t)
	switch {
	case g.err != nil:
	case merged == nil:
		v.SetZero()
	case !patch.isObject || !merged.isObject:
		g.decode(v, merged, pointer)
	case isOpt:
		g.value(reflect.ValueOf(v.Addr().Interface().(interface{ set() any }).set()).Elem(), patch, merged, pointer)
	case g.schemas.known(t) != nil:
		g.decode(v, merged, pointer)
	case t.Kind() == reflect.Pointer:
		g.value(ownElem(v), patch, merged, pointer)
	case t.Kind() == reflect.Struct:
		g.structure(v, patch, merged, pointer)
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String && g.schemas.known(t.Key()) == nil:
		g.mapping(v, patch, merged, pointer)
	default:
		g.decode(v, merged, pointer)
	}
}

// ownElem makes v point to a copy of what it points to, or to a zero value, and
// returns that.
func ownElem(v reflect.Value) reflect.Value {
	elem := reflect.New(v.Type().Elem())
	if !v.IsNil() {
		elem.Elem().Set(v.Elem())
	}
	v.Set(elem)
	return elem.Elem()
}

func (g *grafting) structure(v reflect.Value, patch, merged *tree, pointer string) {
	s := g.structOf(v.Type())
	others := &tree{isObject: true} // for the field that takes all other members
	for _, change := range patch.members {
		i, known := s.byName[change.name]
		switch {
		case !known && s.rest == nil: // null for what isn't there
		case !known && s.rest.typ.Kind() == reflect.Map:
			others.members = append(others.members, change)
		case !known:
			g.decode(v, merged, pointer)
			return
		case s.fields[i].quoted:
			g.quoted(v, &s.fields[i], merged.member(change.name), pointer)
		default:
			g.value(ownField(v, s.fields[i].index), change.value, merged.member(change.name), below(pointer, change.name))
		}
	}
	if len(others.members) > 0 {
		g.mapping(ownField(v, s.rest.index), others, merged, pointer)
	}
}

// quoted decodes a field whose tag says how, which only its struct can.
func (g *grafting) quoted(v reflect.Value, f *jsonField, merged *tree, pointer string) {
	whole := &tree{isObject: true}
	if merged != nil {
		whole.members = []branch{{f.name, merged}}
	}
	decoded := reflect.New(v.Type()).Elem()
	g.decode(decoded, whole, pointer)
	if g.err == nil {
		ownField(v, f.index).Set(ownField(decoded, f.index))
	}
}

// ownField returns a field of v, or of what is embedded in it.
func ownField(v reflect.Value, index []int) reflect.Value {
	for i, n := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			v = ownElem(v)
		}
		v = accessible(v.Field(n))
	}
	return v
}

func (g *grafting) mapping(v reflect.Value, patch, merged *tree, pointer string) {
	t := v.Type()
	own := reflect.MakeMap(t)
	for key, value := range v.Seq2() {
		own.SetMapIndex(key, value)
	}
	values := make(map[string]*tree, len(merged.members))
	for _, b := range merged.members {
		values[b.name] = b.value
	}
	for _, change := range patch.members {
		key := reflect.ValueOf(change.name).Convert(t.Key())
		elem := reflect.New(t.Elem()).Elem()
		if old := own.MapIndex(key); old.IsValid() {
			elem.Set(old)
		}
		if values[change.name] == nil {
			own.SetMapIndex(key, reflect.Value{})
			continue
		}
		g.value(elem, change.value, values[change.name], below(pointer, change.name))
		own.SetMapIndex(key, elem)
	}
	v.Set(own)
}

// decode sets v to what merged says.
func (g *grafting) decode(v reflect.Value, merged *tree, pointer string) {
	decoded := reflect.New(v.Type())
	err := json.Unmarshal(merged.append(nil), decoded.Interface(), g.options)
	if err == nil {
		v.Set(decoded.Elem())
		return
	}
	if equiv, ok := errors.AsType[HTTPEquivError](err); ok {
		g.err = equiv
		return
	}
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		pointer += string(semantic.JSONPointer)
	}
	g.err = FieldErrors{{Pointer: shortPointer(pointer), Detail: "isn't valid"}}
}

// below returns the JSON pointer to a member of what a pointer is for.
// It may stay short of that where nobody is told as much.
func below(pointer, name string) string {
	if len(pointer) > maxPointer {
		return pointer
	}
	name = name[:min(len(name), 2*maxPointer)] // shortPointer cuts it, and at a whole character
	if strings.ContainsAny(name, "~/") {
		name = strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
	}
	return pointer + "/" + name
}
