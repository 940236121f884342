package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/internal/call"
)

// How a call is sent, and its response read.

// call makes a compiled call, and sets what out points to.
func (c *Client) call(ctx context.Context, cl *call.Call, in, out any, edits []func(*http.Request)) error {
	if !cl.Output.Streams {
		if _, has := ctx.Deadline(); !has && c.timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeoutCause(ctx, c.timeout, errTimeout(c.timeout))
			defer cancel()
		}
		r, err := c.request(ctx, cl, in, edits)
		if err != nil {
			return err
		}
		rs, err := c.send(r, &cl.Output) //nolint:bodyclose // answer closes it
		if err != nil {
			return err
		}
		if err := c.answer(cl, rs, out); err != nil {
			return asError(r, rs, err)
		}
		return nil
	}
	rs, err := c.open(ctx, cl, in, edits) //nolint:bodyclose // who reads the stream closes it
	if err != nil {
		return err
	}
	if err := c.stream(cl, rs, out); err != nil {
		return asError(rs.Request, rs, err)
	}
	return nil
}

// stream sets what out points to from a response whose body is read later, unless its
// status is one without a stream.
func (c *Client) stream(cl *call.Call, rs *http.Response, out any) error {
	o := cl.Output.For(rs.StatusCode)
	if !o.Streams {
		return c.answer(cl, rs, out)
	}
	body, err := o.Answer(out, rs.StatusCode, rs.Header)
	if err != nil {
		drop(rs.Body)
		return err
	}
	if o.Kind == call.Stream {
		o.SetStream(body, rs.Header, rs.Body)
		return nil
	}
	v, err := c.values(rs, o)
	if err != nil {
		drop(rs.Body)
		return err
	}
	setSequence(reflect.ValueOf(body).Elem(), o.Item, v)
	return nil
}

// errTimeout is why a call without a deadline ends.
func errTimeout(d time.Duration) error {
	return fmt.Errorf("no response within %v: %w", d, context.DeadlineExceeded)
}

// open sends a call whose response is read later, without the timeout.
func (c *Client) open(ctx context.Context, cl *call.Call, in any, edits []func(*http.Request)) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	began := func() bool { return true }
	if _, has := ctx.Deadline(); !has && c.timeout > 0 {
		began = time.AfterFunc(c.timeout, func() { cancel(errTimeout(c.timeout)) }).Stop
	}
	r, err := c.request(ctx, cl, in, edits)
	var rs *http.Response
	if err == nil {
		rs, err = c.send(r, &cl.Output)
	}
	began()
	if err != nil {
		cancel(nil)
		return nil, err
	}
	rs.Body = &openBody{rs.Body, cancel}
	return rs, nil
}

// An openBody is a body that ends its request when it ends.
type openBody struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

// Close cuts the body off.
func (b *openBody) Close() error {
	b.cancel(errClosed)
	return b.ReadCloser.Close()
}

var errClosed = errors.New("client: the body was closed")

const (
	acceptJSON  = "application/json"
	acceptAny   = "*/*"
	acceptLines = "application/jsonl, application/x-ndjson;q=0.9, application/json;q=0.8, text/event-stream;q=0.7"
	eventsType  = "text/event-stream"
)

// request returns the request of a call.
func (c *Client) request(ctx context.Context, cl *call.Call, in any, edits []func(*http.Request)) (*http.Request, error) {
	var to call.Request
	if err := cl.Write(in, &to); err != nil {
		return nil, &Error{Method: cl.Method, Path: cl.Pattern, text: err.Error(), causes: []error{err}}
	}
	path := c.prefix + to.Path
	parts := &struct { // one allocation for what nearly every request has
		url    url.URL
		accept [1]string
	}{url: url.URL{Scheme: c.scheme, Host: c.hostFor(to.Host, to.Domain), Path: path, RawQuery: to.Query}}
	if strings.IndexByte(path, '%') >= 0 {
		parts.url.RawPath = path
		parts.url.Path, _ = url.PathUnescape(path) // Write and New have escaped it
	}
	base := http.Request{
		Method: cl.Method, URL: &parts.url, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: to.Header, Host: to.Host,
	}
	r := base.WithContext(ctx)
	if r.Header == nil {
		r.Header = make(http.Header, len(c.header)+3)
	}
	switch {
	case to.Reader != nil:
		if err := setBody(r, to.Reader); err != nil {
			return nil, newError(r, err)
		}
		if r.ContentLength < 0 && to.Length > 0 {
			r.ContentLength = to.Length
		}
	case to.Body != nil:
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(to.Body)), int64(len(to.Body))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(to.Body)), nil }
	}
	if to.BodyType != "" {
		r.Header["Content-Type"] = []string{to.BodyType}
	}
	if _, has := r.Header["Accept"]; !has {
		parts.accept[0] = accepted(cl.Output.Kind)
		r.Header["Accept"] = parts.accept[:]
	}
	for name, values := range c.header {
		if _, has := r.Header[name]; !has {
			r.Header[name] = values
		}
	}
	passOn(ctx, r.Header)
	for _, edit := range edits {
		edit(r)
	}
	return r, nil
}

// accepted returns the media types that an output can be read from.
func accepted(kind call.Kind) string {
	switch kind {
	case call.Stream:
		return acceptAny
	case call.Sequence:
		return acceptLines
	}
	return acceptJSON
}

