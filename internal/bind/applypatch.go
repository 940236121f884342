package bind

import (
	"errors"
	"reflect"

	"github.com/go-json-experiment/json"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/internal/typeschema"
)

// A patching applies the result of a merge patch to a Go value. It changes only what the
// patch names, and copies what pointers and maps refer to before changing it.
type patching struct {
	options   json.Options
	printable func(string) string
	schemas   typeschema.Compiler
	structs   map[reflect.Type]*structMembers
	unions    map[reflect.Type]*jsontype.Union
	ignores   bool // there are fields that are read only
	ignored   map[reflect.Type]*readOnlys
	err       error
}

// A structMembers is how a struct has its members.
type structMembers struct {
	fields []jsontype.Field
	rest   *jsontype.Field
	byName map[string]int
}

func (p *patching) structOf(t reflect.Type) *structMembers {
	if known := p.structs[t]; known != nil {
		return known
	}
	fields, rest, _ := jsontype.Fields(t, false) // the type has been found right
	s := &structMembers{fields, rest, make(map[string]int, len(fields))}
	for i := range fields {
		s.byName[fields[i].Member] = i
	}
	if p.structs == nil {
		p.structs = map[reflect.Type]*structMembers{}
	}
	p.structs[t] = s
	return s
}

func (p *patching) unionOf(t reflect.Type) *jsontype.Union {
	if known := p.unions[t]; known != nil {
		return known
	}
	u, err := jsontype.UnionOf(t)
	if err != nil { // which has been found when the type was looked at
		p.err = err
	}
	if p.unions == nil {
		p.unions = map[reflect.Type]*jsontype.Union{}
	}
	p.unions[t] = u
	return u
}

// ignoredIn returns where in t there are fields that are read only.
func (p *patching) ignoredIn(t reflect.Type) *readOnlys {
	r, known := p.ignored[t]
	if known {
		return r
	}
	if p.ignored == nil {
		p.ignored = map[reflect.Type]*readOnlys{}
	}
	r = compileReadOnlys(t)
	p.ignored[t] = r
	return r
}

// value sets the parts of v that patch names to those of merged, which is nil if v is
// removed.
func (p *patching) value(v reflect.Value, patch, merged *tree, pointer string) {
	t := v.Type()
	_, isOpt := jsontype.OptElem(t)
	switch {
	case p.err != nil:
	case merged == nil:
		assign(v, reflect.Zero(t))
	case !patch.isObject || !merged.isObject:
		p.decode(v, merged, pointer)
	case isOpt:
		p.value(reflect.ValueOf(v.Addr().Interface().(jsontype.Optional).ValuePointer(true)).Elem(), patch, merged, pointer)
	case p.schemas.HasForm(t):
		p.decode(v, merged, pointer)
	case t.Kind() == reflect.Pointer:
		p.value(ownElem(v), patch, merged, pointer)
	case jsontype.IsUnion(t):
		p.union(v, patch, merged, pointer)
	case t.Kind() == reflect.Struct:
		p.structure(v, patch, merged, pointer)
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String && !p.schemas.HasForm(t.Key()):
		p.mapping(v, patch, merged, pointer)
	default:
		p.decode(v, merged, pointer)
	}
}

// ownElem makes v point to a copy of its element, or to a zero value, and returns the new
// element.
func ownElem(v reflect.Value) reflect.Value {
	elem := reflect.New(v.Type().Elem())
	if !v.IsNil() {
		elem.Elem().Set(v.Elem())
	}
	v.Set(elem)
	return elem.Elem()
}

func (p *patching) structure(v reflect.Value, patch, merged *tree, pointer string) {
	s := p.structOf(v.Type())
	others := &tree{isObject: true} // for the field that takes all other members
	for _, change := range patch.members {
		i, known := s.byName[change.name]
		switch {
		case !known && s.rest == nil: // null for what isn't there
		case !known && s.rest.Type.Kind() == reflect.Map:
			others.members = append(others.members, change)
		case !known:
			p.decode(v, merged, pointer)
			return
		case s.fields[i].Quoted:
			p.quoted(v, &s.fields[i], merged.member(change.name), pointer)
		default:
			p.value(ownField(v, s.fields[i].Index), change.value, merged.member(change.name), check.Below(pointer, change.name))
		}
	}
	if len(others.members) > 0 {
		p.mapping(ownField(v, s.rest.Index), others, merged, pointer)
	}
}

// union patches the variant that is set, or sets the one that merged names.
func (p *patching) union(v reflect.Value, patch, merged *tree, pointer string) {
	u := p.unionOf(v.Type())
	if p.err != nil {
		return
	}
	value, _ := merged.member(u.Discriminator).string()
	i, ok := u.Of([]byte(value))
	if !ok || v.Field(u.Variants[i].Index).IsNil() {
		p.decode(v, merged, pointer)
		return
	}
	changes := &tree{isObject: true}
	for _, change := range patch.members {
		if change.name != u.Discriminator {
			changes.members = append(changes.members, change)
		}
	}
	p.value(v.Field(u.Variants[i].Index), changes, merged, pointer)
}

// quoted decodes a field whose tag has the option string. Only its struct can do that.
func (p *patching) quoted(v reflect.Value, f *jsontype.Field, merged *tree, pointer string) {
	whole := &tree{isObject: true}
	if merged != nil {
		whole.members = []branch{{f.Member, merged}}
	}
	decoded := reflect.New(v.Type()).Elem()
	p.decode(decoded, whole, pointer)
	if p.err == nil {
		ownField(v, f.Index).Set(ownField(decoded, f.Index))
	}
}

// ownField returns a field of v, or of what is embedded in it.
func ownField(v reflect.Value, index []int) reflect.Value {
	for i, n := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			v = ownElem(v)
		}
		v = v.Field(n)
	}
	return v
}

func (p *patching) mapping(v reflect.Value, patch, merged *tree, pointer string) {
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
		p.value(elem, change.value, values[change.name], check.Below(pointer, change.name))
		own.SetMapIndex(key, elem)
	}
	v.Set(own)
}

// decode sets v to what merged says.
func (p *patching) decode(v reflect.Value, merged *tree, pointer string) {
	decoded := reflect.New(v.Type())
	err := json.Unmarshal(merged.append(nil), decoded.Interface(), p.options)
	if err == nil {
		if p.ignores {
			p.ignoredIn(v.Type()).clear(decoded.Elem())
		}
		assign(v, decoded.Elem())
		return
	}
	if equiv, ok := errors.AsType[statusError](err); ok {
		p.err = equiv
		return
	}
	found := ownError(err, p.printable)
	found.Pointer = check.ShortPointer(pointer + found.Pointer)
	p.err = &Invalid{Findings: []Finding{found}}
}
