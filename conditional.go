package tigertonic

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/httpfield"
	"github.com/rcrowley/go-tigertonic/internal/record"
	"github.com/rcrowley/go-tigertonic/schema"
)

// Validators identify the current representation of a resource (RFC 9110 §8.8). One of them
// is enough. The zero value means that the resource doesn't exist.
//
// Embed them in a struct that a [Typed] function returns, beside a field with the tag
// body:"", to send them with a response.
type Validators struct {
	// ETag is an entity tag with its quotes: `"v7"`, or W/"v7" for a weak one, whose
	// representations may differ in bytes. A weak tag never matches If-Match.
	ETag         string    `header:"ETag" doc:"Identifies the version."`
	LastModified time.Time `header:"Last-Modified" doc:"When it was last changed."`
}

// Versioned is a result of a [Typed] function: a body, and the validators of its version. A
// GET or HEAD with a condition gets a 304 or 412 by them: see [Conditional].
type Versioned[T any] struct {
	Validators
	Body T `body:""`
}

// ConditionOptions are the options of [Conditional]. The zero value selects the
// defaults.
type ConditionOptions struct {
	// Required refuses unconditional requests that may change something, with 428 (RFC 6585
	// §3). They must have If-Match, If-None-Match or If-Unmodified-Since.
	Required bool
}

// A conditionalHandler checks conditional requests against the current state of a resource.
type conditionalHandler struct {
	handler  http.Handler
	current  func(*http.Request) (Validators, error)
	required bool
}

// Conditional returns a handler that calls h only for requests whose conditions hold, in
// the order of RFC 9110 §13.2.2: If-Match and If-Unmodified-Since, then If-None-Match and
// If-Modified-Since. Other requests don't reach h: GET and HEAD get a 304 if the client has
// the current representation, and everything else a 412 through [ResponseErrorWriter]. So a
// client can change a resource only if it knows its current state:
//
//	mux.Handle("PUT", "/stuff/{id}", tigertonic.Conditional(tigertonic.Typed(put), current, &tigertonic.ConditionOptions{Required: true}))
//
// The function returns the validators of the requested resource. It is called only for
// requests with a condition. An error from it ends the request. It sees the wildcards of
// the pattern in the query, as with [If], and through [PathValue].
//
// Another request may change the resource between the function and h. To rule that out,
// check again within the transaction, with [Preconditions].
//
// A [Typed] or [Marshaled] function whose result has the header ETag or Last-Modified needs
// no Conditional for reading: GET and HEAD get a 304 or 412 automatically.
//
// The options may be nil. It panics if h or the function is nil.
func Conditional(h http.Handler, current func(*http.Request) (Validators, error), opts *ConditionOptions) http.Handler {
	if current == nil {
		callsite.Panicf("Conditional: the function is nil")
	}
	return &conditionalHandler{handler: mustHandler("Conditional", h), current: current, required: opts != nil && opts.Required}
}

// ServeHTTP calls the handler if the request's conditions hold.
func (ch *conditionalHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case ch.required && mayChange(r.Method) && r.Header["If-Match"] == nil && r.Header["If-None-Match"] == nil && r.Header["If-Unmodified-Since"] == nil:
		ch.refuse(w, r, PreconditionRequired{errUnconditional})
		return
	case !httpfield.IsConditional(r.Header) || !mayChange(r.Method) && !reads(r.Method):
		ch.handler.ServeHTTP(w, r)
		return
	}
	query := lendQuery(r)
	current, err := ch.current(r)
	query.takeBack(r)
	if err == nil && current.ETag != "" && !httpfield.IsETag(current.ETag) {
		err = fmt.Errorf("tigertonic: the function of Conditional has returned %q, which isn't an entity tag: it has quotes", current.ETag)
	}
	if err != nil {
		ch.refuse(w, r, err)
		return
	}
	switch httpfield.Evaluate(r.Method, r.Header, httpfield.Validators(current)) {
	case http.StatusNotModified:
		shareRefusal(ch.handler, w, r)
		current.set(w.Header())
		w.WriteHeader(http.StatusNotModified)
	case http.StatusPreconditionFailed:
		ch.refuse(w, r, PreconditionFailed{errChanged})
	default:
		ch.handler.ServeHTTP(w, r)
	}
}

var (
	errChanged       = errors.New("the resource isn't in the state that the request asks for: read it again")
	errUnconditional = errors.New("this needs If-Match with the ETag of what is to be changed, or another condition")
)

// mayChange reports whether requests with the method may change something (RFC 9110 §9.2.1).
func mayChange(method string) bool {
	switch method {
	case http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return false
	}
	return !reads(method)
}

