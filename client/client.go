package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/internal/call"
)

// Options are the options of a [Client]. The zero value selects the defaults.
type Options struct {
	// Transport sends the requests. Wrap it in whatever has to see each of them: [Retried],
	// a circuit breaker, a tracer, a token source. If it is nil, the client creates its
	// own, like [http.DefaultTransport] but with 64 idle connections per host.
	Transport http.RoundTripper
	// Header is added to each request, except for headers that the request has
	// already: Authorization, for example, or User-Agent. It must not be changed
	// later.
	Header http.Header
	// Timeout limits calls whose context has no deadline. Zero means 30 seconds, and a
	// negative value no limit. For a stream, it limits the time until the stream begins.
	Timeout time.Duration
	// MaxBytes limits the body of a response, and each value of a stream. Zero means 8
	// MiB. A [tigertonic.Stream] isn't limited.
	MaxBytes int64
}

// A Client calls one service. Create one with [New]. It is safe for concurrent use.
type Client struct {
	base                 *url.URL
	scheme, host, prefix string // of the base
	transport            http.RoundTripper
	header               http.Header
	timeout              time.Duration
	maxBytes             int64

	made  atomic.Int32 // how many there are in calls
	calls sync.Map     // of callKey to *call.Call
}

const (
	defaultTimeout  = 30 * time.Second
	defaultMaxBytes = 8 << 20
	idleConns       = 64
)

// New returns a client of the service at a base URL, "https://api.example.com" or
// "https://example.com/api/". The patterns of its calls are relative to that. It panics if
// base isn't the http or https URL of a host, or has anything after the path, or
// credentials, which belong in a header.
func New(base string, o Options) *Client {
	u, err := url.Parse(base)
	switch {
	case err != nil:
		panicf("New: %v", err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		panicf("New: %q is not the http or https URL of a host", base)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		panicf("New: the base %q has more than a path", u.Redacted())
	case o.MaxBytes < 0:
		panicf("New: negative MaxBytes: %d", o.MaxBytes)
	}
	c := &Client{
		base: u, scheme: u.Scheme, host: u.Host, prefix: strings.TrimRight(u.EscapedPath(), "/"),
		transport: o.Transport, header: o.Header.Clone(), timeout: o.Timeout, maxBytes: o.MaxBytes,
	}
	if c.transport == nil {
		c.transport = newTransport()
	}
	if c.timeout == 0 {
		c.timeout = defaultTimeout
	}
	if c.maxBytes == 0 {
		c.maxBytes = defaultMaxBytes
	}
	return c
}

// hostFor returns the host of the URL of a request for a host in front of a domain: that
// host, if the base is there as well.
func (c *Client) hostFor(host, domain string) string {
	if domain == "" {
		return c.host
	}
	name := strings.ToLower(c.base.Hostname())
	if _, behind, _ := strings.Cut(name, "."); name != domain && behind != domain {
		return c.host
	}
	if port := c.base.Port(); port != "" {
		return host + ":" + port
	}
	return host
}

// newTransport returns the default transport of a client.
func newTransport() http.RoundTripper {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport // whose user knows what it does
	}
	own := standard.Clone()
	own.MaxIdleConnsPerHost = idleConns
	return own
}

