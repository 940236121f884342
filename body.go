package tigertonic

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const mergePatchType = "application/merge-patch+json"

// A bodyInput is how a request's body becomes a value of a type.
type bodyInput struct {
	typ         reflect.Type
	index       []int // in the input
	required    bool
	mediaType   string
	description string
	schema      *Schema
	check       *check
	take        taker // or nil if all is the codec's
	options     json.Options
	patch       *patchPlan // if it is a Patch
}

func newBodyInput(c *schemaCompiler, t reflect.Type, index []int, required bool) *bodyInput {
	b := &bodyInput{typ: t, index: index, required: required, mediaType: jsonType, schema: c.schema(t)}
	whole := indirect(t)
	if elem, ok := optElem(whole); ok {
		whole = indirect(elem)
	}
	if p, ok := reflect.TypeAssert[patch](reflect.Zero(whole)); ok {
		b.mediaType = mergePatchType
		plan, err := newPatchPlan(p.patchElem())
		if err != nil {
			c.errs = append(c.errs, err)
		}
		b.patch = plan
	}
	c.later = append(c.later, func() {
		var err error
		if b.check, err = compileCheck(b.schema); err != nil {
			c.errs = append(c.errs, err)
		}
		b.options = typedOptions(c.durations)
		if err == nil && len(c.errs) == 0 {
			b.take = compileTaker(t, b.check)
		}
	})
	return b
}

// typedOptions returns how the JSON of typed handlers differs from what the
// codec does by default.
func typedOptions(durations bool) json.Options {
	if !durations {
		return json.JoinOptions(json.Deterministic(true))
	}
	return json.JoinOptions(
		json.Deterministic(true),
		json.WithMarshalers(json.MarshalToFunc(func(enc *jsontext.Encoder, d time.Duration) error {
			return enc.WriteToken(jsontext.String(d.String()))
		})),
		json.WithUnmarshalers(json.UnmarshalFromFunc(func(dec *jsontext.Decoder, d *time.Duration) error {
			token, err := dec.ReadToken()
			if err != nil {
				return err
			}
			if token.Kind() != '"' {
				return errNotDuration
			}
			*d, err = time.ParseDuration(token.String())
			return err
		})),
	)
}

var errNotDuration = errors.New("not a duration")

// bind decodes the request's body. What is wrong with it as a value is added to
// what is found, and an error is returned if it can't be looked at.
func (b *bodyInput) bind(f *findings, value reflect.Value, w http.ResponseWriter, r *http.Request) error {
	e := getEncoder()
	defer putEncoder(e)
	declared := len(r.Header["Content-Type"]) > 0
	if declared && !b.fits(r) {
		return b.unsupported(w)
	}
	if err := e.readBody(w, r); err != nil {
		return err
	}
	if e.Len() == 0 {
		if b.required {
			f.unreadable = true
			f.body("", "is required")
		}
		return nil
	}
	if !declared {
		return b.unsupported(w)
	}
	target := fieldOf(value, b.index).Addr().Interface()
	readable, err := b.decode(f, e, target)
	if !readable && !hasPlainBody(r) {
		return UnsupportedMediaType{errors.New("a body must be sent without Content-Encoding")}
	}
	if b.patch != nil {
		b.plan(target)
	}
	return err
}

// plan gives the patch that pointers and Opts lead to from target its plan.
func (b *bodyInput) plan(target any) {
	for v := reflect.ValueOf(target); v.Kind() == reflect.Pointer && !v.IsNil(); {
		switch x := v.Interface().(type) {
		case interface{ setPlan(*patchPlan) }:
			x.setPlan(b.patch)
			return
		case interface{ get() any }:
			v = reflect.ValueOf(x.get())
		default:
			v = v.Elem()
		}
	}
}

// fits tells whether the body is of the right media type.
func (b *bodyInput) fits(r *http.Request) bool {
	if b.mediaType == jsonType {
		return hasJSONBody(r)
	}
	values := r.Header["Content-Type"]
	if len(values) != 1 {
		return false
	}
	mediaType, _, err := mime.ParseMediaType(values[0])
	return err == nil && mediaType == b.mediaType
}

func (b *bodyInput) unsupported(w http.ResponseWriter) error {
	if b.mediaType == mergePatchType {
		w.Header().Set("Accept-Patch", mergePatchType) // RFC 5789 §3.1
	}
	return UnsupportedMediaType{errors.New("the Content-Type of a body must be " + b.mediaType)}
}

// decode decodes the text in e, which is held against the schema, too: the
// codec alone doesn't miss members and takes null for anything. It reports
// whether the text is JSON at all.
func (b *bodyInput) decode(f *findings, e *encoder, target any) (readable bool, err error) {
	text := e.Bytes()
	// A long one can take much more memory as a value, which only what is right may
	// have.
	long, tried := len(text) > maxKept, false
	switch {
	case long:
	case b.take == nil: // it is most likely right
		err = json.Unmarshal(text, target, b.options)
		tried = true
	case e.take(b.take, target, b.options):
		return true, nil
	default:
		reflect.ValueOf(target).Elem().SetZero()
	}
	if (!tried || err != nil) && !f.syntax(text) {
		return false, nil
	}
	c := checking{scanner: scanner{src: text}, path: e.path[:0], there: e.there[:0]}
	c.value(b.check)
	e.path, e.there = c.path, c.there
	switch {
	case len(c.errs) > 0:
	case len(c.edits) > 0 || c.added > maxAdded:
		edited, ok := c.edited()
		if !ok {
			return true, RequestEntityTooLarge{errors.New("the body is too long with what it leaves out")}
		}
		reflect.ValueOf(target).Elem().SetZero() // methods that add to what is there may have been called
		err = json.Unmarshal(edited, target, b.options)
	case !tried:
		err = json.Unmarshal(text, target, b.options)
	}
	f.errs = append(f.errs, c.errs...)
	if err == nil || len(c.errs) > 0 {
		return true, nil
	}
	return true, f.semantic(err)
}

// body adds something that is wrong with the body.
func (f *findings) body(pointer, detail string) {
	f.errs = append(f.errs, FieldError{Pointer: shortPointer(pointer), Detail: detail})
}

// syntax adds what makes a text something else than JSON, and reports whether
// there was nothing.
func (f *findings) syntax(text []byte) bool {
	if isJSON(text) {
		return true
	}
	var value jsontext.Value
	err := json.Unmarshal(text, &value)
	f.unreadable = true
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

// semantic adds what the codec alone has against the text. An error of a type of
// the user's is told if it has a status, for then it is meant for clients.
func (f *findings) semantic(err error) error {
	if equiv, ok := errors.AsType[HTTPEquivError](err); ok {
		return equiv
	}
	pointer := ""
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		pointer = string(semantic.JSONPointer)
	}
	f.body(pointer, "isn't valid")
	return nil
}
