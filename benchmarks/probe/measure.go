package probe

import (
	"syscall"
	"testing"
)

// Measure is the loop of a benchmark. In addition to the usual figures, it reports the
// CPU time of the process, including the collector's, which varies less than elapsed time
// on a busy machine.
func Measure(b *testing.B, op func()) {
	b.Helper()
	b.ReportAllocs()
	start := CPUTime()
	for b.Loop() {
		op()
	}
	b.ReportMetric(float64(CPUTime()-start)/float64(b.N), "cpu-ns/op")
}

// MeasureParallel is Measure on all processors at once. Each goroutine calls its own
// operation.
func MeasureParallel(b *testing.B, newOp func() func()) {
	b.Helper()
	b.ReportAllocs()
	start := CPUTime()
	b.RunParallel(func(pb *testing.PB) {
		op := newOp()
		for pb.Next() {
			op()
		}
	})
	b.ReportMetric(float64(CPUTime()-start)/float64(b.N), "cpu-ns/op")
}

// CPUTime returns the CPU time of this process, in nanoseconds.
func CPUTime() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}
