package openloop

import (
	"maps"
	"net/http"
	"time"
)

// A Result sums up the outcomes of the requests.
type Result struct {
	Total       int64            // requests that were to be sent
	Sent        int64            // of which were sent,
	Unconnected int64            // couldn't be, for no connection could be opened,
	Unsent      int64            // or were still waiting when the run ended
	Good        int64            // answered with a status below 400
	Status      map[int]int64    // answered, by status
	Said        map[int]string   // the beginning of the first answer with a status of 400 or above
	Errors      map[string]int64 // sent and not answered, or not connected, by what happened
	Dialed      int64            // connections opened
	Elapsed     time.Duration    // from the start to the last answer

	FromDue  Histogram // latency of the good answers from when the request was due
	FromSent Histogram // and from when it was sent
}

// Bad returns how many requests got a status of 400 or above, or no response.
func (r *Result) Bad() int64 { return r.Total - r.Good }

// A Progress is the state of a run, and what happened since the last one.
type Progress struct {
	Elapsed  time.Duration
	Total    int64
	Good     int64 // so far
	Bad      int64 // so far
	Refused  int64 // so far with 401; they are among the bad
	InFlight int
	Backlog  int64 // requests that were due and haven't been sent

	Rate   float64   // good answers a second since the last Progress
	Recent Histogram // their latency from when they were due
}

// A tally counts for a generator, whose mutex guards it.
type tally struct {
	Result
	bad    int64
	last   Progress
	recent Histogram
}

func newTally() tally {
	return tally{Result: Result{Status: map[int]int64{}, Said: map[int]string{}, Errors: map[string]int64{}}}
}

func (t *tally) answered(r response, due, sent, now time.Duration) {
	t.Status[r.status]++
	t.Elapsed = now
	if r.status >= http.StatusBadRequest {
		t.bad++
		if _, ok := t.Said[r.status]; !ok {
			t.Said[r.status] = string(r.body[:min(len(r.body), 300)])
		}
		return
	}
	t.Good++
	t.FromDue.Add(now - due)
	t.FromSent.Add(now - sent)
	t.recent.Add(now - due)
}

func (t *tally) lost(kind string, now time.Duration) {
	t.bad++
	t.Errors[kind]++
	t.Elapsed = now
}

func (g *generator) progress(now time.Duration) Progress {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := Progress{
		Elapsed: now, Total: g.end, Good: g.Good, Bad: g.bad, Refused: g.Status[http.StatusUnauthorized],
		InFlight: g.busy, Backlog: max(0, g.dueBy(now)-g.next), Recent: g.recent,
	}
	p.Rate = float64(p.Good-g.last.Good) / (now - g.last.Elapsed).Seconds()
	g.last, g.recent = p, Histogram{}
	return p
}

func (g *generator) result() Result {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.Result
	r.Total, r.Sent = g.end, g.next-g.Unconnected
	r.Unsent = g.end - g.next
	r.Status, r.Said, r.Errors = maps.Clone(r.Status), maps.Clone(r.Said), maps.Clone(r.Errors)
	return r
}
