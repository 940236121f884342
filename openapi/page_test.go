package openapi_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/openapi"
	"github.com/rcrowley/go-tigertonic/schema"
)

// get returns the answer of a handler to a request with these headers.
func get(t *testing.T, h http.Handler, method string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/docs/", nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// html returns the page of a tree.
func html(t *testing.T, h http.Handler, info openapi.Info) string {
	t.Helper()
	body, err := io.ReadAll(get(t, openapi.Page(openapi.New(h, info)), "GET").Body)
	require.NoError(t, err)
	return string(body)
}

// schema returns a schema in JSON Schema's words, of which it knows some.
func schemaOf(types string, change ...func(s *schema.Schema)) *schema.Schema {
	s := &schema.Schema{Types: strings.Fields(types)}
	for _, f := range change {
		f(s)
	}
	return s
}

// ticket returns a schema that leads back to itself.
func ticket() *schema.Schema {
	one, ten := 1, 10
	s := &schema.Schema{Name: "Ticket", Origin: schema.Origin{Package: "example.com/t"}, Types: []string{"object"}, Description: "A way in."}
	s.Properties = []schema.Property{
		{Name: "seat", Required: true, Schema: &schema.Schema{Types: []string{"string"}, MinLength: &one, MaxLength: &ten}},
		{Name: "row", Schema: &schema.Schema{Types: []string{"integer"}, Minimum: "3", Maximum: "40", MultipleOf: "2"}},
		{Name: "for", Schema: &schema.Schema{Types: []string{"string"}, Enum: []json.RawMessage{[]byte(`"child"`), []byte(`"adult"`)}, Default: []byte(`"adult"`)}},
		{Name: "companions", Schema: &schema.Schema{Types: []string{"array"}, Items: &schema.Schema{Ref: s}}},
	}
	return s
}

// theatre returns a tree with a little of all that a page shows.
func theatre() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/plays", foreign)
	mux.Handle("POST", "/plays/{play}/tickets", described(func(op *tigertonic.Operation) {
		op.ID, op.Summary, op.Description, op.Deprecated = "buy", "Buy a ticket", "For *one*, or `many`.", true
		op.Parameters = []tigertonic.Parameter{
			{Name: "play", In: "path", Required: true, Schema: schemaOf("integer")},
			{Name: "pay by", In: "query", Required: true, Description: "It's up to you", Schema: schemaOf("string", func(s *schema.Schema) { s.Examples = []json.RawMessage{[]byte(`"it's"`)} })},
		}
		t := ticket()
		op.Body = &tigertonic.RequestBody{Required: true, Content: map[string]tigertonic.MediaType{"application/json": {Schema: &schema.Schema{Ref: t}}}}
		op.Response(http.StatusCreated).Add("application/json", tigertonic.MediaType{Schema: &schema.Schema{Ref: t}})
		op.Response(http.StatusCreated).SetHeader("Location", "Where it is", schemaOf("string"))
		op.ResponseRange("4XX")
		op.Response(http.StatusConflict)
		op.ResponseRange("default")
		op.Security = []tigertonic.SecurityScheme{{Name: "box", Scheme: "basic"}}
	}))
	return mux
}

