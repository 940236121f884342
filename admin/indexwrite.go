package admin

import (
	"strconv"
	"time"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/internal/markup"
)

// A pageWriter writes the pages. What index.js keeps up to date has an ID.
type pageWriter struct{ markup.Writer }

func (w *pageWriter) begin(title string) {
	w.Put(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>%s</title>
<style>`, title)
	w.Asset(pageStyle)
	w.Put(`</style>
</head>
<body>
`)
}

func (w *pageWriter) end() {
	w.Put(`</body>
</html>
`)
}

// index writes the page of the service.
func (w *pageWriter) index(v *indexView) {
	w.begin(v.build.Name)
	w.Put(`<header>
<h1>%s</h1>
`, v.build.Name)
	w.mark("state", !v.state.Ready, stateText(v.state))
	w.Put(`
<span id="live" class="soft" hidden>live</span>
</header>
`)
	w.facts(v)
	w.Put("<main>\n")
	w.checks(v.state)
	w.routes(v.routes)
	w.errors(v.errors)
	w.certificates(v.certificates)
	w.Put(`<h2>Pages</h2>
<ul class="list pages">
`)
	for _, l := range v.links {
		w.Put(`<li>
<div class="head"><a class="name" href="%u">%s</a><span>%s</span></div>
`, l.to, l.text, l.about)
		w.When(l.code != "", "<pre>%s</pre>\n", l.code)
		w.Put("</li>\n")
	}
	w.Put("</ul>\n</main>\n<script>")
	w.Asset(pageScript)
	w.Put("</script>\n")
	w.end()
}

func stateText(s readiness) string {
	switch {
	case s.Draining:
		return "Draining"
	case s.Ready:
		return "Ready"
	}
	return "Not ready"
}

// mark writes a word with a frame, in red if it is bad. The ID may be "".
func (w *pageWriter) mark(id string, bad bool, text string) {
	w.Put("<span")
	w.When(id != "", ` id="%s"`, id)
	w.Put(` class="state`)
	w.When(bad, " bad")
	w.Put(`">%s</span>`, text)
}

func (w *pageWriter) facts(v *indexView) {
	fact := func(name, text string) { w.When(text != "", "<dt>%s</dt><dd>%s</dd>\n", name, text) }
	w.Put(`<dl class="facts">
`)
	fact("Version", v.build.Version)
	revision := v.build.Revision
	if revision != "" && v.build.Dirty {
		revision += ", with changes"
	}
	if revision != "" && v.build.Time != "" {
		revision += ", of " + v.build.Time
	}
	fact("Revision", revision)
	fact("Module", v.build.Module)
	fact("Built with", v.build.Go+" for "+v.build.Platform)
	w.Put(`<dt>Up since</dt><dd><time datetime="%s">%s</time>, for <span id="up">%s</span></dd>
`, v.since, v.since, v.up)
	process := strconv.Itoa(v.process)
	if v.host != "" {
		process += " on " + v.host
	}
	fact("Process", process)
	if s := v.server; s != nil {
		w.Put(`<dt>Restarts</dt><dd id="restarts">%d</dd>
<dt>Connections</dt><dd id="connections">%d active, %d idle, %d new</dd>
`, s.restarts, s.Active, s.Idle, s.New)
	}
	w.Put("</dl>\n")
}

func (w *pageWriter) checks(s readiness) {
	text := "There are none."
	if s.Draining {
		text = "The service is about to stop. No checks are run."
	}
	w.Put(`<h2>Checks</h2>
<p id="unchecked" class="soft"`)
	w.When(len(s.Checks) > 0, " hidden")
	w.Put(`>%s</p>
<div id="checks"`, text)
	w.When(len(s.Checks) == 0, " hidden")
	w.Put(`><ul class="list">
`)
	for _, c := range s.Checks {
		text := "Failing"
		if c.OK {
			text = "OK"
		}
		w.Put(`<li>
<div class="head"><span class="name">%s</span>`, c.Name)
		w.mark("", !c.OK, text)
		w.Put(`<span class="soft">%s</span></div>
`, c.Took.String())
		w.When(c.Error != "", `<p class="error">%s</p>
`, c.Error)
		w.Put("</li>\n")
	}
	w.Put("</ul></div>\n")
}

func (w *pageWriter) routes(rows []routeRow) {
	w.Put(`<section id="routes"`)
	w.When(len(rows) == 0, " hidden")
	w.Put(`><h2>Routes by trouble</h2>
<p class="soft">Of the last ten minutes. The rate is of the last one, p50 and p99 are of the last five to ten.</p>
<ul class="list">
`)
	for i := range rows {
		r := &rows[i]
		w.Put(`<li>
<div class="head"><code class="name">%s</code>`, r.Name)
		if r.Bad {
			w.mark("", true, "Failing")
		}
		w.Put(`</div>
<div class="head figures"><span>%s/s</span><span>%s failed</span><span>p50 %s</span><span>p99 %s</span><span>%d in flight</span></div>
<svg class="spark" viewBox="0 0 59 16" preserveAspectRatio="none" role="img" aria-label="Requests and failures of the last ten minutes"><polyline points="%s"/>`,
			r.Rate, r.Failed, r.P50, r.P99, r.InFlight, r.Requests)
		w.When(r.Bad, `<polyline class="bad" points="%s"/>`, r.Errors)
		w.Put("</svg>\n</li>\n")
	}
	w.Put("</ul></section>\n")
}

func (w *pageWriter) errors(all []tigertonic.MeasuredError) {
	w.Put(`<section id="errors"`)
	w.When(len(all) == 0, " hidden")
	w.Put(`><h2>Last errors</h2>
<ul class="list">
`)
	for _, e := range all {
		at := e.Time.UTC().Format(time.RFC3339)
		w.Put(`<li>
<div class="head">`)
		w.mark("", true, strconv.Itoa(e.Status))
		w.Put(`<code class="name">%s %s</code><time class="soft" datetime="%s">%s</time></div>
`, e.Method, e.Pattern, at, at)
		w.When(e.RequestID != "", `<p class="soft">Request <code>%s</code></p>
`, e.RequestID)
		w.When(e.Cause != "", `<p class="error">%s</p>
`, e.Cause)
		w.Put("</li>\n")
	}
	w.Put("</ul></section>\n")
}

func (w *pageWriter) certificates(rows []certificateRow) {
	if len(rows) == 0 {
		return
	}
	w.Put(`<h2>Certificates</h2>
<ul class="list">
`)
	for _, c := range rows {
		w.Put(`<li>
<div class="head"><span class="name">%s</span>`, c.Name)
		w.mark("", c.Bad, c.Left)
		w.Put(`<span class="soft">until %s</span></div>
</li>
`, c.Expires)
	}
	w.Put("</ul>\n")
}

// profiles writes the page that lists the profiles of a service.
func (w *pageWriter) profiles(service string, links []profileLink) {
	w.begin("Profiles of " + service)
	w.Put(`<header>
<h1>Profiles</h1>
</header>
<p class="soft">Of <a href="%u">%s</a>. Have one read by <code>go tool pprof</code> and its URL, or look at it as text.</p>
<main>
<ul class="list">
`, markup.To("../../"), service)
	for _, l := range links {
		w.Put(`<li>
<div class="head"><a class="name" href="%u">%s</a>`, l.to, l.name)
		if l.text != nil {
			w.Put(`<a href="%u">as text</a>`, *l.text)
		}
		w.When(l.count != "", `<span class="soft">%s</span>`, l.count)
		w.Put(`</div>
<p>%s</p>
</li>
`, l.about)
	}
	w.Put("</ul>\n</main>\n")
	w.end()
}
