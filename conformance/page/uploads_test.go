package page

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/conformance/chromium"
	"github.com/rcrowley/go-tigertonic/openapi"
)

type signup struct {
	Name string   `form:"name" required:"true" maxLength:"80" doc:"What you are called."`
	Tags []string `form:"tag" maxItems:"5"`
	Age  *int     `form:"age" minimum:"18"`
	Plan string   `form:"plan" enum:"free,paid" default:"free"`
}

type attachment struct {
	Project string          `path:"project"`
	Title   string          `form:"title" required:"true" maxLength:"100"`
	File    tigertonic.File `form:"file" maxBytes:"10MiB" mediaTypes:"image/png" doc:"A screenshot."`
}

type photos struct {
	Photos tigertonic.Files `form:"photo" maxBytes:"1MiB" maxItems:"3" mediaTypes:"image/png,image/jpeg" required:"true"`
}

type picture struct {
	Body tigertonic.File `body:"" mediaTypes:"image/*" maxBytes:"10MiB"`
}

// newTyped returns a service of typed endpoints that take forms, files and raw bodies.
func newTyped() *httptest.Server {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/signups", tigertonic.Typed(func(_ context.Context, in *signup) (string, error) {
		return fmt.Sprint(in.Name, in.Tags, in.Age == nil, in.Plan), nil
	}).Summary("Sign up"))
	mux.Handle("POST", "/projects/{project}/files", tigertonic.Typed(func(_ context.Context, in *attachment) (string, error) {
		text, err := io.ReadAll(in.File)
		return fmt.Sprintln(in.Project, in.Title, in.File.Name, in.File.ContentType, string(text)), err
	}).Summary("Attach a file"))
	mux.Handle("POST", "/photos", tigertonic.Typed(func(_ context.Context, in *photos) ([]string, error) {
		all := []string{}
		for photo, err := range in.Photos {
			if err != nil {
				return nil, err
			}
			all = append(all, photo.Name+" "+photo.ContentType)
		}
		return all, nil
	}).Summary("Add photos"))
	mux.Handle("PUT", "/picture", tigertonic.Typed(func(_ context.Context, in *picture) (string, error) {
		text, err := io.ReadAll(in.Body)
		return fmt.Sprintln(in.Body.ContentType, in.Body.Size, string(text)), err
	}).Summary("Replace the picture"))
	mux.Handle("GET", "/docs/", openapi.Page(openapi.New(mux, openapi.Info{Title: "Uploads", Version: "1"})))
	return httptest.NewServer(mux)
}

// What the page sends, and what the curl line beside it sends, is what the endpoints take.
func TestPageUploadsToTypedEndpoints(t *testing.T) {
	browserContext := chromium.New(t)
	server := newTyped()
	t.Cleanup(server.Close)
	p := open(browserContext, t, server, 1280, 900, "light")
	dir := t.TempDir()
	name := filepath.Join(dir, "cat.png")
	require.NoError(t, os.WriteFile(name, []byte("miau"), 0o600))
	choose := func(selector string) {
		chromium.Run(p.Tab, chromedp.SetUploadFiles(chromedp.CSS(selector), []string{name}))
	}
	// run runs the curl line of an operation where the file is.
	run := func(method, path string) string {
		t.Helper()
		command := exec.CommandContext(t.Context(), "sh", "-c", p.curlOf(method, path)+" -s")
		command.Dir = dir
		out, err := command.Output()
		require.NoError(t, err, "%s", out)
		return strings.TrimSpace(string(out))
	}

	p.unfold("POST", "/signups")
	assert.Contains(t, p.curlOf("POST", "/signups"), "--data-urlencode 'name={name}'")
	p.write(form("POST", "/signups", "[data-name=name]"), "Ada & Co;")
	p.write(form("POST", "/signups", "[data-name=tag]"), "a\nb")
	_, body := p.answer("POST", "/signups")
	assert.Equal(t, `"Ada & Co;[a b] truefree"`, body)
	assert.Equal(t, body, run("POST", "/signups"))

	const files = "/projects/{project}/files"
	p.unfold("POST", files)
	assert.Contains(t, p.curlOf("POST", files), "-F 'file=@{file};type=image/png'")
	p.write(form("POST", files, "[data-name=project]"), "tea")
	p.write(form("POST", files, "[data-name=title]"), "a; cat")
	choose(form("POST", files, "[data-name=file]"))
	_, body = p.answer("POST", files)
	assert.Equal(t, `"tea a; cat cat.png image/png miau\n"`, body)
	p.picture("typed-upload")
	assert.Equal(t, body, run("POST", files))

	p.unfold("POST", "/photos")
	assert.Contains(t, p.curlOf("POST", "/photos"), "-F 'photo=@{photo}'")
	choose(form("POST", "/photos", "[data-name=photo]"))
	_, body = p.answer("POST", "/photos")
	assert.Contains(t, body, `"cat.png image/png"`)
	assert.Contains(t, run("POST", "/photos"), `"cat.png image/png"`)

	p.unfold("PUT", "/picture")
	assert.Contains(t, p.curlOf("PUT", "/picture"), "-H 'Content-Type: {image/*}' \\\n  --data-binary '@{file}'")
	choose(form("PUT", "/picture", "[data-file]"))
	_, body = p.answer("PUT", "/picture")
	assert.Contains(t, body, `image/png 4 `)
	assert.Equal(t, body, run("PUT", "/picture"))
	p.picture("typed-raw")
	p.quiet()
}
