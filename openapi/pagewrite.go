package openapi

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/markup"
)

// A pageWriter writes a page of a site.
type pageWriter struct {
	markup.Writer
	site  *site
	paged bool // links lead to other pages, not within this one
}

// whole writes the page that has everything.
func (w *pageWriter) whole() {
	w.begin("")
	w.wholeContents()
	w.main()
	w.intro()
	for i := range w.site.groups {
		g := &w.site.groups[i]
		w.beginGroup(g)
		for _, e := range g.entries {
			w.entry(e)
		}
		w.Put("</section>\n")
	}
	if schemas := w.site.doc.schemas; len(schemas) > 0 {
		w.Put(`<section aria-labelledby="schemas"><h2 class="divider" id="schemas">Schemas</h2>`)
		for _, s := range schemas {
			w.schema(s)
		}
		w.Put("</section>\n")
	}
	w.end()
}

func (w *pageWriter) beginGroup(g *group) {
	w.Put(`<section aria-labelledby="%s"><h2 class="divider" id="%s">%s</h2>`, g.anchor, g.anchor, g.name)
	if g.description != "" {
		w.Put(`<div class="intro">`)
		w.blocks(blocksOf(g.description))
		w.Put("</div>\n")
	}
}

// overview writes the page that a large document opens with: its groups, from one on.
func (w *pageWriter) overview(from int) []byte {
	groups := w.site.groups
	if from > len(groups) {
		return nil
	}
	w.begin("")
	w.contents(-1, "")
	w.main()
	w.intro()
	w.Put(`<ul class="groups">`)
	to := min(from+maxListed, len(groups))
	for i := from; i < to; i++ {
		w.Put(`<li><a href="%u">%s</a> <span class="type">%s</span></li>`, w.groupLink(&groups[i]), groups[i].name, counted1(len(groups[i].entries), "operation"))
	}
	if n := len(w.site.doc.schemas); n > 0 && to == len(groups) {
		w.Put(`<li><a href="%u">Schemas</a> <span class="type">%d</span></li>`, markup.Query("schemas", ""), n)
	}
	w.Put("</ul>\n")
	w.more(len(groups)-to, markup.Query("from", strconv.Itoa(to)))
	w.end()
	return w.Bytes()
}

// counted1 returns how many there are of something.
func counted1(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}

// more writes a link to the page after this one, if anything is left for it.
func (w *pageWriter) more(left int, next markup.Link) {
	w.When(left > 0, `<p class="more"><a rel="next" href="%u">%d more</a></p>`, next, left)
}

// oneGroup writes as many of a group's operations as go on a page, from one on.
func (w *pageWriter) oneGroup(name string, from int) []byte {
	i := slices.IndexFunc(w.site.groups, func(g group) bool { return g.name == name })
	if i < 0 || from >= len(w.site.groups[i].entries) {
		return nil
	}
	g := &w.site.groups[i]
	w.begin(name)
	w.contents(i, g.entries[from].anchor)
	w.main()
	w.way(nil)
	w.beginGroup(g)
	began := w.Len()
	to := from
	for ; to < len(g.entries) && w.Len()-began < maxPart; to++ {
		w.entry(g.entries[to])
	}
	w.Put("</section>\n")
	w.more(len(g.entries)-to, markup.Query("group", name, "from", strconv.Itoa(to)))
	w.end()
	return w.Bytes()
}

// oneOperation writes the page of an operation.
func (w *pageWriter) oneOperation(anchor string) []byte {
	for i := range w.site.groups {
		g := &w.site.groups[i]
		for _, e := range g.entries {
			if e.anchor != anchor || e.elsewhere != "" {
				continue
			}
			w.begin(titleOf(e.operation))
			w.contents(i, anchor)
			w.main()
			w.way(g)
			w.operation(newOperationView(w.site.doc, e.operation))
			w.end()
			return w.Bytes()
		}
	}
	return nil
}

// allSchemas writes as many schemas as go on a page, from one on.
func (w *pageWriter) allSchemas(from int) []byte {
	schemas := w.site.doc.schemas
	if from >= len(schemas) {
		return nil
	}
	w.begin("Schemas")
	w.contents(-1, "")
	w.main()
	w.way(nil)
	w.Put(`<section aria-labelledby="schemas"><h2 class="divider" id="schemas">Schemas</h2>`)
	began := w.Len()
	to := from
	for ; to < len(schemas) && w.Len()-began < maxPart; to++ {
		w.schema(schemas[to])
	}
	w.Put("</section>\n")
	w.more(len(schemas)-to, markup.Query("schemas", "", "from", strconv.Itoa(to)))
	w.end()
	return w.Bytes()
}

