package bind

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/rcrowley/go-tigertonic/internal/check"
	"github.com/rcrowley/go-tigertonic/internal/codec"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
	"github.com/rcrowley/go-tigertonic/internal/jsontype"
	"github.com/rcrowley/go-tigertonic/internal/typeschema"
	"github.com/rcrowley/go-tigertonic/schema"
)

const mergePatchType = "application/merge-patch+json"

// A Body says how a request's body becomes a value of a type.
type Body struct {
	Type        reflect.Type
	Index       []int // in the struct, or nil if it is the body as a whole
	Required    bool
	MediaType   string
	Description string
	Schema      *schema.Schema
	Options     json.Options // of its JSON
	Form        *Form        // or nil, as is all of the JSON's for a form and a raw body
	Raw         *Raw         // or nil

	check   *check.Check
	decoder codec.Decoder // or nil if all is the codec's
	patch   *PatchPlan    // if it is a Patch
	ignored *readOnlys    // or nil
	rules   *Rules
}

func newBody(c *typeschema.Compiler, t reflect.Type, index []int, required bool, rules *Rules) *Body {
	b := &Body{Type: t, Index: index, Required: required, MediaType: httpfield.JSON, Schema: c.Schema(t), rules: rules}
	whole := jsontype.Indirect(t)
	if elem, ok := jsontype.OptElem(whole); ok {
		whole = jsontype.Indirect(elem)
	}
	if p, ok := reflect.TypeAssert[typeschema.MergePatch](reflect.New(whole)); ok {
		b.MediaType = mergePatchType
		plan, err := NewPatchPlan(p.Prepare(nil), rules)
		if err != nil {
			c.Fail(err)
		}
		b.patch = plan
	}
	b.ignored = compileReadOnlys(t)
	c.Later(func() {
		var err error
		if b.check, err = check.Compile(b.Schema); err != nil {
			c.Fail(err)
		}
		b.Options = jsontype.Options(c.HasDurations(), c.HasUnions())
		if err == nil && !c.HasFailed() {
			b.decoder = codec.CompileDecoder(t, b.check)
		}
	})
	return b
}

// bind decodes the request's body. It adds what is wrong with the value to the findings,
// and returns an error if the body can't be read at all.
func (b *Body) bind(f *findings, value reflect.Value, w http.ResponseWriter, r *http.Request) error {
	switch {
	case b.Form != nil:
		return b.bindForm(f, value, w, r)
	case b.Raw != nil:
		return b.bindRaw(value, w, r)
	}
	e := codec.NewBuffer()
	defer e.Release()
	declared := len(r.Header["Content-Type"]) > 0
	if declared && !b.fits(r) {
		return b.unsupported(w)
	}
	if err := b.rules.ReadBody(e, w, r); err != nil {
		return err
	}
	if e.Len() == 0 {
		if b.Required {
			f.unreadable()
			f.add(Finding{Keyword: "required", Detail: "is required"})
		}
		return nil
	}
	if !declared {
		return b.unsupported(w)
	}
	target := jsontype.FieldOf(value, b.Index).Addr().Interface()
	readable, err := b.decode(f, e, target)
	if !readable && !httpfield.HasPlainBody(r) {
		return &Refusal{http.StatusUnsupportedMediaType, "a body must be sent without Content-Encoding"}
	}
	if b.patch != nil {
		b.plan(target)
	}
	b.ignored.clear(reflect.ValueOf(target).Elem())
	return err
}

// plan sets the plan of the patch that target holds, perhaps behind pointers and Opts.
func (b *Body) plan(target any) {
	for v := reflect.ValueOf(target); v.Kind() == reflect.Pointer && !v.IsNil(); {
		switch x := v.Interface().(type) {
		case typeschema.MergePatch:
			x.Prepare(b.patch)
			return
		case jsontype.Optional:
			v = reflect.ValueOf(x.ValuePointer(false))
		default:
			v = v.Elem()
		}
	}
}

