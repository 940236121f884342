package check

import (
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/jsonscan"
)

// How the text of a parameter is checked against a schema: as a string if the schema
// allows one, and otherwise as JSON.

// TextViolations returns what is wrong with a parameter's text.
func (k *Check) TextViolations(text string) []Violation {
	if k.AcceptsAll() {
		return nil
	}
	kinds, alone := k.kinds(), k.ref == nil && len(k.anyOf) == 0
	switch isBool := text == "true" || text == "false"; {
	case kinds.has(String) && alone && !k.LooksAtText():
		return nil
	case kinds.has(String) && alone:
		var c checking
		c.text(k, []byte(text))
		return c.errs
	case kinds.has(String):
		return k.Violations(jsonscan.Quote(text))
	case isBool && kinds&Boolean != 0:
	case !jsonscan.IsNumber(text), kinds&Number == 0 && strings.ContainsAny(text, ".eE"):
		return []Violation{{Keyword: "type", Limit: kinds.text(), Detail: "must be " + kinds.noun()}}
	case alone && kinds&(Number|Integer) != 0 && acceptsDecimal(k, text):
		return nil
	}
	return k.Violations([]byte(text))
}

// kinds returns the types that the check, or what it refers to, allows.
func (k *Check) kinds() (kinds TypeSet) {
	if k.types != anything || k.ref == nil && len(k.anyOf) == 0 {
		return k.types
	}
	if k.ref != nil {
		return k.ref.kinds()
	}
	for _, alternative := range k.anyOf {
		kinds |= alternative.kinds()
	}
	return kinds
}

// AcceptsText reports whether a check for strings accepts text.
func (k *Check) AcceptsText(text []byte) bool {
	if !k.LooksAtText() {
		return true
	}
	var c checking
	c.text(k, text)
	return len(c.errs) == 0
}

// ListViolations returns what is wrong with how many values a parameter has, and with
// one being there twice if one is.
func (k *Check) ListViolations(n int, twice bool) []Violation {
	var c checking
	c.length(k, n)
	if k.unique && twice {
		c.wrongTwice()
	}
	return c.errs
}

// TakesStrings reports whether the check allows strings.
func (k *Check) TakesStrings() bool { return k.kinds().has(String) }
