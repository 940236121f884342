package alert

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	hookWorkers = 4
	hookTimeout = 5 * time.Second
	// hookAttempts is how many times a hook is tried.
	hookAttempts = 4
)

// SignatureHeader carries the time, and the HMAC of the time and the body.
const SignatureHeader = "Stats-Signature"

// Hooks sends events to webhooks, from a queue of fixed length. A full queue drops
// events. A hook that hangs delays other hooks, but nothing else.
type Hooks struct {
	queue  chan Event
	client *http.Client
	pause  time.Duration // after the first attempt that has failed
	ctx    context.Context
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	// Sent, Failed and Dropped count events.
	Sent, Failed, Dropped atomic.Int64
}

// NewHooks starts hooks, which must be closed. They connect to private addresses only if
// private is set.
func NewHooks(length int, private bool) *Hooks {
	dialer := &net.Dialer{Timeout: hookTimeout}
	if !private {
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return refusePrivate(address) }
	}
	ctx, cancel := context.WithCancel(context.Background())
	h := &Hooks{
		queue: make(chan Event, length), pause: time.Second, ctx: ctx, cancel: cancel,
		client: &http.Client{
			Timeout:       hookTimeout,
			Transport:     &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true, ForceAttemptHTTP2: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	for range hookWorkers {
		h.tasks.Go(h.work)
	}
	return h
}

// Close cancels requests in progress, and drops the events in the queue.
func (h *Hooks) Close() {
	h.cancel()
	h.tasks.Wait()
}

// Send queues an event for the hook of its alert, if it has one.
func (h *Hooks) Send(e Event) {
	if e.Alert.Hook == "" {
		return
	}
	select {
	case h.queue <- e:
	default:
		h.Dropped.Add(1)
		slog.Warn("a webhook is dropped: too many wait", "alert", e.Alert.PublicID)
	}
}

func (h *Hooks) work() {
	for {
		select {
		case <-h.ctx.Done():
			return
		case e := <-h.queue:
			h.deliver(e)
		}
	}
}

// deliver sends an event, and sends it again only if it certainly didn't arrive.
func (h *Hooks) deliver(e Event) {
	text := payload(e)
	pause := h.pause
	for attempt := 1; ; attempt++ {
		again, err := h.post(e, text)
		switch {
		case err == nil:
			h.Sent.Add(1)
			return
		case !again || attempt == hookAttempts || h.ctx.Err() != nil:
			h.Failed.Add(1)
			slog.Warn("a webhook has failed", "alert", e.Alert.PublicID, "attempts", attempt, "error", err)
			return
		}
		select {
		case <-time.After(pause):
		case <-h.ctx.Done():
		}
		pause *= 4
	}
}

// post sends an event once. After an error, it reports whether the event may be sent
// again.
func (h *Hooks) post(e Event, text []byte) (again bool, err error) {
	r, err := http.NewRequestWithContext(h.ctx, http.MethodPost, e.Alert.Hook, bytes.NewReader(text))
	if err != nil {
		return false, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "stats-webhook")
	r.Header.Set("Idempotency-Key", fmt.Sprintf("%s-%d", e.Alert.PublicID, e.Alert.Edges))
	r.Header.Set(SignatureHeader, Sign(e.Account.HookKey, e.Time, text))
	rs, err := h.client.Do(r)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // without the URL, which may have a secret in it
		}
		operation, ok := errors.AsType[*net.OpError](err)
		return ok && operation.Op == "dial" && !errors.Is(err, errPrivate), err
	}
	defer rs.Body.Close()                      //nolint:errcheck // nothing was written
	_, _ = io.CopyN(io.Discard, rs.Body, 4096) // so that the other end can be done
	switch code := rs.StatusCode; {
	case code < 300:
		return false, nil
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable:
		return true, fmt.Errorf("the answer is %s", rs.Status)
	}
	return false, fmt.Errorf("the answer is %s", rs.Status)
}

// payload returns the body of a webhook.
func payload(e Event) []byte {
	a := e.Alert
	members := map[string]any{
		"alert": a.PublicID, "edge": a.Edges, "stat": a.StatID, "stat_name": a.StatName, "kind": a.Kind,
		"time_window": a.Window, "value": e.Value, "time": e.Time,
	}
	if a.Kind != "data" {
		members["operator"] = a.Operator
	}
	if a.Kind == "value" {
		members["threshold"] = a.Threshold
	}
	if a.Kind == "delta" {
		members["percentage"], members["time_delta"], members["before"] = a.Percentage, a.Delta, e.Before
	}
	text, _ := json.Marshal(members) // of numbers that are finite, and strings
	return text
}

// Sign returns the signature of a body at a time: t=TIME,v1=HEX, where HEX is the
// HMAC-SHA-256 of the time, a dot and the body.
func Sign(key string, at int64, text []byte) string {
	mac := hmac.New(sha256.New, []byte(key))
	stamp := strconv.FormatInt(at, 10)
	_, _ = mac.Write([]byte(stamp + ".")) // never fails
	_, _ = mac.Write(text)
	return "t=" + stamp + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

var errPrivate = errors.New("the address is private")

// refusePrivate returns an error for an address that isn't on the public internet.
func refusePrivate(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if isPrivate(at.Addr()) {
		return errPrivate
	}
	return nil
}

func isPrivate(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.Zone() != "" {
		return true
	}
	for _, prefix := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"::/8", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16",
	} {
		if netip.MustParsePrefix(prefix).Contains(a) {
			return true
		}
	}
	return false
}

// CheckHook returns why a webhook can't go to a URL, or nil. It looks up the host.
func CheckHook(text string, private bool) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || len(text) > 1000 {
		return errors.New("the hook must be a URL, http:// or https://")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil || len(addresses) == 0 {
		return errors.New("the host of the hook can't be found")
	}
	for _, a := range addresses {
		if !private && isPrivate(a) {
			return errors.New("the host of the hook has a private address")
		}
	}
	return nil
}
