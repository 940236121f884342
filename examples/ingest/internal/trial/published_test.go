package trial

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/ingest/internal/openloop"
	"github.com/rcrowley/go-tigertonic/examples/internal/processtest"
)

// The design as it was published accepts what it can't upload, and holds it in a
// goroutine each. With -full this measures a copy of it (see package published) with a
// store that takes 100 ms, as the README tells beside the service's figures.
func TestPublishedDesignHoldsWhatItAcceptsInGoroutines(t *testing.T) {
	parallel(t)
	file := filepath.Join(t.TempDir(), "published")
	if err := processtest.Build(file, "github.com/rcrowley/go-tigertonic/examples/ingest/internal/published"); err != nil {
		t.Fatal(err)
	}
	rates, d, latency := sizes()
	for _, rate := range rates {
		p := processtest.Start(t, file, "-addr", processtest.FreeAddress(t), "-workers", "100", "-latency", latency)
		r := mustRun(t, openloop.Options{Request: openloop.Request{URL: p.Base() + "/1.0/payloads", Body: payload}, Run: "r", Rate: rate, For: d})
		f := figuresOf(t, p.Base())
		t.Logf("in %v at %v/s: accepted %d, uploaded %d, so %d are lost if it ends; %d goroutines, at most %d KiB resident", d, rate,
			f.Accepted, f.Uploaded, f.Accepted-f.Uploaded, f.Goroutines, peak(t, p.PID(t)))
		t.Log(told(&r))
		waiting := f.Accepted - f.Uploaded - 100 // the workers have theirs
		if f.Accepted != r.Good || waiting < r.Good/4 || f.Goroutines < waiting {
			t.Errorf("got %+v, and %d good answers; want a goroutine for each payload that waits", f, r.Good)
		}
		p.Kill(t)
	}
}

// sizes returns how much the published design is given, and how long its store takes.
func sizes() (rates []float64, d time.Duration, latency string) {
	if *full {
		return []float64{4630, 16_667}, 5 * time.Second, "100ms"
	}
	return []float64{2000}, time.Second, "2s"
}

// The same for the service, which is killed then.
func TestServiceKeepsWhatThePublishedDesignLoses(t *testing.T) {
	parallel(t)
	rates, d, _ := sizes()
	for _, rate := range rates {
		admin := processtest.FreeAddress(t)
		s := start(t, "-admin", admin)
		goroutines := make(chan int, 1)
		time.AfterFunc(d*3/4, func() { goroutines <- countGoroutines(t, admin) })
		r := mustRun(t, s.options(rate, d))
		n := <-goroutines
		if n < 1 || n > 2000 {
			t.Errorf("got %d goroutines under load, want a few for each of at most 256 connections", n)
		}
		kib := peak(t, s.PID(t))
		s.Kill(t)
		s.Process = s.Again(t)
		s.Stop(t)
		report := s.verify(t)
		t.Logf("in %v at %v/s: accepted %d, in the store after a kill and a start %d, in %d objects; %d goroutines under load, at most %d KiB resident",
			d, rate, r.Good, report.InPlace, report.Objects, n, kib)
		t.Log(told(&r))
		if !report.Exact() || report.InPlace != r.Total {
			t.Errorf("the store doesn't hold exactly the %d payloads:\n%v", r.Total, report)
		}
	}
}

type figures struct{ Accepted, Uploaded, Goroutines int64 }

func figuresOf(t *testing.T, base string) (f figures) {
	t.Helper()
	text, err := get(t.Context(), base+"/figures")
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// countGoroutines returns how many goroutines the service has, or 0 after an error.
func countGoroutines(t *testing.T, admin string) (n int) {
	t.Helper()
	text, err := get(t.Context(), "http://"+admin+"/debug/pprof/goroutine?debug=1")
	if err == nil {
		_, err = fmt.Sscanf(string(text), "goroutine profile: total %d\n", &n)
	}
	if err != nil {
		t.Error(err)
	}
	return n
}

func get(ctx context.Context, url string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patient}
	rs, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer rs.Body.Close()
	return io.ReadAll(rs.Body)
}
