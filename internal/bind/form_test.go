package bind_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/bind"
	"github.com/rcrowley/go-tigertonic/internal/form"
)

// A File and Files are made of those that a form has.
type (
	File  form.File
	Files iter.Seq2[File, error]
)

// withFiles returns the rules of somebody who has files, up to a limit round the handler.
func withFiles(t *testing.T) *bind.Rules {
	t.Helper()
	r := *rules
	r.FileTypes = bind.FileTypes{
		File: reflect.TypeFor[File](), Files: reflect.TypeFor[Files](),
		MakeFiles: func(seq func(yield func(form.File, error) bool)) any {
			return Files(func(yield func(File, error) bool) {
				seq(func(f form.File, err error) bool { return yield(File(f), err) })
			})
		},
	}
	r.OpenBody = func(_ http.ResponseWriter, r *http.Request, limit int64) (io.Reader, error) {
		if r.Header.Get("X-Refuse") != "" {
			return nil, status{errors.New("refused")}
		}
		return r.Body, nil
	}
	return &r
}

// bindForm binds a request to a T, and returns its value and what is wrong.
func bindForm[T any](t *testing.T, r *http.Request) (value T, wrong string) {
	t.Helper()
	plan, err := bind.Compile(reflect.TypeFor[T](), withFiles(t))
	require.NoError(t, err)
	wrong = wrongIn(plan.Bind(t.Context(), &value, httptest.NewRecorder(), r))
	return value, wrong
}

// wrongIn returns an error with its status, or "".
func wrongIn(err error) string {
	if err == nil {
		return ""
	}
	if s, ok := errors.AsType[interface {
		error
		StatusCode() int
	}](err); ok {
		return strconv.Itoa(s.StatusCode()) + " " + err.Error()
	}
	return err.Error()
}

func post(contentType, body string) *http.Request {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return r
}

const multipartX = form.Multipart + "; boundary=x"

// partOf returns a part with a name and what else its header has.
func partOf(name, header, content string) string {
	return "--x\r\nContent-Disposition: form-data; name=\"" + name + `"` + header + "\r\n\r\n" + content + "\r\n"
}

type contact struct {
	Title string      `form:"title" required:"true" maxLength:"10"`
	Age   *int        `form:"age" minimum:"0"`
	Tags  []string    `form:"tag" maxItems:"2" uniqueItems:"true"`
	Note  opt[string] `form:"note"`
	Color string      `form:"color" default:"red"`
}

