package loopback

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Services are the processes of all peers. An idle one costs nothing.
type Services []*Child

// StartAll starts the service of each peer by the arguments that command
// returns for its name.
func StartAll(ctx context.Context, command func(name string) []string) (Services, error) {
	var all Services
	for _, p := range Peers() {
		c, err := Start(ctx, command(p.Name)...)
		if err != nil {
			return nil, errors.Join(err, all.Stop())
		}
		all = append(all, c)
	}
	return all, nil
}

// Stop ends them.
func (s Services) Stop() error {
	var errs []error
	for _, c := range s {
		errs = append(errs, c.orders.Close())
	}
	for _, c := range s {
		errs = append(errs, c.cmd.Wait())
	}
	return errors.Join(errs...)
}

// Round puts the load on one service after another, in reverse order if isReturn is set,
// and writes the results in the format of benchmarks.
func (s Services) Round(ctx context.Context, load Load, isReturn bool, out io.Writer) error {
	peers := Peers()
	for i := range peers {
		if isReturn {
			i = len(peers) - 1 - i
		}
		r, err := load.Run(ctx, s[i], Request())
		if err != nil {
			return fmt.Errorf("%s with the load %s: %w", peers[i].Name, load.name(), err)
		}
		n := max(r.Requests, 1)
		_, err = fmt.Fprintf(out, "BenchmarkLoopback/task=%s/peer=%s %d %.0f req/s %d cpu-ns/op %d own-cpu-ns/op %d p50-ns %d p99-ns %d B/op %d allocs/op\n",
			load.name(), peers[i].Name, r.Requests, float64(r.Requests)/r.Elapsed.Seconds(),
			r.Service.cpu.Nanoseconds()/n, r.Own.Nanoseconds()/n, r.P50.Nanoseconds(), r.P99.Nanoseconds(), r.Service.bytes/n, r.Service.objects/n)
		if err != nil {
			return err
		}
	}
	return nil
}

// Loads returns the loads for the comparison.
func Loads(warm, take time.Duration) []Load {
	return []Load{
		{Connections: 64, Warm: warm, Take: take},
		{Connections: 512, Warm: warm, Take: take},
		{Connections: 256, Rate: 5000, Warm: warm, Take: take},
	}
}
