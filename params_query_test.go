package tigertonic_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// A hunt has parameters of each style.
type hunt struct {
	IDs    []int                    `query:"ids,comma" maxItems:"3"`
	Limit  int                      `query:"limit,omitempty" default:"20" minimum:"1"`
	Tags   tigertonic.Opt[[]string] `query:"tag" maxLength:"3"`
	Filter struct {
		Status string              `query:"status" enum:"open,closed"`
		After  tigertonic.Opt[int] `query:"after"`
		By     []string            `query:"by,comma"`
	} `query:"filter,deepObject" doc:"Which of them."`
	Since time.Time `header:"If-Modified-Since"`
	Date  time.Time `header:"Date"`
}

func hunting() *tigertonic.Endpoint {
	return tigertonic.Typed(func(_ context.Context, in *hunt) (string, error) {
		tags, ok := in.Tags.Get()
		return fmt.Sprint(in.IDs, in.Limit, tags, ok, in.Filter.Status, in.Filter.After, in.Filter.By, in.Since.Unix(), in.Date.IsZero()), nil
	})
}

func TestQueriesAreReadInTheirStyles(t *testing.T) {
	for query, want := range map[string]string{
		"":                 `"[] 20 [] false{0 absent} [] -62135596800 true"`,
		"ids=1,2&limit=5":  `"[1 2] 5 [] false{0 absent} [] -62135596800 true"`,
		"ids=1%2C2&limit=": `"[1 2] 20 [] false{0 absent} [] -62135596800 true"`,
		"tag=a&tag=b":      `"[] 20 [a b] true{0 absent} [] -62135596800 true"`,
		"filter[status]=open&filter%5Bafter%5D=7&filter[by]=a,b": "open",
	} {
		w := serve(t, hunting(), "GET", "/?"+query, "")
		require.Equal(t, 200, w.Code, w.Body)
		if want == "open" {
			assert.Contains(t, w.Body.String(), "open")
			assert.Contains(t, w.Body.String(), "[a b]")
			continue
		}
		assert.Equal(t, strings.Split(want, "{")[0], strings.Split(w.Body.String(), "{")[0], query)
	}
	for query, want := range map[string]string{
		"ids=1,x":             `"parameter":"ids"`,
		"ids=1,2,3,4":         "at most 3",
		"ids=1,":              "value 2",
		"ids=1&ids=2":         "with commas between its values",
		"limit=0":             "at least 1",
		"tag=long":            `"parameter":"tag"`,
		"filter[status]=lost": `"parameter":"filter[status]"`,
		"filter[after]=":      `"parameter":"filter[after]"`,
	} {
		w := serve(t, hunting(), "GET", "/?"+query, "")
		assert.Equal(t, 422, w.Code, query)
		assert.Contains(t, w.Body.String(), want, query)
	}
}

func TestDatesInHeadersAreThoseOfHTTP(t *testing.T) {
	since := func(value string) string {
		return serve(t, hunting(), "GET", "/", "", "If-Modified-Since", value).Body.String()
	}
	assert.Contains(t, since("Tue, 01 Dec 2026 11:00:00 GMT"), "1796122800")
	assert.Contains(t, since("Tuesday, 01-Dec-26 11:00:00 GMT"), "1796122800")
	for _, bad := range []string{"2026-12-01T11:00:00Z", "yesterday", ""} {
		assert.Contains(t, since(bad), "-62135596800", "one that isn't a date is ignored")
	}
	w := serve(t, hunting(), "GET", "/", "", "Date", "2026-12-01T11:00:00Z")
	assert.Equal(t, 422, w.Code)
	assert.Contains(t, w.Body.String(), "must be a date of HTTP")
}

func TestStrictQueriesNameWhatThereIs(t *testing.T) {
	h := hunting().StrictQuery()
	assert.Equal(t, 200, serve(t, h, "GET", "/?limit=&ids=1&filter[by]=a&&tag=b", "").Code)
	w := serve(t, h, "GET", "/?limt=5&filter[x]=1", "")
	assert.Equal(t, 400, w.Code)
	assert.Contains(t, w.Body.String(), `{"parameter":"limt","in":"query","detail":"isn't known: there are ids, limit, tag, filter[status], filter[after], filter[by]"}`)
	assert.Contains(t, w.Body.String(), `"parameter":"filter[x]"`)
	none := returning(sencha, nil).StrictQuery()
	assert.Contains(t, serve(t, none, "GET", "/?a=1", "").Body.String(), "there are no parameters of the query")
	assert.Equal(t, 200, serve(t, none, "GET", "/", "").Code)
	assert.Contains(t, describedBy(none).Responses, "400")
	w = serve(t, h, "GET", "/?"+strings.Repeat("a=1&", 20000), "")
	assert.Equal(t, 400, w.Code)
	assert.Less(t, w.Body.Len(), 64<<10, "however many there are")
}

