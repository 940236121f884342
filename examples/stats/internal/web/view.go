package web

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"time"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/chart"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/frame"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

// maxPoints is how many points a graph may have: there are no more pixels.
const maxPoints = 800

// A window is a time window that pages offer.
type window struct{ T, Name, Current string }

// windows returns the windows that pages offer, with the current one marked.
func windows(t string) []window {
	all := []window{
		{T: "1h1m", Name: "hour"},
		{T: "1d15m", Name: "day"},
		{T: "1w3h", Name: "week"},
		{T: "1M12h", Name: "month"},
		{T: "1y1w", Name: "year"},
	}
	for i := range all {
		if all[i].T == t {
			all[i].Current = "page"
		}
	}
	return all
}

// A figure is a stat in a window, beside the period before.
type figure struct {
	Stat   store.Stat
	Frame  frame.Frame
	axis   frame.Axis
	cells  []store.Cell
	before []store.Cell

	Latest, Low, High, Mean, Total float64
	Change                         string
	N                              int64
}

// readFigure reads a stat in a window and, if withBefore is set, in the one before.
func (s *Site) readFigure(ctx context.Context, stat store.Stat, f frame.Frame, withBefore bool) (*figure, error) {
	g := &figure{Stat: stat, Frame: f, axis: f.At(s.Now().Unix())}
	var err error
	if g.cells, err = s.Store.Series(ctx, stat.ID, g.axis); err != nil {
		return nil, err
	}
	if withBefore {
		if g.before, err = s.Store.Series(ctx, stat.ID, g.axis.Before()); err != nil {
			return nil, err
		}
	}
	g.sum()
	return g, nil
}

func (g *figure) sum() {
	first := true
	for _, c := range g.cells {
		if c.N == 0 && !g.Stat.Counter {
			continue
		}
		v := c.Figure(g.Stat.Counter)
		if first || v < g.Low {
			g.Low = v
		}
		if first || v > g.High {
			g.High = v
		}
		first = false
		g.Latest = v
	}
	total := store.Total(g.cells)
	g.Total, g.N = total.Sum, total.N
	g.Mean = total.Figure(false)
	if g.Stat.Counter {
		g.Mean = total.Sum / float64(max(len(g.cells), 1))
	}
	before := store.Total(g.before)
	if old, now := before.Figure(g.Stat.Counter), total.Figure(g.Stat.Counter); before.N > 0 && total.N > 0 && old != 0 {
		g.Change = fmt.Sprintf("%+.1f %%", 100*(now-old)/max(old, -old))
	}
}

// line returns the figure as a line of a graph.
func (g *figure) line(class string) chart.Line {
	return chart.Line{Name: g.Stat.Name, Class: class, Values: values(g.cells, g.Stat.Counter), Empty: empty(g.cells, g.Stat.Counter)}
}

// graph returns the picture of the figure.
func (g *figure) graph(id string) chart.Graph {
	line := g.line("c0")
	line.Filled = g.Stat.Counter
	lines := []chart.Line{line}
	if g.before != nil && store.Total(g.before).N > 0 {
		lines = append(lines, chart.Line{
			Name: frame.Words(g.Frame.Span) + " before", Class: "c0", Dashed: true,
			Values: values(g.before, g.Stat.Counter), Empty: empty(g.before, g.Stat.Counter),
		})
	}
	return chart.Graph{
		ID: id, Title: g.Stat.Name + ", " + g.Frame.String(), Desc: g.Words(), Unit: g.Stat.Unit, Axis: g.axis,
		Lines: lines, Height: 320, FromZero: g.Stat.Counter,
	}
}

// Words describes the graph for people who can't see it.
func (g *figure) Words() string {
	if g.N == 0 {
		return "There are no numbers in this period."
	}
	text := fmt.Sprintf("From %s to %s, latest %s.", chart.Number(g.Low), chart.Number(g.High), chart.Number(g.Latest))
	if g.Change != "" {
		text += " Change from the period before: " + g.Change + "."
	}
	return text
}

// SVG returns the graph.
func (g *figure) SVG() template.HTML { return template.HTML(g.graph("graph").SVG()) } //nolint:gosec // it is escaped

// Spark returns a sparkline.
func (g *figure) Spark() template.HTML {
	graph := g.graph("spark-" + g.Stat.PublicID)
	graph.Height, graph.Plain, graph.Lines = 36, true, graph.Lines[:1]
	return template.HTML(graph.SVG()) //nolint:gosec // it is escaped
}

// A point is a row of the table beside a graph.
type point struct {
	Time  string
	Value string
}

// Points returns the rows of the table, the newest first.
func (g *figure) Points() []point {
	all := make([]point, 0, len(g.cells))
	for i, c := range slices.Backward(g.cells) {
		p := point{time.Unix(g.axis.Time(i), 0).UTC().Format("2 Jan 2006 15:04"), "–"}
		if c.N > 0 || g.Stat.Counter {
			p.Value = chart.Number(c.Figure(g.Stat.Counter))
		}
		all = append(all, p)
	}
	return all
}

func values(cells []store.Cell, counter bool) []float64 {
	all := make([]float64, len(cells))
	for i, c := range cells {
		all[i] = c.Figure(counter)
	}
	return all
}

// empty returns which steps have no value. A counter has 0 there.
func empty(cells []store.Cell, counter bool) []bool {
	if counter {
		return nil
	}
	all := make([]bool, len(cells))
	for i, c := range cells {
		all[i] = c.N == 0
	}
	return all
}

// frameOf returns the window that a request asks for, and its text.
func frameOf(r *http.Request, byDefault string) (frame.Frame, string, error) {
	t := r.URL.Query().Get("t")
	if t == "" {
		t = byDefault
	}
	f, err := frame.Parse(t)
	if err == nil && f.Span/f.Step > maxPoints {
		err = fmt.Errorf("a graph has at most %d points", maxPoints)
	}
	if err != nil {
		return f, t, tigertonic.Problem{Status: http.StatusBadRequest, Detail: err.Error()}
	}
	return f, t, nil
}
