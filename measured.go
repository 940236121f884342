package tigertonic

import (
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/linelog"
	"github.com/rcrowley/go-tigertonic/internal/record"
	"github.com/rcrowley/go-tigertonic/internal/tally"
)

// Each pattern has a tally per method, with a shard per core. The pattern of a request is
// known when a mux notes it, and the request counts as in flight from then on; without a
// mux, it is known when the handler has returned. Patterns of the tree are always counted;
// the number of others, such as those of another router, is limited.

// MeasuredHandler counts and times requests by route. Create one with [Measured]; the zero
// value isn't usable.
type MeasuredHandler struct {
	handler http.Handler
	options MeasureOptions
	born    time.Time // all times are since then
	shards  int
	next    atomic.Uint32
	idle    sync.Pool // of measurements
	table   atomic.Pointer[map[string]*measuredPattern]

	mu     sync.Mutex
	known  map[string]bool // patterns of the tree, once there was a request
	others int             // patterns that aren't
	errors []MeasuredError // a ring
	oldest int             // of the ring
}

// MeasureOptions are the options of [Measured]. The zero value, like nil, selects the
// defaults.
type MeasureOptions struct {
	// TraceID returns the ID of a request's trace, for exemplars, or "". By default, it
	// comes from the traceparent header, if the trace is sampled.
	TraceID func(*http.Request) string
	// Redactor, if it isn't nil, redacts the causes of errors before they are kept.
	Redactor Redactor
}

// Measured returns a handler that counts and times the requests to each route in h: how
// many there were, how many are in flight, how long they took, and the bytes of their
// responses, by pattern, method and class of the status. Package admin shows the results on
// its index and exports them to Prometheus, as histograms that can be summed over
// instances. One Measured is enough for a service:
//
//	server := tigertonic.NewServer(":8000", tigertonic.Measured(mux, nil))
//
// Clients can't create series at will: a method that net/http has no constant for counts as
// "other", and of the patterns that aren't in the tree, such as those of another router in
// it, only the first 100 have their own series; the rest count as "(other)". A request that
// no pattern matches counts as "(none)". A series appears with its first request. The
// status is the one sent to the client, as in [Accessed]. Only requests whose pattern is
// known count as in flight.
//
// A Measured inside another one does nothing.
func Measured(h http.Handler, opts *MeasureOptions) *MeasuredHandler {
	if opts == nil {
		opts = &MeasureOptions{}
	}
	m := &MeasuredHandler{
		handler: mustHandler("Measured", h),
		options: *opts,
		born:    time.Now(),
		shards:  min(runtime.GOMAXPROCS(0), maxShards),
	}
	m.table.Store(&map[string]*measuredPattern{})
	m.idle.New = func() any {
		x := &measurement{m: m, shard: int(m.next.Add(1)) % m.shards}
		x.enterRoute = x.onRequest
		return x
	}
	return m
}

const (
	maxShards        = 16
	maxOtherPatterns = 100
	maxErrors        = 32 // that are kept
	maxCause         = 1 << 10
	noPattern        = "(none)"
	otherPattern     = "(other)"
)

// A measuredPattern has the tallies of a pattern by method, created on demand.
type measuredPattern struct {
	name    string // without the method
	methods [methodCount]atomic.Pointer[tally.Tally]
}

const methodCount = 10

func measuredMethods() [methodCount]string {
	return [...]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "other"}
}

func indexOfMethod(method string) int {
	switch method {
	case http.MethodGet:
		return 0
	case http.MethodHead:
		return 1
	case http.MethodPost:
		return 2
	case http.MethodPut:
		return 3
	case http.MethodPatch:
		return 4
	case http.MethodDelete:
		return 5
	case http.MethodOptions:
		return 6
	case http.MethodTrace:
		return 7
	case http.MethodConnect:
		return 8
	}
	return methodCount - 1
}

// A measurement measures one request. It is reused for later ones.
type measurement struct {
	m       *MeasuredHandler
	shard   int
	method  int
	start   time.Duration
	cut     bool         // the handler hasn't returned
	pattern string       // for which it is in flight
	tally   *tally.Tally // likewise, or nil
	// enterRoute is the method onRequest, made once.
	enterRoute func(r *http.Request)
	last       struct { // that was looked up, as many requests are like the one before
		pattern string
		method  int
		tally   *tally.Tally
	}
}

