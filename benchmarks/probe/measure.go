package probe

import (
	"syscall"
	"testing"
)

// Measure is the loop of a benchmark. Beside what a benchmark always reports, it
// reports the CPU time of the process, the collector's included, which holds
// stiller than the time that passes on a machine that does something else, too.
func Measure(b *testing.B, op func()) {
	b.Helper()
	b.ReportAllocs()
	start := CPUTime()
	for b.Loop() {
		op()
	}
	b.ReportMetric(float64(CPUTime()-start)/float64(b.N), "cpu-ns/op")
}

// MeasureParallel is Measure on all processors at once. Each goroutine calls an
// operation of its own.
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

// CPUTime returns how long this process has been computing, in nanoseconds.
func CPUTime() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}
