package tigertonic_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rcrowley/go-tigertonic"
)

// otherReadings are paths that some read as /admin/secret, or as what leads there, and
// the mux doesn't.
var otherReadings = []string{
	"/admin%2Fsecret", "/admin%2fsecret", "//admin/secret", "/%2Fadmin/secret", "/%2fadmin%2Fsecret", "///admin/secret",
	"/admin%2F/secret", "/x/..%2Fadmin/secret", "/x/%2e%2e/admin/secret", "/x%2f..%2fadmin/secret", "/%2e/admin/secret", "/./admin/secret", "/x/../admin/secret",
	`/admin\secret`, "/admin%5Csecret", "/admin%5csecret", `/\admin/secret`, `/%5C/admin/secret`, "/x/..%5Cadmin/secret",
	"/x/..;/admin/secret", "/.;/admin/secret", "/x/..;a=b/admin/secret", "/x/%2e%2e;/admin/secret", "/;/..%2Fadmin/secret",
	"/%00/admin/secret", "/admin%00/secret", "/admin%2F", "/%2Fadmin", "//admin", "//", "/admin%2Fsecret/", "/admin%2Fsecret//",
}

// siteFiles returns a directory with a file that isn't for everybody.
func siteFiles(t *testing.T) http.FileSystem {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "admin"), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "dir"), 0o755))
	for _, name := range []string{"admin/secret", "open", "dir/a b"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("the file "+name), 0o600))
	}
	return http.Dir(dir)
}

// pathReaders returns handlers that read the path by themselves, each in its way.
func pathReaders(t *testing.T) map[string]http.Handler {
	t.Helper()
	files := http.FileServer(siteFiles(t))
	upstream := httptest.NewServer(files)
	t.Cleanup(upstream.Close)
	target, err := url.Parse(upstream.URL)
	require.NoError(t, err)
	std := http.NewServeMux()
	std.Handle("/", files)
	return map[string]http.Handler{
		"FileServer":   files,
		"ReverseProxy": httputil.NewSingleHostReverseProxy(target),
		"StripPrefix":  http.StripPrefix("", files),
		"ServeMux":     std,
		"a closure":    http.HandlerFunc(files.ServeHTTP),
	}
}

// wrapped in what the mux sees through.
func seenThrough() map[string]func(http.Handler) http.Handler {
	return map[string]func(http.Handler) http.Handler{
		"nothing":     func(h http.Handler) http.Handler { return h },
		"Cached":      func(h http.Handler) http.Handler { return tigertonic.Cached(h, tigertonic.CacheOptions{}) },
		"WithContext": func(h http.Handler) http.Handler { return tigertonic.WithContext(h, 0) },
		"If": func(h http.Handler) http.Handler {
			return tigertonic.If(func(*http.Request) (http.Header, error) { return nil, nil }, h)
		},
		"First": func(h http.Handler) http.Handler {
			return tigertonic.First(tigertonic.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), h)
		},
		"Recovered":       func(h http.Handler) http.Handler { return tigertonic.Recovered(h) },
		"another wrapper": func(h http.Handler) http.Handler { return passing{h} },
		"a closure":       foreignly,
		"Wrapped":         func(h http.Handler) http.Handler { return tigertonic.Wrapped(h, foreignly) },
		"a namespace of a mux": func(h http.Handler) http.Handler {
			mux := tigertonic.NewTrieServeMux()
			mux.HandleNamespace("", h)
			return mux
		},
		"the rest of a path in a mux": func(h http.Handler) http.Handler {
			mux := tigertonic.NewTrieServeMux()
			mux.Handle("GET", "/{path...}", h)
			return mux
		},
		"a host": func(h http.Handler) http.Handler {
			return tigertonic.Cached(tigertonic.HostServeMux{"example.com": h}, tigertonic.CacheOptions{})
		},
	}
}

