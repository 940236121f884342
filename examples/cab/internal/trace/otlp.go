package trace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/rcrowley/go-tigertonic"
)

// Name is the name of the service that collects spans.
const Name = "com.hailocab.service.trace"

// exportTime is how long a batch may take.
const exportTime = 5 * time.Second

// NewExporter returns an exporter that sends spans to an OTLP collector over HTTP. The base
// is its URL, http://127.0.0.1:4318, to which /v1/traces is added unless it has a path. The
// transport may be nil.
func NewExporter(ctx context.Context, base string, transport http.RoundTripper) (*otlptrace.Exporter, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%q isn't the URL of a collector, such as http://127.0.0.1:4318", base)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	options := []otlptracehttp.Option{
		otlptracehttp.WithEndpointURL(u.String()), otlptracehttp.WithTimeout(exportTime),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: true, InitialInterval: 100 * time.Millisecond, MaxInterval: time.Second, MaxElapsedTime: exportTime}),
	}
	if transport != nil {
		options = append(options, otlptracehttp.WithHTTPClient(&http.Client{Transport: transport, Timeout: exportTime}))
	}
	return otlptracehttp.New(ctx, options...)
}

// A Collector is the service that collects spans of other processes over OTLP.
type Collector struct{ store *Store }

// NewCollector returns a collector that adds what it gets to a store.
func NewCollector(s *Store) *Collector { return &Collector{s} }

// mostOfBatch is the maximum length of a batch.
const mostOfBatch = 4 << 20

// Handler returns the service's tree.
func (c *Collector) Handler() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	h := tigertonic.Described(http.HandlerFunc(c.export), func(op *tigertonic.Operation) {
		op.ID, op.Summary, op.Tags = "export-traces", "Take spans (OTLP)", []string{"trace"}
	})
	mux.Handle("POST", "/export", tigertonic.Sized(h, mostOfBatch))
	return mux
}

func (c *Collector) export(w http.ResponseWriter, r *http.Request) {
	spans, err := read(r)
	if err != nil {
		tigertonic.ProblemWriter{}.WriteError(r, w, err)
		return
	}
	c.store.Add(spans)
	w.Header().Set("Content-Type", "application/x-protobuf")
	w.WriteHeader(http.StatusOK) // an empty message means success
}

func read(r *http.Request) ([]Span, error) {
	if kind := r.Header.Get("Content-Type"); kind != "application/x-protobuf" {
		return nil, tigertonic.UnsupportedMediaType{Err: fmt.Errorf("spans must be application/x-protobuf, not %q", kind)}
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var batch collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(text, &batch); err != nil {
		return nil, tigertonic.BadRequest{Err: errors.New("the body isn't an ExportTraceServiceRequest")}
	}
	var spans []Span
	for _, resource := range batch.GetResourceSpans() {
		var process Process
		for _, a := range resource.GetResource().GetAttributes() {
			process.set(a.GetKey(), a.GetValue().GetStringValue())
		}
		for _, scope := range resource.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				if len(s.GetTraceId()) == 16 && len(s.GetSpanId()) == 8 {
					spans = append(spans, received(s, scope.GetScope().GetName(), process))
				}
			}
		}
	}
	return spans, nil
}

// received returns what a span says that a service has written in another process.
func received(s *otlp.Span, service string, process Process) Span {
	span := Span{To: tidy(s.GetName(), mostOfName), Began: timeOf(s.GetStartTimeUnixNano()), Ended: timeOf(s.GetEndTimeUnixNano())}
	span.written(s.GetKind() == otlp.Span_SPAN_KIND_SERVER, tidy(service, mostOfName), process)
	copy(span.Trace[:], s.GetTraceId())
	copy(span.ID[:], s.GetSpanId())
	copy(span.Parent[:], s.GetParentSpanId())
	if s.GetStatus().GetCode() == otlp.Status_STATUS_CODE_ERROR {
		span.Failed, span.Text = true, tidy(s.GetStatus().GetMessage(), mostOfText)
	}
	for _, a := range s.GetAttributes() {
		span.set(a.GetKey(), a.GetValue().GetStringValue(), a.GetValue().GetIntValue(), a.GetValue().GetBoolValue())
	}
	return span
}

// timeOf returns a time, if that is in range.
func timeOf(nanoseconds uint64) time.Time {
	const most = 1 << 62
	return time.Unix(0, int64(min(nanoseconds, most)))
}