func TestPageIsServedWithItsPolicy(t *testing.T) {
	page := openapi.Page(openapi.New(theatre(), info))
	rs := get(t, page, "GET")
	assert.Equal(t, http.StatusOK, rs.StatusCode)
	assert.Equal(t, "text/html; charset=utf-8", rs.Header.Get("Content-Type"))
	assert.Equal(t, "nosniff", rs.Header.Get("X-Content-Type-Options"))
	assert.Equal(t, "no-referrer", rs.Header.Get("Referrer-Policy"))
	assert.Equal(t, "no-cache", rs.Header.Get("Cache-Control"))
	body, err := io.ReadAll(rs.Body)
	require.NoError(t, err)
	hash := func(element string) string {
		m := regexp.MustCompile(`(?s)<`+element+`>(.*?)</`+element+`>`).FindAllSubmatch(body, -1)
		require.Len(t, m, 1, "of <%s>", element)
		sum := sha256.Sum256(m[0][1])
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	assert.Equal(t, "default-src 'none'; style-src "+hash("style")+"; script-src "+hash("script")+
		"; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", rs.Header.Get("Content-Security-Policy"))
	assert.Empty(t, regexp.MustCompile(`(?i)<[^>]*\s(style|on[a-z]+)=`).Find(body))
	assert.Empty(t, regexp.MustCompile(`(?i)(src|srcset|@import|url\()\s*=?\s*["']?(https?:)?//`).Find(body))
}

func TestPageIsAnsweredOnlyOnceToThoseWhoHaveIt(t *testing.T) {
	page := openapi.Page(openapi.New(theatre(), info))
	etag := get(t, page, "GET").Header.Get("Etag")
	require.NotEmpty(t, etag)
	again := get(t, page, "GET", "If-None-Match", etag)
	body, err := io.ReadAll(again.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusNotModified, again.StatusCode)
	assert.Empty(t, body)
	assert.Equal(t, etag, again.Header.Get("Etag"))
	assert.Equal(t, http.StatusOK, get(t, page, "GET", "If-None-Match", `"other"`).StatusCode)

	head := get(t, page, "HEAD")
	body, err = io.ReadAll(head.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, head.StatusCode)
	assert.Empty(t, body)
	assert.Equal(t, get(t, page, "GET").Header.Get("Content-Length"), head.Header.Get("Content-Length"))

	post := get(t, page, "POST")
	assert.Equal(t, http.StatusMethodNotAllowed, post.StatusCode)
	assert.Equal(t, "GET, HEAD", post.Header.Get("Allow"))
}

func TestPageIsTheSameForEqualTrees(t *testing.T) {
	for range 5 {
		one, other := html(t, theatre(), info), html(t, theatre(), info)
		assert.Equal(t, one, other)
	}
	other := info
	other.Version = "2.0"
	etag := func(info openapi.Info) string {
		return get(t, openapi.Page(openapi.New(theatre(), info)), "GET").Header.Get("Etag")
	}
	assert.NotEqual(t, etag(info), etag(other))
}

var scripts = regexp.MustCompile(`(?s)<(style|script)>.*?</(style|script)>`)

// checkHTML fails if elements don't nest, an ID is there twice, or a link within
// the page or a label leads nowhere.
func checkHTML(t *testing.T, html string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(scripts.ReplaceAllString(html, "")))
	decoder.Strict = false // attributes without values
	decoder.AutoClose, decoder.Entity = append([]string{"wbr"}, xml.HTMLAutoClose...), xml.HTMLEntity
	ids, targets := map[string]int{}, map[string]bool{}
	var open []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		switch e := token.(type) {
		case xml.StartElement:
			open = append(open, e.Name.Local)
			for _, a := range e.Attr {
				switch a.Name.Local {
				case "id":
					ids[a.Value]++
				case "for", "aria-labelledby", "aria-controls", "aria-describedby":
					targets[a.Value] = true
				case "href":
					if fragment, ok := strings.CutPrefix(a.Value, "#"); ok {
						targets[fragment] = true
					}
				}
			}
		case xml.EndElement:
			require.Equal(t, open[len(open)-1], e.Name.Local)
			open = open[:len(open)-1]
		}
	}
	assert.Empty(t, open)
	for id, n := range ids {
		assert.Equal(t, 1, n, "id %q", id)
	}
	for target := range targets {
		assert.Contains(t, ids, target)
	}
}

func TestPageIsWellFormed(t *testing.T) {
	checkHTML(t, html(t, theatre(), info))
	checkHTML(t, html(t, tigertonic.NewTrieServeMux(), info))
}

func TestPageShowsOperations(t *testing.T) {
	_, got, _ := strings.Cut(html(t, theatre(), info), "<body>")
	for _, want := range []string{
		`<h1>Test</h1>`, `id="buy"`, `Buy a ticket`, `For <em>one</em>, or <code>many</code>.`, `deprecated`,
		`plays/<wbr><var>{play}</var>`, `<strong>HTTP Basic</strong> · A user and a password`,
		`It&#39;s up to you`, `1 to 10 characters`, `3 to 40`, `multiple of 2`, `<code>child</code> <code>adult</code>`,
		`default <code>adult</code>`, `array of <a href="#schema.Ticket">Ticket</a>`, `id="schema.Ticket"`, `A way in.`, `Where it is`,
	} {
		assert.Contains(t, got, want)
	}
	_, tickets, _ := strings.Cut(got, `id="buy"`)
	statuses := regexp.MustCompile(`<span class="status [a-z]+">(\w+)</span> <span class="says">`).FindAllStringSubmatch(tickets, -1)
	var order []string
	for _, m := range statuses {
		order = append(order, m[1])
	}
	assert.Equal(t, []string{"201", "404", "409", "4XX", "default"}, order)
}