func setDefault(h http.Header, name, value string) {
	if _, has := h[name]; !has && value != "" {
		h[name] = []string{value}
	}
}

// passOn copies the ID and the trace of the request that the call is made for.
func passOn(ctx context.Context, h http.Header) {
	setDefault(h, requestIDHeader, string(tigertonic.RequestIDFrom(ctx)))
	if parent, state := tigertonic.TraceFrom(ctx); parent != "" && h["Traceparent"] == nil {
		setDefault(h, "Traceparent", parent)
		setDefault(h, "Tracestate", state)
	}
}

// send sends a request, and returns a response that is one of the output's. It follows
// redirects, unless the output has their status.
func (c *Client) send(r *http.Request, o *call.Output) (*http.Response, error) {
	for redirects := 0; ; redirects++ {
		rs, err := c.transport.RoundTrip(r)
		switch {
		case err != nil:
			return nil, newError(r, err)
		case takes(o, rs):
			return rs, nil
		case o.With != nil && rs.StatusCode >= 200 && rs.StatusCode < 300:
			drop(rs.Body)
			return nil, newError(r, errors.New("the output declares no response with this status")).withResponse(rs)
		case rs.StatusCode >= 400 || rs.StatusCode < 300 || rs.Header.Get("Location") == "":
			return nil, errorOf(r, rs)
		}
		next, err := redirected(r, rs, redirects)
		if err != nil {
			drop(rs.Body)
			return nil, newError(r, err).withResponse(rs)
		}
		drop(rs.Body)
		r = next
	}
}

// takes reports whether a response is one that the output can be. An error that is
// declared has the body that it is declared with: problems of other handlers on the way
// aren't it.
func takes(o *call.Output, rs *http.Response) bool {
	if o.With == nil {
		return rs.StatusCode >= 200 && rs.StatusCode < 300 || o.AnyStatus && rs.StatusCode < 400
	}
	declared := o.With(rs.StatusCode)
	if declared == nil || rs.StatusCode < 400 {
		return declared != nil
	}
	contentType := rs.Header.Get("Content-Type")
	mediaType, _, _ := mime.ParseMediaType(contentType) // "" is none that is known
	switch declared.Kind {
	case call.None:
		return contentType == ""
	case call.JSON:
		return mediaType == acceptJSON
	default:
		return mediaType != "application/problem+json"
	}
}

// answer sets what out points to from a response, which it reads and closes.
func (c *Client) answer(cl *call.Call, rs *http.Response, out any) error {
	defer drop(rs.Body)
	o := cl.Output.For(rs.StatusCode)
	body, err := o.Answer(out, rs.StatusCode, rs.Header)
	if err != nil {
		return err
	}
	without := rs.StatusCode == http.StatusNoContent || rs.StatusCode == http.StatusResetContent ||
		rs.StatusCode == http.StatusNotModified || cl.Method == http.MethodHead
	switch {
	case o.Kind == call.None, without && (o.Nilable || o.AnyStatus || cl.Method == http.MethodHead):
		return nil
	case without:
		return errors.New("the response has no body")
	}
	if contentType := rs.Header.Get("Content-Type"); contentType != "" && !isJSON(contentType) {
		return fmt.Errorf("the response is %s, not JSON", clean(contentType))
	}
	text, release, err := c.text(rs)
	defer release()
	switch {
	case err != nil:
		return err
	case o.AnyStatus && len(text) == 0:
		return nil
	case o.Decode != nil && o.Decode(text, body):
		return nil
	case o.Decode != nil:
		reflect.ValueOf(body).Elem().SetZero()
	}
	if err := json.Unmarshal(text, body, o.Options); err != nil {
		return fmt.Errorf("can't read the response: %w", err)
	}
	return nil
}

// text returns the body of a response, which is good until release is called.
func (c *Client) text(rs *http.Response) (text []byte, release func(), err error) {
	if whole, is := rs.Body.(*wholeBody); is && int64(whole.Len()) <= c.maxBytes {
		return whole.rest(), func() {}, nil
	}
	buffer := buffers.Get().(*bytes.Buffer)
	release = func() {
		if buffer.Cap() <= mostKept {
			buffer.Reset()
			buffers.Put(buffer)
		}
	}
	if n := rs.ContentLength; n > 0 && n <= mostKept {
		buffer.Grow(int(n) + bytes.MinRead)
	}
	limited := io.LimitedReader{R: rs.Body, N: c.maxBytes + 1}
	switch _, err := buffer.ReadFrom(&limited); {
	case err != nil:
		return nil, release, fmt.Errorf("the response is incomplete: %w", err)
	case limited.N == 0:
		return nil, release, errTooLong(c.maxBytes)
	}
	return buffer.Bytes(), release, nil
}

func errTooLong(limit int64) error {
	return fmt.Errorf("the response is longer than %d bytes", limit)
}

// mostKept is how large a buffer may have grown to be kept for the next response.
const mostKept = 64 << 10

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// isJSON reports whether a media type is JSON or based on it.
func isJSON(contentType string) bool {
	if contentType == acceptJSON {
		return true
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && (mediaType == acceptJSON || strings.HasSuffix(mediaType, "+json"))
}
