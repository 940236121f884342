package tigertonic_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

// answeringWith has each kind of handler answer with a header of its own.
func answeringWith(header http.Header) map[string]http.Handler {
	return map[string]http.Handler{
		"Marshaled": tigertonic.Marshaled(func(*url.URL, http.Header, any) (int, http.Header, string, error) {
			return 200, header, "body", nil
		}),
		"Marshaled without a body": tigertonic.Marshaled(func(*url.URL, http.Header, any) (int, http.Header, any, error) {
			return 204, header, nil, nil
		}),
		"Marshaled stream": tigertonic.Marshaled(func(*url.URL, http.Header, any) (int, http.Header, io.Reader, error) {
			with := header.Clone()
			with.Set("Content-Type", "application/json")
			return 200, with, strings.NewReader("1"), nil
		}),
		"Response":             respondingWith(200, header, "body"),
		"Response of nothing":  respondingWith(204, header, struct{}{}),
		"Response of a stream": respondingWith(200, header, tigertonic.Stream{ContentType: "application/json", Reader: strings.NewReader("1")}),
		"Problem":              failing(tigertonic.Problem{Status: 409, Header: header}),
	}
}

func TestReturnedHeadersJoinThoseOfMiddleware(t *testing.T) {
	outer := http.Header{"Vary": {"Origin"}, "X-Outer": {"outer"}, "X-Both": {"outer"}}
	header := http.Header{"vary": {"accept-language, origin", "Accept-Language"}, "X-Both": {"inner"}}
	for _, name := range []string{"Set-Cookie", "Link", "Www-Authenticate", "Proxy-Authenticate", "Warning", "Server-Timing"} {
		outer[name], header[strings.ToLower(name)] = []string{"outer=1"}, []string{"inner=1", "inner=2"}
	}
	for name, h := range answeringWith(header) {
		t.Run(name, func(t *testing.T) {
			guarded := tigertonic.If(func(*http.Request) (http.Header, error) { return outer, nil }, h)
			for range 2 { // nothing is left of the last request
				got := serve(t, guarded, "GET", "/", "").Header()
				assert.Equal(t, []string{"Origin", "accept-language"}, got["Vary"])
				assert.Equal(t, []string{"outer"}, got["X-Outer"])
				assert.Equal(t, []string{"inner"}, got["X-Both"])
				for name := range header {
					if name = http.CanonicalHeaderKey(name); name != "Vary" && name != "X-Both" {
						assert.Equal(t, []string{"outer=1", "inner=1", "inner=2"}, got[name], name)
					}
				}
			}
		})
	}
}

func TestReturnedVaryKeepsTheOriginOfCORS(t *testing.T) {
	for name, h := range answeringWith(http.Header{"Vary": {"Accept-Language"}}) {
		w := serve(t, friendly().Build(h), "GET", "/", "", "Origin", friend)
		assert.ElementsMatch(t, []string{"Origin", "Accept-Language"}, w.Header()["Vary"], name)
	}
	for name, h := range answeringWith(http.Header{"Vary": {"*"}}) {
		assert.Contains(t, serve(t, friendly().Build(h), "GET", "/", "").Header()["Vary"], "*", name)
	}
}

func TestWhatNegotiatesSaysVary(t *testing.T) {
	plain := tigertonic.Marshaled(func(*url.URL, http.Header, any) (int, http.Header, string, error) {
		return 0, nil, "", tigertonic.Conflict{Err: errors.New("no")}
	})
	for _, tt := range []struct {
		name   string
		h      http.Handler
		accept string
		status int
	}{
		{"a sequence as JSON", returning(seqOf(1), nil), "application/json", 200},
		{"a sequence as events", returning(seqOf(1), nil), "text/event-stream", 200},
		{"an empty sequence", returning(seqOf[int](), nil), "*/*", 200},
		{"a sequence that can't be sent", returning(seqOf(1), nil), "image/png", 406},
		{"a value that can't be sent", returning("a", nil), "image/png", 406},
		{"a stream that can't be sent", respondingWith(200, nil, tigertonic.Stream{ContentType: "text/plain"}), "image/png", 406},
		{"what Marshaled can't send", tigertonic.Marshaled(create), "image/png", 406},
		{"an error in JSON", plain, "application/json", 409},
		{"a 404 in JSON", tigertonic.NewTrieServeMux(), "application/json", 404},
		{"a 404 in plain text", tigertonic.NewTrieServeMux(), "text/plain", 404},
		{"a 405", newMux("PUT /"), "text/plain", 405},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := serve(t, tt.h, "GET", "/", "", "Accept", tt.accept)
			assert.Equal(t, tt.status, w.Code)
			assert.Equal(t, []string{"Accept"}, w.Header()["Vary"])
			w = serve(t, friendly().Build(tt.h), "GET", "/", "", "Accept", tt.accept, "Origin", friend)
			assert.ElementsMatch(t, []string{"Origin", "Accept"}, w.Header()["Vary"])
		})
	}
	assert.Empty(t, serve(t, returning("a", nil), "GET", "/", "").Header()["Vary"], "there is one form of it")
}
