package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic/benchmarks/loopback"
)

// Everything is measured in many short rounds, so that changes of the machine affect all
// peers alike. Every other round runs the services in reverse order.

type options struct {
	only                string
	rounds              int
	benchtime, loadtime time.Duration
	raw, report         string
	profiles            string
}

// packages are those with benchmarks.
func packages() []string {
	return []string{"routing", "endpoints", "documents", "streams", "middleware"}
}

func parts() []string { return append(packages(), "loopback") }

// wants reports whether a part is to be measured.
func (o *options) wants(part string) bool {
	return o.only == "" || slices.Contains(strings.Split(o.only, ","), part)
}

// rounded measures the wanted parts and writes the results to raw.
func (o *options) rounded(ctx context.Context, raw io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "benchmarks")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	tests, err := o.build(ctx, dir)
	if err != nil {
		return err
	}
	var services loopback.Services
	if o.wants("loopback") {
		services, err = loopback.StartAll(ctx, serve)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, services.Stop()) }()
	}
	for i := range o.rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", i+1, o.rounds)
		for _, test := range tests {
			if err := o.bench(ctx, test, raw); err != nil {
				return err
			}
		}
		if services == nil {
			continue
		}
		for _, load := range loopback.Loads(o.loadtime/4, o.loadtime) {
			if err := services.Round(ctx, load, i%2 == 1, raw); err != nil {
				return err
			}
		}
	}
	return nil
}

// serve returns the arguments that make this program a service.
func serve(name string) []string { return []string{"serve", name} }

// profile loads the services with 64 connections, in as many rounds as are measured.
func (o *options) profile(ctx context.Context, out io.Writer) (err error) {
	dir, err := filepath.Abs(o.profiles)
	if err == nil {
		err = os.MkdirAll(dir, 0o755) //nolint:gosec // everybody may read it
	}
	if err != nil {
		return err
	}
	services, err := loopback.StartAll(ctx, serve)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, services.Stop()) }()
	load := loopback.Load{Connections: 64, Warm: o.loadtime / 4, Take: o.loadtime}
	return services.Profile(ctx, load, o.rounds, dir, out)
}

// build builds the benchmarks of the packages, after their tests have passed: all peers
// respond alike.
func (o *options) build(ctx context.Context, dir string) (tests []string, err error) {
	for _, name := range packages() {
		if !o.wants(name) {
			continue
		}
		fmt.Fprintln(os.Stderr, "building and checking", name)
		test := filepath.Join(dir, name)
		if err := run(ctx, ".", os.Stderr, "go", "test", "-c", "-o", test, "./"+name); err != nil {
			return nil, err
		}
		if err := run(ctx, name, os.Stderr, test, "-test.failfast"); err != nil {
			return nil, err
		}
		tests = append(tests, test)
	}
	return tests, nil
}

// bench runs the benchmarks of a package once.
func (o *options) bench(ctx context.Context, test string, raw io.Writer) error {
	return run(ctx, filepath.Base(test), raw, test, "-test.run=^$", "-test.bench=.", "-test.benchtime="+o.benchtime.String())
}

// run runs a command in a folder.
func run(ctx context.Context, dir string, out io.Writer, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // go, and what it has built
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return nil
}
