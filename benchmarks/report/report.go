package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// A Report is a report on the results of a run.
type Report struct {
	*Results
	// GitHubWildcards is how many routes of GitHub's API have wildcards.
	GitHubWildcards int
}

// Summary returns the promises and the tables of ratios.
func (r *Report) Summary() string {
	var w strings.Builder
	r.writePromises(&w)
	for _, s := range sections() {
		if g := r.group(s.group); g != nil {
			fmt.Fprintf(&w, "## %s\n\n%s\n\n", s.title, s.text)
			g.writeRatios(&w, s)
		}
	}
	return w.String()
}

// Unmeasured returns the promises that the results don't cover.
func (r *Report) Unmeasured() (what []string) {
	for _, b := range promises(r.GitHubWildcards) {
		if len(b.values(r.Results, b.unit)) == 0 {
			what = append(what, b.what)
		}
	}
	return what
}

// Markdown returns the whole report.
func (r *Report) Markdown() string {
	var w strings.Builder
	w.WriteString(opening)
	r.writePictures(&w)
	r.writeRun(&w)
	w.WriteString(r.Summary())
	w.WriteString(newerGo)
	w.WriteString(notCompared)
	w.WriteString("## All figures\n\nMedians, and benchstat's confidence intervals at 95%.\n\n")
	for _, s := range sections() {
		if g := r.group(s.group); g != nil {
			fmt.Fprintf(&w, "### %s\n\n", s.title)
			g.writeAll(&w, s)
		}
	}
	return strings.TrimSuffix(w.String(), "\n")
}

// writeRun describes the run and the machine.
func (r *Report) writeRun(w *strings.Builder) {
	w.WriteString("## The run\n\n")
	t := &table{}
	t.row("", "")
	for _, c := range []struct{ key, name string }{
		{"date", "date"},
		{"commit", "commit"},
		{"go", "Go"},
		{"cpu", "processor"},
		{"processors", "processors"},
		{"rounds", "rounds"},
		{"benchtime", "time of each measurement"},
	} {
		t.row(c.name, r.Config[c.key])
	}
	var modules []string
	for key := range r.Config {
		if strings.HasPrefix(key, "module-") {
			modules = append(modules, key)
		}
	}
	slices.Sort(modules)
	for _, key := range modules {
		path, version, _ := strings.Cut(r.Config[key], " ")
		t.row(path, version)
	}
	t.row("CPU time to time passed, of routers", ratio(r.share()))
	t.writeTo(w)
	if r.share() < 0.9 {
		w.WriteString(notIdle)
	}
}

// share returns the median share of a processor that routers had. On an idle machine it
// is 1 or more, because the collector has another.
func (rs *Results) share() float64 {
	g := rs.group("Routing")
	if g == nil {
		return math.NaN()
	}
	var shares []float64
	for _, task := range g.Tasks {
		for _, peer := range g.Peers {
			shares = append(shares, ratios(g.samples[cell{task, peer, cpuTime}], g.samples[cell{task, peer, wallTime}])...)
		}
	}
	return summarize(shares).Center
}

// writePromises writes the promises and the results, first the promises that aren't kept.
func (r *Report) writePromises(w *strings.Builder) {
	t, kept := &table{}, &table{}
	t.row("what", "must be", "measured", "±", "by CPU time", "reached", "what it means to a service")
	reached, all := 0, 0
	for _, b := range promises(r.GitHubWildcards) {
		summary := b.summary(r.Results, b.unit)
		value := summary.Center
		if math.IsNaN(value) {
			continue
		}
		verdict, rows := "**no**", t
		all++
		if b.reached(value) {
			verdict, rows = "yes", kept
			reached++
		}
		measured, byCPU := fmt.Sprintf(b.format, value), ""
		if b.rival != nil {
			measured += " (" + b.rival(r.Results) + ")"
		}
		if b.second != "" {
			byCPU = fmt.Sprintf(b.format, b.summary(r.Results, b.second).Center)
		}
		rows.row(b.what, b.must(), measured, summary.PctRangeString(), byCPU, verdict, meanings()[b.what])
	}
	if all == 0 {
		return
	}
	t.rows = append(t.rows, kept.rows...)
	fmt.Fprintf(w, "## What is promised\n\n%s %d of %d are reached.\n\n", promised, reached, all)
	t.writeTo(w)
}

// writeRatios writes, for each task, the figure of its first peer, and the ratios of the
// others to it.
func (g *Group) writeRatios(w *strings.Builder, s section) {
	t := &table{}
	t.row(append([]string{"", s.ours}, g.others(s)...)...)
	unit := cmp.Or(s.unit, wallTime)
	for _, task := range g.Tasks {
		ours := g.summary(task, s.ours, unit).Center
		if math.IsNaN(ours) {
			continue
		}
		row := []string{task, amount(ours, unit)}
		for _, peer := range g.others(s) {
			theirs := ratios(g.samples[cell{task, peer, unit}], g.samples[cell{task, s.ours, unit}])
			row = append(row, ratio(summarize(theirs).Center))
		}
		t.row(row...)
	}
	t.writeTo(w)
}

// others returns the peers that are compared with ours.
func (g *Group) others(s section) []string {
	return slices.DeleteFunc(slices.Clone(g.Peers), func(peer string) bool { return peer == s.ours })
}

// writeAll writes all medians.
func (g *Group) writeAll(w *strings.Builder, s section) {
	t := &table{}
	head := []string{"task", "peer"}
	for _, c := range s.columns {
		head = append(head, c.name)
	}
	t.row(head...)
	for _, task := range g.Tasks {
		for _, peer := range g.Peers {
			row, measured := []string{task, peer}, false
			for _, c := range s.columns {
				summary := g.summary(task, peer, c.unit)
				text := amount(summary.Center, c.unit)
				if c.spread {
					text = spread(summary, c.unit)
				}
				row, measured = append(row, text), measured || text != ""
			}
			if measured {
				t.row(row...)
			}
		}
	}
	t.writeTo(w)
}
