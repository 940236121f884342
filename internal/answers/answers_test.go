package answers_test

import (
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/answers"
	"github.com/rcrowley/go-tigertonic/internal/typeschema"
)

func compile(t reflect.Type) (*answers.Plan, error) {
	var c typeschema.Compiler
	p, err := answers.Compile(t, &c)
	if err == nil {
		err = c.Finish()
	}
	return p, err
}

func planOf[T any](t *testing.T) *answers.Plan {
	t.Helper()
	require.True(t, answers.IsPlanned(reflect.TypeFor[T]()))
	p, err := compile(reflect.TypeFor[T]())
	require.NoError(t, err)
	return p
}

// An opt may be absent, as an Opt may.
type opt struct {
	value int
	set   bool
}

func (o *opt) ValuePointer(set bool) any {
	if o.set = o.set || set; !o.set {
		return nil
	}
	return &o.value
}

type kettle struct {
	Name string `json:"name"`
}

type caching struct {
	ETag string   `header:"etag" doc:"Its version."`
	Vary []string `header:"Vary"`
}

type shown struct {
	_ struct{} `status:"203" doc:"The kettle."`
	caching
	Modified time.Time     `header:"Last-Modified" required:"true"`
	Left     *int          `header:"X-Left" minimum:"0"`
	Rate     opt           `header:"X-Rate"`
	Age      time.Duration `header:"X-Age"`
	Cookies  []string      `header:"Set-Cookie"`
	Dates    []time.Time   `header:"Expires"`
	Body     kettle        `body:""`
}

type gone struct {
	Since time.Time `header:"X-Since"`
}

type found struct {
	caching
	Body kettle `body:""`
}

type several struct {
	Found *found    `status:"200"`
	Bare  *kettle   `status:"201" doc:"A new one."`
	Gone  *gone     `status:"410"`
	Same  *struct{} `status:"304"`
}

func TestFieldsArePartsOfOneAnswer(t *testing.T) {
	p := planOf[shown](t)
	assert.False(t, p.Several)
	require.Len(t, p.Answers, 1)
	a := &p.Answers[0]
	assert.Equal(t, 203, a.Status)
	assert.Equal(t, "The kettle.", a.Description)
	assert.Equal(t, reflect.TypeFor[kettle](), a.Body)
	var names []string
	for _, h := range a.Headers {
		names = append(names, h.Name)
	}
	assert.Equal(t, []string{"Etag", "Vary", "Last-Modified", "X-Left", "X-Rate", "X-Age", "Set-Cookie", "Expires"}, names)
	assert.Equal(t, "Its version.", a.Headers[0].Schema.Description)
	assert.Equal(t, "http-date", a.Headers[2].Schema.Format)
	assert.True(t, a.Headers[2].Required)
	assert.Equal(t, "0", a.Headers[3].Schema.Minimum)
	assert.Equal(t, "http-date", a.Headers[7].Schema.Items.Format)
	assert.True(t, a.HasHeader("X-Left"))
	assert.False(t, a.HasHeader("X-Right"))
}

