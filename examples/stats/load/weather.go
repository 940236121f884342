package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// A city has a climate.
type city struct {
	name            string
	mean, day, year float64 // °C: the mean, and by how much a day and a year differ from it
	rain            float64 // how often it rains
	east            float64 // hours that its noon is before that of UTC
}

func cities() []city {
	return []city{{"Bergen", 8, 2.5, 7, .45, 0.4}, {"Nairobi", 19, 5, 1.5, .15, 2.5}, {"Sapporo", 9, 4, 13, .25, 9.4}}
}

// An element is one of a batch.
type element struct {
	Stat  string   `json:"stat"`
	Count *float64 `json:"count,omitempty"`
	Value *float64 `json:"value,omitempty"`
	T     int64    `json:"t,omitempty"`
}

// at returns the weather of a city at a time, with what doesn't follow any rule.
func (c city) at(t time.Time, random *rand.Rand) []element {
	hours := float64(t.Unix())/3600 + c.east
	days := hours / 24
	swing := math.Sin(days*2*math.Pi/5.3+c.mean) + .6*math.Sin(days*2*math.Pi/2.1+c.day)
	temperature := c.mean + c.day*math.Cos((hours-14)/24*2*math.Pi) + c.year*math.Cos((days/365.25-.55)*2*math.Pi) + 1.8*swing + .3*random.NormFloat64()
	temperature = math.Round(temperature*10) / 10
	elements := []element{{Stat: "temperature~" + c.name, Value: &temperature, T: t.Unix()}}
	wet := .5 + .5*math.Sin(days*2*math.Pi/3.7+c.east)
	if random.Float64() < c.rain*wet {
		drops := math.Round(random.ExpFloat64() * 4 * wet)
		elements = append(elements, element{Stat: "rain drops~" + c.name + ",everywhere", Count: &drops, T: t.Unix()})
	}
	return elements
}

const (
	past      = 35 * 24 * time.Hour
	between   = 10 * time.Minute
	perBatch  = 600
	liveEvery = 2 * time.Second
)

// weather sends what the weather was, and then what it is.
func weather(ctx context.Context, o *options) error {
	client := &http.Client{Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	random := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano()))) //nolint:gosec // weather is no secret
	now := time.Now()
	var batch []element
	sent := 0
	for t := now.Add(-past); t.Before(now); t = t.Add(between) {
		for _, c := range cities() {
			batch = append(batch, c.at(t, random)...)
		}
		if len(batch) < perBatch {
			continue
		}
		if err := o.send(ctx, client, batch); err != nil {
			return err
		}
		sent += len(batch)
		batch = batch[:0]
	}
	if err := o.send(ctx, client, batch); err != nil {
		return err
	}
	fmt.Printf("sent the weather of the last %d days, %d numbers\n", int(past.Hours()/24), sent+len(batch))
	if o.once {
		return nil
	}
	fmt.Println("sending that of now, until it is interrupted")
	ticks := time.NewTicker(liveEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticks.C:
			batch = batch[:0]
			for _, c := range cities() {
				batch = append(batch, c.at(now, random)...)
			}
			if err := o.send(ctx, client, batch); err != nil {
				fmt.Println(err) // and it may be there again later
			}
		}
	}
}

// send sends a batch.
func (o *options) send(ctx context.Context, client *http.Client, batch []element) error {
	text, err := json.Marshal(map[string]any{"ezkey": o.key, "data": batch})
	if err != nil {
		return err
	}
	status, err := o.post(ctx, client, "application/json", string(text), "")
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the answer is %d", status)
	}
	return err
}

// post posts a body and returns the status of the answer.
func (o *options) post(ctx context.Context, client *http.Client, mediaType, body, key string) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, o.url+"/ez", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Host = o.host
	r.Header.Set("Content-Type", mediaType)
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	rs, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	return rs.StatusCode, drain(rs)
}
