package main

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/spool"
)

const (
	// keptRates is how many seconds the page shows.
	keptRates = 60
	// keptSegments is how many segments it lists.
	keptSegments = 8
)

// A status is the state of the service at some time.
type status struct {
	Accepted int64     `json:"accepted" doc:"Payloads that were acknowledged since the process has started." example:"1000020"`
	Rate     int64     `json:"rate" doc:"How many in the last second." example:"16667"`
	Rates    []int64   `json:"rates" doc:"The rates of the last minute, the last one last. Each message but the first has only the last one."`
	Refused  int64     `json:"refused" doc:"Payloads that were refused for want of room, or because they couldn't be written."`
	Used     int64     `json:"used" doc:"Bytes in the spool." example:"16776800"`
	Max      int64     `json:"max" doc:"Bytes that it may have." example:"1073741824"`
	State    string    `json:"state" enum:"ready,full,failing" doc:"Whether payloads can be kept."`
	Waiting  int       `json:"waiting" doc:"Segments that wait to be uploaded."`
	Uploads  int       `json:"uploading" doc:"Segments that are being uploaded."`
	Stored   int64     `json:"stored" doc:"Segments that were stored."`
	Bytes    int64     `json:"stored_bytes" doc:"How long their objects are together." example:"62004000"`
	Failures int64     `json:"failures" doc:"Uploads that have failed, and were or will be tried again."`
	Segments []segment `json:"segments" doc:"The newest segments."`
}

// live keeps the status of a service, and updates it every second.
type live struct {
	service *service

	mu      sync.Mutex
	last    status
	rates   []int64
	changed chan struct{} // closed when there is a newer one
}

func newLive(s *service) *live {
	l := &live{service: s, changed: make(chan struct{})}
	l.last = s.status(0)
	return l
}

// run updates the status until the context ends.
func (l *live) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for last := l.service.accepted.Load(); ; {
		select {
		case <-tick.C:
			now := l.service.accepted.Load()
			l.set(l.service.status(now - last))
			last = now
		case <-ctx.Done():
			return
		}
	}
}

func (l *live) set(s status) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = s
	if len(l.rates) == keptRates {
		copy(l.rates, l.rates[1:])
		l.rates = l.rates[:keptRates-1]
	}
	l.rates = append(l.rates, s.Rate)
	close(l.changed)
	l.changed = make(chan struct{})
}

// now returns the status, and a channel that is closed when there is a newer one.
func (l *live) now() (status, []int64, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last, append([]int64{}, l.rates...), l.changed
}

// watch streams the status now and every second, until the client disconnects or the
// service stops.
func (l *live) watch(ctx context.Context, _ *struct{}) (iter.Seq2[status, error], error) {
	return func(yield func(status, error) bool) {
		s, rates, changed := l.now()
		s = l.service.status(s.Rate)
		s.Rates = rates
		for yield(s, nil) && !l.service.stopping() {
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
			s, _, changed = l.now()
			s.Rates = []int64{s.Rate}
		}
	}, nil
}

// status returns the state of the service.
func (s *service) status(rate int64) status {
	st := status{Accepted: s.accepted.Load(), Rate: rate, Rates: []int64{}, Refused: s.refused.Load(), State: "ready", Segments: []segment{}}
	if s.ready() != nil {
		st.State = "failing"
	}
	if s.spool == nil {
		return st
	}
	stats := s.spool.Stats()
	if stats.Full {
		st.State = "full"
	}
	st.Used, st.Max, st.Waiting, st.Uploads = stats.Used, stats.Max, stats.Waiting, stats.Uploading
	st.Stored, st.Bytes, st.Failures = stats.Stored, stats.StoredBytes, stats.Failures
	st.Segments = segments(s.spool.List("", keptSegments))
	return st
}

func segments(infos []spool.Info) []segment {
	found := make([]segment, len(infos))
	for i, info := range infos {
		found[i] = newSegment(info)
	}
	return found
}
