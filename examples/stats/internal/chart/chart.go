// Package chart draws graphs and sparklines as SVG. Graphs fill the available width. They
// have no script, and their colours are classes, so that a page can show them light or
// dark.
//
// A picture has two coordinate systems. The outer one is in pixels, so that text keeps
// its size at any width; horizontal positions are in percent. The inner one, 1000 by
// 1000, is for the lines, and stretches.
package chart

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/frame"
)

// A Line is a series in a graph.
type Line struct {
	Name   string
	Class  string // of its colour: c0, c1 or c2
	Values []float64
	Empty  []bool // steps of which nothing is known: the line has a gap there
	Dashed bool
	Filled bool
}

// gap reports whether a step has no value.
func (l *Line) gap(i int) bool { return len(l.Empty) > 0 && l.Empty[i] }

// A Graph shows lines over time.
type Graph struct {
	ID          string // that its title and description are known by in the page
	Title, Desc string
	Unit        string
	Axis        frame.Axis
	Lines       []Line
	Height      int  // in pixels
	Width       int  // likewise, or 0 for as wide as there is room
	FromZero    bool // whether the scale has 0 on it
	Standalone  bool // whether it is a file of its own, with its own colours
	Plain       bool // without labels
}

// The inner coordinates.
const inner = 1000

// Margins of the outer ones: above for the highest label, below for the time.
const (
	above = 20
	below = 26
)

