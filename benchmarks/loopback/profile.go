package loopback

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/pprof/profile"
)

// Where the CPU time of a service goes is told by whose code it is spent for. Of a
// sample, that is the innermost function which somebody answers for: memory that
// net/http allocates is net/http's. What the kernel does is told apart, as are the
// collector and the scheduler.

// An owner answers for the functions whose names have one of its prefixes.
type owner struct {
	name     string
	prefixes []string
}

const others = "others"

// owners returns those that are asked, one after another, for each function.
func owners() []owner {
	return []owner{
		{"system calls", []string{"internal/runtime/syscall/", "syscall.", "runtime.futex", "runtime.usleep", "runtime.madvise"}},
		{"net/http", []string{"net/http.", "net/textproto.", "net/url.", "net.", "internal/poll.", "bufio.", "mime."}},
		{"by hand", []string{"github.com/rcrowley/go-tigertonic/benchmarks/"}},
		{"framework", []string{
			"github.com/rcrowley/go-tigertonic.", "github.com/gin-gonic/", "github.com/labstack/", "github.com/danielgtaylor/",
			"github.com/rs/cors.", "github.com/prometheus/", "log/slog.",
		}},
		{"JSON", []string{"encoding/json", "github.com/go-json-experiment/json"}},
		{"collector", []string{"runtime.gcBgMarkWorker", "runtime.gcAssistAlloc", "runtime.gcStart", "runtime.bgsweep", "runtime.bgscavenge"}},
		{"scheduler", []string{"runtime.mcall", "runtime.mstart", "runtime.morestack"}},
		{others, nil},
	}
}

// ownerOf returns who answers for a sample.
func ownerOf(s *profile.Sample) string {
	for _, location := range s.Location {
		for _, line := range location.Line {
			i := slices.IndexFunc(owners(), func(o owner) bool {
				return slices.ContainsFunc(o.prefixes, func(p string) bool { return strings.HasPrefix(line.Function.Name, p) })
			})
			if i >= 0 {
				return owners()[i].name
			}
		}
	}
	return others
}

// shares returns what part of a profile's samples each owner has.
func shares(p *profile.Profile) map[string]float64 {
	all, of := 0.0, map[string]float64{}
	for _, s := range p.Sample {
		n := float64(s.Value[0])
		of[ownerOf(s)] += n
		all += n
	}
	for name := range of {
		of[name] /= all
	}
	return of
}

// Profile puts the load on one after another, leaves a CPU profile of each in dir,
// and writes a table of where the time goes.
func (s Services) Profile(ctx context.Context, load Load, dir string, out io.Writer) error {
	names := []string{""}
	for _, o := range owners() {
		names = append(names, o.name)
	}
	columns := [][]string{append(names, "all", "load generator")}
	for i, p := range Peers() {
		r, of, err := s[i].profile(ctx, load, filepath.Join(dir, p.Name+".pprof"))
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		columns = append(columns, column(p.Name, r, of))
	}
	return writeColumns(out, columns)
}

// column returns what is told of a service.
func column(name string, r Result, of map[string]float64) []string {
	each := func(d time.Duration) float64 { return d.Seconds() * 1e6 / float64(max(r.Requests, 1)) }
	cells := []string{name}
	for _, o := range owners() {
		cells = append(cells, fmt.Sprintf("%.1f µs, %.0f%%", of[o.name]*each(r.CPU), 100*of[o.name]))
	}
	return append(cells, fmt.Sprintf("%.1f µs", each(r.CPU)), fmt.Sprintf("%.1f µs", each(r.Own)))
}

// profile puts the load on a service and has it write a profile of that.
func (c *Child) profile(ctx context.Context, load Load, path string) (r Result, of map[string]float64, err error) {
	if _, err := c.order("profile " + path); err != nil {
		return r, nil, err
	}
	if r, err = load.Run(ctx, c, Request()); err != nil {
		return r, nil, err
	}
	if _, err := c.order("stop"); err != nil {
		return r, nil, err
	}
	text, err := os.ReadFile(path) //nolint:gosec // it was written just now
	if err != nil {
		return r, nil, err
	}
	p, err := profile.ParseData(text)
	if err != nil {
		return r, nil, err
	}
	return r, shares(p), nil
}

// writeColumns writes a table in Markdown.
func writeColumns(out io.Writer, columns [][]string) error {
	var b strings.Builder
	for i := range columns[0] {
		for _, column := range columns {
			fmt.Fprintf(&b, "| %s ", column[i])
		}
		b.WriteString("|\n")
		if i == 0 {
			b.WriteString(strings.Repeat("| --- ", len(columns)) + "|\n")
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}
