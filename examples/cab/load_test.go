package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// The whole of it is "go test ./cab -run Load -v -full".
var full = flag.Bool("full", false, "measure the service under load")

// measured is what clients have seen.
type measured struct {
	rate          float64
	p50, p99      time.Duration
	good, refused int
}

// measure has clients ask who is near, as fast as they are answered.
func (p *remote) measure(t *testing.T, clients int, d time.Duration) measured {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var mu sync.Mutex
	var m measured
	var took []time.Duration
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			var own []time.Duration
			refused := 0
			for ctx.Err() == nil {
				began := time.Now()
				got, err := ask(ctx, client, p.Base(), nearDublin, "")
				switch {
				case err == nil && got.status == 200:
					own = append(own, time.Since(began))
				case ctx.Err() == nil:
					refused++
				}
			}
			mu.Lock()
			defer mu.Unlock()
			took, m.refused = append(took, own...), m.refused+refused
		})
	}
	group.Wait()
	if len(took) == 0 {
		t.Fatal("no request was answered")
	}
	slices.Sort(took)
	m.good, m.rate = len(took), float64(len(took))/d.Seconds()
	m.p50, m.p99 = took[len(took)/2], took[len(took)*99/100]
	return m
}

// Requests through twelve services while 20,000 drivers move and 15,000 jobs an hour are made,
// with and without traces, in turn. Every span is accounted for.
func TestLoad(t *testing.T) {
	rounds, d := 1, time.Second
	args := []string{"-drivers", "1000", "-jobs", "15000"}
	if *full {
		rounds, d, args = 3, 5*time.Second, []string{"-drivers", "20000", "-jobs", "15000"}
	}
	rates := map[bool]float64{}
	for range rounds {
		for _, traced := range []bool{true, false} {
			p := run(t, append(args, fmt.Sprintf("-trace=%v", traced))...)
			until(t, "drivers are there", func() bool { return p.do(t, nearDublin, "").status == 200 })
			m := p.measure(t, 16, d)
			rates[traced] += m.rate / float64(rounds)
			t.Logf("traced %v: %.0f requests/s, p50 %v, p99 %v, %d refused", traced, m.rate, m.p50, m.p99, m.refused)
			if m.refused > m.good/100 {
				t.Errorf("%d of %d were refused", m.refused, m.good+m.refused)
			}
			if traced {
				list := decode[traceList](t, p.do(t, "GET /traces", "").body)
				c, s := list.Ring, list.Store
				t.Logf("spans: %+v, %+v", c, s)
				if c.Dropped+c.Delivered > c.Sent || s.Received != s.Stored+s.Pending+s.SampledOut+s.Evicted+s.Duplicates || c.Sent < int64(25*m.good) {
					t.Errorf("they don't add up: %+v, %+v", c, s)
				}
			}
			p.Stop(t)
		}
	}
	t.Logf("with traces %.0f requests/s, without %.0f", rates[true], rates[false])
}
