package tigertonic_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

const encoded = "application/x-www-form-urlencoded"

type contact struct {
	List   string                 `query:"list"`
	Title  string                 `form:"title" required:"true" minLength:"2" maxLength:"10"`
	Age    *int                   `form:"age" minimum:"0" maximum:"150"`
	Color  string                 `form:"color" enum:"red,green" default:"red"`
	Tags   []string               `form:"tag" maxItems:"2" uniqueItems:"true"`
	Scores []int                  `form:"score" maximum:"9"`
	Born   time.Time              `form:"born"`
	Note   tigertonic.Opt[string] `form:"note"`
	News   bool                   `form:"news"`
}

func (c *contact) Validate(context.Context) error {
	if c.Title == "nobody" {
		return tigertonic.FieldErrors{{Parameter: "title", In: "form", Detail: "must be somebody"}}
	}
	return nil
}

// printed returns what is known of a contact.
func printed(_ context.Context, in *contact) (string, error) {
	age := "-"
	if in.Age != nil {
		age = fmt.Sprint(*in.Age)
	}
	note, noted := in.Note.Get()
	return fmt.Sprint(in.List, " ", in.Title, " ", age, " ", in.Color, " ", in.Tags, " ", in.Scores, " ", in.Born.Year(), " ", note, noted, " ", in.News), nil
}

// A field is one of a multipart form: a text, or a file if it has a name.
type field struct{ name, file, contentType, content string }

