package openapi

import "github.com/rcrowley/go-tigertonic/internal/markup"

// form writes the form that sends a request.
func (w *pageWriter) form(anchor string, v *formView) {
	w.Put(`<details class="try" hidden><summary>Try it</summary>
<form data-method="%s" data-path="%s" data-host="%s" data-server="%s"`, v.Method, v.Path, v.Host, v.Server)
	w.When(v.Cookies, ` data-cookies`)
	w.When(v.Streams, ` data-streams`)
	w.Put(` autocomplete="off">
<p class="elsewhere" hidden>This is sent to <code></code>, which must allow it by CORS.</p>
`)
	for _, c := range v.Credentials {
		w.credential(c)
	}
	for _, f := range v.Fields {
		w.field(f)
	}
	if len(v.Accepts) > 0 {
		w.Put(`<div class="field"><label for="%s.accept">Accept</label><select id="%s.accept" data-accept>`, anchor, anchor)
		for _, mediaType := range v.Accepts {
			w.Put(`<option>%s</option>`, mediaType)
		}
		w.Put("</select></div>\n")
	}
	w.bodies(anchor, v.Bodies)
	w.Put(`<div class="actions"><button type="submit" class="send">Send</button> <button type="button" class="stop" hidden>Stop</button></div>
<div class="result" hidden><p class="outcome" role="status"></p><details class="answer" hidden><summary>Headers</summary><dl></dl></details>
<pre tabindex="0" aria-label="Body of the response" hidden><code></code></pre></div>
</form></details>
`)
}

func (w *pageWriter) credential(c credentialView) {
	if c.Scheme == "basic" {
		w.Put(`<div class="pair"><div class="field"><label for="%s.user">User</label><input id="%s.user" data-scheme="basic" data-credential="%s.user" autocomplete="off" autocapitalize="off" spellcheck="false"></div>
<div class="field"><label for="%s.password">Password</label><input id="%s.password" type="password" data-credential="%s.password" autocomplete="off"></div></div>
`, c.ID, c.ID, c.Name, c.ID, c.ID, c.Name)
		return
	}
	w.Put(`<div class="field"><label for="%s.token">Token</label><input id="%s.token" type="password" data-scheme="bearer" data-credential="%s.token" autocomplete="off"></div>
`, c.ID, c.ID, c.Name)
}

func (w *pageWriter) field(f *fieldView) {
	w.Put(`<div class="field"><label for="%s"><code>%s</code>`, f.ID, f.Name)
	w.When(f.Required, ` <span class="must">required</span>`)
	w.Put(` <span class="type">`)
	if f.In == inForm {
		w.Put(`%s`, f.Type)
	} else {
		w.Put(`%s`, f.In)
	}
	w.When(f.Many && len(f.Options) == 0 && !f.File, `, one a line`)
	w.Put(`</span></label>`)
	switch {
	case f.File:
		w.input(`<input type="file"`, f)
		w.When(f.Many, ` multiple`)
		w.When(f.MediaTypes != "", ` accept="%s"`, f.MediaTypes)
		w.Put(`>`)
	case f.Secret != "":
		w.input(`<input type="password"`, f)
		w.Put(` data-secret data-credential="%s.key" autocomplete="off">`, f.Secret)
	case len(f.Options) > 0:
		w.choice(f)
	case f.Many:
		w.input(`<textarea rows="2"`, f)
		w.Put(` placeholder="%s" autocapitalize="off" spellcheck="false">%s</textarea>`, f.Placeholder, "\n"+f.Value)
	default:
		w.input(`<input`, f)
		w.Put(` value="%s" placeholder="%s" autocomplete="off" autocapitalize="off" spellcheck="false">`, f.Value, f.Placeholder)
	}
	w.When(f.In == "cookie", `<p class="hint">A page can’t set cookies: the request carries those of this site.</p>`)
	w.Put("</div>\n")
}

// input writes the beginning of a field's input.
func (w *pageWriter) input(begin markup.HTML, f *fieldView) {
	w.Put(begin)
	w.Put(` id="%s" data-in="%s" data-name="%s"`, f.ID, f.In, f.Name)
	w.When(f.Rest, ` data-rest`)
	w.When(f.Members, ` data-members`)
	w.When(f.Required, ` required`)
}

func (w *pageWriter) choice(f *fieldView) {
	w.input(`<select`, f)
	if f.Many {
		w.Put(` multiple size="%d">`, min(len(f.Options), 4))
	} else {
		w.Put(`>`)
		if !f.Required {
			w.Put(`<option value="">`)
			w.When(f.Placeholder != "", `%s by default`, f.Placeholder)
			w.When(f.Placeholder == "", `not sent`)
			w.Put(`</option>`)
		}
	}
	for _, option := range f.Options {
		w.Put(`<option value="%s"`, option)
		w.When(option == f.Value, ` selected`)
		w.Put(`>%s</option>`, option)
	}
	w.Put(`</select>`)
}

// bodies writes an input for each kind of body, of which one is shown at a time.
func (w *pageWriter) bodies(anchor string, bodies []payloadView) {
	switch {
	case len(bodies) == 1:
		w.Put(`<input type="hidden" data-type value="%s">`, bodies[0].MediaType)
	case len(bodies) > 1:
		w.Put(`<div class="field"><label for="%s.type">Content type</label><select id="%s.type" data-type>`, anchor, anchor)
		for i := range bodies {
			w.Put(`<option>%s</option>`, bodies[i].MediaType)
		}
		w.Put("</select></div>\n")
	}
	for i := range bodies {
		b := &bodies[i]
		w.Put(`<div class="payload" data-payload="%s"`, b.MediaType)
		w.When(i > 0, ` hidden`)
		w.Put(`>`)
		switch {
		case b.Fields != nil:
			for _, f := range b.Fields {
				w.field(f)
			}
		case b.File:
			w.Put(`<div class="field"><label for="%s">Body <span class="type">%s</span></label><input type="file" id="%s" data-file></div>`, b.ID, b.MediaType, b.ID)
		default:
			w.Put(`<div class="field"><label for="%s">Body <span class="type">%s</span></label><textarea id="%s" class="body" rows="8" data-body autocapitalize="off" spellcheck="false" aria-describedby="%s.hint">%s</textarea>
<p class="hint" id="%s.hint" role="status"></p></div>`, b.ID, b.MediaType, b.ID, b.ID, "\n"+b.Example, b.ID)
		}
		w.Put("</div>\n")
	}
}
