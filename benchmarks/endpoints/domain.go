// Package endpoints compares the cost of a JSON endpoint with and without a framework.
// All do the same work, in a few lines of their own style.
package endpoints

import (
	"fmt"
	"strconv"
)

// What the service is about. There are two types of each input: one that isn't
// checked, and one whose tags say what is valid, to each framework in its words.
// Query parameters and paths, which frameworks bind by tags, too, are in their
// own files.

type order struct {
	Customer string `json:"customer"`
	Email    string `json:"email"`
	Currency string `json:"currency"`
	Express  bool   `json:"express"`
	Note     string `json:"note"`
	Lines    []line `json:"lines"`
	Address  string `json:"address"`
}

type line struct {
	SKU      string  `json:"sku"`
	Quantity int     `json:"quantity"`
	Price    float64 `json:"price"`
}

type checkedOrder struct {
	Customer string        `json:"customer" minLength:"1" maxLength:"64" binding:"min=1,max=64" validate:"min=1,max=64"`
	Email    string        `json:"email" format:"email" binding:"email" validate:"email"`
	Currency string        `json:"currency" enum:"EUR,USD,JPY" binding:"oneof=EUR USD JPY" validate:"oneof=EUR USD JPY"`
	Express  bool          `json:"express"`
	Note     string        `json:"note" maxLength:"200" binding:"max=200" validate:"max=200"`
	Lines    []checkedLine `json:"lines" minItems:"1" maxItems:"100" binding:"min=1,max=100,dive" validate:"min=1,max=100,dive"`
	Address  string        `json:"address" maxLength:"200" binding:"max=200" validate:"max=200"`
}

type checkedLine struct {
	SKU      string  `json:"sku" minLength:"1" maxLength:"32" binding:"min=1,max=32" validate:"min=1,max=32"`
	Quantity int     `json:"quantity" minimum:"1" maximum:"1000" binding:"min=1,max=1000" validate:"min=1,max=1000"`
	Price    float64 `json:"price" exclusiveMinimum:"0" binding:"gt=0" validate:"gt=0"`
}

// orders are pointers to both.
type orders[O any] interface {
	*O
	total() float64
	currency() string
	problems() []fieldProblem
}

func (o *order) currency() string        { return o.Currency }
func (o *checkedOrder) currency() string { return o.Currency }

func (o *order) total() (sum float64) {
	for i := range o.Lines {
		sum += float64(o.Lines[i].Quantity) * o.Lines[i].Price
	}
	return sum
}

func (o *checkedOrder) total() (sum float64) {
	for i := range o.Lines {
		sum += float64(o.Lines[i].Quantity) * o.Lines[i].Price
	}
	return sum
}

type receipt[O any] struct {
	ID     string  `json:"id"`
	Status string  `json:"status"`
	Total  float64 `json:"total"`
	Order  O       `json:"order"`
}

// receive is the service's work on an order.
func receive[O any, P orders[O]](o P) (*receipt[O], error) {
	switch o.currency() {
	case "EUR", "USD", "JPY":
		return &receipt[O]{"0f8fad5b-d9cb-469f-a165-70867728950e", "accepted, to be packed", o.total(), *o}, nil
	}
	return nil, fmt.Errorf("%q is not a currency", o.currency())
}

type customer struct {
	Customer string `json:"customer"`
	Limit    int    `json:"limit"`
	Next     string `json:"next"`
}

// lookUp is the service's work for a GET.
func lookUp(name string, limit int) *customer {
	return &customer{name, limit, "0f8fad5b-d9cb-469f-a165-70867728950e"}
}

type summary struct {
	ID       string  `json:"id"`
	Customer string  `json:"customer"`
	Total    float64 `json:"total"`
	Lines    int     `json:"lines"`
	Express  bool    `json:"express"`
	State    string  `json:"state"`
}

// summaries returns the service's list: 100 objects, 10 KB as JSON.
func summaries() []summary {
	all := make([]summary, 100)
	for i := range all {
		all[i] = summary{"order-" + strconv.Itoa(1000+i), "Ada Lovelace", float64(i) * 12.25, i % 7, i%2 == 0, "shipped"}
	}
	return all
}
