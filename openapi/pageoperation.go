package openapi

import "strings"

// entry writes an operation of a group, or where it is.
func (w *pageWriter) entry(e entry) {
	if e.elsewhere == "" {
		w.operation(newOperationView(w.site.doc, e.operation))
		return
	}
	w.put(`<p class="reference">`)
	w.endpoint(e.method, e.host, e.path)
	w.put(` <a href="%u">%s</a> <span class="type">in %s</span></p>`, w.operationLink(e.anchor), titleOf(e.operation), e.elsewhere)
}

func (w *pageWriter) operation(v *operationView) {
	w.put(`<article class="operation" id="%s"><header>`, v.Anchor)
	if v.Title != "" {
		w.put(`<h3><a class="self`)
		w.when(v.Deprecated, " old")
		w.put(`" href="%u">%s</a>`, w.operationLink(v.Anchor), v.Title)
		w.deprecated(v.Deprecated)
		w.put(`</h3><p class="endpoint">`)
		w.endpoint(v.Method, v.Host, v.FullPath)
		w.put(`</p>`)
	} else {
		w.put(`<h3 class="endpoint"><a class="self endpoint" href="%u">`, w.operationLink(v.Anchor))
		w.endpoint(v.Method, v.Host, v.FullPath)
		w.put(`</a>`)
		w.deprecated(v.Deprecated)
		w.put(`</h3>`)
	}
	w.put("</header>\n")
	if v.Description != nil {
		w.put(`<div class="doc about">`)
		w.blocks(v.Description)
		w.put("</div>\n")
	}
	w.code(v)
	w.put(`<div class="doc">`)
	w.security(v.Security)
	for _, p := range v.Parameters {
		w.put(`<h4>%s</h4>`, map[string]string{"path": "Path", "query": "Query", "header": "Headers", "cookie": "Cookies"}[p.In])
		w.members(p.Parameters)
	}
	if v.Body != nil {
		w.put(`<h4>Body`)
		w.when(!v.Body.Required, ` <span class="type">optional</span>`)
		w.put(`</h4>`)
		w.blocks(v.Body.Description)
		for i := range v.Body.Contents {
			w.content(&v.Body.Contents[i])
		}
	}
	w.responses(v)
	w.put("</div>\n</article>\n")
}

// code writes the panels with what can be copied, and the form.
func (w *pageWriter) code(v *operationView) {
	if v.Hook {
		w.hookExample(v)
		return
	}
	w.put(`<div class="code"><div class="panel">
<div class="bar"><span>curl</span><button type="button" class="copy" hidden>Copy</button></div>
<pre tabindex="0" aria-label="curl"><code class="curl">%s</code></pre></div>
`, v.Curl)
	w.form(v.Anchor, &v.Form)
	if e := v.Example; e != nil {
		w.put(`<div class="panel sample"><div class="bar"><span><span class="status %s">%s</span> %s</span><button type="button" class="copy" hidden>Copy</button></div>
<pre tabindex="0" aria-label="Example of a response"><code class="json">%s</code></pre></div>
`, e.Class, e.Status, e.MediaType, e.contentView.Example)
	}
	w.put("</div>\n")
}

// hookExample writes what the service sends by itself.
func (w *pageWriter) hookExample(v *operationView) {
	w.put(`<div class="code">`)
	if v.Body != nil && len(v.Body.Contents) > 0 && v.Body.Contents[0].Example != "" {
		c := &v.Body.Contents[0]
		w.put(`<div class="panel"><div class="bar"><span>%s</span><button type="button" class="copy" hidden>Copy</button></div>
<pre tabindex="0" aria-label="Example of a request"><code class="json">%s</code></pre></div>`, c.MediaType, c.Example)
	}
	w.put("</div>\n")
}

