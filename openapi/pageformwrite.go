package openapi

// form writes the form that sends a request.
func (w *pageWriter) form(anchor string, v *formView) {
	w.put(`<details class="try" hidden><summary>Try it</summary>
<form data-method="%s" data-path="%s" data-host="%s" data-server="%s"`, v.Method, v.Path, v.Host, v.Server)
	w.when(v.Cookies, ` data-cookies`)
	w.when(v.Streams, ` data-streams`)
	w.put(` autocomplete="off">
<p class="elsewhere" hidden>This is sent to <code></code>, which must allow it by CORS.</p>
`)
	for _, c := range v.Credentials {
		w.credential(c)
	}
	for _, f := range v.Fields {
		w.field(f)
	}
	if len(v.Accepts) > 0 {
		w.put(`<div class="field"><label for="%s.accept">Accept</label><select id="%s.accept" data-accept>`, anchor, anchor)
		for _, mediaType := range v.Accepts {
			w.put(`<option>%s</option>`, mediaType)
		}
		w.put("</select></div>\n")
	}
	w.bodies(anchor, v.Bodies)
	w.put(`<div class="actions"><button type="submit" class="send">Send</button> <button type="button" class="stop" hidden>Stop</button></div>
<div class="result" hidden><p class="outcome" role="status"></p><details class="answer" hidden><summary>Headers</summary><dl></dl></details>
<pre tabindex="0" aria-label="Body of the response" hidden><code></code></pre></div>
</form></details>
`)
}

func (w *pageWriter) credential(c credentialView) {
	if c.Scheme == "basic" {
		w.put(`<div class="pair"><div class="field"><label for="%s.user">User</label><input id="%s.user" data-scheme="basic" data-credential="%s.user" autocomplete="off" autocapitalize="off" spellcheck="false"></div>
<div class="field"><label for="%s.password">Password</label><input id="%s.password" type="password" data-credential="%s.password" autocomplete="off"></div></div>
`, c.ID, c.ID, c.Name, c.ID, c.ID, c.Name)
		return
	}
	w.put(`<div class="field"><label for="%s.token">Token</label><input id="%s.token" type="password" data-scheme="bearer" data-credential="%s.token" autocomplete="off"></div>
`, c.ID, c.ID, c.Name)
}

func (w *pageWriter) field(f *fieldView) {
	w.put(`<div class="field"><label for="%s"><code>%s</code>`, f.ID, f.Name)
	w.when(f.Required, ` <span class="must">required</span>`)
	w.put(` <span class="type">`)
	if f.In == inForm {
		w.put(`%s`, f.Type)
	} else {
		w.put(`%s`, f.In)
	}
	w.when(f.Many && len(f.Options) == 0 && !f.File, `, one a line`)
	w.put(`</span></label>`)
	switch {
	case f.File:
		w.input(`<input type="file"`, f)
		w.when(f.Many, ` multiple`)
		w.when(f.MediaTypes != "", ` accept="%s"`, f.MediaTypes)
		w.put(`>`)
	case f.Secret != "":
		w.input(`<input type="password"`, f)
		w.put(` data-secret data-credential="%s.key" autocomplete="off">`, f.Secret)
	case len(f.Options) > 0:
		w.choice(f)
	case f.Many:
		w.input(`<textarea rows="2"`, f)
		w.put(` placeholder="%s" autocapitalize="off" spellcheck="false">%s</textarea>`, f.Placeholder, "\n"+f.Value)
	default:
		w.input(`<input`, f)
		w.put(` value="%s" placeholder="%s" autocomplete="off" autocapitalize="off" spellcheck="false">`, f.Value, f.Placeholder)
	}
	w.when(f.In == "cookie", `<p class="hint">A page can’t set cookies: the request carries those of this site.</p>`)
	w.put("</div>\n")
}

// input writes the beginning of a field's input.
func (w *pageWriter) input(begin markup, f *fieldView) {
	w.put(begin)
	w.put(` id="%s" data-in="%s" data-name="%s"`, f.ID, f.In, f.Name)
	w.when(f.Rest, ` data-rest`)
	w.when(f.Required, ` required`)
}

func (w *pageWriter) choice(f *fieldView) {
	w.input(`<select`, f)
	if f.Many {
		w.put(` multiple size="%d">`, min(len(f.Options), 4))
	} else {
		w.put(`>`)
		if !f.Required {
			w.put(`<option value="">`)
			w.when(f.Placeholder != "", `%s by default`, f.Placeholder)
			w.when(f.Placeholder == "", `not sent`)
			w.put(`</option>`)
		}
	}
	for _, option := range f.Options {
		w.put(`<option value="%s"`, option)
		w.when(option == f.Value, ` selected`)
		w.put(`>%s</option>`, option)
	}
	w.put(`</select>`)
}

// bodies writes an input for each kind of body, of which one is shown at a time.
func (w *pageWriter) bodies(anchor string, bodies []payloadView) {
	switch {
	case len(bodies) == 1:
		w.put(`<input type="hidden" data-type value="%s">`, bodies[0].MediaType)
	case len(bodies) > 1:
		w.put(`<div class="field"><label for="%s.type">Content type</label><select id="%s.type" data-type>`, anchor, anchor)
		for i := range bodies {
			w.put(`<option>%s</option>`, bodies[i].MediaType)
		}
		w.put("</select></div>\n")
	}
	for i := range bodies {
		b := &bodies[i]
		w.put(`<div class="payload" data-payload="%s"`, b.MediaType)
		w.when(i > 0, ` hidden`)
		w.put(`>`)
		switch {
		case b.Fields != nil:
			for _, f := range b.Fields {
				w.field(f)
			}
		case b.File:
			w.put(`<div class="field"><label for="%s">Body <span class="type">%s</span></label><input type="file" id="%s" data-file></div>`, b.ID, b.MediaType, b.ID)
		default:
			w.put(`<div class="field"><label for="%s">Body <span class="type">%s</span></label><textarea id="%s" class="body" rows="8" data-body autocapitalize="off" spellcheck="false" aria-describedby="%s.hint">%s</textarea>
<p class="hint" id="%s.hint" role="status"></p></div>`, b.ID, b.MediaType, b.ID, b.ID, "\n"+b.Example, b.ID)
		}
		w.put("</div>\n")
	}
}
