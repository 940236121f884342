package main

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/rcrowley/go-metrics"
	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/spool"
)

// A service is what the endpoints have in common.
type service struct {
	tokens  tokens
	sink    sink
	spool   *spool.Spool // the sink, or nil if that is a queue
	objects atomic.Int64 // in the payloads that were acknowledged
}

// handler returns the tree of handlers. What clients post isn't logged request by
// request: there are too many, and what goes wrong with them is counted, and logged when
// it begins and ends.
func (s *service) handler(registry metrics.Registry) http.Handler {
	mux := tigertonic.NewTrieServeMux()
	accept := tigertonic.Typed(s.accept).Summary("Post a payload").Tags("payloads").OperationID("post-payload").
		Description(aboutPayloads).Errors(errUnknownToken, errFull, errBusy, errUnwritten)
	mux.Handle("POST", "/1.0/payloads", tigertonic.Timed(accept, "post-payload", registry))
	handle := func(method, pattern string, e *tigertonic.Endpoint, id string) {
		mux.Handle(method, pattern, tigertonic.Accessed(tigertonic.Timed(tigertonic.Limited(e.OperationID(id), mostOthers), id, registry), nil))
	}
	handle("GET", "/1.0/segments", tigertonic.Typed(s.listSegments).Summary("List segments").Tags("segments").Description(aboutSegments), "list-segments")
	handle("GET", "/1.0/segments/{id}", tigertonic.Typed(s.showSegment).Summary("Show a segment").Tags("segments").Errors(errNoSegment), "show-segment")
	recovered := tigertonic.Recovered(mux)
	recovered.Panics = metrics.GetOrRegisterCounter("panics", registry)
	root := tigertonic.CountedByStatus(recovered, "http", registry)
	doc := describe(root)
	mux.Handle("GET", "/openapi.json", doc.Handler())
	mux.Handle("GET", "/docs", openapi.Page(doc))
	return root
}

// mostOthers is how many requests of a kind there may be at a time, but for payloads.
const mostOthers = 16

// describe returns the document of the service.
func describe(root http.Handler) *openapi.Document {
	return openapi.New(root, openapi.Info{Title: "Ingest", Version: version, Description: "Keeps payloads of JSON until an object store has them."})
}

const (
	aboutPayloads = "A payload that is answered with 202 is kept, whatever happens to the service. " +
		"One that is answered with 503 isn't: post it again after Retry-After. " +
		"If there is no answer, nobody knows: post it again, and count on it being there twice."
	aboutSegments = "A segment is a file of payloads, one a line, and is put into the store as an object when it is full or old enough. " +
		"The newest come first. Of those that are stored, the last are known."
)

// ready is a check for the admin port.
func (s *service) ready(context.Context) error {
	stats := s.spool.Stats()
	if stats.Full {
		return errors.New("the spool is full")
	}
	return stats.Err
}

// register adds what is known of the spool to the metrics.
func (s *service) register(registry metrics.Registry) {
	gauge := func(name string, value func(spool.Stats) int64) {
		metrics.NewRegisteredFunctionalGauge(name, registry, func() int64 { return value(s.spool.Stats()) })
	}
	gauge("payloads", func(st spool.Stats) int64 { return st.Records })
	gauge("payload-groups", func(st spool.Stats) int64 { return st.Groups })
	gauge("payloads-unwritten", func(st spool.Stats) int64 { return st.Unwritten })
	gauge("spool-bytes", func(st spool.Stats) int64 { return st.Used })
	gauge("segments-waiting", func(st spool.Stats) int64 { return int64(st.Waiting) })
	gauge("segments-uploading", func(st spool.Stats) int64 { return int64(st.Uploading) })
	gauge("segments-stored", func(st spool.Stats) int64 { return st.Stored })
	gauge("upload-failures", func(st spool.Stats) int64 { return st.Failures })
}