// multipartOf returns a form and its media type.
func multipartOf(t *testing.T, fields ...field) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range fields {
		h := textproto.MIMEHeader{}
		disposition := `form-data; name="` + f.name + `"`
		if f.file != "" {
			disposition += `; filename="` + strings.TrimPrefix(f.file, "=") + `"`
		}
		h.Set("Content-Disposition", disposition)
		if f.contentType != "" {
			h.Set("Content-Type", f.contentType)
		}
		part, err := w.CreatePart(h)
		require.NoError(t, err)
		_, err = io.WriteString(part, f.content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String(), w.FormDataContentType()
}

// postForm has h answer a form in multipart.
func postForm(t *testing.T, h http.Handler, target string, fields ...field) *httptest.ResponseRecorder {
	t.Helper()
	body, contentType := multipartOf(t, fields...)
	return serve(t, h, "POST", target, body, "Content-Type", contentType)
}

// fieldErrors are what a problem lists, in short.
func fieldErrors(list ...string) string { return "[" + strings.Join(list, ",") + "]" }

func inForm(name, rest string) string {
	return `{"parameter":"` + name + `","in":"form",` + rest + `}`
}

func TestFormsAreBoundAndChecked(t *testing.T) {
	h := tigertonic.Typed(printed)
	required := inForm("title", `"keyword":"required","detail":"is required"`)
	for _, c := range []struct {
		query  string
		status int
		want   string
	}{
		{"title=Ada&age=36&color=green&tag=a&tag=b&score=1&score=2&born=1815-12-10T00:00:00Z&note=&news=true", 200, `"math Ada 36 green [a b] [1 2] 1815 true true"`},
		{"title=Ada", 200, `"math Ada - red [] [] 1 false false"`},
		// What a browser sends for inputs that are left empty.
		{"title=Ada&age=&born=&score=&news=&tag=&_charset_=UTF-8", 200, `"math Ada - red [] [] 1 false false"`},
		{"title=Ada+%26+Co;x", 200, `"math Ada & Co;x - red [] [] 1 false false"`},
		{"&&title=Ada&", 200, `"math Ada - red [] [] 1 false false"`},
		{"", 422, required},
		{"title=", 422, inForm("title", `"keyword":"minLength","limit":2,"detail":"must be at least 2 characters long"`)},
		{"title=Ada&title=Bob", 422, inForm("title", `"detail":"must be there only once"`)},
		{"title=Ada&age=200&color=blue", 422, inForm("age", `"keyword":"maximum","limit":150,"detail":"must be at most 150"`) + "," +
			inForm("color", `"keyword":"enum","limit":["red","green"],"detail":"must be one of green, red"`)},
		{"title=Ada&age=x", 422, inForm("age", `"keyword":"type","limit":"integer","detail":"must be an integer"`)},
		{"title=Ada&tag=a&tag=a&tag=b", 422, inForm("tag", `"keyword":"maxItems","limit":2,"detail":"must have at most 2 items"`) + "," +
			inForm("tag", `"keyword":"uniqueItems","limit":true,"detail":"must have no item twice"`)},
		{"title=Ada&score=1&score=10", 422, inForm("score", `"keyword":"maximum","limit":9,"detail":"value 2 must be at most 9"`)},
		{"title=Ada&Title=B", 422, inForm("Title", `"keyword":"additionalProperties","limit":false,"detail":"is not known"`)},
		{"title=nobody", 422, inForm("title", `"detail":"must be somebody"`)},
		{"title=Ada&age=%zz", 400, inForm("age", `"detail":"isn't percent-encoded as it should be"`)},
		{"title=Ada&%zz=1", 400, `{"in":"form","detail":"a name isn't percent-encoded as it should be"}`},
		{"title=%ff%ff", 400, inForm("title", `"detail":"isn't valid UTF-8"`)},
		{"title=Ada&_charset_=iso-8859-1", 400, inForm("_charset_", `"detail":"must be UTF-8"`)},
	} {
		w := serve(t, h, "POST", "/?list=math", c.query, "Content-Type", encoded)
		require.Equal(t, c.status, w.Code, "%s: %s", c.query, w.Body)
		if c.status == 200 {
			assert.JSONEq(t, c.want, strings.ReplaceAll(w.Body.String(), "  ", " "), c.query)
			continue
		}
		assert.Contains(t, w.Body.String(), fieldErrors(c.want), c.query)
	}
	w := postForm(t, h, "/?list=math", field{name: "title", content: "Ada"}, field{name: "tag", content: "a", contentType: "text/plain; charset=utf-8"}, field{name: "tag", content: "b"}, field{name: "age"}, field{name: "note", content: "a=b&c"})
	assert.JSONEq(t, `"math Ada - red [a b] [] 1 a=b&ctrue false"`, w.Body.String())
	w = postForm(t, h, "/", field{name: "age", content: "151"}, field{name: "tag", content: "a"}, field{name: "tag", content: "b"}, field{name: "tag", content: "a"}, field{name: "x", content: "1"})
	assert.Equal(t, 422, w.Code)
	assert.Contains(t, w.Body.String(), fieldErrors(
		inForm("x", `"keyword":"additionalProperties","limit":false,"detail":"is not known"`), required,
		inForm("age", `"keyword":"maximum","limit":150,"detail":"must be at most 150"`),
		inForm("tag", `"keyword":"maxItems","limit":2,"detail":"must have at most 2 items"`),
		inForm("tag", `"keyword":"uniqueItems","limit":true,"detail":"must have no item twice"`)))
	assert.Equal(t, 422, serve(t, h, "POST", "/", "").Code, "no body is an empty form")
}

func TestFormsOfOtherMediaTypesAreRefused(t *testing.T) {
	h := tigertonic.Typed(printed)
	for _, contentType := range []string{"", "application/json", "text/plain", "multipart/mixed; boundary=x", encoded + "; charset=iso-8859-1", "application/x-www-form", ";"} {
		w := serve(t, h, "POST", "/", "title=Ada", "Content-Type", contentType)
		assert.Equal(t, 415, w.Code, contentType)
		assert.Contains(t, w.Body.String(), "must be application/x-www-form-urlencoded or multipart/form-data")
	}
	assert.Equal(t, 200, serve(t, h, "POST", "/", "title=Ada", "Content-Type", "Application/X-WWW-Form-URLEncoded; charset=UTF-8").Code)
	assert.Equal(t, 415, serve(t, h, "POST", "/", "title=Ada", "Content-Type", encoded, "Content-Encoding", "gzip").Code)
	assert.Equal(t, 415, serve(t, h, "POST", "/", "title=Ada", "Content-Type", encoded, "Content-Type", encoded).Code)
	assert.Equal(t, 413, serve(t, h, "POST", "/", "title="+strings.Repeat("a", 1<<20), "Content-Type", encoded).Code)
	assert.Equal(t, 413, serve(t, tigertonic.Sized(h, 5), "POST", "/", "title=Ada", "Content-Type", encoded).Code)
	assert.Equal(t, 415, serve(t, tigertonic.Typed(storeUpload), "POST", "/", "title=Ada", "Content-Type", encoded).Code, "a file needs multipart")
}

type nestedForm struct {
	ID   int `path:"id"`
	Body struct {
		Name string `form:"name" required:"true"`
	} `body:"" doc:"who it is"`
}

func TestFormsAreFieldsForTheBody(t *testing.T) {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("POST", "/{id}", tigertonic.Typed(func(_ context.Context, in *nestedForm) (string, error) {
		return fmt.Sprint(in.ID, in.Body.Name), nil
	}))
	assert.Equal(t, "\"7 Ada\"\n", strings.ReplaceAll(serve(t, mux, "POST", "/7", "name=+Ada", "Content-Type", encoded).Body.String(), "  ", " "))
	w := serve(t, mux, "POST", "/7", "", "Content-Type", encoded)
	assert.Contains(t, w.Body.String(), fieldErrors(inForm("name", `"keyword":"required","detail":"is required"`)))
}

type uploading struct {
	Title string          `form:"title" required:"true"`
	Note  string          `form:"note"`
	Image tigertonic.File `form:"image" maxBytes:"1KiB" mediaTypes:"image/png,image/jpeg"`
}

func storeUpload(_ context.Context, in *uploading) (string, error) {
	content, err := io.ReadAll(in.Image)
	if err != nil {
		return "", fmt.Errorf("store: %w", err)
	}
	return fmt.Sprintf("%s %s %s %s %d %d", in.Title, in.Image.Field, in.Image.Name, in.Image.ContentType, in.Image.Size, len(content)), nil
}

func png(content string) field { return field{"image", "a.png", "image/png", content} }

func TestFilesOfForms(t *testing.T) {
	h := tigertonic.Typed(storeUpload)
	title := field{name: "title", content: "cat"}
	for _, c := range []struct {
		fields []field
		status int
		want   string
	}{
		{[]field{title, png("abc")}, 200, "cat image a.png image/png -1 3"},
		{[]field{title, png("")}, 200, "cat image a.png image/png -1 0"},
		{[]field{title, png(strings.Repeat("a", 1024))}, 200, " 1024"},
		{[]field{title, {"image", "", "image/png", "abc"}}, 200, "cat image  image/png -1 3"},
		{[]field{title, png(strings.Repeat("a", 1025))}, 413, "the file image is longer than 1024 bytes"},
		{[]field{title, png(strings.Repeat("a", 2<<20))}, 413, "the body is longer than 1049600 bytes"},
		{[]field{title, {"image", "a.gif", "image/gif", "abc"}}, 415, "the media type of image must be image/png or image/jpeg"},
		{[]field{title, {"image", "a.gif", "", "abc"}}, 415, "the media type of image"},
		{[]field{title}, 422, fieldErrors(inForm("image", `"keyword":"required","detail":"is required"`))},
		{[]field{title, {"image", "=", "application/octet-stream", ""}}, 422, fieldErrors(inForm("image", `"keyword":"required","detail":"is required"`))},
		{[]field{title, {name: "image", content: "abc"}}, 422, inForm("image", `"keyword":"type","detail":"must be a file"`)},
		{[]field{{"title", "a.png", "image/png", "abc"}, png("abc")}, 422, inForm("title", `"keyword":"type","detail":"must be a text, not a file"`)},
		{[]field{png("abc"), title}, 422, fieldErrors(inForm("title", `"keyword":"required","detail":"is required, before the file"`))},
		{[]field{title, png("abc"), {name: "note", content: "x"}}, 422, fieldErrors(inForm("note", `"detail":"must come before the file"`))},
		{[]field{title, png("abc"), {name: "image", content: "x"}}, 422, inForm("image", `"keyword":"type","detail":"must be a file"`)},
		{[]field{title, png("abc"), png("abc")}, 422, fieldErrors(inForm("image", `"detail":"must be there only once"`))},
		{[]field{title, png("abc"), {"image", "=", "application/octet-stream", ""}}, 200, "cat image a.png"},
		{[]field{title, png("abc"), {name: "_charset_", content: "utf-8"}}, 200, "cat image a.png"},
		{[]field{title, png("abc"), {name: "submit", content: "x"}}, 422, inForm("submit", `"keyword":"additionalProperties","limit":false,"detail":"is not known"`)},
		{[]field{title, {"other", "a.png", "image/png", "x"}, png("abc")}, 422, inForm("other", `"keyword":"additionalProperties","limit":false,"detail":"is not known"`)},
		{[]field{{"title", "", "text/plain; charset=iso-8859-1", "cat"}, png("abc")}, 415, "the texts of a form must be in UTF-8"},
		{[]field{{"title", "", "multipart/mixed; boundary=x", "--x--"}, png("abc")}, 422, inForm("title", `"keyword":"type","detail":"must be a text, not a file"`)},
		{[]field{title, {name: "note", content: strings.Repeat("a", 1<<20)}, png("abc")}, 413, "the fields of the form are longer than 1048576 bytes"},
	} {
		w := postForm(t, h, "/", c.fields...)
		assert.Equal(t, c.status, w.Code, "%v: %.300s", c.want, w.Body)
		assert.Contains(t, w.Body.String(), c.want)
	}
}

func TestFileNamesAreSanitized(t *testing.T) {
	h := tigertonic.Typed(func(_ context.Context, in *struct {
		File tigertonic.File `form:"file"`
	},
	) (string, error) {
		return in.File.Name, nil
	})
	for sent, want := range map[string]string{
		"cat.png":                        "cat.png",
		"../../etc/passwd":               "passwd",
		`C:\\Users\\ada\\cat.png`:        "cat.png",
		"..":                             "",
		"/":                              "",
		"a\x00b.png":                     "ab.png",
		"a%22b.png":                      `a"b.png`,
		`a\"b.png`:                       `a"b.png`,
		"gnp.\u202egpj.exe":              "gnp.gpj.exe",
		"\u00e4\u00f6.png":               "\u00e4\u00f6.png",
		"a\xff.png":                      "a.png",
		"  a.png":                        "a.png",
		"\u200f\u2066.":                  "",
		strings.Repeat("a", 300) + ".gz": strings.Repeat("a", 252) + ".gz",
		strings.Repeat("ä", 300):         strings.Repeat("ä", 127),
	} {
		w := postForm(t, h, "/", field{"file", "=" + sent, "image/png", "x"})
		if strings.Contains(sent, "\x00") { // which no header has
			assert.Equal(t, 400, w.Code, w.Body)
			continue
		}
		require.Equal(t, 200, w.Code, "%q: %s", sent, w.Body)
		assert.JSONEq(t, quote(want), w.Body.String(), "%q", sent)
	}
}

func TestManyFiles(t *testing.T) {
	type input struct {
		Photos tigertonic.Files `form:"photo" maxBytes:"10" maxItems:"3" mediaTypes:"image/*"`
	}
	photo := func(content string) field { return field{"photo", "a.png", "image/png", content} }
	h := tigertonic.Typed(func(_ context.Context, in *input) (string, error) {
		var all []string
		for file, err := range in.Photos {
			if err != nil {
				return "", err
			}
			if len(all) == 1 { // which is skipped
				all = append(all, "-")
				continue
			}
			content, err := io.ReadAll(file)
			if err != nil {
				return "", err
			}
			all = append(all, string(content))
		}
		for _, err := range in.Photos {
			if err == nil {
				return "", errors.New("they are there again")
			}
		}
		return strings.Join(all, " "), nil
	})
	for _, c := range []struct {
		fields []field
		status int
		want   string
	}{
		{nil, 200, `""`},
		{[]field{{"photo", "=", "application/octet-stream", ""}}, 200, `""`},
		{[]field{photo("a"), photo("b"), photo("c")}, 200, `"a - c"`},
		{[]field{photo("a"), photo("b"), photo("c"), photo("d")}, 422, inForm("photo", `"keyword":"maxItems","limit":3,"detail":"must have at most 3 files"`)},
		{[]field{photo("a"), photo("12345678901")}, 413, "the file photo is longer than 10 bytes"},
		{[]field{photo("12345678901")}, 413, "the file photo is longer than 10 bytes"},
		{[]field{photo("a"), {"photo", "a", "text/html", "x"}}, 415, "must be image/*"},
		{[]field{photo("a"), {name: "x", content: "x"}}, 422, "is not known"},
	} {
		w := postForm(t, h, "/", c.fields...)
		assert.Equal(t, c.status, w.Code, "%v: %s", c.want, w.Body)
		assert.Contains(t, w.Body.String(), c.want)
	}
	assert.Equal(t, "\"\"\n", serve(t, h, "POST", "/", "").Body.String(), "no body at all")
	atLeast := tigertonic.Typed(func(_ context.Context, in *struct {
		Photos tigertonic.Files `form:"photo" minItems:"2"`
	},
	) (int, error) {
		n := 0
		for _, err := range in.Photos {
			if err != nil {
				return 0, err
			}
			n++
		}
		return n, nil
	})
	assert.Equal(t, 422, postForm(t, atLeast, "/").Code)
	assert.Contains(t, postForm(t, atLeast, "/", photo("a")).Body.String(), `"keyword":"minItems","limit":2,"detail":"must have at least 2 files"`)
	assert.Equal(t, "2\n", postForm(t, atLeast, "/", photo("a"), photo("b")).Body.String())
}

func TestFilesAreOptionalAsPointers(t *testing.T) {
	h := tigertonic.Typed(func(_ context.Context, in *struct {
		File *tigertonic.File `form:"file"`
	},
	) (string, error) {
		if in.File == nil {
			return "none", nil
		}
		content, err := io.ReadAll(in.File)
		return string(content), err
	})
	assert.Equal(t, "\"none\"\n", postForm(t, h, "/").Body.String())
	assert.Equal(t, "\"none\"\n", postForm(t, h, "/", field{"file", "=", "application/octet-stream", ""}).Body.String())
	assert.Equal(t, "\"abc\"\n", postForm(t, h, "/", field{"file", "=", "application/octet-stream", "abc"}).Body.String())
	assert.Equal(t, "\"abc\"\n", postForm(t, h, "/", field{"file", "a", "", "abc"}).Body.String())
	assert.Equal(t, "\"a\"\n", postForm(t, h, "/", field{"file", "=", "application/octet-stream", "a"}).Body.String())
}

func TestMalformedForms(t *testing.T) {
	h := tigertonic.Typed(storeUpload)
	const part = "--x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\ncat\r\n"
	const file = "--x\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a\"\r\nContent-Type: image/png\r\n\r\n"
	for _, c := range []struct {
		boundary, body string
		status         int
		want           string
	}{
		{"; boundary=x", part + file + "abc\r\n--x--\r\n", 200, ""},
		{"; boundary=x", "preamble\r\n" + part + file + "abc\r\n--x--\r\nepilogue", 200, ""},
		{"; boundary=x", part + file + "abc\r\n--x--", 200, ""},
		{"", part + file + "abc\r\n--x--", 400, "has no boundary"},
		{"; boundary=" + strings.Repeat("b", 10000), part, 400, "has a boundary of more than 70 characters"},
		{"; boundary=x", "", 400, "ends before its last boundary"},
		{"; boundary=x", part, 400, "ends before its last boundary"},
		{"; boundary=x", part + file, 400, "ends before its last boundary"},
		{"; boundary=x", part + file + "abc", 400, "ends before its last boundary"},
		{"; boundary=x", part + file + "abc\r\n--x", 400, "ends before its last boundary"},
		{"; boundary=y", part + file + "abc\r\n--x--", 400, "ends before its last boundary"},
		{"; boundary=x", "--xyz\r\n\r\n", 400, "ends before its last boundary"},
		{"; boundary=x", "--x\r\n\r\nabc\r\n--x--", 400, "without one Content-Disposition"},
		{"; boundary=x", "--x\r\nContent-Disposition: attachment; name=title\r\n\r\nabc\r\n--x--", 400, "other than form-data"},
		{"; boundary=x", "--x\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--x--", 400, "without a name"},
		{"; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"title\r\n\r\nabc\r\n--x--", 400, "other than form-data"},
		{"; boundary=x", "--x\r\nContent-Disposition: form-data; name=title\r\nContent-Transfer-Encoding: base64\r\n\r\nabc\r\n--x--", 400, "Content-Transfer-Encoding"},
		{"; boundary=x", "--x\r\nno header\r\n\r\nabc\r\n--x--", 400, "isn't multipart/form-data"},
		{"; boundary=x", "--x\r\nA: " + strings.Repeat("a", 20000) + "\r\n\r\nabc\r\n--x--", 400, "header of more than 16384 bytes"},
		{"; boundary=x", "--x\r\n" + strings.Repeat("A: b\r\n", 5000) + "\r\nabc\r\n--x--", 400, "header of more than 16384 bytes"},
		{"; boundary=x", strings.Repeat("a\r\n", 10000) + part, 400, "header of more than 16384 bytes"},
		{"; boundary=x", part + "--x\r\nContent-Disposition: form-data; name=\"" + strings.Repeat("n", 5000) + "\"\r\n\r\nabc\r\n--x--", 422, strings.Repeat("n", 100) + "…"},
	} {
		w := serve(t, h, "POST", "/", c.body, "Content-Type", "multipart/form-data"+c.boundary)
		assert.Equal(t, c.status, w.Code, "%.100s: %.300s", c.body, w.Body)
		assert.Contains(t, w.Body.String(), c.want, "%.100s", c.body)
	}
}

// Whatever a form is made of, what it costs is bounded, and grows no faster than it does.
func TestFormsCostNoMoreThanTheirLimit(t *testing.T) {
	form, files := tigertonic.Typed(printed), tigertonic.Typed(func(_ context.Context, in *struct {
		Files tigertonic.Files `form:"file"`
	},
	) (n int, err error) {
		for _, err := range in.Files {
			if err != nil {
				return n, err
			}
			n++
		}
		return n, nil
	})
	part := func(name, header, content string) string {
		return "--x\r\nContent-Disposition: form-data; name=\"" + name + "\"" + header + "\r\n\r\n" + content + "\r\n"
	}
	for name, c := range map[string]struct {
		h      http.Handler
		body   func(n int) string
		header string
	}{
		"pairs":         {form, func(n int) string { return "title=Ada" + fill(n, "&tag=") }, encoded},
		"unknown pairs": {form, func(n int) string { return numberedTexts(n, "a%d=1&") }, encoded},
		"separators":    {form, func(n int) string { return fill(n, "&") }, encoded},
		"parts":         {form, func(n int) string { return fill(n, part("tag", "", "")) + "--x--" }, "multipart/form-data; boundary=x"},
		"unknown parts": {form, func(n int) string { return fill(n, part("y", "", "")) + "--x--" }, "multipart/form-data; boundary=x"},
		"a long text":   {form, func(n int) string { return part("title", "", fill(n, "a")) + "--x--" }, "multipart/form-data; boundary=x"},
		"nested parts": {form, func(n int) string {
			return part("title", "\r\nContent-Type: multipart/mixed; boundary=x", fill(n, "--x\r\n"))
		}, "multipart/form-data; boundary=x"},
		"files":          {files, func(n int) string { return fill(n, part("file", `; filename="a"`, "")) + "--x--" }, "multipart/form-data; boundary=x"},
		"half a break":   {files, func(n int) string { return part("file", `; filename="a"`, fill(n, "\r\n--")) + "--x--" }, "multipart/form-data; boundary=x"},
		"the preamble":   {files, func(n int) string { return fill(n, "\r\n") + part("file", `; filename="a"`, "") }, "multipart/form-data; boundary=x"},
		"long headers":   {files, func(n int) string { return part("file", "; filename=a\r\nX: "+fill(n, "a"), "") }, "multipart/form-data; boundary=x"},
		"many headers":   {files, func(n int) string { return part("file", "; filename=a"+fill(n, "\r\nX: a"), "") }, "multipart/form-data; boundary=x"},
		"file names":     {files, func(n int) string { return fill(n, part("file", `; filename="`+strings.Repeat("a/", 2000)+`"`, "")) }, "multipart/form-data; boundary=x"},
		"without an end": {files, func(n int) string { return part("file", `; filename="a"`, fill(n, "a")) }, "multipart/form-data; boundary=x"},
	} {
		t.Run(name, func(t *testing.T) { requireGrowth(t, growingBody(name, c.h, c.header, c.body)) })
	}
	for _, body := range []string{
		fill(10<<20, part("tag", "", "")) + "--x--", // 100,000 parts and more
		part("title", "", fill(10<<20, "a")) + "--x--",
	} {
		w := serve(t, tigertonic.Sized(form, 1<<30), "POST", "/", body, "Content-Type", "multipart/form-data; boundary=x")
		assert.Equal(t, 413, w.Code, w.Body)
		assert.Contains(t, w.Body.String(), "the fields of the form are longer than 1048576 bytes")
	}
}

func TestRawBodies(t *testing.T) {
	describe := func(f tigertonic.File) (string, error) {
		content, err := io.ReadAll(f)
		return fmt.Sprintf("%q %q %d %d", f.Name, f.ContentType, f.Size, len(content)), err
	}
	file := tigertonic.Typed(func(_ context.Context, in *struct {
		ID   string          `query:"id"`
		Body tigertonic.File `body:"" mediaTypes:"image/*,application/pdf" maxBytes:"2MiB" doc:"the picture"`
	},
	) (string, error) {
		return describe(in.Body)
	})
	whole := tigertonic.Typed(func(_ context.Context, in *tigertonic.File) (string, error) { return describe(*in) })
	reader := tigertonic.Typed(func(_ context.Context, in *struct {
		Body io.Reader `body:""`
	},
	) (string, error) {
		content, err := io.ReadAll(in.Body)
		return fmt.Sprint(len(content)), err
	})
	text := tigertonic.Typed(func(_ context.Context, in *struct {
		Body []byte `body:"" mediaTypes:"text/csv" maxBytes:"10"`
	},
	) (string, error) {
		return string(in.Body), nil
	})
	for _, c := range []struct {
		h           http.Handler
		contentType string
		body        string
		status      int
		want        string
	}{
		{file, "image/png", "abc", 200, `"\"\" \"image/png\" 3 3"`},
		{file, "IMAGE/PNG; a=b", "abc", 200, ``},
		{file, "application/pdf", strings.Repeat("a", 2<<20), 200, ` 2097152 2097152"`},
		{file, "application/pdf", strings.Repeat("a", 2<<20+1), 413, `longer than 2097152 bytes`},
		{file, "", "abc", 415, `must be image/* or application/pdf`},
		{file, "imagex/png", "abc", 415, ``},
		{file, "text/html", "", 415, ``},
		{whole, "", "abc", 200, `"\"\" \"\" 3 3"`},
		{whole, "text/html", strings.Repeat("a", 1<<20+1), 413, ``},
		{tigertonic.Sized(whole, 2<<20), "text/html", strings.Repeat("a", 1<<20+1), 200, ``},
		{tigertonic.Sized(file, 2), "image/png", "abc", 413, ``},
		{tigertonic.Sized(file, 3<<20), "application/pdf", strings.Repeat("a", 2<<20), 200, ` 2097152 2097152"`},
		{tigertonic.Sized(file, 3<<20), "application/pdf", strings.Repeat("a", 2<<20+1), 413, `the body is longer than 2097152 bytes`},
		{tigertonic.Sized(text, 1<<10), "text/csv", "12345678901", 413, `the body is longer than 10 bytes`},
		{reader, "", "abc", 200, `"3"`},
		{text, "text/csv; charset=utf-8", "a,b", 200, `"a,b"`},
		{text, "text/csv", "", 200, `""`},
		{text, "text/csv", "12345678901", 413, ``},
		{text, "application/json", `"YQ=="`, 415, ``},
	} {
		for _, chunked := range []bool{false, true} {
			r := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(c.body))
			if c.contentType != "" {
				r.Header.Set("Content-Type", c.contentType)
			}
			want := c.want
			if chunked {
				r.ContentLength = -1
				want = strings.NewReplacer(" 3 3", " -1 3", " 2097152 2097152", " -1 2097152").Replace(want)
			}
			w := httptest.NewRecorder()
			c.h.ServeHTTP(w, r)
			assert.Equal(t, c.status, w.Code, "%s %v: %.300s", c.contentType, chunked, w.Body)
			assert.Contains(t, w.Body.String(), want)
		}
	}
	packed := serve(t, whole, "POST", "/", "abc", "Content-Encoding", "gzip")
	assert.Equal(t, 415, packed.Code)
}

func TestFormsThatCannotBe(t *testing.T) {
	type noName struct {
		A string `form:""`
	}
	type twice struct {
		A string `form:"a"`
		B int    `form:"a"`
	}
	type twoFiles struct {
		A tigertonic.File `form:"a"`
		B tigertonic.File `form:"b"`
	}
	type withBody struct {
		A string   `form:"a"`
		B struct{} `body:""`
	}
	type struct1 struct {
		A struct{ X int } `form:"a"`
	}
	type badFile struct {
		A tigertonic.File `form:"a" maxBytes:"many" mediaTypes:"png" minLength:"1"`
	}
	type files struct {
		A tigertonic.Files `form:"a" maxBytes:"1"`
	}
	type number struct {
		A int `form:"a" maxBytes:"1"`
	}
	type jsonBody struct {
		B []int `body:"" mediaTypes:"text/csv"`
	}
	type inJSON struct {
		F tigertonic.File `json:"f"`
	}
	type misspelt struct {
		F tigertonic.File `form:"f" maxbytes:"1"`
	}
	type mixed struct {
		Body struct {
			A string `form:"a"`
			B string `json:"b"`
		} `body:""`
	}
	for want, register := range map[string]func(){
		`has no name`:                                  func() { tigertonic.Typed(taking[noName]) },
		`another field has the form "a"`:               func() { tigertonic.Typed(taking[twice]) },
		`there is another field with a file`:           func() { tigertonic.Typed(taking[twoFiles]) },
		`there is another field for the body`:          func() { tigertonic.Typed(taking[withBody]) },
		`can't be a parameter`:                         func() { tigertonic.Typed(taking[struct1]) },
		`maxBytes:"many" isn't a number of bytes`:      func() { tigertonic.Typed(taking[badFile]) },
		`"png" isn't a media type`:                     func() { tigertonic.Typed(taking[badFile]) },
		`minLength:"1" can't be said of a file`:        func() { tigertonic.Typed(taking[badFile]) },
		`say with maxItems how many`:                   func() { tigertonic.Typed(taking[files]) },
		`maxBytes:"1": it is for files`:                func() { tigertonic.Typed(taking[number]) },
		`mediaTypes is for a body that is a File`:      func() { tigertonic.Typed(taking[jsonBody]) },
		`it has no JSON: it is a field of a form`:      func() { tigertonic.Typed(taking[inJSON]) },
		`there is no tag "maxbytes"; is it "maxBytes"`: func() { tigertonic.Typed(taking[misspelt]) },
		`what a form has is exported and has the tag`:  func() { tigertonic.Typed(taking[mixed]) },
	} {
		assert.PanicsWithError(t, "", func() {
			defer func() {
				assert.Contains(t, fmt.Sprint(recover()), want)
				panic(errors.New(""))
			}()
			register()
		})
	}
	type migrated struct {
		Name string `json:"name" form:"nom"`
	}
	w := postJSON(t, tigertonic.Typed(func(_ context.Context, in *migrated) (string, error) { return in.Name, nil }), "/", `{"name":"Ada"}`)
	assert.Equal(t, "\"Ada\"\n", w.Body.String(), "a struct with both tags is JSON, as it was")
}

func taking[In any](context.Context, *In) (struct{}, error) { return struct{}{}, nil }

// A zeros is a stream of size zeros that knows how many were read.
type zeros struct {
	size int64
	read atomic.Int64 // by a transport, which may still read while a test looks
}

func (z *zeros) Read(p []byte) (int, error) {
	n := int(min(z.size-z.read.Load(), int64(len(p))))
	if n == 0 {
		return 0, io.EOF
	}
	clear(p[:n])
	z.read.Add(int64(n))
	return n, nil
}

// heapGrowth returns by how much the heap has grown at most while f ran, in bytes.
func heapGrowth(f func()) int64 {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	most := before.HeapAlloc
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapAlloc)
			}
		}
	}()
	f()
	close(done)
	<-stopped
	return int64(most) - int64(before.HeapAlloc)
}