func (w *pageWriter) security(schemes []securityView) {
	w.when(len(schemes) > 0, `<h4>Authentication</h4>`)
	for _, s := range schemes {
		w.put(`<p>`)
		w.when(s.Or, "or ")
		w.put(`<strong>%s</strong>`, s.Kind)
		w.when(s.Description != "", ` · %s`, s.Description)
		w.when(len(s.Scopes) > 0, ` · scopes`)
		for _, scope := range s.Scopes {
			w.put(` <code>%s</code>`, scope)
		}
		w.put(`</p>`)
	}
}

func (w *pageWriter) responses(v *operationView) {
	if len(v.Responses)+len(v.Errors) == 0 {
		return
	}
	w.put(`<h4>Responses</h4><div class="responses">`)
	for i := range v.Responses {
		w.response(&v.Responses[i])
	}
	if len(v.Errors) > 0 {
		w.put(`<details class="errors"><summary><span class="says">%d errors</span> <span class="statuses">`, len(v.Errors))
		for i := range v.Errors {
			w.put(`<span class="status %s">%s</span> `, v.Errors[i].Class, v.Errors[i].Status)
		}
		w.put("</span></summary>\n")
		for i := range v.Errors {
			w.response(&v.Errors[i])
		}
		w.put(`</details>`)
	}
	w.put("</div>\n")
}

func (w *pageWriter) response(rs *responseView) {
	bare := len(rs.Headers)+len(rs.Contents)+len(rs.Links) == 0
	if bare {
		w.put(`<div class="response bare">`)
	} else {
		w.put(`<details class="response"><summary>`)
	}
	w.put(`<span class="status %s">%s</span> <span class="says">`, rs.Class, rs.Status)
	for _, b := range rs.Description {
		for _, line := range b.Lines {
			w.spans(line)
			w.put(" ")
		}
	}
	w.put(`</span>`)
	if bare {
		w.put("</div>\n")
		return
	}
	w.put(`</summary><div class="inside">`)
	if len(rs.Headers) > 0 {
		w.put(`<h5>Headers</h5>`)
		w.members(rs.Headers)
	}
	for i := range rs.Contents {
		c := &rs.Contents[i]
		w.content(c)
		w.when(c.Example != "", `<pre class="example"><code>%s</code></pre>`, c.Example)
	}
	w.when(len(rs.Links) > 0, `<h5>Next</h5>`)
	for _, l := range rs.Links {
		w.put(`<p><a href="%u">%s</a>`, w.operationLink(l.anchor), l.name)
		w.when(l.description != "", ` · %s`, l.description)
		w.put(`</p>`)
	}
	w.put("</div></details>\n")
}

func (w *pageWriter) content(c *contentView) {
	w.put(`<p class="media"><code>%s</code> `, c.MediaType)
	if c.Schema.Type != nil {
		w.put(`<span class="type">`)
		w.words(c.Schema.Type)
		w.put(`</span>`)
	}
	w.put(`</p>`)
	w.about(&c.Schema)
	w.membersOf(&c.Schema)
}

// schema writes a schema that others refer to.
func (w *pageWriter) schema(named namedSchema) {
	s := &schemaViewer{names: w.site.doc.names, root: named.schema}
	v := s.view(named.name, named.schema)
	w.put(`<article class="schema" id="%s"><h3><a class="self" href="%u">%s</a> <span class="type">`, schemaAnchor(named.name), w.schemaLink(named.name), named.name)
	w.words(v.Type)
	w.put(`</span></h3>`)
	w.about(&v)
	w.membersOf(&v)
	w.put("</article>\n")
}

func (w *pageWriter) membersOf(v *schemaView) {
	if len(v.Members) > 0 {
		w.when(v.Alternatives, `<p class="type">One of these:</p>`)
		w.members(v.Members)
	}
}

