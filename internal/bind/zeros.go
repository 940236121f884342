package bind

import (
	"reflect"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/internal/typeschema"
	"github.com/rcrowley/go-tigertonic/schema"
)

// RefusesZero reports whether a field of the struct t, which is somewhere in the body, has a
// default and is refused while it is zero. Such a zero can't be meant, so a client leaves
// it out, and the service fills in the default.
func (b *Body) RefusesZero(t reflect.Type, f *jsontype.Field) bool {
	if _, ok := f.Tag.Lookup("default"); !ok {
		return false
	}
	zero, err := json.Marshal(reflect.New(f.Type).Interface(), b.Options)
	if err != nil {
		return true // as a union without a variant
	}
	if f.Quoted && string(zero) != "null" {
		zero = append(append([]byte{'"'}, zero...), '"')
	}
	var c typeschema.Compiler
	whole := c.Schema(t)
	i := slices.IndexFunc(whole.Properties, func(p schema.Property) bool { return p.Name == f.Member })
	if c.Finish() != nil || i < 0 { // a type that only an interface holds
		return false
	}
	k, err := check.Compile(whole.Properties[i].Schema)
	return err == nil && len(k.Violations(zero)) > 0
}