func TestFormsAreBoundInEitherMediaType(t *testing.T) {
	ten := 10
	for _, c := range []struct {
		encoded, multipart string
		value              contact
		wrong              string
	}{
		{
			"title=A+B&age=10&tag=a&tag=b&note=&color=blue&&", partOf("title", "", "A B") + partOf("age", "", "10") + partOf("tag", "", "a") + partOf("tag", "\r\nContent-Type: text/plain", "b") + partOf("note", "", "") + partOf("color", "", "blue"),
			contact{Title: "A B", Age: &ten, Tags: []string{"a", "b"}, Note: opt[string]{"", true}, Color: "blue"},
			"",
		},
		{"title=A&age=&_charset_=UTF-8", partOf("title", "", "A") + partOf("age", "", "") + partOf("_charset_", "", "utf-8"), contact{Title: "A", Color: "red"}, ""},
		{"age=-1", partOf("age", "", "-1"), contact{}, "422 form title: is required; form age: must be at least 0"},
		{"title=A&title=B", partOf("title", "", "A") + partOf("title", "", "B"), contact{}, "422 form title: must be there only once"},
		{"title=A&tag=a&tag=a&tag=b", partOf("title", "", "A") + partOf("tag", "", "a") + partOf("tag", "", "a") + partOf("tag", "", "b"), contact{}, "422 form tag: must have at most 2 items; form tag: must have no item twice"},
		{"title=A&other=1", partOf("title", "", "A") + partOf("other", "", "1"), contact{}, "422 form other: is not known"},
		{"title=%ff", partOf("title", "", "\xff"), contact{}, "400 form title: isn't valid UTF-8"},
		{"title=A&_charset_=latin1", partOf("title", "", "A") + partOf("_charset_", "", "latin1"), contact{}, "400 form _charset_: must be UTF-8"},
		{"title=A&" + strings.Repeat("n", 200) + "=1", partOf("title", "", "A") + partOf(strings.Repeat("n", 200), "", "1"), contact{}, "422 form " + strings.Repeat("n", 100) + "…: is not known"},
	} {
		for _, r := range []*http.Request{post(form.URLEncoded, c.encoded), post(multipartX, c.multipart+"--x--")} {
			value, wrong := bindForm[contact](t, r)
			assert.Equal(t, c.wrong, wrong, c.encoded)
			if c.wrong == "" {
				assert.Equal(t, c.value, value, c.encoded)
			}
		}
	}
	for _, c := range []struct{ contentType, body, wrong string }{
		{form.URLEncoded, "title=%zz", "400 form title: isn't percent-encoded as it should be; form title: is required"},
		{form.URLEncoded, "%zz=1&title=A", "400 form: a name isn't percent-encoded as it should be"},
		{form.URLEncoded + "; charset=latin1", "title=A", "415 the Content-Type of a body must be application/x-www-form-urlencoded or multipart/form-data"},
		{"application/json", "{}", "415 the Content-Type of a body must be application/x-www-form-urlencoded or multipart/form-data"},
		{multipartX, partOf("title", "\r\nContent-Type: text/plain; charset=latin1", "A") + "--x--", "415 the texts of a form must be in UTF-8"},
		{multipartX, partOf("title", "; filename=f", "A"), "422 form title: must be a text, not a file; form title: is required"},
		{multipartX, partOf("title", "", "A") + partOf("file", "; filename=f", "A"), "422 form file: is not known"},
		{multipartX, partOf("title", "", "A"), "400 body: ends before its last boundary"},
		{multipartX, partOf("title", "", strings.Repeat("A", bind.FieldsLimit)), "413 the fields of the form are longer than 1048576 bytes"},
		{form.Multipart, "", "400 body: has no boundary in its Content-Type"},
	} {
		_, wrong := bindForm[contact](t, post(c.contentType, c.body))
		assert.Equal(t, c.wrong, wrong, "%s: %.100s", c.contentType, c.body)
	}
	r := httptest.NewRequest("POST", "/", nil)
	_, wrong := bindForm[contact](t, r)
	assert.Equal(t, "422 form title: is required", wrong, "nothing is an empty form")
	for _, contentType := range []string{form.URLEncoded, multipartX} {
		r := post(contentType, "title=A")
		r.Header.Set("Content-Encoding", "gzip")
		_, wrong = bindForm[contact](t, r)
		assert.Equal(t, "415 a body must be sent without Content-Encoding", wrong)
	}
	r = post(form.URLEncoded, "")
	r.Body = io.NopCloser(broken{})
	_, wrong = bindForm[contact](t, r)
	assert.Equal(t, "broken", wrong)
	r = post(multipartX, "")
	r.Header.Set("X-Refuse", "yes")
	_, wrong = bindForm[contact](t, r)
	assert.Equal(t, "409 refused", wrong)
}

type upload struct {
	Title string `form:"title" required:"true"`
	Image File   `form:"image" maxBytes:"4" mediaTypes:"image/*,application/pdf" doc:"what it shows"`
}

// read binds an upload and reads its file.
func read(t *testing.T, body string) (file File, content, wrong string) {
	t.Helper()
	in, wrong := bindForm[upload](t, post(multipartX, body))
	if wrong != "" {
		return in.Image, "", wrong
	}
	text, err := io.ReadAll(in.Image)
	_, again := in.Image.Read(make([]byte, 1))
	require.Equal(t, err == nil, again == io.EOF, "%v", again) //nolint:errorlint // what ends a file is io.EOF itself
	return in.Image, string(text), wrongIn(err)
}

