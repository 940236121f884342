package tigertonic_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 5, time.FixedZone("", 3600))

// A page has headers of each kind.
type page struct {
	tigertonic.Validators
	Count   int                  `header:"X-Count" doc:"How many there are." required:"true"`
	Left    *int                 `header:"X-Left"`
	Flag    tigertonic.Opt[bool] `header:"X-Flag"`
	From    netip.Addr           `header:"x-from"`
	Took    time.Duration        `header:"X-Took"`
	Until   time.Time            `header:"Expires"`
	At      time.Time            `header:"X-At"`
	Links   []string             `header:"Link"`
	Cookies []string             `header:"Set-Cookie"`
	Names   []string             `header:"X-Names"`
	Body    []tea                `body:"" doc:"The teas."`
}

func fullPage() page {
	left := 0
	return page{
		Validators: tigertonic.Validators{ETag: `"v7"`, LastModified: noon}, Left: &left, Flag: tigertonic.Some(false),
		From: netip.MustParseAddr("::1"), Took: time.Minute, Until: noon, At: noon,
		Links: []string{`</2>; rel="next"`, `</9>; rel="last"`}, Cookies: []string{"a=1; Expires=Wed, 01 Dec 2027 12:00:00 GMT", "b=2"},
		Names: []string{"a", "b"}, Body: []tea{sencha},
	}
}

func TestFieldsAreHeadersAndBody(t *testing.T) {
	w := serve(t, returning(fullPage(), nil), "GET", "/", "")
	assert.Equal(t, "200 [{\"name\":\"sencha\",\"grams\":100}]\n", fmt.Sprint(w.Code, " ", w.Body))
	assert.Equal(t, http.Header{
		"Content-Type": {"application/json"},
		"Etag":         {`"v7"`}, "Last-Modified": {"Tue, 01 Dec 2026 11:00:00 GMT"}, "Expires": {"Tue, 01 Dec 2026 11:00:00 GMT"},
		"X-At": {"2026-12-01T12:00:00.000000005+01:00"}, "X-Took": {"1m0s"},
		"X-Count": {"0"}, "X-Left": {"0"}, "X-Flag": {"false"}, "X-From": {"::1"},
		"Link": {`</2>; rel="next"`, `</9>; rel="last"`}, "Set-Cookie": {"a=1; Expires=Wed, 01 Dec 2027 12:00:00 GMT", "b=2"},
		"X-Names": {"a", "b"},
	}, w.Header())
	assert.Equal(t, http.Header{"Content-Type": {"application/json"}, "X-Count": {"0"}}, serve(t, returning(page{}, nil), "GET", "/", "").Header(), "what is zero is left out")
}

func TestAnswersJoinTheHeadersOfMiddleware(t *testing.T) {
	type cookies struct {
		Vary    string   `header:"Vary"`
		Cookies []string `header:"Set-Cookie"`
	}
	inner := returning(cookies{"Accept-Language", []string{"b=2"}}, nil)
	w := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Origin")
		w.Header().Set("Set-Cookie", "a=1")
		inner.ServeHTTP(w, r)
	}), "GET", "/", "")
	assert.Equal(t, http.StatusNoContent, w.Code)
	assert.Equal(t, http.Header{"Vary": {"Origin", "Accept-Language"}, "Set-Cookie": {"a=1", "b=2"}}, w.Header())
}

// upload is the answer of a PUT.
type upload struct {
	Created *struct {
		Location string `header:"Location" required:"true"`
		Body     tea    `body:""`
	} `status:"201" doc:"It is new."`
	Replaced *tea      `status:"200"`
	None     *struct{} `status:"204" doc:"It is as it was."`
	Moved    *struct {
		Location string `header:"Location"`
	} `status:"303"`
	Busy *struct {
		After int `header:"Retry-After"`
		Body  tea `body:""`
	} `status:"409"`
}