func reads(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// refuse answers with an error, and logs what clients mustn't see.
func (ch *conditionalHandler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if _, ok := errors.AsType[HTTPEquivError](err); !ok {
		err = inTime(r, w, err)
		if statusOf(err) == http.StatusInternalServerError {
			err = record.Withhold(NewHTTPEquivError(nil, http.StatusInternalServerError), record.Note(w, err, newID))
		}
	}
	shareRefusal(ch.handler, w, r)
	writeError(w, r, err)
}

// set adds the validators to the header of a response.
func (v Validators) set(h http.Header) {
	if v.ETag != "" {
		h["Etag"] = []string{v.ETag}
	}
	if !v.LastModified.IsZero() {
		h["Last-Modified"] = []string{v.LastModified.UTC().Format(http.TimeFormat)}
	}
}

// Unwrap returns the handler that is called if the conditions hold.
func (ch *conditionalHandler) Unwrap() http.Handler { return ch.handler }

// String is how [Explain] shows the handler.
func (ch *conditionalHandler) String() string { return "Conditional" }

// Describe adds the conditions and their responses.
func (ch *conditionalHandler) Describe(op *Operation) {
	for _, p := range []Parameter{
		{Name: "If-Match", Description: "The request is for this version alone, by its ETag.", Required: false},
		{Name: "If-None-Match", Description: "The request is for any other version, by its ETag; * for one that isn't there yet."},
	} {
		p.In, p.Schema = "header", &schema.Schema{Types: []string{"string"}}
		op.Parameters = append(op.Parameters, p)
	}
	op.AddError(http.StatusPreconditionFailed, errChanged.Error())
	op.Response(http.StatusNotModified).describe("the client has the current version")
	if ch.required {
		op.AddError(http.StatusPreconditionRequired, errUnconditional.Error())
	}
}

// Preconditions are the conditions of a request that may change something. Embed them in
// the input of a [Typed] function to check them against the state that it is about to
// change, within its transaction:
//
//	type update struct {
//		tigertonic.Preconditions
//		ID   string `path:"id"`
//		Body Stuff  `body:""`
//	}
//
//	if err := in.Check(tigertonic.Validators{ETag: row.etag}); err != nil {
//		return nil, err // 412
//	}
type Preconditions struct {
	IfMatch           []string `header:"If-Match" doc:"The request is for this version alone, by its ETag."`
	IfNoneMatch       []string `header:"If-None-Match" doc:"The request is for any other version, by its ETag; * for one that isn't there yet."`
	IfUnmodifiedSince string   `header:"If-Unmodified-Since" doc:"The request is for a version that is at most so new."`
}

// Check returns a [PreconditionFailed] unless the conditions hold for the current state
// (RFC 9110 §13.2.2). Zero Validators mean that the resource doesn't exist.
func (p *Preconditions) Check(current Validators) error {
	h := http.Header{}
	for name, values := range map[string][]string{"If-Match": p.IfMatch, "If-None-Match": p.IfNoneMatch} {
		if len(values) > 0 {
			h[name] = values
		}
	}
	if p.IfUnmodifiedSince != "" {
		h["If-Unmodified-Since"] = []string{p.IfUnmodifiedSince}
	}
	if httpfield.Evaluate(http.MethodPut, h, httpfield.Validators(current)) != 0 {
		return PreconditionFailed{errChanged}
	}
	return nil
}

// RequiredPreconditions are [Preconditions] of which a request must have one. An endpoint
// whose input embeds them refuses others with a 428 (RFC 6585 §3) before its function is
// called.
type RequiredPreconditions struct{ Preconditions }

// Validate is [Preconditions.Require].
func (p *RequiredPreconditions) Validate(context.Context) error { return p.Require() }

// Require returns a [PreconditionRequired] if there is no condition (RFC 6585 §3).
func (p *Preconditions) Require() error {
	if len(p.IfMatch) == 0 && len(p.IfNoneMatch) == 0 && p.IfUnmodifiedSince == "" {
		return PreconditionRequired{errUnconditional}
	}
	return nil
}

// answered handles a conditional GET or HEAD whose result has validators. If the result
// needn't be sent, it answers 304 or returns an error.
func (h responseHead) answered(w http.ResponseWriter, r *http.Request) (bool, error) {
	if h.header == nil || h.status != http.StatusOK || !reads(r.Method) || !httpfield.IsConditional(r.Header) {
		return false, nil
	}
	var current httpfield.Validators
	for name, values := range h.header {
		switch {
		case len(values) != 1:
		case textproto.CanonicalMIMEHeaderKey(name) == "Etag":
			current.ETag = values[0]
		case textproto.CanonicalMIMEHeaderKey(name) == "Last-Modified":
			current.LastModified, _ = http.ParseTime(values[0])
		}
	}
	if !current.Exists() {
		return false, nil
	}
	switch httpfield.Evaluate(r.Method, r.Header, current) {
	case http.StatusNotModified:
		h.set(w)
		for _, name := range [...]string{"Content-Type", "Content-Length", "Content-Range", "Content-Encoding"} { // of the body that isn't sent (§15.4.5)
			delete(w.Header(), name)
		}
		w.WriteHeader(http.StatusNotModified)
		return true, nil
	case http.StatusPreconditionFailed:
		return true, PreconditionFailed{errChanged}
	}
	return false, nil
}