// FuzzNoPathLeadsRoundAGuard sends any path. The file that is guarded is never served.
func FuzzNoPathLeadsRoundAGuard(f *testing.F) {
	for _, path := range otherReadings {
		f.Add(path)
	}
	f.Add("/admin/secret")
	f.Add("/open")
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.ParseRequestURI("/" + strings.TrimPrefix(path, "/"))
		if err != nil {
			return
		}
		files := http.FileServer(siteFiles(t))
		mux := tigertonic.NewTrieServeMux()
		mux.HandleNamespace("", files)
		mux.HandleNamespace("/admin", tigertonic.HTTPBasicAuth(map[string]string{"u": "p"}, "", http.NotFoundHandler()))
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, (&http.Request{Method: "GET", URL: u, Header: http.Header{}}).WithContext(t.Context()))
		assert.NotContains(t, w.Body.String(), "the file admin/secret", path)
	})
}

func TestNoPathLeadsRoundAGuard(t *testing.T) {
	for name, h := range pathReaders(t) {
		for wrapper, wrap := range seenThrough() {
			mux := tigertonic.NewTrieServeMux()
			mux.HandleNamespace("", wrap(h))
			mux.HandleNamespace("/admin", tigertonic.HTTPBasicAuth(map[string]string{"u": "p"}, "", wrap(http.StripPrefix("", h))))
			for _, outer := range []http.Handler{mux, tigertonic.HostServeMux{"example.com": mux}} {
				for _, path := range otherReadings {
					for _, method := range []string{"GET", "HEAD", "OPTIONS", "POST"} {
						w := ask(t, outer, method+" "+path)
						if strings.HasPrefix(path, "/admin/") {
							assert.Equal(t, 401, w.Code, "%s %s of %s in %s", method, path, name, wrapper)
							continue
						}
						assert.Equal(t, 404, w.Code, "%s %s of %s in %s", method, path, name, wrapper)
						assert.Empty(t, w.Header().Values("Allow"))
						assert.Empty(t, w.Header().Values("Location"))
					}
				}
				assert.Equal(t, 401, ask(t, outer, "GET /admin/secret").Code)
				assert.Equal(t, 401, ask(t, outer, "GET /%61dmin/secret").Code)
				assert.Equal(t, "the file open", ask(t, outer, "GET /open").Body.String(), "%s in %s", name, wrapper)
				assert.Equal(t, "the file open", ask(t, outer, "GET /%6fpen").Body.String(), "%s in %s", name, wrapper)
				assert.Equal(t, "the file dir/a b", ask(t, outer, "GET /dir/a%20b").Body.String(), "%s in %s", name, wrapper)
				assert.Equal(t, 200, ask(t, outer, "GET /dir/").Code, "%s in %s", name, wrapper)
			}
		}
	}
}

// {name...} hands on as much of a path as a namespace.
func TestNoPathLeadsRoundAGuardOfAPattern(t *testing.T) {
	for name, h := range pathReaders(t) {
		for _, prefix := range []string{"", "/files", "/{site}"} {
			files := http.StripPrefix(strings.ReplaceAll(prefix, "{site}", "files"), h)
			mux := tigertonic.NewTrieServeMux()
			mux.Handle("GET", prefix+"/{path...}", tigertonic.Cached(files, tigertonic.CacheOptions{}))
			mux.Handle("GET", prefix+"/admin/{path...}", tigertonic.HTTPBasicAuth(map[string]string{"u": "p"}, "", files))
			if prefix != "" {
				prefix = "/files"
			}
			for _, path := range otherReadings {
				for _, method := range []string{"GET", "HEAD", "OPTIONS", "POST"} {
					w := ask(t, mux, method+" "+prefix+path)
					assert.Equal(t, 404, w.Code, "%s %s of %s", method, prefix+path, name)
					assert.Empty(t, w.Header().Values("Allow"))
				}
			}
			assert.Equal(t, 401, ask(t, mux, "GET "+prefix+"/admin/secret").Code)
			assert.Equal(t, "the file open", ask(t, mux, "GET "+prefix+"/open").Body.String(), name)
			assert.Equal(t, 405, ask(t, mux, "POST "+prefix+"/open").Code)
		}
	}
}

