package main

import (
	"errors"
	"net/http"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/examples/wallet/walletapi"
	"github.com/rcrowley/go-tigertonic/openapi"
)

const (
	version = "1.0.0"

	// patience is how long a request may take, but for one that lists transfers,
	// of which there may be many.
	patience = 5 * time.Second
	// most is how many requests of a kind there may be at a time. SQLite writes
	// one after another, and PostgreSQL has fewer connections.
	most = 64
	// mostLists is how many lists are sent at a time: their clients may be slow.
	mostLists = 16
)

// What the service answers with, its callers get.
type (
	account  = walletapi.Account
	receipt  = walletapi.Receipt
	totals   = walletapi.Totals
	transfer = walletapi.Transfer
)

// A declared is what a handler can be registered as.
type declared interface {
	Handle(mux *tigertonic.TrieServeMux, h http.Handler)
}

// service returns the tree of handlers.
func service(s *store, password string, registry metrics.Registry) http.Handler {
	mux, operators := tigertonic.NewTrieServeMux(), tigertonic.NewTrieServeMux()
	handle := func(mux *tigertonic.TrieServeMux, d declared, e *tigertonic.Endpoint, id string) {
		limited := tigertonic.Limited(tigertonic.Within(e.OperationID(id), patience), most, nil)
		d.Handle(mux, tigertonic.Timed(limited, id, registry))
	}
	handle(mux, walletapi.OpenAccount, tigertonic.Typed(s.openAccount).Summary("Open an account").Tags("accounts").Errors(errTaken), "open-account")
	handle(mux, walletapi.ShowAccount, tigertonic.Typed(s.showAccount).Summary("Show an account").Tags("accounts").Errors(errNoAccount), "show-account")
	handle(mux, walletapi.MakeTransfer, tigertonic.Typed(s.transfer).Summary("Transfer money").Tags("transfers").
		Description(aboutKeys).Errors(errNoAccount, errTooLittle, errOtherRequest, errTooMuch), "transfer")
	handle(mux, walletapi.ShowTransfer, tigertonic.Typed(s.showTransfer).Summary("Show a transfer").Tags("transfers").Errors(errNoTransfer), "show-transfer")
	list := tigertonic.Typed(s.listTransfers).Summary("List the transfers of an account").Tags("transfers").
		Description(aboutLists).Errors(errNoAccount, errNoDatabase).OperationID("list-transfers")
	walletapi.ListTransfers.Handle(mux, tigertonic.Timed(tigertonic.Limited(list, mostLists, nil), "list-transfers", registry))

	handle(operators, walletapi.Deposit, tigertonic.Typed(s.deposit).Summary("Put money into an account").Tags("admin").
		Description(aboutKeys).Errors(errNoAccount, errOtherRequest, errTooMuch), "deposit")
	handle(operators, walletapi.GetTotals, tigertonic.Typed(s.totals).Summary("Add up all there is").Tags("admin"), "totals")
	mux.HandleNamespace("/1.0/admin", tigertonic.HTTPBasicAuth(map[string]string{"operator": password}, "wallet", operators))

	recovered := tigertonic.Recovered(mux)
	recovered.Panics = metrics.GetOrRegisterCounter("panics", registry)
	root := tigertonic.Accessed(tigertonic.Identified(tigertonic.CountedByStatus(recovered, "http", registry), nil), nil)
	doc := describe(root)
	mux.Handle("GET", "/openapi.json", doc.Handler())
	mux.Handle("GET", "/docs", openapi.Page(doc))
	return root
}

// describe returns the document of the service.
func describe(root http.Handler) *openapi.Document {
	return openapi.New(root, openapi.Info{Title: "Wallet", Version: version, Description: "Keeps money, in cents."})
}

const (
	aboutKeys = "The Idempotency-Key names the request and is unique in the service: a random one will do. " +
		"The same request with the same key gets the same response and moves no money again, so repeat it until there is a response. " +
		"Another request with the key is refused. A request that failed changed nothing, and its key is free."
	aboutLists = "The oldest come first. For the next page, set after to the ID of the last transfer; " +
		"a page with fewer than the limit is the last one. With limit=0 all are sent as a stream: by Accept, " +
		"a JSON array, JSON lines or events."
)

// The errors of the API, as they are documented. Some are told in more detail.
var (
	errNoAccount    = tigertonic.NotFound{Err: errors.New("there is no such account")}
	errNoTransfer   = tigertonic.NotFound{Err: errors.New("there is no such transfer")}
	errTaken        = tigertonic.Conflict{Err: errors.New("there is an account with this ID already")}
	errOtherRequest = tigertonic.Conflict{Err: errors.New("another request had this Idempotency-Key")}
	errTooLittle    = tigertonic.PaymentRequired{Err: errors.New("the account doesn't have enough money")}
	errTooMuch      = tigertonic.Conflict{Err: errors.New("the account can't hold that much")}
	errNoDatabase   = tigertonic.ServiceUnavailable{Err: errors.New("the database didn't respond in time")}
)
