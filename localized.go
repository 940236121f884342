package tigertonic

import (
	"context"
	"net/http"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
)

// LocalizedHandler translates the errors of invalid requests into the client's language.
// Create one with [Localized]; the zero value isn't usable.
type LocalizedHandler struct {
	handler http.Handler
	pick    func(acceptLanguage string) (language string, detail func(FieldError) string)
}

// Localized returns a handler that translates the details of [FieldErrors] into the
// client's language, both those that [Typed] finds and those that functions return.
//
// The function pick is called for a request that isn't valid, with its Accept-Language
// header (RFC 9110 §12.5.4), or "". It returns the chosen language, for Content-Language,
// and a function that translates an error. That function is called for each error: Keyword
// and Limit say what to translate, and Detail is the English text; if it returns "", the
// English text stays. It is also called, with only a Detail, for the summary, "the request
// isn't valid" or "the request can't be read". A nil function keeps everything in English.
// So does a [ResponseErrorWriter] that isn't a [ProblemWriter], except for errors of typed
// functions.
//
// Such a response has Vary: Accept-Language. Both functions must be safe for concurrent
// use. h gets a copy of the request. Localized panics if h or pick is nil.
func Localized(h http.Handler, pick func(acceptLanguage string) (language string, detail func(FieldError) string)) *LocalizedHandler {
	if pick == nil {
		callsite.Panicf("Localized: the function is nil")
	}
	return &LocalizedHandler{mustHandler("Localized", h), pick}
}

type localizedKey struct{}

// ServeHTTP calls the handler with a request whose errors are in the client's language.
func (l *LocalizedHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	inner := r.WithContext(context.WithValue(r.Context(), localizedKey{}, l))
	defer handBack(r, inner)
	l.handler.ServeHTTP(w, inner)
}

// Unwrap returns the handler whose errors are localized.
func (l *LocalizedHandler) Unwrap() http.Handler { return l.handler }

// String is how [Explain] shows the handler.
func (l *LocalizedHandler) String() string { return "Localized" }

// translated holds the errors of a request in the client's language.
type translated struct {
	FieldErrors
	status int
	detail string
}

func (t translated) StatusCode() int { return t.status }

// localized returns an error in the client's language.
func localized(r *http.Request, w http.ResponseWriter, err error) error {
	status := statusOf(err)
	if status != http.StatusUnprocessableEntity && status != http.StatusBadRequest {
		return err
	}
	l, _ := r.Context().Value(localizedKey{}).(*LocalizedHandler)
	if l == nil {
		return err
	}
	p := plainProblemOf(err)
	for _, found := range p.found {
		p.errs = append(p.errs, FieldError(found))
	}
	if len(p.errs) == 0 {
		return err
	}
	addVary(w.Header(), "Accept-Language")
	language, detail := l.pick(strings.Join(r.Header["Accept-Language"], ","))
	if detail == nil {
		return err
	}
	if language != "" {
		w.Header().Set("Content-Language", language)
	}
	t := translated{FieldErrors: make(FieldErrors, len(p.errs)), status: p.status, detail: p.detail}
	for i, e := range p.errs {
		if text := detail(e); text != "" {
			e.Detail = text
		}
		t.FieldErrors[i] = e
	}
	if text := detail(FieldError{Detail: p.detail}); text != "" {
		t.detail = text
	}
	return t
}
