package rpc

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json" // as package micro writes it
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
)

// A Bus delivers requests over NATS: the header of a message has the method, the path and
// the fields, and its data is the body. The instances of a service are a queue group, which
// package micro announces. A request goes to the zone of its caller, and to any other if
// nobody there serves the service.
type Bus struct {
	conn     *nats.Conn
	options  BusOptions
	services []micro.Service
	handler  http.Handler
	cancel   context.CancelFunc
	context  context.Context //nolint:containedctx // of what the bus has asked for, until it is closed
	going    sync.WaitGroup
	slots    chan struct{}
}

// BusOptions are the options of a [Bus].
type BusOptions struct {
	URL                           string
	Instance, Host, Zone, Version string
}

const (
	methodHeader  = "Cab-Method"
	targetHeader  = "Cab-Target"
	statusHeader  = "Cab-Status"
	prefix        = "cab."
	anyZone       = "any"
	reconnectWait = 250 * time.Millisecond
	// mostAtOnce is how many requests from the bus a process serves at a time.
	mostAtOnce = 4096
)

// OpenBus connects to NATS. While there is no server, it keeps trying as long as the bus is
// open, and delivers nothing.
func OpenBus(o BusOptions) (*Bus, error) {
	conn, err := nats.Connect(o.URL, nats.Name(o.Instance), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait), nats.ReconnectJitter(reconnectWait/2, reconnectWait), nats.ReconnectBufSize(-1))
	if err != nil {
		return nil, fmt.Errorf("the bus: %w", err)
	}
	b := &Bus{conn: conn, options: o, slots: make(chan struct{}, mostAtOnce)}
	b.context, b.cancel = context.WithCancel(context.Background())
	return b, nil
}

// Serve makes a handler, that of [Node.Mount], serve the requests for these services.
func (b *Bus) Serve(h http.Handler, services ...string) error {
	b.handler = h
	for _, name := range services {
		s, err := micro.AddService(b.conn, micro.Config{
			Name: strings.ReplaceAll(name, ".", "-"), Version: b.options.Version,
			Metadata: map[string]string{"service": name, "instance": b.options.Instance, "host": b.options.Host, "zone": b.options.Zone},
		})
		if err != nil {
			return fmt.Errorf("the bus: %w", err)
		}
		b.services = append(b.services, s)
		for _, zone := range []string{b.options.Zone, anyZone} {
			if err := s.AddEndpoint(zone, micro.HandlerFunc(b.serve), micro.WithEndpointSubject(prefix+zone+"."+name)); err != nil {
				return fmt.Errorf("the bus: %w", err)
			}
		}
	}
	return b.conn.FlushTimeout(time.Second * 5)
}

// serve answers a message, in a goroutine of its own.
func (b *Bus) serve(m micro.Request) {
	select {
	case b.slots <- struct{}{}:
	default:
		_ = m.Respond(nil, micro.WithHeaders(micro.Headers{statusHeader: {"503"}, "Retry-After": {"1"}})) // the caller tries elsewhere
		return
	}
	b.going.Go(func() {
		defer func() { <-b.slots }()
		w := &answer{header: http.Header{}}
		r, err := requestOf(b.context, m)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
		} else {
			b.handler.ServeHTTP(w, r)
		}
		if int64(w.body.Len()) > b.conn.MaxPayload()-4096 {
			w = &answer{header: http.Header{}, status: http.StatusInsufficientStorage}
		}
		w.header[statusHeader] = []string{strconv.Itoa(cmp.Or(w.status, http.StatusOK))}
		_ = m.Respond(w.body.Bytes(), micro.WithHeaders(micro.Headers(w.header))) // the caller notices by its timeout
	})
}

func requestOf(ctx context.Context, m micro.Request) (*http.Request, error) {
	h := http.Header(m.Headers())
	target := first(h[targetHeader])
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, err
	}
	r := &http.Request{
		Method: first(h[methodHeader]), URL: u, RequestURI: target, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Host: "bus",
		Header: h, Body: http.NoBody, ContentLength: int64(len(m.Data())), RemoteAddr: "192.0.2.1:1234",
	}
	if len(m.Data()) > 0 {
		r.Body = bodyOf(m.Data())
	}
	delete(h, methodHeader)
	delete(h, targetHeader)
	return r.WithContext(ctx), nil
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// An answer is a response that is buffered until it is complete.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *answer) Header() http.Header { return w.header }