func TestAFileIsReadOffTheConnection(t *testing.T) {
	const png = "; filename=\"../a.png\"\r\nContent-Type: image/png"
	title := partOf("title", "", "A")
	for _, c := range []struct{ body, content, wrong string }{
		{title + partOf("image", png, "1234") + "--x--", "1234", ""},
		{title + partOf("image", png, "12345") + "--x--", "1234", "413 the file image is longer than 4 bytes"},
		{title + partOf("image", "; filename=f\r\nContent-Type: text/html", "1") + "--x--", "", "415 the media type of image must be image/* or application/pdf"},
		{title + partOf("image", "; filename=f\r\nContent-Type: image/*", "1") + "--x--", "", "415 the media type of image must be image/* or application/pdf"},
		{title + partOf("image", "", "1") + "--x--", "", "422 form image: must be a file; form image: is required"},
		{title + partOf("image", "; filename=\"\"\r\nContent-Type: application/octet-stream", "") + "--x--", "", "422 form image: is required"},
		{title + "--x--", "", "422 form image: is required"},
		{partOf("image", png, "1") + title + "--x--", "", "422 form title: is required, before the file"},
		{title + partOf("image", png, "1"), "1\r\n", "400 body: ends before its last boundary"},
		{title + partOf("image", png, "1") + title + "--x--", "1", "422 form title: must come before the file"},
		{title + partOf("image", png, "1") + partOf("image", png, "2") + "--x--", "1", "422 form image: must be there only once"},
		{title + partOf("image", png, "1") + partOf("image", "; filename=\"\"", "") + "--x--", "1", ""},
		{title + partOf("image", png, "1") + partOf("image", "", "2") + "--x--", "1", "422 form image: must be a file"},
		{title + partOf("image", png, "1") + partOf("other", "", "2") + "--x--", "1", "422 form other: is not known"},
		{title + partOf("image", png, "1") + partOf("_charset_", "", "utf-8") + "--x--", "1", ""},
		{title + partOf("image", png, "1") + "--x\r\n\r\n", "1", "400 body: has a part without one Content-Disposition (RFC 7578 §4.2)"},
		{title + "--x\r\nContent-Disposition: form-data; name=image; filename=f\r\nContent-Type: image/png\r\n\r\n1", "1", "400 body: ends before its last boundary"},
	} {
		file, content, wrong := read(t, c.body)
		assert.Equal(t, c.wrong, wrong, "%s", c.body)
		assert.Equal(t, c.content, content, "%s", c.body)
		if c.wrong == "" {
			file.Reader = nil
			assert.Equal(t, File{Field: "image", Name: "a.png", ContentType: "image/png", Size: -1}, file)
		}
	}

	type optional struct {
		File *File `form:"file"`
	}
	in, wrong := bindForm[optional](t, post(multipartX, "--x--"))
	assert.Empty(t, wrong)
	assert.Nil(t, in.File)
	in, wrong = bindForm[optional](t, post(multipartX, partOf("file", "; filename=\"\"", "unnamed")+"--x--"))
	require.Empty(t, wrong)
	content, err := io.ReadAll(in.File)
	require.NoError(t, err)
	assert.Equal(t, "unnamed", string(content), "a file without a name that isn't empty is one")
	in, wrong = bindForm[optional](t, httptest.NewRequest("POST", "/", nil))
	assert.Empty(t, wrong)
	assert.Nil(t, in.File)
}

type album struct {
	Photos Files `form:"photo" maxBytes:"4" minItems:"1" maxItems:"2" mediaTypes:"image/*"`
}

func TestFilesComeOneAfterAnother(t *testing.T) {
	photo := func(content string) string {
		return partOf("photo", "; filename=f\r\nContent-Type: image/png", content)
	}
	for _, c := range []struct {
		body, wrong string
		want        []string
	}{
		{photo("1") + "--x--", "", []string{"1"}},
		{photo("1") + photo("2") + "--x--", "", []string{"1", "2"}},
		{photo("1") + photo("2") + photo("3") + "--x--", "422 form photo: must have at most 2 files", []string{"1", "2"}},
		{photo("1") + partOf("photo", "; filename=f\r\nContent-Type: text/html", "2") + "--x--", "415 the media type of photo must be image/*", []string{"1"}},
		{photo("1"), "400 body: ends before its last boundary", []string{"1\r\n"}},
		{photo("12345") + photo("2") + "--x--", "413 the file photo is longer than 4 bytes", []string{"1234"}},
	} {
		in, wrong := bindForm[album](t, post(multipartX, c.body))
		require.Empty(t, wrong, c.body)
		var got []string
		for f, err := range in.Photos {
			if err != nil {
				wrong = wrongIn(err)
				break
			}
			content, err := io.ReadAll(f)
			if got = append(got, string(content)); err != nil {
				wrong = wrongIn(err)
				break
			}
		}
		assert.Equal(t, c.wrong, wrong, c.body)
		assert.Equal(t, c.want, got, c.body)
	}

	in, wrong := bindForm[album](t, post(multipartX, photo("1")+photo("2")+"--x--"))
	require.Empty(t, wrong)
	n := 0
	for _, err := range in.Photos { // whose content is skipped
		require.NoError(t, err)
		n++
	}
	assert.Equal(t, 2, n)
	for _, err := range in.Photos {
		require.EqualError(t, err, "tigertonic: the files of a form can be ranged over only once")
	}
	in, wrong = bindForm[album](t, post(multipartX, photo("12345")+"--x--"))
	require.Empty(t, wrong)
	var errs []string
	for _, err := range in.Photos { // one that is too long is, though nobody reads it
		errs = append(errs, wrongIn(err))
	}
	assert.Equal(t, []string{"", "413 the file photo is longer than 4 bytes"}, errs)
	_, wrong = bindForm[album](t, post(multipartX, "--x--"))
	assert.Equal(t, "422 form photo: is required", wrong)

	type atLeast struct {
		Files Files `form:"f" minItems:"2"`
	}
	two, wrong := bindForm[atLeast](t, post(multipartX, partOf("f", "; filename=f", "1")+"--x--"))
	require.Empty(t, wrong)
	errs = nil
	for _, err := range two.Files {
		errs = append(errs, wrongIn(err))
	}
	assert.Equal(t, []string{"", "422 form f: must have at least 2 files"}, errs)
}

