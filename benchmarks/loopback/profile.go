package loopback

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/pprof/profile"
)

// The CPU time of a service is divided by whose code it is spent for. A sample belongs to
// the innermost function with an owner: memory that net/http allocates is net/http's. The
// kernel, the collector and the scheduler are separate.

// An owner owns the functions whose names have one of its prefixes.
type owner struct {
	name     string
	prefixes []string
}

const others = "others"

// owners returns the owners in the order in which they are tried for a function.
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

// ownerOf returns the owner of a sample.
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

// shares returns each owner's share of a profile's samples.
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

// Profile puts the load on one service after another, for so many rounds, writes a CPU
// profile of each to dir, and writes a table of where the time goes.
func (s Services) Profile(ctx context.Context, load Load, turns int, dir string, out io.Writer) error {
	peers := Peers()
	all := make([]profiled, len(peers))
	for range turns {
		for i, p := range peers {
			if err := all[i].add(ctx, s[i], load, filepath.Join(dir, p.Name+".pprof")); err != nil {
				return fmt.Errorf("%s: %w", p.Name, err)
			}
		}
	}
	names := []string{""}
	for _, o := range owners() {
		names = append(names, o.name)
	}
	columns := [][]string{append(names, "all", "load generator", "allocated")}
	for i, p := range peers {
		columns = append(columns, all[i].column(p.Name))
	}
	return writeColumns(out, columns)
}

// A profiled says where the time of a service goes.
type profiled struct {
	requests int64
	service  usage
	own      time.Duration // CPU time of the load generator
	profile  *profile.Profile
}

// add puts the load on a service, and merges a profile of it into the file.
func (p *profiled) add(ctx context.Context, c *Child, load Load, path string) error {
	if _, err := c.order("profile " + path); err != nil {
		return err
	}
	r, err := load.Run(ctx, c, Request())
	if err != nil {
		return err
	}
	if _, err := c.order("stop"); err != nil {
		return err
	}
	text, err := os.ReadFile(path) //nolint:gosec // it was written just now
	if err != nil {
		return err
	}
	now, err := profile.ParseData(text)
	if err != nil {
		return err
	}
	p.requests += r.Requests
	p.own += r.Own
	p.service = p.service.and(r.Service)
	if p.profile != nil {
		if now, err = profile.Merge([]*profile.Profile{p.profile, now}); err != nil {
			return err
		}
	}
	p.profile = now
	f, err := os.Create(path) //nolint:gosec // which was chosen by who runs it
	if err != nil {
		return err
	}
	return errors.Join(now.Write(f), f.Close())
}

// column returns the table's column for a service.
func (p *profiled) column(name string) []string {
	n := float64(max(p.requests, 1))
	cpu, own := p.service.cpu.Seconds()*1e6/n, p.own.Seconds()*1e6/n
	of, cells := shares(p.profile), []string{name}
	for _, o := range owners() {
		cells = append(cells, fmt.Sprintf("%.1f µs, %.0f%%", of[o.name]*cpu, 100*of[o.name]))
	}
	return append(cells, fmt.Sprintf("%.1f µs", cpu), fmt.Sprintf("%.1f µs", own),
		fmt.Sprintf("%.0f B, %.0f objects", float64(p.service.bytes)/n, float64(p.service.objects)/n))
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
