package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/rcrowley/go-tigertonic"
	"github.com/robfig/cron/v3"
)

// A job is run on schedule by one of the processes that use a database.
type job struct {
	name, at string
	// limit is how long it may take, and hold for how long nobody runs it again, which is
	// shorter than its period.
	limit, hold time.Duration
	run         func(ctx context.Context, now time.Time) error
}

// jobs are the scheduled jobs of the forum.
func (s *service) jobs() []job {
	return []job{
		{"mails", "* * * * *", 10 * time.Minute, 30 * time.Second, s.sendNotices},
		{"orphans", "0 5 * * *", 30 * time.Minute, time.Hour, s.sweep},
		{"expired-tokens", "30 * * * *", time.Minute, 30 * time.Minute, func(ctx context.Context, now time.Time) error {
			return execute(ctx, s.store.write, "DELETE FROM tokens WHERE expires < $1", micros(now.Add(-30*24*time.Hour)))
		}},
		{"counts", "0 1 * * *", 10 * time.Minute, time.Hour, func(ctx context.Context, _ time.Time) error { return s.store.recount(ctx) }},
		{"old-updates", "0 4 * * *", 10 * time.Minute, time.Hour, func(ctx context.Context, now time.Time) error {
			return execute(ctx, s.store.write, "DELETE FROM updates WHERE created < $1", micros(now.Add(-90*24*time.Hour)))
		}},
	}
}

// A runner runs jobs.
type runner struct {
	store   *store
	holder  string
	panics  metrics.Counter
	failed  metrics.Counter
	now     func() time.Time
	context context.Context //nolint:containedctx // that of the process, for jobs that a clock starts
}

func (s *service) newRunner(ctx context.Context) *runner {
	return &runner{
		store: s.store, holder: fmt.Sprintf("%d-%s", os.Getpid(), tigertonic.RandomBase62String(8)), now: s.now, context: ctx,
		panics: metrics.GetOrRegisterCounter("job-panics", s.registry), failed: metrics.GetOrRegisterCounter("jobs-failed", s.registry),
	}
}

// runJobs runs jobs on schedule until the context ends, and then waits for running ones.
func (r *runner) runJobs(jobs []job) {
	c := cron.New(cron.WithLocation(time.UTC))
	for _, j := range jobs {
		if _, err := c.AddFunc(j.at, func() { r.run(j) }); err != nil {
			slog.Error("a job is never run", "job", j.name, "error", err)
		}
	}
	c.Start()
	<-r.context.Done()
	<-c.Stop().Done()
}

// run runs a job, unless another run is in progress or has just ended, here or elsewhere.
func (r *runner) run(j job) {
	ctx, cancel := context.WithTimeout(r.context, j.limit)
	defer cancel()
	begin := r.now()
	ok, err := r.store.lease(ctx, "job/"+j.name, r.holder, begin, max(j.limit, j.hold))
	if err != nil || !ok {
		if err != nil {
			slog.Warn("a job wasn't run", "job", j.name, "error", err)
		}
		return
	}
	defer func() {
		if p := recover(); p != nil {
			r.panics.Inc(1)
			slog.Error("a job has panicked", "job", j.name, "panic", p)
		}
		if err := r.store.release(context.WithoutCancel(ctx), "job/"+j.name, r.holder, begin.Add(j.hold)); err != nil {
			slog.Warn("a job is held until its limit", "job", j.name, "error", err)
		}
	}()
	if err := j.run(ctx, begin); err != nil {
		r.failed.Inc(1)
		slog.Error("a job has failed", "job", j.name, "error", err)
	}
}

// lease takes a name for a time, unless somebody has it, and reports whether it did.
func (s *store) lease(ctx context.Context, name, holder string, now time.Time, d time.Duration) (ok bool, err error) {
	err = s.inTx(ctx, func(tx queryer) error {
		err := change(ctx, tx, `INSERT INTO leases (name, holder, expires) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires = excluded.expires WHERE leases.expires <= $4`,
			name, holder, micros(now.Add(d)), micros(now))
		ok = err == nil
		if errors.Is(err, errMissing) {
			return nil
		}
		return err
	})
	return ok, err
}

// release frees a name again at a time.
func (s *store) release(ctx context.Context, name, holder string, at time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, laterPatience)
	defer cancel()
	return execute(ctx, s.write, "UPDATE leases SET expires = $3 WHERE name = $1 AND holder = $2", name, holder, micros(at))
}