// uploads are one of each, by what is sent for it.
func uploads() map[string]upload {
	var created, moved, busy upload
	created.Created = &struct {
		Location string `header:"Location" required:"true"`
		Body     tea    `body:""`
	}{"/teas/1", sencha}
	moved.Moved = &struct {
		Location string `header:"Location"`
	}{"/teas/2"}
	busy.Busy = &struct {
		After int `header:"Retry-After"`
		Body  tea `body:""`
	}{5, sencha}
	return map[string]upload{
		`201 Location=/teas/1 {"name":"sencha","grams":100}`: created,
		`200 {"name":"sencha","grams":100}`:                  {Replaced: &sencha},
		`204 `:                                               {None: &struct{}{}},
		`303 Location=/teas/2 `:                              moved,
		`409 Retry-After=5 {"name":"sencha","grams":100}`:    busy,
	}
}

func TestTheFieldThatIsSetIsTheAnswer(t *testing.T) {
	for want, answer := range uploads() {
		w := serve(t, returning(answer, nil), "PUT", "/", "")
		got := fmt.Sprint(w.Code, " ")
		for _, name := range []string{"Location", "Retry-After"} {
			if value := w.Header().Get(name); value != "" {
				got += name + "=" + value + " "
			}
		}
		assert.Equal(t, want, got+strings.TrimSuffix(w.Body.String(), "\n"))
	}
}

