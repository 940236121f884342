package chart_test

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/chart"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/frame"
)

func graph(values []float64, empty []bool) chart.Graph {
	return chart.Graph{
		ID: "g", Title: `a "title" <b>`, Desc: "& more", Axis: frame.Axis{Start: 28_333_340, Step: 60, N: len(values)},
		Lines: []chart.Line{{Name: "x<y", Class: "c0", Values: values, Empty: empty, Filled: true}}, Height: 300,
	}
}

func wellFormed(t *testing.T, svg []byte) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(svg)))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
	}
}

var (
	linePath = regexp.MustCompile(`<path class="line[^>]* d="([^"]*)"`)
	point    = regexp.MustCompile(`[ML]([\d.]+) ([-\d.]+)`)
	bound    = regexp.MustCompile(`data-low="([^"]+)" data-high="([^"]+)"`)
)

// read returns the values of the points of the first line.
func read(t *testing.T, svg []byte) (values []float64) {
	t.Helper()
	float := func(text string) float64 {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	bounds := bound.FindSubmatch(svg)
	low, high := float(string(bounds[1])), float(string(bounds[2]))
	for _, p := range point.FindAllStringSubmatch(string(linePath.FindSubmatch(svg)[1]), -1) {
		values = append(values, low+(1-float(p[2])/1000)*(high-low))
	}
	return values
}

func TestPointsAreTheValues(t *testing.T) {
	t.Parallel()
	for _, values := range [][]float64{
		{1, 2, 3}, {0, 0, 0}, {5, 5}, {-3, 2.5, 100}, {1e6, 1e6 + 1}, {7}, {0.001, 0.002}, {1e15, 0}, {-1, -2},
	} {
		for _, fromZero := range []bool{true, false} {
			g := graph(values, nil)
			g.FromZero = fromZero
			svg := g.SVG()
			wellFormed(t, svg)
			got := read(t, svg)
			if len(got) != len(values) {
				t.Fatalf("%v: got %v", values, got)
			}
			for i := range got {
				if math.Abs(got[i]-values[i]) > 1e-6*(1e-3+3*math.Abs(slices.Max(values))+3*math.Abs(slices.Min(values))) {
					t.Errorf("%v from zero %v: got %v", values, fromZero, got)
				}
			}
		}
	}
}

func TestGapsAreNotDrawn(t *testing.T) {
	t.Parallel()
	svg := graph([]float64{1, 0, 2, 3, 0, 4}, []bool{false, true, false, false, true, false}).SVG()
	wellFormed(t, svg)
	d := string(linePath.FindSubmatch(svg)[1])
	if strings.Count(d, "M") != 3 || strings.Count(d, "L") != 1 || strings.Count(d, "h0") != 2 {
		t.Errorf("got %s", d)
	}
	nothing := graph([]float64{0, 0}, []bool{true, true}).SVG()
	wellFormed(t, nothing)
}

func TestNumbersAreShort(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{
		0: "0", 1: "1", -2.5: "-2.5", 0.25: "0.25", 1234: "1234", 12_345: "12.3k", 1_250_000: "1.25M", 3e9: "3G", 1e16: "1.00e+16", 0.0012: "0.0012", 99.999: "100",
	} {
		if got := chart.Number(v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
}

func TestTimesAreRound(t *testing.T) {
	t.Parallel()
	label := regexp.MustCompile(`text-anchor="\w+">([^<]+)<`)
	for text, first := range map[string]string{"1h1m": "00:30", "1d1h": "06:00", "1w3h": "9 Nov", "1y1d": "Dec 2022", "1m1m": ""} {
		f, err := frame.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		g := graph(make([]float64, f.Span/f.Step), nil)
		g.Axis = f.At(1_700_011_200)
		g.Standalone = true
		svg := g.SVG()
		wellFormed(t, svg)
		found := label.FindAllStringSubmatch(string(svg), -1)
		if text == "1m1m" {
			if len(found) != 0 {
				t.Errorf("%s: got %q", text, found)
			}
			continue
		}
		if len(found) < 3 || len(found) > 6 || found[0][1] != first {
			t.Errorf("%s: got %q", text, found)
		}
	}
}