func TestBodiesAreTakenAsTheyAre(t *testing.T) {
	type file struct {
		Q    string `query:"q"`
		Body File   `body:"" mediaTypes:"image/*" maxBytes:"4" doc:"a picture"`
	}
	type text struct {
		Body []byte `body:"" mediaTypes:"text/csv,text/*" maxBytes:"4"`
	}
	in, wrong := bindForm[file](t, post("image/png; q=1", "1234"))
	require.Empty(t, wrong)
	content, err := io.ReadAll(in.Body)
	require.NoError(t, err)
	assert.Equal(t, []any{"image/png; q=1", int64(4), "1234"}, []any{in.Body.ContentType, in.Body.Size, string(content)})
	_, wrong = bindForm[file](t, post("image/png", "12345"))
	assert.Equal(t, "413 the body is longer than 4 bytes", wrong)
	r := post("image/png", "12345")
	r.ContentLength = -1
	in, wrong = bindForm[file](t, r)
	require.Empty(t, wrong)
	_, err = io.ReadAll(in.Body)
	assert.Equal(t, "413 the body is longer than 4 bytes", wrongIn(err))

	csv, wrong := bindForm[text](t, post("TEXT/CSV", "a,b"))
	assert.Empty(t, wrong)
	assert.Equal(t, "a,b", string(csv.Body))
	for change, want := range map[string]string{
		"Content-Type: ":                "415 the Content-Type of a body must be text/csv or text/*",
		"Content-Type: application/x":   "415 the Content-Type of a body must be text/csv or text/*",
		"Content-Encoding: gzip":        "415 a body must be sent without Content-Encoding",
		"X-Refuse: yes":                 "409 refused",
		"Content-Type: text/csv, twice": "415 the Content-Type of a body must be text/csv or text/*",
	} {
		r := post("text/csv", "a,b")
		name, value, _ := strings.Cut(change, ": ")
		r.Header[name] = strings.SplitAfter(value, ",")
		_, wrong = bindForm[text](t, r)
		assert.Equal(t, want, wrong, change)
	}
	r = post("text/csv", "12345")
	r.ContentLength = -1
	_, wrong = bindForm[text](t, r)
	assert.Equal(t, "413 the body is longer than 4 bytes", wrong)

	reader, wrong := bindForm[struct {
		Body io.Reader `body:""`
	}](t, post("any/thing", "abc"))
	require.Empty(t, wrong)
	content, err = io.ReadAll(reader.Body)
	require.NoError(t, err)
	assert.Equal(t, "abc", string(content))
	whole, wrong := bindForm[File](t, post("any/thing", "abc"))
	require.Empty(t, wrong)
	assert.Equal(t, "any/thing", whole.ContentType)

	plan, err := bind.Compile(reflect.TypeFor[file](), withFiles(t))
	require.NoError(t, err)
	assert.Equal(t, []string{"image/*"}, plan.Body().MediaTypes())
	assert.Equal(t, "a picture", plan.Body().Description)
	assert.Empty(t, plan.Body().Raw.Default())
	plan, err = bind.Compile(reflect.TypeFor[text](), withFiles(t))
	require.NoError(t, err)
	assert.Equal(t, "text/csv", plan.Body().Raw.Default())
	plan, err = bind.Compile(reflect.TypeFor[File](), withFiles(t))
	require.NoError(t, err)
	assert.Equal(t, []string{"*/*"}, plan.Body().MediaTypes())
}

func TestFormsCanBeRead(t *testing.T) {
	plan, err := bind.Compile(reflect.TypeFor[struct {
		Q    string `query:"q"`
		Body struct {
			contact
			Photos Files `form:"photo" maxBytes:"1TiB" minItems:"1" maxItems:"9999999" title:"Photos" deprecated:"true"`
			hidden int
		} `body:"" doc:"all of it"`
	}](), withFiles(t))
	require.NoError(t, err)
	body := plan.Body()
	assert.Equal(t, []string{form.Multipart}, body.MediaTypes())
	assert.Equal(t, "all of it", body.Description)
	assert.True(t, body.Required && body.Schema.Closed)
	var names []string
	for _, p := range body.Schema.Properties {
		name := p.Name
		if p.Required {
			name += "!"
		}
		names = append(names, name)
	}
	assert.Equal(t, []string{"title!", "age", "tag", "note", "color", "photo!"}, names)
	photos := body.Schema.Properties[5].Schema
	assert.Equal(t, []any{"Photos", true, 1, 9999999, "binary", 1 << 40}, []any{photos.Title, photos.Deprecated, *photos.MinItems, *photos.MaxItems, photos.Items.Format, *photos.Items.MaxLength})

	var limits []int64
	r := withFiles(t)
	r.OpenBody = func(_ http.ResponseWriter, r *http.Request, limit int64) (io.Reader, error) {
		limits = append(limits, limit)
		return r.Body, nil
	}
	for _, of := range []reflect.Type{
		reflect.TypeFor[contact](), reflect.TypeFor[upload](), reflect.TypeFor[album](),
		reflect.TypeFor[struct {
			Huge Files `form:"photo" maxBytes:"1TiB" maxItems:"9999999"`
		}](),
	} {
		plan, err := bind.Compile(of, r)
		require.NoError(t, err)
		_ = plan.Bind(t.Context(), reflect.New(of).Interface(), httptest.NewRecorder(), post(multipartX, "--x--"))
	}
	assert.Equal(t, []int64{bind.FieldsLimit, bind.FieldsLimit + 4, bind.FieldsLimit + 8, math.MaxInt64}, limits)
}