// A mux, a namespace or a service may be strict as a whole.
func TestStrictQueryIsTheDefaultOfATree(t *testing.T) {
	inner := tigertonic.NewTrieServeMux()
	inner.Handle("GET", "/hunt", hunting())
	inner.Handle("GET", "/any", hunting().AnyQuery())
	inner.Handle("GET", "/none", returning(sencha, nil))
	inner.Handle("GET", "/strict", hunting().AnyQuery().StrictQuery())
	inner.Handle("GET", "/classic", tigertonic.Marshaled(func(*url.URL, http.Header, any) (int, http.Header, *tea, error) {
		return 200, nil, &sencha, nil
	}))
	inner.HandleFunc("GET", "/plain", func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, r.URL.RawQuery) })
	mux := tigertonic.NewTrieServeMux()
	mux.HandleNamespace("/{site}", tigertonic.StrictQuery(tigertonic.Recovered(tigertonic.StrictQuery(inner))))
	mux.Handle("GET", "/a/lenient", hunting())
	for _, h := range []http.Handler{mux, tigertonic.WildcardsInQuery(mux), tigertonic.Wrapped(mux, foreignly)} {
		for path, want := range map[string]int{
			"/a/hunt": 400, "/a/any": 200, "/a/none": 400, "/a/strict": 400, "/a/classic": 200, "/a/plain": 200, "/a/lenient": 200,
		} {
			w := serve(t, h, "GET", path+"?limt=5", "", "Accept", "*/*")
			assert.Equal(t, want, w.Code, path)
			if want == 400 {
				assert.Contains(t, w.Body.String(), `{"parameter":"limt","in":"query","detail":"isn't known: there are`, path)
			}
			w = serve(t, h, "GET", path+"?", "", "Accept", "*/*")
			assert.Equal(t, 200, w.Code, "%s: %s", path, w.Body)
		}
		assert.Equal(t, 200, serve(t, h, "GET", "/a/hunt?limit=5", "").Code)
	}
	assert.Contains(t, tigertonic.Explain(mux), "StrictQuery > ")
}

// First gives the request on, and what stands beside a StrictQuery isn't in it.
func TestStrictQueryEndsWithItsHandler(t *testing.T) {
	passes := tigertonic.StrictQuery(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { assert.Equal(t, "b=1", r.URL.RawQuery) }))
	assert.Equal(t, 200, serve(t, tigertonic.First(passes, returning(sencha, nil)), "GET", "/?b=1", "").Code)
	measured := tigertonic.Measured(tigertonic.StrictQuery(newMux("GET /{x}")), nil)
	serve(t, measured, "GET", "/1?b=1", "")
	assert.Equal(t, "/{x}", measured.Metrics()[0].Pattern)
	assert.Contains(t, panicOf(t, func() { tigertonic.StrictQuery(nil) }), "StrictQuery: the handler is nil")
}

func TestStrictQueryIsDescribed(t *testing.T) {
	assert.Contains(t, describedBy(tigertonic.StrictQuery(returning(sencha, nil))).Responses, "400")
	assert.NotContains(t, describedBy(tigertonic.StrictQuery(returning(sencha, nil).AnyQuery())).Responses, "400")
	assert.NotContains(t, describedBy(tigertonic.StrictQuery(hello)).Responses, "400")
	assert.NotContains(t, describedBy(returning(sencha, nil)).Responses, "400")
}

func TestDeclaredQueriesAreWrittenAsTheyAreRead(t *testing.T) {
	find := tigertonic.Declare[hunt, string]("GET", "/hunt")
	in := hunt{IDs: []int{1, 2}, Limit: 5, Tags: tigertonic.Some([]string{"a", "b"})}
	in.Filter.Status, in.Filter.After, in.Filter.By = "open", tigertonic.Some(0), []string{"x", "y"}
	url, err := find.URL(&in)
	require.NoError(t, err)
	assert.Equal(t, "/hunt?ids=1,2&limit=5&tag=a&tag=b&filter%5Bstatus%5D=open&filter%5Bafter%5D=0&filter%5Bby%5D=x,y", url)
	in.Filter.By = []string{"x,y"}
	_, err = find.URL(&in)
	assert.ErrorContains(t, err, "has a comma")
}

// A labelled input has objects of any names in its query.
type labelled struct {
	Labels map[string]string     `query:"labels,deepObject" maxLength:"20" maxProperties:"5" doc:"What it has."`
	Ranks  map[string][]int      `query:"ranks,deepObject"`
	Since  map[string]time.Time  `query:"since,deepObject"`
	Hosts  map[string]netip.Addr `query:"hosts,deepObject" required:"true"`
}

