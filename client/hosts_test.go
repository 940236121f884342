package client_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
	"github.com/rcrowley/go-tigertonic/client"
)

type sitePage struct {
	Site string `path:"site,namespace"`
	Lang string `path:"lang,namespace"`
	ID   string `path:"id"`
}

type domainPage struct {
	Domain string `path:"domain,namespace"`
}

var (
	sitePages  = tigertonic.Declare[sitePage, string]("GET", "/pages/{id}").On("{site}.Example.com:8000").Under("/{lang}")
	domainHome = tigertonic.Declare[domainPage, string]("GET", "/").On("api.{domain...}")
	oneHost    = tigertonic.Declare[struct{}, string]("GET", "/").On("www.example.com")
	ipv6Host   = tigertonic.Declare[struct{}, string]("GET", "/").On("::1")
)

func siteService() http.Handler {
	site := tigertonic.NewTrieServeMux()
	pages := tigertonic.NewTrieServeMux()
	sitePages.HandleFunc(pages, func(_ context.Context, in *sitePage) (string, error) {
		return in.Site + " " + in.Lang + " " + in.ID, nil
	})
	site.HandleNamespace("/{lang}", pages)
	api, www := tigertonic.NewTrieServeMux(), tigertonic.NewTrieServeMux()
	domainHome.HandleFunc(api, func(_ context.Context, in *domainPage) (string, error) { return in.Domain, nil })
	oneHost.HandleFunc(www, func(context.Context, *struct{}) (string, error) { return "www", nil })
	hosts := tigertonic.NewHostServeMux()
	hosts.Handle("{site}.example.com", site)
	hosts.Handle("api.{domain...}", api)
	hosts.Handle("www.example.com", www)
	hosts.Handle("::1", www)
	return hosts
}

func TestHostsAreCalledByTheirWildcards(t *testing.T) {
	eachTransport(t, siteService(), func(t *testing.T, c *client.Client) {
		got, err := client.Call(t.Context(), c, sitePages, &sitePage{"tea", "en", "a/b"})
		require.NoError(t, err)
		assert.Equal(t, "tea en a/b", got)
		got, err = client.Call(t.Context(), c, domainHome, &domainPage{"example.org"})
		require.NoError(t, err)
		assert.Equal(t, "example.org", got)
		for _, d := range []*tigertonic.Declaration[struct{}, string]{oneHost, ipv6Host} {
			got, err = client.Call(t.Context(), c, d, nil)
			require.NoError(t, err)
			assert.Equal(t, "www", got)
		}
		for _, site := range []string{"", "Tea", "a.b", "a:80", "a/b", "a b", "ä", "a@b", "xn--" + string(make([]byte, 1)), ".", "-\n"} {
			_, err := client.Call(t.Context(), c, sitePages, &sitePage{site, "en", "1"})
			require.ErrorContains(t, err, "the wildcard {site} is", "%q", site)
		}
		for _, domain := range []string{"", "example.org.", "1", "example.org:80", "evil.com/", "a..b"} {
			_, err := client.Call(t.Context(), c, domainHome, &domainPage{domain})
			require.ErrorContains(t, err, "the wildcard {domain} is", "%q", domain)
		}
	})
}

// A client whose base is the domain, or a label of it, asks the host itself. Any other base
// is where the service is, whatever it is called.
func TestHostsAreAskedWhereTheyAre(t *testing.T) {
	var asked, named string
	transport := roundTripper(func(r *http.Request) (*http.Response, error) {
		asked, named = r.URL.Host, r.Host
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.WriteString(`"x"`)
		return w.Result(), nil
	})
	for _, tt := range []struct{ base, asked, named string }{
		{"https://example.com", "tea.example.com", "tea.example.com"},
		{"https://WWW.example.com:8443", "tea.example.com:8443", "tea.example.com"},
		{"https://a.b.example.com", "a.b.example.com", "tea.example.com"},
		{"https://notexample.com", "notexample.com", "tea.example.com"},
		{"http://127.0.0.1:8000", "127.0.0.1:8000", "tea.example.com"},
		{"http://[::1]:8000", "[::1]:8000", "tea.example.com"},
	} {
		c := client.New(tt.base, client.Options{Transport: transport})
		_, err := client.Call(t.Context(), c, sitePages, &sitePage{"tea", "en", "1"})
		require.NoError(t, err)
		assert.Equal(t, []string{tt.asked, tt.named}, []string{asked, named}, tt.base)
	}
	// All of the internet is behind api., and none of it gets what the client sends to its base.
	c := client.New("https://api.example.com", client.Options{Transport: transport})
	_, err := client.Call(t.Context(), c, domainHome, &domainPage{"example.org"})
	require.NoError(t, err)
	assert.Equal(t, []string{"api.example.com", "api.example.org"}, []string{asked, named})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestURLsBeginWithTheHost(t *testing.T) {
	got, err := sitePages.URL(&sitePage{"tea", "en", "a/b"})
	require.NoError(t, err)
	assert.Equal(t, "//tea.example.com/en/pages/a%2Fb", got)
	got, err = ipv6Host.URL(nil)
	require.NoError(t, err)
	assert.Equal(t, "//[::1]/", got)
	_, err = sitePages.URL(&sitePage{"evil.com/", "en", "1"})
	require.ErrorContains(t, err, `GET {site}.example.com/{lang}/pages/{id}: the wildcard {site} is "evil.com/"`)
	_, err = tigertonic.Declare[sitePage, string]("GET", "/pages/{id}").On("{site}.example.com").URL(&sitePage{"tea", "en", "1"})
	require.ErrorContains(t, err, "the path has no wildcard {lang}")
}

func TestHostsThatDontFitPanic(t *testing.T) {
	type hosted struct {
		Host string `header:"Host"`
	}
	page := func() *tigertonic.Declaration[sitePage, string] {
		return tigertonic.Declare[sitePage, string]("GET", "/pages/{id}")
	}
	panics(t, `On: host "{site}.{x}": at offset 0: `, func() { page().On("{site}.{x}") })
	panics(t, `On: host "a b": at offset 0: not the name of a host`, func() { page().On("a b") })
	panics(t, `no field of client_test.sitePage is path:"shop,namespace", for the wildcard of {shop}.example.com`, func() { page().On("{shop}.example.com") })
	panics(t, `On: GET {site}.example.com/pages/{id} is on a host or under a namespace already`, func() { page().On("{site}.example.com").On("a.example.com") })
	panics(t, `header:"Host", which is www.example.com`, func() { tigertonic.Declare[hosted, string]("GET", "/").On("www.example.com") })
	panics(t, `path:"lang", but the path has no wildcard {lang}`, func() { page().On("{site}.example.com").Under("/x") })
}
