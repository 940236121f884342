package tigertonic_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

type (
	issue struct {
		Project string `path:"project" json:"project"`
		Title   string `query:"title" json:"title" minLength:"1"`
	}
	issueCount struct {
		Project string `path:"project"`
	}
)

func (in *issue) ProjectID() string      { return in.Project }
func (in *issueCount) ProjectID() string { return in.Project }

func createIssue(_ context.Context, in *issue) (*issue, error) {
	if in.Title == "leak" {
		return nil, errLeak
	}
	return in, nil
}

func countIssues(context.Context, *issueCount) (int, error) { return 3, nil }

// memberOnly is a hook over endpoints of different types.
func memberOnly(ctx context.Context, call *tigertonic.Call, next func(context.Context) error) error {
	in, ok := call.Input().(interface{ ProjectID() string })
	if !ok || in.ProjectID() != "tea" {
		return tigertonic.Forbidden{Err: errors.New("you aren't a member of this project")}
	}
	return next(ctx)
}

func issues(hooks ...tigertonic.Hook) *tigertonic.TrieServeMux {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/{project}/issues", tigertonic.Typed(createIssue).OperationID("create").Around(hooks...))
	mux.Handle("GET", "/{project}/count", tigertonic.Typed(countIssues).Around(hooks...))
	return mux
}

func TestHooksSeeInputOutputAndError(t *testing.T) {
	var seen []string
	audit := func(ctx context.Context, call *tigertonic.Call, next func(context.Context) error) error {
		assert.Nil(t, call.Output())
		err := next(ctx)
		seen = append(seen, fmt.Sprintf("%s %s %s %T %v %v", call.Pattern(), call.Name(), call.OperationID(), call.Input(), call.Output() != nil, err))
		assert.Equal(t, call.Pattern(), call.Request().Pattern)
		return err
	}
	h := issues(audit, memberOnly)
	assert.Equal(t, 200, serve(t, h, "POST", "/tea/issues?title=a", "").Code)
	assert.Equal(t, "3\n", serve(t, h, "GET", "/tea/count", "").Body.String())
	captureSlog(t)
	assert.Equal(t, 500, serve(t, h, "POST", "/tea/issues?title=leak", "").Code)
	w := serve(t, h, "GET", "/coffee/count", "")
	assert.Equal(t, 403, w.Code)
	assert.Contains(t, w.Body.String(), "you aren't a member of this project")
	assert.Equal(t, 422, serve(t, h, "POST", "/tea/issues?title=", "").Code, "which no hook sees")
	assert.Equal(t, []string{
		"POST /{project}/issues go-tigertonic_test.createIssue create *tigertonic_test.issue true <nil>",
		"GET /{project}/count go-tigertonic_test.countIssues  *tigertonic_test.issueCount true <nil>",
		"POST /{project}/issues go-tigertonic_test.createIssue create *tigertonic_test.issue false the kettle leaks",
		"GET /{project}/count go-tigertonic_test.countIssues  *tigertonic_test.issueCount false you aren't a member of this project",
	}, seen)
}

// A transaction is in the context, is done again, and may fail in the end.
func TestHooksAreRoundTheFunction(t *testing.T) {
	type txKey struct{}
	var log []string
	attempts := 0
	tx := func(ctx context.Context, _ *tigertonic.Call, next func(context.Context) error) error {
		for {
			err := next(context.WithValue(ctx, txKey{}, "tx"))
			if err == nil {
				log = append(log, "commit")
				return nil
			}
			log = append(log, "rollback")
			attempts++
			if attempts == 2 {
				return err
			}
		}
	}
	e := tigertonic.Typed(func(ctx context.Context, _ *struct{}) (string, error) {
		log = append(log, ctx.Value(txKey{}).(string))
		if len(log) == 1 {
			return "", errLeak
		}
		return "done", nil
	}).Around(tx)
	assert.Equal(t, `"done"`+"\n", serve(t, e, "GET", "/", "").Body.String())
	assert.Equal(t, []string{"tx", "rollback", "tx", "commit"}, log)
}

func TestHookThatHidesAFailureAnswers500(t *testing.T) {
	for want, hook := range map[string]tigertonic.Hook{
		"a hook returned nil without having called next": func(context.Context, *tigertonic.Call, func(context.Context) error) error { return nil },
		"the kettle leaks": func(ctx context.Context, _ *tigertonic.Call, next func(context.Context) error) error {
			_ = next(ctx)
			return nil
		},
	} {
		b := captureSlog(t)
		w := serve(t, failing(errLeak).Around(hook), "GET", "/", "")
		assert.Equal(t, 500, w.Code)
		assert.NotContains(t, w.Body.String(), "hook")
		assert.Contains(t, b.String(), want)
	}
	assert.Contains(t, panicOf(t, func() { failing(errLeak).Around(nil) }), "Around: a hook of Typed(")
}

type closable struct {
	io.Reader
	closed *int
}

func (c closable) Close() error { *c.closed++; return nil }

// A stream that isn't sent is closed.
func TestHookThatFailsAfterwardsClosesTheStream(t *testing.T) {
	closed := 0
	e := tigertonic.Typed(func(context.Context, *struct{}) (tigertonic.Stream, error) {
		return tigertonic.Stream{ContentType: "text/plain", Reader: closable{strings.NewReader("text"), &closed}}, nil
	}).Around(func(ctx context.Context, _ *tigertonic.Call, next func(context.Context) error) error {
		_, _ = next(ctx), next(ctx)
		return tigertonic.Conflict{Err: errLeak}
	})
	assert.Equal(t, 409, serve(t, e, "GET", "/", "").Code)
	assert.Equal(t, 2, closed)
}
