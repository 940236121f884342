package openapi

import (
	"strings"

	"github.com/rcrowley/go-tigertonic/internal/markup"
)

// entry writes an operation of a group, or where it is.
func (w *pageWriter) entry(e entry) {
	if e.elsewhere == "" {
		w.operation(newOperationView(w.site.doc, e.operation))
		return
	}
	w.Put(`<p class="reference">`)
	w.endpoint(e.method, e.host, e.path)
	w.Put(` <a href="%u">%s</a> <span class="type">in %s</span></p>`, w.operationLink(e.anchor), titleOf(e.operation), e.elsewhere)
}

func (w *pageWriter) operation(v *operationView) {
	w.Put(`<article class="operation" id="%s"><header>`, v.Anchor)
	if v.Title != "" {
		w.Put(`<h3><a class="self`)
		w.When(v.Deprecated, " old")
		w.Put(`" href="%u">%s</a>`, w.operationLink(v.Anchor), v.Title)
		w.deprecated(v.Deprecated)
		w.Put(`</h3><p class="endpoint">`)
		w.endpoint(v.Method, v.Host, v.FullPath)
		w.Put(`</p>`)
	} else {
		w.Put(`<h3 class="endpoint"><a class="self endpoint" href="%u">`, w.operationLink(v.Anchor))
		w.endpoint(v.Method, v.Host, v.FullPath)
		w.Put(`</a>`)
		w.deprecated(v.Deprecated)
		w.Put(`</h3>`)
	}
	w.Put("</header>\n")
	if v.Description != nil {
		w.Put(`<div class="doc about">`)
		w.blocks(v.Description)
		w.Put("</div>\n")
	}
	w.code(v)
	w.Put(`<div class="doc">`)
	w.security(v.Security)
	for _, p := range v.Parameters {
		w.Put(`<h4>%s</h4>`, map[string]string{"path": "Path", "query": "Query", "header": "Headers", "cookie": "Cookies"}[p.In])
		w.members(p.Parameters)
	}
	if v.Body != nil {
		w.Put(`<h4>Body`)
		w.When(!v.Body.Required, ` <span class="type">optional</span>`)
		w.Put(`</h4>`)
		w.blocks(v.Body.Description)
		for i := range v.Body.Contents {
			w.content(&v.Body.Contents[i])
		}
	}
	w.responses(v)
	w.Put("</div>\n</article>\n")
}

// code writes the panels with what can be copied, and the form.
func (w *pageWriter) code(v *operationView) {
	if v.Hook {
		w.hookExample(v)
		return
	}
	w.Put(`<div class="code"><div class="panel">
<div class="bar"><span>curl</span><button type="button" class="copy" hidden>Copy</button></div>
<pre tabindex="0" aria-label="curl"><code class="curl">%s</code></pre></div>
`, v.Curl)
	w.form(v.Anchor, &v.Form)
	if e := v.Example; e != nil {
		w.Put(`<div class="panel sample"><div class="bar"><span><span class="status %s">%s</span> %s</span><button type="button" class="copy" hidden>Copy</button></div>
<pre tabindex="0" aria-label="Example of a response"><code class="json">%s</code></pre></div>
`, e.Class, e.Status, e.MediaType, e.contentView.Example)
	}
	w.Put("</div>\n")
}

// hookExample writes what the service sends by itself.
func (w *pageWriter) hookExample(v *operationView) {
	w.Put(`<div class="code">`)
	if v.Body != nil && len(v.Body.Contents) > 0 && v.Body.Contents[0].Example != "" {
		c := &v.Body.Contents[0]
		w.Put(`<div class="panel"><div class="bar"><span>%s</span><button type="button" class="copy" hidden>Copy</button></div>
<pre tabindex="0" aria-label="Example of a request"><code class="json">%s</code></pre></div>`, c.MediaType, c.Example)
	}
	w.Put("</div>\n")
}