func TestFormsThatCannotBeAreTold(t *testing.T) {
	for _, c := range []struct {
		of   reflect.Type
		want string
	}{
		{reflect.TypeFor[struct {
			A string `form:""`
		}](), `the tag "form" has no name`},
		{reflect.TypeFor[struct {
			A string `form:"a\"b"`
		}](), "has quotes or control characters, which browsers don't send"},
		{reflect.TypeFor[struct {
			A string `form:"a"`
			B File   `form:"a"`
		}](), `another field has the form "a"`},
		{reflect.TypeFor[struct {
			A File `form:"a,b"`
		}](), `form:"a,b" isn't the name of a field`},
		{reflect.TypeFor[struct {
			A File  `form:"a"`
			B Files `form:"b"`
		}](), "there is another field with a file"},
		{reflect.TypeFor[struct {
			A body   `body:""`
			B string `form:"b"`
		}](), "it is in a form, but there is another field for the body"},
		{reflect.TypeFor[struct {
			A File `form:"a" maxBytes:"many" mediaTypes:"png" minLength:"1" required:"yes" maxitems:"1"`
		}](), "struct{A}.A: maxBytes:\"many\" isn't a number of bytes, such as 1048576 or 10MiB\n" +
			"struct{A}.A: mediaTypes:\"png\": \"png\" isn't a media type, such as image/png or image/*\n" +
			"struct{A}.A: minLength:\"1\" can't be said of a file\n" +
			"struct{A}.A: required:\"yes\" can't be said of a file\n" +
			"struct{A}.A: there is no tag \"maxitems\"; is it \"maxItems\"?"},
		{reflect.TypeFor[struct {
			A Files `form:"a" maxBytes:"1"`
		}](), "maxBytes is for each of the files: say with maxItems how many there may be"},
		{reflect.TypeFor[struct {
			A Files `form:"a" minItems:"2" maxItems:"1"`
		}](), "minItems is more than maxItems"},
		{reflect.TypeFor[struct {
			Body struct {
				A string `form:"a"`
				B string `json:"b"`
			} `body:""`
		}](), `what a form has is exported and has the tag form:"name"`},
		{reflect.TypeFor[struct {
			A []int `body:"" mediaTypes:"text/csv"`
		}](), "mediaTypes is for a body that is a File, an io.Reader or a []byte"},
		{reflect.TypeFor[struct {
			A []int `body:"" maxBytes:"1" querry:"q"`
		}](), "maxBytes is for a body that is a File, an io.Reader or, with mediaTypes, a []byte"},
	} {
		_, err := bind.Compile(c.of, withFiles(t))
		assert.ErrorContains(t, err, c.want, c.of)
	}
}

type search struct {
	IDs    []int `query:"ids,comma" maxItems:"3"`
	Filter struct {
		Status string   `query:"status" enum:"open,closed"`
		By     []string `query:"by,comma"`
		hidden int
	} `query:"filter,deepObject" doc:"which"`
	Limit opt[[]int] `query:"limit,omitempty"`
	Since time.Time  `header:"If-Modified-Since"`
	Date  time.Time  `header:"Date"`
}

