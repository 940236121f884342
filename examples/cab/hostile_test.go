package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/rcrowley/go-tigertonic/examples/cab/internal/trace"
)

// Another process can name its spans, services, zones and errors as it likes. The pages show
// that as text which is short, has no markup, and turns nothing else around.
func TestHostileNamesInTracesAreShownAsText(t *testing.T) {
	t.Parallel()
	r := start(t)
	for i, name := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "javascript:alert(1)' onmouseover='x", "{{.Name}}</bdi></table>",
		"a\x00\x1b[31m\r\nSet-Cookie: a=b\x7f\u0085", "abc\u202egnp.exe\u2066\u200f", "שלום\u202e", "\ufeff\u2028\u2029\U000e0041", "\xff\xfe", strings.Repeat("<b>", 1<<20/3),
		strings.Repeat("é", 1<<19),
	} {
		id := fmt.Sprintf("%032x", i+1)
		r.exportNamed(t, byte(i+1), name)
		for path, want := range map[string]string{"/traces": id[:8], "/traces/" + id: "Waterfall"} {
			got := r.do(t, "GET "+path, "", "Accept: text/html")
			const most = 64 << 10
			if got.status != 200 || !strings.Contains(got.body, want) || len(got.body) > most {
				t.Errorf("%.40q: %s: got %d, %d bytes: %.200s", name, path, got.status, len(got.body), got.body)
			}
			if at := strings.IndexFunc(got.body, isHostile); at >= 0 {
				t.Errorf("%.40q: %s has %.20q", name, path, got.body[at:])
			}
			for _, markup := range []string{"<script>alert", "<img", "onmouseover='", "</bdi></table>", "<b>"} {
				if strings.Contains(got.body, markup) {
					t.Errorf("%.40q: %s has %q", name, path, markup)
				}
			}
			if opened, closed := strings.Count(got.body, "<bdi"), strings.Count(got.body, "</bdi>"); opened != closed {
				t.Errorf("%.40q: %s has %d <bdi> and %d </bdi>", name, path, opened, closed)
			}
		}
		tree := decode[trace.Trace](t, r.do(t, "GET /traces/"+id, "").body)
		if m := tree.Messages[0]; len(m.To) > 256 || len(m.Text) > 1024 || m.To == "" || m.Text == "" || m.Zone == "" || m.Code == "" {
			t.Errorf("%.40q: got %d, %d, %q and %q", name, len(m.To), len(m.Text), m.Zone, m.Code)
		}
	}
}

// isHostile reports whether a page has no business to have a character.
func isHostile(c rune) bool {
	switch {
	case c == '\n':
		return false
	case c < ' ', c >= 0x7f && c < 0xa0, c >= 0x200b && c <= 0x200f, c >= 0x2028 && c <= 0x202e, c >= 0x2066 && c <= 0x2069, c == 0xfeff, c >= 0xe0000:
		return true
	}
	return false
}

// exportNamed sends a trace, whose ID ends with id, with a name wherever there can be one.
func (r *running) exportNamed(t *testing.T, id byte, name string) {
	t.Helper()
	const mostOfOthers = 300 << 10                                                         // or the collector refuses the batch
	valid := func(text string) string { return strings.ToValidUTF8(text, "\xef\xbf\xbd") } // protobuf has no others
	other := valid(name[:min(len(name), mostOfOthers)])
	text := func(key string) *common.KeyValue {
		return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: other}}}
	}
	whole, part := make([]byte, 16), make([]byte, 8)
	whole[15], part[7] = id, id
	batch := &collector.ExportTraceServiceRequest{ResourceSpans: []*otlp.ResourceSpans{{
		Resource: &resource.Resource{Attributes: []*common.KeyValue{text(string(trace.Instance)), text(string(trace.Host)), text(string(trace.Zone))}},
		ScopeSpans: []*otlp.ScopeSpans{{
			Scope: &common.InstrumentationScope{Name: other},
			Spans: []*otlp.Span{{
				TraceId: whole, SpanId: part, Name: valid(name), Kind: otlp.Span_SPAN_KIND_SERVER, StartTimeUnixNano: 1, EndTimeUnixNano: 2,
				Attributes: []*common.KeyValue{text(string(trace.Code)), text(other)}, Status: &otlp.Status{Code: otlp.Status_STATUS_CODE_ERROR, Message: other},
			}},
		}},
	}}}
	body, err := proto.Marshal(batch)
	if err != nil {
		t.Fatal(err)
	}
	rq, err := http.NewRequestWithContext(t.Context(), "POST", "http://bus/"+trace.Name+"/export", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	rq.Header.Set("Content-Type", "application/x-protobuf")
	rs, err := r.process.node.Transport("com.hailocab.service.hostile").RoundTrip(rq)
	if err != nil {
		t.Fatal(err)
	}
	_ = rs.Body.Close() // it is in memory
	if rs.StatusCode != http.StatusOK {
		t.Fatalf("%d bytes: got %d", len(body), rs.StatusCode)
	}
}
