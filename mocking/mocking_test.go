package mocking_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/mocking"
)

type stuff struct {
	ID string `json:"id"`
}

func get(u *url.URL, _ http.Header, _ any) (int, http.Header, *stuff, error) {
	return http.StatusOK, nil, &stuff{u.Query().Get("id")}, nil
}

func newMux() tigertonic.HostServeMux {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/stuff/{id}", tigertonic.Timed(tigertonic.Marshaled(get), "get", nil))
	version := tigertonic.NewTrieServeMux()
	version.HandleNamespace("/1.0", tigertonic.First(tigertonic.Version(""), tigertonic.WithContext(mux, stuff{})))
	hosts := tigertonic.NewHostServeMux()
	hosts.Handle("example.com", version)
	return hosts
}

var hosts = newMux()

// A handler's function is tested by calling it, with the URL that it would be
// given by the mux.
func Example() {
	status, _, response, err := get(
		mocking.URL(hosts, "GET", "http://example.com/1.0/stuff/ID"),
		mocking.Header(nil),
		nil,
	)
	fmt.Println(status, response.ID, err)
	// Output: 200 ID <nil>
}

func TestURLIsTheHandlers(t *testing.T) {
	u := mocking.URL(hosts, "GET", "http://example.com/1.0/stuff/a%2Fb?id=evil&x=y")
	assert.Equal(t, "/stuff/a/b", u.Path)
	assert.Equal(t, "/stuff/a%2Fb", u.EscapedPath())
	assert.Equal(t, url.Values{"id": {"a/b"}, "{id}": {"a/b"}, "x": {"y"}}, u.Query())
	assert.Equal(t, "example.com", u.Host)
}

func TestURLWithoutMuxIsParsed(t *testing.T) {
	assert.Equal(t, "http://example.com/x?y=z", mocking.URL(nil, "GET", "http://example.com/x?y=z").String())
}

func TestURLGoesThroughNetHTTPsMux(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("GET /x", http.NotFoundHandler())
	assert.Equal(t, "/x", mocking.URL(mux, "GET", "http://example.com/x").Path)
	assert.PanicsWithValue(t, "mocking: GET http://example.com/y: not found",
		func() { mocking.URL(mux, "GET", "http://example.com/y") })
}

func TestURLPanicsIfNothingAnswers(t *testing.T) {
	for _, tt := range []struct{ method, rawurl, want string }{
		{"GET", "http://example.com/stuff/ID", "mocking: GET http://example.com/stuff/ID: not found"},
		{"GET", "http://example.com/1.0/x", "mocking: GET http://example.com/1.0/x: not found"},
		{"GET", "http://example.org/1.0/stuff/ID", "mocking: GET http://example.org/1.0/stuff/ID: not found"},
		{"GET", "http://ex$mple.com/1.0/stuff/ID", "mocking: GET http://ex$mple.com/1.0/stuff/ID: not found"},
		{"PUT", "http://example.com/1.0/stuff/ID", "mocking: PUT http://example.com/1.0/stuff/ID: the method is not allowed"},
		{"GET", "http://[::1", `mocking: parse "http://[::1": missing ']' in host`},
	} {
		assert.PanicsWithValue(t, tt.want, func() { mocking.URL(hosts, tt.method, tt.rawurl) })
	}
}

func TestHeaderIsACopyWithJSON(t *testing.T) {
	h := http.Header{"X-A": {"1"}, "Accept": {"text/csv"}}
	want := http.Header{"X-A": {"1"}, "Accept": {"text/csv"}, "Content-Type": {"application/json"}}
	assert.Equal(t, want, mocking.Header(h))
	assert.NotContains(t, h, "Content-Type")
	assert.Equal(t, http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}}, mocking.Header(nil))
}
