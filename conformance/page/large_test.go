package page

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/conformance/chromium"
	"github.com/rcrowley/go-tigertonic/openapi"
	"github.com/rcrowley/go-tigertonic/schema"
)

type parcel struct {
	ID     string  `json:"id" format:"uuid" doc:"Its number."`
	Weight float64 `json:"weight" exclusiveMinimum:"0" maximum:"30" example:"1.5"`
	To     address `json:"to"`
}

type address struct {
	Street string `json:"street" minLength:"1"`
	City   string `json:"city" minLength:"1"`
}

// newDepots returns a service with a thousand typed endpoints, and its page at /docs/.
func newDepots() *httptest.Server {
	mux := tigertonic.NewTrieServeMux()
	for i := range 250 {
		name, tag := fmt.Sprintf("depot-%03d", i), fmt.Sprintf("Depot %d", i)
		all := "/" + name + "/parcels"
		mux.Handle("GET", all, tigertonic.Typed(func(context.Context, *paging) ([]parcel, error) { return nil, nil }).Summary("List the parcels of "+name).Tags(tag))
		mux.Handle("POST", all, tigertonic.Typed(func(context.Context, *parcel) (tigertonic.CreatedResponse[parcel], error) {
			return tigertonic.CreatedResponse[parcel]{Location: "/"}, nil
		}).Summary("Send a parcel from "+name).Tags(tag))
		mux.Handle("GET", all+"/{id}", tigertonic.Typed(func(_ context.Context, in *parcelID) (*parcel, error) { return &parcel{ID: in.ID}, nil }).Summary("Find a parcel in "+name).Tags(tag))
		mux.Handle("DELETE", all+"/{id}", tigertonic.HTTPBasicAuth(map[string]string{"clerk": "secret"}, "depots",
			tigertonic.Typed(func(context.Context, *parcelID) (struct{}, error) { return struct{}{}, nil }).Summary("Give up a parcel in "+name).Tags(tag)))
	}
	doc := openapi.New(mux, openapi.Info{Title: "Depots", Version: "1", Summary: "Where parcels are."})
	mux.Handle("GET", "/docs/", openapi.Page(doc))
	return httptest.NewServer(mux)
}

type paging struct {
	Limit int `query:"limit" default:"20" minimum:"1" maximum:"100"`
}

type parcelID struct {
	ID string `path:"id"`
}

// picture keeps what the tab shows, for people, if the environment names a directory.
func (p *tab) picture(name string) {
	p.Helper()
	dir := os.Getenv("TIGERTONIC_PICTURES")
	if dir == "" {
		return
	}
	png := chromium.Run(p.Tab, chromedp.CaptureScreenshot())
	require.NoError(p, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600))
}

