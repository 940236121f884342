// Benchmarks compares Tiger Tonic with other routers, frameworks and middleware, and
// writes a report.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic/benchmarks/loopback"
	"github.com/rcrowley/go-tigertonic/benchmarks/report"
	"github.com/rcrowley/go-tigertonic/benchmarks/routing"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "serve" { // as a process that loopback asks
		exit(loopback.Serve(os.Args[2], os.Stdin, os.Stdout))
	}
	var o options
	flag.StringVar(&o.only, "only", "", "measure these of "+strings.Join(parts(), ",")+" only, and don't write a file")
	flag.IntVar(&o.rounds, "count", 20, "`rounds`; benchstat needs 6 for its confidence intervals")
	flag.DurationVar(&o.benchtime, "benchtime", 15*time.Millisecond, "`time` of each measurement in a process")
	flag.DurationVar(&o.loadtime, "loadtime", 500*time.Millisecond, "`time` of each measurement over loopback")
	flag.StringVar(&o.raw, "raw", "bench.out", "`file` for what is measured, as go test writes it")
	flag.StringVar(&o.report, "report", "../docs/BENCHMARKS.md", "`file` for the report")
	flag.StringVar(&o.profiles, "profiles", "", "measure where the CPU time of the services goes, and nothing else, and leave profiles in this `folder`")
	from := flag.Bool("from-raw", false, "measure nothing and report what the raw file holds")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if o.profiles != "" {
		exit(o.profile(ctx, os.Stdout))
	}
	if !*from {
		if err := o.measure(ctx); err != nil {
			exit(err)
		}
	}
	exit(o.tell(os.Stdout))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchmarks:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// measure measures the wanted parts and keeps the results in the raw file.
func (o *options) measure(ctx context.Context) (err error) {
	raw, err := os.Create(o.raw)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, raw.Close()) }()
	config, err := o.config(ctx)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(raw, config); err != nil {
		return err
	}
	return o.rounded(ctx, raw)
}

// tell writes the report of the raw file: all of it to its file, and the tables of ratios
// to out.
func (o *options) tell(out io.Writer) error {
	raw, err := os.ReadFile(o.raw)
	if err != nil {
		return err
	}
	results, err := report.Read(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	r := report.Report{Results: results, GitHubWildcards: githubWildcards()}
	if _, err := io.WriteString(out, r.Summary()); err != nil || o.only != "" {
		return err
	}
	if missing := r.Unmeasured(); missing != nil {
		return fmt.Errorf("the benchmarks have said nothing of: %s", strings.Join(missing, "; "))
	}
	dir := filepath.Join(filepath.Dir(o.report), "benchmarks")
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // likewise
		return err
	}
	for name, picture := range r.Pictures() {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(picture), 0o644); err != nil { //nolint:gosec // likewise
			return err
		}
	}
	return os.WriteFile(o.report, []byte(r.Markdown()), 0o644) //nolint:gosec // everybody may read it
}

// githubWildcards returns how many routes of GitHub's API have wildcards.
func githubWildcards() (n int) {
	routes, err := routing.Table("../testdata/routes", "github")
	if err != nil {
		exit(err)
	}
	for _, rt := range routes {
		if len(rt.Names) > 0 {
			n++
		}
	}
	return n
}
