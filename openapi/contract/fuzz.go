package contract

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// FuzzOptions tells [Contract.Fuzz] what the document can't say about a service. The zero
// value is usable.
type FuzzOptions struct {
	// Seed selects the requests: the same seed makes the same requests, as long as the
	// service gives the same responses. The default is 1.
	Seed uint64
	// Requests is how many requests are made per operation on average, or a tenth of that
	// for a stream. The default is 100. Requests that look for a shorter example don't
	// count.
	Requests int
	// Time limits the whole run. The default is 30 seconds.
	Time time.Duration
	// Prepare, if it isn't nil, adds what the service requires of its callers to each
	// request, such as credentials. The curl lines leave that out. Operations that the
	// document secures are also called without it, and mustn't succeed then.
	Prepare func(r *http.Request)
	// Rules are the operations, by ID or as "POST /transfers", that have rules beyond the
	// document. They may answer 400, 409 or 422 to requests that the document allows.
	Rules []string
	// Lenient are the operations, named likewise, that accept more than the document says,
	// such as classic functions: to encoding/json, null is the same as absent.
	Lenient []string
	// Except are the operations not to call, named likewise.
	Except []string
	// URL is what the curl lines begin with, http://127.0.0.1:8000 by default.
	URL string
}

// Fuzz calls a handler with requests generated from the document: valid values, the limits,
// values just beyond them, and values from earlier responses. The test fails on
//
//   - a 500, a panic, and a response that is cut off or never comes,
//   - a success for a request that the document doesn't allow,
//   - a 400, 406, 415 or 422 for one that it does,
//   - a success without the credentials that the document requires,
//   - a response that violates the document, as with [Contract.Handler].
//
// Each failure is reported once per operation, with the shortest request found that shows
// it, as a curl line. Requests are made one after another, within the process, and the
// handler's effects are real: give it a test database.
//
// A stream of values is read for a tenth of a second, and the values until then are
// checked. The calls don't count for [Contract.Report]. The test's log names the operations
// that never succeeded, which are hardly tested.
func (c *Contract) Fuzz(t testing.TB, h http.Handler, o FuzzOptions) {
	t.Helper()
	o.Seed, o.Requests, o.Time = cmp.Or(o.Seed, 1), cmp.Or(o.Requests, 100), cmp.Or(o.Time, 30*time.Second)
	o.URL = cmp.Or(strings.TrimSuffix(o.URL, "/"), "http://127.0.0.1:8000")
	f := &fuzzer{
		Contract: c, FuzzOptions: o, t: t, handler: h, told: map[string]bool{}, statuses: map[int]int{}, succeeded: map[*operation]bool{},
		rng: rand.New(rand.NewPCG(o.Seed, 0)), //nolint:gosec // the seed is to be repeated
	}
	f.generator = &generator{rng: f.rng, reader: reader{members(c.document)}, known: map[string][]any{}}
	f.operations = slices.DeleteFunc(c.counted(), func(op *operation) bool { return op.isAmong(o.Except) })
	if len(f.operations) == 0 {
		t.Errorf("contract: there is no operation to call")
		return
	}
	f.end = time.Now().Add(o.Time)
	f.run()
	t.Logf("contract: %d requests with the seed %d were answered %v; without a success: %s", f.sent, o.Seed, f.statuses, dash(f.failed()))
}

// A fuzzer is the state of one call of Fuzz.
type fuzzer struct {
	*Contract
	FuzzOptions
	t          testing.TB
	handler    http.Handler
	rng        *rand.Rand
	generator  *generator
	operations []*operation
	told       map[string]bool // what was found
	statuses   map[int]int
	succeeded  map[*operation]bool
	sent       int
	end        time.Time
	stuck      bool // a call hasn't ended
}

// failed returns the operations that have never succeeded.
func (f *fuzzer) failed() (failed []string) {
	for _, op := range f.operations {
		if !f.succeeded[op] {
			failed = append(failed, op.String())
		}
	}
	return failed
}

// isAmong reports whether an operation is on a list, by its ID or its name.
func (op *operation) isAmong(names []string) bool {
	return slices.Contains(names, op.String()) || op.id != "" && slices.Contains(names, op.id)
}

func (f *fuzzer) run() {
	f.t.Helper()
	for range f.Requests * len(f.operations) {
		if f.stuck || time.Now().After(f.end) {
			return
		}
		op := pick(f.rng, f.operations)
		if op.isStream() && f.rng.IntN(10) > 0 {
			continue // it takes long
		}
		d := f.draft(op)
		found := f.try(d)
		if found == nil || f.told[found.key()] {
			continue
		}
		f.told[found.key()] = true
		shortest, what := f.shrink(d, found)
		f.t.Errorf("contract: %s (seed %d): %s\n\t%s\n%s", d.op, f.Seed, what.text, shortest.curl(f.URL), excerpt(what.body))
	}
}

// A finding is a problem with an answer.
type finding struct {
	kind string // "refused"
	op   *operation
	text string
	body []byte
}

// key identifies a finding, so that each is reported once.
func (w *finding) key() string { return w.kind + " " + w.op.String() }

// try makes a request, and returns what is wrong with the answer, or nil.
func (f *fuzzer) try(d *draft) *finding {
	r, err := f.request(d)
	if err != nil {
		return nil // it can't be sent
	}
	called := f.call(d, r)
	f.sent++
	if called.problem != "" {
		return &finding{called.kind, d.op, called.problem, nil}
	}
	a := called.answer
	f.statuses[a.status]++
	sent := &request{Request: r, path: r.URL.EscapedPath(), body: d.text()}
	wrong, _ := f.checkRequest(d.op, sent)
	if a.status/100 == 2 {
		f.succeeded[d.op] = true
		f.generator.learn(d, a)
	}
	return f.judge(d, a, wrong)
}

// judge returns the worst problem with an answer.
func (f *fuzzer) judge(d *draft, a *answer, wrong []string) *finding {
	found := func(kind, format string, args ...any) *finding {
		return &finding{kind, d.op, fmt.Sprintf("was answered %d, ", a.status) + fmt.Sprintf(format, args...), a.body}
	}
	if a.status == http.StatusInternalServerError {
		return found("failed", "which is a fault of the service")
	}
	if a.status/100 == 2 && d.anonymous {
		return found("unprotected", "without the credentials that the document asks for")
	}
	if a.status/100 == 2 && len(wrong) > 0 && !d.op.isAmong(f.Lenient) {
		return found("accepted", "though the request isn't as the document says: %s", wrong[0])
	}
	if a.cut && (a.status/100 != 2 || len(a.body) == 0) {
		return nil // it hadn't begun when the client went
	}
	if problems := f.checkAnswer(d.op, d.op.method, a); len(problems) > 0 {
		return found("undeclared", "but %s", problems[0])
	}
	if f.refuses(d.op, a.status) && len(wrong) == 0 && !d.uncertain && !d.anonymous {
		return found("refused", "though the request is as the document says")
	}
	return nil
}

// refuses reports whether a status means that the request is invalid.
func (f *fuzzer) refuses(op *operation, status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return !op.isAmong(f.Rules)
	case http.StatusNotAcceptable, http.StatusUnsupportedMediaType:
		return true
	}
	return false
}