func TestLargePageInBrowser(t *testing.T) {
	browserContext := chromium.New(t)
	server := newDepots()
	t.Cleanup(server.Close)

	t.Run("opens at once and finds everything", func(t *testing.T) {
		p := open(browserContext, t, server, 1280, 900, "light")
		p.Until(element("#search") + ".offsetParent")
		assert.Equal(t, []string{"GET /docs/"}, p.Sent(server))
		p.picture("large-first")
		p.write("#search", "find 123")
		p.Until(element("#found") + `.textContent === "1 found"`)
		assert.Equal(t, []string{"GET /docs/", "GET /docs/?search.json"}, p.Sent(server))
		p.picture("large-found")
		p.Eval(element("#results a") + ".click()")
		p.Until(element("article h3") + `?.textContent.includes("Find a parcel in depot-123")`)
		p.Until(`location.search.startsWith("?operation=")`)
		assert.Equal(t, "Find a parcel in depot-123 · Depots 1", p.Eval("document.title"))
		p.picture("large-operation")
		p.unfold("GET", "/depot-123/parcels/{id}")
		p.write(form("GET", "/depot-123/parcels/{id}", "[data-in=path]"), "7")
		status, body := p.answer("GET", "/depot-123/parcels/{id}")
		assert.Equal(t, "200 OK", status)
		assert.Contains(t, body, `"id": "7"`)
		p.quiet()
	})

	t.Run("goes from page to page and back", func(t *testing.T) {
		p := open(browserContext, t, server, 1280, 900, "dark")
		p.Eval(`document.querySelector('.groups a[href="?group=Depot+7"]').click()`)
		p.Until(`document.querySelectorAll("article.operation").length === 4 && location.search === "?group=Depot+7"`)
		p.picture("large-group-dark")
		const path = "/depot-007/parcels/{id}"
		p.unfold("DELETE", path)
		p.write(form("DELETE", path, "[data-scheme=basic]"), "clerk")
		p.Eval(`document.querySelector('#groups a[href="?group=Depot+8"]').click()`)
		p.Until(`location.search === "?group=Depot+8" && document.querySelector("h2").textContent === "Depot 8"`)
		assert.Equal(t, "clerk", p.Eval(element(form("DELETE", "/depot-008/parcels/{id}", "[data-scheme=basic]"))+".value"), "typed in once")
		p.Eval("history.back()")
		p.Until(`document.querySelector("h2").textContent === "Depot 7"`)
		p.Eval(`document.querySelector('article .media a[href^="?schema="]').click()`)
		p.Until(`document.querySelector("article.schema h3") && location.search.startsWith("?schema=")`)
		p.quiet()
	})

	t.Run("has an address for each page", func(t *testing.T) {
		p := &tab{chromium.Open(browserContext, t, server.URL+"/docs/?operation=getDepot007Parcels", 1280, 900, "light")}
		p.Until(element("article h3") + `?.textContent.includes("List the parcels of depot-007")`)
		old := &tab{chromium.Open(browserContext, t, server.URL+"/docs/#getDepot007Parcels", 1280, 900, "light")}
		old.Until(`document.querySelector("article h3")?.textContent.includes("List the parcels of depot-007")`)
		old.quiet()
	})

	t.Run("fits a telephone", func(t *testing.T) {
		for _, query := range []string{"", "?group=Depot+7", "?operation=getDepot007Parcels", "?schemas"} {
			p := &tab{chromium.Open(browserContext, t, server.URL+"/docs/"+query, 360, 780, "light")}
			p.Until(`document.readyState === "complete"`)
			p.Eval(`document.querySelectorAll("details").forEach((d) => { d.open = true; })`)
			assert.Equal(t, "360", p.Eval("document.documentElement.scrollWidth"), query)
			p.picture("large-telephone" + query)
		}
	})

	t.Run("can be read without a script", func(t *testing.T) {
		p := open(browserContext, t, server, 1280, 900, "light")
		chromium.Call(p.Tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		for _, link := range []string{`.groups a[href="?group=Depot+7"]`, `#groups a[href="?operation=getDepot007Parcels"]`, `.way a[href="?group=Depot+7"]`} {
			p.click(link)
			p.Until(`document.querySelector("article h3")`)
		}
		assert.Equal(t, "null", p.Eval(element("#search")+".offsetParent"))
		p.picture("large-without-script")
	})

	for _, scheme := range []string{"light", "dark"} {
		t.Run("can be read when it is "+scheme, func(t *testing.T) {
			for _, query := range []string{"", "?operation=getDepot007Parcels"} {
				p := &tab{chromium.Open(browserContext, t, server.URL+"/docs/"+query, 1280, 900, scheme)}
				p.Eval(`document.querySelectorAll("details").forEach((d) => { d.open = true; })`)
				assert.Empty(t, p.Eval(poorContrast))
			}
		})
	}
}

// newUploads returns a service that takes forms and files, and tells what it got.
func newUploads() *httptest.Server {
	mux := tigertonic.NewTrieServeMux()
	takes := func(pattern, mediaType string, s *schema.Schema, answer http.HandlerFunc) {
		mux.Handle("POST", pattern, tigertonic.Described(answer, func(op *tigertonic.Operation) {
			op.Body = &tigertonic.RequestBody{Required: true, Content: map[string]tigertonic.MediaType{mediaType: {Schema: s}}}
			op.Response(http.StatusOK).Add("text/plain", tigertonic.MediaType{Schema: stringOf("")})
		}))
	}
	binary := &schema.Schema{Types: []string{"string"}, Format: "binary"}
	fields := []schema.Property{
		{Name: "title", Required: true, Schema: stringOf("")},
		{Name: "label", Schema: &schema.Schema{Types: []string{"array"}, Items: stringOf("")}},
	}
	takes("/form", "application/x-www-form-urlencoded", &schema.Schema{Types: []string{"object"}, Properties: fields}, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		_, _ = fmt.Fprintf(w, "%s %q", r.Header.Get("Content-Type"), r.PostForm)
	})
	takes("/upload", "multipart/form-data", &schema.Schema{Types: []string{"object"}, Properties: append(fields,
		schema.Property{Name: "photo", Required: true, Schema: binary},
		schema.Property{Name: "more", Schema: &schema.Schema{Types: []string{"array"}, Items: binary}},
	)}, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseMultipartForm(1 << 20)
		f, header, err := r.FormFile("photo")
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		text, _ := io.ReadAll(f)
		_, _ = fmt.Fprintf(w, "%q %s %s", r.MultipartForm.Value, header.Filename, text)
	})
	takes("/raw", "application/octet-stream", nil, func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s", r.Header.Get("Content-Type"), text)
	})
	mux.Handle("GET", "/docs/", openapi.Page(openapi.New(mux, openapi.Info{Title: "Uploads", Version: "1"})))
	return httptest.NewServer(mux)
}