func (w *answer) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
}

func (w *answer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// RoundTrip sends a request, and waits for the response.
func (b *Bus) RoundTrip(r *http.Request) (*http.Response, error) {
	service, _ := target(r.URL.Path)
	if !b.conn.IsConnected() {
		return nil, &UnavailableError{service, errors.New("the bus is down")}
	}
	m := &nats.Msg{Header: nats.Header{}}
	maps.Copy(m.Header, r.Header)
	m.Header[methodHeader], m.Header[targetHeader] = []string{r.Method}, []string{r.URL.RequestURI()}
	if r.Body != nil {
		defer r.Body.Close() //nolint:errcheck // it was read
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		m.Data = data
	}
	var reply *nats.Msg
	var err error
	for _, zone := range []string{b.options.Zone, anyZone} {
		m.Subject = prefix + zone + "." + service
		if reply, err = b.conn.RequestMsgWithContext(r.Context(), m); !errors.Is(err, nats.ErrNoResponders) {
			break
		}
	}
	switch {
	case errors.Is(err, nats.ErrNoResponders), errors.Is(err, nats.ErrReconnectBufExceeded), errors.Is(err, nats.ErrDisconnected):
		return nil, &UnavailableError{service, err}
	case err != nil && r.Context().Err() != nil:
		return nil, context.Cause(r.Context())
	case err != nil:
		return nil, err
	}
	return responseOf(r, reply)
}

func responseOf(r *http.Request, m *nats.Msg) (*http.Response, error) {
	h := http.Header(m.Header)
	status, err := strconv.Atoi(first(h[statusHeader]))
	if err != nil || status < 200 || status > 999 {
		return nil, fmt.Errorf("the bus: the answer has the status %q", first(h[statusHeader]))
	}
	delete(h, statusHeader)
	return &http.Response{
		Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: bodyOf(m.Data), ContentLength: int64(len(m.Data)), Request: r,
	}, nil
}

// Announce sends something to all processes that have called [Bus.Hear].
func (b *Bus) Announce(subject string, data []byte) {
	_ = b.conn.Publish(prefix+"events."+subject, data) // those who don't hear it hear the next
}

// Hear calls f with what is announced, until the bus is closed.
func (b *Bus) Hear(subject string, f func(data []byte)) error {
	_, err := b.conn.Subscribe(prefix+"events."+subject, func(m *nats.Msg) { f(m.Data) })
	return err
}

// Connected returns an error if the bus is down.
func (b *Bus) Connected(context.Context) error {
	if !b.conn.IsConnected() {
		return errors.New("the bus is down")
	}
	return nil
}

// Instances returns the instances of all services that answer within a moment.
func (b *Bus) Instances(ctx context.Context) []Instance {
	const moment = 200 * time.Millisecond
	inbox := b.conn.NewRespInbox()
	replies, err := b.conn.SubscribeSync(inbox)
	if err != nil {
		return nil
	}
	defer replies.Unsubscribe() //nolint:errcheck // it may be closed
	if b.conn.PublishRequest("$SRV.STATS", inbox, nil) != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, moment)
	defer cancel()
	found := []Instance{}
	for {
		m, err := replies.NextMsgWithContext(ctx)
		if err != nil {
			break
		}
		var stats micro.Stats
		if json.Unmarshal(m.Data, &stats) != nil || stats.Metadata["service"] == "" {
			continue // it isn't one of ours
		}
		i := Instance{
			Service: stats.Metadata["service"], ID: stats.Metadata["instance"], Host: stats.Metadata["host"], Zone: stats.Metadata["zone"],
			Version: stats.Version, Started: stats.Started,
		}
		for _, e := range stats.Endpoints {
			i.Requests += int64(e.NumRequests)
		}
		found = append(found, i)
	}
	slices.SortFunc(found, byService)
	return found
}

func byService(a, b Instance) int {
	return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Zone, b.Zone), cmp.Compare(a.ID, b.ID))
}

// Drain leaves new requests to other instances, and waits until those that have arrived are
// served.
func (b *Bus) Drain() {
	for _, s := range b.services {
		_ = s.Stop() // the connection may be gone
	}
	b.services = nil
	b.going.Wait()
	_ = b.conn.FlushTimeout(time.Second) // likewise
}

// Close leaves the bus.
func (b *Bus) Close() {
	b.Drain()
	b.cancel()
	b.conn.Close()
}