func (w *pageWriter) members(views []schemaView) {
	w.put(`<ul class="members">`)
	for i := range views {
		v := &views[i]
		w.put(`<li><p class="head">`)
		switch {
		case v.Name == "":
		case v.Any:
			w.put(`<em>%s</em> `, v.Name)
		default:
			w.put(`<code class="name`)
			w.when(v.Deprecated, " old")
			w.put(`">%s</code> `, v.Name)
		}
		w.put(`<span class="type">`)
		w.words(v.Type)
		w.put(`</span>`)
		w.when(v.Required, ` <span class="must">required</span>`)
		w.deprecated(v.Deprecated)
		w.put(`</p>`)
		w.about(v)
		if len(v.Members) > 0 {
			w.put(`<details class="nested"`)
			w.when(v.Open, ` open`)
			w.put(`><summary>%d %s</summary>`, len(v.Members), v.MembersLabel)
			w.members(v.Members)
			w.put(`</details>`)
		}
		w.put("</li>\n")
	}
	w.put(`</ul>`)
}

// about writes what there is to say of a schema besides its type.
func (w *pageWriter) about(v *schemaView) {
	w.blocks(v.Description)
	if len(v.Facts) > 0 || v.Pattern != "" || v.Default != "" || v.Example != "" {
		w.put(`<p class="facts">`)
		for _, fact := range v.Facts {
			w.put(`<span>%s</span> `, fact)
		}
		w.when(v.Pattern != "", `<span>matches <code>%s</code></span> `, v.Pattern)
		w.when(v.Default != "", `<span>default <code>%s</code></span> `, v.Default)
		w.when(v.Example != "", `<span>for example <code>%s</code></span> `, v.Example)
		w.put(`</p>`)
	}
	if len(v.Enum) > 0 {
		w.put(`<p class="facts"><span>one of `)
		for _, value := range v.Enum {
			w.put(`<code>%s</code> `, value)
		}
		w.put(`</span></p>`)
	}
}

func (w *pageWriter) blocks(blocks []block) {
	for _, b := range blocks {
		switch b.Kind {
		case "pre":
			w.put(`<pre class="example"><code>`)
			w.lines(b.Lines)
			w.put(`</code></pre>`)
		case "ul":
			w.put(`<ul class="text">`)
			for _, line := range b.Lines {
				w.put(`<li>`)
				w.spans(line)
				w.put(`</li>`)
			}
			w.put(`</ul>`)
		default:
			w.put(`<p>`)
			w.lines(b.Lines)
			w.put(`</p>`)
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
			w.put(`<code>%s</code>`, s.Text)
		case "strong":
			w.put(`<strong>%s</strong>`, s.Text)
		case "em":
			w.put(`<em>%s</em>`, s.Text)
		case "a":
			w.put(`<a href="%u" rel="noreferrer">%s</a>`, outward(s.Href), s.Text)
		default:
			w.put(`%s`, s.Text)
		}
	}
}

// words writes a type, with links to those that have a name.
func (w *pageWriter) words(words []word) {
	for _, one := range words {
		if one.Named {
			w.put(`<a href="%u">%s</a>`, w.schemaLink(one.Text), one.Text)
		} else {
			w.put(`%s`, one.Text)
		}
	}
}

func (w *pageWriter) endpoint(method, host, path string) {
	w.method(method)
	w.put(` <code>`)
	w.when(host != "", `<span class="host">%s</span>`, host)
	w.path(path)
	w.put(`</code>`)
}

func (w *pageWriter) method(method string) {
	class := ""
	switch method {
	case "GET", "POST", "PUT", "PATCH", "DELETE":
		class = strings.ToLower(method)
	}
	w.put(`<span class="method %s">%s</span>`, class, method)
}

// path writes a path that may be broken after its slashes and round its wildcards.
func (w *pageWriter) path(path string) {
	for _, part := range pathParts(path) {
		if part.Wildcard {
			w.put(`<var>%s</var><wbr>`, part.Text)
		} else {
			w.put(`%s<wbr>`, part.Text)
		}
	}
}

func (w *pageWriter) deprecated(is bool) {
	w.when(is, ` <span class="note warn">deprecated</span>`)
}
