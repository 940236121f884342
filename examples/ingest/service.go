package main

import (
	"net/http"
	"sync/atomic"

	"github.com/rcrowley/go-metrics"
	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/spool"
)

// A service is what the endpoints share.
type service struct {
	tokens   tokens
	sink     sink
	spool    *spool.Spool // the sink, or nil if that is a queue
	ready    func() error // whether payloads can be kept
	stopping func() bool  // whether the service is about to stop

	accepted, refused atomic.Int64 // payloads
}

// handler returns the tree of handlers. Posts aren't logged one by one, because there are
// too many. Failures are counted, and logged when they begin and end.
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

// mostOthers is how many requests of one kind may be in progress at a time, except
// payloads.
const mostOthers = 16

// describe returns the document of the service.
func describe(root http.Handler) *openapi.Document {
	return openapi.New(root, openapi.Info{Title: "Ingest", Version: version, Description: "Keeps JSON payloads until an object store has them."})
}

const (
	aboutPayloads = "A payload that gets a 202 is kept, whatever happens to the service. " +
		"One that gets a 503 isn't: post it again after Retry-After. " +
		"If there is no response, nobody knows: post it again, and expect that it may be there twice."
	aboutSegments = "A segment is a file of payloads, one per line, which goes into the store as an object when it is full or old enough. " +
		"The newest come first. Only the latest of the stored ones are listed. If payloads go to a queue, there are none."
	aboutLive = "A stream of the state of the service, now and every second."
)

// register adds the metrics that handlers don't measure.
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
