// Package openloop offers a service requests at a steady rate, whether or not it
// keeps up, and measures how long each takes.
//
// Request i is due i/rate seconds after the start, and its latency counts from then. So a
// service that stalls for a second doesn't get away with one slow request and a second
// without any, as with clients that wait for their responses: the requests that were due
// meanwhile are late, and their latency shows it.
//
// A goroutine, the pacer, wakes every millisecond and sends what is due, each request on
// the connection that has waited longest, or on a new one while there are fewer than
// allowed. A connection has a goroutine that reads its responses; while there is a
// backlog, it also sends the next request itself. A connection that has something to read
// before its next request isn't used again. Nothing is sent twice or pipelined. Requests
// are rendered from a template into a reused buffer, and responses are parsed no more
// than necessary, since the generator often shares a machine with the service.
package openloop

import (
	"context"
	"errors"
	"math"
	"time"
)

// Options say what to send, where and how fast. Rate, For and Request must be set.
type Options struct {
	Request     Request
	Run         string        // what {run} stands for in the request
	Rate        float64       // requests a second
	For         time.Duration // how long requests become due
	Connections int           // at most so many requests in flight; 0 means 256
	Timeout     time.Duration // how long an answer may take once its request is sent; 0 means 30 s
	Grace       time.Duration // how long to go on at the end with what was due before; 0 means 10 s
	Outcomes    *Outcomes     // where to write what became of each request; may be nil
	Insecure    bool          // takes any certificate

	// Progress is called every second, if it is not nil.
	Progress func(Progress)
}

// Total returns how many requests become due.
func (o *Options) Total() int64 { return int64(math.Round(o.Rate * o.For.Seconds())) }

func (o *Options) check() error {
	var errs []error
	if !(o.Rate > 0) || o.Rate > 1e7 {
		errs = append(errs, errors.New("the rate must be above 0 and at most 10,000,000"))
	}
	if o.For <= 0 {
		errs = append(errs, errors.New("the duration must be above 0"))
	} else if o.Total() < 1 {
		errs = append(errs, errors.New("no request becomes due in that time"))
	}
	if o.Connections < 0 || o.Timeout < 0 || o.Grace < 0 {
		errs = append(errs, errors.New("connections and times must not be negative"))
	}
	return errors.Join(errs...)
}

func (o *Options) setDefaults() {
	if o.Connections == 0 {
		o.Connections = 256
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Grace == 0 {
		o.Grace = 10 * time.Second
	}
}

// Run sends the requests and returns the result. When ctx ends, it stops sending, and
// waits up to [Options.Grace] for outstanding responses. An error means that the options
// are wrong, or that the outcomes couldn't be written.
func Run(ctx context.Context, o Options) (Result, error) {
	o.setDefaults()
	if err := o.check(); err != nil {
		return Result{}, err
	}
	t, err := o.Request.compile(o.Run)
	if err != nil {
		return Result{}, err
	}
	g := newGenerator(o, t)
	g.pace(ctx)
	err = o.Outcomes.Flush()
	return g.result(), err
}
