// Package failures is the code of the guide docs/errors.md.
package failures

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

// OutOfStock is an error of the service's own, with a status.
type OutOfStock struct{ Item string }

// Error returns the text that the client gets.
func (e OutOfStock) Error() string { return e.Item + " is out of stock" }

// StatusCode returns 409.
func (e OutOfStock) StatusCode() int { return http.StatusConflict }

type order struct {
	Item  string    `json:"item" enum:"tea,milk,sugar,coffee,cake"`
	Count int       `json:"count" minimum:"1" maximum:"9"`
	After time.Time `json:"after,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

// Validate says what tags can't.
func (o *order) Validate(context.Context) error {
	if !o.Until.IsZero() && o.Until.Before(o.After) {
		return tigertonic.FieldErrors{{Pointer: "/until", Detail: "must not be before after"}}
	}
	return nil
}

func place(_ context.Context, o *order) (struct{}, error) {
	switch o.Item {
	case "tea":
		return struct{}{}, tigertonic.NotFound{Err: fmt.Errorf("there is no %s", o.Item)}
	case "milk":
		return struct{}{}, OutOfStock{Item: o.Item}
	case "sugar":
		return struct{}{}, tigertonic.Problem{
			Status: http.StatusPaymentRequired, Type: "https://example.com/problems/credit",
			Title: "Not enough credit", Detail: "sugar is 3, you have 2",
			Extensions: map[string]any{"balance": 2},
		}
	case "coffee":
		return struct{}{}, fmt.Errorf("order: %w", sql.ErrNoRows)
	}
	return struct{}{}, nil
}

type orderID struct {
	ID int `path:"id"`
}

// show returns what a database says: this shop keeps no orders.
func show(context.Context, *orderID) (order, error) { return order{}, sql.ErrNoRows }

// asText sends errors as a line of text.
type asText struct{ tigertonic.ErrorWriter }

// WriteError writes the status that the error has, and its text if it is the client's fault.
func (asText) WriteError(_ *http.Request, w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if e, ok := errors.AsType[tigertonic.HTTPEquivError](err); ok {
		status = e.StatusCode()
	}
	text := http.StatusText(status)
	if status < 500 {
		text = err.Error()
	}
	http.Error(w, text, status)
}

func service() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/orders", tigertonic.Typed(place).Errors(tigertonic.NotFound{}, OutOfStock{}))
	mux.Handle("GET", "/orders/{id}", tigertonic.Typed(show).
		When(sql.ErrNoRows, tigertonic.NotFound{Err: errors.New("there is no such order")}))
	return mux
}