func TestAnswersThatCannotBeSentAreFailures(t *testing.T) {
	type body struct {
		Body *tea `body:""`
	}
	type answer struct {
		ETag string    `header:"ETag"`
		Line string    `header:"X-Line"`
		When time.Time `header:"Last-Modified"`
	}
	for name, h := range map[string]http.Handler{
		"none": returning(upload{}, nil),
		"two":  returning(upload{Replaced: &sencha, None: &struct{}{}}, nil),
		"a nil body": returning(struct {
			OK *body `status:"200"`
		}{&body{}}, nil),
		"an ETag without quotes": returning(answer{ETag: "v7"}, nil),
		"a line end":             returning(answer{Line: "a\r\nSet-Cookie: b"}, nil),
		"a NUL":                  returning(answer{Line: "a\x00"}, nil),
		"a space":                returning(answer{Line: "a "}, nil),
		"invalid UTF-8":          returning(answer{Line: "a\xff"}, nil),
		"a year":                 returning(answer{When: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, nil),
	} {
		w := serve(t, h, "GET", "/", "")
		assertSecret(t, w, http.StatusInternalServerError)
		assert.Empty(t, w.Header().Get("X-Line"), name)
	}
}

func TestValidatorsOfAnAnswerAreComparedWithConditions(t *testing.T) {
	h := returning(fullPage(), nil)
	for _, tt := range []struct {
		method, name, value string
		want                int
	}{
		{"GET", "If-None-Match", `"v6", W/"v7"`, http.StatusNotModified},
		{"HEAD", "If-None-Match", "*", http.StatusNotModified},
		{"GET", "If-None-Match", `"v6"`, http.StatusOK},
		{"GET", "If-Modified-Since", "Tue, 01 Dec 2026 11:00:00 GMT", http.StatusNotModified},
		{"GET", "If-Modified-Since", "yesterday", http.StatusOK},
		{"GET", "If-Match", `"v6"`, http.StatusPreconditionFailed},
		{"POST", "If-None-Match", `"v7"`, http.StatusOK},
	} {
		w := serve(t, h, tt.method, "/", "", tt.name, tt.value)
		assert.Equal(t, tt.want, w.Code, "%v", tt)
		if tt.want == http.StatusNotModified {
			assert.Equal(t, `"v7"`, w.Header().Get("Etag"))
			assert.Empty(t, w.Body)
		}
	}
}

// feed is a stream with a header, or none.
type feed struct {
	Feed *struct {
		Total int                   `header:"X-Total"`
		Body  iter.Seq2[tea, error] `body:""`
	} `status:"200"`
	File *struct {
		Name string            `header:"X-Name"`
		Body tigertonic.Stream `body:""`
	} `status:"203"`
	None *struct{} `status:"204"`
}

func newFeed(file bool, closer io.Reader) (f feed) {
	if file {
		f.File = &struct {
			Name string            `header:"X-Name"`
			Body tigertonic.Stream `body:""`
		}{"a.csv", tigertonic.Stream{ContentType: "text/csv", Reader: closer}}
		return f
	}
	f.Feed = &struct {
		Total int                   `header:"X-Total"`
		Body  iter.Seq2[tea, error] `body:""`
	}{2, func(yield func(tea, error) bool) { _ = yield(sencha, nil) && yield(tea{Name: "oolong"}, nil) }}
	return f
}

func TestBodiesOfAnswersMayBeStreams(t *testing.T) {
	w := serve(t, returning(newFeed(false, nil), nil), "GET", "/", "", "Accept", "application/jsonl")
	assert.Equal(t, "{\"name\":\"sencha\",\"grams\":100}\n{\"name\":\"oolong\"}\n", w.Body.String())
	assert.Equal(t, "2", w.Header().Get("X-Total"))
	file := &closedFile{Reader: strings.NewReader("a,b\n")}
	w = serve(t, returning(newFeed(true, file), nil), "GET", "/", "")
	assert.Equal(t, "203 a,b\n", fmt.Sprint(w.Code, " ", w.Body))
	assert.True(t, file.closed)
	file = &closedFile{Reader: strings.NewReader("")}
	assert.Equal(t, http.StatusNotFound, serve(t, returning(newFeed(true, file), error(tigertonic.NotFound{Err: errLeak})), "GET", "/", "").Code)
	assert.True(t, file.closed, "beside an error, too")
	assert.Equal(t, http.StatusNotAcceptable, serve(t, returning(feed{None: &struct{}{}}, nil), "GET", "/", "", "Accept", "image/png").Code)
}

// closedFile notes that it was closed.
type closedFile struct {
	io.Reader
	closed bool
}

func (c *closedFile) Close() error { c.closed = true; return nil }

func TestClientsGetTheAnswersThatWereGiven(t *testing.T) {
	ctx := t.Context()
	put := tigertonic.Declare[struct{}, upload]("PUT", "/tea")
	for _, answer := range uploads() {
		mux := tigertonic.NewTrieServeMux()
		put.HandleFunc(mux, func(context.Context, *struct{}) (upload, error) { return answer, nil })
		c := client.New("http://service", client.Options{Transport: client.InProcess(mux)})
		got, err := client.Call(ctx, c, put, nil)
		require.NoError(t, err)
		assert.Equal(t, answer, got)
	}
	read := tigertonic.Declare[struct{}, page]("GET", "/page")
	mux := tigertonic.NewTrieServeMux()
	read.HandleFunc(mux, func(context.Context, *struct{}) (page, error) { return fullPage(), nil })
	c := client.New("http://service", client.Options{Transport: client.InProcess(mux)})
	got, err := client.Call(ctx, c, read, nil)
	require.NoError(t, err)
	want := fullPage()
	want.LastModified, want.Until = noon.UTC().Truncate(time.Second), noon.UTC().Truncate(time.Second)
	assert.True(t, want.At.Equal(got.At))
	want.At = got.At
	assert.Equal(t, want, got)

	_, err = client.Call(ctx, c, put, nil) // which the mux answers
	_, isProblem := errors.AsType[tigertonic.NotFound](err)
	assert.True(t, isProblem, "%v", err)
}

func TestClientsRefuseAnswersThatAreNotDeclared(t *testing.T) {
	put := tigertonic.Declare[struct{}, upload]("PUT", "/tea")
	for want, h := range map[string]http.Handler{
		"declares no response with this status": status(202, "application/json", "{}"),
		"can't read the response":               status(200, "application/json", "["),
		"PUT /tea: 409 Conflict: it is full":    status(409, "application/problem+json", `{"detail":"it is full"}`),
		"PUT /tea: 418 I'm a teapot":            status(418, "application/json", `{}`),
	} {
		c := client.New("http://service", client.Options{Transport: client.InProcess(h)})
		_, err := client.Call(t.Context(), c, put, nil)
		assert.ErrorContains(t, err, want)
	}
	c := client.New("http://service", client.Options{Transport: client.InProcess(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Last-Modified", "yesterday")
	}))})
	_, err := client.Call(t.Context(), c, tigertonic.Declare[struct{}, struct{ tigertonic.Validators }]("GET", "/"), nil)
	assert.ErrorContains(t, err, `Last-Modified is "yesterday"`)
}

