package middleware

import (
	"context"
	"database/sql"
	"errors"

	"github.com/rcrowley/go-tigertonic"
)

type txKey struct{}

// inTransaction is a hook that gives each call a transaction of its own, and commits it
// only if the function has succeeded.
func inTransaction(db *sql.DB) tigertonic.Hook {
	return func(ctx context.Context, _ *tigertonic.Call, next func(context.Context) error) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }() // does nothing after a commit
		if err := next(context.WithValue(ctx, txKey{}, tx)); err != nil {
			return err
		}
		return tx.Commit()
	}
}

type newTea struct {
	Name string `json:"name"`
}

var errSpilt = errors.New("the tea was spilt")

func addTea(ctx context.Context, in *newTea) (struct{}, error) {
	tx := ctx.Value(txKey{}).(*sql.Tx)
	if _, err := tx.ExecContext(ctx, "INSERT INTO teas (name) VALUES (?)", in.Name); err != nil {
		return struct{}{}, err
	}
	if in.Name == "spilt" {
		return struct{}{}, tigertonic.Conflict{Err: errSpilt}
	}
	return struct{}{}, nil
}

func teas(db *sql.DB) *tigertonic.TrieServeMux {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/teas", tigertonic.Typed(addTea).Around(inTransaction(db)))
	return mux
}
