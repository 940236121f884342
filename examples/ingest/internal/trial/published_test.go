package trial

import (
	"encoding/json"
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
	rates, d, latency := []float64{2000}, time.Second, "2s"
	if *full {
		rates, d, latency = []float64{4630, 16_667}, 5*time.Second, "100ms"
	}
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

type figures struct{ Accepted, Uploaded, Goroutines int64 }

func figuresOf(t *testing.T, base string) (f figures) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/figures", nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patient}
	rs, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	if err := json.NewDecoder(rs.Body).Decode(&f); err != nil {
		t.Fatal(err)
	}
	return f
}