func (w *pageWriter) security(schemes []securityView) {
	w.When(len(schemes) > 0, `<h4>Authentication</h4>`)
	for _, s := range schemes {
		w.Put(`<p>`)
		w.When(s.Or, "or ")
		w.Put(`<strong>%s</strong>`, s.Kind)
		w.When(s.Description != "", ` · %s`, s.Description)
		w.When(len(s.Scopes) > 0, ` · scopes`)
		for _, scope := range s.Scopes {
			w.Put(` <code>%s</code>`, scope)
		}
		w.Put(`</p>`)
	}
}

func (w *pageWriter) responses(v *operationView) {
	if len(v.Responses)+len(v.Errors) == 0 {
		return
	}
	w.Put(`<h4>Responses</h4><div class="responses">`)
	for i := range v.Responses {
		w.response(&v.Responses[i])
	}
	if len(v.Errors) > 0 {
		w.Put(`<details class="errors"><summary><span class="says">%d errors</span> <span class="statuses">`, len(v.Errors))
		for i := range v.Errors {
			w.Put(`<span class="status %s">%s</span> `, v.Errors[i].Class, v.Errors[i].Status)
		}
		w.Put("</span></summary>\n")
		for i := range v.Errors {
			w.response(&v.Errors[i])
		}
		w.Put(`</details>`)
	}
	w.Put("</div>\n")
}

func (w *pageWriter) response(rs *responseView) {
	bare := len(rs.Headers)+len(rs.Contents)+len(rs.Links) == 0
	if bare {
		w.Put(`<div class="response bare">`)
	} else {
		w.Put(`<details class="response"><summary>`)
	}
	w.Put(`<span class="status %s">%s</span> <span class="says">`, rs.Class, rs.Status)
	for _, b := range rs.Description {
		for _, line := range b.Lines {
			w.spans(line)
			w.Put(" ")
		}
	}
	w.Put(`</span>`)
	if bare {
		w.Put("</div>\n")
		return
	}
	w.Put(`</summary><div class="inside">`)
	if len(rs.Headers) > 0 {
		w.Put(`<h5>Headers</h5>`)
		w.members(rs.Headers)
	}
	for i := range rs.Contents {
		c := &rs.Contents[i]
		w.content(c)
		w.When(c.Example != "", `<pre class="example"><code>%s</code></pre>`, c.Example)
	}
	w.When(len(rs.Links) > 0, `<h5>Next</h5>`)
	for _, l := range rs.Links {
		w.Put(`<p><a href="%u">%s</a>`, w.operationLink(l.anchor), l.name)
		w.When(l.description != "", ` · %s`, l.description)
		w.Put(`</p>`)
	}
	w.Put("</div></details>\n")
}

func (w *pageWriter) content(c *contentView) {
	w.Put(`<p class="media"><code>%s</code> `, c.MediaType)
	if c.Schema.Type != nil {
		w.Put(`<span class="type">`)
		w.words(c.Schema.Type)
		w.Put(`</span>`)
	}
	w.Put(`</p>`)
	w.about(&c.Schema)
	w.membersOf(&c.Schema)
}

// schema writes a schema that others refer to.
func (w *pageWriter) schema(named namedSchema) {
	s := &schemaViewer{names: w.site.doc.names, root: named.schema}
	v := s.view(named.name, named.schema)
	w.Put(`<article class="schema" id="%s"><h3><a class="self" href="%u">%s</a> <span class="type">`, schemaAnchor(named.name), w.schemaLink(named.name), named.name)
	w.words(v.Type)
	w.Put(`</span></h3>`)
	w.about(&v)
	w.membersOf(&v)
	w.Put("</article>\n")
}

func (w *pageWriter) membersOf(v *schemaView) {
	if len(v.Members) > 0 {
		w.When(v.Alternatives, `<p class="type">One of these:</p>`)
		w.members(v.Members)
	}
}

