package httpfield_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic/internal/httpfield"
)

func TestOriginsThatBrowsersSend(t *testing.T) {
	for _, origin := range []string{
		"https://example.com", "http://localhost:8080", "http://127.0.0.1", "https://[2001:db8::1]:8443", "https://xn--bcher-kva.example",
		"chrome-extension://abcdefghijklmnop", "capacitor://localhost", "https://example.com:80", "http://a_b", "https://example.com.",
	} {
		assert.NoError(t, httpfield.CheckOrigin(origin), origin)
	}
	for origin, want := range map[string]string{
		"":                            "no scheme",
		"example.com":                 "no scheme",
		"//example.com":               "no scheme",
		"://example.com":              "no scheme",
		"localhost:8080":              "no scheme",
		"https:example.com":           "no scheme",
		"https://":                    "isn't the name of a host",
		"https://:8080":               "isn't the name of a host",
		"https://example.com/":        "a slash at its end",
		"https://example.com/a":       "a path",
		"https://example.com?a":       "a path",
		"https://example.com#a":       "a path",
		"https://*.example.com":       "one by one",
		"https://example.com:*":       "one by one",
		"https://ann@example.com":     "a user",
		"https://Example.com":         `as "https://example.com"`,
		"HTTPS://example.com":         `as "https://example.com"`,
		"https://example.com:443":     `as in "https://example.com"`,
		"http://example.com:80":       `as in "http://example.com"`,
		"https://example.com:":        "isn't a port",
		"https://example.com:08":      "isn't a port",
		"https://example.com:65536":   "isn't a port",
		"https://example.com:a":       "isn't a port",
		"https://b\u00fccher.example": "xn--",
		"https://a b":                 "spaces",
		"http://a\r\nX: y":            "control characters",
		"https://[::1":                "isn't the name of a host",
		"https://[1.2.3.4]":           "isn't the name of a host",
		"https://[2001:DB8::1]":       "lower case",
		"https://[2001:db8:0::1]":     "isn't the name of a host",
		"https://::1":                 "isn't the name of a host",
		"https://a%20b":               "isn't the name of a host",
		"1a://host":                   "isn't a scheme",
	} {
		err := httpfield.CheckOrigin(origin)
		require.Error(t, err, "%q", origin)
		assert.Contains(t, err.Error(), want, "%q", origin)
	}
}
