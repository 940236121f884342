package bind

import (
	"net/http"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/check"
)

// A Finding is one thing that is wrong with a request: at a Pointer in its body, in a
// Parameter, or in the request as a whole.
type Finding struct {
	Pointer       string
	Parameter, In string
	// Keyword is the JSON Schema keyword that isn't met, and Limit its value in the
	// schema, as JSON. Either is "" if there is none.
	Keyword, Limit string
	Detail         string
}

// String returns the place and the detail.
func (f Finding) String() string {
	switch {
	case f.In != "" && f.Parameter == "":
		return f.In + ": " + f.Detail
	case f.In != "":
		return f.In + " " + f.Parameter + ": " + f.Detail
	case f.Pointer == "":
		return "body: " + f.Detail
	}
	return f.Pointer + ": " + f.Detail
}

// Invalid is the error for a request that can't be bound: everything that is wrong
// with it.
type Invalid struct {
	Findings   []Finding
	Unreadable bool // it can't be read at all, or not in full

	first [1]Finding // room for the one that there mostly is
}

// Error returns all findings, separated by semicolons.
func (err *Invalid) Error() string {
	texts := make([]string, len(err.Findings))
	for i, f := range err.Findings {
		texts[i] = f.String()
	}
	return strings.Join(texts, "; ")
}

// StatusCode returns 400 if the request can't be read, and otherwise 422 (RFC 9110
// §15.5.21).
func (err *Invalid) StatusCode() int {
	if err.Unreadable {
		return http.StatusBadRequest
	}
	return http.StatusUnprocessableEntity
}

// Refusal is the error for a body that isn't read.
type Refusal struct {
	status int
	text   string
}

// Error returns what is wrong with the body.
func (err *Refusal) Error() string { return err.text }

// StatusCode returns 413 or 415.
func (err *Refusal) StatusCode() int { return err.status }

// A statusError is an error with the status of a response.
type statusError interface {
	error
	StatusCode() int
}

// findings collects what is wrong with a request.
type findings struct {
	wrong *Invalid // or nil
	own   error    // of a parameter's type, with a status
}

func (f *findings) invalid() *Invalid {
	if f.wrong == nil {
		f.wrong = &Invalid{}
		f.wrong.Findings = f.wrong.first[:0]
	}
	return f.wrong
}

// count returns the number of findings.
func (f *findings) count() int {
	if f.wrong == nil {
		return 0
	}
	return len(f.wrong.Findings)
}

// add adds a finding, unless there are already too many to report.
func (f *findings) add(found Finding) {
	if err := f.invalid(); len(err.Findings) < check.MaxViolations {
		err.Findings = append(err.Findings, found)
	}
}

func (f *findings) parameter(in, name string, v check.Violation) {
	f.add(Finding{Parameter: name, In: in, Keyword: v.Keyword, Limit: v.Limit, Detail: v.Detail})
}

// unreadable notes that the request can't be read.
func (f *findings) unreadable() { f.invalid().Unreadable = true }

// err returns the findings as an error, or nil.
func (f *findings) err() error {
	if f.wrong == nil {
		return nil
	}
	return f.wrong
}