// fits reports whether the body is of the right media type.
func (b *Body) fits(r *http.Request) bool {
	if b.MediaType == httpfield.JSON {
		return httpfield.HasJSONBody(r)
	}
	values := r.Header["Content-Type"]
	if len(values) != 1 {
		return false
	}
	mediaType, _, err := mime.ParseMediaType(values[0])
	return err == nil && mediaType == b.MediaType
}

func (b *Body) unsupported(w http.ResponseWriter) error {
	if b.MediaType == mergePatchType {
		w.Header().Set("Accept-Patch", mergePatchType) // RFC 5789 §3.1
	}
	return &Refusal{http.StatusUnsupportedMediaType, "the Content-Type of a body must be " + b.mediaTypeText()}
}

// decode decodes the text in e and checks it against the schema, since the codec alone
// doesn't notice missing members and accepts null for anything. It reports whether the
// text is JSON at all.
func (b *Body) decode(f *findings, e *codec.Buffer, target any) (readable bool, err error) {
	text, tried := e.Bytes(), false
	switch {
	case b.decoder == nil:
		// A short text is most likely valid. A long one is checked first, because as a
		// value it can take much more memory.
		if len(text) <= codec.MaxKept {
			err = json.Unmarshal(text, target, b.Options)
			tried = true
		}
	case e.Decode(b.decoder, target, b.Options):
		return true, nil
	default:
		reflect.ValueOf(target).Elem().SetZero()
	}
	if (!tried || err != nil) && !f.syntax(text) {
		return false, nil
	}
	defer e.Checker.Forget()
	violations := e.Checker.Check(b.check, text)
	switch {
	case len(violations) > 0:
	case e.Checker.HasEdits():
		edited, ok := e.Checker.Edited()
		if !ok {
			return true, &Refusal{http.StatusRequestEntityTooLarge, "the body is too long with what it leaves out"}
		}
		reflect.ValueOf(target).Elem().SetZero() // methods that add to what is there may have been called
		err = json.Unmarshal(edited, target, b.Options)
	case !tried:
		err = json.Unmarshal(text, target, b.Options)
	}
	f.violations(violations)
	if err == nil || len(violations) > 0 {
		return true, nil
	}
	return true, b.semantic(f, err)
}

// violations adds what is wrong with the body.
func (f *findings) violations(violations []check.Violation) {
	for _, v := range violations {
		f.add(Finding{Pointer: v.Pointer, Keyword: v.Keyword, Limit: v.Limit, Detail: v.Detail})
	}
}

// body adds something that is wrong with the body.
func (f *findings) body(pointer, detail string) {
	f.add(Finding{Pointer: check.ShortPointer(pointer), Detail: detail})
}

// syntax adds a text's syntax error, and reports whether there is none.
func (f *findings) syntax(text []byte) bool {
	if jsonscan.IsJSON(text) {
		return true
	}
	var value jsontext.Value
	err := json.Unmarshal(text, &value)
	f.unreadable()
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		f.body("", "ends before it is whole")
	case !ok:
		f.body("", "isn't JSON")
	case errors.Is(err, jsontext.ErrDuplicateName):
		f.body(string(syntax.JSONPointer), "is there twice")
	default:
		f.body(string(syntax.JSONPointer), "isn't JSON, at offset "+strconv.FormatInt(syntax.ByteOffset, 10)+": "+syntax.Err.Error())
	}
	return false
}

// semantic adds an error that only the codec found. The text of an error from a user's
// type is shown if it has a status, because then it is meant for clients.
func (b *Body) semantic(f *findings, err error) error {
	if equiv, ok := errors.AsType[statusError](err); ok {
		return equiv
	}
	found := ownError(err, b.rules.Printable)
	found.Pointer = check.ShortPointer(found.Pointer)
	f.add(found)
	return nil
}

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
