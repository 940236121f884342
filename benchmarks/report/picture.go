package report

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// A picture shows one task as bars, one for each peer. The shortest bar is the best,
// except for throughput.
type picture struct {
	file, title string
	group, task string
	unit        string
	first       string   // the peer whose bar stands out
	peers       []string // and those beside it
}

// pictures returns the pictures to draw.
func pictures() []picture {
	return []picture{
		{
			"routing.svg", "A pass over the 203 routes of GitHub's API, reading every wildcard", "Routing", "github,reading", cpuTime,
			"tigertonic",
			[]string{"tigertonic-params", "gin", "bunrouter", "echo", "httprouter", "net-http", "chi", "fiber"},
		},
		{
			"post.svg", "A POST of 300 bytes, decoded, checked and answered with 400", "Endpoints", "post,validated", cpuTime,
			"typed",
			[]string{"marshaled", "json-v2", "encoding-json", "echo", "gin", "huma"},
		},
		{
			"batch.svg", "A batch of 1,000 objects, 100 KB", "Endpoints", "batch-100KB", cpuTime,
			"typed",
			[]string{"marshaled", "json-v2", "encoding-json", "echo", "gin", "huma"},
		},
		{
			"service.svg", "CPU time of a service for a request over loopback, 64 connections", "Loopback", "connections-64", cpuTime,
			"typed",
			[]string{"constant", "typed-new-server", "encoding-json", "echo", "gin", "huma"},
		},
		{
			"stack.svg", "The POST with recovery, request ID, CORS, counters and access log", "Stack", "post", cpuTime,
			"tigertonic",
			[]string{"typed-bare", "parts"},
		},
	}
}

// Pictures returns the pictures of what was measured, as SVG, by the names of their files.
func (r *Report) Pictures() map[string]string {
	drawn := map[string]string{}
	for _, p := range pictures() {
		if text := p.draw(r.Results); text != "" {
			drawn[p.file] = text
		}
	}
	return drawn
}

// writePictures writes links to the pictures that Pictures returns.
func (r *Report) writePictures(w *strings.Builder) {
	for _, p := range pictures() {
		if p.draw(r.Results) != "" {
			fmt.Fprintf(w, "![%s](benchmarks/%s)\n\n", p.title, p.file)
		}
	}
}

// The measures of a picture, in pixels.
const (
	pictureWidth = 720
	rowHeight    = 26
	namesWidth   = 150
	valuesWidth  = 90
	headHeight   = 40
)

// draw returns the picture as SVG, or "" if there is nothing to compare. Its colors are
// readable on light and dark pages.
func (p *picture) draw(rs *Results) string {
	type bar struct {
		peer  string
		value float64
	}
	var bars []bar
	most := 0.0
	for _, peer := range append([]string{p.first}, p.peers...) {
		if value := summarize(rs.values(p.group, p.task, peer, p.unit)).Center; !math.IsNaN(value) {
			bars = append(bars, bar{peer, value})
			most = max(most, value)
		}
	}
	if len(bars) < 2 || bars[0].peer != p.first || most <= 0 {
		return ""
	}
	var w strings.Builder
	height := headHeight + rowHeight*len(bars) + rowHeight/2
	title := html.EscapeString(p.title)
	fmt.Fprintf(&w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" role="img" aria-label="%s" font-family="sans-serif" font-size="13" fill="#808080">`+"\n",
		pictureWidth, height, title)
	fmt.Fprintf(&w, `<text x="8" y="22" font-size="15" font-weight="bold">%s</text>`+"\n", title)
	for i, b := range bars {
		y, color, weight := headHeight+rowHeight*i, "#8c959f", "normal"
		if b.peer == p.first {
			color, weight = "#d9730d", "bold"
		}
		width := (pictureWidth - namesWidth - valuesWidth) * b.value / most
		fmt.Fprintf(&w, `<text x="%d" y="%d" text-anchor="end" font-weight="%s">%s</text>`, namesWidth-8, y+15, weight, html.EscapeString(b.peer))
		fmt.Fprintf(&w, `<rect x="%d" y="%d" width="%.1f" height="%d" rx="2" fill="%s"/>`, namesWidth, y, max(width, 1), rowHeight-6, color)
		fmt.Fprintf(&w, `<text x="%.1f" y="%d" font-weight="%s">%s</text>`+"\n", namesWidth+width+6, y+15, weight, amount(b.value, p.unit))
	}
	w.WriteString("</svg>\n")
	return w.String()
}