// curlOf returns the curl line of an operation.
func curlOf(t *testing.T, page, anchor string) string {
	t.Helper()
	_, from, ok := strings.Cut(page, `id="`+anchor+`"`)
	require.True(t, ok)
	_, from, _ = strings.Cut(from, `<code class="curl">`)
	curl, _, _ := strings.Cut(from, `</code>`)
	return strings.NewReplacer("&#39;", "'", "&#34;", `"`, "&amp;", "&", "&lt;", "<", "&gt;", ">", "&#43;", "+").Replace(curl)
}

func TestPageHasCurlLines(t *testing.T) {
	want := `curl 'http://localhost/plays/1/tickets?pay%20by=it%27s' \
  -X POST \
  -u 'user' \
  -H 'Content-Type: application/json' \
  --data-raw '{
  "seat": "string",
  "row": 4,
  "for": "child",
  "companions": []
}'`
	assert.Equal(t, want, curlOf(t, html(t, theatre(), info), "buy"))
}

func TestPageQuotesForTheShell(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/a/{rest...}", described(func(op *tigertonic.Operation) {
		op.ID = "a"
		op.Parameters = []tigertonic.Parameter{
			{Name: "rest", In: "path", Required: true, Schema: schemaOf("string", func(s *schema.Schema) { s.Examples = []json.RawMessage{[]byte(`"b c/d?"`)} })},
			{Name: "X", In: "header", Required: true, Schema: schemaOf("string", func(s *schema.Schema) { s.Examples = []json.RawMessage{[]byte(`"'; rm -rf / #$(x)"`)} })},
			{Name: "c", In: "cookie", Required: true, Schema: schemaOf("boolean")},
		}
	}))
	want := `curl 'http://localhost/a/b%20c/d%3F' \
  -H 'X: '\''; rm -rf / #$(x)' \
  -b 'c=true'`
	assert.Equal(t, want, curlOf(t, html(t, mux, info), "a"))
}

func TestPageSendsToServersAndHosts(t *testing.T) {
	hosts := tigertonic.NewHostServeMux()
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/here", named("here"))
	hosts.Handle("api.example.com", mux)
	for _, c := range []struct {
		servers      []string
		h            http.Handler
		curl, policy string
	}{
		{nil, mux, "curl 'http://localhost/here'", "connect-src 'self'; "},
		{[]string{"/"}, mux, "curl 'http://localhost/here'", "connect-src 'self'; "},
		{[]string{"/base/"}, mux, "curl 'http://localhost/base/here'", "connect-src 'self'; "},
		{[]string{"https://example.org/v1", "https://other.example"}, mux, "curl 'https://example.org/v1/here'", "connect-src 'self' https://example.org; "},
		{nil, hosts, "curl 'http://api.example.com/here'", "connect-src 'self' api.example.com:*; "},
		{[]string{"https://a'; script-src *"}, mux, "curl 'http://localhost/here'", "connect-src 'self'; "},
	} {
		info := openapi.Info{Title: "Test", Version: "1"}
		for _, address := range c.servers {
			info.Servers = append(info.Servers, openapi.Server{URL: address})
		}
		doc := openapi.New(c.h, info)
		rs := get(t, openapi.Page(doc), "GET")
		body, err := io.ReadAll(rs.Body)
		require.NoError(t, err)
		assert.Equal(t, c.curl, curlOf(t, string(body), "here"), "%q", c.servers)
		assert.Contains(t, rs.Header.Get("Content-Security-Policy"), c.policy, "%q", c.servers)
	}
}

func TestPageLeavesIPv6OutOfItsPolicy(t *testing.T) {
	hosts := tigertonic.NewHostServeMux()
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/here", named("here"))
	hosts.Handle("[::1]", mux)
	page := openapi.Page(openapi.New(hosts, info))
	assert.Contains(t, get(t, page, "GET").Header.Get("Content-Security-Policy"), "connect-src 'self'; ")
	assert.Equal(t, "curl 'http://[::1]/here'", curlOf(t, html(t, hosts, info), "here"))
}

