package endpoints

import (
	"fmt"
	"net/http"
	"net/mail"
	"unicode/utf8"
)

// A problem is an error in the form of RFC 9457, which all peers send except the classic
// functions.
type problem struct {
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Detail string         `json:"detail"`
	Errors []fieldProblem `json:"errors,omitempty"`
}

type fieldProblem struct {
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

func unprocessable(err error) problem {
	return newProblem(err.Error(), nil)
}

// invalid is the error of peers that validate by hand, or with a library that leaves the
// response to them.
func invalid(errs []fieldProblem) problem {
	return newProblem("the request isn't valid", errs)
}

func newProblem(detail string, errs []fieldProblem) problem {
	return problem{http.StatusText(http.StatusUnprocessableEntity), http.StatusUnprocessableEntity, detail, errs}
}

func (o *order) problems() []fieldProblem { return nil }

// problems validates an order by hand.
func (o *checkedOrder) problems() (errs []fieldProblem) {
	bad := func(pointer, detail string) { errs = append(errs, fieldProblem{pointer, detail}) }
	if n := utf8.RuneCountInString(o.Customer); n < 1 || n > 64 {
		bad("/customer", "must have 1 to 64 characters")
	}
	if a, err := mail.ParseAddress(o.Email); err != nil || a.Address != o.Email {
		bad("/email", "must be an e-mail address")
	}
	if o.Currency != "EUR" && o.Currency != "USD" && o.Currency != "JPY" {
		bad("/currency", `must be one of "EUR", "USD", "JPY"`)
	}
	if utf8.RuneCountInString(o.Note) > 200 {
		bad("/note", "must have at most 200 characters")
	}
	if len(o.Lines) < 1 || len(o.Lines) > 100 {
		bad("/lines", "must have 1 to 100 items")
	}
	for i := range o.Lines {
		l := &o.Lines[i]
		if n := utf8.RuneCountInString(l.SKU); n < 1 || n > 32 {
			bad(fmt.Sprintf("/lines/%d/sku", i), "must have 1 to 32 characters")
		}
		if l.Quantity < 1 || l.Quantity > 1000 {
			bad(fmt.Sprintf("/lines/%d/quantity", i), "must be 1 to 1000")
		}
		if l.Price <= 0 {
			bad(fmt.Sprintf("/lines/%d/price", i), "must be more than 0")
		}
	}
	if utf8.RuneCountInString(o.Address) > 200 {
		bad("/address", "must have at most 200 characters")
	}
	return errs
}

// parameterProblems validates the parameters of a GET.
func parameterProblems(name string, limit int) (errs []fieldProblem) {
	if n := utf8.RuneCountInString(name); n < 1 || n > 64 {
		errs = append(errs, fieldProblem{"customer", "must have 1 to 64 characters"})
	}
	if limit < 1 || limit > 100 {
		errs = append(errs, fieldProblem{"limit", "must be 1 to 100"})
	}
	return errs
}