func status(code int, contentType, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	})
}

func TestClientsReadStreamsOfAnswers(t *testing.T) {
	get := tigertonic.Declare[struct{}, feed]("GET", "/feed")
	call := func(f feed) feed {
		mux := tigertonic.NewTrieServeMux()
		get.HandleFunc(mux, func(context.Context, *struct{}) (feed, error) { return f, nil })
		c := client.New("http://service", client.Options{Transport: client.InProcess(mux)})
		got, err := client.Call(t.Context(), c, get, nil)
		require.NoError(t, err)
		return got
	}
	got := call(newFeed(false, nil))
	assert.Equal(t, 2, got.Feed.Total)
	var names []string
	for item, err := range got.Feed.Body {
		require.NoError(t, err)
		names = append(names, item.Name)
	}
	assert.Equal(t, []string{"sencha", "oolong"}, names)
	got = call(newFeed(true, strings.NewReader("a,b\n")))
	text, err := io.ReadAll(got.File.Body)
	assert.NoError(t, err)
	assert.NoError(t, got.File.Body.Close())
	assert.Equal(t, "a.csv a,b\n", got.File.Name+" "+string(text))
	assert.NotNil(t, call(feed{None: &struct{}{}}).None)
}

func TestAnswersAreDescribed(t *testing.T) {
	assert.Equal(t, `header If-None-Match required=false: string: The ETag of the version that the client has.
200 The teas.: application/json array of tea
304 the client has the current version:
406 the media type isn't accepted: application/problem+json Problem
412 the resource isn't in the state that the request asks for: read it again: application/problem+json Problem
500 the service has failed: application/problem+json Problem
`, headless(sayOperation(describedBy(returning(fullPage(), nil)))))
	op := describedBy(returning(fullPage(), nil))
	for _, status := range []string{"200", "304"} {
		headers := op.Responses[status].Headers
		assert.Len(t, headers, 12)
		assert.Equal(t, "How many there are. integer true", fmt.Sprint(headers["X-Count"].Description, " ", headers["X-Count"].Schema.Types[0], " ", headers["X-Count"].Required))
		assert.Equal(t, "string format http-date", sayType(headers["Last-Modified"].Schema))
		assert.Equal(t, "string format date-time", sayType(headers["X-At"].Schema))
		assert.Equal(t, "array of string", sayType(headers["Link"].Schema))
	}
	assert.Equal(t, `200 OK: application/json tea
201 It is new.: application/json tea
204 It is as it was.:
303 See Other:
406 the media type isn't accepted: application/problem+json Problem
409 Conflict: application/json tea
500 the service has failed: application/problem+json Problem
`, headless(sayOperation(describedBy(returning(upload{}, nil)))))
	assert.Equal(t, "204", firstLine(sayOperation(describedBy(returning(struct {
		A string `header:"X-A"`
	}{}, nil)))))
}

// headless returns lines of a description without those of headers.
func headless(lines string) string {
	var left []string
	for line := range strings.Lines(lines) {
		if !strings.HasPrefix(line, " ") {
			left = append(left, line)
		}
	}
	return strings.Join(left, "")
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, " ")
	return line
}