func TestPageGroupsByPathWithoutTags(t *testing.T) {
	untagged := func() *tigertonic.TrieServeMux {
		mux := tigertonic.NewTrieServeMux()
		for _, path := range []string{"/{id}", "/v1/stuff", "/v1/stuff/{id}", "/api/2.0/other/more", "/plain"} {
			mux.Handle("GET", path, foreign)
		}
		return mux
	}
	groups := func(mux *tigertonic.TrieServeMux) (groups []string) {
		for _, m := range regexp.MustCompile(`<h2 class="divider" id="group[^>]*>([^<]*)</h2>`).FindAllStringSubmatch(html(t, mux, info), -1) {
			groups = append(groups, m[1])
		}
		return groups
	}
	assert.ElementsMatch(t, []string{"/", "/v1/stuff", "/api/2.0/other", "/plain"}, groups(untagged()))
	mux := untagged()
	mux.Handle("GET", "/tagged", described(func(op *tigertonic.Operation) { op.Tags = []string{"Tag", "Second"} }))
	assert.Equal(t, []string{"Tag", "Second", "Other"}, groups(mux))
}

// An operation is in the group of each of its tags: whole in the first, and with a
// link to it in the others.
func TestPageHasAnOperationInEachOfItsGroups(t *testing.T) {
	text := html(t, mount("GET /tagged", func(op *tigertonic.Operation) {
		op.ID, op.Summary, op.Tags = "tagged", "Summed up", []string{"First", "Second", "First"}
	}), info)
	assert.Equal(t, 1, strings.Count(text, `<article class="operation" id="`))
	assert.Equal(t, 2, strings.Count(text, `<li data-search="get  /tagged summed up tagged first second first">`), text)
	assert.Contains(t, text, `<a href="#tagged">Summed up</a> <span class="type">in First</span>`)
	ids := regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(text, -1)
	seen := map[string]bool{}
	for _, id := range ids {
		assert.False(t, seen[id[1]], "%s is there twice", id[1])
		seen[id[1]] = true
	}
}

func TestPageLinksToItsDocument(t *testing.T) {
	doc := openapi.New(mount("GET /here", func(*tigertonic.Operation) {}), info)
	page := openapi.Page(doc)
	w := httptest.NewRecorder()
	page.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/docs", nil))
	link := regexp.MustCompile(`<a href="([^"]*)">OpenAPI document</a>`).FindStringSubmatch(w.Body.String())
	require.NotEmpty(t, link)
	rs := httptest.NewRecorder()
	page.ServeHTTP(rs, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/docs"+link[1], nil))
	assert.Equal(t, "application/json", rs.Header().Get("Content-Type"))
	assert.Equal(t, string(doc.JSON()), rs.Body.String())
	assert.NotEqual(t, w.Header().Get("Etag"), rs.Header().Get("Etag"))
}

// What must be sent is in the curl line, and no secret is.
func TestPageHasWhatIsRequiredInItsCurlLine(t *testing.T) {
	text := &schema.Schema{Types: []string{"string"}}
	list := &schema.Schema{Types: []string{"array"}, Items: text}
	for _, tt := range []struct {
		p    tigertonic.Parameter
		want string
	}{
		{tigertonic.Parameter{Name: "If-Match", In: "header", Required: true, Schema: text}, "curl 'http://localhost/a' \\\n  -H 'If-Match: {If-Match}'"},
		{tigertonic.Parameter{Name: "If-Match", In: "header", Schema: text}, "curl 'http://localhost/a'"},
		{tigertonic.Parameter{Name: "a b", In: "query", Required: true, Schema: text}, "curl 'http://localhost/a?a%20b={a%20b}'"},
		{tigertonic.Parameter{Name: "a", In: "query", Required: true, Schema: list}, "curl 'http://localhost/a?a={a}'"},
		{tigertonic.Parameter{Name: "a", In: "cookie", Required: true, Schema: text}, "curl 'http://localhost/a' \\\n  -b 'a={a}'"},
		{tigertonic.Parameter{Name: "for", In: "query", Required: true, Schema: &schema.Schema{Types: []string{"string"}, Format: "go-duration"}}, "curl 'http://localhost/a?for=1h30m0s'"},
	} {
		h := mount("GET /a", func(op *tigertonic.Operation) { op.ID, op.Parameters = "a", []tigertonic.Parameter{tt.p} })
		assert.Equal(t, tt.want, curlOf(t, html(t, h, info), "a"))
	}
	for scheme, want := range map[string]string{"basic": `-u 'user'`, "bearer": `-H "Authorization: Bearer $TOKEN"`} {
		h := mount("GET /a", func(op *tigertonic.Operation) {
			op.ID, op.Security = "a", []tigertonic.SecurityScheme{{Name: "s", Scheme: scheme}}
		})
		assert.Equal(t, "curl 'http://localhost/a' \\\n  "+want, curlOf(t, html(t, h, info), "a"))
	}
}

// A dozen errors that every operation has don't hide what is its own.
func TestPageFoldsErrors(t *testing.T) {
	page := func(statuses ...string) string {
		return html(t, mount("GET /a", func(op *tigertonic.Operation) {
			for _, status := range statuses {
				op.ResponseRange(status)
			}
		}), info)
	}
	assert.Contains(t, page("200", "400", "404", "500", "default"), `<span class="says">4 errors</span>`)
	assert.NotContains(t, page("200", "400", "404", "500"), `class="errors"`)
}

func TestPageEscapes(t *testing.T) {
	quoted, err := json.Marshal(evil)
	require.NoError(t, err)
	bad := schemaOf("string", func(s *schema.Schema) {
		s.Description, s.Pattern, s.Format = evil, "^</script><img src=x onerror=pwned>$", evil
		s.Enum, s.Default, s.Examples = []json.RawMessage{quoted}, quoted, []json.RawMessage{quoted}
	})
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/a", described(func(op *tigertonic.Operation) {
		op.Summary, op.Description, op.Tags = evil, evil, []string{evil}
		op.Parameters = []tigertonic.Parameter{{Name: evil, In: "query", Required: true, Description: evil, Schema: bad}}
		o := &schema.Schema{Types: []string{"object"}, Properties: []schema.Property{{Name: evil, Required: true, Schema: bad}}}
		op.Body = &tigertonic.RequestBody{Description: evil, Content: map[string]tigertonic.MediaType{"application/json": {Schema: o}, "text/plain": {Schema: bad}}}
		op.Response(http.StatusOK).Description = "[" + evil + "](javascript:pwned()) [x](http://a/\"onclick=pwned())"
		op.Security = []tigertonic.SecurityScheme{{Name: "evil", Scheme: "basic", Description: evil}}
	}))
	got := html(t, mux, openapi.Info{Title: evil, Version: evil, Summary: evil, Description: "- " + evil + "\n\n```\n" + evil})
	assert.Zero(t, strings.Count(got, "<img"))
	assert.Zero(t, strings.Count(got, `href="javascript:`))
	assert.Equal(t, 1, strings.Count(got, "</script"))
	assert.Equal(t, 1, strings.Count(got, "</style"))
	checkHTML(t, got)
}

