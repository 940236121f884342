package recipes

import (
	"context"
	"net/http"

	"github.com/rcrowley/go-tigertonic"
	"github.com/unrolled/secure"
)

func hello(context.Context, *struct{}) (string, error) { return "hello", nil }

// forBrowsers is a service whose users have a session cookie.
func forBrowsers() http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/greeting", tigertonic.Typed(hello))
	mux.Handle("POST", "/greeting", tigertonic.Typed(hello))
	headers := secure.New(secure.Options{
		STSSeconds: 31536000, STSIncludeSubdomains: true, SSLProxyHeaders: map[string]string{"X-Forwarded-Proto": "https"},
		FrameDeny: true, ContentTypeNosniff: true, ReferrerPolicy: "no-referrer",
		ContentSecurityPolicy: "default-src 'none'; frame-ancestors 'none'",
	})
	return tigertonic.Stack(mux, headers.Handler, http.NewCrossOriginProtection().Handler)
}