func TestParametersOfOtherStyles(t *testing.T) {
	for _, c := range []struct {
		query, wrong string
		change       func(s *search)
	}{
		{"", "", func(*search) {}},
		{"ids=1,2", "", func(s *search) { s.IDs = []int{1, 2} }},
		{"ids=1,2,3,4", "422 query ids: must have at most 3 items", nil},
		{"ids=1,x", "422 query ids: value 2 must be an integer", nil},
		{"ids=1,", "422 query ids: value 2 must be an integer", nil},
		{"ids=", "422 query ids: value 1 must be an integer", nil},
		{"ids=1&ids=2", "422 query ids: must be there only once, with commas between its values", nil},
		{"filter[status]=open&filter%5Bby%5D=a,b", "", func(s *search) { s.Filter.Status, s.Filter.By = "open", []string{"a", "b"} }},
		{"filter[status]=x", "422 query filter[status]: must be one of closed, open", nil},
		{"limit=&limit=5", "", func(s *search) { s.Limit = opt[[]int]{[]int{5}, true} }},
		{"limit=", "", func(*search) {}},
		{"other=1&%6fther", "400 query other: isn't known: there are ids, filter[status], filter[by], limit; query other: isn't known: there are ids, filter[status], filter[by], limit", nil},
	} {
		plan := compile[search](t)
		plan.RefuseOtherQueries()
		assert.True(t, plan.RefusesOtherQueries(false))
		var got, want search
		wrong := wrongIn(plan.Bind(t.Context(), &got, httptest.NewRecorder(), httptest.NewRequest("GET", "/?"+c.query, nil)))
		assert.Equal(t, c.wrong, wrong, c.query)
		if c.wrong == "" {
			c.change(&want)
			assert.Equal(t, want, got, c.query)
		}
	}
	plan := compile[struct {
		ID string `path:"id"`
	}](t)
	plan.RefuseOtherQueries()
	r := httptest.NewRequest("GET", "/?a=1", nil)
	r.SetPathValue("id", "x")
	var in struct {
		ID string `path:"id"`
	}
	assert.Equal(t, "400 query a: isn't known: there are no parameters of the query", wrongIn(plan.Bind(t.Context(), &in, httptest.NewRecorder(), r)))

	byDefault := *rules
	byDefault.StrictQuery = func(ctx context.Context) bool { return ctx.Value(strictKey{}) != nil }
	byDefault.OwnQuery = func(_ *http.Request, name string) bool { return name == "own" }
	for _, c := range []struct {
		typ    reflect.Type
		ignore bool
		query  string
		strict bool
		wrong  string
	}{
		{reflect.TypeFor[search](), false, "other=1&own=2", true, "400 query other: isn't known: there are ids, filter[status], filter[by], limit"},
		{reflect.TypeFor[search](), false, "other=1&another=1&own=2", false, ""},
		{reflect.TypeFor[search](), true, "other=1", true, ""},
		{reflect.TypeFor[struct{}](), false, "other=1", true, "400 query other: isn't known: there are no parameters of the query"},
		{reflect.TypeFor[struct{}](), true, "other=1", true, ""},
		{reflect.TypeFor[struct{}](), false, "%zz", false, ""},
	} {
		plan, err := bind.Compile(c.typ, &byDefault)
		require.NoError(t, err)
		if c.ignore {
			plan.IgnoreOtherQueries()
		}
		assert.Equal(t, !c.ignore, plan.RefusesOtherQueries(true))
		ctx := t.Context()
		if c.strict {
			ctx = context.WithValue(ctx, strictKey{}, true)
		}
		r := httptest.NewRequestWithContext(ctx, "GET", "/?"+c.query, nil)
		assert.Equal(t, c.wrong, wrongIn(plan.Bind(ctx, reflect.New(c.typ).Interface(), httptest.NewRecorder(), r)), c.query)
	}

	params := compile[search](t).Params()
	assert.Equal(t, []string{"filter", "status", "which"}, []string{params[1].Object, params[1].Member, params[1].ObjectDoc})
	assert.True(t, params[0].Joined && params[3].SkipsEmpty() && params[4].IsDate && params[5].IsDate)
	assert.Empty(t, params[4].Schema.Format, "it isn't that of JSON")
}

func TestDatesOfHTTP(t *testing.T) {
	when := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, value, wrong string
		want               time.Time
	}{
		{"Date", "Tue, 01 Dec 2026 12:00:00 GMT", "", when},
		{"Date", "2026-12-01T12:00:00Z", "422 header Date: must be a date of HTTP, such as Tue, 01 Dec 2026 12:00:00 GMT", time.Time{}},
		{"If-Modified-Since", "Tuesday, 01-Dec-26 12:00:00 GMT", "", when},
		{"If-Modified-Since", "yesterday", "", time.Time{}}, // which is ignored (RFC 9110 §13.1.3)
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set(c.name, c.value)
		got, wrong := bindForm[search](t, r)
		assert.Equal(t, c.wrong, wrong, c.value)
		assert.True(t, c.want.Equal(got.Date) || c.want.Equal(got.Since), "%s: %v, %v", c.value, got.Date, got.Since)
	}
}

func TestStylesThatCannotBeAreTold(t *testing.T) {
	for _, c := range []struct {
		of   reflect.Type
		want string
	}{
		{reflect.TypeFor[struct {
			A int `query:"a,comma"`
		}](), "the option comma is for a slice"},
		{reflect.TypeFor[struct {
			A int `query:"a,deepObject"`
		}](), "a deepObject has a name, and is a map, or a struct whose fields have the tag query"},
		{reflect.TypeFor[struct {
			A struct{ B int } `query:"a,deepObject" required:"true"`
		}](), "struct{A}.A: required is said of the fields of a deepObject, not of the whole\n" +
			"struct{B}.B: a field of a deepObject is exported, and has the tag query with the name of a value"},
		{reflect.TypeFor[struct {
			A string `cookie:"a,b"`
		}](), `the tag "cookie" has no option "b"`},
	} {
		_, err := bind.Compile(c.of, rules)
		assert.ErrorContains(t, err, c.want, c.of)
	}
}