// What is refused by the more specific isn't handed to the less specific, which
// needn't be guarded.
func TestRefusedPathsAreNotHandedOn(t *testing.T) {
	all := tigertonic.HandlerFunc(sayPath)
	mux := tigertonic.NewTrieServeMux()
	mux.HandleNamespace("", all)
	mux.HandleNamespace("/a", http.HandlerFunc(sayPath))
	mux.Handle("GET", "/b/{x...}", http.HandlerFunc(sayPath))
	mux.Handle("PUT", "/b/{x...}", all)
	mux.Handle("GET", "/{y}/{x...}", all)
	for _, path := range []string{"/a/x%2Fy", "/a//x", "/b/x%2Fy", "/b//x", "/b//"} {
		assert.Equal(t, 404, ask(t, mux, "GET "+path).Code, path)
		assert.Equal(t, 404, ask(t, mux, "HEAD "+path).Code, path)
	}
	assert.Equal(t, 200, ask(t, mux, "PUT /b/x%2Fy").Code, "another method has a handler that may have it")
	assert.Equal(t, "GET, HEAD, OPTIONS, PUT", ask(t, mux, "OPTIONS /b/x").Header().Get("Allow"))
	assert.Equal(t, "GET, HEAD, OPTIONS, PUT", ask(t, mux, "OPTIONS /b/x%2Fy").Header().Get("Allow"), "the GET is that of /{y}/{x...}")
}

func TestPreflightsOfRefusedPathsAreNotFound(t *testing.T) {
	cors := tigertonic.NewCORSBuilder().AddAllowedOrigins("https://ours.example")
	mux := tigertonic.NewTrieServeMux()
	mux.Handle("GET", "/f/{path...}", cors.Build(http.FileServer(siteFiles(t))))
	mux.HandleNamespace("/n", cors.Build(http.FileServer(siteFiles(t))))
	for path, want := range map[string]int{"/f/a": 200, "/f/a%2Fb": 404, "/n/a%2Fb": 404} {
		w := serve(t, mux, "OPTIONS", path, "", "Origin", "https://ours.example", "Access-Control-Request-Method", "GET")
		assert.Equal(t, want, w.Code, path)
		assert.Equal(t, want == 200, w.Header().Get("Access-Control-Allow-Methods") != "", path)
	}
}

func TestWhoReadsThePathAsTheMuxGetsAny(t *testing.T) {
	inner := newMux("GET /{x}", "GET /{x}/{y}", "GET /r/{x...}")
	inner.Handle("GET", "/p/{x...}", tigertonic.HandlerFunc(sayMatch))
	inner.Handle("GET", "/t/{x...}", tigertonic.UnsafePaths(http.HandlerFunc(sayMatch)))
	for name, h := range map[string]http.Handler{
		"a mux":               inner,
		"a wrapped mux":       tigertonic.Cached(tigertonic.HTTPBasicAuth(map[string]string{"u": "p"}, "", inner), tigertonic.CacheOptions{}),
		"a mux of a host":     tigertonic.HostServeMux{"example.com": inner},
		"a mux in a wrapper":  passing{inner},
		"a mux that is asked": tigertonic.UnsafePaths(foreignly(inner)),
	} {
		mux := tigertonic.NewTrieServeMux()
		mux.HandleNamespace("/n", h)
		for path, want := range map[string]string{
			"/n/a%2Fb":        `GET /n/{x} x="a/b"`,
			"/n/a%5Cb/%00":    `GET /n/{x}/{y} x="a\\b" y="\x00"`,
			"/n/r//a%2Fb//":   `GET /n/r/{x...} x="/a/b//"`,
			"/n/p//a%2Fb//":   "GET /n/p/{x...}",
			"/n/t/a%2F..;/b/": `GET /n/t/{x...} x="a/..;/b/"`,
		} {
			r := requestFor(t, "GET "+path)
			r.SetBasicAuth("u", "p")
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			assert.Contains(t, w.Body.String(), want, "%s: %s", name, path)
		}
	}
}