func TestUploadsAreStreamed(t *testing.T) {
	size := int64(1 << 30)
	if testing.Short() || raceEnabled {
		size = 64 << 20
	}
	type input struct {
		Title string          `form:"title"`
		File  tigertonic.File `form:"file" maxBytes:"1GiB"`
	}
	type raw struct {
		Body tigertonic.File `body:"" maxBytes:"1GiB"`
	}
	mux := tigertonic.NewTrieServeMux()
	count := func(r io.Reader) (int64, error) { return io.Copy(struct{ io.Writer }{io.Discard}, r) }
	mux.Handle("POST", "/form", tigertonic.Typed(func(_ context.Context, in *input) (int64, error) { return count(in.File) }))
	mux.Handle("POST", "/raw", tigertonic.Typed(func(_ context.Context, in *raw) (int64, error) { return count(in.Body) }))
	s := httptest.NewServer(mux)
	defer s.Close()
	const head = "--x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nbig\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n"
	for target, body := range map[string]io.Reader{
		"/form": io.MultiReader(strings.NewReader(head), &zeros{size: size}, strings.NewReader("\r\n--x--\r\n")),
		"/raw":  &zeros{size: size},
	} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+target, body)
		require.NoError(t, err)
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		var answer []byte
		grown := heapGrowth(func() {
			rs, err := s.Client().Do(r)
			if !assert.NoError(t, err) {
				return
			}
			answer, _ = io.ReadAll(rs.Body)
			assert.NoError(t, rs.Body.Close())
		})
		assert.Equal(t, fmt.Sprint(size)+"\n", string(answer), target)
		assert.Less(t, grown, int64(8<<20), target)
		t.Logf("%s: %d MiB, the heap grew by %d KiB", target, size>>20, grown>>10)
	}
}

