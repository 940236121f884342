package main

import (
	"context"
	"errors"
	"iter"
	"strconv"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

// mostCents is what an account can hold, and a transfer can move: the largest
// number that all readers of JSON read exactly. The sum of two is far from what
// an int64 can't hold.
const mostCents = 1<<53 - 1

// A transfer is money that has been moved. A deposit is one that came from nowhere.
type transfer struct {
	ID    int64     `json:"id" doc:"Its number. In the list of an account, they rise." example:"7"`
	From  string    `json:"from,omitempty" doc:"The account that it came from, if it wasn't a deposit." example:"ann"`
	To    string    `json:"to" doc:"The account that it went to." example:"bob"`
	Cents int64     `json:"cents" doc:"How much it was." example:"250"`
	Made  time.Time `json:"made" doc:"When it was made."`
}

// keyed is embedded where the input has to be acted on once.
type keyed struct {
	Key string `header:"Idempotency-Key" required:"true" pattern:"^[!-~]{1,64}$" doc:"What the client calls this request, and no other one." example:"3f1c2b9e"`
}

type transferRequest struct {
	keyed
	Body struct {
		From  string `json:"from" pattern:"^[A-Za-z0-9_-]{1,64}$" doc:"The account to take it from." example:"ann"`
		To    string `json:"to" pattern:"^[A-Za-z0-9_-]{1,64}$" doc:"The account to put it into." example:"bob"`
		Cents int64  `json:"cents" minimum:"1" maximum:"9007199254740991" doc:"How much." example:"250"`
	} `body:""`
}

// Validate is asked after the tags.
func (r *transferRequest) Validate(context.Context) error {
	if r.Body.From == r.Body.To {
		return tigertonic.FieldErrors{{Pointer: "/to", Detail: "must be another account than from"}}
	}
	return nil
}

type depositRequest struct {
	keyed
	Body struct {
		To    string `json:"to" pattern:"^[A-Za-z0-9_-]{1,64}$" doc:"The account to put it into." example:"ann"`
		Cents int64  `json:"cents" minimum:"1" maximum:"1000000000000" doc:"How much." example:"1000"`
	} `body:""`
}

// A receipt is the answer to a request to move money. It is made of the row that
// keeps the transfer, so it is the same whenever the request is repeated.
type receipt struct {
	ID      int64 `json:"id" doc:"The number of the transfer." example:"7"`
	Balance int64 `json:"balance" doc:"What was left in the account that it came from or, of a deposit, is in that one that it went to, in cents." example:"750"`
}

type oneTransfer struct {
	ID int64 `path:"id" minimum:"1" doc:"The number of the transfer." example:"7"`
}

type listRequest struct {
	oneAccount
	After int64 `query:"after" default:"0" minimum:"0" doc:"Only transfers after this one." example:"7"`
	Limit int   `query:"limit" default:"100" minimum:"0" maximum:"1000" doc:"How many at most, or 0 for all."`
}

func (s *store) transfer(ctx context.Context, in *transferRequest) (tigertonic.CreatedResponse[receipt], error) {
	return created(s.move(ctx, in.Key, transfer{From: in.Body.From, To: in.Body.To, Cents: in.Body.Cents}))
}

func (s *store) deposit(ctx context.Context, in *depositRequest) (tigertonic.CreatedResponse[receipt], error) {
	return created(s.move(ctx, in.Key, transfer{To: in.Body.To, Cents: in.Body.Cents}))
}

func created(r receipt, err error) (tigertonic.CreatedResponse[receipt], error) {
	return tigertonic.CreatedResponse[receipt]{Location: "/1.0/transfers/" + strconv.FormatInt(r.ID, 10), Body: r}, err
}

func (s *store) showTransfer(ctx context.Context, in *oneTransfer) (transfer, error) {
	return s.selectTransfer(ctx, in.ID)
}

// listTransfers returns transfers of an account. They are read in portions, so
// that a slow client holds up neither memory nor the database.
func (s *store) listTransfers(ctx context.Context, in *listRequest) (iter.Seq2[transfer, error], error) {
	if _, err := inTime(ctx, func(ctx context.Context) (account, error) { return s.selectAccount(ctx, in.ID) }); err != nil {
		return nil, err
	}
	return func(yield func(transfer, error) bool) {
		after, left := in.After, in.Limit
		for {
			want := portion
			if in.Limit > 0 {
				want = min(portion, left)
			}
			found, err := inTime(ctx, func(ctx context.Context) ([]transfer, error) { return s.selectTransfers(ctx, in.ID, after, want) })
			if err != nil {
				yield(transfer{}, err)
				return
			}
			for _, t := range found {
				if !yield(t, nil) {
					return
				}
				after = t.ID
			}
			left -= len(found)
			if len(found) < want || in.Limit > 0 && left == 0 {
				return
			}
		}
	}, nil
}

// portion is how many transfers are read at a time.
const portion = 100

// inTime calls a function that asks the database for a part of what is answered.
func inTime[T any](ctx context.Context, f func(context.Context) (T, error)) (T, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	result, err := f(limited)
	if err != nil && ctx.Err() == nil && errors.Is(limited.Err(), context.DeadlineExceeded) {
		err = tigertonic.ServiceUnavailable{Err: err}
	}
	return result, err
}