func TestHeadersGoBothWays(t *testing.T) {
	p := planOf[shown](t)
	noon := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	left := 0
	sent := shown{
		caching:  caching{`"7"`, []string{"Accept", "Origin"}},
		Modified: noon, Left: &left, Rate: opt{5, true}, Age: time.Minute,
		Cookies: []string{"a=1, 2", "b=2"}, Dates: []time.Time{noon, noon}, Body: kettle{"tea"},
	}
	a, parts, err := p.Chosen(reflect.ValueOf(&sent).Elem())
	require.NoError(t, err)
	header, err := a.HeaderOf(parts)
	require.NoError(t, err)
	date := "Tue, 01 Dec 2026 12:00:00 GMT"
	assert.Equal(t, http.Header{
		"Etag": {`"7"`}, "Vary": {"Accept", "Origin"}, "Last-Modified": {date}, "X-Left": {"0"}, "X-Rate": {"5"},
		"X-Age": {"1m0s"}, "Set-Cookie": {"a=1, 2", "b=2"}, "Expires": {date, date},
	}, header)
	assert.Equal(t, kettle{"tea"}, a.BodyOf(parts).Interface())

	header["Vary"] = []string{"Accept,  Origin,"} // which is the same (RFC 9110 §5.6.1)
	var got shown
	value := reflect.ValueOf(&got).Elem()
	parts = p.Set(a, value)
	require.NoError(t, a.SetHeader(parts, header))
	a.BodyOf(parts).Set(reflect.ValueOf(sent.Body))
	assert.Equal(t, sent, got)

	header, err = a.HeaderOf(reflect.ValueOf(&shown{}).Elem())
	require.NoError(t, err)
	assert.Equal(t, http.Header{"Last-Modified": {"Mon, 01 Jan 0001 00:00:00 GMT"}}, header, "what is required, and nothing else")
	assert.ErrorContains(t, a.SetHeader(parts, http.Header{"X-Left": {"x"}}), `the header X-Left is "x", which can't be read`)
}

func TestHeadersAreOnlyWhatOneCanBe(t *testing.T) {
	p := planOf[shown](t)
	for etag, want := range map[string]string{
		"7":         "isn't an entity tag",
		"\"7\"\r\n": "has a control character",
		"\"7\"\x20": "begins or ends with a space",
	} {
		a, parts, err := p.Chosen(reflect.ValueOf(&shown{caching: caching{ETag: etag}}).Elem())
		require.NoError(t, err)
		_, err = a.HeaderOf(parts)
		assert.ErrorContains(t, err, "the header Etag is ")
		assert.ErrorContains(t, err, want)
	}
	a, parts, err := p.Chosen(reflect.ValueOf(&shown{caching: caching{Vary: []string{"a\x00"}}}).Elem())
	require.NoError(t, err)
	_, err = a.HeaderOf(parts)
	assert.ErrorContains(t, err, "the header Vary is")
}

func TestOneOfSeveralAnswersIsSet(t *testing.T) {
	p := planOf[several](t)
	assert.True(t, p.Several)
	var statuses []int
	for _, a := range p.Answers {
		statuses = append(statuses, a.Status)
	}
	assert.Equal(t, []int{200, 201, 410, 304}, statuses)
	assert.Equal(t, reflect.TypeFor[kettle](), p.Answers[0].Body)
	assert.Equal(t, reflect.TypeFor[kettle](), p.Answers[1].Body)
	assert.Equal(t, "A new one.", p.Answers[1].Description)
	assert.Nil(t, p.Answers[2].Body)
	assert.Nil(t, p.Answers[3].Body)

	value := several{Bare: &kettle{"tea"}}
	a, parts, err := p.Chosen(reflect.ValueOf(&value).Elem())
	require.NoError(t, err)
	assert.Equal(t, "Bare", a.Field)
	assert.Equal(t, kettle{"tea"}, a.BodyOf(parts).Interface(), "a value that is the body as a whole")
	header, err := a.HeaderOf(parts)
	require.NoError(t, err)
	assert.Empty(t, header)

	value.Gone = &gone{}
	_, _, err = p.Chosen(reflect.ValueOf(&value).Elem())
	assert.EqualError(t, err, "both Bare and Gone are set, and a request has one answer")
	_, _, err = p.Chosen(reflect.ValueOf(&several{}).Elem())
	assert.EqualError(t, err, "none of its fields is set, and a request has an answer")

	var fields []string
	all := func(a *answers.Answer, _ reflect.Value) { fields = append(fields, a.Field) }
	p.All(reflect.ValueOf(&value).Elem(), all)
	assert.Equal(t, []string{"Bare", "Gone"}, fields)
	planOf[shown](t).All(reflect.ValueOf(&shown{}).Elem(), all)
	assert.Len(t, fields, 3)

	var got several
	p.Set(&p.Answers[1], reflect.ValueOf(&got).Elem()).Set(reflect.ValueOf(kettle{"pot"}))
	assert.Equal(t, several{Bare: &kettle{"pot"}}, got)
}

