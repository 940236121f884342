package walletapi_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
	"github.com/rcrowley/go-tigertonic/examples/wallet/walletapi"
)

// A caller of the wallet. What it sends and gets are the service's own types, so the
// compiler tells it when a field is renamed.
func Example() {
	network := client.InProcess(standIn()) // of a real caller it is nil, the network itself
	wallet := client.New("http://127.0.0.1:8000", client.Options{
		Transport: client.Retried(network, client.RetryOptions{}), // a transfer has an Idempotency-Key, so it may be repeated
	})
	ctx := context.Background()
	paid, err := client.Call(ctx, wallet, walletapi.MakeTransfer, &walletapi.TransferRequest{
		Keyed: walletapi.Keyed{Key: tigertonic.RandomBase62String(16)},
		Body:  walletapi.NewTransfer{From: "ann", To: "bob", Cents: 250},
	})
	if _, ok := errors.AsType[tigertonic.PaymentRequired](err); ok {
		fmt.Println("ann has too little")
		return
	}
	if err != nil {
		fmt.Println(err) // POST /1.0/transfers: 404 Not Found: there is no account "bob" (request ID …)
		return
	}
	fmt.Println("ann has", paid.Body.Balance, "left, see", paid.Location)
	for transfer, err := range client.Stream(ctx, wallet, walletapi.ListTransfers, &walletapi.ListRequest{
		OneAccount: walletapi.OneAccount{ID: "ann"}, Limit: 0, // all of them
	}, client.StreamOptions{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(transfer.Made, transfer.Cents)
	}
	// Output:
	// ann has 750 left, see /1.0/transfers/7
	// 2026-11-30 22:15:30 +0000 UTC 250
}

// standIn answers as the wallet would.
func standIn() *tigertonic.TrieServeMux {
	mux := tigertonic.NewTrieServeMux()
	walletapi.MakeTransfer.HandleFunc(mux, func(_ context.Context, in *walletapi.TransferRequest) (tigertonic.CreatedResponse[walletapi.Receipt], error) {
		return tigertonic.CreatedResponse[walletapi.Receipt]{
			Location: "/1.0/transfers/7", Body: walletapi.Receipt{ID: 7, Balance: 1000 - in.Body.Cents},
		}, nil
	})
	walletapi.ListTransfers.HandleFunc(mux, func(_ context.Context, in *walletapi.ListRequest) (iter.Seq2[walletapi.Transfer, error], error) {
		return func(yield func(walletapi.Transfer, error) bool) {
			yield(walletapi.Transfer{ID: 7, From: in.ID, To: "bob", Cents: 250, Made: time.Date(2026, 11, 30, 22, 15, 30, 0, time.UTC)}, nil)
		}, nil
	})
	return mux
}
