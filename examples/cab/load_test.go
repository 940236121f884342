package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
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

// cpuOf returns the time that a process has computed for, as Linux says it, else 0.
func cpuOf(t *testing.T, pid int) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
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
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	address, pid := strings.TrimPrefix(p.Base(), "http://"), p.PID(t)
	var mu sync.Mutex
	var m measured
	var took []time.Duration
	var group sync.WaitGroup
	busy, own := cpuOf(t, pid), cpu(t)
	for range clients {
		group.Go(func() {
			one, refused, err := keepAsking(ctx, address)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			took, m.refused = append(took, one...), m.refused+refused
		})
	}
	group.Wait()
	busy, own = cpuOf(t, pid)-busy, cpu(t)-own
	if len(took) == 0 {
		t.Fatal("no request was answered")
	}
	slices.Sort(took)
	m.good, m.rate = len(took), float64(len(took))/d.Seconds()
	m.p50, m.p99 = took[len(took)/2], took[len(took)*99/100]
	m.cpu, m.own = busy/time.Duration(m.good), own/time.Duration(m.good)
	return m
}

// keepAsking is a client that costs little, so that the two cores are the service's: it sends
// the same bytes again over one connection until the context ends. It returns how long each
// good answer took, and how many weren't good. Every answer is read to its end and must have
// the drivers and fares that it should have, and no gap.
func keepAsking(ctx context.Context, address string) (took []time.Duration, refused int, err error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, 0, err
	}
	defer conn.Close()
	method, target, _ := strings.Cut(nearDublin, " ")
	request := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\n\r\n", method, target, address)
	lines, body := bufio.NewReader(conn), []byte(nil)
	for ctx.Err() == nil {
		began := time.Now()
		if _, err := conn.Write(request); err != nil {
			return took, refused, err
		}
		status := 0
		if status, body, err = readAnswer(lines, body); err != nil {
			return took, refused, err
		}
		if status != http.StatusOK {
			refused++
			continue
		}
		took = append(took, time.Since(began))
		if bytes.Count(body, []byte(`"etaSeconds":`)) != 3 || bytes.Count(body, []byte(`"currency":"EUR"`)) != 3 || !bytes.Contains(body, []byte(`"degraded":[]`)) {
			return took, refused, fmt.Errorf("got %s", body)
		}
	}
	return took, refused, nil
}

// readAnswer reads a response that has a Content-Length, its body into the room of another.
func readAnswer(r *bufio.Reader, room []byte) (status int, body []byte, err error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return 0, room, err
	}
	const before, digits = len("HTTP/1.1 "), len("200")
	if len(line) < before+digits {
		return 0, room, fmt.Errorf("got %q", line)
	}
	if status, err = strconv.Atoi(string(line[before : before+digits])); err != nil {
		return 0, room, fmt.Errorf("got %q: %w", line, err)
	}
	length := -1
	for len(line) > len("\r\n") {
		if line, err = r.ReadSlice('\n'); err != nil {
			return 0, room, err
		}
		if value, is := bytes.CutPrefix(line, []byte("Content-Length: ")); is {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, room, err
			}
		}
	}
	if length < 0 {
		return 0, room, errors.New("the answer doesn't say how long it is")
	}
	body = slices.Grow(room[:0], length)[:length]
	_, err = io.ReadFull(r, body)
	return status, body, err
}

// loadConfig returns the configuration under which the load is measured. It has every tariff, so
// that a trace has no errors, and most are sampled out; the trace with two is the deck's, and
// has a test of its own.
func loadConfig(t *testing.T) string {
	t.Helper()
	dir := patientConfig(t)
	if *full {
		dir = t.TempDir()
		if err := os.CopyFS(dir, os.DirFS("internal/config/defaults")); err != nil {
			t.Fatal(err)
		}
	}
	const tariff = `{"base":380,"currency":"EUR"}`
	text := `{"hailo":{"service":{"fare":{"tariffs":{"DUB":{"taxi":` + tariff + `,"estate":` + tariff + `,"van":` + tariff + `}}}}}}`
	if err := os.WriteFile(filepath.Join(dir, "H2__BASE__com.hailocab.service.fare.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Requests through twelve services while 20,000 drivers move and 15,000 jobs an hour are made,
// with and without traces, in turn. Every span is accounted for.
func TestLoad(t *testing.T) {
	rounds, d := 1, time.Second
	args := []string{"-drivers", "1000", "-jobs", "15000", "-config", loadConfig(t)}
	if *full {
		rounds, d, args[1] = 3, 5*time.Second, "20000"
	}
	of := map[bool]*[2]time.Duration{true: {}, false: {}} // CPU for a request, in the service and in the clients
	for range rounds {
		for _, traced := range []bool{true, false} {
			p := run(t, append(args, fmt.Sprintf("-trace=%v", traced))...)
			until(t, "drivers are there", func() bool { return p.do(t, nearDublin, "").status == 200 })
			pid := p.PID(t)
			before := cpuOf(t, pid)
			time.Sleep(d)
			beside := cpuOf(t, pid) - before // for the drivers and the jobs
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
	if s.SampledOut < s.Received/2 || s.Stored == 0 {
		t.Errorf("a twentieth of the traces should be kept: %+v", s)
	}
}
