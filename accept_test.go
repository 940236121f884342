package tigertonic_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

// acceptable is what Marshaled says of an Accept header.
func acceptable(t *testing.T, accept ...string) bool {
	t.Helper()
	var headers []string
	for _, value := range accept {
		headers = append(headers, "Accept", value)
	}
	h := tigertonic.Marshaled(func(*url.URL, http.Header) (int, http.Header, string, error) { return 200, nil, "", nil })
	return serve(t, h, "GET", "/", "", headers...).Code == 200
}

func TestAcceptIsParsed(t *testing.T) {
	for accept, want := range map[string]bool{
		"APPLICATION/json":                            true,
		"application/json;q=0.001":                    true,
		"application/json; charset=utf-8":             true,
		"application/json ; Q=1 ":                     true,
		"application/json;q=0.000":                    false,
		"application/json; q = 0":                     false,
		"application/*;q=0,*/*":                       false,
		"*/*;q=0, application/json":                   true,
		"*/*;q=0":                                     false,
		"application/json;q=2":                        false,
		"application/json;q=-1":                       false,
		"application/json;q=NaN":                      false,
		"application/json;q=x":                        false,
		"application/json;q=x, */*;q=0.1":             true,
		"application/problem+json":                    false,
		"text/html;x=\"a,application/json\"":          false,
		"text/html;x=\"a\\\",application/json\"":      false,
		"text/html;x=\"a;q=0\",application/json;y=\"": true,
		"json": false,
		",,":   true,
		"":     true,
	} {
		assert.Equal(t, want, acceptable(t, accept), accept)
	}
	assert.True(t, acceptable(t))
	assert.True(t, acceptable(t, "text/html", "application/json"))
	assert.False(t, acceptable(t, "text/html", "application/json;q=0"))
}
