package recipes

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rcrowley/go-tigertonic"
)

type txKey struct{}

// inTransaction gives each call its own transaction, and commits it if the function
// succeeds.
func inTransaction(pool *pgxpool.Pool) tigertonic.Hook {
	return func(ctx context.Context, _ *tigertonic.Call, next func(context.Context) error) error {
		return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
			return next(context.WithValue(ctx, txKey{}, tx))
		})
	}
}

func tx(ctx context.Context) pgx.Tx { return ctx.Value(txKey{}).(pgx.Tx) }

// A Tea is a row.
type Tea struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

type newTea struct {
	Name string `json:"name" minLength:"1"`
}

func add(ctx context.Context, in *newTea) (tigertonic.CreatedResponse[Tea], error) {
	tea := Tea{Name: in.Name}
	err := tx(ctx).QueryRow(ctx, "INSERT INTO teas (name) VALUES ($1) RETURNING id", in.Name).Scan(&tea.ID)
	return tigertonic.CreatedResponse[Tea]{Location: "/teas/" + strconv.FormatInt(tea.ID, 10), Body: tea}, err
}

type listIn struct {
	After int64 `query:"after" default:"0" doc:"The last ID of the page before."`
	Limit int   `query:"limit" default:"20" minimum:"1" maximum:"100"`
}

func list(ctx context.Context, in *listIn) (tigertonic.Response[[]Tea], error) {
	rows, err := tx(ctx).Query(ctx, "SELECT id, name FROM teas WHERE id > $1 ORDER BY id LIMIT $2", in.After, in.Limit+1)
	if err != nil {
		return tigertonic.Response[[]Tea]{}, err
	}
	page, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Tea])
	rs := tigertonic.Response[[]Tea]{Body: page}
	if err == nil && len(page) > in.Limit { // there is one more, so there is a next page
		rs.Body = page[:in.Limit]
		next := url.Values{"after": {strconv.FormatInt(page[in.Limit-1].ID, 10)}, "limit": {strconv.Itoa(in.Limit)}}
		rs.Header = http.Header{"Link": {fmt.Sprintf(`</teas?%s>; rel="next"`, next.Encode())}}
	}
	return rs, err
}

func teas(pool *pgxpool.Pool) *tigertonic.TrieServeMux {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/teas", tigertonic.Typed(add).Around(inTransaction(pool)))
	mux.Handle("GET", "/teas", tigertonic.Typed(list).Around(inTransaction(pool)))
	return mux
}
