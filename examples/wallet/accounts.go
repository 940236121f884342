package main

import (
	"context"

	"github.com/rcrowley/go-tigertonic"
)

// An account holds money.
type account struct {
	ID      string `json:"id" pattern:"^[A-Za-z0-9_-]{1,64}$" doc:"What it is called." example:"ann"`
	Balance int64  `json:"balance" minimum:"0" maximum:"9007199254740991" doc:"What it holds, in cents." example:"750"`
}

type opening struct {
	Body *struct {
		ID string `json:"id,omitempty" pattern:"^[A-Za-z0-9_-]{1,64}$" doc:"What the account is to be called. By default, a name is made up." example:"ann"`
	} `body:""`
}

// oneAccount is embedded where the input is about an account.
type oneAccount struct {
	ID string `path:"id" pattern:"^[A-Za-z0-9_-]{1,64}$" doc:"What the account is called." example:"ann"`
}

// totals are what there is in the whole service, at one point in time.
type totals struct {
	Accounts  int64 `json:"accounts" doc:"How many there are."`
	Transfers int64 `json:"transfers" doc:"How many there were, with deposits."`
	Balance   int64 `json:"balance" doc:"What the accounts hold together, in cents."`
	Deposited int64 `json:"deposited" doc:"What was put into them, in cents. The balance is the same, or something is very wrong."`
}

func (s *store) openAccount(ctx context.Context, in *opening) (tigertonic.CreatedResponse[account], error) {
	a := account{ID: tigertonic.RandomBase62String(16)}
	if in.Body != nil && in.Body.ID != "" {
		a.ID = in.Body.ID
	}
	err := s.insertAccount(ctx, a.ID)
	return tigertonic.CreatedResponse[account]{Location: "/1.0/accounts/" + a.ID, Body: a}, err
}

func (s *store) showAccount(ctx context.Context, in *oneAccount) (account, error) {
	return s.selectAccount(ctx, in.ID)
}

func (s *store) totals(ctx context.Context, _ *struct{}) (totals, error) { return s.selectTotals(ctx) }
