package admin

import (
	"runtime/debug"
	runtimemetrics "runtime/metrics"
	"time"
)

// A runtimeMetric is one of Go's under the name that Prometheus' own client gives
// it, and so dashboards know it: the sum of some of package runtime/metrics.
type runtimeMetric struct {
	name, kind, help string
	of               []string
}

const (
	heapFree     = "/memory/classes/heap/free:bytes"
	heapObjects  = "/memory/classes/heap/objects:bytes"
	heapReleased = "/memory/classes/heap/released:bytes"
	heapUnused   = "/memory/classes/heap/unused:bytes"
	tinyAllocs   = "/gc/heap/tiny/allocs:objects"
)

func runtimeMetrics() []runtimeMetric {
	return []runtimeMetric{
		{"go_gc_gogc_percent", gaugeKind, "Heap size target percentage set by GOGC.", []string{"/gc/gogc:percent"}},
		{"go_gc_gomemlimit_bytes", gaugeKind, "Memory limit set by GOMEMLIMIT.", []string{"/gc/gomemlimit:bytes"}},
		{"go_goroutines", gaugeKind, "Goroutines that exist.", []string{"/sched/goroutines:goroutines"}},
		{"go_memstats_alloc_bytes", gaugeKind, "Bytes in heap objects.", []string{heapObjects}},
		{"go_memstats_alloc_bytes_total", counterKind, "Bytes allocated on the heap, also those freed since.", []string{"/gc/heap/allocs:bytes"}},
		{"go_memstats_frees_total", counterKind, "Heap objects freed.", []string{"/gc/heap/frees:objects", tinyAllocs}},
		{"go_memstats_heap_alloc_bytes", gaugeKind, "Bytes in heap objects.", []string{heapObjects}},
		{"go_memstats_heap_idle_bytes", gaugeKind, "Bytes of the heap that no object is in.", []string{heapFree, heapReleased}},
		{"go_memstats_heap_inuse_bytes", gaugeKind, "Bytes of the heap's spans that have objects.", []string{heapObjects, heapUnused}},
		{"go_memstats_heap_objects", gaugeKind, "Heap objects that exist.", []string{"/gc/heap/objects:objects"}},
		{"go_memstats_heap_released_bytes", gaugeKind, "Bytes of the heap that were given back to the system.", []string{heapReleased}},
		{"go_memstats_heap_sys_bytes", gaugeKind, "Bytes of the heap.", []string{heapFree, heapObjects, heapReleased, heapUnused}},
		{"go_memstats_mallocs_total", counterKind, "Heap objects allocated.", []string{"/gc/heap/allocs:objects", tinyAllocs}},
		{"go_memstats_next_gc_bytes", gaugeKind, "Heap size at which the next garbage collection ends.", []string{"/gc/heap/goal:bytes"}},
		{"go_memstats_stack_inuse_bytes", gaugeKind, "Bytes of stacks.", []string{"/memory/classes/heap/stacks:bytes"}},
		{"go_memstats_sys_bytes", gaugeKind, "Bytes that Go has from the system.", []string{"/memory/classes/total:bytes"}},
		{"go_sched_gomaxprocs_threads", gaugeKind, "Threads that run Go code at once, set by GOMAXPROCS.", []string{"/sched/gomaxprocs:threads"}},
		{"go_sync_mutex_wait_total_seconds_total", counterKind, "Time that goroutines have waited for locks.", []string{"/sync/mutex/wait/total:seconds"}},
		{"go_threads", gaugeKind, "Threads that exist.", []string{"/sched/threads/total:threads"}},
	}
}

// addRuntime adds what is known of the process without the registry.
func (a *Admin) addRuntime(e *exposition) {
	all := runtimeMetrics()
	values := readRuntime(all)
	for _, m := range all {
		if value, ok := sumValues(values, m.of); ok {
			e.take([]family{{name: m.name, kind: m.kind, help: m.help, samples: []sample{{value: value}}}})
		}
	}
	e.take([]family{
		garbageCollections(),
		constant("go_build_info", "What is running.", []label{
			{"path", a.build.Module}, {"version", a.build.Version}, {"checksum", a.build.sum}, {"revision", a.build.Revision},
		}),
		constant("go_info", "The version of Go.", []label{{"version", a.build.Go}}),
		{
			name: "process_start_time_seconds", kind: gaugeKind,
			help:    "When the service began, since 1970.",
			samples: []sample{{value: float64(a.began.UnixMilli()) / 1000}},
		},
	})
}

// constant returns a family that is there for its labels.
func constant(name, help string, labels []label) family {
	return family{name: name, kind: gaugeKind, help: help, samples: []sample{{labels: labels, value: 1}}}
}

// readRuntime returns the values of the metrics that others are of, by their
// names, as far as this version of Go has them.
func readRuntime(all []runtimeMetric) map[string]float64 {
	var samples []runtimemetrics.Sample
	for _, m := range all {
		for _, name := range m.of {
			samples = append(samples, runtimemetrics.Sample{Name: name})
		}
	}
	runtimemetrics.Read(samples)
	values := map[string]float64{}
	for _, s := range samples {
		switch s.Value.Kind() {
		case runtimemetrics.KindUint64:
			values[s.Name] = float64(s.Value.Uint64())
		case runtimemetrics.KindFloat64:
			values[s.Name] = s.Value.Float64()
		}
	}
	return values
}

// sumValues returns the sum of the values of these names, if they are all there.
func sumValues(values map[string]float64, names []string) (sum float64, ok bool) {
	for _, name := range names {
		value, ok := values[name]
		if !ok {
			return 0, false
		}
		sum += value
	}
	return sum, true
}

// garbageCollections returns how long the last of them have stopped the program.
func garbageCollections() family {
	stats := debug.GCStats{PauseQuantiles: make([]time.Duration, 5)}
	debug.ReadGCStats(&stats)
	f := family{name: "go_gc_duration_seconds", kind: summaryKind, help: "How long garbage collections have stopped the program."}
	if stats.NumGC > 0 {
		for i, quantile := range []string{"0", "0.25", "0.5", "0.75", "1"} {
			f.samples = append(f.samples, sample{labels: []label{{"quantile", quantile}}, value: stats.PauseQuantiles[i].Seconds()})
		}
	}
	f.samples = append(f.samples,
		sample{suffix: "_sum", value: stats.PauseTotal.Seconds()},
		sample{suffix: "_count", value: float64(stats.NumGC)})
	return f
}
