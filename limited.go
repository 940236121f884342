package tigertonic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic/internal/callsite"
	"github.com/rcrowley/go-tigertonic/internal/record"
	"github.com/rcrowley/go-tigertonic/schema"
)

// LimitOptions are the options of [Limited]. The zero value selects the defaults.
type LimitOptions struct {
	// Queue is how many requests may wait for their turn. Zero means n, as many as h may
	// serve at a time; a negative number means none.
	Queue int
	// Wait is how long one of them may wait. Zero means 20 milliseconds: a client that
	// would have to wait longer is refused early enough to try elsewhere.
	Wait time.Duration
	// RetryAfter is how long a refused client should wait before it retries, in whole
	// seconds, rounded up. Zero means one second.
	RetryAfter time.Duration
}

const (
	limitedWait       = 20 * time.Millisecond
	limitedRetryAfter = time.Second
)

// A limiter limits how many requests a handler serves at a time.
type limiter struct {
	handler    http.Handler
	running    chan struct{} // has an element for each request in the handler
	waiting    chan struct{} // and for each that waits
	wait       time.Duration
	retryAfter string
}

// Limited returns a handler that calls h for at most n requests at a time. A few more
// wait briefly for their turn, first come, first served, as the options say; nil options
// are the defaults. The rest get a 503 with Retry-After, through [ResponseErrorWriter],
// as do those whose context ends while they wait.
//
// A request counts until h returns, also if it is a stream or has taken over the
// connection. A refusal isn't logged as something that has gone wrong: it is only
// in the request's own line or record.
//
// It panics if n is less than 1, or if Wait or RetryAfter are less than 0.
func Limited(h http.Handler, n int, opts *LimitOptions) http.Handler {
	mustHandler("Limited", h)
	if n < 1 {
		callsite.Panicf("Limited: a limit of %d requests", n)
	}
	o := LimitOptions{}
	if opts != nil {
		o = *opts
	}
	if o.Wait < 0 || o.RetryAfter < 0 {
		callsite.Panicf("Limited: Wait: %v, RetryAfter: %v; to have no request wait, set Queue to -1", o.Wait, o.RetryAfter)
	}
	retryAfter := (cmp.Or(o.RetryAfter, limitedRetryAfter) + time.Second - 1) / time.Second
	return &limiter{
		handler:    h,
		running:    make(chan struct{}, n),
		waiting:    make(chan struct{}, max(0, cmp.Or(o.Queue, n))),
		wait:       cmp.Or(o.Wait, limitedWait),
		retryAfter: strconv.FormatInt(int64(retryAfter), 10),
	}
}

// ServeHTTP calls the handler when it is the request's turn.
func (l *limiter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !l.enter(r.Context()) {
		w.Header().Set("Retry-After", l.retryAfter)
		id := record.NoteRefusal(w, errBusy, newID)
		shareRefusal(l.handler, w, r)
		writeError(w, r, record.Withhold(ServiceUnavailable{errBusy}, id))
		return
	}
	defer l.leave()
	l.handler.ServeHTTP(w, r)
}

var errBusy = errors.New("there are too many requests, try again later")

// Unwrap returns the handler whose requests are limited.
func (l *limiter) Unwrap() http.Handler { return l.handler }

// Describe adds that the request may be refused.
func (l *limiter) Describe(op *Operation) {
	op.AddError(http.StatusServiceUnavailable, errBusy.Error())
	op.Response(http.StatusServiceUnavailable).describeRetryAfter(nil)
}

// String is how [Explain] shows the handler.
func (l *limiter) String() string { return fmt.Sprintf("Limited(%d)", cap(l.running)) }

