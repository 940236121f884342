package tigertonic_test

import (
	"net/http"
	"testing"

	"github.com/rcrowley/go-metrics"

	"github.com/rcrowley/go-tigertonic"
)

// BenchmarkTimed measures a Timed handler that does nothing, alone and by all cores
// at a time: run it with -cpu 1,2, and the figures of parallel are what a further
// core is good for.
func BenchmarkTimed(b *testing.B) {
	null := tigertonic.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	h := tigertonic.Timed(null, "timed", metrics.NewRegistry())
	b.Run("alone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			h.ServeHTTP(nil, nil)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				h.ServeHTTP(nil, nil)
			}
		})
	})
}
