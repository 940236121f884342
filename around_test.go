package tigertonic_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"regexp"
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

var errNoRows = errors.New("no rows")

func TestWhenAnswersWithAnotherError(t *testing.T) {
	none := tigertonic.NotFound{Err: errors.New("there is no such tea")}
	down := tigertonic.ServiceUnavailable{Err: errors.New("the store is down")}
	failing := func(err error) *tigertonic.Endpoint {
		return tigertonic.Typed(func(context.Context, *struct{}) (string, error) { return "", err }).
			When(errNoRows, none).When(io.ErrUnexpectedEOF, down).When(errNoRows, tigertonic.Gone{})
	}
	for name, tt := range map[string]struct {
		h    *tigertonic.Endpoint
		want string
	}{
		"the error":               {failing(errNoRows), `404 {"title":"Not Found","status":404,"detail":"there is no such tea"}`},
		"one that wraps it":       {failing(fmt.Errorf("show: %w", errNoRows)), `404 {"title":"Not Found","status":404,"detail":"there is no such tea"}`},
		"one with a status":       {failing(tigertonic.Conflict{Err: errNoRows}), `409 {"title":"Conflict","status":409,"detail":"no rows"}`},
		"another":                 {failing(errLeak), `500 {"title":"Internal Server Error","status":500,"request_id":"ID"}`},
		"a failure for a failure": {failing(io.ErrUnexpectedEOF), `503 {"title":"Service Unavailable","status":503,"request_id":"ID"}`},
		"a hook's": {failing(nil).Around(func(context.Context, *tigertonic.Call, func(context.Context) error) error {
			return errNoRows
		}), `404 {"title":"Not Found","status":404,"detail":"there is no such tea"}`},
	} {
		w := serve(t, tt.h, "GET", "/", "")
		got := requestIDs.ReplaceAllString(fmt.Sprint(w.Code, " ", w.Body), `"request_id":"ID"`)
		assert.Equal(t, tt.want+"\n", got, name)
	}
}

var requestIDs = regexp.MustCompile(`"request_id":"[^"]+"`)

func TestWhenAnswersForAStreamThatHasNotBegun(t *testing.T) {
	none := tigertonic.NotFound{Err: errors.New("there is no such tea")}
	h := tigertonic.Typed(func(context.Context, *struct{}) (iter.Seq2[int, error], error) {
		return thenFailing[int](errNoRows), nil
	}).When(errNoRows, none)
	assert.Equal(t, 404, serve(t, h, "GET", "/", "").Code)
}

func TestWhenKeepsTheCauseOfAFailureForTheLog(t *testing.T) {
	var b strings.Builder
	down := tigertonic.ServiceUnavailable{Err: errors.New("the store is down")}
	h := tigertonic.Typed(func(context.Context, *struct{}) (string, error) { return "", errNoRows }).When(errNoRows, down)
	logged := tigertonic.Accessed(h, &tigertonic.AccessOptions{Logger: slog.New(slog.NewTextHandler(&b, nil))})
	assert.Equal(t, 503, serve(t, logged, "GET", "/", "").Code)
	assert.Contains(t, b.String(), `error="the store is down: no rows"`)
}

func TestWhenDeclaresTheAnswer(t *testing.T) {
	op := &tigertonic.Operation{Method: "GET"}
	tigertonic.Typed(countIssues).When(errNoRows, tigertonic.NotFound{Err: errors.New("there is no such tea")}).Describe(op)
	assert.Equal(t, "there is no such tea", op.Responses["404"].Description)
	assert.Regexp(t, `^tigertonic: When: the error that Typed\(.*countIssues\) is to return is nil .*around_test.go`,
		panicOf(t, func() { tigertonic.Typed(countIssues).When(nil, tigertonic.NotFound{}) }))
	assert.Regexp(t, `^tigertonic: When: \*errors.errorString has no status that a response can have .*around_test.go`,
		panicOf(t, func() { tigertonic.Typed(countIssues).When(errNoRows, errLeak) }))
}

func ExampleEndpoint_When() {
	type find struct {
		ID string `path:"id"`
	}
	show := func(_ context.Context, in *find) (string, error) {
		if in.ID != "sencha" {
			return "", sql.ErrNoRows // as a database returns it
		}
		return "green", nil
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/teas/{id}", tigertonic.Typed(show).
		When(sql.ErrNoRows, tigertonic.NotFound{Err: errors.New("there is no such tea")}))
	request(mux, "GET", "/teas/sencha", "")
	request(mux, "GET", "/teas/coffee", "")
	// Output:
	// 200 "green"
	// 404 {"title":"Not Found","status":404,"detail":"there is no such tea"}
}