func TestPageSendsFormsAndFiles(t *testing.T) {
	browserContext := chromium.New(t)
	server := newUploads()
	t.Cleanup(server.Close)
	p := open(browserContext, t, server, 1280, 900, "light")
	name := filepath.Join(t.TempDir(), "cat; dog.txt")
	require.NoError(t, os.WriteFile(name, []byte("miaow"), 0o600))
	choose := func(selector string) {
		chromium.Run(p.Tab, chromedp.SetUploadFiles(chromedp.CSS(selector), []string{name}))
	}

	p.unfold("POST", "/form")
	p.write(form("POST", "/form", "[data-name=title]"), "a&b=c")
	p.write(form("POST", "/form", "[data-name=label]"), "x\ny")
	_, body := p.answer("POST", "/form")
	assert.Contains(t, body, `application/x-www-form-urlencoded`)
	assert.Contains(t, body, `map["label":["x" "y"] "title":["a&b=c"]]`)
	assert.Equal(t, "curl '"+server.URL+"/form' \\\n  -X POST \\\n  --data-urlencode 'title=a&b=c' \\\n  --data-urlencode 'label=x' \\\n  --data-urlencode 'label=y'", p.curlOf("POST", "/form"))

	p.unfold("POST", "/upload")
	assert.Equal(t, "curl '"+server.URL+"/upload' \\\n  -X POST \\\n  -F 'title={title}' \\\n  -F 'photo=@{photo}'", p.curlOf("POST", "/upload"))
	p.write(form("POST", "/upload", "[data-name=title]"), "@it's")
	choose(form("POST", "/upload", "[data-name=photo]"))
	status, body := p.answer("POST", "/upload")
	assert.Equal(t, "200 OK", status)
	assert.Equal(t, `map["title":["@it's"]] cat; dog.txt miaow`, body)
	assert.Equal(t, "curl '"+server.URL+"/upload' \\\n  -X POST \\\n  --form-string 'title=@it'\\''s' \\\n  -F 'photo=@\"cat; dog.txt\"'", p.curlOf("POST", "/upload"))
	p.picture("upload")

	p.unfold("POST", "/raw")
	assert.Contains(t, p.curlOf("POST", "/raw"), "--data-binary '@{file}'")
	choose(form("POST", "/raw", "[data-file]"))
	_, body = p.answer("POST", "/raw")
	assert.Equal(t, "application/octet-stream miaow", body)
	p.quiet()
}
