package main

import (
	"context"
	"errors"
	"iter"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/examples/wallet/walletapi"
)

// mostCents is what an account can hold, and a transfer can move: the largest
// number that all readers of JSON read exactly. The sum of two is far from what
// an int64 can't hold.
const mostCents = 1<<53 - 1

func (s *store) transfer(ctx context.Context, in *walletapi.TransferRequest) (tigertonic.CreatedResponse[receipt], error) {
	return created(s.move(ctx, in.Key, transfer{From: in.Body.From, To: in.Body.To, Cents: in.Body.Cents}))
}

func (s *store) deposit(ctx context.Context, in *walletapi.DepositRequest) (tigertonic.CreatedResponse[receipt], error) {
	return created(s.move(ctx, in.Key, transfer{To: in.Body.To, Cents: in.Body.Cents}))
}

func created(r receipt, err error) (tigertonic.CreatedResponse[receipt], error) {
	if err != nil {
		return tigertonic.CreatedResponse[receipt]{}, err
	}
	location, err := walletapi.ShowTransfer.URL(&walletapi.OneTransfer{ID: r.ID})
	return tigertonic.CreatedResponse[receipt]{Location: location, Body: r}, err
}

func (s *store) showTransfer(ctx context.Context, in *walletapi.OneTransfer) (transfer, error) {
	return s.selectTransfer(ctx, in.ID)
}

// listTransfers returns transfers of an account. They are read in portions, so
// that a slow client holds up neither memory nor the database.
func (s *store) listTransfers(ctx context.Context, in *walletapi.ListRequest) (iter.Seq2[transfer, error], error) {
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
