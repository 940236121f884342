package main

import (
	"net/http"
	"sync/atomic"

	"github.com/rcrowley/go-metrics"
	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/spool"
)

// A service is what the endpoints have in common.
type service struct {
	tokens   tokens
	sink     sink
	spool    *spool.Spool // the sink, or nil if that is a queue
	ready    func() error // whether payloads can be kept
	stopping func() bool  // whether the service is about to stop

	accepted, refused atomic.Int64 // payloads
}

// handler returns the tree of handlers. What clients post isn't logged request by
// request: there are too many, and what goes wrong with them is counted, and logged when
// it begins and ends.
func (s *service) handler(l *live, registry metrics.Registry) http.Handler {
	mux := tigertonic.NewTrieServeMux()
	accept := tigertonic.Typed(s.accept).Summary("Post a payload").Tags("payloads").OperationID("post-payload").
		Description(aboutPayloads).Errors(errUnknownToken, errFull, errBusy, errHeavy, errUnwritten)
	mux.Handle("POST", "/1.0/payloads", tigertonic.Timed(newIntake(accept, s.refuses), "post-payload", registry))
	handle := func(method, pattern string, e *tigertonic.Endpoint, id string) {
		mux.Handle(method, pattern, tigertonic.Accessed(tigertonic.Timed(tigertonic.Limited(e.OperationID(id), mostOthers, nil), id, registry), nil))
	}
	handle("GET", "/1.0/segments", tigertonic.Typed(s.listSegments).Summary("List segments").Tags("segments").Description(aboutSegments), "list-segments")
	handle("GET", "/1.0/segments/{id}", tigertonic.Typed(s.showSegment).Summary("Show a segment").Tags("segments").Errors(errNoSegment), "show-segment")
	handle("GET", "/1.0/live", tigertonic.Typed(l.watch).Summary("Watch the service").Tags("service").Description(aboutLive), "watch")
	mux.Handle("GET", "/", file("index.html", "text/html; charset=utf-8"))
	mux.Handle("GET", "/live.css", file("style.css", "text/css; charset=utf-8"))
	mux.Handle("GET", "/live.js", file("script.js", "text/javascript; charset=utf-8"))
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
	aboutPayloads = "A payload that gets a 202 is kept, whatever happens to the service. " +
		"One that gets a 503 isn't: post it again after Retry-After. " +
		"If there is no answer, nobody knows: post it again, and count on it being there twice."
	aboutSegments = "A segment is a file of payloads, one a line, and is put into the store as an object when it is full or old enough. " +
		"The newest come first. Of those that are stored, the last are known. Where payloads go to a queue there are none."
	aboutLive = "A stream of how it is with the service, now and each second."
)

// register adds what isn't measured by handlers to the metrics.
func (s *service) register(registry metrics.Registry) {
	metrics.NewRegisteredFunctionalGauge("payloads-refused", registry, s.refused.Load)
	metrics.NewRegisteredFunctionalGauge("payloads", registry, s.accepted.Load)
	if s.spool == nil {
		return
	}
	gauge := func(name string, value func(spool.Stats) int64) {
		metrics.NewRegisteredFunctionalGauge(name, registry, func() int64 { return value(s.spool.Stats()) })
	}
	gauge("payload-groups", func(st spool.Stats) int64 { return st.Groups })
	gauge("payloads-unwritten", func(st spool.Stats) int64 { return st.Unwritten })
	gauge("spool-bytes", func(st spool.Stats) int64 { return st.Used })
	gauge("segments-waiting", func(st spool.Stats) int64 { return int64(st.Waiting) })
	gauge("segments-uploading", func(st spool.Stats) int64 { return int64(st.Uploading) })
	gauge("segments-stored", func(st spool.Stats) int64 { return st.Stored })
	gauge("upload-failures", func(st spool.Stats) int64 { return st.Failures })
}
