// Load sends numbers to a stats service: the weather of three cities, so that there is
// something to see, or as many numbers as it is told, to find out what the service bears.
//
//	load                          the weather of the last month, and then of each minute
//	load -for 30s -clients 64     posts forms, and says how long they took
//	load -for 30s -batch 100      posts batches
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// options are the flags.
type options struct {
	url, host, key string
	data           string
	clients, batch int
	stats          int
	rate           float64
	length         time.Duration
	once           bool
	keys           bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:gocritic // nothing is left to stop
	}
}

func run(ctx context.Context, args []string) error {
	o := &options{}
	f := flag.NewFlagSet("load", flag.ContinueOnError)
	f.StringVar(&o.url, "url", "http://127.0.0.1:8000", "`URL` of the service")
	f.StringVar(&o.host, "host", "api.localhost", "`name` of its api host")
	f.StringVar(&o.data, "data", "stats.data", "`directory` of the service, where its ezkey is found")
	f.StringVar(&o.key, "key", "", "the `ezkey`; by default, the one that is found")
	f.DurationVar(&o.length, "for", 0, "how long to measure; by default, there is weather instead")
	f.BoolVar(&o.once, "once", false, "send the weather of the last month, and end")
	f.IntVar(&o.clients, "clients", 32, "clients at a time")
	f.IntVar(&o.batch, "batch", 0, "numbers in each request, as JSON; 0 is a form with one")
	f.IntVar(&o.stats, "stats", 100, "how many stats there are")
	f.Float64Var(&o.rate, "rate", 0, "requests a second, or 0 for as many as there can be")
	f.BoolVar(&o.keys, "keys", false, "send an Idempotency-Key, and repeat what wasn't acknowledged")
	if err := f.Parse(args); err != nil {
		return err
	}
	if o.key == "" {
		key, err := findKey(o.data)
		if err != nil {
			return err
		}
		o.key = key
	}
	if o.length == 0 {
		return weather(ctx, o)
	}
	r, err := measure(ctx, o)
	if err == nil {
		fmt.Println(r)
	}
	return err
}

// findKey reads the key that the service has left in its directory.
func findKey(data string) (string, error) {
	f, err := os.Open(filepath.Join(data, "account")) //nolint:gosec // the user chooses it
	if err != nil {
		return "", fmt.Errorf("%w: start the service, or say -key", err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if key, ok := strings.CutPrefix(lines.Text(), "ezkey "); ok {
			return key, nil
		}
	}
	return "", errors.New("there is no ezkey in the file")
}