func (w *pageWriter) members(views []schemaView) {
	w.Put(`<ul class="members">`)
	for i := range views {
		v := &views[i]
		w.Put(`<li><p class="head">`)
		switch {
		case v.Name == "":
		case v.Any:
			w.Put(`<em>%s</em> `, v.Name)
		default:
			w.Put(`<code class="name`)
			w.When(v.Deprecated, " old")
			w.Put(`">%s</code> `, v.Name)
		}
		w.Put(`<span class="type">`)
		w.words(v.Type)
		w.Put(`</span>`)
		w.When(v.Required, ` <span class="must">required</span>`)
		w.deprecated(v.Deprecated)
		w.Put(`</p>`)
		w.about(v)
		if len(v.Members) > 0 {
			w.Put(`<details class="nested"`)
			w.When(v.Open, ` open`)
			w.Put(`><summary>%d %s</summary>`, len(v.Members), v.MembersLabel)
			w.members(v.Members)
			w.Put(`</details>`)
		}
		w.Put("</li>\n")
	}
	w.Put(`</ul>`)
}

// about writes what there is to say of a schema besides its type.
func (w *pageWriter) about(v *schemaView) {
	w.blocks(v.Description)
	if len(v.Facts) > 0 || v.Pattern != "" || v.Default != "" || v.Example != "" {
		w.Put(`<p class="facts">`)
		for _, fact := range v.Facts {
			w.Put(`<span>%s</span> `, fact)
		}
		w.When(v.Pattern != "", `<span>matches <code>%s</code></span> `, v.Pattern)
		w.When(v.Default != "", `<span>default <code>%s</code></span> `, v.Default)
		w.When(v.Example != "", `<span>for example <code>%s</code></span> `, v.Example)
		w.Put(`</p>`)
	}
	if len(v.Enum) > 0 {
		w.Put(`<p class="facts"><span>one of `)
		for _, value := range v.Enum {
			w.Put(`<code>%s</code> `, value)
		}
		w.Put(`</span></p>`)
	}
}

func (w *pageWriter) blocks(blocks []block) {
	for _, b := range blocks {
		switch b.Kind {
		case "pre":
			w.Put(`<pre class="example"><code>`)
			w.lines(b.Lines)
			w.Put(`</code></pre>`)
		case "ul":
			w.Put(`<ul class="text">`)
			for _, line := range b.Lines {
				w.Put(`<li>`)
				w.spans(line)
				w.Put(`</li>`)
			}
			w.Put(`</ul>`)
		default:
			w.Put(`<p>`)
			w.lines(b.Lines)
			w.Put(`</p>`)
		}
	}
}

func (w *pageWriter) lines(lines [][]span) {
	for _, line := range lines {
		w.spans(line)
	}
}

func (w *pageWriter) spans(spans []span) {
	for _, s := range spans {
		switch s.Kind {
		case "code":
			w.Put(`<code>%s</code>`, s.Text)
		case "strong":
			w.Put(`<strong>%s</strong>`, s.Text)
		case "em":
			w.Put(`<em>%s</em>`, s.Text)
		case "a":
			w.Put(`<a href="%u" rel="noreferrer">%s</a>`, markup.Outward(s.Href), s.Text)
		default:
			w.Put(`%s`, s.Text)
		}
	}
}

// words writes a type, with links to those that have a name.
func (w *pageWriter) words(words []word) {
	for _, one := range words {
		if one.Named {
			w.Put(`<a href="%u">%s</a>`, w.schemaLink(one.Text), one.Text)
		} else {
			w.Put(`%s`, one.Text)
		}
	}
}

func (w *pageWriter) endpoint(method, host, path string) {
	w.method(method)
	w.Put(` <code>`)
	w.When(host != "", `<span class="host">%s</span>`, host)
	w.path(path)
	w.Put(`</code>`)
}

func (w *pageWriter) method(method string) {
	class := ""
	switch method {
	case "GET", "POST", "PUT", "PATCH", "DELETE":
		class = strings.ToLower(method)
	}
	w.Put(`<span class="method %s">%s</span>`, class, method)
}

// path writes a path that may be broken after its slashes and round its wildcards.
func (w *pageWriter) path(path string) {
	for _, part := range pathParts(path) {
		if part.Wildcard {
			w.Put(`<var>%s</var><wbr>`, part.Text)
		} else {
			w.Put(`%s<wbr>`, part.Text)
		}
	}
}

func (w *pageWriter) deprecated(is bool) {
	w.When(is, ` <span class="note warn">deprecated</span>`)
}