// ServeHTTP calls the handler and measures the request.
func (m *MeasuredHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w, rec := record.Wrap(w, r)
	if rec.OnRequest != nil {
		m.handler.ServeHTTP(w, r)
		return
	}
	x := m.idle.Get().(*measurement)
	x.method, x.cut, x.start = indexOfMethod(r.Method), true, m.now()
	rec.OnRequest = x.enterRoute
	defer x.end(r, rec)
	m.handler.ServeHTTP(w, r)
	x.cut = false
}

// Unwrap returns the handler whose requests are measured.
func (m *MeasuredHandler) Unwrap() http.Handler { return m.handler }

// String is how [Explain] shows the handler.
func (m *MeasuredHandler) String() string { return "Measured" }

func (m *MeasuredHandler) now() time.Duration { return time.Since(m.born) }

// onRequest is called when a mux has found a handler for the request.
func (x *measurement) onRequest(r *http.Request) {
	if pattern := r.Pattern; pattern != "" && pattern[0] != '/' { // there is more to be found in a namespace
		x.enter(pattern)
	}
}

// enter counts the request as in flight for a pattern.
func (x *measurement) enter(pattern string) {
	if x.tally != nil {
		if pattern == x.pattern {
			return
		}
		x.tally.Cancel(x.shard)
	}
	if x.last.tally == nil || x.last.pattern != pattern || x.last.method != x.method {
		x.last.pattern, x.last.method, x.last.tally = pattern, x.method, x.m.tally(pattern, x.method)
	}
	x.pattern, x.tally = pattern, x.last.tally
	x.tally.Begin(x.shard)
}

// end finishes the measurement; ServeHTTP defers it.
func (x *measurement) end(r *http.Request, rec *record.Recorder) {
	rec.OnRequest = nil
	m, now := x.m, x.m.now()
	pattern := rec.Pattern()
	if pattern == "" {
		pattern = r.Pattern
	}
	x.enter(pattern)
	status := rec.Outcome(r, x.cut)
	class := min(max(status/100, 1), tally.Classes)
	x.tally.End(x.shard, &tally.Event{
		Class: class - 1, Failed: class == tally.Classes, Duration: now - x.start,
		Bytes: rec.Sent(), TraceID: m.traceOf(r), At: now,
	})
	if class == tally.Classes {
		m.keepError(r, rec, x.pattern, status)
	}
	x.tally, x.pattern = nil, ""
	m.idle.Put(x)
}

func (m *MeasuredHandler) traceOf(r *http.Request) string {
	if m.options.TraceID != nil {
		return m.options.TraceID(r)
	}
	parents := r.Header[traceparentHeader]
	if len(parents) != 1 {
		return ""
	}
	id := traceID(parents[0])
	if id == "" || parents[0][len("00-")+len(id)+len("-0000000000000000-0")]&1 == 0 {
		return ""
	}
	return id
}

// tally returns the tally for a pattern and a method.
func (m *MeasuredHandler) tally(pattern string, method int) *tally.Tally {
	p := (*m.table.Load())[pattern]
	if p == nil {
		p = m.add(pattern)
	}
	if t := p.methods[method].Load(); t != nil {
		return t
	}
	p.methods[method].CompareAndSwap(nil, tally.New(m.shards))
	return p.methods[method].Load()
}

// add returns the tallies of a new pattern.
func (m *MeasuredHandler) add(pattern string) *measuredPattern {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil {
		m.known = map[string]bool{"": true}
		for _, rt := range Routes(m.handler) {
			m.known[strings.TrimLeft(rt.Method+" "+rt.Pattern, " ")] = true
		}
	}
	table := *m.table.Load()
	if !m.known[pattern] && table[pattern] == nil {
		m.others++
		if m.others > maxOtherPatterns {
			pattern = otherPattern
		}
	}
	if p := table[pattern]; p != nil {
		return p
	}
	name := pattern
	if method, path, ok := strings.Cut(pattern, " "); ok && method != "" {
		name = path
	}
	if name == "" {
		name = noPattern
	}
	var p *measuredPattern
	for _, known := range table { // GET and POST of a pattern share it
		if known.name == name {
			p = known
		}
	}
	if p == nil {
		p = &measuredPattern{name: name}
	}
	table = maps.Clone(table)
	table[strings.Clone(pattern)] = p
	m.table.Store(&table)
	return p
}

// A MeasuredError is a response with a status of 500 or more.
type MeasuredError struct {
	Time            time.Time
	Method, Pattern string // of the route
	Status          int
	RequestID       string // or ""
	Cause           string // as in the log, or ""
}