// A client that sends more than is allowed is told so before it has sent it all.
func TestFilesThatAreTooLongAreRefusedBeforeTheirEnd(t *testing.T) {
	type input struct {
		File tigertonic.File `form:"file" maxBytes:"1MiB"`
	}
	s := httptest.NewServer(tigertonic.Sized(tigertonic.Typed(func(_ context.Context, in *input) (int64, error) { return io.Copy(io.Discard, in.File) }), 1<<40))
	defer s.Close()
	source := &zeros{size: 1 << 40}
	const head = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n"
	r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL, io.MultiReader(strings.NewReader(head), source))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	rs, err := s.Client().Do(r)
	require.NoError(t, err)
	assert.Equal(t, 413, rs.StatusCode)
	require.NoError(t, rs.Body.Close())
	s.Client().CloseIdleConnections()
	assert.Less(t, source.read.Load(), int64(64<<20), "so much was sent")
}

func TestExamplesOfFormsAndFiles(t *testing.T) {
	type signUp struct {
		Name   string   `form:"name"`
		Topics []string `form:"topics"`
	}
	type upload struct {
		Title string          `form:"title"`
		File  tigertonic.File `form:"file"`
	}
	type gallery struct {
		Pictures tigertonic.Files `form:"pictures"`
	}
	type raw struct {
		Body tigertonic.File `body:""`
	}
	file := func(text string) tigertonic.File {
		return tigertonic.File{Name: "a.txt", Reader: strings.NewReader(text)}
	}
	pictures := func(yield func(tigertonic.File, error) bool) { _ = yield(file("one"), nil) && yield(file("two"), nil) }
	fails := func(yield func(tigertonic.File, error) bool) { yield(tigertonic.File{}, errors.New("it is gone")) }
	exampleIn := func(e *tigertonic.Endpoint, body any) string {
		for _, content := range describedBy(e.RequestExample("one", body)).Body.Content {
			return string(content.Examples["one"].Value)
		}
		return ""
	}
	assert.JSONEq(t, `{"name":"ann","topics":["a","b"]}`, exampleIn(taken[signUp](), signUp{"ann", []string{"a", "b"}}))
	assert.JSONEq(t, `{"title":"notes","file":"hello"}`, exampleIn(taken[upload](), upload{"notes", file("hello")}))
	assert.JSONEq(t, `{"pictures":["one","two"]}`, exampleIn(taken[gallery](), gallery{pictures}))
	for want, body := range map[string]any{`"text"`: "text", `"bytes"`: []byte("bytes"), `"reader"`: strings.NewReader("reader"), `"file"`: file("file")} {
		assert.Equal(t, want, exampleIn(taken[raw](), body))
	}
	for want, f := range map[string]func(){
		"it is gone":                     func() { exampleIn(taken[gallery](), gallery{fails}) },
		"its content isn't":              func() { exampleIn(taken[raw](), "\xff") },
		"a file has no":                  func() { exampleIn(taken[raw](), tigertonic.File{}) },
		"it is a int, but":               func() { exampleIn(taken[raw](), 1) },
		"is a string, but the body is a": func() { exampleIn(taken[signUp](), "x") },
	} {
		assert.Contains(t, panicOf(t, f), want)
	}
}