// What is declared with maps is bound as it was written, by a client as well.
func TestMapsInTheQueryCrossTheWire(t *testing.T) {
	find := tigertonic.Declare[labelled, string]("GET", "/tagged")
	in := labelled{
		Labels: map[string]string{"b": "x&y=z", "a é": "", "c%5D": "[1]"},
		Ranks:  map[string][]int{"x": {3, 1, 2}},
		Since:  map[string]time.Time{"start": time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)},
		Hosts:  map[string]netip.Addr{"db": netip.MustParseAddr("::1")},
	}
	url, err := find.URL(&in)
	require.NoError(t, err)
	assert.Equal(t, "/tagged?labels%5Ba%20%C3%A9%5D=&labels%5Bb%5D=x%26y%3Dz&labels%5Bc%255D%5D=%5B1%5D&"+
		"ranks%5Bx%5D=3&ranks%5Bx%5D=1&ranks%5Bx%5D=2&since%5Bstart%5D=2026-12-01T00%3A00%3A00Z&hosts%5Bdb%5D=%3A%3A1", strings.ReplaceAll(url, "+", "%20"))
	mux := tigertonic.NewTrieServeMux()
	var got labelled
	find.HandleFunc(mux, func(_ context.Context, in *labelled) (string, error) {
		got = *in
		return "", nil
	})
	assert.Equal(t, 200, serve(t, mux, "GET", url, "").Code)
	assert.Equal(t, in, got)
	for want, in := range map[string]labelled{
		"hosts: is required":                                   {},
		`labels: the name "a[b]" has nested brackets`:          {Labels: map[string]string{"a[b]": ""}},
		`labels: the name "" has no name between the brackets`: {Labels: map[string]string{"": ""}},
		`ranks: "x" has no value, and would be lost`:           {Ranks: map[string][]int{"x": nil}},
	} {
		_, err := find.URL(&in)
		assert.ErrorContains(t, err, want)
	}
}

func TestMapsInTheQueryAreDescribed(t *testing.T) {
	op := describedBy(tigertonic.Typed(func(context.Context, *labelled) (struct{}, error) { return struct{}{}, nil }))
	labels, ranks := op.Parameters[0], op.Parameters[1]
	assert.Equal(t, "labels deepObject What it has. false", fmt.Sprint(labels.Name, " ", labels.Style, " ", labels.Description, " ", labels.Required))
	assert.Equal(t, "string", sayType(labels.Schema.Additional)[:6])
	assert.Equal(t, 5, *labels.Schema.MaxProperties)
	assert.Equal(t, 100, *ranks.Schema.MaxProperties, "there is a bound, and the document has it")
	assert.Equal(t, "array of integer format int64", sayType(ranks.Schema.Additional))
	assert.True(t, op.Parameters[3].Required)
}

func TestStylesAreDescribed(t *testing.T) {
	op := describedBy(hunting())
	byName := map[string]tigertonic.Parameter{}
	for _, p := range op.Parameters {
		byName[p.Name] = p
	}
	assert.Len(t, byName, 6)
	assert.True(t, byName["ids"].Joined)
	assert.True(t, byName["limit"].AllowEmpty)
	assert.Equal(t, "array of string", sayType(byName["tag"].Schema))
	assert.Equal(t, "http-date", byName["If-Modified-Since"].Schema.Format)
	filter := byName["filter"]
	assert.Equal(t, "deepObject Which of them.", filter.Style+" "+filter.Description)
	assert.Len(t, filter.Schema.Properties, 3)
}

func TestTypedRefusesStylesThatCannotBe(t *testing.T) {
	takes := func(f func()) string { return panicOf(t, f) }
	assert.Contains(t, takes(func() {
		tigertonic.Typed(func(context.Context, *struct {
			A int `query:"a,comma"`
		},
		) (string, error) {
			return "", nil
		})
	}), "the option comma is for a slice")
	assert.Contains(t, takes(func() {
		tigertonic.Typed(func(context.Context, *struct {
			A int `query:"a,deepObject"`
		},
		) (string, error) {
			return "", nil
		})
	}), "a deepObject has a name, and is a map, or a struct")
	assert.Contains(t, takes(func() {
		tigertonic.Typed(func(context.Context, *struct {
			A struct{ B int } `query:"a,deepObject"`
		},
		) (string, error) {
			return "", nil
		})
	}), "a field of a deepObject is exported, and has the tag query")
	assert.Contains(t, takes(func() {
		tigertonic.Typed(func(context.Context, *struct {
			A int `header:"X-A,omitempty"`
		},
		) (string, error) {
			return "", nil
		})
	}), `has no option "omitempty"`)
}

// As many keys as a header can have take time by their number.
func TestQueriesOfManyKeysAreReadInLinearTime(t *testing.T) {
	took := func(n int) time.Duration {
		query := strings.Repeat("filter[a]=1&", n/2) + strings.Repeat("tag=a&", n/2)
		best := time.Hour
		for range 3 {
			begin := time.Now()
			assert.Equal(t, 200, serve(t, hunting(), "GET", "/?"+query, "").Code)
			best = min(best, time.Since(begin))
		}
		return best
	}
	took(1000)
	small, large := took(20000), took(80000)
	assert.Less(t, large, 10*small+50*time.Millisecond, "four times as many: %v, %v", small, large)
}
