package tigertonic_test

import (
	"bytes"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/rcrowley/go-metrics"
	"github.com/stretchr/testify/assert"

	"github.com/rcrowley/go-tigertonic"
)

func TestExplainNamesEveryWrapper(t *testing.T) {
	registry := metrics.NewRegistry()
	always := func(*http.Request) (http.Header, error) { return nil, nil }
	m := tigertonic.Marshaled(create)
	const inner = "Marshaled(go-tigertonic_test.create)"
	for want, h := range map[string]http.Handler{
		"Logged > " + inner:                             tigertonic.Logged(m, nil),
		"JSONLogged > " + inner:                         tigertonic.JSONLogged(m, nil),
		"ApacheLogged > " + inner:                       tigertonic.ApacheLogged(m),
		"Counted(counted) > " + inner:                   tigertonic.Counted(m, "counted", registry),
		"Timed(timed) > " + inner:                       tigertonic.Timed(m, "timed", registry),
		"CountedByStatus(status) > " + inner:            tigertonic.CountedByStatus(m, "status", registry),
		"CountedByStatusXX(xx) > " + inner:              tigertonic.CountedByStatusXX(m, "xx", registry),
		"CORS > " + inner:                               friendly().Build(m),
		"Cached(max-age=60) > " + inner:                 tigertonic.Cached(m, tigertonic.CacheOptions{MaxAge: time.Minute}),
		"PostProcessed > " + inner:                      tigertonic.PostProcessed(m, func(*http.Request, *http.Response) {}),
		"Sized(5) > " + inner:                           tigertonic.Sized(m, 5),
		"StrictQuery > " + inner:                        tigertonic.StrictQuery(m),
		"Recovered > " + inner:                          tigertonic.Recovered(m),
		"Identified > " + inner:                         tigertonic.Identified(m, nil),
		"Limited(5) > " + inner:                         tigertonic.Limited(m, 5, nil),
		"Within(1m30s) > " + inner:                      tigertonic.Within(m, 90*time.Second),
		"Accessed > " + inner:                           tigertonic.Accessed(m, nil),
		"WithContext(tigertonic_test.stuff) > " + inner: tigertonic.WithContext(m, stuff{}),
		"If > " + inner:                                 tigertonic.If(always, m),
		`HTTPBasicAuth("realm") > ` + inner:             tigertonic.HTTPBasicAuth(map[string]string{"u": "p"}, "realm", m),
		"Server > Recovered > " + inner:                 tigertonic.NewServer("", m).Handler,
		"Version(1)":                                    tigertonic.Version("1"),
		"nil (not described)":                           tigertonic.HandlerFunc(nil),
		"tigertonic.FirstHandler":                       tigertonic.First(),
		"tigertonic.NotFoundHandler":                    tigertonic.First(tigertonic.NotFoundHandler{}),
		"http.NotFound (not described)":                 http.NotFoundHandler(),
	} {
		assert.Equal(t, "METHOD  PATTERN  HANDLER\n*                "+want+"\n", tigertonic.Explain(h))
	}
	assert.Equal(t, []http.Handler{m, m}, tigertonic.First(m, m).Unwrap())
}

func TestLogsDontHaveTheCredentialsOfATarget(t *testing.T) {
	for target, want := range map[string]string{
		"http://user:secret@example.com/path?a=b@c": "GET http://example.com/path?a=b@c HTTP/1.1",
		"http://user:secret@example.com":            "GET http://example.com HTTP/1.1",
		"http://example.com/a@b":                    "GET http://example.com/a@b HTTP/1.1",
		"/a?next=http://user@b":                     "GET /a?next=http://user@b HTTP/1.1",
	} {
		var b bytes.Buffer
		l := tigertonic.ApacheLogged(hello)
		l.Logger = log.New(&b, "", 0)
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.RequestURI = target
		l.ServeHTTP(httptest.NewRecorder(), r)
		assert.Contains(t, b.String(), `"`+want+`"`)
	}
}

func TestLogsMakeUpTheTargetOfHandMadeRequests(t *testing.T) {
	var b bytes.Buffer
	l := tigertonic.ApacheLogged(hello)
	l.Logger = log.New(&b, "", 0)
	l.ServeHTTP(httptest.NewRecorder(), &http.Request{Method: "GET", URL: &url.URL{Path: "/a b"}, Proto: "HTTP/1.1", RemoteAddr: "@"})
	assert.Contains(t, b.String(), `"GET /a%20b HTTP/1.1"`)
}