func TestOtherTypesAreNoPlans(t *testing.T) {
	for _, v := range []any{
		0,
		kettle{},
		time.Time{},
		[]kettle{},
		&shown{},
		struct{}{}, // no struct, or no part
		struct {
			Body kettle `body:""`
			ID   string `path:"id"`
		}{}, // an input
		struct {
			A kettle `status:"open"`
		}{}, // a tag of others
	} {
		assert.False(t, answers.IsPlanned(reflect.TypeOf(v)), "%T", v)
	}
}

func TestMistakesInAnswersAreNamed(t *testing.T) {
	for _, tt := range []struct {
		value any
		want  string
	}{
		{struct {
			A *kettle `status:"2000"`
		}{}, `status:"2000" isn't the status of a response`},
		{struct {
			A *kettle `status:"100"`
		}{}, `status:"100" isn't the status of a response`},
		{struct {
			A *kettle `status:"200"`
			B *kettle `status:"200"`
		}{}, "another field has the status 200"},
		{struct {
			A *kettle `status:"200"`
			B kettle  `status:"201"`
		}{}, "a field with a status is exported, and a pointer"},
		{struct {
			A *kettle `status:"200"`
			B *kettle
		}{}, "it has no tag status"},
		{struct {
			A *kettle `status:"204"`
		}{}, "a 204 has no body (RFC 9110 §6.4.1)"},
		{struct {
			A *kettle `status:"200" minimum:"1"`
		}{}, `the tag "minimum" isn't one of status, doc`},
		{struct {
			A *several `status:"200"`
		}{}, "has statuses of its own"},
		{struct {
			_ struct{} `status:"204"`
			B kettle   `body:""`
		}{}, "a 204 has no body"},
		{struct {
			E string `header:"X"`
			B kettle `body:"b"`
		}{}, `body:"b" isn't body:""`},
		{struct {
			A kettle `body:""`
			B kettle `body:""`
		}{}, "there is another field for the body"},
		{struct {
			B kettle `body:""`
			N string
		}{}, "it has neither of the tags header and body"},
		{struct {
			B kettle `body:""`
			x string `header:"X"`
		}{}, `a field with the tag "header" must be exported`},
		{struct {
			B string `header:"X Y"`
		}{}, `"X Y" isn't a header name`},
		{struct {
			B string `header:"Content-Type"`
		}{}, "Content-Type isn't for an answer to set: it is that of the body"},
		{struct {
			B string `header:"Content-Length"`
		}{}, "the server sets it"},
		{struct {
			B string `header:"Connection"`
		}{}, "it is of the connection (RFC 9110 §7.6.1)"},
		{struct {
			B kettle `header:"X"`
		}{}, "can't be a header"},
		{struct {
			B []byte `header:"X"`
		}{}, "can't be a header"},
		{struct {
			B time.Duration `header:"Retry-After"`
		}{}, "Retry-After is a number of seconds, so the field is an int"},
		{struct {
			A string `header:"X"`
			B string `header:"x"`
		}{}, `another field has the header "x"`},
		{struct {
			A string `header:"X" required:"yes"`
		}{}, `required:"yes" isn't required:"true"`},
		{struct {
			A string `header:"X" default:"1"`
		}{}, "isn't one that a header of a response can have"},
		{struct {
			A *kettle `status:"200"`
			caught
		}{}, "it has no tag status"},
		{struct {
			B kettle `body:""`
			embedded
		}{}, "the statuses of several answers are fields of the type itself"},
	} {
		_, err := compile(reflect.TypeOf(tt.value))
		assert.ErrorContains(t, err, tt.want, "%T", tt.value)
	}
}

type caught struct {
	_ struct{} `status:"200"`
}

type embedded struct {
	Other *kettle `status:"404"`
}