func TestExamplesOfAnswersStandAtTheirStatuses(t *testing.T) {
	op := describedBy(returning(upload{}, nil).ResponseExample("green", sencha))
	for _, status := range []string{"200", "201", "409"} {
		assert.Contains(t, op.Responses[status].Content["application/json"].Examples, "green", status)
	}
	assert.Contains(t, panicOf(t, func() { returning(upload{}, nil).ResponseExample("x", 1) }), "ResponseExample")
	assert.Contains(t, panicOf(t, func() { returning(page{}, nil).ResponseExample("x", 1) }), `"x" is a int, but the body is a []tigertonic_test.tea`)
}

func TestTypedRefusesAnswersThatCannotBe(t *testing.T) {
	type two struct {
		A *tea `status:"200"`
	}
	for want, f := range map[string]func(){
		`status:"99" isn't the status of a response`: func() {
			returning(struct {
				A *tea `status:"99"`
			}{}, nil)
		},
		`status:"600" isn't the status of a response`: func() {
			returning(struct {
				A *tea `status:"600"`
			}{}, nil)
		},
		`status:"+20" isn't the status of a response`: func() {
			returning(struct {
				A *tea `status:"+20"`
			}{}, nil)
		},
		`another field has the status 200`: func() {
			returning(struct {
				A, B *tea `status:"200"`
			}{}, nil)
		},
		`a 204 has no body`: func() {
			returning(struct {
				A *tea `status:"204"`
			}{}, nil)
		},
		`a 304 has no body`: func() {
			returning(struct {
				_    struct{} `status:"304"`
				Body tea      `body:""`
			}{}, nil)
		},
		`a pointer, which is nil if it isn't the answer`: func() {
			returning(struct {
				A tea  `status:"200"`
				B *tea `status:"201"`
			}{}, nil)
		},
		`has statuses of its own`: func() {
			returning(struct {
				A *two `status:"201"`
			}{}, nil)
		},
		`B: it has no tag status`: func() {
			returning(struct {
				A *tea `status:"200"`
				B string
			}{}, nil)
		},
		`B: it has neither of the tags header and body`: func() {
			returning(struct {
				A string `header:"X-A"`
				B string
			}{}, nil)
		},
		`there is another field for the body`: func() {
			returning(struct {
				A, B tea `body:""`
			}{}, nil)
		},
		`another field has the header "X-A"`: func() {
			returning(struct {
				A, B string `header:"X-A"`
			}{}, nil)
		},
		`"a b" isn't a header name`: func() {
			returning(struct {
				A string `header:"a b"`
			}{}, nil)
		},
		`Content-Length isn't for an answer to set`: func() {
			returning(struct {
				A int `header:"content-length"`
			}{}, nil)
		},
		`Content-Type isn't for an answer to set: it is that of the body`: func() {
			returning(struct {
				A string `header:"Content-Type"`
			}{}, nil)
		},
		`Transfer-Encoding isn't for an answer to set`: func() {
			returning(struct {
				A string `header:"Transfer-Encoding"`
			}{}, nil)
		},
		`a map[string]string can't be a header`: func() {
			returning(struct {
				A map[string]string `header:"X-A"`
			}{}, nil)
		},
		`a []uint8 can't be a header`: func() {
			returning(struct {
				A []byte `header:"X-A"`
			}{}, nil)
		},
		`Retry-After is a number of seconds`: func() {
			returning(struct {
				A time.Duration `header:"Retry-After"`
			}{}, nil)
		},
		`the tag "default" isn't one that a header of a response can have`: func() {
			returning(struct {
				A string `header:"X-A" default:"x"`
			}{}, nil)
		},
		`required:"yes" isn't required:"true"`: func() {
			returning(struct {
				A string `header:"X-A" required:"yes"`
			}{}, nil)
		},
		`which must be a value, not a pointer`: func() { returning(&page{}, nil) },
		`in a response`:                        func() { returning(tigertonic.Response[page]{}, nil) },
		`body:"x" isn't body:""`: func() {
			returning(struct {
				A tea `body:"x"`
			}{}, nil)
		},
	} {
		got := panicOf(t, f)
		assert.Contains(t, got, want)
		assert.Contains(t, got, "_test.go")
	}
}