// oneSchema writes the page of a schema.
func (w *pageWriter) oneSchema(name string) []byte {
	i := slices.IndexFunc(w.site.doc.schemas, func(s namedSchema) bool { return s.name == name })
	if i < 0 {
		return nil
	}
	w.begin(name)
	w.contents(-1, "")
	w.main()
	w.Put(`<p class="way"><a href="?">%s</a> / <a href="%u">Schemas</a></p>`, w.site.doc.info.Title, markup.Query("schemas", ""))
	w.schema(w.site.doc.schemas[i])
	w.end()
	return w.Bytes()
}

// titleOf returns what an operation is called in lists.
func titleOf(op *operation) string {
	if op.Summary != "" {
		return op.Summary
	}
	return op.method + " " + op.path
}

func (w *pageWriter) operationLink(anchor string) markup.Link {
	if w.paged {
		return markup.Query("operation", anchor)
	}
	return markup.Fragment(anchor)
}

func (w *pageWriter) schemaLink(name string) markup.Link {
	if w.paged {
		return markup.Query("schema", name)
	}
	return markup.Fragment(schemaAnchor(name))
}

func (w *pageWriter) groupLink(g *group) markup.Link {
	if w.paged {
		return markup.Query("group", g.name)
	}
	return markup.Fragment(g.anchor)
}