type labeled struct {
	Labels map[string]string  `query:"labels,deepObject" maxLength:"3" maxProperties:"2" minProperties:"1" doc:"Which."`
	Ranks  map[string][]int   `query:"ranks,deepObject" minimum:"1" maxItems:"2"`
	Days   map[word]time.Time `query:"days,deepObject"`
	Flags  map[string]bool    `query:"flags,deepObject" required:"true"`
	Other  map[string]float64 `query:"other,deepObject"`
}

type word string

func TestMapsTakeTheMembersOfObjectsInTheQuery(t *testing.T) {
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString("&other[" + strconv.Itoa(i) + "]=1")
		}
		return b.String()
	}
	for _, c := range []struct{ query, wrong, want string }{
		{"flags[a]=true", "", "{- - - map[a:true] -}"},
		{"flags%5Ba%5D=true&labels[b]=x+y&labels[a%20]=", "", "{map[a : b:x y] - - map[a:true] -}"},
		{"flags[a]=true&ranks[x]=1&ranks[y]=2&ranks[x]=3", "", "{- map[x:[1 3] y:[2]] - map[a:true] -}"},
		{"flags[a]=true&days[x]=2026-12-01T00:00:00Z", "", "{- - map[x:2026-12-01 00:00:00 +0000 UTC] map[a:true] -}"},
		{"flags[a]=true" + many(100), "", ""},
		{"", "422 query flags: is required", ""},
		{"flags=true&flags[=true&flags]=true", "422 query flags: is required", ""}, // which are unknown
		{"flags[a]=1", "422 query flags[a]: must be true or false", ""},
		{"flags[a]=true&flags[a]=true", "422 query flags[a]: must be there only once", ""},
		{"flags[a]=true&labels[a]=four&labels[b]=ok", "422 query labels[a]: must be at most 3 characters long", ""},
		{"flags[a]=true&labels[a]=1&labels[b]=2&labels[c]=3", "422 query labels: must have at most 2 members", ""},
		{"flags[a]=true&ranks[x]=1&ranks[x]=0&ranks[x]=2", "422 query ranks[x]: must have at most 2 items; query ranks[x]: value 2 must be at least 1", ""},
		{"flags[a]=true" + many(101), "422 query other: must have at most 100 members", ""},
		{"flags[a]=true&other[]=1", "400 query other[]: has no name between the brackets", ""},
		{"flags[a]=true&other[a][b]=1", "400 query other[a][b]: has nested brackets, but the members of other aren't objects or arrays", ""},
		{"flags[a]=true&other[%ff]=1", "400 query other[\uFFFD]: isn't valid UTF-8", ""},
		{"flags[a]=true&other[a]=%zz", "400 query other: isn't percent-encoded as it should be", ""},
		{"flags[a]=true&x[a]=1", "400 query x[a]: isn't known: there are labels[…], ranks[…], days[…], flags[…], other[…]", ""},
	} {
		plan := compile[labeled](t)
		if strings.Contains(c.query, "&x[") {
			plan.RefuseOtherQueries()
		}
		var got labeled
		wrong := wrongIn(plan.Bind(t.Context(), &got, httptest.NewRecorder(), httptest.NewRequest("GET", "/?"+c.query, nil)))
		assert.Equal(t, c.wrong, wrong, c.query)
		if c.want != "" {
			assert.Equal(t, c.want, strings.ReplaceAll(fmt.Sprint(got), "map[]", "-"), c.query)
		}
	}
	endless := strings.Repeat("&other[]=1", 20000)
	_, wrong := bindForm[labeled](t, httptest.NewRequest("GET", "/?flags[a]=true"+endless, nil))
	assert.Less(t, len(wrong), 10000, "there is an end to what is wrong")

	p := compile[labeled](t).Params()[0]
	assert.Equal(t, "Which. 2 1 3", fmt.Sprint(p.Schema.Description, " ", *p.Schema.MaxProperties, *p.Schema.MinProperties, *p.Schema.Additional.MaxLength))
	assert.Equal(t, "labels[a]", p.MemberName("a"))
}

