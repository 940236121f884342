package tigertonic_test

import (
	"bytes"
	"log"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

// Keys are in no log, whatever they are called and whichever of the two is outside.
func TestKeysArentLogged(t *testing.T) {
	header := tigertonic.APIKeyAuth("header", "x-device-key", findDevice)
	query := tigertonic.APIKeyAuth("query", "device key", findDevice)
	keyed := func(h http.Handler) http.Handler { return tigertonic.Authenticated(h, header, query) }
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/stuff", keyed(whoami))
	var b bytes.Buffer
	to := log.New(&b, "", 0)
	logged, jsonLogged, apache := tigertonic.Logged(mux, nil), tigertonic.JSONLogged(mux, nil), tigertonic.ApacheLogged(mux)
	inner, innerJSON := tigertonic.Logged(whoami, nil), tigertonic.JSONLogged(whoami, nil)
	innerApache := tigertonic.ApacheLogged(whoami)
	for _, l := range []*tigertonic.Logger{&logged.Logger, &jsonLogged.Logger, &apache.Logger, &inner.Logger, &innerJSON.Logger, &innerApache.Logger} {
		*l = to
	}
	for name, h := range map[string]http.Handler{
		"Logged": logged, "JSONLogged": jsonLogged, "ApacheLogged": apache,
		"Logged inside": keyed(inner), "JSONLogged inside": keyed(innerJSON), "ApacheLogged inside": keyed(innerApache),
	} {
		for _, tt := range []struct {
			target  string
			headers []string
			kept    string
		}{
			{"/stuff?a=b&device%20key=k1&c=d", nil, "c=d"},
			{"/stuff?device+key=k1", nil, "/stuff"},
			{"/stuff?a=b", []string{"X-Device-Key", "k1"}, "a=b"},
			{"/stuff?a=b", []string{"X-Device-Key", "k1", "Referer", "https://example.com/?device+key=k1&e=f"}, "a=b"},
		} {
			b.Reset()
			w := serve(t, h, "GET", tt.target, "", tt.headers...)
			assert.Equal(t, 200, w.Code, "%s %s", name, tt.target)
			assert.NotContains(t, b.String(), "k1", "%s %s", name, tt.target)
			assert.Contains(t, b.String(), tt.kept, "%s %s", name, tt.target)
		}
	}
}
