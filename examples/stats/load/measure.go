package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rcrowley/go-tigertonic"
)

// drain reads an answer to its end, so that its connection can be used again.
func drain(rs *http.Response) error {
	_, err := io.Copy(io.Discard, rs.Body)
	_ = rs.Body.Close() // nothing was written
	return err
}

// A report is what a measurement has come to.
type report struct {
	took         time.Duration
	acknowledged int // requests
	samples      int
	refused      int
	latencies    []time.Duration // of those that were acknowledged, sorted
}

// String returns a line.
func (r *report) String() string {
	seconds := r.took.Seconds()
	return fmt.Sprintf("%d requests with %d numbers in %.1f s: %.0f requests/s, %.0f numbers/s; %d refused; p50 %v, p99 %v, max %v",
		r.acknowledged, r.samples, seconds, float64(r.acknowledged)/seconds, float64(r.samples)/seconds, r.refused,
		r.quantile(.5), r.quantile(.99), r.quantile(1))
}

func (r *report) quantile(q float64) time.Duration {
	if len(r.latencies) == 0 {
		return 0
	}
	return r.latencies[min(int(q*float64(len(r.latencies))), len(r.latencies)-1)].Round(10 * time.Microsecond)
}

// measure posts for as long as it is told. With a rate, latency counts from when a request
// was due.
func measure(ctx context.Context, o *options) (*report, error) {
	ctx, cancel := context.WithTimeout(ctx, o.length)
	defer cancel()
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: o.clients}}
	defer client.CloseIdleConnections()
	began := time.Now()
	reports := make([]report, o.clients)
	var wg sync.WaitGroup
	for i := range reports {
		wg.Go(func() { o.client(ctx, client, i, began, &reports[i]) })
	}
	wg.Wait()
	all := &report{took: time.Since(began)}
	for _, r := range reports {
		all.acknowledged += r.acknowledged
		all.samples += r.samples
		all.refused += r.refused
		all.latencies = append(all.latencies, r.latencies...)
	}
	slices.Sort(all.latencies)
	if all.acknowledged == 0 {
		return all, fmt.Errorf("nothing was acknowledged, %d were refused", all.refused)
	}
	return all, nil
}

// client is one of the clients.
func (o *options) client(ctx context.Context, client *http.Client, i int, began time.Time, r *report) {
	interval := time.Duration(0)
	if o.rate > 0 {
		interval = time.Duration(float64(o.clients) / o.rate * float64(time.Second))
	}
	due := began.Add(interval * time.Duration(i) / time.Duration(o.clients))
	for n := 0; ctx.Err() == nil; n++ {
		if interval > 0 {
			select {
			case <-time.After(time.Until(due)):
			case <-ctx.Done():
				return
			}
		} else {
			due = time.Now()
		}
		mediaType, body := o.body(i, n)
		key := ""
		if o.keys {
			key = tigertonic.RandomBase62String(16)
		}
		o.repeat(client, mediaType, body, key, r, due)
		due = due.Add(interval)
	}
}

// repeat posts a body, with a key until it is acknowledged.
func (o *options) repeat(client *http.Client, mediaType, body, key string, r *report, due time.Time) {
	for {
		status, err := o.post(context.Background(), client, mediaType, body, key)
		if err == nil && status < http.StatusMultipleChoices {
			break
		}
		r.refused++
		if key == "" {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	r.latencies = append(r.latencies, time.Since(due))
	r.acknowledged++
	r.samples += max(1, o.batch)
}

// body returns the n-th body of a client.
func (o *options) body(i, n int) (mediaType, text string) {
	stat := func(k int) string { return "load " + strconv.Itoa((i*31+k)%o.stats) }
	if o.batch == 0 {
		return "application/x-www-form-urlencoded", url.Values{"ezkey": {o.key}, "stat": {stat(n)}, "count": {"1"}}.Encode()
	}
	var b strings.Builder
	b.WriteString(`{"ezkey":"` + o.key + `","data":[`)
	for k := range o.batch {
		if k > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"stat":"` + stat(n*o.batch+k) + `","count":1}`)
	}
	b.WriteString("]}")
	return "application/json", b.String()
}