// enter waits for the request's turn, and reports whether it came. The channel
// keeps who waits in order and lets nobody pass them.
func (l *limiter) enter(ctx context.Context) bool {
	select {
	case l.running <- struct{}{}:
		return true
	default:
	}
	select {
	case l.waiting <- struct{}{}:
		defer func() { <-l.waiting }()
	default:
		return false
	}
	timer := time.NewTimer(l.wait)
	defer timer.Stop()
	select {
	case l.running <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

func (l *limiter) leave() { <-l.running }

// ClientKey returns what to count a client by: its address without the port, or, since a
// client may have all addresses of an IPv6 network, the /64 of one. It is the address of
// r.RemoteAddr, so put [Proxied] outside of the limit if there are proxies. One that isn't
// an address, such as that of a Unix socket, is returned as it is. The error is always nil:
// the function is for limits that take such a function, such as httprate.
func ClientKey(r *http.Request) (string, error) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return r.RemoteAddr, nil //nolint:nilerr // documented
	}
	if addr = addr.Unmap().WithZone(""); addr.Is4() {
		return addr.String(), nil
	}
	network, _ := addr.Prefix(clientBits) // it has as many
	return network.String(), nil
}

// clientBits is the longest prefix of IPv6 that a site may be given (RFC 6177 §2).
const clientBits = 64

// Refusal is a handler that answers all requests with an error, for middleware of others
// that lets you choose how it refuses requests, such as httprate, rs/cors or
// [http.CrossOriginProtection]. Its method Describe is for [Wrapped]:
//
//	refusal := tigertonic.NewRefusal(tigertonic.TooManyRequests{Err: errors.New("at most 100 requests a minute")})
//	limit := httprate.LimitBy(100, time.Minute, tigertonic.ClientKey, httprate.WithLimitHandler(refusal.ServeHTTP))
//	h := tigertonic.Wrapped(mux, limit, refusal.Describe)
//
// Create one with [NewRefusal]; the zero value isn't usable.
type Refusal struct {
	err     error
	headers []string
}

// NewRefusal returns a handler that answers with the error through [ResponseErrorWriter].
// The headers are the names of those that the middleware adds to every response, such as
// RateLimit-Remaining. NewRefusal panics if the error isn't an [HTTPEquivError] with the
// status of a response.
func NewRefusal(err error, headers ...string) *Refusal {
	mustHaveStatus("NewRefusal", err)
	return &Refusal{err, slices.Clone(headers)}
}

// ServeHTTP answers. A status of 500 or more is in the request's own line or record of a
// log, and isn't logged as something that has gone wrong.
func (rf *Refusal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := rf.err
	if statusOf(err) >= http.StatusInternalServerError {
		err = record.Withhold(err, record.NoteRefusal(w, err, newID))
	}
	writeError(w, r, err)
}

// Describe adds the error to an operation, with Retry-After if it is one of those that have
// it (429, 503), and the headers to each response that is described so far.
func (rf *Refusal) Describe(op *Operation) {
	status := statusOf(rf.err)
	op.AddError(status, rf.err.Error())
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		op.Response(status).describeRetryAfter(nil)
	}
	for _, rs := range op.Responses {
		for _, name := range rf.headers {
			rs.describeLimit(name)
		}
	}
}

// describeLimit adds a header of a limit. Those of the draft that httprate and many others
// follow are whole numbers (draft-ietf-httpapi-ratelimit-headers-03 §3).
func (rs *ResponseInfo) describeLimit(name string) {
	number := &schema.Schema{Types: []string{"integer"}, Minimum: "0"}
	switch strings.TrimPrefix(http.CanonicalHeaderKey(name), "X-") {
	case "Ratelimit-Limit":
		rs.SetHeader(name, "How many requests a client may make in a window of time.", number)
	case "Ratelimit-Remaining":
		rs.SetHeader(name, "How many of them are left.", number)
	case "Ratelimit-Reset":
		rs.SetHeader(name, "When the window ends.", number)
	default:
		rs.SetHeader(name, "", &schema.Schema{Types: []string{"string"}})
	}
}

// String is how [Explain] shows the handler.
func (rf *Refusal) String() string { return fmt.Sprintf("Refusal(%d)", statusOf(rf.err)) }