func TestPageIsInNoDocument(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/here", foreign)
	page := openapi.Page(openapi.New(mux, info))
	mux.Handle("GET", "/docs", page)
	assert.Equal(t, []string{"/here"}, paths(openapi.New(mux, info)))
	assert.Contains(t, tigertonic.Explain(mux), `openapi.Page("Test")`)
}

func TestPagePanicsWithoutDocument(t *testing.T) {
	assert.Regexp(t, `^tigertonic: openapi\.Page: the document is nil \(at .*page_test\.go:\d+\)$`, message(func() { openapi.Page(nil) }))
}

func TestPageOfManyWaysThroughSchemasIsSmall(t *testing.T) {
	below := schemaOf("string")
	for level := range 30 { // 2^30 ways
		s := &schema.Schema{Name: "Level" + strings.Repeat("x", level), Origin: schema.Origin{Package: "p"}, Types: []string{"object"}}
		s.Properties = []schema.Property{{Name: "a", Required: true, Schema: &schema.Schema{Ref: below}}, {Name: "b", Required: true, Schema: &schema.Schema{Ref: below}}}
		below = s
	}
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/a", described(func(op *tigertonic.Operation) {
		op.Response(http.StatusOK).Add("application/json", tigertonic.MediaType{Schema: &schema.Schema{Ref: below}})
	}))
	assert.Less(t, len(html(t, mux, info)), 2<<20)
}

// A key is typed in as a password is, and no curl line has it.
func TestPageHidesKeys(t *testing.T) {
	text := html(t, many(
		func(op *tigertonic.Operation) {
			op.ID, op.Security = "header", []tigertonic.SecurityScheme{{Name: "key", In: "header", Key: "X-Api-Key"}}
		},
		func(op *tigertonic.Operation) {
			op.ID, op.Security = "query", []tigertonic.SecurityScheme{{Name: "key", In: "query", Key: "k"}}
		},
	), info)
	assert.Equal(t, 2, strings.Count(text, `<input type="password"`))
	assert.Contains(t, text, `data-secret data-credential="key.key"`)
	assert.Equal(t, "curl 'http://localhost/000' \\\n  -H 'X-Api-Key: {X-Api-Key}'", curlOf(t, text, "header"))
	assert.Equal(t, "curl 'http://localhost/001?k={k}'", curlOf(t, text, "query"))
}