// SVG returns the picture.
func (g Graph) SVG() []byte {
	var b bytes.Buffer
	top, bottom := above, below
	if g.Plain {
		top, bottom = 2, 2
	}
	height := g.Height - top - bottom
	scale := g.scale()
	width := "100%"
	if g.Width > 0 {
		width = strconv.Itoa(g.Width)
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="graph" width="%s" height="%d" role="img" aria-labelledby="%[3]s-t %[3]s-d">`,
		width, g.Height, escape(g.ID))
	fmt.Fprintf(&b, `<title id="%[1]s-t">%[2]s</title><desc id="%[1]s-d">%[3]s</desc>`, escape(g.ID), escape(g.Title), escape(g.Desc))
	if g.Standalone {
		b.WriteString("<style>" + style + "</style>")
		b.WriteString(`<rect class="ground" width="100%" height="100%"/>`)
	}
	if !g.Plain {
		g.grid(&b, scale, top, height)
	}
	fmt.Fprintf(&b, `<svg class="plot" x="0" y="%d" width="100%%" height="%d" viewBox="0 0 %[3]d %[3]d" preserveAspectRatio="none" data-low="%[4]s" data-high="%[5]s">`,
		top, height, inner, exact(scale.low), exact(scale.high))
	for _, l := range slices.Backward(g.Lines) { // the first one is on top
		l.draw(&b, scale)
	}
	g.hints(&b)
	b.WriteString("</svg>")
	g.last(&b, scale, top, height)
	b.WriteString("</svg>")
	return b.Bytes()
}

// A scale is the values at the bottom and at the top.
type scale struct{ low, high, step float64 }

// y returns the position of a value, in inner coordinates.
func (s scale) y(value float64) float64 { return inner * (1 - (value-s.low)/(s.high-s.low)) }

// scale returns a scale with round numbers that fits all lines.
func (g Graph) scale() scale {
	low, high := math.Inf(1), math.Inf(-1)
	for _, l := range g.Lines {
		for i, v := range l.Values {
			if !l.gap(i) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if low > high {
		low, high = 0, 0
	}
	if g.FromZero {
		low, high = min(low, 0), max(high, 0)
	}
	if low == high {
		if low == 0 || !g.FromZero {
			low, high = low-math.Abs(low)/10, high+max(math.Abs(high)/10, 1)
		}
		if g.FromZero {
			low = 0
		}
	}
	return around(low, high)
}

// ticks is roughly how many labels a scale has.
const ticks = 4

func around(low, high float64) scale {
	rough := (high - low) / ticks
	magnitude := math.Pow(10, math.Floor(math.Log10(rough)))
	step := 10 * magnitude
	for _, factor := range []float64{1, 2, 2.5, 5} {
		if factor*magnitude >= rough*(1-1e-9) {
			step = factor * magnitude
			break
		}
	}
	return scale{math.Floor(low/step+1e-9) * step, math.Ceil(high/step-1e-9) * step, step}
}

// x returns the position of step i of n, in inner coordinates.
func x(i, n int) float64 {
	if n < 2 {
		return inner / 2
	}
	return inner * float64(i) / float64(n-1)
}

// draw draws the line, from each known value to the next.
func (l Line) draw(b *bytes.Buffer, s scale) {
	path, area := l.path(s)
	class := "line " + l.Class
	if l.Dashed {
		class = "line before " + l.Class
	}
	if l.Filled && area != "" {
		fmt.Fprintf(b, `<path class="area %s" d="%s"/>`, escape(l.Class), area)
	}
	fmt.Fprintf(b, `<path class="%s" data-name="%s" vector-effect="non-scaling-stroke" d="%s"/>`, escape(class), escape(l.Name), path)
}

// path returns the line, and the area below it.
func (l Line) path(s scale) (line, area string) {
	var b, a []byte
	n := len(l.Values)
	ground := coordinate(s.y(min(max(0, s.low), s.high)))
	start := -1
	end := func(i int) { // of a stretch without a gap
		if start >= 0 {
			a = append(a, ("V" + ground + "Z")...)
			if start == i-1 {
				b = append(b, "h0"...) // a dot
			}
		}
		start = -1
	}
	for i, v := range l.Values {
		if l.gap(i) {
			end(i)
			continue
		}
		at := coordinate(x(i, n))
		y := coordinate(s.y(v))
		if start < 0 {
			start = i
			b = append(b, ("M" + at + " " + y)...)
			a = append(a, ("M" + at + " " + ground + "V" + y)...)
			continue
		}
		b = append(b, ("L" + at + " " + y)...)
		a = append(a, ("L" + at + " " + y)...)
	}
	end(n)
	return string(b), string(a)
}

// grid draws the lines of the scale and its labels, and those of the time.
func (g Graph) grid(b *bytes.Buffer, s scale, top, height int) {
	for v := s.low; v <= s.high+s.step/2; v += s.step {
		y := float64(top) + float64(height)*s.y(v)/inner
		fmt.Fprintf(b, `<line class="rule" x1="0" x2="100%%" y1="%[1]s" y2="%[1]s"/>`, coordinate(y))
		text := Number(v)
		if v+s.step > s.high+s.step/2 && g.Unit != "" {
			text += " " + g.Unit
		}
		fmt.Fprintf(b, `<text class="label" x="2" y="%s">%s</text>`, coordinate(y-4), escape(text))
	}
	for _, t := range timeTicks(g.Axis) {
		anchor := "middle"
		switch {
		case t.percent < 6:
			anchor = "start"
		case t.percent > 94:
			anchor = "end"
		}
		fmt.Fprintf(b, `<line class="tick" x1="%[1]s%%" x2="%[1]s%%" y1="%[2]d" y2="%[3]d"/>`, coordinate(t.percent), top+height, top+height+5)
		fmt.Fprintf(b, `<text class="label" x="%s%%" y="%d" text-anchor="%s">%s</text>`, coordinate(t.percent), g.Height-6, anchor, t.text)
	}
}

// maxHints is the number of steps up to which each has its own hint.
const maxHints = 400

// hints adds the texts that browsers show under the mouse.
func (g Graph) hints(b *bytes.Buffer) {
	if g.Plain || len(g.Lines) == 0 || g.Axis.N > maxHints {
		return
	}
	n := g.Axis.N
	for i := range n {
		lines := []string{time.Unix(g.Axis.Time(i), 0).UTC().Format("Mon 2 Jan 2006 15:04") + " UTC"}
		for _, l := range g.Lines {
			lines = append(lines, l.Name+": "+l.words(i))
		}
		width := float64(inner) / float64(max(n-1, 1))
		fmt.Fprintf(b, `<rect class="hint" x="%s" y="0" width="%s" height="%d"><title>%s</title></rect>`,
			coordinate(x(i, n)-width/2), coordinate(width), inner, escape(strings.Join(lines, "\n")))
	}
}

func (l Line) words(i int) string {
	if l.gap(i) {
		return "nothing"
	}
	return exact(l.Values[i])
}

// last marks the latest value of the first line.
func (g Graph) last(b *bytes.Buffer, s scale, top, height int) {
	if g.Plain || len(g.Lines) == 0 {
		return
	}
	l := g.Lines[0]
	i := len(l.Values) - 1
	if i < 0 || l.gap(i) {
		return
	}
	y := float64(top) + float64(height)*s.y(l.Values[i])/inner
	fmt.Fprintf(b, `<circle class="now %s" cx="%s%%" cy="%s" r="3.5"/>`, escape(l.Class), coordinate(x(i, len(l.Values))/10), coordinate(y))
}

// coordinate returns a number with at most three decimals.
func coordinate(v float64) string {
	return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64)
}

// exact returns a number as it is.
func exact(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func escape(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // never fails
	return b.String()
}
