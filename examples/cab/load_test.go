package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
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
	cpu, own      time.Duration // of the service and of the clients, for each request
}

// String says what was measured, and how many requests a second two cores could answer by
// it, clients and the rest included.
func (m measured) String() string {
	return fmt.Sprintf("%.0f requests/s, p50 %v, p99 %v, %d refused; CPU for each: %v in the service, %v in the clients",
		m.rate, m.p50.Round(10*time.Microsecond), m.p99.Round(10*time.Microsecond), m.refused, m.cpu.Round(time.Microsecond), m.own.Round(time.Microsecond))
}

// cpu returns the time that the process has computed for, as Linux says it, else 0.
func (p *remote) cpu(t *testing.T) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID(t)))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	user, err := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err != nil || err2 != nil {
		t.Fatalf("%q: %v, %v", text, err, err2)
	}
	const tick = 10 * time.Millisecond // of Linux, for programs
	return time.Duration(user+system) * tick
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
	busy, own := p.cpu(t), cpu(t)
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
	m.cpu, m.own = (p.cpu(t)-busy)/time.Duration(m.good), (cpu(t)-own)/time.Duration(m.good)
	return m
}

// Requests through twelve services while 20,000 drivers move and 15,000 jobs an hour are made,
// with and without traces, in turn. Every span is accounted for.
func TestLoad(t *testing.T) {
	rounds, d := 1, time.Second
	args := []string{"-drivers", "1000", "-jobs", "15000"}
	if *full {
		rounds, d, args = 3, 5*time.Second, []string{"-drivers", "20000", "-jobs", "15000", "-config", ""}
	}
	of := map[bool]*[2]time.Duration{true: {}, false: {}} // CPU for a request, in the service and in the clients
	for range rounds {
		for _, traced := range []bool{true, false} {
			p := run(t, append(args, fmt.Sprintf("-trace=%v", traced))...)
			until(t, "drivers are there", func() bool { return p.do(t, nearDublin, "").status == 200 })
			before := p.cpu(t)
			time.Sleep(d)
			beside := p.cpu(t) - before // for the drivers and the jobs
			m := p.measure(t, 16, d)
			m.cpu -= beside / time.Duration(m.good)
			of[traced][0] += m.cpu / time.Duration(rounds)
			of[traced][1] += m.own / time.Duration(rounds)
			t.Logf("traced %v: %v; beside it %.2f of a core", traced, m, beside.Seconds()/d.Seconds())
			if m.refused > m.good/100 {
				t.Errorf("%d of %d were refused", m.refused, m.good+m.refused)
			}
			if traced {
				p.checkSpans(t, m.good)
			}
			p.Stop(t)
		}
	}
	t.Logf("CPU for a request: %v with traces and %v without, besides %v in the clients", of[true][0], of[false][0], of[true][1])
}

// checkSpans checks that every span that was sent is stored or counted, now that no request
// goes on.
func (p *remote) checkSpans(t *testing.T, requests int) {
	t.Helper()
	var list traceList
	until(t, "every span has come", func() bool {
		list = decode[traceList](t, p.do(t, "GET /traces", "").body)
		return list.Ring.Sent == list.Ring.Delivered+list.Ring.Dropped && list.Ring.Delivered == list.Store.Received
	})
	c, s := list.Ring, list.Store
	t.Logf("spans: %+v, %+v", c, s)
	if s.Received != s.Stored+s.Pending+s.SampledOut+s.Evicted+s.Duplicates || c.Sent < int64(25*requests) || c.Failed > 0 {
		t.Errorf("they don't add up: %+v, %+v", c, s)
	}
}