func TestUnsafePathsAreHandedOn(t *testing.T) {
	for name, wrap := range map[string]func(http.Handler) http.Handler{
		"itself": tigertonic.UnsafePaths,
		"in wrappers": func(h http.Handler) http.Handler {
			return tigertonic.Cached(tigertonic.UnsafePaths(h), tigertonic.CacheOptions{})
		},
		"round more": func(h http.Handler) http.Handler {
			return tigertonic.UnsafePaths(tigertonic.Cached(h, tigertonic.CacheOptions{}))
		},
		"round hosts": func(h http.Handler) http.Handler {
			return tigertonic.UnsafePaths(tigertonic.HostServeMux{"example.com": h})
		},
		"for a host": func(h http.Handler) http.Handler {
			return tigertonic.HostServeMux{"example.com": tigertonic.UnsafePaths(h)}
		},
	} {
		mux := tigertonic.NewTrieServeMux()
		mux.HandleNamespace("/n", wrap(http.HandlerFunc(sayPath)))
		for _, path := range []string{"//", "/a%2Fb", "//a", "/a//", `/a\b`, "/%00", "/..;/a"} {
			u, err := url.ParseRequestURI(path)
			require.NoError(t, err)
			r := requestFor(t, "GET /n"+path)
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			assert.Equal(t, fmt.Sprintf("%q %q", u.Path, u.EscapedPath()), w.Body.String(), name)
			assert.Equal(t, "/n"+path, r.RequestURI)
		}
		assert.Equal(t, 404, ask(t, mux, "GET /n/a/../b").Code, "dot segments match nothing all the same")
	}
}

func TestFileServersRootHasItsSlash(t *testing.T) {
	files := http.FileServer(siteFiles(t))
	for name, h := range map[string]http.Handler{
		"itself":    files,
		"wrapped":   tigertonic.Cached(tigertonic.HTTPBasicAuth(map[string]string{"u": "p"}, "", files), tigertonic.CacheOptions{}),
		"in a host": tigertonic.HostServeMux{"example.com": files},
		"of an FS":  tigertonic.Cached(http.FileServerFS(os.DirFS(t.TempDir())), tigertonic.CacheOptions{}),
	} {
		mux, outer := tigertonic.NewTrieServeMux(), tigertonic.NewTrieServeMux()
		for _, namespace := range []string{"/files", "/a:b/", "/{x}/files"} {
			mux.HandleNamespace(namespace, h)
		}
		outer.HandleNamespace("/1.0", mux)
		for path, want := range map[string]string{
			"/files":             "/files/",
			"/files?a=b&c":       "/files/?a=b&c",
			"/%66iles":           "/%66iles/",
			"/a:b":               "/a:b/",
			"/x/files":           "/x/files/",
			"//evil.test%2Fx":    "",
			"/evil%2Ftest/files": "/evil%2Ftest/files/",
		} {
			for _, prefix := range []string{"", "/1.0"} {
				w := ask(t, outer, "GET /1.0"+path)
				if prefix == "" {
					w = ask(t, mux, "GET "+path)
				}
				if want == "" {
					assert.Equal(t, 404, w.Code, path)
					continue
				}
				assert.Equal(t, 301, w.Code, "%s: %s", name, path)
				base, err := url.Parse("http://example.com" + prefix + path)
				require.NoError(t, err)
				location, err := base.Parse(w.Header().Get("Location"))
				require.NoError(t, err)
				assert.Equal(t, "http://example.com"+prefix+want, location.String(), "%s: %s", name, path)
			}
		}
		if name == "itself" {
			assert.Contains(t, ask(t, mux, "GET /files/").Body.String(), `href="open"`)
		}
	}
	mux := tigertonic.NewTrieServeMux()
	mux.HandleNamespace("/others", http.HandlerFunc(sayPath))
	assert.Equal(t, `"/" "/"`, ask(t, mux, "GET /others").Body.String(), "others are given / as they were")
}
