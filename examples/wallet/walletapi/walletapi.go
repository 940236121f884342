// Package walletapi is what the wallet and its callers have in common: what it can be
// asked for, by which input, and what it answers. The service registers it, and package
// client calls it.
package walletapi

import (
	"context"
	"iter"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

// What the wallet can be asked for.
//
//nolint:gochecknoglobals // declarations, which never change
var (
	OpenAccount   = tigertonic.Declare[Opening, tigertonic.CreatedResponse[Account]]("POST", "/1.0/accounts")
	ShowAccount   = tigertonic.Declare[OneAccount, Account]("GET", "/1.0/accounts/{id}")
	MakeTransfer  = tigertonic.Declare[TransferRequest, tigertonic.CreatedResponse[Receipt]]("POST", "/1.0/transfers")
	ShowTransfer  = tigertonic.Declare[OneTransfer, Transfer]("GET", "/1.0/transfers/{id}")
	ListTransfers = tigertonic.Declare[ListRequest, iter.Seq2[Transfer, error]]("GET", "/1.0/accounts/{id}/transfers")

	// What operators can ask for.
	Deposit   = tigertonic.Declare[DepositRequest, tigertonic.CreatedResponse[Receipt]]("POST", "/deposits").Under("/1.0/admin")
	GetTotals = tigertonic.Declare[struct{}, Totals]("GET", "/totals").Under("/1.0/admin")
)

// An Account holds money.
type Account struct {
	ID      string `json:"id" pattern:"^[A-Za-z0-9_-]{1,64}$" doc:"What it is called." example:"ann"`
	Balance int64  `json:"balance" minimum:"0" maximum:"9007199254740991" doc:"What it holds, in cents." example:"750"`
}

// An Opening is of a new account.
type Opening struct {
	Body *NewAccount `body:""`
}

// NewAccount is what an account is to be.
type NewAccount struct {
	ID string `json:"id,omitempty" pattern:"^[A-Za-z0-9_-]{1,64}$" doc:"What the account is to be called. By default, a name is made up." example:"ann"`
}

// OneAccount is embedded where the input is about an account.
type OneAccount struct {
	ID string `path:"id" pattern:"^[A-Za-z0-9_-]{1,64}$" doc:"The account's ID." example:"ann"`
}

// Totals are what there is in the whole service, at one point in time.
type Totals struct {
	Accounts  int64 `json:"accounts" doc:"How many there are."`
	Transfers int64 `json:"transfers" doc:"How many there were, with deposits."`
	Balance   int64 `json:"balance" doc:"What the accounts hold together, in cents."`
	Deposited int64 `json:"deposited" doc:"What was put into them, in cents. The balance is the same, or something is very wrong."`
}

// A Transfer is money that has been moved. A deposit is one that came from nowhere.
type Transfer struct {
	ID    int64     `json:"id" doc:"Its number. In the list of an account, they rise." example:"7"`
	From  string    `json:"from,omitempty" doc:"The account that it came from, if it wasn't a deposit." example:"ann"`
	To    string    `json:"to" doc:"The account that it went to." example:"bob"`
	Cents int64     `json:"cents" doc:"How much it was." example:"250"`
	Made  time.Time `json:"made" doc:"When it was made."`
}

// Keyed is embedded where the input has to be acted on once.
type Keyed struct {
	Key string `header:"Idempotency-Key" required:"true" pattern:"^[!-~]{1,64}$" doc:"A key that the client makes up for this request." example:"3f1c2b9e"`
}

// A TransferRequest moves money.
type TransferRequest struct {
	Keyed
	Body NewTransfer `body:""`
}

// NewTransfer is what is to be moved.
type NewTransfer struct {
	From  string `json:"from" pattern:"^[A-Za-z0-9_-]{1,64}$" doc:"The account to take it from." example:"ann"`
	To    string `json:"to" pattern:"^[A-Za-z0-9_-]{1,64}$" doc:"The account to put it into." example:"bob"`
	Cents int64  `json:"cents" minimum:"1" maximum:"9007199254740991" doc:"How much." example:"250"`
}

// Validate is asked after the tags.
func (r *TransferRequest) Validate(context.Context) error {
	if r.Body.From == r.Body.To {
		return tigertonic.FieldErrors{{Pointer: "/to", Detail: "must be another account than that of from"}}
	}
	return nil
}

// A DepositRequest puts money into an account.
type DepositRequest struct {
	Keyed
	Body NewDeposit `body:""`
}

// NewDeposit is what is to be put into an account.
type NewDeposit struct {
	To    string `json:"to" pattern:"^[A-Za-z0-9_-]{1,64}$" doc:"The account to put it into." example:"ann"`
	Cents int64  `json:"cents" minimum:"1" maximum:"1000000000000" doc:"How much." example:"1000"`
}

// A Receipt is the answer to a request to move money. It is made of the row that
// keeps the transfer, so it is the same whenever the request is repeated.
type Receipt struct {
	ID      int64 `json:"id" doc:"The number of the transfer." example:"7"`
	Balance int64 `json:"balance" doc:"What was left in the account that it came from or, of a deposit, is in that one that it went to, in cents." example:"750"`
}

// OneTransfer is the input about a transfer.
type OneTransfer struct {
	ID int64 `path:"id" minimum:"1" doc:"The number of the transfer." example:"7"`
}

// A ListRequest asks for the transfers of an account.
type ListRequest struct {
	OneAccount
	After int64 `query:"after" default:"0" minimum:"0" doc:"Only transfers after this one." example:"7"`
	Limit int   `query:"limit" default:"100" minimum:"0" maximum:"1000" doc:"The maximum number, or 0 for all."`
}
