package trial

import (
	"context"
	"testing"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/openloop"
)

func mustRun(t *testing.T, o openloop.Options) openloop.Result {
	t.Helper()
	r, err := openloop.Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// under has something happen to the service under load, again and again, and returns
// what became of the requests. The service has stopped then.
func under(t *testing.T, fault func(s *service), args ...string) (*service, openloop.Result) {
	t.Helper()
	times, rate := 2, 300.0
	if *full {
		times, rate = 20, 5000
	}
	s := start(t, append([]string{"-segment-bytes", "256KiB", "-segment-age", "500ms"}, args...)...)
	l := s.begin(t, rate)
	for range times {
		l.more(t)
		fault(s)
	}
	l.more(t)
	r := l.end(t)
	s.Stop(t)
	t.Log(told(&r))
	return s, r
}

// What was acknowledged is there however often the process was killed. What wasn't
// may be: its client has to ask again, and so may have it twice.
func TestKilledServiceLosesNoPayload(t *testing.T) {
	for _, sync := range []string{"none", "group"} {
		t.Run(sync, func(t *testing.T) {
			parallel(t)
			s, _ := under(t, func(s *service) {
				s.Kill(t)
				s.Process = s.Again(t)
			}, "-sync", sync)
			report := s.verify(t)
			t.Logf("\n%v", report)
			if report.Lost() || report.Unknown > 0 || report.RefusedStored > 0 {
				t.Error("payloads are lost, or there are some that nobody has sent")
			}
		})
	}
}

// While the service is stopped nobody can connect. What was sent is answered, but for
// requests on connections that the kernel had accepted and the service hadn't yet,
// which nobody has seen.
func TestStoppedServiceStoresEachPayloadOnce(t *testing.T) {
	parallel(t)
	s, r := under(t, func(s *service) {
		s.Stop(t)
		s.Process = s.Again(t)
	})
	report := s.verify(t)
	t.Logf("\n%v", report)
	if !report.Exact() || report.Acked != r.Good {
		t.Errorf("the store doesn't hold exactly the %d payloads that were acknowledged", r.Good)
	}
}

func TestRestartedServiceFailsNoRequestAndStoresEachPayloadOnce(t *testing.T) {
	parallel(t)
	s, r := under(t, func(s *service) { s.Restart(t) })
	report := s.verify(t)
	t.Logf("\n%v", report)
	if !report.Exact() || r.Bad() > 0 || report.Acked != r.Total {
		t.Errorf("the store doesn't hold exactly the %d payloads, of which %d weren't accepted", r.Total, r.Bad())
	}
}