// begin writes what is before the contents.
func (w *pageWriter) begin(title string) {
	info := &w.site.doc.info
	w.Put(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>`)
	w.When(title != "", `%s · `, title)
	w.Put(`%s %s</title>
<style>`, info.Title, info.Version)
	w.Asset(pageStyle)
	w.Put(`</style>
<script>`)
	w.Asset(pageScript)
	w.Put(`</script>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="side">
<div class="brand">`)
	if w.paged {
		w.Put(`<a href="?">%s</a>`, info.Title)
	} else {
		w.Put(`<a href="#content">%s</a>`, info.Title)
	}
	w.Put(` <span class="version">%s</span>
<button type="button" class="icon" id="theme" aria-label="Dark colours" aria-pressed="false" hidden>
<svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true"><circle cx="10" cy="10" r="7" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="M10 3a7 7 0 0 1 0 14z" fill="currentColor"/></svg>
</button>
<button type="button" class="icon" id="menu" aria-label="Contents" aria-expanded="false" aria-controls="nav" hidden>
<svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true"><path d="M3 5.5h14M3 10h14M3 14.5h14" stroke="currentColor" stroke-width="1.6" stroke-linecap="round"/></svg>
</button>
</div>
`, info.Version)
	w.Put(`<nav id="nav" aria-label="Operations"`)
	w.When(w.paged, ` data-index="%u"`, markup.Query(indexQuery, ""))
	w.Put(`>
<search class="search" hidden>
<input type="search" id="search" placeholder="Search" aria-label="Search operations and schemas" autocomplete="off" autocapitalize="off" spellcheck="false" aria-describedby="found">
<kbd aria-hidden="true">/</kbd>
</search>
<p id="found" role="status"></p>
`)
}

// wholeContents writes the contents of the page that has everything.
func (w *pageWriter) wholeContents() {
	for i := range w.site.groups {
		g := &w.site.groups[i]
		w.Put(`<section class="group"><p class="group-name"><a href="%u">%s</a></p><ul>`, w.groupLink(g), g.name)
		for _, e := range g.entries {
			w.contentsEntry(e, "")
		}
		w.Put("</ul></section>\n")
	}
	if schemas := w.site.doc.schemas; len(schemas) > 0 {
		w.Put(`<section class="group"><p class="group-name"><a href="#schemas">Schemas</a></p><ul>`)
		for _, s := range schemas {
			w.Put(`<li data-search="%s"><a href="%u"><span class="label">%s</span></a></li>`, s.name, w.schemaLink(s.name), s.name)
		}
		w.Put("</ul></section>\n")
	}
}

// contents writes the contents of a page that isn't whole: the groups, and of the one
// that is shown the operations. Of more than a few hundred, it is those round what is
// shown.
func (w *pageWriter) contents(shown int, anchor string) {
	w.Put(`<ul id="results" hidden></ul><div id="groups">`)
	from, to := around(max(shown, 0), len(w.site.groups))
	w.When(from > 0, `<p class="group-name"><a href="?">All groups</a></p>`)
	for i := from; i < to; i++ {
		g := &w.site.groups[i]
		w.Put(`<section class="group folded"><p class="group-name"><a href="%u"`, w.groupLink(g))
		w.When(i == shown && anchor == "", ` aria-current="true"`)
		w.Put(`>%s</a></p>`, g.name)
		if i == shown {
			at := slices.IndexFunc(g.entries, func(e entry) bool { return e.anchor == anchor })
			from, to := around(max(at, 0), len(g.entries))
			w.Put(`<ul>`)
			for _, e := range g.entries[from:to] {
				w.contentsEntry(e, anchor)
			}
			w.Put(`</ul>`)
		}
		w.Put("</section>\n")
	}
	w.When(to < len(w.site.groups), `<p class="group-name"><a href="?">All groups</a></p>`)
	w.When(len(w.site.doc.schemas) > 0, `<section class="group folded"><p class="group-name"><a href="%u">Schemas</a></p></section>`, markup.Query("schemas", ""))
	w.Put("</div>\n")
}

// around returns which of n entries are listed round one of them.
func around(i, n int) (from, to int) {
	from = max(0, min(i-maxBeside/2, n-maxBeside))
	return from, min(n, from+maxBeside)
}

func (w *pageWriter) contentsEntry(e entry, current string) {
	w.Put(`<li data-search="%s"><a href="%u"`, searched(e.operation), w.operationLink(e.anchor))
	w.When(e.anchor == current, ` aria-current="true"`)
	w.Put(`><span class="label`)
	w.When(e.Deprecated, " old")
	if e.Summary != "" {
		w.Put(`">%s`, e.Summary)
	} else {
		w.Put(`"><code>`)
		w.path(e.path)
		w.Put(`</code>`)
	}
	w.Put(`</span> `)
	w.method(e.method)
	w.Put("</a></li>\n")
}

// searched returns the text of an operation that is searched.
func searched(op *operation) string {
	return strings.ToLower(strings.Join(append([]string{op.method, op.host, op.path, op.Summary, op.ID}, op.Tags...), " "))
}

// main writes what is between the contents and what is shown.
func (w *pageWriter) main() { w.Put("</nav>\n</header>\n<main id=\"content\" tabindex=\"-1\">\n") }

func (w *pageWriter) end() { w.Put("</main>\n</body>\n</html>\n") }

// way writes the links that lead up from a page.
func (w *pageWriter) way(g *group) {
	w.Put(`<p class="way"><a href="?">%s</a>`, w.site.doc.info.Title)
	if g != nil {
		w.Put(` / <a href="%u">%s</a>`, w.groupLink(g), g.name)
	}
	w.Put("</p>\n")
}

// intro writes what the document says of itself.
func (w *pageWriter) intro() {
	info := &w.site.doc.info
	w.Put(`<div class="intro"><h1>%s</h1>`, info.Title)
	w.When(info.Summary != "", `<p class="lead">%s</p>`, info.Summary)
	w.blocks(blocksOf(info.Description))
	if s := server(w.site.doc); s != "" {
		w.Put(`<p class="server">Requests go to <code>%s</code></p>`, s)
	}
	w.Put(`<p class="files"><a href="%u">OpenAPI document</a> <span class="type">JSON</span> · <a href="%u">YAML</a></p>`, markup.Query(documentQuery, ""), markup.Query(yamlQuery, ""))
	w.contact(info)
	w.When(len(w.site.doc.operations) == 0, `<p>There are no operations.</p>`)
	w.Put("</div>\n")
}

// contact writes who is behind the document, and what else there is to read.
func (w *pageWriter) contact(info *Info) {
	about := func(label, name, address string) {
		switch {
		case name+address == "":
		case address == "":
			w.Put(`<p class="server">%s: %s</p>`, label, name)
		default:
			w.Put(`<p class="server">%s: <a href="%u" rel="noreferrer">%s</a></p>`, label, markup.Outward(address), cmp.Or(name, address))
		}
	}
	about("Contact", strings.TrimSpace(info.Contact.Name+" "+info.Contact.Email), info.Contact.URL)
	about("License", cmp.Or(info.License.Name, info.License.Identifier), info.License.URL)
	about("Terms of service", "", info.TermsOfService)
	about("More", info.Docs.Description, info.Docs.URL)
}
