package client

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// RetryOptions are the options of [Retried]. The zero value selects the defaults.
type RetryOptions struct {
	// Attempts is how many times a request is sent at most, including the first. Zero
	// means 3.
	Attempts int
	// Wait is how long to wait before the second attempt; it doubles for each one after.
	// Zero means 100 ms. Each wait is shortened by up to half, at random, so that clients
	// that failed together don't come back together.
	Wait time.Duration
	// MaxWait is the longest wait. Zero means 10 s. If Retry-After asks for a longer
	// one, the request isn't retried.
	MaxWait time.Duration
}

// Retried returns a transport that sends requests through rt, or through
// [http.DefaultTransport] if rt is nil, and retries them where that may help and
// can't do harm.
//
// A retry may help after an error of the transport and after 429, 502, 503 and 504. It does
// no harm if the method is idempotent (RFC 9110 §9.2.2: GET, HEAD, OPTIONS, TRACE, PUT,
// DELETE) or the request has an Idempotency-Key, and if it has no body or a GetBody to send
// it again. Retry-After, in seconds or as a date, is the least time to wait. There is no
// retry if the context would end before it begins. The result is the last response or
// error.
func Retried(rt http.RoundTripper, o RetryOptions) http.RoundTripper {
	if o.Attempts < 0 || o.Wait < 0 || o.MaxWait < 0 {
		panicf("Retried: negative options: %+v", o)
	}
	if rt == nil {
		rt = http.DefaultTransport
	}
	t := &retried{rt, o}
	if t.options.Attempts == 0 {
		t.options.Attempts = 3
	}
	if t.options.Wait == 0 {
		t.options.Wait = 100 * time.Millisecond
	}
	if t.options.MaxWait == 0 {
		t.options.MaxWait = 10 * time.Second
	}
	return t
}

type retried struct {
	next    http.RoundTripper
	options RetryOptions
}

func (t *retried) RoundTrip(r *http.Request) (*http.Response, error) {
	attempt := r
	for n := 1; ; n++ {
		rs, err := t.next.RoundTrip(attempt)
		if n >= t.options.Attempts || !mayHelp(rs, err) || !Repeatable(r) {
			return rs, err
		}
		wait, ok := t.wait(n, rs)
		if !ok || endsBefore(r.Context(), wait) {
			return rs, err
		}
		repeated, failure := again(r)
		if failure != nil {
			return rs, err
		}
		if rs != nil {
			drop(rs.Body)
		}
		if failure := sleep(r.Context(), wait); failure != nil {
			if repeated.Body != nil {
				_ = repeated.Body.Close() // it isn't sent
			}
			return nil, failure
		}
		attempt = repeated
	}
}

// mayHelp reports whether another attempt may succeed.
func mayHelp(rs *http.Response, err error) bool {
	return err != nil || mayPass(rs.StatusCode)
}

// mayPass reports whether a status stands for a temporary condition.
func mayPass(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// Repeatable reports whether a request may be sent more than once: its method is idempotent
// or it has an Idempotency-Key, and its body, if it has one, can be read again. It is what
// [Retried] goes by, and what other transports should that send a request again, such as one
// that hedges.
func Repeatable(r *http.Request) bool {
	if r.Body != nil && r.Body != http.NoBody && r.GetBody == nil {
		return false
	}
	switch r.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return r.Header.Get("Idempotency-Key") != ""
}

// wait returns how long to wait after the nth attempt, or false if that is too long.
func (t *retried) wait(n int, rs *http.Response) (wait time.Duration, ok bool) {
	wait = backoff(t.options.Wait, t.options.MaxWait, n)
	if rs != nil {
		wait = max(wait, retryAfter(rs.Header, time.Now()))
	}
	return wait, wait <= t.options.MaxWait
}

// backoff returns how long to wait after the nth failure in a row.
func backoff(first, longest time.Duration, n int) time.Duration {
	wait := longest
	if shift := n - 1; shift < 32 && first <= longest>>shift {
		wait = first << shift
	}
	return wait - rand.N(wait/2+1) //nolint:gosec // it is no secret
}

// retryAfter returns what the header Retry-After asks for (RFC 9110 §10.2.3), or 0.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(date.Sub(now), 0)
	}
	return 0
}

// endsBefore reports whether the context ends before the wait does.
func endsBefore(ctx context.Context, wait time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && time.Until(deadline) <= wait
}

// again returns the request with a fresh body.
func again(r *http.Request) (*http.Request, error) {
	repeated := r.WithContext(r.Context())
	if r.Body == nil || r.Body == http.NoBody {
		return repeated, nil
	}
	var err error
	repeated.Body, err = r.GetBody()
	return repeated, err
}

// mostDropped is how much of a body is read so that its connection can be used again.
const mostDropped = 64 << 10

// drop closes a body that isn't needed.
func drop(body io.ReadCloser) {
	if _, is := body.(*wholeBody); is {
		return // there is no connection
	}
	_, _ = io.CopyN(io.Discard, body, mostDropped) // what there is, for the connection's sake
	_ = body.Close()                               // likewise
}

// sleep waits, or returns why the context ended first.
func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
