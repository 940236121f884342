package main

import (
	"context"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/examples/wallet/walletapi"
)

func (s *store) openAccount(ctx context.Context, in *walletapi.Opening) (tigertonic.CreatedResponse[account], error) {
	a := account{ID: tigertonic.RandomBase62String(16)}
	if in.Body != nil && in.Body.ID != "" {
		a.ID = in.Body.ID
	}
	if err := s.insertAccount(ctx, a.ID); err != nil {
		return tigertonic.CreatedResponse[account]{}, err
	}
	location, err := walletapi.ShowAccount.URL(&walletapi.OneAccount{ID: a.ID})
	return tigertonic.CreatedResponse[account]{Location: location, Body: a}, err
}

func (s *store) showAccount(ctx context.Context, in *walletapi.OneAccount) (account, error) {
	return s.selectAccount(ctx, in.ID)
}

func (s *store) totals(ctx context.Context, _ *struct{}) (totals, error) { return s.selectTotals(ctx) }