func (m *MeasuredHandler) keepError(r *http.Request, rec *record.Recorder, pattern string, status int) {
	cause := rec.CauseText()
	if cause != "" {
		cause = linelog.Redactor(m.options.Redactor).Redact(cause)
	}
	id := rec.ID
	if id == "" {
		id = string(RequestIDFrom(r.Context()))
	}
	e := MeasuredError{time.Now(), measuredMethods()[indexOfMethod(r.Method)], "", status, id, cause[:min(len(cause), maxCause)]}
	m.mu.Lock()
	defer m.mu.Unlock()
	e.Pattern = noPattern
	if p := (*m.table.Load())[pattern]; p != nil {
		e.Pattern = p.name
	}
	if len(m.errors) < maxErrors {
		m.errors = append(m.errors, e)
		return
	}
	m.errors[m.oldest] = e
	m.oldest = (m.oldest + 1) % maxErrors
}

// Errors returns the last 32 failures, the latest first.
func (m *MeasuredHandler) Errors() []MeasuredError {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Concat(m.errors[m.oldest:], m.errors[:m.oldest])
	slices.Reverse(all)
	return all
}

// RouteMetrics are the measurements of a route for one method.
type RouteMetrics struct {
	Method, Pattern string
	InFlight        int64 // requests that are being handled
	// Classes are the responses by class of their status, Classes[0] those from 100 to
	// 199. A class that never happened is nil.
	Classes [5]*ClassMetrics
	// History are the responses of the last ten minutes in intervals of ten seconds, the
	// oldest first. The last interval isn't over.
	History []Interval
	// P50 and P99 are the median and the 99th percentile of how long the responses of the
	// last five to ten minutes took, at most a twelfth too high, or 0 without responses.
	P50, P99 time.Duration
}

// Interval is what happened within ten seconds.
type Interval struct {
	Count  uint32 // responses
	Errors uint32 // those of them with a 5xx status
}

// ClassMetrics are the responses of a route whose statuses are of one class.
type ClassMetrics struct {
	Count    uint64
	Bytes    uint64        // of the bodies
	Duration time.Duration // of all of them together
	// Buckets are a histogram of how long the responses took.
	Buckets []Bucket
	// Native are the same durations in the buckets of Prometheus' native histograms of
	// schema 3, by their index, without the empty ones: bucket i ends at 2^(i/8) seconds.
	Native map[int]uint64
}

// Bucket is a part of a histogram of durations.
type Bucket struct {
	UpperBound time.Duration // inclusive, or 0 for the last bucket, which has none
	Count      uint64        // without those in the buckets before
	Exemplar   *Exemplar     // the latest of them with a trace, or nil
}

// Exemplar is a request that was counted.
type Exemplar struct {
	TraceID  string
	Duration time.Duration
	Time     time.Time // when the request ended
}

// Metrics returns the measurements so far, sorted by pattern and method.
func (m *MeasuredHandler) Metrics() (all []RouteMetrics) {
	now, table := m.now(), *m.table.Load()
	byName := map[string]*measuredPattern{}
	for _, p := range table {
		byName[p.name] = p
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		for i, method := range measuredMethods() {
			if t := byName[name].methods[i].Load(); t != nil {
				all = append(all, newRouteMetrics(method, name, t.Read(now)))
			}
		}
	}
	return all
}

func newRouteMetrics(method, pattern string, read *tally.Reading) RouteMetrics {
	rm := RouteMetrics{Method: method, Pattern: pattern, InFlight: read.InFlight, P50: read.P50, P99: read.P99}
	for _, h := range read.History {
		rm.History = append(rm.History, Interval(h))
	}
	for i, c := range read.Classes {
		if c != nil {
			rm.Classes[i] = newClassMetrics(c)
		}
	}
	return rm
}

func newClassMetrics(c *tally.Class) *ClassMetrics {
	bounds := tally.Bounds()
	cm := &ClassMetrics{Count: c.Count, Bytes: c.Bytes, Duration: c.Sum, Buckets: make([]Bucket, len(c.Classic)), Native: map[int]uint64{}}
	for i, n := range c.Classic {
		b := &cm.Buckets[i]
		b.Count = n
		if i < len(bounds) {
			b.UpperBound = bounds[i]
		}
		if e, ok := c.Exemplars[i]; ok {
			b.Exemplar = &Exemplar{e.TraceID, e.Duration, e.Time}
		}
	}
	for i, n := range &c.Native {
		if n > 0 {
			cm.Native[tally.MinKey+i] = n
		}
	}
	return cm
}