func TestMapsThatCannotBeInTheQueryAreTold(t *testing.T) {
	for _, c := range []struct {
		of   reflect.Type
		want string
	}{
		{reflect.TypeFor[struct {
			A map[string]string `query:"a"`
		}](), "a map in the query has the option deepObject: its member a is a[a]"},
		{reflect.TypeFor[struct {
			A map[string]map[string]string `query:"a,deepObject"`
		}](), "struct{A}.A: OpenAPI defines no deepObject within another"},
		{reflect.TypeFor[struct {
			A map[string]struct{ B int } `query:"a,deepObject"`
		}](), "OpenAPI defines no deepObject within another"},
		{reflect.TypeFor[struct {
			A struct {
				B struct{ C int } `query:"b"`
			} `query:"a,deepObject"`
		}](), "struct{B}.B: OpenAPI defines no deepObject within another (OpenAPI 3.1 §4.8.12.3): take the object in the body"},
		{reflect.TypeFor[struct {
			A struct {
				B map[string]string `query:"b,deepObject"`
			} `query:"a,deepObject"`
		}](), "OpenAPI defines no deepObject within another"},
		{reflect.TypeFor[struct {
			A map[int]string `query:"a,deepObject"`
		}](), "the names of a deepObject are strings, not int"},
		{reflect.TypeFor[struct {
			A map[string]*string `query:"a,deepObject"`
		}](), "a *string can't be the value of a map in the query, which is there or isn't"},
		{reflect.TypeFor[struct {
			A map[string]func() `query:"a,deepObject"`
		}](), "a func() can't be a parameter"},
		{reflect.TypeFor[struct {
			A map[string]string `query:"a,deepObject" default:"x"`
		}](), "a map in the query has no default"},
		{reflect.TypeFor[struct {
			A map[string]string `query:"a,deepObject" required:"yes"`
		}](), `required:"yes" isn't required:"true"`},
		{reflect.TypeFor[struct {
			A map[string]string `query:"a,deepObject" minimum:"1"`
		}](), "minimum"},
		{reflect.TypeFor[struct {
			A map[string]string `query:"a,deepObject"`
			B struct {
				C int `query:"c"`
			} `query:"a,deepObject"`
		}](), `another field has the query "a"`},
		{reflect.TypeFor[struct {
			B struct {
				C int `query:"c"`
			} `query:"a,deepObject"`
			A map[string]string `query:"a,deepObject"`
		}](), `another field has the query "a"`},
		{reflect.TypeFor[struct {
			A map[string]string `query:",deepObject"`
		}](), "a deepObject has a name"},
	} {
		_, err := bind.Compile(c.of, rules)
		assert.ErrorContains(t, err, c.want, c.of)
	}
}

// A form is the same in either media type, whatever its values are.
func FuzzForms(f *testing.F) {
	names := []string{"title", "age", "tag", "note", "color", "other", "_charset_"}
	f.Add([]byte{0, 1, 2}, "A B", "10", "a&b=c")
	f.Add([]byte{0, 2, 2}, "é", "", "+%20\r\n")
	f.Add([]byte{3, 4, 6}, "\xff", "--x--", "utf-8")
	f.Add([]byte{0, 0, 5}, "long enough to be refused", "\x00", `"`)
	f.Fuzz(func(t *testing.T, order []byte, a, b, c string) {
		var encoded strings.Builder
		parts := form.NewWriter()
		for i, value := range []string{a, b, c} {
			if i >= len(order) {
				break
			}
			name := names[int(order[i])%len(names)]
			encoded.WriteString("&" + name + "=" + url.QueryEscape(value))
			parts.Text(name, value)
		}
		one, oneWrong := bindForm[contact](t, post(form.URLEncoded, encoded.String()))
		other, otherWrong := bindForm[contact](t, post(parts.ContentType(), string(parts.Texts())))
		if strings.HasPrefix(oneWrong, "400") { // of which a form in parts names only what can't be read
			require.True(t, strings.HasPrefix(otherWrong, "400"), "%s: %s, %s", encoded.String(), oneWrong, otherWrong)
			return
		}
		require.Equal(t, oneWrong, otherWrong, encoded.String())
		require.Equal(t, one, other, encoded.String())
	})
}

type strictKey struct{}

// No word of JSON Schema is ignored in silence, whatever the field is bound to.
func TestWordsOfSchemasAreNotIgnored(t *testing.T) {
	str, labels := reflect.TypeFor[string](), reflect.TypeFor[map[string]string]()
	for _, c := range []struct {
		typ reflect.Type
		tag string
	}{
		{str, `path:"a"`},
		{str, `query:"a"`},
		{str, `header:"A"`},
		{str, `cookie:"a"`},
		{str, `form:"a"`},
		{reflect.TypeFor[File](), `form:"a"`},
		{reflect.TypeFor[Files](), `form:"a"`},
		{labels, `query:"a,deepObject"`},
		{labels, `body:""`},
	} {
		for _, word := range []string{"oneOf", "not", "dependentRequired", "contains", "additionalProperties", "propertyNames", "contentMediaType", "if", "then", "minLenght", "nullable", "min"} {
			in := reflect.StructOf([]reflect.StructField{{Name: "A", Type: c.typ, Tag: reflect.StructTag(c.tag + ` ` + word + `:"1"`)}})
			_, err := bind.Compile(in, withFiles(t))
			assert.Error(t, err, "%s %s", c.tag, word)
		}
	}
}