// CloseIdleConnections closes the transport's idle connections.
func (c *Client) CloseIdleConnections() {
	if t, ok := c.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// Call calls a declared operation with an input, and returns its output as the service's
// function returned it. Any error is an [*Error].
//
// The input is written by the same tags that the service reads it by. The output is
//   - a value, decoded from JSON; unknown members are ignored, so that a service may add
//     some. A 204 becomes a nil pointer;
//   - a [tigertonic.Response], [tigertonic.CreatedResponse] or
//     [tigertonic.AcceptedResponse] with the status and the headers that were sent;
//   - a struct with the tags header and body, filled by the response, or one with the tags
//     status, of which the field for the response's status is set. An error status that is
//     declared is no error, if its body is of the declared media type;
//   - a [tigertonic.Stream], which is read as it arrives, and must be closed;
//   - an iter.Seq2[T, error], which can be ranged over once. It holds a connection until
//     it ends, the loop breaks, or the context ends. [Stream] instead sends the request
//     when it is ranged over, each time.
//
// Each edit may change the request before it is sent: see [Header] and [Body].
//
// If ctx belongs to a request that [tigertonic.Identified] has seen, the call carries
// that request's ID and trace. Redirects are followed if the method is GET or HEAD, or
// the status is 303, and only to the same scheme, host and port, so that credentials
// don't leak. Other redirects are errors.
func Call[In, Out any](ctx context.Context, c *Client, d *tigertonic.Declaration[In, Out], in *In, edits ...func(*http.Request)) (Out, error) {
	var out Out
	if err := c.call(ctx, d.Compiled(), in, &out, edits); err != nil {
		var none Out
		return none, err
	}
	return out, nil
}

// Do is [Call] without a declaration, such as for an operation of a service that isn't
// yours:
//
//	repo, err := client.Do[Repo](ctx, c, "GET", "/repos/{owner}/{name}", &RepoIn{Owner: "golang", Name: "go"})
//
// The pattern should be a constant: it is compiled once, and the client keeps it. Do
// panics where [tigertonic.Declare] does.
func Do[Out, In any](ctx context.Context, c *Client, method, pattern string, in *In, edits ...func(*http.Request)) (Out, error) {
	var out Out
	if err := c.call(ctx, callOf[In, Out](c, method, pattern), in, &out, edits); err != nil {
		var none Out
		return none, err
	}
	return out, nil
}

// A callKey identifies a compiled call. Its type includes those of In and Out.
type callKey[In, Out any] struct{ method, pattern string }

// mostCalls is how many compiled calls a client keeps, in case patterns aren't constants
// as they should be.
const mostCalls = 1000

func callOf[In, Out any](c *Client, method, pattern string) *call.Call {
	key := callKey[In, Out]{method, pattern}
	if known, ok := c.calls.Load(key); ok {
		return known.(*call.Call)
	}
	made := tigertonic.Declare[In, Out](method, pattern).Compiled()
	if c.made.Add(1) <= mostCalls {
		c.calls.Store(key, made)
	}
	return made
}

// Header returns an edit of a call that sets a header.
func Header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// Body returns an edit of a call that gives it a body, which is read as it is sent. An
// [io.ReaderAt] that is also an [io.Seeker], such as a file or a reader of package bytes or
// strings, is sent from its current position to its end, with its length. It can be sent
// again, and the caller closes it. Any other body is closed if it is an [io.Closer].
func Body(contentType string, body io.Reader) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Content-Type", contentType)
		if err := setBody(r, body); err != nil {
			r.Body = io.NopCloser(failing{err})
		}
	}
}

func setBody(r *http.Request, body io.Reader) error {
	closer, ok := body.(io.ReadCloser)
	if !ok {
		closer = io.NopCloser(body)
	}
	r.Body, r.ContentLength, r.GetBody = closer, -1, nil
	if buffer, ok := body.(*bytes.Buffer); ok {
		body = bytes.NewReader(buffer.Bytes())
	}
	at, ok := body.(interface {
		io.ReaderAt
		io.Seeker
	})
	if !ok {
		return nil
	}
	if file, ok := body.(*os.File); ok {
		if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
			return err // a pipe or a terminal can't seek
		}
	}
	begin, err := at.Seek(0, io.SeekCurrent)
	if err != nil {
		return fmt.Errorf("client: the body's length is unknown: %w", err)
	}
	end, err := at.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = at.Seek(begin, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("client: the body's length is unknown: %w", err)
	}
	section := func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(at, begin, end-begin)), nil
	}
	if r.ContentLength = end - begin; r.ContentLength == 0 {
		r.Body = http.NoBody
		return nil
	}
	r.GetBody = section
	r.Body, err = section()
	return err
}

// failing is a body that can't be read.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
