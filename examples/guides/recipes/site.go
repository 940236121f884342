package recipes

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"strings"

	"github.com/rcrowley/go-tigertonic"
)

// site serves an API and, at all other paths, the files of a single-page application.
func site(api http.Handler, files fs.FS) http.Handler {
	mux := tigertonic.NewTrieServeMux()
	mux.HandleNamespace("/api", api)
	mux.HandleNamespace("", tigertonic.Described(pages(files), func(op *tigertonic.Operation) { op.Hidden = true }))
	return mux
}

// pages serves files, and the application's page at paths that only its script knows.
func pages(files fs.FS) http.Handler {
	server := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		if _, err := fs.Stat(files, name); name != "" && err != nil {
			http.ServeFileFS(w, r, files, "index.html")
			return
		}
		server.ServeHTTP(w, r)
	})
}

type signInForm struct {
	User     string `form:"user" required:"true"`
	Password string `form:"password" required:"true"`
}

// signIn sets a cookie, and redirects the browser.
func signIn(_ context.Context, in *signInForm) (tigertonic.Response[struct{}], error) {
	if in.User != "ann" || in.Password != "secret" { // look it up
		return tigertonic.Response[struct{}]{}, tigertonic.Forbidden{Err: errors.New("the user or the password is wrong")}
	}
	cookie := http.Cookie{Name: "__Host-session", Value: tigertonic.RandomBase62String(24), Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	return tigertonic.Response[struct{}]{
		Status: http.StatusSeeOther,
		Header: http.Header{"Location": {"/"}, "Set-Cookie": {cookie.String()}},
	}, nil
}
