package trial

import (
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/internal/processtest"
)

// A million a minute, and what that takes, with each way to sync. An fsync for each
// request is for few requests: how many is the disk's affair.
func TestPayloadsAreStoredEachOnce(t *testing.T) {
	for _, tt := range []struct {
		sync        string
		rate        float64
		fullRate    float64
		p99         time.Duration // or 0, if that is the disk's affair
		segmentSize string
	}{
		{"none", 1000, 16_667, 50 * time.Millisecond, "16MiB"},
		{"group", 500, 16_667, 0, "16MiB"},
		{"each", 50, 500, 0, "1MiB"},
	} {
		t.Run(tt.sync, func(t *testing.T) {
			parallel(t)
			rate, d, age := tt.rate, time.Second, "300ms"
			if *full {
				rate, d, age = tt.fullRate, time.Minute, "10s"
			}
			s := start(t, "-sync", tt.sync, "-segment-bytes", tt.segmentSize, "-segment-age", age)
			r := mustRun(t, s.options(rate, d))
			t.Log(told(&r))
			if r.Bad() > 0 || r.Status[202] != r.Total {
				t.Errorf("got %d of %d accepted", r.Status[202], r.Total)
			}
			mustBeSmall(t, s.PID(t))
			s.Stop(t)
			report := s.verify(t)
			t.Logf("\n%v", report)
			if !report.Exact() || report.Acked != r.Total {
				t.Errorf("the store doesn't hold exactly the %d payloads", r.Total)
			}
			if p99 := r.FromDue.Quantile(0.99); *full && !processtest.Race() && tt.p99 > 0 && p99 > tt.p99 {
				t.Errorf("got p99 %v, want at most %v", p99, tt.p99)
			}
		})
	}
}
