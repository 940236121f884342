package documents

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/benchmarks/probe"
)

func ask(t testing.TB, h http.Handler, path string) []byte {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%s: got %d, want 200", path, w.Code)
	}
	return w.Body.Bytes()
}

func TestPeersDescribeTheSame(t *testing.T) {
	for _, p := range Peers() {
		t.Run(p.Name, func(t *testing.T) {
			h := p.New(8)
			var doc struct {
				Paths map[string]map[string]struct {
					Tags    []string
					Summary string
				}
			}
			require.NoError(t, json.Unmarshal(ask(t, h, p.Document), &doc))
			require.Len(t, doc.Paths, 4)
			for _, path := range []string{"/resources/0000", "/resources/0001"} {
				assert.Equal(t, "List", doc.Paths[path]["get"].Summary)
				assert.Equal(t, "Create", doc.Paths[path]["post"].Summary)
				assert.Equal(t, "Get", doc.Paths[path+"/{id}"]["get"].Summary)
				assert.Equal(t, "Change", doc.Paths[path+"/{id}"]["put"].Summary)
			}
			assert.Equal(t, []string{"Resource 1"}, doc.Paths["/resources/0001"]["get"].Tags)
			ask(t, h, first)
			ask(t, h, "/docs")
		})
	}
}

func each(b *testing.B, run func(b *testing.B, p Peer, n int)) {
	b.Helper()
	for _, n := range []int{1, 1000, 3000} {
		for _, p := range Peers() {
			b.Run(fmt.Sprintf("task=endpoints-%d/peer=%s", n, p.Name), func(b *testing.B) { run(b, p, n) })
		}
	}
}

// BenchmarkStart measures the time from nothing to the first response.
func BenchmarkStart(b *testing.B) {
	each(b, func(b *testing.B, p Peer, n int) {
		probe.Measure(b, func() { ask(b, p.New(n), first) })
	})
}

// BenchmarkDocument measures the memory of the document, the page and their endpoints,
// after both have been requested.
func BenchmarkDocument(b *testing.B) {
	each(b, func(b *testing.B, p Peer, n int) {
		var document, page, kept int64
		for b.Loop() {
			before := heap()
			h := p.New(n)
			document, page = int64(len(ask(b, h, p.Document))), int64(len(ask(b, h, "/docs")))
			kept += heap() - before
			runtime.KeepAlive(h)
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(document), "documentB")
		b.ReportMetric(float64(page), "pageB")
		b.ReportMetric(float64(kept)/float64(b.N)/float64(n), "heapB/endpoint")
	})
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
