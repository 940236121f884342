package web

import (
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rcrowley/go-tigertonic"

	"github.com/rcrowley/go-tigertonic/examples/stats/internal/chart"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/frame"
	"github.com/rcrowley/go-tigertonic/examples/stats/internal/store"
)

// Any page may embed public stats, and those whose embed key it has.

// handleEmbeds registers the handlers for other sites' pages.
func (s *Site) handleEmbeds(mux *tigertonic.TrieServeMux, limit func(h http.Handler, id string) http.Handler) {
	anywhere := tigertonic.NewCORSBuilder().AddAllowedOrigins("*")
	handle := func(path, id string, f http.HandlerFunc) {
		shown := tigertonic.WithContext(hidden(f), visitor{}) // of nobody
		mux.Handle("GET", path, anywhere.Build(limit(shown, id)))
	}
	handle("/embed/{file}", "embed-picture", s.picture)
	handle("/embed/{kind}/{ids...}", "embed-script", s.script)
	script := tigertonic.Cached(static("embed.js", "text/javascript; charset=utf-8"), tigertonic.CacheOptions{MaxAge: 5 * time.Minute})
	mux.Handle("GET", "/javascripts/embed.js", anywhere.Build(hidden(script)))
}

// embedHeaders sets who may embed the response, and how long it may be cached.
func embedHeaders(h http.Header, mediaType string) {
	h.Set("Content-Type", mediaType)
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, max-age=60")
}

// An embed is what another site's page wants to show.
type embedded struct {
	figures       []*figure
	width, height int
	style, title  string
}

// size returns a length in pixels.
func size(text string, byDefault, most int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 20 {
		return byDefault
	}
	return min(n, most)
}

// readEmbed reads the stats to show, by their keys.
func (s *Site) readEmbed(r *http.Request, keys []string) (*embedded, error) {
	query := r.URL.Query()
	e := &embedded{width: size(query.Get("w"), 480, 2000), height: size(query.Get("h"), 200, 1000), style: query.Get("style"), title: query.Get("title")}
	t, withBefore := query.Get("t"), query.Get("before") != ""
	switch tf := query.Get("tf"); {
	case tf == "half_compare":
		t, withBefore = "12h15m", true
	case tf != "" || t == "":
		t, withBefore = "1w3h", true
	}
	f, err := frame.Parse(t)
	if err == nil && f.Span/f.Step > maxPoints {
		err = tigertonic.Problem{Status: http.StatusBadRequest, Detail: "there would be too many points"}
	}
	if err != nil {
		return nil, tigertonic.Problem{Status: http.StatusBadRequest, Detail: err.Error()}
	}
	for _, key := range keys[:min(compared, len(keys))] {
		stat, err := s.Store.StatByEmbed(r.Context(), key)
		if err != nil {
			return nil, err
		}
		g, err := s.readFigure(r.Context(), stat, f, withBefore && len(keys) == 1)
		if err != nil {
			return nil, err
		}
		e.figures = append(e.figures, g)
	}
	if len(e.figures) == 0 {
		return nil, store.ErrNotFound
	}
	return e, nil
}

// svg returns the picture.
func (e *embedded) svg(id string) []byte {
	graph := e.figures[0].graph(id)
	for i, f := range e.figures[1:] {
		graph.Lines = append(graph.Lines, f.line("c"+strconv.Itoa(i+1)))
		graph.FromZero = graph.FromZero && f.Stat.Counter
	}
	graph.Width, graph.Height, graph.Standalone = e.width, e.height, true
	if e.title != "" {
		graph.Title = e.title
	}
	switch e.style {
	case "fill":
		for i := range graph.Lines {
			graph.Lines[i].Filled = !graph.Lines[i].Dashed
		}
	case "mini", "spark":
		graph.Plain = true
		if e.style == "spark" {
			graph.Lines = graph.Lines[:1]
		}
	}
	if e.height < 100 {
		graph.Plain = true
	}
	return graph.SVG()
}

// picture serves /embed/ID.svg.
func (s *Site) picture(w http.ResponseWriter, r *http.Request) {
	key, ok := strings.CutSuffix(r.PathValue("file"), ".svg")
	if !ok {
		s.fail(w, r, store.ErrNotFound)
		return
	}
	e, err := s.readEmbed(r, []string{key})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	embedHeaders(w.Header(), "image/svg+xml")
	_, _ = w.Write(e.svg("embed")) //nolint:gosec // it is escaped
}

// script serves /embed/KIND/S1/S2/S3, a script that fills the element that
// /javascripts/embed.js has made.
func (s *Site) script(w http.ResponseWriter, r *http.Request) {
	kind := r.PathValue("kind")
	keys := strings.Split(strings.Trim(r.PathValue("ids"), "/"), "/")
	e, err := s.readEmbed(r, keys)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	place := placeOf(kind, keys, r.URL.Query())
	var text string
	switch kind {
	case "graph":
		text = string(e.svg(place))
	case "data", "table":
		text = e.table()
	case "text":
		text = template.HTMLEscapeString(e.figures[0].Stat.Name + ": " + chart.Number(e.figures[0].Latest) + " " + e.figures[0].Stat.Unit)
	default:
		s.fail(w, r, store.ErrNotFound)
		return
	}
	id, _ := json.Marshal(place) // strings can be
	content, _ := json.Marshal(text)
	embedHeaders(w.Header(), "text/javascript; charset=utf-8")
	_, _ = w.Write([]byte("(function(){var d=document.getElementById(" + string(id) + ");if(d){d.innerHTML=" + string(content) + ";d.style.display=\"block\"}})();\n"))
}

// placeOf returns the ID of the element that the script is to fill.
func placeOf(kind string, keys []string, query url.Values) string {
	parts := []string{"statd_embed", kind, "", "", "", query.Get("w"), query.Get("h"), query.Get("tf"), query.Get("style")}
	copy(parts[2:5], keys)
	return strings.Join(parts, "_")
}

// table returns the figures as a table.
func (e *embedded) table() string {
	var b strings.Builder
	b.WriteString("<table><thead><tr><th>stat</th><th>latest</th><th>min</th><th>max</th><th>mean</th></tr></thead><tbody>")
	for _, f := range e.figures {
		b.WriteString("<tr><th>" + template.HTMLEscapeString(f.Stat.Name) + "</th>")
		for _, v := range []float64{f.Latest, f.Low, f.High, f.Mean} {
			b.WriteString("<td>" + template.HTMLEscapeString(chart.Number(v)) + "</td>")
		}
		b.WriteString("</tr>")
	}
	b.WriteString("</tbody></table>")
	return b.String()
}
