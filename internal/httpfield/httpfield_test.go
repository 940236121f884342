package httpfield_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic/internal/httpfield"
)

func request(name string, values ...string) *http.Request {
	return &http.Request{Header: http.Header{name: values}}
}

// RFC 9110 §12.5.1.
func TestAccept(t *testing.T) {
	for accept, want := range map[string]bool{
		"application/json":                            true,
		"*/*":                                         true,
		"APPLICATION/json":                            true,
		"application/json;q=0.001":                    true,
		"application/json ; Q=1 ":                     true,
		"application/*":                               true,
		"application/json;q=0.000":                    false,
		"application/*;q=0,*/*":                       false,
		"*/*;q=0, application/json":                   true,
		"application/json;q=2":                        false,
		"application/json;q=NaN":                      false,
		"application/json;q=x, */*;q=0.1":             true,
		"text/html;x=\"a,application/json\"":          false,
		"text/html;x=\"a;q=0\",application/json;y=\"": true,
		"text/html":                                   false,
		",,":                                          true,
		"":                                            true,
	} {
		assert.Equal(t, want, httpfield.Accepts(request("Accept", accept), httpfield.JSON), accept)
	}
	assert.True(t, httpfield.Accepts(request("X"), httpfield.JSON), "without the field")
	assert.False(t, httpfield.Accepts(request("Accept", "text/html", "application/json;q=0"), httpfield.JSON), "in two lines")
	assert.True(t, httpfield.Accepts(request("Accept", "text/plain"), httpfield.PlainText), "parameters make no difference")
}

func TestPreferredIsTheFirstOfThoseLikedBest(t *testing.T) {
	types := []string{"application/json", "text/event-stream", "application/jsonl"}
	for accept, want := range map[string]string{
		"*/*":               "application/json",
		"text/event-stream": "text/event-stream",
		"application/json;q=0.5, application/jsonl": "application/jsonl",
		"text/*, application/*;q=0.9":               "text/event-stream",
		"image/png":                                 "",
	} {
		assert.Equal(t, want, httpfield.Preferred(request("Accept", accept), types), accept)
	}
}

func TestCutElementKeepsQuotedText(t *testing.T) {
	for _, c := range []struct{ text, element, left string }{
		{"a, b", "a", " b"},
		{` "a,\",b" ,c`, `"a,\",b"`, "c"},
		{`"open, c`, `"open, c`, ""},
		{`"\`, `"\`, ""},
		{"", "", ""},
	} {
		element, left := httpfield.CutElement(c.text, ',')
		assert.Equal(t, c.element, element, c.text)
		assert.Equal(t, c.left, left, c.text)
	}
}

func TestContentTypeOfJSON(t *testing.T) {
	for value, want := range map[string][2]bool{
		"application/json":                   {true, true},
		"Application/JSON; charset=utf-8":    {true, true},
		"application/json; utf-8":            {false, true},
		"application/json;;":                 {false, true},
		"application/jsonp":                  {false, false},
		"application/problem+json":           {false, false},
		"text/plain; x=\"application/json\"": {false, false},
		"":                                   {false, false},
	} {
		r := request("Content-Type", value)
		assert.Equal(t, want, [2]bool{httpfield.HasJSONBody(r), httpfield.SaysJSONBody(r)}, value)
	}
	for _, r := range []*http.Request{request("X"), request("Content-Type", httpfield.JSON, httpfield.JSON)} {
		assert.False(t, httpfield.HasJSONBody(r))
		assert.False(t, httpfield.SaysJSONBody(r))
	}
}

// RFC 9110 §8.4.
func TestContentCodings(t *testing.T) {
	for value, want := range map[string]bool{"": true, "identity": true, "Identity, ,": true, "gzip": false, "identity, br": false} {
		assert.Equal(t, want, httpfield.HasPlainBody(request("Content-Encoding", value)), value)
	}
	assert.True(t, httpfield.HasPlainBody(request("X")))
	assert.False(t, httpfield.HasPlainBody(request("Content-Encoding", "identity", "zstd")))
}

// RFC 9110 §5.6.2.
func TestTokens(t *testing.T) {
	const tchar = "!#$%&'*+-.^_`|~0123456789abcXYZ"
	assert.True(t, httpfield.IsToken(tchar))
	assert.False(t, httpfield.IsToken(""))
	for c := range 256 {
		text := string([]byte{'a', byte(c)})
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		assert.Equal(t, letter || strings.IndexByte(tchar, byte(c)) >= 0, httpfield.IsToken(text), "%q", text)
	}
}

// FuzzAccept looks for a field that isn't read the same with blanks and in another
// case, or that refuses JSON though it says that the client takes it.
func FuzzAccept(f *testing.F) {
	for _, seed := range []string{"*/*", "application/json;q=0.5, text/*", `a/b;c="d,e\"f"`, ";q=", ",;,"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		accepts := func(values ...string) bool { return httpfield.Accepts(request("Accept", values...), httpfield.JSON) }
		got := accepts(accept)
		if !strings.Contains(accept, `"`) {
			assert.Equal(t, got, accepts(strings.ReplaceAll(accept, ",", " ,\t")), "with blanks")
			assert.Equal(t, got, accepts(strings.Split(accept, ",")...), "in many lines")
			assert.True(t, accepts(accept, "application/json;q=1"), "with JSON")
		}
		assert.Equal(t, got, accepts(strings.ToUpper(accept)), "in upper case")
	})
}
