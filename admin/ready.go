package admin

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

// live answers as long as the process can.
func live(*http.Request) ([]byte, string, error) { return []byte("live\n"), "", nil }

// readiness is whether a service is to be sent requests.
type readiness struct {
	Ready    bool          `json:"ready" doc:"Whether the service is to be sent requests."`
	Draining bool          `json:"draining" doc:"Whether it is about to stop. The checks aren't run then."`
	Checks   []checkResult `json:"checks" doc:"What the checks have found, in the order in which they were added."`
}

// checkResult is what a check has found.
type checkResult struct {
	Name  string        `json:"name" doc:"What the check is called."`
	OK    bool          `json:"ok" doc:"Whether it has found nothing wrong."`
	Took  time.Duration `json:"took" doc:"How long it has taken, or has been running for." example:"1.5ms"`
	Error string        `json:"error,omitempty" doc:"What is wrong."`
}

func newCheckResult(name string, took time.Duration, err error) checkResult {
	result := checkResult{Name: valid(name), OK: err == nil, Took: took.Round(time.Microsecond)}
	if err != nil {
		result.Error = valid(textOf(err))
	}
	return result
}

// textOf returns an error's text, also of one that panics when it is asked.
func textOf(err error) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("%T without a text", err)
		}
	}()
	return err.Error()
}

// valid returns a text that JSON can hold.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// ready answers whether the service is to be sent requests. While it is draining,
// it says so without delay.
func (a *Admin) ready(ctx context.Context, _ *struct{}) (tigertonic.Response[readiness], error) {
	response := tigertonic.Response[readiness]{Status: http.StatusOK, Body: a.readiness(ctx)}
	if !response.Body.Ready {
		response.Status = http.StatusServiceUnavailable
	}
	return response, nil
}

// describeReady says which statuses there are.
func describeReady(op *tigertonic.Operation) {
	const success = "2XX" // as of a function that chooses
	content := op.ResponseRange(success).Content
	delete(op.Responses, success)
	op.Response(http.StatusOK).Content, op.Response(http.StatusOK).Description = content, "The service is ready for requests"
	op.Response(http.StatusServiceUnavailable).Content, op.Response(http.StatusServiceUnavailable).Description = content, "It isn't: a check fails, or it is draining"
}

func (a *Admin) readiness(ctx context.Context) readiness {
	if slices.ContainsFunc(a.draining, func(f func() bool) bool { return f() }) {
		return readiness{Draining: true, Checks: []checkResult{}}
	}
	a.mu.Lock()
	checks := slices.Clone(a.checks)
	a.mu.Unlock()
	return newReadiness(runChecks(ctx, checks))
}

func newReadiness(results []checkResult) readiness {
	failing := slices.ContainsFunc(results, func(result checkResult) bool { return !result.OK })
	return readiness{Ready: !failing, Checks: results}
}

// runChecks runs checks at once and returns what they have found.
func runChecks(ctx context.Context, checks []*check) []checkResult {
	runs := make([]*checkRun, len(checks))
	for i, c := range checks {
		runs[i] = c.run()
	}
	results := make([]checkResult, len(checks))
	for i, run := range runs {
		results[i] = run.wait(ctx)
	}
	return results
}
